"""What a table of scores is worth, in NumPy alone; rates in 0..1."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mien.types import Float

Int = npt.NDArray[np.int64]
NUM_CALIBRATION_BINS = 15


@dataclass(frozen=True)
class ClassMetrics:
    """One label against the rest."""

    precision: float
    """0 where nothing was given this label."""
    recall: float
    f1: float
    support: int


def confusion_counts(labels: Int, predicted: Int, num_labels: int) -> Int:
    """Return (K, K) counts: true label in rows, predicted one in columns."""
    counts: Int = np.bincount(labels * num_labels + predicted, minlength=num_labels**2).reshape(num_labels, num_labels)
    return counts


def class_metrics(confusion: Int) -> list[ClassMetrics]:
    """Return the metrics of each label from a confusion matrix."""
    rows = []
    for index in range(len(confusion)):
        hits, support, given = confusion[index, index], confusion[index].sum(), confusion[:, index].sum()
        precision = float(hits / given) if given else 0.0
        recall = float(hits / support) if support else 0.0
        f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
        rows.append(ClassMetrics(precision, recall, f1, int(support)))
    return rows


def expected_calibration_error(scores: Float, labels: Int, num_bins: int = NUM_CALIBRATION_BINS) -> float:
    """Return the mean gap between confidence and accuracy over equal-width bins (Guo et al. 2017).

    Args:
        scores: (N, K) probabilities.
        labels: (N,) true labels.
    """
    confidence, is_right = scores.max(axis=1), scores.argmax(axis=1) == labels
    bins = np.clip(np.ceil(confidence * num_bins).astype(int) - 1, 0, num_bins - 1)
    gaps = [abs(float((confidence[bins == b] - is_right[bins == b]).sum())) for b in range(num_bins)]
    return sum(gaps) / len(labels)


def log_loss(scores: Float, labels: Int) -> float:
    """Return the mean negative logarithm of the true label's probability."""
    chosen = np.clip(scores[np.arange(len(labels)), labels], 1e-12, 1)
    return float(-np.log(chosen).mean())


def brier_score(scores: Float, labels: Int) -> float:
    """Return the mean squared distance between scores and the one-hot truth (0 is best, 2 worst)."""
    truth = np.eye(scores.shape[1])[labels]
    return float(((scores - truth) ** 2).sum(axis=1).mean())


def summarize(scores: Float, labels: Int, names: tuple[str, ...]) -> dict[str, Any]:
    """Return every metric as plain JSON values; means over labels leave out those without samples."""
    confusion = confusion_counts(labels, scores.argmax(axis=1), len(names))
    per_class = class_metrics(confusion)
    present = [row for row in per_class if row.support]
    return {
        "n": len(labels),
        "accuracy": float((scores.argmax(axis=1) == labels).mean()),
        "macro_f1": float(np.mean([row.f1 for row in present])),
        "mean_recall": float(np.mean([row.recall for row in present])),
        "ece": expected_calibration_error(scores, labels),
        "log_loss": log_loss(scores, labels),
        "brier": brier_score(scores, labels),
        "per_class": {name: dict(vars(row)) for name, row in zip(names, per_class, strict=True)},
        "confusion": confusion.tolist(),
        "labels": list(names),
    }
