"""Features of a frozen backbone, computed once: of every picture and of its mirror image."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mien.atomic import atomic_path
from mien.data.batches import Batch, prefetch
from mien.data.faces import Faces, to_input_pixels
from mien.data.sampling import Indices, SamplingSpec, epoch_length, epoch_order
from mien.preprocess import Float32, normalize
from mien.training.checkpoint import values_of
from mien.types import Float, OnProgress

if TYPE_CHECKING:
    from keras import Model

CHUNK = 1024
"""Pictures per file; an interrupted session repeats at most one."""
BATCH = 64


@dataclass(frozen=True, eq=False)
class FeatureFeed:
    """Training batches of features; each epoch takes a picture or its mirror image by lot."""

    features: Float32
    """(N, 2, d): of the picture, and of its mirror image."""
    groups: Indices
    """(N,) what ``sampling`` evens out."""
    targets: Float
    mirror_probability: float
    sampling: SamplingSpec
    batch_size: int
    seed: int

    @property
    def num_steps(self) -> int:
        """Batches in an epoch."""
        return epoch_length(self.groups, self.sampling) // self.batch_size

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield one epoch of full batches; the same seed and epoch give the same ones."""
        rng = np.random.default_rng((self.seed, epoch))
        order, _ = epoch_order(self.groups, self.sampling, rng)
        is_mirrored = (rng.random(len(order)) < self.mirror_probability).astype(int)
        for step in range(self.num_steps):
            part = slice(step * self.batch_size, (step + 1) * self.batch_size)
            yield self.features[order[part], is_mirrored[part]], self.targets[order[part]]


def feature_key(backbone: "Model", faces: Faces) -> str:
    """Return a hash of everything that features depend on: network, precision, weights, pictures, preprocessing."""
    precision = {layer.dtype_policy.name for layer in backbone.layers}
    about = f"{[layer.name for layer in backbone.layers]} {sorted(precision)} {faces.preprocess}"
    digest = hashlib.sha256(about.encode() + faces.manifest.sha256.encode())
    for variable in backbone.weights:
        digest.update(values_of(variable).tobytes())
    return digest.hexdigest()[:16]


def cached_features(backbone: "Model", faces: Faces, mirrored: bool, folder: Path, on_progress: OnProgress) -> Float32:
    """Return (N, 2, d) features, or (N, 1, d) without mirror images, from ``folder`` as far as they are there.

    Args:
        folder: Receives one file per chunk, under a name that says what they belong to.
        on_progress: Called with (pictures done, pictures in all).

    Raises:
        OutputError: the folder cannot be written, or the disk is full.
    """
    key = feature_key(backbone, faces)
    parts = []
    for start in range(0, len(faces), CHUNK):
        path = folder / f"{key}-{'both' if mirrored else 'plain'}-{start:07d}.npy"
        stop = min(start + CHUNK, len(faces))
        chunk = _read(path)
        if chunk is None:
            chunk = _features(backbone, faces, mirrored, range(start, stop), on_progress)
            with atomic_path(path) as temporary, temporary.open("wb") as file:
                np.save(file, chunk, allow_pickle=False)
        parts.append(chunk)
        on_progress(stop, len(faces))
    features: Float32 = np.concatenate(parts)
    return features


def _read(path: Path) -> Float32 | None:
    """Return the features in a file; None where it is missing or damaged, and has to be made anew."""
    try:
        with path.open("rb") as file:
            chunk: Float32 = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return chunk


def _features(backbone: "Model", faces: Faces, mirrored: bool, indices: range, on_progress: OnProgress) -> Float32:
    """Return the features of some pictures."""
    num_views = 2 if mirrored else 1

    def build(step: int) -> Float32:
        pictures = []
        for index in indices[step * BATCH : (step + 1) * BATCH]:
            pixels = to_input_pixels(faces[index], faces.preprocess)
            pictures += [pixels, pixels[:, ::-1]][:num_views]
        return normalize(np.stack(pictures), faces.preprocess)

    parts = []
    for inputs in prefetch(build, -(-len(indices) // BATCH)):
        parts.append(np.asarray(backbone.predict_on_batch(inputs), np.float32))
        on_progress(indices.start + sum(map(len, parts)) // num_views, len(faces))
    return np.concatenate(parts).reshape(len(indices), num_views, -1)
