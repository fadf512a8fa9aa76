"""Which training pictures one epoch shows: all of them once, or as many of every label or source."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mien.data.manifest import Manifest

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SamplingSpec:
    """How uneven labels are evened out, in the ways that paper 002 names, or the data sets of a mix."""

    balance: str = "none"
    """``none``, ``oversample`` (repeat until every group has as many as the largest) or ``undersample`` (as few as the smallest)."""
    by: str = "label"
    """What a group is: a ``label``, or a ``source``, one data set of a mix."""
    augment_only_repeats: bool = False
    """Leave the first showing of a picture as it is, and change only its repeats: oversampling by augmentation."""

    def __post_init__(self) -> None:
        if self.balance not in ("none", "oversample", "undersample"):
            raise ValueError(f"balance must be 'none', 'oversample' or 'undersample', got {self.balance!r}")
        if self.by not in ("label", "source"):
            raise ValueError(f"by must be 'label' or 'source', got {self.by!r}")
        if self.augment_only_repeats and self.balance != "oversample":
            raise ValueError("augment_only_repeats needs balance = 'oversample'")


def spread(num_items: int, num_wanted: int) -> Indices:
    """Return so many indices evenly over all, or all of them; the first ones would often be of one label, as folders are read."""
    return np.linspace(0, num_items - 1, min(num_wanted, num_items)).round().astype(np.int64)


def spread_out(manifest: Manifest, num_wanted: int) -> Manifest:
    """Return so many samples evenly over all; 0 takes all."""
    if not 0 < num_wanted < len(manifest):
        return manifest
    return replace(manifest, samples=tuple(manifest.samples[index] for index in spread(len(manifest), num_wanted)))


def draw_of_each_label(manifest: Manifest, num_wanted: int, rng: np.random.Generator) -> list[int]:
    """Return the indices of so many samples of each label, by lot and without repeats; all of a label that has fewer."""
    chosen: list[int] = []
    for label in range(len(manifest.labels)):
        rows = np.flatnonzero(manifest.label_indices == label)
        chosen += rng.choice(rows, size=min(num_wanted, len(rows)), replace=False).tolist()
    return chosen


def group_indices(manifest: Manifest, spec: SamplingSpec) -> Indices:
    """Return the (N,) group of every sample."""
    if spec.by == "label":
        return manifest.label_indices
    sources = list(dict.fromkeys(sample.source for sample in manifest.samples))
    return np.array([sources.index(sample.source) for sample in manifest.samples], np.int64)


def epoch_length(groups: Indices, spec: SamplingSpec) -> int:
    """Return how many pictures an epoch shows."""
    counts = np.bincount(groups)
    counts = counts[counts > 0]
    if spec.balance == "oversample":
        return int(counts.max()) * len(counts)
    if spec.balance == "undersample":
        return int(counts.min()) * len(counts)
    return len(groups)


def epoch_order(groups: Indices, spec: SamplingSpec, rng: np.random.Generator) -> tuple[Indices, npt.NDArray[np.bool_]]:
    """Return the pictures of one epoch in random order, and which of them are repeats.

    Args:
        groups: (N,) from ``group_indices``.

    Returns:
        (M,) positions in 0..N-1 and (M,) whether the position was already taken once, M from ``epoch_length``.
    """
    if spec.balance == "none":
        return rng.permutation(len(groups)), np.zeros(len(groups), bool)
    counts = np.bincount(groups)
    size = int(counts.max() if spec.balance == "oversample" else counts[counts > 0].min())
    chosen, repeated = [], []
    for group in np.flatnonzero(counts):
        rows = rng.permutation(np.flatnonzero(groups == group))[:size]
        # All of a group are repeated equally often, up to one.
        times = -(-size // len(rows))
        chosen.append(np.tile(rows, times)[:size])
        repeated.append(np.arange(size) >= len(rows))
    shuffled = rng.permutation(size * len(chosen))
    return np.concatenate(chosen)[shuffled], np.concatenate(repeated)[shuffled]
