"""What tracking and smoothing are worth on scenes with known truth: identities, flicker, delay, and the loss of following."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from mien.assignment import FORBIDDEN, assign
from mien.benchmark.clips import (
    FRAMES_PER_SECOND,
    NUM_SEEDS,
    Look,
    Scene,
    Truth,
    change_scene,
    crossing_scene,
    moving_scene,
    occlusion_scene,
    replacement_scene,
    steady_scene,
)
from mien.pipeline import Recognizer
from mien.smoothing import SmoothingSpec
from mien.tracking import TrackingSpec
from mien.types import FrameResult, OnProgress, Reading
from mien.watching import Watcher

MIN_VISIBLE = 0.5
"""A person of whom less is to be seen need not be found."""
WARM_UP_S = 0.5
LASTING_S = 1.0
"""Who has another person's identity for longer has taken it over."""
MIN_PROBABILITY = 0.7
"""Of the faces whose change is measured; others flicker, which is measured by itself."""


@dataclass(frozen=True, eq=False)
class Watched:
    """What a watcher made of a scene."""

    results: list[FrameResult]
    truths: list[list[Truth]]
    num_detections: int


def watch_scene(recognizer: Recognizer, scene: Scene, trackings: Sequence[tuple[TrackingSpec, SmoothingSpec | None]]) -> list[Watched]:
    """Return what each way of watching makes of the same frames."""
    watchers = [Watcher(recognizer.pipeline, tracking, smoothing) for tracking, smoothing in trackings]
    rows: list[list[FrameResult]] = [[] for _ in watchers]
    truths = []
    for frame, truth in scene:
        truths.append(truth)
        for row, watcher in zip(rows, watchers, strict=True):
            result = watcher(frame)
            row.append(replace(result, image=np.zeros((1, 1, 3), np.uint8)))
    counts = [watcher.num_detections for watcher in watchers]
    return [Watched(row, truths, count) for row, count in zip(rows, counts, strict=True)]


def readings_of(result: FrameResult, truths: Sequence[Truth]) -> list[Reading | None]:
    """Return each person's reading: boxes centred within half a face of a person's middle, nearest together, one each at most."""
    costs = np.full((len(truths), len(result.faces)), FORBIDDEN)
    for row, truth in enumerate(truths):
        middle, side = (truth.box_xyxy[:2] + truth.box_xyxy[2:]) / 2, float(truth.box_xyxy[2] - truth.box_xyxy[0])
        for column, face in enumerate(result.faces):
            distance = float(np.hypot(*((face.box_xyxy[:2] + face.box_xyxy[2:]) / 2 - middle))) / side
            costs[row, column] = distance if distance < 0.5 else FORBIDDEN
    found: list[Reading | None] = [None] * len(truths)
    for row, column in assign(costs):
        found[row] = result.faces[column]
    return found


def count_identities(watched: Watched) -> dict[str, Any]:
    """Return how often a person's identity changed, swaps included, how many were taken over from others, and the share of time seen."""
    last: dict[int, int] = {}
    used: dict[int, Counter[int]] = {}
    switches = seen = visible = 0
    for result, truths in zip(watched.results, watched.truths, strict=True):
        for truth, reading in zip(truths, readings_of(result, truths), strict=True):
            visible += truth.visible >= MIN_VISIBLE
            if truth.visible < MIN_VISIBLE or reading is None:
                continue
            seen += 1
            switches += last.get(truth.person, reading.track_id) != reading.track_id
            last[truth.person] = reading.track_id
            used.setdefault(truth.person, Counter())[reading.track_id] += 1
    lasting = [{track_id for track_id, count in used[person].items() if count > LASTING_S * FRAMES_PER_SECOND} for person in sorted(used)]
    ids = [sorted(used[person]) for person in sorted(used)]
    shared = sum(map(len, lasting)) - len(set().union(*lasting))
    return {"switches": switches, "shared": shared, "seen_share": seen / max(visible, 1), "ids": ids}


