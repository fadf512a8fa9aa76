"""The data sets mien reads: one row each, nothing imported until one is loaded."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from mien.data.manifest import Manifest
from mien.data.problems import Problems
from mien.errors import DataError, UnknownNameError
from mien.labels import FER7, FER8

_FERPLUS = "fer2013.csv or its folders, with fer2013new.csv (votes) beside; FER2013Train/, FER2013Valid/, FER2013Test/ with fer2013new.csv"
_FERPLUS_RIGHTS = "images: rights unresolved, research use; votes: MIT"
_AFFECTNET = "training.csv, validation.csv, Manually_Annotated_Images/; or train_set/, val_set/ of images/N.jpg and annotations/N_exp.npy"
_CKPLUS = "cohn-kanade-images/ and Emotion/; or CK+48/<class>/; or ckextended.csv"


@dataclass(frozen=True)
class DatasetRow:
    """One data set: its name, where its loader stands, and what a user must know."""

    name: str
    loader: str
    """``module:function``, called with the root folder."""
    labels: tuple[str, ...]
    """Empty where the user's own files say which there are."""
    splits: tuple[str, ...]
    layouts: str
    license: str
    paper: str
    crops: str = "direct"
    """``direct``: cut faces; ``box``: faces are cut by boxes of the data set; ``whole``: the pictures want a detector."""
    has_subjects: bool = False
    """Whether it tells who is shown, so that splits can keep people apart."""


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
        DatasetRow(
            name="ferplus",
            loader="mien.data.ferplus:load_majority",
            labels=FER8,
            splits=("training", "publictest", "privatetest"),
            layouts=_FERPLUS,
            license=_FERPLUS_RIGHTS,
            paper="arXiv 1608.01041, majority vote",
        ),
        DatasetRow(
            name="ferplus_probability",
            loader="mien.data.ferplus:load_probability",
            labels=FER8,
            splits=("training", "publictest", "privatetest"),
            layouts=_FERPLUS,
            license=_FERPLUS_RIGHTS,
            paper="arXiv 1608.01041, votes as a distribution",
        ),
        DatasetRow(
            name="ferplus_multitarget",
            loader="mien.data.ferplus:load_multitarget",
            labels=FER8,
            splits=("training", "publictest", "privatetest"),
            layouts=_FERPLUS,
            license=_FERPLUS_RIGHTS,
            paper="arXiv 1608.01041, all labels from 30 % of the votes",
        ),
        DatasetRow(
            name="rafdb",
            loader="mien.data.rafdb:load",
            labels=FER7,
            splits=("training", "test"),
            layouts="EmoLabel/list_patition_label.txt and Image/aligned/; or train/1..7/, test/1..7/, train_labels.csv, test_labels.csv",
            license="research only, by agreement",
            paper="Li, Deng and Du, CVPR 2017",
        ),
        DatasetRow(
            name="affectnet7",
            loader="mien.data.affectnet:load7",
            labels=FER7,
            splits=("training", "test"),
            layouts=_AFFECTNET,
            license="research only, by agreement",
            paper="arXiv 1708.03985",
            crops="box",
        ),
        DatasetRow(
            name="affectnet8",
            loader="mien.data.affectnet:load8",
            labels=FER8,
            splits=("training", "test"),
            layouts=_AFFECTNET,
            license="research only, by agreement",
            paper="arXiv 1708.03985",
            crops="box",
        ),
        DatasetRow(
            name="ckplus",
            loader="mien.data.ckplus:load7",
            labels=FER7,
            splits=("test",),
            layouts=_CKPLUS,
            license="research only, by agreement",
            paper="Lucey et al., CVPR workshops 2010; without contempt, as paper 001 uses it",
            crops="whole",
            has_subjects=True,
        ),
        DatasetRow(
            name="ckplus8",
            loader="mien.data.ckplus:load8",
            labels=FER8,
            splits=("test",),
            layouts=_CKPLUS,
            license="research only, by agreement",
            paper="Lucey et al., CVPR workshops 2010",
            crops="whole",
            has_subjects=True,
        ),
        DatasetRow(
            name="jaffe",
            loader="mien.data.jaffe:load",
            labels=FER7,
            splits=("test",),
            layouts="KA.AN1.39.tiff and so on, in any folders",
            license="research only",
            paper="Lyons et al., FG 1998",
            crops="whole",
            has_subjects=True,
        ),
        DatasetRow(
            name="kdef",
            loader="mien.data.kdef:load",
            labels=FER7,
            splits=("test",),
            layouts="AF01/AF01ANS.JPG and so on, in any folders",
            license="research only",
            paper="Lundqvist, Flykt and Öhman 1998",
            crops="whole",
            has_subjects=True,
        ),
        DatasetRow(
            name="folder",
            loader="mien.data.folder:load",
            labels=(),
            splits=("training", "validation", "test"),
            layouts="<class>/* or <split>/<class>/*",
            license="yours",
            paper="",
        ),
        DatasetRow(
            name="csv",
            loader="mien.data.table:load",
            labels=(),
            splits=("training", "validation", "test"),
            layouts="a CSV with the columns path,label and, where there are any, split,subject",
            license="yours",
            paper="",
            has_subjects=True,
        ),
    )
}


def load_dataset(name: str, root: Path) -> Manifest:
    """Read a data set of the catalog from ``root``.

    A name such as ``fer2013+rafdb`` is a mix: each part is read from the folder of its name in ``root``, and the labels that
    all parts have are kept.

    Raises:
        UnknownNameError: the catalog has no such data set.
        DataError: ``root`` is missing or does not hold what the format promises; of a mix, the problems of all parts.
        ConfigError: the parts of a mix do not go together.
    """
    if "+" in name:
        return _load_mix(name, root)
    if name not in DATASETS:
        raise UnknownNameError("Data set", name, DATASETS, "mien datasets")
    if not root.exists():
        raise DataError(f"{root}: no such file or folder. Point --data to your copy of {name}.")
    module_name, function_name = DATASETS[name].loader.split(":")
    manifest: Manifest = getattr(import_module(module_name), function_name)(root)
    return manifest


def _load_mix(name: str, root: Path) -> Manifest:
    from mien.data.mix import mix

    parts = name.split("+")
    for part in parts:
        if part not in DATASETS:
            raise UnknownNameError("Data set", part, DATASETS, "mien datasets")
    manifests, problems = [], Problems()
    for part in parts:
        try:
            manifests.append(load_dataset(part, root / part))
        except DataError as error:
            problems.extend(error.problems or (str(error),))
    problems.raise_if_any(name)
    return mix(manifests)
