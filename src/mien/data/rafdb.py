"""RAF-DB, basic expressions (Li, Deng and Du 2017), in the layouts its users have.

- the original: ``EmoLabel/list_patition_label.txt`` (its own spelling) with lines such as ``train_00001.jpg 5``, and the
  aligned pictures ``Image/aligned/train_00001_aligned.jpg``; both may stand in ``basic/``.
- folders by number: ``train/5/train_00001_aligned.jpg`` and ``test/...``, perhaps in ``DATASET/``. Where
  ``train_labels.csv`` and ``test_labels.csv`` (columns image,label) are there as well, they must agree with the folders.
"""

from collections.abc import Iterator
from pathlib import Path

from mien.data.files import first_existing, folders_in, pictures_in, read_rows
from mien.data.manifest import Manifest, Sample, check_counts
from mien.data.problems import Problems
from mien.errors import DataError
from mien.labels import FER7

LABEL_OF_NUMBER = {"1": "surprise", "2": "fear", "3": "disgust", "4": "happy", "5": "sad", "6": "angry", "7": "neutral"}

# Class counts in the order of FER7, from the release.
COUNTS: dict[str, tuple[int, ...]] = {
    "training": (705, 717, 281, 4772, 1982, 1290, 2524),
    "test": (162, 160, 74, 1185, 478, 329, 680),
}

_LIST = "list_patition_label.txt"
_SPLIT_OF_PART = {"train": "training", "test": "test"}


def load(root: Path, check: bool = True) -> Manifest:
    """Read RAF-DB from a folder that holds one of the layouts.

    Args:
        check: Compare class counts with the published ones; tests of small trees turn it off.

    Raises:
        DataError: no known layout, or wrong rows, files or class counts; it lists all of them.
    """
    problems = Problems()
    list_path = first_existing(*(root / folder / _LIST for folder in ("EmoLabel", "basic/EmoLabel", ".", "basic")))
    dataset = first_existing(root / "DATASET" / "train", root / "train")
    if list_path:
        base = list_path.parent.parent if list_path.parent.name == "EmoLabel" else list_path.parent
        samples = list(_read_list(list_path, base / "Image" / "aligned", problems))
    elif dataset:
        samples = list(_read_folders(dataset.parent, root, problems))
    else:
        raise DataError(f"{root}: no RAF-DB found. Expected EmoLabel/{_LIST} with Image/aligned/, or train/1..7/ and test/1..7/.")
    if not samples:
        problems.add(f"{root}: RAF-DB holds no pictures.")
    manifest = Manifest("rafdb", FER7, tuple(samples), label_source="rafdb")
    if check:
        check_counts(manifest, COUNTS, problems)
    problems.raise_if_any("rafdb")
    return manifest


def _read_list(path: Path, pictures: Path, problems: Problems) -> Iterator[Sample]:
    line_of: dict[str, int] = {}
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error}). Expected lines such as 'train_00001.jpg 5'.") from error
    for row, line in enumerate(lines):
        where = f"{path}, line {row + 1}"
        if not line.strip():
            continue
        name, _, number = line.strip().partition(" ")
        split, label = _SPLIT_OF_PART.get(name.partition("_")[0]), LABEL_OF_NUMBER.get(number.strip())
        if split is None or label is None:
            problems.add(f"{where}: expected a picture of train_ or test_ and a label from 1 to 7, got {line[:60]!r}.")
            continue
        if name in line_of:
            problems.add(f"{where}: {name} stands in line {line_of[name]} already. Remove one of them.")
            continue
        line_of[name] = row + 1
        picture = pictures / f"{Path(name).stem}_aligned{Path(name).suffix}"
        if not picture.is_file():
            problems.add(f"{where}: the picture {picture} is missing.")
        yield Sample(picture, label, split, row)


def _read_folders(base: Path, root: Path, problems: Problems) -> Iterator[Sample]:
    row = 0
    for part, split in _SPLIT_OF_PART.items():
        csv_path = first_existing(root / f"{part}_labels.csv", base / f"{part}_labels.csv")
        number_of = _read_labels(csv_path, problems) if csv_path else {}
        for folder in folders_in(base / part):
            if folder.name not in LABEL_OF_NUMBER:
                problems.add(f"{folder}: expected folders named 1 to 7.")
                continue
            for path in pictures_in(folder):
                listed = number_of.pop(path.name, None)
                if csv_path and listed != folder.name:
                    problems.add(f"{path}: stands in folder {folder.name}, and {csv_path} says {listed or 'nothing'}.")
                yield Sample(path, LABEL_OF_NUMBER[folder.name], split, row)
                row += 1
        problems.extend(f"{csv_path}: the picture {base / part / number / name} is missing." for name, number in number_of.items())


def _read_labels(path: Path, problems: Problems) -> dict[str, str]:
    """Return label number by picture name."""
    number_of: dict[str, str] = {}
    for where, cells in read_rows(path, ["image", "label"]):
        name, number = cells["image"], cells["label"]
        if number not in LABEL_OF_NUMBER:
            problems.add(f"{where}: expected a label from 1 to 7, got {number[:20]!r}.")
        elif name in number_of:
            problems.add(f"{where}: {name} stands there twice. Remove one of them.")
        else:
            number_of[name] = number
    return number_of
