"""``mien combine``: several models as one."""

from pathlib import Path
from typing import Annotated

import typer

from mien.apps.cli import console
from mien.errors import ConfigError

app = typer.Typer(help="Join several models to one: ensembles, folds, and groups of confusable labels.")


@app.command()
def mean(
    members: Annotated[list[str], typer.Argument(metavar="MEMBER...", help="Bundles, run folders, combined models.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.toml", help="Description of the ensemble to write.")],
    weights: Annotated[str, typer.Option(help="One number per member, separated by commas; by default all count alike.")] = "",
    views: Annotated[
        str,
        typer.Option(
            help="What each reads of a face: one crop; that and its mirrored image; ten smaller crops. One member is enough then."
        ),
    ] = "one",
) -> None:
    """Describe an ensemble that averages its members' scores; `mien evaluate FILE.toml` then measures it."""
    from mien.atomic import write_text
    from mien.config import from_mapping
    from mien.evaluation.combine import MEAN, Combined, write_mean
    from mien.evaluation.open import open_classifier, reference_from

    if out.suffix != ".toml":
        raise ConfigError(f"{out}: expected a name that ends in .toml.")
    if any(Path(member).resolve() == out.resolve() for member in members):
        raise ConfigError(f"{out}: is one of the members. Choose another name with --out.")
    names = [reference_from(member, out.parent) for member in members]
    try:
        numbers = [float(number) for number in weights.split(",") if number.strip()]
    except ValueError:
        raise ConfigError(f"--weights {weights!r}: expected numbers separated by commas, such as 1,0.5.") from None
    spec = from_mapping(Combined, {"kind": MEAN, "members": names, "weights": numbers, "views": views}, "mien combine mean")
    for member in members:
        open_classifier(member)
    write_text(out, write_mean(spec))
    console.out.print(f"{out}", soft_wrap=True)


@app.command()
def folds(
    members: Annotated[
        list[str],
        typer.Argument(
            metavar="MEMBER...", help="One run for each fold (split.folds), or a combined model of such runs.", show_default=False
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Write scores.csv, evaluation.json and confusion.png.")],
    data: console.Data = Path("data"),
    record: console.Record = None,
    threads: console.Threads = 1,
    json: console.Json = False,
) -> None:
    """Score every training picture by the model that left it out: cross-validation, and a teacher's scores (`distill.scores=DIR`)."""
    from mien.apps.cli.evaluate import print_result, require_matplotlib, write_evaluation
    from mien.evaluation.folds import join_folds
    from mien.evaluation.open import open_classifier
    from mien.records import append_record

    require_matplotlib("Drawing (--out)")
    opened = [open_classifier(member, threads=threads) for member in members]
    with console.progress(f"{len(opened)} folds") as show:
        joined = join_folds(opened, data, show)
    write_evaluation(out, joined.evaluation, joined.result)
    if record:
        append_record(record, "folds", joined.result | {"data_sha256": joined.evaluation.manifest.sha256})
    if json:
        console.print_json(joined.result)
    else:
        print_result(joined.result)


@app.command()
def groups(
    scores: Annotated[
        Path, typer.Argument(metavar="SCORES.csv", help="Scores on a validation split, or the folder they stand in.", show_default=False)
    ],
    min_confusion: Annotated[float, typer.Option(min=0.0, max=1.0, help="Join groups that are confused more often than this share.")] = 0.1,
    num_groups: Annotated[int, typer.Option("--groups", min=0, help="Join until so many groups are left instead; 0 goes by share.")] = 0,
    json: console.Json = False,
) -> None:
    """Propose groups of labels that a model confuses, as `groups` of a regrouped model; to be read on a validation split."""
    from mien.data.scores import read_scores
    from mien.evaluation.combine import groups_toml, propose_groups
    from mien.evaluation.metrics import confusion_counts

    table = read_scores(scores)
    confusion = confusion_counts(table.labels, table.predicted, len(table.names))
    found = propose_groups(confusion, table.names, min_confusion, num_groups)
    if json:
        console.print_json({"scores": str(scores), "groups": [list(group) for group in found]})
    else:
        console.out.print(groups_toml(found), soft_wrap=True, end="")
