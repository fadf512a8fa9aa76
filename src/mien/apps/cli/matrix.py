"""``mien matrix``: every model on every data set."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.apps.cli import console
from mien.errors import ConfigError

if TYPE_CHECKING:
    from mien.evaluation.cross import Cell, EvaluationSet
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
    """Measure every model on every data set, over the labels that both know."""
    from dataclasses import asdict

    from mien.atomic import write_text
    from mien.evaluation import cross
    from mien.evaluation.open import open_classifier
    from mien.records import append_record

    if not dataset:
        raise ConfigError("Name at least one data set: --dataset NAME=ROOT[:SPLIT], for instance fer2013=data/fer2013:publictest.")
    columns = [cross.load_column(cross.parse_column(text), crops, detector, threads) for text in dataset]
    cells = [_measure(open_classifier(name, file, threads), columns) for name in models]
    titles = [column.title for column in columns]
    values = {"columns": titles, "cells": [asdict(cell) for line in cells for cell in line]}
    if markdown:
        write_text(markdown, cross.markdown(cells, titles))
    if csv:
        cross.write_csv(cells, csv)
    if record:
        append_record(record, "matrix", values)
    if json:
        console.print_json(values)
        return
    _print(cells, titles)


def _measure(model: "OpenClassifier", columns: "list[EvaluationSet]") -> "list[Cell]":
    from mien.evaluation.cross import evaluate_cell

    cells = []
    for column in columns:
        with console.progress(f"{model.name} on {column.title}") as show:
            cells.append(evaluate_cell(model, column, show))
    return cells


def _print(cells: "list[list[Cell]]", titles: list[str]) -> None:
    from mien.evaluation.cross import QUANTITIES, STAR_NOTE, table_rows

    for quantity, title in QUANTITIES.items():
        console.out.print(title)
        console.print_table(["model", *titles], table_rows(cells, quantity))
    if any(cell.left_out for line in cells for cell in line):
        console.out.print(STAR_NOTE, soft_wrap=True)
