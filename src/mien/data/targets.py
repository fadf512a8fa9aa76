"""What the network is asked to answer: the data set's label, mixed with annotators' votes and smoothed."""

from dataclasses import dataclass

import numpy as np

from mien.data.manifest import Manifest
from mien.errors import ConfigError
from mien.types import Float


@dataclass(frozen=True)
class TargetSpec:
    """How labels and votes become probabilities."""

    vote_weight: float = 0.0
    """Share of the vote distribution; the rest is the data set's label. Samples without votes use the label alone."""
    label_smoothing: float = 0.0
    """Share spread evenly over all labels."""

    def __post_init__(self) -> None:
        for name in ("vote_weight", "label_smoothing"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in 0..1, got {getattr(self, name)}")


def soft_targets(manifest: Manifest, spec: TargetSpec) -> Float:
    """Return (N, K) float32 targets; each row sums to 1.

    Raises:
        ConfigError: votes are asked for and the manifest has none.
    """
    num_labels = len(manifest.labels)
    targets = np.eye(num_labels)[manifest.label_indices]
    if spec.vote_weight > 0:
        if all(sample.votes is None for sample in manifest.samples):
            raise ConfigError(
                f"{manifest.dataset}: the recipe mixes in votes, and there are none. Put fer2013new.csv beside the data, "
                "or train on labels alone with --set targets.vote_weight=0."
            )
        for index, sample in enumerate(manifest.samples):
            if sample.votes is not None:
                targets[index] += spec.vote_weight * (sample.votes / sample.votes.sum() - targets[index])
    smoothed: Float = (targets * (1 - spec.label_smoothing) + spec.label_smoothing / num_labels).astype(np.float32)
    return smoothed
