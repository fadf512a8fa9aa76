"""000's protocol: 35 pictures, ten times over; average time, peak processor share and peak memory of one process.

The paper used a phone's profiler. Here a child process loads the network and reads the pictures, and does nothing else; this
process samples the child's memory. The child's memory before it loads the network is the baseline: it is given, and subtracted.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from mien.benchmark.candidates import Candidate
from mien.data.manifest import Manifest
from mien.data.sampling import draw_of_each_label
from mien.errors import MissingExtraError, ModelFileError
from mien.types import OnProgress, UInt8

PER_LABEL = 5
NUM_REPEATS = 10
SAMPLE_EVERY_S = 0.01
SETTLE_S = 0.2
"""How long the child rests before its baseline is taken."""


def draw_pictures(manifest: Manifest | None, seed: int = 0) -> tuple[list[UInt8], str]:
    """Return the protocol's pictures and where they come from: five per label, or as much noise where there is no data set."""
    rng = np.random.default_rng(seed)
    if manifest is None:
        noise = [rng.integers(0, 256, (48, 48), dtype=np.uint8) for _ in range(7 * PER_LABEL)]
        return noise, f"noise, seed {seed}"
    chosen = draw_of_each_label(manifest, PER_LABEL, rng)
    return [manifest.samples[index].pixels() for index in chosen], f"{manifest.dataset}/{manifest.samples[0].split}, seed {seed}"


def measure_device(
    candidate: Candidate,
    pictures: Sequence[UInt8],
    threads: int = 1,
    repeats: int = NUM_REPEATS,
    on_progress: OnProgress = lambda done, total: None,
) -> dict[str, Any]:
    """Run the protocol on one candidate.

    Args:
        pictures: Decoded faces; a picture's time goes from there to its scores, resizing included.

    Returns:
        Mean and standard deviation over the repeats of the average time, of the peak processor share (of one core and of the
        machine) and of the peak memory in MB (resident and private, above the baseline), with all repeats as they were. ``drift`` is the
        last repeat's average time over the first's, above 1 where a hot processor slows down; temperatures where there are sensors.

    Raises:
        MissingExtraError: psutil is not installed.
        ModelFileError: the child cannot run the file.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pictures.npz"
        np.savez(path, *pictures)
        job = {
            "path": str(candidate.path.resolve()),
            "runtime": candidate.runtime,
            "preprocess": asdict(candidate.preprocess),
            "pictures": str(path),
            "threads": threads,
        }
        with _Child(job) as child:
            baseline = child.memory_at_rest()
            before_c = temperature_c()
            load_ms = child.ask("load")["load_ms"]
            loaded = child.memory_at_rest()
            runs = []
            for index in range(repeats):
                runs.append(child.watch("run"))
                on_progress(index + 1, repeats)
    return candidate.facts() | {
        "threads": threads,
        "repeats": repeats,
        "pictures": len(pictures),
        "load_ms": load_ms,
        "baseline_mb": baseline,
        "loaded_mb": loaded,
        **_summary(runs, baseline),
        "temperature_c": {"before": before_c, "after": temperature_c()},
        "drift": float(np.mean(runs[-1]["times_ms"]) / np.mean(runs[0]["times_ms"])),
        "runs": runs,
    }


def _summary(runs: list[dict[str, Any]], baseline: dict[str, float]) -> dict[str, dict[str, float]]:
    """Return mean and standard deviation over the repeats."""
    cores = os.cpu_count() or 1
    values = {
        "average_ms": [float(np.mean(run["times_ms"])) for run in runs],
        "peak_cpu_percent_of_core": [max(run["cpu_percent"]) for run in runs],
        "peak_cpu_percent_of_machine": [max(run["cpu_percent"]) / cores for run in runs],
        "peak_resident_mb": [run["peak_mb"]["resident"] - baseline["resident"] for run in runs],
        "peak_private_mb": [run["peak_mb"]["private"] - baseline["private"] for run in runs],
    }
    return {
        name: {"mean": float(np.mean(each)), "sd": float(np.std(each, ddof=1)) if len(each) > 1 else 0.0} for name, each in values.items()
    }


def temperature_c() -> float | None:
    """Return the hottest sensor of the machine in degrees; None where the system has none, as in a virtual machine."""
    import psutil

    sensors = psutil.sensors_temperatures() if hasattr(psutil, "sensors_temperatures") else {}
    return max((one.current for group in sensors.values() for one in group), default=None)


class _Child:
    """The process under watch."""

    def __init__(self, job: dict[str, Any]) -> None:
        try:
            import psutil
        except ModuleNotFoundError as error:
            raise MissingExtraError("Watching memory", "report") from error
        self._file = job["path"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mien.benchmark.device_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._watched: Any = psutil.Process(self._process.pid)
        self.ask(json.dumps(job))

    def __enter__(self) -> "_Child":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, line: str) -> dict[str, Any]:
        """Send a line and return the answer."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise ModelFileError(f"{self._file}: the measuring process has no pipes.")
        try:
            stdin.write(line + "\n")
            stdin.flush()
            answer = stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            said = (self._process.stderr.read() if self._process.stderr else "").strip().splitlines()
            raise ModelFileError(f"{self._file}: the measuring process ended ({said[-1] if said else 'without a word'}).")
        values: dict[str, Any] = json.loads(answer)
        return values

    def memory_at_rest(self) -> dict[str, float]:
        """Return resident and private memory in MB, after a moment without work."""
        time.sleep(SETTLE_S)
        return self._memory()

    def watch(self, line: str) -> dict[str, Any]:
        """Send a line, sample memory until it is answered, and return the answer with the peaks."""
        peaks = self._memory()
        is_done = threading.Event()

        def sample() -> None:
            while not is_done.wait(SAMPLE_EVERY_S):
                for kind, value in self._memory().items():
                    peaks[kind] = max(peaks[kind], value)

        thread = threading.Thread(target=sample, daemon=True)
        thread.start()
        try:
            answer = self.ask(line)
        finally:
            is_done.set()
            thread.join()
        return answer | {"peak_mb": peaks}

    def _memory(self) -> dict[str, float]:
        memory = self._watched.memory_full_info()
        return {"resident": memory.rss / 1e6, "private": memory.uss / 1e6}
