"""What every data set becomes: a list of samples with a picture, a label by name, a split and a source row."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from mien.data.problems import Problems
from mien.errors import ConfigError, DataError
from mien.labels import LabelSet
from mien.pictures import orientation_of, turn_upright
from mien.types import Float, UInt8


@dataclass(frozen=True, eq=False, slots=True)
class Sample:
    """One labelled face."""

    image: UInt8 | Path
    """Grey (h, w) or RGB (h, w, 3) pixels, or the file that holds them."""
    label: str
    split: str
    """``training``, ``validation``, ``publictest``, ``privatetest`` or ``test``."""
    row: int
    """Row in the source, from 0; it names the sample in errors and in score files."""
    votes: Float | None = None
    """(K,) annotators' votes per label of the manifest, or None where nobody voted."""
    subject: str = ""
    """The person shown, where the data set tells; no two people of one source share a name."""
    pose: str = ""
    """The angle of the head in the words of the data set, where it tells."""
    crop_xyxy: tuple[float, float, float, float] | None = None
    """The face's box in the file, in pixels; None takes the whole picture."""
    source: str = ""
    """The data set a sample of a mix came from; empty where the manifest has one source."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Whatever else the data set tells, by the name of its column: age, sex, lighting."""

    def pixels(self) -> UInt8:
        """Return the picture, cut to the face's box where there is one: grey (h, w) or RGB (h, w, 3).

        Raises:
            DataError: the file is missing or no picture, or the box lies outside it.
        """
        picture = _read(self.image) if isinstance(self.image, Path) else self.image
        if self.crop_xyxy is None:
            return picture
        height, width = picture.shape[:2]
        left, top, right, bottom = (round(value) for value in self.crop_xyxy)
        face = picture[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
        if not face.size:
            raise DataError(
                f"{self.image}, row {self.row}: nothing is left of the face's box {self.crop_xyxy} in a picture of "
                f"{width}x{height} pixels. Mend the box or remove the row."
            )
        return np.ascontiguousarray(face)


def _read(path: Path) -> UInt8:
    """Return the picture in a file, grey (h, w) or RGB (h, w, 3), upright by its EXIF orientation as ``mien.pictures`` reads it."""
    # Through memory, since OpenCV's own file access knows no names beyond ASCII on Windows.
    content = np.frombuffer(path.read_bytes(), np.uint8) if path.is_file() else np.empty(0, np.uint8)
    picture = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if content.size else None  # as it is stored: grey stays grey, nothing is turned
    if picture is None:
        raise DataError(f"{path}: not a readable picture. Replace the file, or remove it from the data set.")
    if picture.dtype == np.uint16:
        picture = np.rint(picture / 257)
    elif picture.dtype != np.uint8:
        raise DataError(f"{path}: expected 8-bit or 16-bit pixels, got {picture.dtype}. Convert the file.")
    levels = turn_upright(picture.astype(np.uint8, copy=False), orientation_of(content.tobytes()))
    if levels.ndim == 2:
        return levels
    return cv2.cvtColor(levels, cv2.COLOR_BGR2RGB if levels.shape[2] == 3 else cv2.COLOR_BGRA2RGB).astype(np.uint8, copy=False)


@dataclass(frozen=True, slots=True)
class PixelFacts:
    """What is known of a picture once it was decoded."""

    sha256: bytes
    """Of shape and pixels."""
    is_constant: bool
    """One grey all over."""


class PixelMemo:
    """Facts of pictures in files, each of which is decoded once, however many parts of a data set are made of it."""

    def __init__(self) -> None:
        self._known: dict[tuple[Path, tuple[float, ...] | None], PixelFacts] = {}

    def __call__(self, sample: Sample) -> PixelFacts:
        """Return the facts of a sample's picture.

        Raises:
            DataError: the picture cannot be read.
        """
        if not isinstance(sample.image, Path):
            return _look(sample.image)
        key = (sample.image, sample.crop_xyxy)
        if key not in self._known:
            self._known[key] = _look(sample.pixels())
        return self._known[key]


def _look(pixels: UInt8) -> PixelFacts:
    digest = hashlib.sha256(f"{pixels.shape}".encode() + pixels.tobytes()).digest()
    return PixelFacts(digest, bool(np.ptp(pixels) == 0))


@dataclass(frozen=True, eq=False)
class Manifest:
    """All samples of a data set, or of a part of it."""

    dataset: str
    labels: LabelSet
    samples: tuple[Sample, ...]
    label_source: str = "dataset"
    """Who gave the labels; printed beside every figure."""
    crops: str = "direct"
    """How faces were cut: ``direct`` (the data set's own pictures are the crops), ``box`` (by the boxes it comes with) or
    ``whole`` (not at all: the pictures show more than the face and want a detector)."""
    look: PixelMemo = field(default_factory=PixelMemo, repr=False)
    """Shared with all parts that are made of this manifest."""

    def __len__(self) -> int:
        return len(self.samples)

    def split(self, name: str) -> "Manifest":
        """Return the samples of one split; ``test`` is PublicTest and PrivateTest merged where those exist.

        Raises:
            ConfigError: the data set has no such split.
        """
        wanted = {"test", "publictest", "privatetest"} if name == "test" else {name}
        samples = tuple(sample for sample in self.samples if sample.split in wanted)
        if not samples:
            present = sorted({sample.split for sample in self.samples})
            raise ConfigError(f"{self.dataset} here has no split {name!r}; it has {', '.join(present)}.")
        return replace(self, samples=samples)

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the number of samples per split and label."""
        table: dict[str, Counter[str]] = {}
        for sample in self.samples:
            table.setdefault(sample.split, Counter())[sample.label] += 1
        return {split: {label: counter[label] for label in self.labels} for split, counter in table.items()}

    @cached_property
    def label_indices(self) -> np.ndarray:
        """(N,) int64 position of each sample's label in ``labels``."""
        position = {label: index for index, label in enumerate(self.labels)}
        return np.array([position[sample.label] for sample in self.samples], np.int64)

    @cached_property
    def pixel_facts(self) -> tuple[PixelFacts, ...]:
        """Of each sample.

        Raises:
            DataError: pictures cannot be read; it lists all of them.
        """
        problems = Problems()
        facts = []
        for sample in self.samples:
            try:
                facts.append(self.look(sample))
            except DataError as error:
                problems.add(str(error))
        problems.raise_if_any(self.dataset)
        return tuple(facts)

    @property
    def pixel_hashes(self) -> tuple[bytes, ...]:
        """SHA-256 of each sample's shape and pixels; see ``pixel_facts``."""
        return tuple(facts.sha256 for facts in self.pixel_facts)

    @cached_property
    def sha256(self) -> str:
        """Hash of all pixels, labels, splits and votes, in order: the identity of the data."""
        digest = hashlib.sha256("\n".join(self.labels).encode())
        for sample, pixel_hash in zip(self.samples, self.pixel_hashes, strict=True):
            votes = b"" if sample.votes is None else sample.votes.astype(np.float64).tobytes()
            digest.update(pixel_hash + f"{sample.label} {sample.split}".encode() + votes)
        return digest.hexdigest()


@dataclass(frozen=True)
class Cleaning:
    """What was left out of a training set."""

    kept: int
    cross_split_duplicates: int
    constant_pictures: int

    def __str__(self) -> str:
        return (
            f"{self.kept} training images kept; left out: {self.cross_split_duplicates} whose pixels also stand in "
            f"another split, {self.constant_pictures} of one constant grey"
        )


def clean_training(manifest: Manifest, whole: Manifest | None = None) -> tuple[Manifest, Cleaning]:
    """Return the training split without test pictures and without constant pictures, and what was left out.

    Args:
        whole: The data set before labels were chosen and splits dealt: its test pictures are left out too, also those whose labels were not
            chosen. Of a data set without a training split, or such a part of a mix, nothing more.
    """
    training = manifest.split("training")
    test_hashes = _test_hashes(manifest)
    if whole is not None and (with_splits := sources_with_splits(whole)):
        test_hashes |= _test_hashes(replace(whole, samples=tuple(one for one in whole.samples if one.source in with_splits)))
    is_leak = [facts.sha256 in test_hashes for facts in training.pixel_facts]
    is_constant = [facts.is_constant for facts in training.pixel_facts]
    kept = tuple(sample for sample, leak, constant in zip(training.samples, is_leak, is_constant, strict=True) if not leak and not constant)
    only_constant = sum(constant and not leak for leak, constant in zip(is_leak, is_constant, strict=True))
    return replace(training, samples=kept), Cleaning(len(kept), sum(is_leak), only_constant)


def sources_with_splits(manifest: Manifest) -> set[str]:
    """Return the parts of a mix that have a training split of their own; of any other data set its one source, where it has one."""
    return {sample.source for sample in manifest.samples if sample.split == "training"}


def _test_hashes(manifest: Manifest) -> set[bytes]:
    return {pixel_hash for sample, pixel_hash in zip(manifest.samples, manifest.pixel_hashes, strict=True) if sample.split != "training"}


def check_classes(manifest: Manifest, problems: Problems) -> None:
    """Add a problem for every label that a split has no picture of."""
    for split, counts in manifest.counts().items():
        problems.extend(
            f"{manifest.dataset}: split {split!r} has no picture of {label!r}. Add some, or leave the label out everywhere."
            for label, count in counts.items()
            if not count
        )


def check_counts(manifest: Manifest, expected: Mapping[str, Sequence[int]], problems: Problems) -> None:
    """Add a problem for every split that is missing or whose class counts differ from the published ones.

    Args:
        expected: Split to counts in the order of the manifest's labels.
    """
    found = manifest.counts()
    for split, counts in expected.items():
        if split not in found:
            problems.add(f"{manifest.dataset}: has no {split} rows. The copy is cut short; get a whole one.")
        elif list(found[split].values()) != list(counts):
            problems.add(
                f"{manifest.dataset}: class counts ({', '.join(manifest.labels)}) differ from the published ones: "
                f"{split} has {list(found[split].values())}, expected {list(counts)}. The copy is incomplete or changed."
            )
