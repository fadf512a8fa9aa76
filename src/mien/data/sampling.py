"""Which training pictures one epoch shows: all of them once, or as many of every label."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SamplingSpec:
    """How uneven labels are evened out; the ways that paper 002 names."""

    balance: str = "none"
    """``none``, ``oversample`` (repeat until every label has as many as the largest) or ``undersample`` (as few as the smallest)."""
    augment_only_repeats: bool = False
    """Leave the first showing of a picture as it is, and change only its repeats: oversampling by augmentation."""

    def __post_init__(self) -> None:
        if self.balance not in ("none", "oversample", "undersample"):
            raise ValueError(f"balance must be 'none', 'oversample' or 'undersample', got {self.balance!r}")
        if self.augment_only_repeats and self.balance != "oversample":
            raise ValueError("augment_only_repeats needs balance = 'oversample'")


def epoch_length(label_indices: Indices, spec: SamplingSpec) -> int:
    """Return how many pictures an epoch shows."""
    counts = np.bincount(label_indices)
    counts = counts[counts > 0]
    if spec.balance == "oversample":
        return int(counts.max()) * len(counts)
    if spec.balance == "undersample":
        return int(counts.min()) * len(counts)
    return len(label_indices)


def epoch_order(label_indices: Indices, spec: SamplingSpec, rng: np.random.Generator) -> tuple[Indices, npt.NDArray[np.bool_]]:
    """Return the pictures of one epoch in random order, and which of them are repeats.

    Args:
        label_indices: (N,) label of every picture.

    Returns:
        (M,) positions in 0..N-1 and (M,) whether the position was already taken once, M from ``epoch_length``.
    """
    if spec.balance == "none":
        return rng.permutation(len(label_indices)), np.zeros(len(label_indices), bool)
    counts = np.bincount(label_indices)
    size = int(counts.max() if spec.balance == "oversample" else counts[counts > 0].min())
    chosen, repeated = [], []
    for label in np.flatnonzero(counts):
        rows = rng.permutation(np.flatnonzero(label_indices == label))[:size]
        repeats = rng.choice(rows, size - len(rows))
        chosen.append(np.concatenate([rows, repeats]))
        repeated.append(np.arange(size) >= len(rows))
    shuffled = rng.permutation(size * len(chosen))
    return np.concatenate(chosen)[shuffled], np.concatenate(repeated)[shuffled]
