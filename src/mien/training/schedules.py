"""The learning rate as a function of the epoch and of the history, so that a resumed run finds the same rate."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mien.training.history import EpochResult, check_monitor, is_better

NAMES = ("constant", "cosine", "restarts", "one_cycle", "step", "plateau")


@dataclass(frozen=True)
class ScheduleSpec:
    """How the rate moves; the schedules that paper 003 compares, and the plateau of 000."""

    name: str = "cosine"
    """``constant``, ``cosine`` (to zero), ``restarts`` (cosine again and again), ``one_cycle``, ``step`` or ``plateau``."""
    warmup_epochs: float = 0.0
    """Linear from zero; not for ``one_cycle``, which has its own."""
    every_epochs: float = 10.0
    """Of ``step``: between two falls; of ``restarts``: length of the first period."""
    period_factor: float = 1.0
    """Of ``restarts``: each period is this much longer than the one before."""
    factor: float = 0.5
    """Of ``step`` and ``plateau``: the rate is multiplied by this."""
    patience: int = 5
    """Of ``plateau``: epochs without a better result before the rate falls."""
    floor: float = 0.0
    """Of ``plateau``: the rate never falls below."""
    monitor: str = "validation_accuracy"
    """Of ``plateau``: what should get better."""

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise ValueError(f"name must be one of {', '.join(NAMES)}, got {self.name!r}")
        for name in ("every_epochs", "period_factor", "factor", "patience"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        if self.period_factor < 1:
            raise ValueError(f"period_factor must be at least 1, since shorter and shorter periods never end, got {self.period_factor}")
        if not (self.warmup_epochs >= 0 and self.floor >= 0):
            raise ValueError(f"warmup_epochs and floor must be 0 or above, got {self.warmup_epochs} and {self.floor}")
        check_monitor(self.monitor)


def learning_rate(spec: ScheduleSpec, base: float, num_epochs: int, at_epoch: float, history: Sequence[EpochResult]) -> float:
    """Return the rate of one step.

    Args:
        base: The highest rate.
        at_epoch: Epochs done before this step, with the fraction of the running one.
        history: Results of all finished epochs.
    """
    if spec.name == "one_cycle":
        return _one_cycle(base, at_epoch / num_epochs)
    if at_epoch < spec.warmup_epochs:
        return base * at_epoch / spec.warmup_epochs
    since = at_epoch - spec.warmup_epochs
    shares = {
        "constant": lambda: 1.0,
        "cosine": lambda: _half_cosine(since / max(num_epochs - spec.warmup_epochs, 1e-9)),
        "restarts": lambda: _half_cosine(_share_of_period(since, spec.every_epochs, spec.period_factor)),
        "step": lambda: spec.factor ** math.floor(since / spec.every_epochs),
        "plateau": lambda: max(spec.factor ** _num_plateaus(spec, history), min(1.0, spec.floor / base)),
    }
    return float(base * shares[spec.name]())


def _half_cosine(share: float) -> float:
    """Fall from 1 to 0 while ``share`` goes from 0 to 1 (Loshchilov and Hutter 2017)."""
    return (1 + math.cos(math.pi * min(share, 1.0))) / 2


def _share_of_period(epoch: float, length: float, factor: float) -> float:
    """Return how much of the running period has passed."""
    while epoch >= length:
        epoch, length = epoch - length, length * factor
    return epoch / length


def _one_cycle(base: float, share: float) -> float:
    """Rise from base / 25 for 30 % of the training, then fall to base / 250,000: PyTorch's form of Smith and Topin (2018)."""
    low, end, rise = base / 25, base / 25 / 1e4, 0.3
    if share < rise:
        return base + (low - base) * _half_cosine(share / rise)
    return end + (base - end) * _half_cosine((share - rise) / (1 - rise))


def _num_plateaus(spec: ScheduleSpec, history: Sequence[EpochResult]) -> int:
    """Count how often nothing got better for ``patience`` epochs; after each fall the count of stale epochs starts anew."""
    num_falls, since, best = 0, 0, 0
    for position, result in enumerate(history):
        if is_better(result, history[best], spec.monitor):
            best = position
        if min(position - best, position + 1 - since) >= spec.patience:
            num_falls, since = num_falls + 1, position + 1
    return num_falls
