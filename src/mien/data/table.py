"""Any CSV that names pictures: columns path and label, and, where there are any, split, subject and pose.

Other columns, such as age or light, are kept for ``mien evaluate --by COLUMN``. Paths are relative to the CSV. Labels are
words for expressions or for anything else that faces may show, splits ``train``, ``val``, ``test`` and mien's own names.
Without splits all samples stand in ``test``: such a data set can be evaluated as it is, and dealt for training. The pictures
are taken as cut faces.
"""

from pathlib import Path

from mien.data.files import read_rows
from mien.data.manifest import Manifest, Sample, check_classes
from mien.data.problems import Problems
from mien.data.splits import TEST, split_name
from mien.errors import DataError, UnknownNameError
from mien.labels import in_order, label_name

COLUMNS = ("path", "label", "split", "subject", "pose")


def load(root: Path, check: bool = True) -> Manifest:
    """Read a CSV of pictures; its labels are the ones that are there: those of FER8 in its order, others behind them.

    Args:
        root: The CSV, or a folder that holds one CSV.
        check: Refuse a label without pictures in a split where others have some.

    Raises:
        DataError: no CSV, wrong rows, missing pictures or empty classes; it lists all of them.
    """
    path = _find(root)
    problems = Problems()
    samples: list[Sample] = []
    seen: dict[Path, str] = {}
    without_split: list[str] = []
    for row, (where, cells) in enumerate(read_rows(path, ["path", "label"], optional=COLUMNS)):
        try:
            label, split = label_name(cells["label"]), split_name(cells.get("split") or TEST)
        except UnknownNameError as error:
            problems.add(f"{where}: {error}")
            continue
        picture = _place(path.parent, cells["path"])
        if picture in seen:
            problems.add(f"{where}: {cells['path']!r} stands in {seen[picture]} already. Remove one of them.")
            continue
        seen[picture] = where
        if not cells.get("split"):
            without_split.append(where)
        if not picture.is_file():
            problems.add(f"{where}: the picture {picture} is missing.")
        attributes = {name: value for name, value in cells.items() if name not in COLUMNS}
        subject, pose = cells.get("subject", ""), cells.get("pose", "")
        samples.append(Sample(picture, label, split, row, subject=subject, pose=pose, attributes=attributes))
    if len(without_split) < len(samples):
        problems.extend(f"{where}: names no split, and other rows do. Name one, or leave the column out." for where in without_split)
    if not samples and not problems.lines:
        problems.add(f"{path}: names no pictures.")
    manifest = Manifest("csv", in_order(sample.label for sample in samples), tuple(samples), label_source=path.name)
    if check:
        check_classes(manifest, problems)
    problems.raise_if_any("csv")
    return manifest


def _place(folder: Path, name: str) -> Path:
    """Return where a picture stands; a CSV from Windows has backslashes between folders."""
    place = folder / name
    return place if "\\" not in name or place.is_file() else folder / name.replace("\\", "/")


def _find(root: Path) -> Path:
    if root.is_file():
        return root
    found = sorted(root.glob("*.csv"))
    if len(found) != 1:
        raise DataError(f"{root}: holds {len(found)} CSV files. Name the one with the columns path,label[,split][,subject] itself.")
    return found[0]
