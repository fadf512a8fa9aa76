"""What a run knows of its finished epochs, and when it should stop."""

from collections.abc import Sequence
from dataclasses import dataclass

EpochResult = dict[str, float]
"""Epoch, learning rate, loss and accuracy of training and validation."""

_SIGN = {"validation_accuracy": 1.0, "validation_loss": -1.0}


def check_monitor(name: str) -> None:
    """Raise ValueError unless ``name`` is a result that can get better."""
    if name not in _SIGN:
        raise ValueError(f"monitor must be one of {', '.join(_SIGN)}, got {name!r}")


def is_better(result: EpochResult, other: EpochResult, monitor: str) -> bool:
    """Return whether the monitored result of one epoch is better than another's."""
    return _SIGN[monitor] * result[monitor] > _SIGN[monitor] * other[monitor]


def best_epoch(history: Sequence[EpochResult], monitor: str) -> int:
    """Return the position of the first best epoch."""
    return max(range(len(history)), key=lambda index: (_SIGN[monitor] * history[index][monitor], -index))


def stale_epochs(history: Sequence[EpochResult], monitor: str) -> int:
    """Return how many epochs have passed since the best one."""
    return len(history) - 1 - best_epoch(history, monitor) if history else 0


@dataclass(frozen=True)
class StoppingSpec:
    """When training ends, and which epoch's weights are kept."""

    patience: int = 0
    """Stop after this many epochs without a better result; 0 never stops early."""
    monitor: str = "validation_accuracy"
    keep: str = "last"
    """``last`` epoch, or the ``best`` one."""

    def __post_init__(self) -> None:
        check_monitor(self.monitor)
        if self.keep not in ("last", "best"):
            raise ValueError(f"keep must be 'last' or 'best', got {self.keep!r}")
        if self.patience < 0:
            raise ValueError(f"patience must be 0 or above, got {self.patience}")


def is_over(history: Sequence[EpochResult], spec: StoppingSpec, num_epochs: int) -> bool:
    """Return whether training is finished."""
    return len(history) >= num_epochs or bool(spec.patience and stale_epochs(history, spec.monitor) >= spec.patience)


def is_best(history: Sequence[EpochResult], spec: StoppingSpec) -> bool:
    """Return whether the last epoch is the one to keep so far."""
    return stale_epochs(history, spec.monitor) == 0
