"""Temperature and threshold: chosen once, on the split that choices are made on."""

import numpy as np

from mien.card import Trust
from mien.evaluation.metrics import Int, brier_score, expected_calibration_error, log_loss, risk_coverage
from mien.runtime.classifier import calibrate
from mien.types import Float

COVERAGE = 0.9
"""Share of faces that are given a reading; the least sure rest is marked uncertain."""


TEMPERATURES = (0.1, 10.0)
"""Least and largest that is looked for."""
COVERAGES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Points of the risk-coverage curve in the card."""


def fit_temperature(scores: Float, labels: Int) -> float:
    """Return the temperature within ``TEMPERATURES`` that makes the true labels most likely (Guo et al. 2017).

    Args:
        scores: (N, K) uncalibrated probabilities.
        labels: (N,) true labels.
    """
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        return log_loss(calibrate(scores, float(np.exp(log_temperature))), labels)

    found = minimize_scalar(loss, bounds=tuple(np.log(TEMPERATURES)), method="bounded")
    temperature = round(float(np.exp(found.x)), 4)
    nearest = min(TEMPERATURES, key=lambda limit: abs(np.log(limit / temperature)))
    return nearest if abs(np.log(nearest / temperature)) < 1e-3 else temperature  # the search stops a little inside


def abstain_threshold(calibrated_scores: Float, coverage: float = COVERAGE) -> float:
    """Return the probability that ``coverage`` of the faces reach or exceed."""
    return round(float(np.quantile(calibrated_scores.max(axis=1), 1 - coverage)), 4)


def measure_trust(calibrated_scores: Float, labels: Int) -> Trust:
    """Return what calibrated probabilities (N, K) are worth against true labels (N,)."""
    points = zip(COVERAGES, risk_coverage(calibrated_scores, labels, COVERAGES), strict=True)
    return Trust(
        ece=expected_calibration_error(calibrated_scores, labels),
        brier=brier_score(calibrated_scores, labels),
        log_loss=log_loss(calibrated_scores, labels),
        accuracy_at={f"{coverage:g}": 1 - point.risk for coverage, point in points},
    )
