"""What the commands share: where lines go, how tables look, and the options that many of them take."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

out = Console(highlight=False, markup=False, emoji=False)
"""Results, for people."""
err = Console(stderr=True, highlight=False, markup=False, emoji=False)
"""Progress, notes and errors."""

PIPED_WIDTH = 1000
"""Letters of a table's line where no terminal folds it: programs and files take whole words."""

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output and nothing else.")]
Model = Annotated[str, typer.Option("--model", "-m", help="Shipped bundle, or the folder of one.")]
File = Annotated[
    str,
    typer.Option(
        "--file", help="Which file of the bundle runs: float32, int8, or another that its card names; quick is int8 where there is one."
    ),
]
DetectorName = Annotated[str, typer.Option("--detector", "-d", help="auto, yunet, blazeface, blazeface_full or haar.")]
DetectorModel = Annotated[Path | None, typer.Option("--detector-model", help="Model file of the detector, instead of the fetched one.")]
Threads = Annotated[int, typer.Option(min=1, max=256, help="CPU threads of each network.")]
Csv = Annotated[Path | None, typer.Option(help="Write one row per face; without faces, one whose face is -1.")]
JsonLines = Annotated[Path | None, typer.Option(help="Write one JSON object per picture or frame and line.")]
Parquet = Annotated[Path | None, typer.Option(help="Write the rows of the CSV, typed (extra: report).")]
Data = Annotated[Path, typer.Option("--data", help="Folder of the data set.")]
Split = Annotated[str, typer.Option(help="training, publictest, privatetest or test (both merged).")]
Crops = Annotated[
    str,
    typer.Option(
        help="direct: the data set's pictures; detect: find and cut faces; auto: detect for data sets known to show more than the face. "
        "Anybody's own pictures (folder, csv) are taken as faces that are cut out."
    ),
]
EvaluationDetector = Annotated[str, typer.Option("--detector", "-d", help="Detector that finds the faces; `mien detectors` lists them.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one value of the recipe, such as optimizer.epochs=3.")
]


def _check_record(path: Path | None) -> Path | None:
    """Fail before the work, not after it, where records cannot be written."""
    from mien.records import check_place

    if path is not None:
        check_place(path)
    return path


Record = Annotated[
    Path | None,
    typer.Option(metavar="FILE.jsonl", help="Append the result with commit and environment.", callback=_check_record),
]
Classifier = Annotated[
    str,
    typer.Argument(
        metavar="[BUNDLE_OR_RUN]", help="Shipped bundle, bundle folder, run folder, combined model (.toml) or a peer's .onnx file."
    ),
]


def listed(text: str) -> list[str]:
    """Return the names of a comma-separated list, each once."""
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def print_json(values: object) -> None:
    """Print one JSON object on standard output."""
    typer.echo(json.dumps(values))


def say(line: str) -> None:
    """Print one line for a person on standard error."""
    err.print(line, soft_wrap=True)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table for a person on standard output; the first column is never cut."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, no_wrap=index == 0, overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))  # names are no markup
    place = out if out.is_terminal else Console(file=out.file, width=PIPED_WIDTH, highlight=False, markup=False, emoji=False)
    place.print(table)


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on standard error; the yielded function takes (done, total)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bars:
        task = bars.add_task(label, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)
