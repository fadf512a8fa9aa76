"""Whether networks differ in time: 001's analysis of variance with Tukey's test, and tests for times that are not normal."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from mien.errors import ConfigError, MissingExtraError

LEVEL = 0.05


def compare_times(times_ms: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """Test the differences between candidates, all at 0.05.

    One-way ANOVA and Tukey's honestly significant difference treat the times as independent and normal, as 001 does.
    Friedman's test and Wilcoxon's signed ranks with Holm's correction compare the candidates round by round, and need neither.

    Args:
        times_ms: Milliseconds by candidate, rounds in the same order for each (as ``interleave`` gives them).

    Returns:
        ``anova``, ``friedman``, ``normality`` (Shapiro and Wilk's p per candidate) and one entry per pair, with a verdict in words.

    Raises:
        ConfigError: fewer than two candidates, or fewer than eight rounds.
        MissingExtraError: SciPy is not installed.
    """
    try:
        from scipy import stats
    except ModuleNotFoundError as error:
        raise MissingExtraError("Statistics", "report") from error
    names = list(times_ms)
    groups = [np.asarray(times_ms[name], float) for name in names]
    if len(names) < 2 or len(groups[0]) < 8:
        raise ConfigError(f"Statistics need two candidates and eight rounds at least, got {len(names)} and {len(groups[0])}.")
    anova = stats.f_oneway(*groups)
    tukey = stats.tukey_hsd(*groups)
    interval = tukey.confidence_interval(1 - LEVEL)
    # Friedman's test wants three groups; for two, Wilcoxon's alone says all.
    friedman = stats.friedmanchisquare(*groups) if len(names) > 2 else None
    pairs = list(combinations(range(len(names)), 2))
    wilcoxon = _holm([float(stats.wilcoxon(groups[first], groups[second]).pvalue) for first, second in pairs])
    return {
        "level": LEVEL,
        "runs": len(groups[0]),
        "mean_ms": {name: float(group.mean()) for name, group in zip(names, groups, strict=True)},
        "sd_ms": {name: float(group.std(ddof=1)) for name, group in zip(names, groups, strict=True)},
        "normality": {name: float(stats.shapiro(group).pvalue) for name, group in zip(names, groups, strict=True)},
        "anova": {"f": float(anova.statistic), "p": float(anova.pvalue)},
        "friedman": {"chi2": float(friedman.statistic), "p": float(friedman.pvalue)} if friedman else None,
        "pairs": [
            _pair(
                (names[first], names[second]),
                difference_ms=float(groups[first].mean() - groups[second].mean()),
                interval_ms=(float(interval.low[first, second]), float(interval.high[first, second])),
                tukey_p=float(tukey.pvalue[first, second]),
                wilcoxon_p=p,
                median_difference_ms=float(np.median(groups[first] - groups[second])),
            )
            for (first, second), p in zip(pairs, wilcoxon, strict=True)
        ],
    }


def _holm(p_values: Sequence[float]) -> list[float]:
    """Return p values corrected for their number (Holm 1979): the smallest times n, the next times n - 1, never falling."""
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        largest = max(largest, min(1.0, p_values[index] * (len(p_values) - rank)))
        corrected[index] = largest
    return corrected


def _pair(
    names: tuple[str, str],
    difference_ms: float,
    interval_ms: tuple[float, float],
    tukey_p: float,
    wilcoxon_p: float,
    median_difference_ms: float,
) -> dict[str, Any]:
    first, second = names
    says = (tukey_p < LEVEL, wilcoxon_p < LEVEL)
    if not any(says):
        verdict = f"no significant difference between {first} and {second}"
    elif all(says) and difference_ms * median_difference_ms < 0:
        verdict = f"{first} and {second} differ by both tests, and which is faster depends: on average {difference_ms:+.3g} ms, "
        verdict += f"by the median {median_difference_ms:+.3g} ms for {first}"
    else:
        # Tukey's test is about means; few slow runs move them and leave the median where it is.
        difference, what = (difference_ms, "mean") if says == (True, False) else (median_difference_ms, "median")
        word = "slower" if difference > 0 else "faster"
        tests = {(True, True): "both tests", (True, False): "Tukey's test alone", (False, True): "Wilcoxon's test alone"}[says]
        verdict = f"{first} is {word} than {second} by {abs(difference):.3g} ms ({what}), significant by {tests}"
    return {
        "first": first,
        "second": second,
        "mean_difference_ms": difference_ms,
        "interval_ms": interval_ms,
        "tukey_p": tukey_p,
        "median_difference_ms": median_difference_ms,
        "wilcoxon_p": wilcoxon_p,
        "verdict": verdict,
    }
