"""One row of a paper's table: train its recipe, measure it where the paper did, and put both figures side by side."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mien.data.catalog import DATASETS, load_dataset
from mien.data.manifest import Manifest
from mien.errors import ConfigError, UnknownNameError
from mien.evaluation.measure import measure_manifest
from mien.evaluation.open import open_classifier
from mien.reproduce.multistage import compare_stages, forget_networks
from mien.reproduce.papers import BUDGETS, PAPERS, Paper
from mien.reproduce.rows import Row
from mien.training.fit import Watch
from mien.training.folder import read_facts, read_history, read_seconds
from mien.training.recipe import Recipe, load_recipe
from mien.training.run import RunData, Say, read_run_data, train
from mien.types import OnProgress

_RELEASES = {"affectnet7": "affectnet", "affectnet8": "affectnet", "ckplus8": "ckplus"}


def find_paper(name: str) -> Paper:
    """Return a paper by its key (``000``) or its system's name (``mobile23``).

    Raises:
        UnknownNameError: there is none.
    """
    for paper in PAPERS.values():
        if name in (paper.key, paper.name):
            return paper
    raise UnknownNameError("System", name, [*PAPERS, *(paper.name for paper in PAPERS.values())])


def choose_rows(paper: Paper, table: str = "", words: Sequence[str] = ()) -> list[Row]:
    """Return the rows of one table, or all, whose labels are, or else hold, any of the words.

    Raises:
        UnknownNameError: the paper has no such table here.
        ConfigError: no row is left.
    """
    tables = dict.fromkeys(row.table for row in paper.rows)
    if table and table not in tables:
        raise UnknownNameError(f"{paper.key}: table", table, tables)
    rows = [row for row in paper.rows if row.table == (table or row.table)]
    wanted = [word.lower() for word in words]
    if exact := [row for row in rows if row.label.lower() in wanted]:
        rows = exact
    elif wanted:
        rows = [row for row in rows if any(word in row.label.lower() for word in wanted)]
    if not rows:
        raise ConfigError(f"{paper.key}: no row holds {' or '.join(words)}. Leave --row away to see all.")
    return rows


def row_recipe(paper: Paper, row: Row, budget: str, changes: Sequence[str] = ()) -> Recipe:
    """Return the recipe of a row within a budget.

    Raises:
        ConfigError: no such budget, or a change does not fit.
    """
    if budget not in BUDGETS:
        raise UnknownNameError("Budget", budget, BUDGETS)
    return load_recipe(row.recipe, _changes(paper, row, budget, changes))


def _changes(paper: Paper, row: Row, budget: str, changes: Sequence[str]) -> tuple[str, ...]:
    """Return all changes of a row's recipe, the last winning."""
    return (*row.overrides, *(row.budgets or paper.budgets).get(budget, ()), *changes)


def run_name(row: Row, budget: str, changes: Sequence[str] = ()) -> str:
    """Return the run folder's name; rows that differ in their test alone share a run."""
    digest = [hashlib.sha256("\n".join(changes).encode()).hexdigest()[:6]] if changes else []
    kind = ["straight"] if row.stages else []  # it has budgets of its own, and a second folder beside it
    described = "-".join((row.recipe, *(override.partition("=")[2] for override in row.overrides), *kind, budget, *digest))
    return re.sub(r"[^A-Za-z0-9_.]+", "-", described).strip("-")


def data_root(data: Path, dataset: str) -> Path:
    """Return where a data set is: ``data``/NAME, or ``data`` itself for FER2013.

    AffectNet and CK+ with other labels may stand under the name of their release: ``data``/affectnet, ``data``/ckplus.

    Raises:
        ConfigError: it is nowhere.
    """
    for name in (dataset, _RELEASES.get(dataset, dataset)):
        if (data / name).exists():
            return data / name
    if dataset == "fer2013" and ((data / "fer2013.csv").exists() or (data / "train").is_dir()):
        return data
    raise ConfigError(f"{data / dataset}: no such folder. Put your copy of {dataset} there ({DATASETS[dataset].layouts}).")


def reproduce_row(
    paper: Paper, row: Row, data: Path, runs_dir: Path, budget: str, changes: Sequence[str], say: Say, watch: Watch
) -> dict[str, Any]:
    """Train a row's network, unless its run is finished, measure it, and return paper's and our figure.

    Raises:
        ConfigError: data are missing, or the run folder holds another run.
        DataError: data are not as their format says.
    """
    root = data_root(data, row.dataset)
    test_dataset, _, split = row.test.partition(":")
    test_root = data_root(data, test_dataset)
    recipe, run_dir, data_of_run = _train_row(paper, row, root, runs_dir, budget, changes, say, watch)
    own = test_dataset == row.dataset
    # A network that dealt the data anew is measured on its own test part.
    manifest = data_of_run.manifest if own else load_dataset(test_dataset, test_root)
    measured = _measure(run_dir, manifest, split, watch.on_step)
    return {
        "system": paper.key,
        "table": row.table,
        "row": row.label,
        "budget": budget,
        "recipe": recipe.name,
        "changes": list(_changes(paper, row, budget, changes)),
        "paper": row.paper,
        "paper_recall": dict(row.recalls),
        "paper_precision": dict(row.precisions),
        "seed": recipe.seed,
        "epochs": len(read_history(run_dir)),
        "num_training": read_facts(run_dir)["num_training"],
        "left_out_duplicates": read_facts(run_dir).get("cleaning", {}).get("cross_split_duplicates", 0),
        "minutes": read_seconds(run_dir) / 60,
        "notes": list(row.notes),
        **measured,
        **({"multistage": compare_stages(recipe, row.stages, root, run_dir, say, watch)} if row.stages else {}),
    }


def summarize_repeats(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return ``seeds``, ``accuracies``, their ``mean`` and ``sd`` (n - 1) of every row, from its results with several seeds."""
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for result in results:
        rows.setdefault(result["row"], []).append(result)
    summary = []
    for label, of_row in rows.items():
        accuracies = [result["accuracy"] for result in of_row]
        sd = float(np.std(accuracies, ddof=1)) if len(accuracies) > 1 else 0.0
        seeds = [result["seed"] for result in of_row]
        summary.append({"row": label, "seeds": seeds, "accuracies": accuracies, "mean": float(np.mean(accuracies)), "sd": sd})
    return summary


def _train_row(
    paper: Paper, row: Row, root: Path, runs_dir: Path, budget: str, changes: Sequence[str], say: Say, watch: Watch
) -> tuple[Recipe, Path, RunData]:
    """Train a row's network, and before it the one that it starts from; return its recipe, run folder and data."""
    recipe = row_recipe(paper, row, budget, changes)
    if row.starts_from:
        first = next(one for one in paper.rows if one.label == row.starts_from)
        _, first_dir, _ = _train_row(paper, first, root, runs_dir, budget, changes, say, watch)
        recipe = replace(recipe, init=str(first_dir))
    run_dir = runs_dir / run_name(row, budget, changes)
    forget_networks()
    read = read_run_data(recipe, root, say)
    train(recipe, root, run_dir, say, watch, data=read)
    return recipe, run_dir, read


def _measure(run_dir: Path, manifest: Manifest, split: str, on_step: OnProgress) -> dict[str, Any]:
    """Return the metrics of a finished run on one split, with what must stand beside them."""
    opened = open_classifier(run_dir)
    result = measure_manifest(opened, manifest, split, on_step).result
    return result | {"data_sha256": manifest.split(split).sha256}
