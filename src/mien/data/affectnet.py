"""AffectNet, its manually annotated part (Mollahosseini, Hasani and Mahoor 2017), with seven or eight labels.

- the original release: ``training.csv`` and ``validation.csv`` (with or without a header) that name a picture in
  ``Manually_Annotated_Images/``, the face's box in it and a number for the expression.
- the release of 2021: ``train_set/images/N.jpg`` are cut faces, ``train_set/annotations/N_exp.npy`` the numbers;
  ``val_set`` likewise.

The official validation set becomes the split ``test``, as papers report it; a test set was never released. Rows of no
expression, of an uncertain one and without a face are left out, with seven labels contempt too.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mien.data.files import first_existing, pictures_in, read_rows
from mien.data.manifest import Manifest, Sample, check_counts
from mien.data.problems import Problems
from mien.errors import DataError
from mien.labels import FER7, FER8, LabelSet

LABEL_OF_NUMBER = {
    **{"0": "neutral", "1": "happy", "2": "sad", "3": "surprise", "4": "fear", "5": "disgust", "6": "angry", "7": "contempt"},
    **dict.fromkeys(("8", "9", "10"), ""),  # none, uncertain, no face
}

# Class counts in the order of FER8. The release of 2021 lacks one picture of contempt in its validation set.
COUNTS: dict[str, tuple[int, ...]] = {
    "training": (24882, 3803, 6378, 134415, 25459, 14090, 74874, 3750),
    "test": (500, 500, 500, 500, 500, 500, 500, 500),
    "test of 2021": (500, 500, 500, 500, 500, 500, 500, 499),
}

HEADER = (
    *("subDirectory_filePath", "face_x", "face_y", "face_width", "face_height"),
    *("facial_landmarks", "expression", "valence", "arousal"),
)
# This file of the original release is empty, in every copy.
EMPTY_PICTURE = "103/29a31ebf1567693f4644c8ba3476ca9a72ee07fe67a5860d98707a0a.jpg"


def load7(root: Path, check: bool = True) -> Manifest:
    """Read AffectNet without contempt; ``check`` compares class counts with the published ones.

    Raises:
        DataError: no known layout, or wrong rows, files or class counts; it lists all of them.
    """
    return _load(root, "affectnet7", FER7, check)


def load8(root: Path, check: bool = True) -> Manifest:
    """Read AffectNet with contempt, as ``load7`` does."""
    return _load(root, "affectnet8", FER8, check)


def _load(root: Path, name: str, labels: LabelSet, check: bool) -> Manifest:
    problems = Problems()
    lists = first_existing(root / "training.csv", root / "Manually_Annotated_file_lists" / "training.csv")
    is_original = lists is not None
    if lists:
        samples = _read_lists(root, lists.parent, problems)
    elif (root / "train_set").is_dir():
        samples = _read_sets(root, problems)
    else:
        raise DataError(
            f"{root}: no AffectNet found. Expected training.csv and validation.csv with Manually_Annotated_Images/, or train_set/ and "
            "val_set/ with images/ and annotations/."
        )
    manifest = Manifest(
        dataset=name,
        labels=labels,
        samples=tuple(sample for sample in samples if sample.label in labels),
        label_source="affectnet",
        crops="box" if is_original else "direct",
    )
    if check:
        test = COUNTS["test" if is_original else "test of 2021"]
        check_counts(manifest, {"training": COUNTS["training"][: len(labels)], "test": test[: len(labels)]}, problems)
    problems.raise_if_any(name)
    kept = tuple(sample for sample in manifest.samples if not _is_empty_picture(sample))
    return Manifest(name, labels, kept, manifest.label_source, manifest.crops)


def _is_empty_picture(sample: Sample) -> bool:
    path = sample.image
    return isinstance(path, Path) and path.as_posix().endswith(EMPTY_PICTURE) and not (path.is_file() and path.stat().st_size)


def _read_lists(root: Path, lists: Path, problems: Problems) -> list[Sample]:
    """Read the original release."""
    folder = "Manually_Annotated_Images"
    pictures = first_existing(root / folder, root / "Manually_Annotated" / folder) or root
    samples: list[Sample] = []
    seen: dict[tuple[str, object], str] = {}
    for file, split in (("training.csv", "training"), ("validation.csv", "test")):
        if not (lists / file).is_file():
            problems.add(f"{lists / file}: no such file. Take it from the release.")
            continue
        for where, cells in read_rows(lists / file, [name for name in HEADER[:7] if name != "facial_landmarks"], HEADER):
            sample = _read_row(where, cells, pictures, split, len(samples), problems)
            if sample is None:
                continue
            samples.append(sample)
            key = (cells["subDirectory_filePath"], sample.crop_xyxy)
            if key in seen:
                problems.add(f"{where}: the same face as in {seen[key]}. Remove one of them.")
            seen.setdefault(key, where)
    return samples


def _read_row(where: str, cells: dict[str, str], pictures: Path, split: str, row: int, problems: Problems) -> Sample | None:
    """Return the sample of one row, or None for a row that is wrong or of no expression."""
    label = LABEL_OF_NUMBER.get(cells["expression"])
    if label is None:
        problems.add(f"{where}: expected an expression from 0 to 10, got {cells['expression'][:20]!r}.")
    if not label:
        return None
    numbers = [cells[name] for name in HEADER[1:5]]
    try:
        left, top, width, height = (float(number) for number in numbers)
    except ValueError:
        left = top = width = height = 0.0
    if not (0 < width < np.inf and 0 < height < np.inf and np.isfinite(left + top)):
        problems.add(f"{where}: expected a face's box as x, y, width and height in pixels, got {numbers}.")
        return None
    path = pictures / cells["subDirectory_filePath"]
    if not path.is_file() and not cells["subDirectory_filePath"].endswith(EMPTY_PICTURE):
        problems.add(f"{where}: the picture {path} is missing.")
    return Sample(path, label, split, row, crop_xyxy=(left, top, left + width, top + height))


def _read_sets(root: Path, problems: Problems) -> list[Sample]:
    """Read the release of 2021."""
    samples: list[Sample] = []
    num_pictures = 0  # of labels that are left out, too, so that no two samples share a row
    for folder, split in (("train_set", "training"), ("val_set", "test")):
        pictures = pictures_in(root / folder / "images")
        if not pictures:
            problems.add(f"{root / folder / 'images'}: holds no pictures. Get a whole copy.")
        samples += [sample for sample in _read_set(root / folder, pictures, split, num_pictures, problems) if sample.label]
        num_pictures += len(pictures)
        known = {path.stem for path in pictures}
        for path in sorted((root / folder / "annotations").glob("*_exp.npy")):
            if path.name.removesuffix("_exp.npy") not in known and not path.name.startswith("."):
                problems.add(f"{path}: its picture is missing in {root / folder / 'images'}.")
    return samples


def _read_set(folder: Path, pictures: list[Path], split: str, first_row: int, problems: Problems) -> Iterator[Sample]:
    for row, picture in enumerate(pictures, start=first_row):
        path = folder / "annotations" / f"{picture.stem}_exp.npy"
        try:
            # The files hold text of one or two digits; pickled objects are never loaded.
            number = str(np.load(path, allow_pickle=False).item())
        except (OSError, ValueError, EOFError) as error:
            problems.add(f"{path}: cannot be read ({error}). Expected the number of an expression in NumPy's format.")
            continue
        if number not in LABEL_OF_NUMBER:
            problems.add(f"{path}: expected an expression from 0 to 10, got {number[:20]!r}.")
            continue
        yield Sample(picture, LABEL_OF_NUMBER[number], split, row)