def measure_identities(kind: str, detector: str, looks: Sequence[Look], on_progress: OnProgress, first_seed: int = 0) -> dict[str, Any]:
    """Count identity switches over twenty seeds, with following, detecting always, and without looks.

    Args:
        kind: ``crossing``, ``occlusion`` or ``replacement``.
        looks: Two per seed.
    """
    recognizer = Recognizer(file="int8", detector=detector, policy="camera")
    make = {"crossing": crossing_scene, "occlusion": occlusion_scene, "replacement": replacement_scene}[kind]
    ways = {
        "adaptive": TrackingSpec(),
        "detect every frame": TrackingSpec(detect_every_frame=True),
        "detect every frame, motion alone": TrackingSpec(detect_every_frame=True, looks_weight=0.0, stranger_below=-1.0),
    }
    rows: dict[str, list[dict[str, Any]]] = {way: [] for way in ways}
    for index in range(NUM_SEEDS):
        seed = first_seed + index
        scene = make(looks[2 * index], looks[2 * index + 1], seed)
        for way, watched in zip(ways, watch_scene(recognizer, scene, [(spec, None) for spec in ways.values()]), strict=True):
            rows[way].append({"seed": seed, "detections": watched.num_detections, **count_identities(watched)})
        on_progress(index + 1, NUM_SEEDS)
    return {"scenario": kind, "detector": detector, "frames_per_seed": scene.num_frames, "ways": rows}


def count_changes(results: Sequence[FrameResult]) -> int:
    """Return how often the shown label of the first face changed, warm-up left out."""
    labels = [result.faces[0].expression for result in results if result.faces and result.time_s >= WARM_UP_S]
    return sum(before != after for before, after in pairwise(labels))


def measure_flicker(detector: str, looks: Sequence[Look], on_progress: OnProgress) -> dict[str, Any]:
    """Count label changes on steady faces with sensor noise and compression, unsmoothed and smoothed, over all seeds."""
    recognizer = Recognizer(detector=detector, policy="camera")
    rows: list[dict[str, Any]] = []
    for seed in range(NUM_SEEDS):
        scene = steady_scene(looks[seed], seed)
        ways = {
            "unsmoothed": (TrackingSpec(), None),
            "smoothed": (TrackingSpec(), SmoothingSpec()),
            "unsmoothed, detect every frame": (TrackingSpec(detect_every_frame=True), None),
        }
        watched = watch_scene(recognizer, scene, list(ways.values()))
        counts = {way: count_changes(one.results) for way, one in zip(ways, watched, strict=True)}
        ids = {face.track_id for result in watched[1].results for face in result.faces}
        rows.append({"seed": seed, "face": looks[seed].name, "changes": counts, "num_ids": len(ids)})
        on_progress(seed + 1, NUM_SEEDS)
    seconds = (scene.seconds - WARM_UP_S) * NUM_SEEDS
    per_second = {way: sum(row["changes"][way] for row in rows) / seconds for way in ways}
    return {"scenario": "flicker", "detector": detector, "seconds": seconds, "changes_per_s": per_second, "rows": rows}


def first_shown(results: Sequence[FrameResult], label: str, from_s: float) -> float:
    """Return when a label is first shown after ``from_s``; infinity where it never is."""
    times = [result.time_s for result in results if result.time_s >= from_s and result.faces and result.faces[0].expression == label]
    return times[0] if times else float("inf")


def choose_pairs(looks: Sequence[Look], recognizer: Recognizer, num_wanted: int) -> list[tuple[Look, Look]]:
    """Return pairs of faces with different labels that the network reads as what they are, and surely: only then a change is true."""
    scores = recognizer.classify([look.picture for look in looks])
    right = [
        look
        for look, row in zip(looks, scores, strict=True)
        if recognizer.labels[int(row.argmax())] == look.label and row.max() >= MIN_PROBABILITY
    ]
    pairs: list[tuple[Look, Look]] = []
    while len(pairs) < num_wanted and right:
        before = right.pop(0)
        after = next((look for look in right if look.label != before.label), None)
        if after is None:
            break
        right.remove(after)
        pairs.append((before, after))
    return pairs


