"""What one frame costs: every stage once per frame, one thread, candidates interleaved."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mien.alignment import cut_face
from mien.card import open_bundle
from mien.errors import SourceError
from mien.pictures import read_picture
from mien.pipeline import Recognizer
from mien.types import UInt8

FRAME_WH = (640, 480)
WARM_UP = 10


def one_face_frame() -> UInt8:
    """Return a 640x480 frame with one face of about 180 px, cut from a shipped portrait."""
    portrait = read_picture(Path(str(files("mien") / "media" / "astronaut.jpg")))
    matrix = cv2.getRotationMatrix2D((235, 170), 0, 1.6)
    matrix[:, 2] += np.array(FRAME_WH) / 2 - np.array([235, 170])
    return cv2.warpAffine(portrait, matrix, FRAME_WH, borderMode=cv2.BORDER_REFLECT_101).astype(np.uint8, copy=False)


def measure_pipeline(detectors: Sequence[str], num_runs: int, on_progress: Callable[[int, int], None]) -> dict[str, Any]:
    """Time whole frames with each detector, and the classifier alone in float32 and int8.

    Candidates take turns, so that a slow moment of the machine meets them all; medians are compared.

    Raises:
        ModelFileError: a detector's model file cannot be had.
        SourceError: a detector does not find the face.
    """
    previous_threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        candidates = _candidates(detectors)
        times_ms: dict[str, list[float]] = {name: [] for name in candidates}
        for run in range(WARM_UP + num_runs):
            for name, work in candidates.items():
                started_s = time.perf_counter()
                work()
                if run >= WARM_UP:
                    times_ms[name].append((time.perf_counter() - started_s) * 1000)
            on_progress(run + 1, WARM_UP + num_runs)
    finally:
        cv2.setNumThreads(previous_threads)
    rows = [
        {"candidate": name, "median_ms": float(np.median(values)), "p95_ms": float(np.percentile(values, 95)), "runs": num_runs}
        for name, values in times_ms.items()
    ]
    ratio = float(np.median(times_ms["classify float32"]) / np.median(times_ms["classify int8"]))
    card = open_bundle().card
    return {
        "model": card.name,
        "files_sha256": {name: entry.sha256 for name, entry in card.files.items()},
        "frame": "640x480, one face, every frame detected",
        "threads": 1,
        "rows": rows,
        "float32_over_int8": ratio,
    }


def _candidates(detectors: Sequence[str]) -> dict[str, Callable[[], object]]:
    """Return what is timed, by name."""
    frame = one_face_frame()
    candidates: dict[str, Callable[[], object]] = {}
    for detector in detectors:
        for file in ("float32", "int8"):
            recognizer = Recognizer(file=file, detector=detector, policy="camera")
            if len(recognizer(frame)) != 1:
                raise SourceError(f"{detector} does not find exactly one face in the benchmark's frame.")
            candidates.setdefault(f"{detector} alone", partial(recognizer.pipeline.detect, frame))
            candidates[f"{detector} + align + classify {file}"] = partial(recognizer.pipeline, frame)
    for file in ("float32", "int8"):
        recognizer = Recognizer(file=file, detector=detectors[0], policy="camera")
        face = recognizer.pipeline.detect(frame)[0]
        crop = cut_face(frame, face, recognizer.pipeline.alignment, recognizer.pipeline.preprocess)
        candidates[f"classify {file}"] = partial(recognizer.classify, [crop])
    return candidates
