"""Every model on every data set: what a network is worth on faces of another origin than its training's."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mien.atomic import atomic_path
from mien.data.catalog import load_dataset
from mien.data.manifest import Manifest
from mien.errors import ConfigError
from mien.evaluation.crops import Crops, choose_crops
from mien.evaluation.evaluate import common_part, evaluate
from mien.evaluation.measure import as_trained, provenance
from mien.evaluation.open import OpenClassifier
from mien.types import OnProgress

STAR_NOTE = "* Over the labels that model and data set share: samples of others are left out, and the model answers among these alone."
DAGGER_NOTE = "† Learned from or chose on pictures of test splits: on those its figures are worth nothing."
PART_NOTE = (
    "‡ On fewer samples than others in its column: the run dealt the data, and is measured on what it did not learn. "
    "`mien evaluate --split-of RUN` measures others on the same."
)
QUANTITIES = {"accuracy": "Accuracy %", "macro_f1": "Macro F1 %", "mean_recall": "Mean recall %"}


@dataclass(frozen=True)
class Column:
    """A data set, where it lies, and which part of it is read."""

    dataset: str
    root: Path
    split: str
    """``all`` for every sample; empty for the part that choices are made on."""


@dataclass(frozen=True, eq=False)
class EvaluationSet:
    """A column's data, and how their faces are cut."""

    dataset: str
    data: Manifest
    """All splits."""
    split: str
    """``all`` for every sample."""
    crops: Crops

    @property
    def title(self) -> str:
        """Heading of the column, such as ``fer2013/publictest``."""
        return f"{self.dataset}/{self.split}"

    @cached_property
    def part(self) -> Manifest:
        """The samples of the split."""
        return self.part_of(self.data)

    def part_of(self, data: Manifest) -> Manifest:
        """Return the samples of the split of other data.

        Raises:
            ConfigError: they have no such split.
        """
        return data if self.split == "all" else data.split(self.split)


@dataclass(frozen=True)
class Cell:
    """A model on a data set."""

    model: str
    file: str
    dataset: str
    split: str
    n: int
    left_out: int
    """Samples whose label the model does not know."""
    no_face: int
    labels: tuple[str, ...]
    crops: str
    views: str
    """What is averaged where one pass does not do, as ``mirrored``."""
    label_source: str
    accuracy: float
    accuracy_interval: dict[str, Any]
    macro_f1: float
    mean_recall: float
    data_sha256: str
    barred_labels: list[str]
    """Labels that the model knows and the data set lacks: it answers among the rest."""
    leaks: bool
    """Whether the model learned from or chose on pictures of test splits."""
    files_sha256: dict[str, str]


@dataclass(frozen=True)
class Row:
    """A model on every data set."""

    model: str
    file: str
    views: str
    cells: tuple[Cell | None, ...]
    """None where it could not be measured."""

    @property
    def title(self) -> str:
        """Heading of the row."""
        return f"{self.model} ({', '.join(filter(None, (self.file, self.views)))})"


def parse_column(text: str) -> Column:
    """Read ``NAME=ROOT`` or ``NAME=ROOT:SPLIT``.

    A colon that is part of an existing path, as after the drive letter of Windows, separates no split.

    Raises:
        ConfigError: not of this form.
    """
    name, equals, place = text.partition("=")
    if not equals or not name or not place:
        raise ConfigError(f"--dataset {text!r}: expected NAME=ROOT or NAME=ROOT:SPLIT, for instance fer2013=data/fer2013:publictest.")
    root, colon, split = place.rpartition(":")
    is_split = colon and len(root) > 1 and not set(split) & set("/\\") and not Path(place).exists()
    return Column(name, Path(root), split) if is_split else Column(name, Path(place), "")


def load_column(column: Column, crops: str, detector: str, threads: int = 1) -> EvaluationSet:
    """Read a column's samples.

    Args:
        crops, detector: As ``choose_crops`` takes them.

    Raises:
        UnknownNameError: no such data set.
        DataError: the data are not as their format says.
        ConfigError: no such split, or none was named where all samples would include training ones.
    """
    manifest = load_dataset(column.dataset, column.root)
    present = {sample.split for sample in manifest.samples}
    split = column.split or next((name for name in ("publictest", "validation", "test") if name in present), "all")
    if split == "all" and not column.split and "training" in present:
        raise ConfigError(f"{column.dataset}: name the split, one of {', '.join(sorted(present))}: {column.dataset}={column.root}:SPLIT")
    column_set = EvaluationSet(column.dataset, manifest, split, choose_crops(manifest, crops, detector, threads))
    column_set.part  # noqa: B018 - a split that is not there is told now, not after the first model's minutes
    return column_set


