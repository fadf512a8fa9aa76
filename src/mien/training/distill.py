"""A teacher's answers as targets (Hinton et al. 2015): computed on the very pictures that the student sees."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mien.preprocess import Float32
from mien.training.losses import scores_of_logits
from mien.types import Float

if TYPE_CHECKING:
    from keras import Model


@dataclass(frozen=True)
class DistillSpec:
    """Whom to learn from, and how much."""

    teacher: str = ""
    """Run folder of a finished run with the same labels and preprocessing; empty learns from the labels alone."""
    weight: float = 0.5
    """Share of the teacher's answer in the targets."""
    temperature: float = 1.0
    """Above 1 flattens the teacher's answer."""

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= 1:
            raise ValueError(f"weight must lie in 0..1, got {self.weight}")
        if self.temperature <= 0:
            raise ValueError(f"temperature must be above 0, got {self.temperature}")


def teaching(teacher: "Model", loss_name: str, spec: DistillSpec) -> Callable[[Float32, Float], Float]:
    """Return what turns a batch's targets into a blend with the teacher's answers.

    Args:
        teacher: From (N, H, W, C) inputs to (N, K) logits.
        loss_name: That the teacher was trained with; it says how logits become scores.
    """

    def teach(inputs: Float32, targets: Float) -> Float:
        logits = np.asarray(teacher.predict_on_batch(inputs), np.float64) / spec.temperature
        answers = scores_of_logits(logits, loss_name)
        blended: Float = (targets * (1 - spec.weight) + answers * spec.weight).astype(np.float32)
        return blended

    return teach
