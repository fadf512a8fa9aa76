"""``mien report``: one page about a run."""

from pathlib import Path
from typing import Annotated

import typer

from mien.apps.cli import console
from mien.apps.cli.evaluate import require_matplotlib


def report(
    model: Annotated[str, typer.Argument(metavar="RUN", help="Run folder, bundle or combined model (.toml).", show_default=False)],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for report.html, report.md and its pictures.")] = Path("report"),
    data: Annotated[Path | None, typer.Option("--data", help="Folder of the data set; without it, training alone is reported.")] = None,
    dataset: Annotated[str, typer.Option(help="Data set; by default a run's own, else fer2013.")] = "",
    split: Annotated[str, typer.Option(help="Split to measure on; by default the one a run chose on, else publictest.")] = "",
    file: console.File = "float32",
    crops: console.Crops = "auto",
    detector: console.EvaluationDetector = "yunet",
    threads: console.Threads = 1,
    json: console.Json = False,
) -> None:
    """Write a page about a run, as HTML and as Markdown: curves, confusion, classes, calibration, worst mistakes."""
    from mien.evaluation.measure import measure, own_data
    from mien.evaluation.open import open_classifier
    from mien.evaluation.report import write_report

    require_matplotlib("Drawing the report")
    measurement = None
    if data is not None:
        opened = open_classifier(model, file, threads)
        own_dataset, own_split = own_data(opened)
        dataset, split = dataset or own_dataset, split or own_split
        with console.progress(f"{opened.name} on {dataset}/{split}") as show:
            measurement = measure(opened, dataset, data, split, show, crops, detector, threads)
    pages = write_report(model, measurement, out)
    if json:
        console.print_json({"model": model, "pages": [str(path) for path in pages], "result": measurement.result if measurement else None})
    else:
        for path in pages:
            console.out.print(str(path), soft_wrap=True)
