"""What training minimises."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mien.errors import ConfigError
from mien.types import Float

LOSSES = ("crossentropy", "focal", "any_target", "binary_crossentropy")


@dataclass(frozen=True)
class LossSpec:
    """The loss, and how much each label counts in it."""

    name: str = "crossentropy"
    """``crossentropy`` over a softmax, ``focal`` (arXiv 1708.02002), ``any_target`` (multi-label learning of arXiv 1608.01041: only the
    likeliest of a face's labels counts), or ``binary_crossentropy`` over one sigmoid per label."""
    focal_gamma: float = 2.0
    class_weights: str = "none"
    """``none``, or ``balanced``: inverse to the number of training pictures. Their mean over the pictures is 1."""
    weights: tuple[float, ...] = ()
    """One weight per label, in place of ``class_weights``."""
    agreement: float = 0.0
    """Weight of how much the answers to two views of a face differ, each view changed on its own: their Jensen-Shannon divergence
    (AugMix, arXiv 1912.02781). Above zero, a batch holds half as many faces, twice."""

    def __post_init__(self) -> None:
        if self.name not in LOSSES:
            raise ValueError(f"name must be one of {', '.join(LOSSES)}, got {self.name!r}")
        if self.class_weights not in ("none", "balanced"):
            raise ValueError(f"class_weights must be 'none' or 'balanced', got {self.class_weights!r}")
        if self.weights and self.class_weights != "none":
            raise ValueError("give either class_weights or weights")
        if not 0 <= self.focal_gamma < np.inf:
            raise ValueError(f"focal_gamma must be 0 or above, got {self.focal_gamma}")
        if not 0 <= self.agreement < np.inf:
            raise ValueError(f"agreement must be 0 or above, got {self.agreement}")
        if self.agreement and self.name == "binary_crossentropy":
            raise ValueError("agreement compares softmax scores; take loss.name = 'crossentropy' or 'focal'")
        if not all(0 < weight < np.inf for weight in self.weights):
            raise ValueError(f"weights must be above 0, got {self.weights}")


def build_loss(spec: LossSpec) -> Any:
    """Return a Keras loss on logits."""
    base = _build_base_loss(spec)
    return _with_agreement(base, spec.agreement) if spec.agreement else base


def _with_agreement(base: Any, weight: float) -> Any:
    """Return a loss that also asks the answers to both views of a face, which stand together, to agree."""
    from keras import KerasTensor, ops

    base.reduction = None

    def loss(targets: KerasTensor, logits: KerasTensor) -> KerasTensor:
        log_scores = ops.log_softmax(ops.reshape(logits, (-1, 2, logits.shape[-1])))
        log_middle = ops.logsumexp(log_scores, axis=1, keepdims=True) - np.log(2)
        apart = ops.sum(ops.exp(log_scores) * (log_scores - log_middle), axis=-1)  # (n, 2): of each view from the middle of both
        divergence = ops.repeat(ops.mean(apart, axis=1), 2)
        return base(targets, logits) + weight * divergence

    return loss


def _build_base_loss(spec: LossSpec) -> Any:
    import keras

    if spec.name == "focal":
        # Its alpha is one factor for all labels; label weights are given with the samples.
        return keras.losses.CategoricalFocalCrossentropy(alpha=1.0, gamma=spec.focal_gamma, from_logits=True)
    if spec.name == "any_target":
        return _any_target
    if spec.name == "binary_crossentropy":
        return keras.losses.BinaryCrossentropy(from_logits=True)
    return keras.losses.CategoricalCrossentropy(from_logits=True)


def _any_target(targets: Any, logits: Any) -> Any:
    """Return (N,) the negative logarithm of the largest product of target and score."""
    from keras import ops

    return -ops.max(ops.log(ops.maximum(targets, 1e-30)) + ops.log_softmax(logits), axis=-1)


def label_weights(spec: LossSpec, label_indices: np.ndarray, num_labels: int) -> Float | None:
    """Return (K,) weights, or None where all labels count alike.

    Raises:
        ConfigError: the recipe gives another number of weights than there are labels, or a label has no picture.
    """
    if not spec.weights and spec.class_weights == "none":
        return None
    counts = np.bincount(label_indices, minlength=num_labels)
    if spec.weights and len(spec.weights) != num_labels:
        raise ConfigError(f"loss.weights has {len(spec.weights)} values for {num_labels} labels.")
    if not spec.weights and not counts.all():
        raise ConfigError("loss.class_weights: a label has no training picture, so its weight would be infinite.")
    weights = np.array(spec.weights) if spec.weights else 1 / counts
    scaled: Float = weights * counts.sum() / (weights * counts).sum()
    return scaled


def scores_of_logits(logits: Float, loss_name: str) -> Float:
    """Return (N, K) scores that sum to 1: the softmax, or for a sigmoid network its K answers divided by their sum."""
    if loss_name == "binary_crossentropy":
        answers = 1 / (1 + np.exp(-np.clip(logits, -60, 60)))
    else:
        answers = np.exp(logits - logits.max(axis=1, keepdims=True))
    scores: Float = answers / answers.sum(axis=1, keepdims=True)
    return scores
