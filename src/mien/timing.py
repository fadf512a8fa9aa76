"""Times of things that take turns, so that a slow moment of the machine meets them all."""

import time
from collections.abc import Callable, Mapping

import numpy as np

WARM_UP = 10
"""Untimed calls of each candidate."""


def interleave(
    candidates: Mapping[str, Callable[[], object]],
    num_runs: int,
    warm_up: int = WARM_UP,
    seed: int = 0,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, list[float]]:
    """Call every candidate once per round, in a new random order each round, and time each call.

    Args:
        num_runs: Timed rounds.
        seed: Of the orders.
        on_progress: Called with (rounds done, rounds in all).

    Returns:
        Milliseconds by candidate, round by round: the values of one round belong together.
    """
    rng = np.random.default_rng(seed)
    names = list(candidates)
    times_ms: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(warm_up + num_runs):
        for index in rng.permutation(len(names)):
            name = names[index]
            started_s = time.perf_counter()
            candidates[name]()
            taken_ms = (time.perf_counter() - started_s) * 1000
            if turn >= warm_up:
                times_ms[name].append(taken_ms)
        on_progress(turn + 1, warm_up + num_runs)
    return times_ms


def summarize_ms(values: list[float]) -> dict[str, float]:
    """Return median, 95th percentile, mean and standard deviation (of the sample) of times in milliseconds."""
    return {
        "median_ms": float(np.median(values)),
        "p95_ms": float(np.percentile(values, 95)),
        "mean_ms": float(np.mean(values)),
        "sd_ms": float(np.std(values, ddof=1)) if len(values) > 1 else 0.0,
    }
