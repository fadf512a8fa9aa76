"""The data sets mien reads: one row each, nothing imported until one is loaded."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from mien.data.manifest import Manifest
from mien.errors import DataError, UnknownNameError
from mien.labels import FER7


@dataclass(frozen=True)
class DatasetRow:
    """One data set: its name, where its loader stands, and what a user must know."""

    name: str
    loader: str
    """``module:function``, called with the root folder."""
    labels: tuple[str, ...]
    splits: tuple[str, ...]
    layouts: str
    license: str
    paper: str


DATASETS: dict[str, DatasetRow] = {
    row.name: row
    for row in (
        DatasetRow(
            name="fer2013",
            loader="mien.data.fer2013:load",
            labels=FER7,
            splits=("training", "publictest", "privatetest", "test"),
            layouts="fer2013.csv, or train/<class>/ and test/<class>/; fer2013new.csv (FER+ votes) beside either",
            license="images: rights unresolved, research use; FER+ votes: MIT",
            paper="arXiv 1307.0414; FER+: arXiv 1608.01041",
        ),
    )
}


def load_dataset(name: str, root: Path) -> Manifest:
    """Read a data set of the catalog from ``root``.

    Raises:
        UnknownNameError: the catalog has no such data set.
        DataError: ``root`` is missing or does not hold what the format promises.
    """
    if name not in DATASETS:
        raise UnknownNameError("Data set", name, DATASETS, "mien datasets")
    if not root.exists():
        raise DataError(f"{root}: no such file or folder. Point --data to your copy of {name}.")
    module_name, function_name = DATASETS[name].loader.split(":")
    manifest: Manifest = getattr(import_module(module_name), function_name)(root)
    return manifest
