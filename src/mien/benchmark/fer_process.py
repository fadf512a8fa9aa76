"""Runs the package ``fer`` in an interpreter of its own, and times it there. Started by ``peer.py``, never imported.

It knows nothing of mien: the interpreter may be that of another environment. Requests are lines on standard input: first
``{"frames": FOLDER}``, with one NAME.npy per frame, (H, W, 3) RGB; then ``{"frame": NAME}`` for every pass. Answers are
lines of JSON on what was standard output; whatever libraries print goes to standard error.
"""

import json
import os
import platform
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("fer", "tensorflow", "tensorflow-cpu", "opencv-contrib-python", "opencv-python", "opencv-python-headless", "numpy")


def main() -> None:
    """Answer requests until standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    # The folder of this script holds modules that are named like those of other packages.
    sys.path = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent]
    os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")
    try:
        serve(answers)
    except Exception as error:  # noqa: BLE001 - whatever stops a foreign package is told to the one who asks, who raises it
        say(answers, {"error": f"{type(error).__name__}: {error}"})


def serve(answers: Any) -> None:
    """Start ``fer``, then answer one line after the other."""
    recognizer = TimedFer()
    say(answers, {"packages": installed(), "python": platform.python_version()})
    frames: dict[str, Any] = {}
    for line in sys.stdin:
        request = json.loads(line)
        if "frames" in request:
            frames = read_frames(Path(request["frames"]))
            say(answers, {"frames": sorted(frames)})
        else:
            say(answers, recognizer.time_frame(frames[request["frame"]]))


class TimedFer:
    """``fer`` as its documentation uses it: default detector, default network, boxes and scores drawn; one thread."""

    def __init__(self) -> None:
        import cv2
        from fer.fer import FER  # the documented `from fer import FER` fails in 25.10.3
        from fer.utils import draw_annotations

        cv2.setNumThreads(1)
        self._recognizer = FER()
        self._find_faces = self._recognizer.find_faces
        self._recognizer.find_faces = self._find_timed
        self._draw = draw_annotations
        self._detect_ms = 0.0

    def _find_timed(self, *arguments: Any, **options: Any) -> Any:
        started_s = time.perf_counter()
        found = self._find_faces(*arguments, **options)
        self._detect_ms = (time.perf_counter() - started_s) * 1000
        return found

    def time_frame(self, frame_bgr: Any) -> dict[str, float]:
        """Return the milliseconds of each stage, and how many faces were read; cutting is part of ``classify``."""
        started_s = time.perf_counter()
        readings = self._recognizer.detect_emotions(frame_bgr)
        read_s = time.perf_counter()
        self._draw(frame_bgr.copy(), readings)
        done_s = time.perf_counter()
        return {
            "detect": self._detect_ms,
            "classify": (read_s - started_s) * 1000 - self._detect_ms,
            "draw": (done_s - read_s) * 1000,
            "total": (done_s - started_s) * 1000,
            "num_found": len(readings),
        }


def read_frames(folder: Path) -> dict[str, Any]:
    """Return the frames of a folder in the colour order that ``fer`` takes, which is not timed."""
    import numpy as np

    return {path.stem: np.ascontiguousarray(np.load(path)[..., ::-1]) for path in folder.glob("*.npy")}


def installed() -> dict[str, str]:
    """Return the versions of what ``fer`` runs on."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def say(answers: Any, values: dict[str, Any]) -> None:
    """Write one answer."""
    answers.write(json.dumps(values) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
