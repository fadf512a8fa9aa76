"""``mien matrix``: every model on every data set."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mien.apps.cli import console
from mien.errors import ConfigError, MienError

if TYPE_CHECKING:
    from mien.evaluation.cross import Cell, EvaluationSet, Row
    from mien.evaluation.open import OpenClassifier


def matrix(
    models: Annotated[
        list[str],
        typer.Argument(metavar="MODEL...", help="Shipped bundles, bundle folders, run folders, combined models.", show_default=False),
    ],
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            "--dataset", metavar="NAME=ROOT[:SPLIT]", help="One data set and its folder; SPLIT may be all. Give it several times."
        ),
    ] = None,
    file: console.File = "float32",
    crops: console.Crops = "auto",
    detector: console.EvaluationDetector = "yunet",
    markdown: Annotated[Path | None, typer.Option(metavar="FILE.md", help="Write the tables as Markdown.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Write one row per model and data set.")] = None,
    record: console.Record = None,
    threads: console.Threads = 1,
    json: console.Json = False,
) -> None:
    """Measure every model on every data set, over the labels that both know.

    What cannot be measured is left empty, the others are still done, and the exit status is then 2.
    """
    from mien.atomic import write_text
    from mien.evaluation import cross
    from mien.evaluation.open import open_several
    from mien.records import append_record

    if not dataset:
        raise ConfigError("Name at least one data set: --dataset NAME=ROOT[:SPLIT], for instance fer2013=data/fer2013:publictest.")
    columns = [cross.load_column(cross.parse_column(text), crops, detector, threads) for text in dataset]
    opened = open_several(models, file, threads)  # what is misspelt is told before anything is measured
    titles, errors, rows = [column.title for column in columns], list[str](), list[cross.Row]()
    for model in opened:
        rows.append(_measure(model, columns, errors))
        if record:  # at once: a long matrix that is interrupted keeps what was measured
            append_record(record, "matrix", _values(rows[-1:], titles))
    if markdown:
        write_text(markdown, cross.markdown(rows, titles))
    if csv:
        cross.write_csv(rows, csv)
    if json:
        console.print_json(_values(rows, titles) | {"errors": errors})
    else:
        _print(rows, titles)
    for error in errors:
        console.say(f"mien: {error}")
    if errors:
        raise typer.Exit(2)


def _values(rows: "list[Row]", titles: list[str]) -> dict[str, Any]:
    from dataclasses import asdict

    return {"columns": titles, "cells": [asdict(cell) for row in rows for cell in row.cells if cell]}


def _measure(model: "OpenClassifier", columns: "list[EvaluationSet]", errors: list[str]) -> "Row":
    """Return a model's row; what cannot be measured is left empty, and told in ``errors``."""
    from mien.evaluation.cross import Row, evaluate_cell

    cells = list["Cell | None"]()
    for column in columns:
        try:
            with console.progress(f"{model.name} on {column.title}") as show:
                cells.append(evaluate_cell(model, column, show))
        except MienError as error:
            cells.append(None)
            errors.append(f"{model.name} on {column.title}: {error}")
    return Row(model.name, model.file, model.views, tuple(cells))


def _print(rows: "list[Row]", titles: list[str]) -> None:
    from mien.evaluation.cross import QUANTITIES, notes, table_rows

    for quantity, title in QUANTITIES.items():
        console.out.print(title)
        console.print_table(["model", *titles], table_rows(rows, quantity))
    for note in notes(rows):
        console.out.print(note, soft_wrap=True)
