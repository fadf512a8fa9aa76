"""What every data set becomes: a list of samples with a picture, a label by name, a split and a source row."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from mien.errors import ConfigError, DataError
from mien.labels import LabelSet
from mien.types import Float, UInt8


@dataclass(frozen=True, eq=False, slots=True)
class Sample:
    """One labelled face."""

    image: UInt8 | Path
    """Grey (h, w) or RGB (h, w, 3) pixels, or the file that holds them."""
    label: str
    split: str
    """``training``, ``publictest``, ``privatetest`` or ``test``."""
    row: int
    """Row in the source, from 0; it names the sample in errors and in score files."""
    votes: Float | None = None
    """(K,) annotators' votes per label of the manifest, or None where nobody voted."""

    def pixels(self) -> UInt8:
        """Return the picture, grey (h, w) or RGB (h, w, 3).

        Raises:
            DataError: the file is missing or no picture.
        """
        if not isinstance(self.image, Path):
            return self.image
        # Through memory, since OpenCV's own file access knows no names beyond ASCII on Windows.
        content = np.frombuffer(self.image.read_bytes(), np.uint8) if self.image.is_file() else np.empty(0, np.uint8)
        picture = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if content.size else None
        if picture is None:
            raise DataError(f"{self.image}: not a readable picture. Remove or replace the file.")
        if picture.dtype != np.uint8:
            raise DataError(f"{self.image}: expected 8-bit pixels, got {picture.dtype}.")
        if picture.ndim == 2:
            return picture.astype(np.uint8, copy=False)
        return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB if picture.shape[2] == 3 else cv2.COLOR_BGRA2RGB).astype(np.uint8, copy=False)


@dataclass(frozen=True, eq=False)
class Manifest:
    """All samples of a data set, or of a part of it."""

    dataset: str
    labels: LabelSet
    samples: tuple[Sample, ...]
    label_source: str = "dataset"
    """Who gave the labels; printed beside every figure."""
    crops: str = "direct"
    """How faces were cut; ``direct`` means that the data set's own pictures are the crops."""

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
    def pixel_hashes(self) -> tuple[bytes, ...]:
        """SHA-256 of each sample's shape and pixels."""
        return tuple(_hash_pixels(sample.pixels()) for sample in self.samples)

    @cached_property
    def sha256(self) -> str:
        """Hash of all pixels, labels, splits and votes, in order: the identity of the data."""
        digest = hashlib.sha256("\n".join(self.labels).encode())
        for sample, pixel_hash in zip(self.samples, self.pixel_hashes, strict=True):
            votes = b"" if sample.votes is None else sample.votes.astype(np.float64).tobytes()
            digest.update(pixel_hash + f"{sample.label} {sample.split}".encode() + votes)
        return digest.hexdigest()


def _hash_pixels(pixels: UInt8) -> bytes:
    return hashlib.sha256(f"{pixels.shape}".encode() + pixels.tobytes()).digest()


@dataclass(frozen=True)
class Cleaning:
    """What was left out of a training set."""

    kept: int
    cross_split_duplicates: int
    constant_pictures: int

    def __str__(self) -> str:
        return (
            f"{self.kept} training images kept; left out: {self.cross_split_duplicates} whose pixels also stand in a "
            f"test split, {self.constant_pictures} of one constant grey"
        )


def clean_training(manifest: Manifest) -> tuple[Manifest, Cleaning]:
    """Return the training split without test pictures and without constant pictures, and what was left out."""
    training = manifest.split("training")
    test_hashes = {
        pixel_hash for sample, pixel_hash in zip(manifest.samples, manifest.pixel_hashes, strict=True) if sample.split != "training"
    }
    is_leak = [pixel_hash in test_hashes for pixel_hash in training.pixel_hashes]
    is_constant = [bool(np.ptp(sample.pixels()) == 0) for sample in training.samples]
    kept = tuple(sample for sample, leak, constant in zip(training.samples, is_leak, is_constant, strict=True) if not leak and not constant)
    only_constant = sum(constant and not leak for leak, constant in zip(is_leak, is_constant, strict=True))
    return replace(training, samples=kept), Cleaning(len(kept), sum(is_leak), only_constant)


def check_counts(manifest: Manifest, expected: Mapping[str, Sequence[int]]) -> None:
    """Compare the class counts of every split with the published ones.

    Raises:
        DataError: a split is missing, or any count differs; the message lists all of them.
    """
    splits = set(manifest.counts())
    missing = sorted({"training", "publictest", "privatetest"} - splits) if "test" not in splits else sorted({"training"} - splits)
    if missing:
        # Without a test split nobody can tell which training pictures stand in it.
        raise DataError(f"{manifest.dataset}: has no {' and no '.join(missing)} rows. The copy is cut short; get a whole one.")
    wrong = []
    for split, counts in manifest.counts().items():
        if split in expected and list(counts.values()) != list(expected[split]):
            wrong.append(f"{split} has {list(counts.values())}, expected {list(expected[split])}")
    if wrong:
        raise DataError(
            f"{manifest.dataset}: class counts ({', '.join(manifest.labels)}) differ from the published ones: "
            f"{'; '.join(wrong)}. The copy is incomplete or changed."
        )
