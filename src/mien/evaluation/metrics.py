"""What a table of scores is worth, in NumPy alone; rates in 0..1.

A row of NaN is a sample that got no scores, because no face was found in it. It counts as wrong, and stays out of the
confusion matrix and of everything that weighs probabilities.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mien.data.scores import predicted_indices
from mien.evaluation.statistics import accuracy_interval
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
    true_positive: int
    false_positive: int
    false_negative: int
    """Samples without scores among them."""
    true_negative: int
    accuracy: float
    """(TP + TN) / N. With K even classes, an answer that never fits still reaches 1 - 2/K: read it beside the recall."""


def confusion_counts(labels: Int, predicted: Int, num_labels: int) -> Int:
    """Return (K, K) counts: true label in rows, predicted one in columns; samples predicted as -1 are left out."""
    is_scored = predicted >= 0
    cells = labels[is_scored] * num_labels + predicted[is_scored]
    counts: Int = np.bincount(cells, minlength=num_labels**2).reshape(num_labels, num_labels)
    return counts


def class_metrics(confusion: Int, supports: Int) -> list[ClassMetrics]:
    """Return the metrics of each label.

    Args:
        confusion: (K, K) from ``confusion_counts``.
        supports: (K,) samples of each label, those without scores among them.
    """
    rows = []
    for index, support in enumerate(supports):
        hits, given = confusion[index, index], confusion[:, index].sum()
        precision = float(hits / given) if given else 0.0
        recall = float(hits / support) if support else 0.0
        f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
        rest = supports.sum() - support - given + hits
        counts = (int(hits), int(given - hits), int(support - hits), int(rest))
        rows.append(ClassMetrics(precision, recall, f1, int(support), *counts, float((hits + rest) / supports.sum())))
    return rows


@dataclass(frozen=True)
class CalibrationBin:
    """Samples of like confidence."""

    confidence: float
    """Mean highest score."""
    accuracy: float
    count: int


def calibration_bins(scores: Float, labels: Int, num_bins: int = NUM_CALIBRATION_BINS) -> list[CalibrationBin]:
    """Return the bins of equal width that hold samples, the least confident first."""
    confidence, is_right = scores.max(axis=1), scores.argmax(axis=1) == labels
    indices = np.clip(np.ceil(confidence * num_bins).astype(int) - 1, 0, num_bins - 1)
    members = [indices == index for index in range(num_bins)]
    return [CalibrationBin(float(confidence[m].mean()), float(is_right[m].mean()), int(m.sum())) for m in members if m.any()]


def expected_calibration_error(scores: Float, labels: Int, num_bins: int = NUM_CALIBRATION_BINS) -> float:
    """Return the mean gap between confidence and accuracy over equal-width bins (Guo et al. 2017).

    Args:
        scores: (N, K) probabilities.
        labels: (N,) true labels.
    """
    bins = calibration_bins(scores, labels, num_bins)
    return sum(one.count * abs(one.confidence - one.accuracy) for one in bins) / len(labels)


COVERAGES = tuple(round(0.05 * step, 2) for step in range(1, 21))
"""Points of a risk-coverage curve."""


@dataclass(frozen=True)
class RiskPoint:
    """What abstaining below a threshold is worth."""

    coverage: float
    """Share of samples that reach the threshold: more than was asked for, where several share it."""
    threshold: float
    """Highest score of the least sure of them."""
    risk: float
    """Share of them that are wrong."""


def risk_coverage(scores: Float, labels: Int, coverages: Sequence[float]) -> list[RiskPoint]:
    """Return the risk-coverage curve (El-Yaniv & Wiener 2010) at some coverages: the surest samples are kept.

    Args:
        scores: (N, K) probabilities.
        labels: (N,) true labels.
        coverages: In 0..1; at least one sample is kept.
    """
    confidence, is_wrong = scores.max(axis=1), scores.argmax(axis=1) != labels
    order = np.argsort(-confidence, kind="stable")
    points = []
    for coverage in coverages:
        threshold = confidence[order[max(1, round(coverage * len(labels))) - 1]]
        kept = confidence >= threshold
        points.append(RiskPoint(float(kept.mean()), float(threshold), float(is_wrong[kept].mean())))
    return points


def log_loss(scores: Float, labels: Int) -> float:
    """Return the mean negative logarithm of the true label's probability."""
    chosen = np.clip(scores[np.arange(len(labels)), labels], 1e-12, 1)
    return float(-np.log(chosen).mean())


def brier_score(scores: Float, labels: Int) -> float:
    """Return the mean squared distance between scores and the one-hot truth (0 is best, 2 worst)."""
    truth = np.eye(scores.shape[1])[labels]
    return float(((scores - truth) ** 2).sum(axis=1).mean())


def summarize(scores: Float, labels: Int, names: tuple[str, ...]) -> dict[str, Any]:
    """Return every metric as plain JSON values; means over labels leave out those without samples.

    Args:
        scores: (N, K) probabilities; rows of NaN got none, and one row at least did.
        labels: (N,) true labels.
    """
    predicted = predicted_indices(scores)
    is_scored = predicted >= 0
    read, truth = scores[is_scored], labels[is_scored]
    confusion = confusion_counts(labels, predicted, len(names))
    supports: Int = np.bincount(labels, minlength=len(names))
    per_class = class_metrics(confusion, supports)
    present = [row for row in per_class if row.support]
    return {
        "n": len(labels),
        "accuracy": float((predicted == labels).mean()),
        "macro_f1": float(np.mean([row.f1 for row in present])),
        "mean_recall": float(np.mean([row.recall for row in present])),
        "ece": expected_calibration_error(read, truth),
        "log_loss": log_loss(read, truth),
        "brier": brier_score(read, truth),
        "weighted_f1": sum(row.f1 * row.support for row in present) / len(labels),
        "macro_precision": float(np.mean([row.precision for row in present])),
        "accuracy_interval": vars(accuracy_interval(predicted == labels)),
        "no_face": int((~is_scored).sum()),
        "per_class": {name: dict(vars(row)) for name, row in zip(names, per_class, strict=True)},
        "confusion": confusion.tolist(),
        "confusion_percent": (100 * confusion / np.maximum(supports, 1)[:, np.newaxis]).tolist(),
        "labels": list(names),
        "calibration_bins": [dict(vars(one)) for one in calibration_bins(read, truth)],
        "risk_coverage": [dict(vars(point)) for point in risk_coverage(read, truth, COVERAGES)],
    }
