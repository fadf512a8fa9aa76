"""The process that 000's protocol watches: it loads one network and reads pictures, and does nothing else.

It is run as ``python -m mien.benchmark.device_child`` and talks in JSON lines: a job comes in on standard input, then
``load`` and as many ``run`` as the watcher likes; each is answered with one line on standard output.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from mien.config import from_mapping
from mien.preprocess import PreprocessSpec, prepare
from mien.runtime.classifier import load_network
from mien.types import UInt8

MIN_WINDOW_S = 0.05
"""A share of the processor is taken over at least this long, or over the whole repeat where that is shorter."""


def main() -> None:
    """Answer the watcher until it closes the pipe."""
    job = json.loads(sys.stdin.readline())
    spec = from_mapping(PreprocessSpec, job["preprocess"], "job")
    with np.load(job["pictures"]) as arrays:
        pictures = [arrays[name] for name in arrays.files]
    if job["runtime"] == "onnx":
        import onnxruntime  # noqa: F401 - the runtime is no part of the network's load
    else:
        import ai_edge_litert.interpreter  # noqa: F401 - likewise
    _answer({"ready": True})
    network: Any = None
    for line in sys.stdin:
        if line.strip() == "load":
            started_s = time.perf_counter()
            network = load_network(Path(job["path"]), job["runtime"], job["threads"])
            _answer({"load_ms": (time.perf_counter() - started_s) * 1000})
        else:
            _answer(read_all(network, pictures, spec))


def _answer(values: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def read_all(network: Any, pictures: list[UInt8], spec: PreprocessSpec) -> dict[str, Any]:
    """Read every picture once; return milliseconds per picture and the processor's share per window, in percent of one core."""
    times_ms, shares = [], []
    window_s, window_cpu_s = time.perf_counter(), time.process_time()
    for picture in pictures:
        started_s = time.perf_counter()
        network(prepare([picture], spec))
        now_s = time.perf_counter()
        times_ms.append((now_s - started_s) * 1000)
        if now_s - window_s >= MIN_WINDOW_S:
            cpu_s = time.process_time()
            shares.append(100 * (cpu_s - window_cpu_s) / (now_s - window_s))
            window_s, window_cpu_s = now_s, cpu_s
    if not shares:
        shares.append(100 * (time.process_time() - window_cpu_s) / (time.perf_counter() - window_s))
    return {"times_ms": times_ms, "cpu_percent": shares}


if __name__ == "__main__":
    main()
