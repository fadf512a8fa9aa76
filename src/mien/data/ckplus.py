"""CK+ (Lucey et al. 2010): sequences of posed expressions from the neutral face to the peak.

- the original: ``cohn-kanade-images/S005/001/S005_001_00000011.png`` and, for 327 of 593 sequences,
  ``Emotion/S005/001/S005_001_00000011_emotion.txt`` with a number such as ``3.0000000e+00``, named after the last frame,
  which is the peak. The peak gives the expression; the first frame of each person's first sequence gives neutral, one for
  each of the 123 people, as paper 001 has it.
- faces of 48 pixels: ``CK+48/anger/S010_004_00000017.png``, the three last frames of every labelled sequence. It has no
  neutral face, and is read without that label.
- ``ckextended.csv``: one picture of 48 pixels for every sequence, columns ``emotion,pixels,Usage``; the 593 neutral ones are of
  sequences without a label. It names no people, and its usage is not kept.

All samples stand in the split ``test``: the data set has no splits, and paper 001 only tests on it. Deal training splits
by subject, since one person's frames are much alike.
"""

from collections.abc import Iterator
from pathlib import Path

from mien.data.fer2013 import parse_pixels
from mien.data.files import first_existing, folder_named, folders_in, pictures_in, read_rows
from mien.data.manifest import Manifest, Sample, check_counts
from mien.data.problems import Problems
from mien.errors import DataError, UnknownNameError
from mien.labels import FER7, FER8, LabelSet, expression_name
from mien.types import UInt8

LABEL_OF_NUMBER = ("neutral", "angry", "contempt", "disgust", "fear", "happy", "sad", "surprise")

NEUTRALS_PER_PERSON = 1
"""Sequences of a person whose first frame is taken as neutral. More would outweigh the expressions: there are 593."""

# Counts in the order of FER8: of the original with one neutral face for each person, and of the faces of 48 pixels.
COUNTS: dict[str, tuple[int, ...]] = {
    "original": (45, 59, 25, 69, 28, 83, 123, 18),
    "48 pixels": (135, 177, 75, 207, 84, 249, 0, 54),
    "extended": (45, 59, 25, 69, 28, 83, 593, 18),
}


def load7(root: Path, check: bool = True) -> Manifest:
    """Read CK+ without contempt; ``check`` compares class counts with the published ones.

    Raises:
        DataError: no known layout, or wrong files or class counts; it lists all of them.
    """
    return _load(root, "ckplus", FER7, check)


def load8(root: Path, check: bool = True) -> Manifest:
    """Read CK+ with contempt, as ``load7`` does."""
    return _load(root, "ckplus8", FER8, check)


def _load(root: Path, name: str, labels: LabelSet, check: bool) -> Manifest:
    problems = Problems()
    folder = "cohn-kanade-images"
    pictures = first_existing(root / folder, root / "extended-cohn-kanade-images" / folder)
    emotions = first_existing(root / "Emotion_labels" / "Emotion", root / "Emotion", root / "Emotion_labels")
    small = folder_named(folder_named(root, "ck+48") or root, "anger")
    extended = root if root.suffix == ".csv" else root / "ckextended.csv"
    faces: list[tuple[Path | UInt8, str]]
    if pictures and emotions:
        counts, crops = COUNTS["original"], "whole"
        faces = [*_read_peaks(pictures, emotions, problems), *_read_neutrals(pictures, problems)]
    elif small:
        counts, crops = COUNTS["48 pixels"], "direct"
        faces = list(_read_small(small.parent, problems))
    elif extended.is_file():
        counts, crops = COUNTS["extended"], "direct"
        faces = list(_read_extended(extended, problems))
    else:
        raise DataError(
            f"{root}: no CK+ found. Expected {folder}/ and Emotion/ of the original, CK+48/anger/ and so on, or ckextended.csv."
        )
    expected = {label: count for label, count in zip(FER8, counts, strict=True) if label in labels and count}
    samples = [
        Sample(face, label, "test", row, subject=face.name.partition("_")[0] if isinstance(face, Path) else "")
        for row, (face, label) in enumerate(faces)
        if label in expected
    ]
    manifest = Manifest(name, tuple(expected), tuple(samples), label_source="ckplus", crops=crops)
    if check:
        check_counts(manifest, {"test": tuple(expected.values())}, problems)
    problems.raise_if_any(name)
    return manifest


def _read_peaks(pictures: Path, emotions: Path, problems: Problems) -> Iterator[tuple[Path, str]]:
    """Yield the picture and label of every labelled sequence."""
    seen: dict[Path, Path] = {}
    for path in sorted(emotions.glob("*/*/*_emotion.txt")):
        if path.name.startswith("."):
            continue
        try:
            number = float(path.read_text(encoding="ascii"))
        except (OSError, ValueError):
            number = -1
        if number not in range(len(LABEL_OF_NUMBER)):
            problems.add(f"{path}: expected one number from 0 to 7, such as 3.0000000e+00.")
            continue
        if path.parent in seen:
            problems.add(f"{path}: its sequence is labelled in {seen[path.parent].name} too. Remove one of them.")
            continue
        seen[path.parent] = path
        picture = pictures / path.parent.relative_to(emotions) / f"{path.name.removesuffix('_emotion.txt')}.png"
        if not picture.is_file():
            problems.add(f"{path}: the picture {picture} is missing.")
        yield picture, LABEL_OF_NUMBER[int(number)]


def _read_neutrals(pictures: Path, problems: Problems) -> Iterator[tuple[Path, str]]:
    """Yield the first frame of each person's first sequences."""
    for person in folders_in(pictures):
        sequences = [frames for folder in folders_in(person) if (frames := pictures_in(folder))]
        if not sequences:
            problems.add(f"{person}: holds no sequence of pictures. Get a whole copy.")
        for frames in sequences[:NEUTRALS_PER_PERSON]:
            yield frames[0], "neutral"


def _read_small(root: Path, problems: Problems) -> Iterator[tuple[Path, str]]:
    for folder in folders_in(root):
        try:
            label = expression_name(folder.name)
        except UnknownNameError as error:
            problems.add(f"{folder}: folders must be named after expressions. {error}")
            continue
        for path in pictures_in(folder):
            yield path, label


def _read_extended(path: Path, problems: Problems) -> Iterator[tuple[UInt8, str]]:
    for where, cells in read_rows(path, ["emotion", "pixels"]):
        number = cells["emotion"]
        if not (number.isdecimal() and int(number) < len(FER8)):
            problems.add(f"{where}: expected an emotion from 0 to 7, got {number[:20]!r}.")
            continue
        try:
            yield parse_pixels(cells["pixels"]), FER8[int(number)]
        except ValueError as error:
            problems.add(f"{where}: {error}.")
