"""``mien datasets``: the data sets mien reads, and whether a copy of one is whole."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mien.apps.cli import console
from mien.errors import ConfigError

if TYPE_CHECKING:
    from mien.data.catalog import DatasetRow
    from mien.data.manifest import Manifest


def datasets(
    name: Annotated[str, typer.Argument(help="Data set to describe or check, or a mix such as fer2013+rafdb.", show_default=False)] = "",
    data: Annotated[Path | None, typer.Option("--data", help="Folder of the data set to check.", show_default=False)] = None,
    json: console.Json = False,
) -> None:
    """List the data sets that mien reads, or describe one with its layouts and rights.

    With --data too, every picture is read and counted, or everything that is wrong is told.
    """
    if data is None:
        if name:
            _describe(name, json)
        else:
            _list(json)
        return
    if not name:
        raise ConfigError("--data: name the data set that is there, one of those that `mien datasets` lists.")
    from mien.data.catalog import load_dataset

    manifest = load_dataset(name, data)
    with console.progress(f"Reading {len(manifest):,} pictures"):
        sha256 = manifest.sha256  # reads every picture
    if json:
        console.print_json(_facts(manifest) | {"sha256": sha256})
    else:
        print_counts(manifest)


def _list(json: bool) -> None:
    from mien.data.catalog import DATASETS

    if json:
        console.print_json({"datasets": [_row_facts(row) for row in DATASETS.values()]})
        return
    rows = [
        [row.name, len(row.labels) or "any", ", ".join(row.splits), "yes" if row.has_subjects else "no", row.license]
        for row in DATASETS.values()
    ]
    console.print_table(["data set", "labels", "splits", "subjects", "rights"], rows)


def _describe(name: str, json: bool) -> None:
    from mien.data.catalog import DATASETS
    from mien.errors import UnknownNameError

    if name not in DATASETS:
        raise UnknownNameError("Data set", name, DATASETS, "mien datasets")
    facts = _row_facts(DATASETS[name])
    if json:
        console.print_json(facts)
        return
    del facts["num_labels"], facts["name"]
    facts["labels"] = facts["labels"] or ["those in your files"]
    facts["subjects"] = "yes" if facts["subjects"] else "no"
    console.print_table(["data set", name], [[key, ", ".join(value) if isinstance(value, list) else value] for key, value in facts.items()])


def _row_facts(row: "DatasetRow") -> dict[str, Any]:
    return {
        "name": row.name,
        "labels": list(row.labels),
        "num_labels": len(row.labels),
        "splits": list(row.splits),
        "crops": row.crops,
        "subjects": row.has_subjects,
        "layouts": row.layouts,
        "license": row.license,
        "paper": row.paper,
    }


def print_counts(manifest: "Manifest") -> None:
    """Print samples per split and label, for a person."""
    counts = manifest.counts()
    rows = [[split, *table.values(), sum(table.values())] for split, table in counts.items()]
    console.print_table([manifest.dataset, *manifest.labels, "all"], rows)


def _facts(manifest: "Manifest") -> dict[str, Any]:
    return {
        "dataset": manifest.dataset,
        "num_samples": len(manifest),
        "labels": list(manifest.labels),
        "label_source": manifest.label_source,
        "crops": manifest.crops,
        "num_subjects": len({(sample.source, sample.subject) for sample in manifest.samples if sample.subject}),
        "counts": manifest.counts(),
    }
