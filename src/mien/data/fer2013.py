"""FER2013 (Goodfellow et al. 2013) in the layouts its users have, and the FER+ votes (Barsoum et al. 2016).

- ``fer2013.csv``: the official file, columns ``emotion,pixels,Usage``.
- image folders: ``train/<class>/*``, ``test/<class>/*``; where file names start with the usage
  (``PrivateTest_123.png``) the two test splits are told apart, else they stay merged as ``test``.
- ``fer2013new.csv`` beside either: FER+ votes, joined by row. In the folder layout the number in the file
  name must then be the row of the official file.
"""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import numpy as np

from mien.data.manifest import Manifest, Sample, check_counts
from mien.errors import DataError, UnknownNameError
from mien.labels import FER7, expression_name
from mien.types import Float, UInt8

SPLIT_OF_USAGE = {"Training": "training", "PublicTest": "publictest", "PrivateTest": "privatetest"}

# Class counts in the order of FER7, from the official release.
COUNTS: dict[str, tuple[int, ...]] = {
    "training": (3995, 436, 4097, 7215, 4830, 3171, 4965),
    "publictest": (467, 56, 496, 895, 653, 415, 607),
    "privatetest": (491, 55, 528, 879, 594, 416, 626),
    "test": (958, 111, 1024, 1774, 1247, 831, 1233),
}
SIDE = 48
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp"}

# Columns of fer2013new.csv that name one of the seven expressions, in the order of FER7.
_VOTE_COLUMNS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
_BYTE_OF_TEXT = {str(value): value for value in range(256)}

VoteTable = dict[int, tuple[str, Float | None]]
"""Row to (usage, votes in the order of FER7; None where nobody voted for one of the seven)."""


def load(root: Path, check: bool = True) -> Manifest:
    """Read FER2013 from a folder that holds one of the layouts, or from the CSV itself.

    Args:
        check: Compare class counts with the published ones; tests of small trees turn it off.

    Raises:
        DataError: no known layout, a wrong row, or class counts that differ.
    """
    csv_path = root if root.suffix == ".csv" else root / "fer2013.csv"
    folder = csv_path.parent
    if csv_path.is_file():
        samples = list(_read_csv(csv_path))
    elif (root / "train").is_dir() or (root / "test").is_dir():
        samples = list(_read_folders(root))
        folder = root
    else:
        raise DataError(
            f"{root}: no FER2013 found. Expected fer2013.csv (emotion,pixels,Usage) or the folders train/<class>/ and test/<class>/."
        )
    if not samples:
        raise DataError(f"{root}: FER2013 holds no pictures.")
    votes_path = folder / "fer2013new.csv"
    if votes_path.is_file():
        samples = _join_votes(samples, read_votes(votes_path), votes_path)
    manifest = Manifest("fer2013", FER7, tuple(samples), label_source="fer2013")
    if check:
        check_counts(manifest, COUNTS)
    return manifest


@contextmanager
def _open_csv(path: Path) -> Iterator[TextIO]:
    """Open a CSV, with or without a byte order mark; what is no text becomes a DataError."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            yield file
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as CSV ({error}). Expected plain UTF-8 text.") from error


def _read_csv(path: Path) -> Iterator[Sample]:
    with _open_csv(path) as file:
        reader = csv.reader(file)
        header = [name.strip() for name in next(reader, [])]
        if header != ["emotion", "pixels", "Usage"]:
            raise DataError(f"{path}, line 1: expected the header emotion,pixels,Usage, got {','.join(header)[:80]!r}.")
        for row, cells in enumerate(reader):
            where = f"{path}, line {reader.line_num}"
            if len(cells) != 3:
                raise DataError(f"{where}: expected 3 columns (emotion,pixels,Usage), got {len(cells)}.")
            label, pixels, usage = cells
            if label not in {"0", "1", "2", "3", "4", "5", "6"}:
                raise DataError(f"{where}: expected an emotion from 0 to 6, got {label[:20]!r}.")
            if usage not in SPLIT_OF_USAGE:
                raise DataError(f"{where}: expected a Usage of {', '.join(SPLIT_OF_USAGE)}, got {usage[:20]!r}.")
            yield Sample(_parse_pixels(pixels, where), FER7[int(label)], SPLIT_OF_USAGE[usage], row)


def _parse_pixels(text: str, where: str) -> UInt8:
    """Return (48, 48) grey from 2,304 numbers with blanks between."""
    try:
        values = bytes(map(_BYTE_OF_TEXT.__getitem__, text.split()))
    except KeyError as error:
        raise DataError(f"{where}: expected pixels from 0 to 255, got {error.args[0][:20]!r}.") from None
    if len(values) != SIDE * SIDE:
        raise DataError(f"{where}: expected {SIDE * SIDE} pixels, got {len(values)}.")
    return np.frombuffer(values, np.uint8).reshape(SIDE, SIDE)


def _read_folders(root: Path) -> Iterator[Sample]:
    row = 0
    for part, default_split in (("train", "training"), ("test", "test")):
        folders = sorted(path for path in (root / part).glob("*") if path.is_dir())
        for folder in folders:
            try:
                label = expression_name(folder.name)
            except UnknownNameError as error:
                raise DataError(f"{folder}: folders must be named after expressions. {error}") from error
            for path in sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES):
                usage, _, number = path.stem.partition("_")
                split = SPLIT_OF_USAGE.get(usage, default_split)
                if (split == "training") != (part == "train"):
                    raise DataError(f"{path}: the name says {usage}, the folder says {part}.")
                is_numbered = usage in SPLIT_OF_USAGE and number.isdecimal()
                yield Sample(path, label, split, int(number) if is_numbered else row)
                row += 1


def read_votes(path: Path) -> VoteTable:
    """Read ``fer2013new.csv``: row to usage and votes per expression in the order of FER7.

    Contempt, unknown and "no face" votes are left out.

    Raises:
        DataError: a row is not as the format says.
    """
    table: VoteTable = {}
    with _open_csv(path) as file:
        reader = csv.DictReader(file)
        missing = {"Usage", *_VOTE_COLUMNS} - set(reader.fieldnames or ())
        if missing:
            raise DataError(f"{path}, line 1: missing the columns {', '.join(sorted(missing))}.")
        for row, cells in enumerate(reader):
            try:
                votes = np.array([int(cells[name]) for name in _VOTE_COLUMNS], np.float64)
            except (TypeError, ValueError):
                raise DataError(f"{path}, line {reader.line_num}: expected whole numbers of votes, got {list(cells.values())}.") from None
            table[row] = (cells["Usage"], votes if votes.sum() > 0 else None)
    return table


def _join_votes(samples: list[Sample], table: VoteTable, path: Path) -> list[Sample]:
    """Attach votes by row, checking that both files agree on each row's split."""
    joined = []
    for sample in samples:
        usage, votes = table.get(sample.row, ("", None))
        if SPLIT_OF_USAGE.get(usage) != sample.split:
            raise DataError(
                f"{path}: row {sample.row} is {usage or 'missing'!r} there and {sample.split!r} in the pictures, so votes cannot "
                "be joined by row. Use the official fer2013.csv, or remove fer2013new.csv to go without votes."
            )
        joined.append(Sample(sample.image, sample.label, sample.split, sample.row, votes))
    return joined