def measure_delay(detector: str, pairs: Sequence[tuple[Look, Look]], on_progress: OnProgress) -> dict[str, Any]:
    """Measure how much later a true change is shown smoothed than unsmoothed, over all seeds.

    Args:
        pairs: One per seed; the network reads both faces of a pair as what they are.
    """
    recognizer = Recognizer(detector=detector, policy="camera")
    rows, delays = [], []
    for seed, (before, after) in enumerate(pairs):
        scene = change_scene(before, after, seed)
        change_s = scene.actors[0].looks[1][0]
        raw, smooth = watch_scene(recognizer, scene, [(TrackingSpec(), None), (TrackingSpec(), SmoothingSpec())])
        label = final_label(raw.results)
        times = [first_shown(watched.results, label, change_s - 0.1) for watched in (raw, smooth)]
        kept = {face.track_id for result in smooth.results for face in result.faces}
        delay_s = times[1] - times[0]
        delays.append(delay_s)
        rows.append({"seed": seed, "change_s": change_s, "label": label, "shown_s": times, "added_delay_s": delay_s, "num_ids": len(kept)})
        on_progress(seed + 1, len(pairs))
    summary = {"median_s": float(np.median(delays)), "max_s": float(np.max(delays))}
    return {"scenario": "delay", "detector": detector, "frame_interval_s": 1 / FRAMES_PER_SECOND, **summary, "rows": rows}


def final_label(results: Sequence[FrameResult]) -> str:
    """Return the label shown most often in the last second."""
    labels = [face.expression for result in results[-FRAMES_PER_SECOND:] for face in result.faces]
    return max(set(labels), key=labels.count) if labels else ""


def measure_following(detector: str, looks: Sequence[Look], on_progress: OnProgress) -> dict[str, Any]:
    """Compare following with detecting every frame on moving faces: detections, displacement of the crop, equal labels."""
    recognizer = Recognizer(detector=detector, policy="camera")
    rows: list[dict[str, Any]] = []
    for seed in range(NUM_SEEDS):
        scene = moving_scene(looks[seed], seed)
        adaptive, always = watch_scene(recognizer, scene, [(TrackingSpec(), None), (TrackingSpec(detect_every_frame=True), None)])
        rows.append({"seed": seed, "detections": [adaptive.num_detections, always.num_detections], **_compare(adaptive, always)})
        on_progress(seed + 1, NUM_SEEDS)
    means = {name: float(np.mean([row[name] for row in rows])) for name in rows[0] if name not in ("seed", "detections")}
    share = sum(row["detections"][0] for row in rows) / sum(row["detections"][1] for row in rows)
    return {"scenario": "following", "detector": detector, "detected_share": share, **means, "rows": rows}


def _compare(adaptive: Watched, always: Watched) -> dict[str, float]:
    """Compare the first face of both, frame by frame; lengths in eye distances of the detected face.

    ``jitter`` is how far the middle of the eyes lies from its mean place within the true face: 0 for perfect eyes.
    """
    displacements, same, missed, label = [], [], 0, adaptive.truths[0][0].label
    right: tuple[list[bool], list[bool]] = ([], [])
    places: tuple[list[Any], list[Any]] = ([], [])
    for one, other, truths in zip(adaptive.results, always.results, adaptive.truths, strict=True):
        if not one.faces or not other.faces:
            missed += len(other.faces) > len(one.faces)
            continue
        eyes = [result.faces[0].landmarks_xy[:2].mean(axis=0) for result in (one, other)]
        unit = float(np.hypot(*(other.faces[0].landmarks_xy[1] - other.faces[0].landmarks_xy[0])))
        displacements.append(float(np.hypot(*(eyes[0] - eyes[1]))) / unit)
        same.append(one.faces[0].expression == other.faces[0].expression)
        for answers, result in zip(right, (one, other), strict=True):
            answers.append(result.faces[0].expression == label)
        middle, side = (truths[0].box_xyxy[:2] + truths[0].box_xyxy[2:]) / 2, truths[0].box_xyxy[2] - truths[0].box_xyxy[0]
        for row, eye in zip(places, eyes, strict=True):
            row.append((eye - middle) / side * (side / unit))
    jitters = [float(np.mean(np.hypot(*(np.array(row) - np.mean(row, axis=0)).T))) for row in places]
    return {
        "displacement": float(np.mean(displacements)),
        "displacement_p95": float(np.percentile(displacements, 95)),
        "same_label": float(np.mean(same)),
        "accuracy": float(np.mean(right[0])),
        "accuracy_always": float(np.mean(right[1])),
        "jitter": jitters[0],
        "jitter_always": jitters[1],
        "missed": missed / len(adaptive.results),
    }
