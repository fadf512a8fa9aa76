"""How sure a figure is: bootstrap intervals, and McNemar's test between two models on the same samples."""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from mien.errors import MissingExtraError

NUM_RESAMPLES = 10_000
CONFIDENCE = 0.95
MAX_EXACT_DISCORDANT = 25
"""Below so many pairs that differ, chi-square is too coarse and the binomial is summed exactly."""


@dataclass(frozen=True)
class Interval:
    """Where a mean would lie if the samples were drawn again."""

    low: float
    high: float
    confidence: float
    method: str
    resamples: int
    seed: int


def bootstrap_interval(
    values: npt.ArrayLike, num_resamples: int = NUM_RESAMPLES, confidence: float = CONFIDENCE, seed: int = 0
) -> Interval:
    """Return the percentile bootstrap interval of a mean; the same seed gives the same interval.

    Args:
        values: (N,) one per sample, for instance 1 where a model is right and 0 where it is wrong.
    """
    distinct, counts = np.unique(np.asarray(values, np.float64), return_counts=True)
    # How often N draws hit each distinct value is one multinomial draw: the same distribution, without N x R indices.
    hits = np.random.default_rng(seed).multinomial(counts.sum(), counts / counts.sum(), size=num_resamples)
    means = hits @ distinct / counts.sum()
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high), confidence, "bootstrap, percentile", num_resamples, seed)


def accuracy_interval(right: npt.NDArray[np.bool_], confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of an accuracy: the bootstrap's, and Wilson's (1927) where all are right or all wrong.

    Every resample of those is alike, so the bootstrap would claim certainty.

    Args:
        right: (N,) whether each answer is right; at least one.
    """
    if right.any() and not right.all():
        return bootstrap_interval(right, confidence=confidence)
    z_squared = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    width = z_squared / (len(right) + z_squared)
    low, high = (1 - width, 1.0) if right.all() else (0.0, width)
    return Interval(low, high, confidence, "Wilson", 0, 0)


def difference_interval(differences: npt.NDArray[np.int_], confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of a difference of accuracies on the same samples: the bootstrap's, and Tango's (1998) where none differs.

    Args:
        differences: (N,) of -1, 0 and 1; at least one.
    """
    if differences.any():
        return bootstrap_interval(differences, confidence=confidence)
    z_squared = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    half = z_squared / (len(differences) + z_squared)
    return Interval(-half, half, confidence, "Tango", 0, 0)


@dataclass(frozen=True)
class McNemar:
    """Whether two models err alike often on the same samples."""

    b: int
    """Samples that only A gets right."""
    c: int
    """Samples that only B gets right."""
    method: str
    statistic: float
    """The smaller count for the exact test, chi-square with continuity correction otherwise."""
    p: float
    """Two-sided: how often a difference this large appears between models of the same accuracy."""


def mcnemar(right_a: npt.NDArray[np.bool_], right_b: npt.NDArray[np.bool_]) -> McNemar:
    """Test whether two models' accuracies differ, from (N,) right answers of each on the same samples.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    stats = _scipy_stats()
    b, c = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    if b + c < MAX_EXACT_DISCORDANT:
        p = float(stats.binomtest(min(b, c), b + c, 0.5).pvalue) if b + c else 1.0
        return McNemar(b, c, "exact binomial", float(min(b, c)), p)
    statistic = (abs(b - c) - 1) ** 2 / (b + c) if b != c else 0.0
    return McNemar(b, c, "chi-square, continuity correction", float(statistic), float(stats.chi2.sf(statistic, 1)))


def _scipy_stats() -> Any:
    try:
        from scipy import stats
    except ModuleNotFoundError as error:
        raise MissingExtraError("McNemar's test", "report") from error
    return stats
