"""The time of one face through a network, prepared input to scores: candidates take turns in one process."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mien.benchmark.candidates import Candidate, noise_input
from mien.timing import WARM_UP, interleave, summarize_ms
from mien.types import OnProgress


def measure_latency(
    candidates: Sequence[Candidate],
    num_runs: int = 50,
    threads: int = 1,
    batch: int = 1,
    warm_up: int = WARM_UP,
    on_progress: OnProgress = lambda done, total: None,
) -> dict[str, Any]:
    """Return one row per candidate: load and first call, then median, p95, mean and sd, and the ratio to the first candidate.

    Args:
        num_runs: Timed rounds; in each, every candidate runs once, in random order.
        threads: Of each network.
        batch: Faces per timed call, fed one after another, since the files have batch 1.

    Raises:
        ModelFileError: a file is no model.
        MissingExtraError: a runtime is not installed.
    """
    calls: dict[str, Callable[[], object]] = {}
    starts = {}
    for candidate in {candidate.runtime: candidate for candidate in candidates}.values():
        candidate.load(threads)  # the import of a runtime is no part of a network's load
    for candidate in candidates:
        values = noise_input(candidate.preprocess)
        started_s = time.perf_counter()
        network = candidate.load(threads)
        loaded_s = time.perf_counter()
        network(values)
        starts[candidate.name] = {
            "load_ms": (loaded_s - started_s) * 1000,
            "first_ms": (time.perf_counter() - loaded_s) * 1000,
        }

        def call(network: Any = network, values: Any = values) -> None:
            for _ in range(batch):
                network(values)

        calls[candidate.name] = call
    times_ms = interleave(calls, num_runs, warm_up, on_progress=on_progress)
    reference_ms = float(np.median(times_ms[candidates[0].name]))
    rows = [
        candidate.facts()
        | starts[candidate.name]
        | summarize_ms(times_ms[candidate.name])
        | {
            "times_reference": float(np.median(times_ms[candidate.name])) / reference_ms,
            "samples_ms": [round(value, 4) for value in times_ms[candidate.name]],
        }
        for candidate in candidates
    ]
    return {"threads": threads, "batch": batch, "runs": num_runs, "warm_up": warm_up, "reference": candidates[0].name, "rows": rows}
