"""``mien split``: who trains, who chooses and who tests, written to a file."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from mien.apps.cli import console
from mien.errors import ConfigError


def split(
    dataset: Annotated[str, typer.Argument(help="Data set; `mien datasets` lists them.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.csv", help="File to write.")],
    data: console.Data = Path("data"),
    preset: Annotated[str, typer.Option(help="A paper's split: official, 75/25, 80/20-validation, 80/20-random or 80/10/10.")] = "",
    pool: Annotated[
        str, typer.Option(help="official: deal training data, keep the tests; development: PublicTest, too; all: deal everything anew.")
    ] = "official",
    validation: Annotated[float, typer.Option(min=0, max=1, help="Share of the pool for validation.")] = 0.0,
    test: Annotated[float, typer.Option(min=0, max=1, help="Share of the pool for test.")] = 0.0,
    max_samples: Annotated[int, typer.Option(min=0, help="Deal a random part of this size; 0 takes all.")] = 0,
    by_subject: Annotated[bool, typer.Option("--by-subject", help="Deal people, not pictures.")] = False,
    folds: Annotated[int, typer.Option(min=0, help="Deal so many equal parts instead; one is for validation.")] = 0,
    fold: Annotated[int, typer.Option(min=0, help="Which of them, from 0.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Another seed deals other splits.")] = 0,
    labels: Annotated[str, typer.Option(help="FER5, FER7, FER8 or names with commas between; empty keeps all.")] = "",
    json: console.Json = False,
) -> None:
    """Deal a data set into training, validation and test, stratified by label, and write who stands where."""
    from mien.apps.cli.datasets import print_counts
    from mien.data.catalog import load_dataset
    from mien.data.select import LabelSpec, select_labels
    from mien.data.splits import SPLITS, SplitSpec, apply_split, save_split
    from mien.errors import UnknownNameError

    if out.suffix.lower() != ".csv":
        raise ConfigError(f"{out}: a split is written as CSV. Choose a name that ends in .csv.")
    try:
        own = SplitSpec(pool, validation, test, max_samples, by_subject, seed, folds=folds, fold=fold)
        label_spec = LabelSpec(labels)
    except ValueError as error:
        raise ConfigError(f"mien split: {error}.") from error
    if preset and preset not in SPLITS:
        raise UnknownNameError("Split", preset, SPLITS)
    if preset and own != SplitSpec(max_samples=max_samples, seed=seed):
        raise ConfigError("--preset says what is dealt; leave --pool, --validation, --test, --folds and --by-subject away.")
    spec = replace(SPLITS[preset], max_samples=max_samples, seed=seed) if preset else own
    manifest, selection = select_labels(load_dataset(dataset, data), label_spec)
    dealt = apply_split(manifest, spec)
    save_split(dealt, out)
    if json:
        console.print_json({"file": str(out), "counts": dealt.counts(), "selection": selection})
        return
    if selection:
        console.say(f"{dataset}: {selection}")
    print_counts(dealt)
