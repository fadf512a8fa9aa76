"""Any folder of pictures: ``<class>/*``, or ``<split>/<class>/*``.

Classes are words for expressions (``anger``, ``Happiness``) or for anything else that faces may show, splits ``train``,
``val``, ``test`` and mien's own names. Without splits all samples stand in ``test``: such a data set can be evaluated as it
is, and dealt for training. The pictures are taken as cut faces.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from mien.data.files import IMAGE_SUFFIXES, folders_in, pictures_in
from mien.data.manifest import Manifest, Sample, check_classes
from mien.data.problems import Problems
from mien.data.splits import TEST, split_name
from mien.errors import DataError, UnknownNameError
from mien.labels import in_order, label_name

log = logging.getLogger("mien")

LAYOUTS = "<class>/* or <split>/<class>/*, for instance train/happy/1.png"


def load(root: Path, check: bool = True) -> Manifest:
    """Read a folder of pictures; its labels are the classes that are there: those of FER8 in its order, others behind them.

    Args:
        check: Refuse a class without pictures in a split where others have some.

    Raises:
        DataError: no known layout, wrong names or empty classes; it lists all of them.
    """
    problems = Problems()
    folders = folders_in(root)
    if not folders:
        raise DataError(f"{root}: holds no folders. Expected {LAYOUTS}.")
    if any(_is_split(folder.name) for folder in folders):
        split_of = {folder: _split_of(folder, problems) for folder in folders}
        classes = [(split, part) for folder, split in split_of.items() if split for part in folders_in(folder)]
    else:
        classes = [(TEST, folder) for folder in folders]
    labelled = [(split, folder, label) for split, folder in classes if (label := _label_of(folder, problems))]
    pictures = [(path, label, split) for split, folder, label in labelled for path in pictures_in(folder)]
    _warn_of_others(root, [folder for _, folder, _ in labelled])
    if not pictures and not problems.lines:
        problems.add(f"{root}: holds no pictures. Expected {LAYOUTS}.")
    labels = in_order(label for _, _, label in labelled)
    samples = tuple(Sample(path, label, split, row) for row, (path, label, split) in enumerate(pictures))
    manifest = Manifest("folder", labels, samples, label_source="folder names")
    if check:
        check_classes(manifest, problems)
    problems.raise_if_any("folder")
    return manifest


def _warn_of_others(root: Path, folders: Sequence[Path]) -> None:
    """Say what stands among the pictures and is not read."""
    read = {path for folder in folders for path in pictures_in(folder)}
    others = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file() and path not in read)
    if others := [path for path in others if not path.name.startswith(".")]:
        log.warning(
            "%s: %d files are not read, such as %s. Pictures stand in %s and end in %s.",
            root,
            len(others),
            others[0],
            LAYOUTS,
            ", ".join(sorted(IMAGE_SUFFIXES)),
        )


def _is_split(name: str) -> bool:
    try:
        split_name(name)
    except UnknownNameError:
        return False
    return True


def _split_of(folder: Path, problems: Problems) -> str:
    """Return the split a folder is named after; empty, and a problem, for none."""
    try:
        return split_name(folder.name)
    except UnknownNameError as error:
        problems.add(f"{folder}: stands beside folders of splits. {error}")
        return ""


def _label_of(folder: Path, problems: Problems) -> str:
    """Return the label a folder is named after; empty, and a problem, for none."""
    try:
        return label_name(folder.name)
    except UnknownNameError as error:
        problems.add(f"{folder}: is named nearly like an expression. {error}")
        return ""
