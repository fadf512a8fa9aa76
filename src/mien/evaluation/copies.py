"""Which test pictures a network could have learned by heart: those that stand in training as well.

Public face sets were gathered by searching the web, and the same photograph came more than once. A network that was trained on its copy may
remember the label, so its accuracy on such pictures says little of faces that nobody has seen.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mien.data.manifest import Manifest
from mien.data.scores import predicted_indices
from mien.errors import ConfigError
from mien.evaluation.evaluate import Evaluation
from mien.evaluation.statistics import accuracy_interval
from mien.preprocess import Float32
from mien.types import UInt8

NEAR = 0.95
"""Correlation from which two pictures of FER2013 are one photograph, cut, compressed or marked differently; judged by eye."""
SIDE_PX = 20
MARGIN = 1 / 12
"""Left out on each side: frames and marks."""
CHUNK = 512

Bool = npt.NDArray[np.bool_]
Int = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Copies:
    """What training holds of each test picture."""

    is_exact: Bool
    """(N,) the same pixels."""
    is_near: Bool
    """(N,) not the same pixels, but the same photograph or its mirror image."""
    training_labels: tuple[str, ...]
    """(N,) label of the most alike training picture."""


def find_copies(test: Manifest, data: Manifest) -> Copies:
    """Look for every test picture in training: by its pixels, then by how alike small blurred versions are.

    Args:
        data: The whole data set that the test pictures come from.

    Raises:
        ConfigError: the pictures are themselves those of training, or the data set has none.
        DataError: pictures cannot be read.
    """
    if any(sample.split == "training" for sample in test.samples):
        raise ConfigError("Copies are looked for in training, so choose a test split, not training itself.")
    training = data.split("training")
    known = {pixel_hash: sample.label for pixel_hash, sample in zip(training.pixel_hashes, training.samples, strict=True)}
    is_exact = np.array([pixel_hash in known for pixel_hash in test.pixel_hashes], bool)
    likeness, nearest = _most_alike(test, training)
    labels = [
        known.get(pixel_hash, training.samples[index].label) for pixel_hash, index in zip(test.pixel_hashes, nearest.tolist(), strict=True)
    ]
    return Copies(is_exact, ~is_exact & (likeness >= NEAR), tuple(labels))


def measure_copies(evaluation: Evaluation, copies: Copies) -> dict[str, Any]:
    """Return accuracy on the test pictures that training holds exactly, on those it holds nearly, and on all others.

    ``remembered`` is the share of copies with the label that their copy has in training: what knowing training by heart would give there.
    """
    manifest = evaluation.manifest
    is_right = predicted_indices(evaluation.scores) == manifest.label_indices
    is_same = np.array([sample.label == label for sample, label in zip(manifest.samples, copies.training_labels, strict=True)], bool)
    parts = {"exact": copies.is_exact, "near": copies.is_near, "unseen": ~copies.is_exact & ~copies.is_near}
    rows: dict[str, Any] = {name: {"n": int(part.sum())} for name, part in parts.items()}
    for name, part in parts.items():
        if part.any():
            rows[name] |= {"accuracy": float(is_right[part].mean()), "accuracy_interval": vars(accuracy_interval(is_right[part]))}
        if part.any() and name != "unseen":
            rows[name]["remembered"] = float(is_same[part].mean())
    return rows


def _most_alike(test: Manifest, training: Manifest) -> tuple[Float32, Int]:
    """Return (N,) correlation with the most alike training picture, mirrored or not, and (N,) its index."""
    known = _small([sample.pixels() for sample in training.samples])
    likeness, nearest = np.empty(len(test), np.float32), np.empty(len(test), np.int64)
    for start in range(0, len(test), CHUNK):
        part = slice(start, start + CHUNK)
        faces = [sample.pixels() for sample in test.samples[part]]
        both = np.maximum(_small(faces) @ known.T, _small([face[:, ::-1] for face in faces]) @ known.T)
        nearest[part], likeness[part] = both.argmax(axis=1), both.max(axis=1)
    return likeness, nearest


def _small(faces: list[UInt8]) -> Float32:
    """Return (n, 400) small grey versions with mean 0 and length 1, so that products are correlations."""
    rows = np.stack([_reduce(face) for face in faces]).reshape(len(faces), -1).astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return rows


def _reduce(face: UInt8) -> UInt8:
    height, width = face.shape[:2]
    top, left = round(height * MARGIN), round(width * MARGIN)
    grey = face if face.ndim == 2 else cv2.cvtColor(face, cv2.COLOR_RGB2GRAY)
    inner = np.ascontiguousarray(grey[top : height - top, left : width - left])
    return cv2.resize(cv2.GaussianBlur(inner, (0, 0), width / 48), (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA).astype(np.uint8)
