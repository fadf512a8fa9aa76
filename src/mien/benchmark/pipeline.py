"""What whole frames cost: detect, align, classify and draw, each timed in the same pass, one thread, candidates interleaved.

A candidate is a detector with one file of the default bundle, or the package ``fer`` in a process of its own. All of them
look at the same frames (``scenes.py``) and take turns, another one first at every pass, so that a slow moment of the
machine meets them all. Raw times are kept; medians are compared.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from time import perf_counter
from typing import Any, cast, get_args

import cv2
import numpy as np

from mien.alignment import cut_face
from mien.benchmark.peer import FerProcess
from mien.benchmark.scenes import Scene, make_scene
from mien.card import DEFAULT_BUNDLE, open_bundle
from mien.errors import ConfigError, UnknownNameError
from mien.overlay import draw
from mien.pipeline import Pipeline, Recognizer
from mien.timing import interleave
from mien.types import Face, Float, OnProgress, Policy, UInt8

WARM_UP = 5
FILES = ("float32", "int8")
STAGES = ("detect", "align", "classify", "draw")
PEER = "fer"

TimedFrame = Callable[[Scene], Mapping[str, float]]
"""One pass over a frame: milliseconds of each stage and in ``total``, and ``num_found``."""


def measure_pipeline(
    detectors: Sequence[str],
    scenes: Sequence[Scene],
    num_runs: int,
    peer_python: Path | None,
    on_progress: OnProgress,
    model: str = DEFAULT_BUNDLE,
) -> dict[str, Any]:
    """Time every candidate on every frame, and the classifier alone in float32 and int8.

    Args:
        model: Name of a shipped bundle, or the folder of one; it needs both files.
        detectors: Names; ``NAME:picture`` and ``NAME:camera`` choose the policy, which is camera otherwise.
        peer_python: Interpreter that has ``fer``; None tries mien's own, and goes without where it has none.

    Raises:
        UnknownNameError: no such detector or policy.
        ModelFileError: a detector's model file cannot be had.
        ConfigError: ``fer`` does not run in the named interpreter.
    """
    with _one_opencv_thread(), ExitStack() as stack:
        candidates = {f"{detector} + {file}": _mien_candidate(model, detector, file) for detector in detectors for file in FILES}
        peer, peer_note = _open_peer(scenes, peer_python)
        if peer is not None:
            stack.enter_context(peer)
            candidates[PEER] = partial(_time_peer, peer)
        samples = _take_turns(candidates, scenes, num_runs, on_progress)
        classifier_ms = _time_classifiers(model, num_runs)
    card = open_bundle(model).card
    return {
        "model": card.name,
        "files_sha256": {name: card.files[name].sha256 for name in FILES},
        "threads": 1,
        "runs": num_runs,
        "rows": _with_ratios([_row(name, scene, samples[name, scene.name]) for scene in scenes for name in candidates]),
        "classifier_ms": {name: _rounded(values) for name, values in classifier_ms.items()},
        "float32_over_int8": float(np.median(classifier_ms["float32"]) / np.median(classifier_ms["int8"])),
        "peer": {"packages": peer.packages, "python": peer.python} if peer is not None else None,
        "peer_note": peer_note,
    }


def make_scenes(sizes: Iterable[str], face_counts: Iterable[int]) -> list[Scene]:
    """Return one frame for every size and number of faces."""
    counts = list(face_counts)
    return [make_scene(size, num_faces) for size in sizes for num_faces in counts]


def time_stages(pipeline: Pipeline) -> TimedFrame:
    """Return a function that takes a frame through detect, align, classify and draw, and says how long each took."""
    moments_s: list[float] = []

    def detect(image: UInt8) -> Sequence[Face]:
        moments_s.append(perf_counter())
        faces = pipeline.detect(image)
        moments_s.append(perf_counter())
        return faces

    def classify(crops: Sequence[UInt8]) -> Float:
        moments_s.append(perf_counter())
        return pipeline.classify(crops)

    staged = replace(pipeline, detect=detect, classify=classify)

    def time_frame(scene: Scene) -> dict[str, float]:
        moments_s.clear()
        readings = staged(scene.image)
        moments_s.append(perf_counter())
        draw(scene.image, readings)
        moments_s.append(perf_counter())
        stages_ms = dict(zip(STAGES, (np.diff(moments_s) * 1000).tolist(), strict=True))
        return {**stages_ms, "total": (moments_s[-1] - moments_s[0]) * 1000, "num_found": len(readings)}

    return time_frame


@contextmanager
def _one_opencv_thread() -> Iterator[None]:
    previous_threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(previous_threads)


def _mien_candidate(model: str, detector: str, file: str) -> TimedFrame:
    name, _, policy = detector.partition(":")
    if policy and policy not in get_args(Policy):
        raise UnknownNameError("Policy", policy, get_args(Policy))
    return time_stages(Recognizer(model, file, name, policy=cast("Policy", policy or "camera")).pipeline)


def _open_peer(scenes: Sequence[Scene], python: Path | None) -> tuple[FerProcess | None, str]:
    """Return the peer, or None and why there is none."""
    try:
        return FerProcess({scene.name: scene.image for scene in scenes}, python), ""
    except ConfigError as error:
        if python is not None:
            raise
        return None, str(error)


def _time_peer(peer: FerProcess, scene: Scene) -> dict[str, float]:
    return peer.time_frame(scene.name)


def _take_turns(
    candidates: Mapping[str, TimedFrame], scenes: Sequence[Scene], num_runs: int, on_progress: OnProgress
) -> dict[tuple[str, str], list[Mapping[str, float]]]:
    """Return the passes of every candidate over every frame, by (candidate, frame); whose turn is first moves on.

    One frame after the other, since a detector that meets a new size first sets up its network for it.
    """
    names = list(candidates)
    samples: dict[tuple[str, str], list[Mapping[str, float]]] = {(name, scene.name): [] for name in names for scene in scenes}
    runs = range(WARM_UP + num_runs)
    for index, (scene, run) in enumerate(product(scenes, runs)):
        first = run % len(names)
        for name in names[first:] + names[:first]:
            times = candidates[name](scene)
            if run >= WARM_UP:
                samples[name, scene.name].append(times)
        on_progress(index + 1, len(scenes) * len(runs))
    return samples


def _time_classifiers(model: str, num_runs: int) -> dict[str, list[float]]:
    """Return the milliseconds of one face through each file of the bundle, from crop to scores."""
    recognizers = {file: Recognizer(model, file, "haar", policy="camera") for file in FILES}
    pipeline = recognizers["float32"].pipeline
    image = make_scene("480p", 1).image
    crop = cut_face(image, pipeline.detect(image)[0], pipeline.alignment, pipeline.preprocess)
    return interleave({file: partial(recognizer.classify, [crop]) for file, recognizer in recognizers.items()}, num_runs, WARM_UP)


def _row(name: str, scene: Scene, samples: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Return what a record holds of one candidate on one frame; a stage that a peer does not tell apart is missing."""
    samples_ms = {stage: [sample[stage] for sample in samples] for stage in (*STAGES, "total") if stage in samples[0]}
    return {
        "candidate": name,
        "size": scene.size,
        "num_faces": scene.num_faces,
        "num_found": int(samples[0]["num_found"]),
        "median_ms": {stage: float(np.median(values)) for stage, values in samples_ms.items()},
        "p95_ms": {stage: float(np.percentile(values, 95)) for stage, values in samples_ms.items()},
        "samples_ms": {stage: _rounded(values) for stage, values in samples_ms.items()},
    }


def _with_ratios(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add to every row of a frame that the peer saw too how many times as long the peer takes."""
    peer_ms = {(row["size"], row["num_faces"]): row["median_ms"]["total"] for row in rows if row["candidate"] == PEER}
    with_ratios = []
    for row in rows:
        peer_total_ms = peer_ms.get((row["size"], row["num_faces"]))
        ratio = None if peer_total_ms is None else peer_total_ms / row["median_ms"]["total"]
        with_ratios.append({**row, "peer_over_this": ratio})
    return with_ratios


def _rounded(values_ms: Iterable[float]) -> list[float]:
    """Return times in microseconds' steps, which is finer than clocks are steady."""
    return [round(value, 3) for value in values_ms]