def evaluate_cell(model: OpenClassifier, test: EvaluationSet, on_progress: OnProgress) -> Cell:
    """Evaluate one model on one data set, over the labels that both know.

    A run is measured on its own data set as it split it.

    Raises:
        ConfigError: they share fewer than two labels, or a run's own data have no such split.
        SourceError: no face is found in any picture.
    """
    data = as_trained(model, test.data, test.dataset)
    whole = test.part if data is test.data else test.part_of(data)
    part, left_out = common_part(whole, model.labels)
    crop_of = test.crops.crop_of(model.alignment, model.preprocess)
    metrics = evaluate(model.classify, model.labels, part, on_progress, crop_of).metrics
    return Cell(
        model=model.name,
        file=model.file,
        dataset=test.dataset,
        split=test.split,
        n=metrics["n"],
        left_out=left_out,
        no_face=metrics["no_face"],
        labels=part.labels,
        crops=test.crops.name,
        views=model.views,
        label_source=part.label_source,
        accuracy=metrics["accuracy"],
        accuracy_interval=metrics["accuracy_interval"],
        macro_f1=metrics["macro_f1"],
        mean_recall=metrics["mean_recall"],
        data_sha256=whole.sha256,
        **({"files_sha256": {}} | provenance(model, part.labels)),
    )


def table_rows(rows: Sequence[Row], quantity: str) -> list[list[str]]:
    """Return one row of texts per model: its name, then the quantity in percent and n per data set.

    A star marks cells over some labels alone, with the number of samples left out; a dagger models that learned from test splits; a double
    dagger runs that dealt the data themselves, which are measured on fewer samples than others in the column.
    """
    most = _largest(rows)
    return [[row.title, *(_cell_text(cell, quantity, total) for cell, total in zip(row.cells, most, strict=True))] for row in rows]


def _largest(rows: Sequence[Row]) -> list[int]:
    """Return the number of samples of every column, with those that some models leave out."""
    return [max((_num_samples(cell) for cell in cells if cell), default=0) for cells in zip(*(row.cells for row in rows), strict=True)]


def _num_samples(cell: Cell) -> int:
    return cell.n + cell.left_out


def _cell_text(cell: Cell | None, quantity: str, num_samples: int) -> str:
    if cell is None:
        return "-"
    star = f"*, {cell.left_out} left out" if cell.left_out else "*" if cell.barred_labels else ""
    missed = f", {cell.no_face} without a face" if cell.no_face else ""
    marks = ("†" if cell.leaks else "") + ("‡" if _num_samples(cell) < num_samples else "")
    return f"{100 * getattr(cell, quantity):.1f}{marks} (n {cell.n}{star}{missed})"


def notes(rows: Sequence[Row]) -> list[str]:
    """Return what the marks of the tables mean."""
    cells = [cell for row in rows for cell in row.cells if cell]
    is_starred, is_daggered = any(cell.left_out or cell.barred_labels for cell in cells), any(cell.leaks for cell in cells)
    is_part = any(cell and _num_samples(cell) < total for row in rows for cell, total in zip(row.cells, _largest(rows), strict=True))
    marks = ((STAR_NOTE, is_starred), (DAGGER_NOTE, is_daggered), (PART_NOTE, is_part))
    return [note for note, is_needed in marks if is_needed]


def markdown(rows: Sequence[Row], titles: Sequence[str]) -> str:
    """Return one Markdown table per quantity: models in rows, data sets in columns."""
    parts = []
    for quantity, title in QUANTITIES.items():
        lines = [["model", *titles], ["---"] * (len(titles) + 1), *table_rows(rows, quantity)]
        parts.append(f"{title}\n\n" + "".join("| " + " | ".join(line) + " |\n" for line in lines))
    columns = zip(titles, zip(*(row.cells for row in rows), strict=True), strict=True)
    measured = {title: next((cell for cell in cells if cell), None) for title, cells in columns}
    crops = "; ".join(f"{title}: {cell.crops}, labels {cell.label_source}" for title, cell in measured.items() if cell)
    return "\n".join(parts) + f"\nCrops: {crops}." + "".join("\n" + note.replace("*", "\\*") for note in notes(rows)) + "\n"


def write_csv(rows: Sequence[Row], path: Path) -> None:
    """Write one row per model and data set.

    Raises:
        OutputError: the file cannot be written.
    """
    flat = [_flat(cell) for row in rows for cell in row.cells if cell]
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(flat[0]) if flat else [])
        writer.writeheader()
        writer.writerows(flat)


def _flat(cell: Cell) -> dict[str, Any]:
    values = asdict(cell)
    interval = values.pop("accuracy_interval")
    texts = {"labels": " ".join(cell.labels), "barred_labels": " ".join(cell.barred_labels)}
    texts["files_sha256"] = " ".join(f"{name}={sha256}" for name, sha256 in cell.files_sha256.items())
    return values | texts | {"accuracy_low": interval["low"], "accuracy_high": interval["high"]}
