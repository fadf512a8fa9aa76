"""FER2013 (Goodfellow et al. 2013) in the layouts its users have, and the FER+ votes (Barsoum et al. 2016).

- ``fer2013.csv`` or ``icml_face_data.csv``: the official file and the challenge's, columns ``emotion,pixels,Usage`` in any order.
- image folders: ``train/<class>/*``, ``test/<class>/*``; where file names start with the usage
  (``PrivateTest_123.png``) the two test splits are told apart, else they stay merged as ``test``.
- ``fer2013new.csv`` beside either: FER+ votes, joined by row. In the folder layout the number in the file
  name must then be the row of the official file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mien.data.files import first_existing, folder_named, folders_in, pictures_in, read_rows
from mien.data.manifest import Manifest, Sample, check_counts
from mien.data.problems import Problems
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
CSV_NAMES = ("fer2013.csv", "icml_face_data.csv")
SIDE = 48
NUM_ROWS = 35_887
"""Of the official file."""

# Columns of fer2013new.csv that name one of the seven expressions, in the order of FER7.
_VOTE_COLUMNS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
_BYTE_OF_TEXT = {str(value): value for value in range(256)}

VoteTable = dict[int, tuple[str, Float]]
"""Row to (usage, votes in the order of the columns asked for)."""


def load(root: Path, check: bool = True) -> Manifest:
    """Read FER2013 from a folder that holds one of the layouts, or from the CSV itself.

    Args:
        check: Compare class counts with the published ones; tests of small trees turn it off.

    Raises:
        DataError: no known layout, or wrong rows or class counts; it lists all of them.
    """
    problems = Problems()
    samples = read_pictures(root, problems)
    votes_path = votes_path_of(root)
    votes = read_votes(votes_path, _VOTE_COLUMNS, problems) if votes_path.is_file() else {}
    problems.raise_if_any("fer2013")
    if votes:
        samples = join_votes(samples, votes, votes_path)
    manifest = Manifest("fer2013", FER7, tuple(samples), label_source="fer2013")
    if check:
        # Without a test split nobody can tell which training pictures stand in it.
        is_merged = any(sample.split == "test" for sample in samples)
        splits = {"training", "test"} if is_merged else {"training", "publictest", "privatetest"}
        check_counts(manifest, {split: counts for split, counts in COUNTS.items() if split in splits}, problems)
    problems.raise_if_any("fer2013")
    return manifest


def votes_path_of(root: Path) -> Path:
    """Return where FER+ votes of this copy of FER2013 would stand."""
    return (root.parent if root.suffix == ".csv" else root) / "fer2013new.csv"


def read_pictures(root: Path, problems: Problems) -> list[Sample]:
    """Read the pictures of FER2013 with its own labels.

    Raises:
        DataError: no known layout, or no pictures.
    """
    csv_path = root if root.suffix == ".csv" else first_existing(*(root / name for name in CSV_NAMES))
    if csv_path is not None and csv_path.is_file():
        samples = list(_read_csv(csv_path, problems))
    elif folder_named(root, "train") or folder_named(root, "test"):
        samples = _read_folders(root, problems)
    else:
        raise DataError(
            f"{root}: no FER2013 found. Expected fer2013.csv (emotion,pixels,Usage) or the folders train/<class>/ and test/<class>/."
        )
    if not samples:
        problems.raise_if_any("fer2013")
        raise DataError(f"{root}: FER2013 holds no pictures.")
    return samples


def _read_csv(path: Path, problems: Problems) -> Iterator[Sample]:
    for row, (where, cells) in enumerate(read_rows(path, ["emotion", "pixels", "Usage"])):
        try:
            yield _parse_row(cells["emotion"], cells["pixels"], cells["Usage"], row)
        except ValueError as error:
            problems.add(f"{where}: {error}.")


def _parse_row(label: str, pixels: str, usage: str, row: int) -> Sample:
    """Return the sample; a ValueError says what is wrong."""
    if label not in {"0", "1", "2", "3", "4", "5", "6"}:
        raise ValueError(f"expected an emotion from 0 to 6, got {label[:20]!r}")
    if usage not in SPLIT_OF_USAGE:
        raise ValueError(f"expected a Usage of {', '.join(SPLIT_OF_USAGE)}, got {usage[:20]!r}")
    return Sample(parse_pixels(pixels), FER7[int(label)], SPLIT_OF_USAGE[usage], row)


def parse_pixels(text: str) -> UInt8:
    """Return (48, 48) grey from 2,304 numbers with blanks between; a ValueError says what is wrong."""
    try:
        values = bytes(map(_BYTE_OF_TEXT.__getitem__, text.split()))
    except KeyError as error:
        raise ValueError(f"expected pixels from 0 to 255, got {error.args[0][:20]!r}") from None
    if len(values) != SIDE * SIDE:
        raise ValueError(f"expected {SIDE * SIDE} pixels, got {len(values)}")
    return np.frombuffer(values, np.uint8).reshape(SIDE, SIDE)


def _read_folders(root: Path, problems: Problems) -> list[Sample]:
    """Read image folders; numbers in names are rows of the official file where they can be, since other copies number by other rules."""
    found = list(_find_in_folders(root, problems))
    rows = {number for _, number in found}
    are_rows = len(rows) == len(found) and all(0 <= number < NUM_ROWS for number in rows)
    return [replace(sample, row=number) if are_rows else sample for sample, number in found]


def _find_in_folders(root: Path, problems: Problems) -> Iterator[tuple[Sample, int]]:
    """Yield samples, counted, and the numbers in their names; -1 where there is none."""
    row = 0
    for part, default_split in (("train", "training"), ("test", "test")):
        for folder in folders_in(folder_named(root, part) or root / part):
            try:
                label = expression_name(folder.name)
            except UnknownNameError as error:
                problems.add(f"{folder}: folders must be named after expressions. {error}")
                continue
            for path in pictures_in(folder):
                usage, _, number = path.stem.partition("_")
                split = SPLIT_OF_USAGE.get(usage, default_split)
                if (split == "training") != (part == "train"):
                    problems.add(f"{path}: the name says {usage}, the folder says {part}. Move the file.")
                is_numbered = usage in SPLIT_OF_USAGE and number.isdecimal()
                yield Sample(path, label, split, row), int(number) if is_numbered else -1
                row += 1


def read_votes(path: Path, columns: Sequence[str], problems: Problems) -> VoteTable:
    """Read ``fer2013new.csv``: row to usage and votes for each of ``columns``.

    Raises:
        DataError: no readable CSV, or columns are missing.
    """
    table: VoteTable = {}
    for row, (where, cells) in enumerate(read_rows(path, ["Usage", *columns])):
        votes = [cells[name] for name in columns]
        if all(vote.isdecimal() for vote in votes):
            table[row] = (cells["Usage"], np.array([int(vote) for vote in votes], np.float64))
        else:
            problems.add(f"{where}: expected whole numbers of votes, got {votes}.")
    return table


def join_votes(samples: Sequence[Sample], table: VoteTable, path: Path) -> list[Sample]:
    """Attach votes by row, checking that both files agree on each row's split; no votes at all become None.

    Raises:
        DataError: the files do not agree.
    """
    joined = []
    for sample in samples:
        usage, votes = table.get(sample.row, ("", np.zeros(0)))
        if SPLIT_OF_USAGE.get(usage) != sample.split:
            raise DataError(
                f"{path}: row {sample.row} is {usage or 'missing'!r} there and {sample.split!r} in the pictures, so votes cannot "
                "be joined by row. Use the official fer2013.csv, or remove fer2013new.csv to go without votes."
            )
        joined.append(replace(sample, votes=votes if votes.sum() > 0 else None))
    return joined
