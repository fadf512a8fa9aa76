"""Probes: how a model's accuracy falls when faces are turned, covered, spoiled or cut carelessly (table 4 of paper 002, and beyond)."""

import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mien.covering import PART_BOXES, hide, part_box
from mien.data.manifest import Manifest
from mien.errors import UnknownNameError
from mien.evaluation.evaluate import restrict, score_manifest
from mien.evaluation.open import OpenClassifier
from mien.evaluation.parts import part_accuracies
from mien.evaluation.perturb import CORRUPTIONS, FRAMINGS, STRENGTHS, yaw
from mien.labels import columns_of
from mien.preprocess import fit
from mien.types import OnProgress, UInt8

PROBES = ("pose", "occlusion", "framing", "corruptions", "parts")
YAW_DEGREES = 30.0
HIDING_GREY = 128
# Paper 002's pictures: one face from the front, covered, and turned to either side.
POSES: dict[str, Callable[[UInt8], UInt8]] = {
    "front": lambda crop: crop,
    "occluded": lambda crop: hide(crop, part_box("eyes"), HIDING_GREY),
    "right": lambda crop: yaw(crop, YAW_DEGREES),
    "left": lambda crop: yaw(crop, -YAW_DEGREES),
}
OCCLUSIONS: dict[str, Callable[[UInt8], UInt8]] = {"nothing": lambda crop: crop} | {
    part.replace("_", " "): lambda crop, part=part: hide(crop, part_box(part), HIDING_GREY) for part in PART_BOXES
}


def probe(model: OpenClassifier, manifest: Manifest, kind: str, on_progress: OnProgress) -> dict[str, Any]:
    """Return the accuracy of one model under every condition of a probe, faces cut as FER2013 cuts them.

    Args:
        kind: One of ``PROBES``.

    Returns:
        ``conditions``: name to accuracy in 0..1, for corruptions ``name/strength``; ``summary``: their mean without the untouched faces;
        ``clean``: accuracy of the untouched faces.

    Raises:
        UnknownNameError: no such probe, or the model does not know a label of the data set.
    """
    if kind not in PROBES:
        raise UnknownNameError("Probe", kind, PROBES)
    if kind == "parts":
        conditions = {f"{name} alone": rate for name, rate in part_accuracies(model.classify, model.labels, manifest).items()}
        clean = _accuracy(model, manifest, lambda crop: crop)
    elif kind == "corruptions":
        conditions = _corruptions(model, manifest, on_progress)
        clean = _accuracy(model, manifest, lambda crop: crop)
    elif kind == "framing":
        conditions = _framings(model, manifest, on_progress)
        clean = conditions["nothing"]
    else:
        changes = POSES if kind == "pose" else OCCLUSIONS
        conditions = _conditions(model, manifest, changes, on_progress)
        clean = next(iter(conditions.values()))
    changed = [rate for name, rate in conditions.items() if name not in ("front", "nothing")]
    return {"model": model.name, "file": model.file, "clean": clean, "summary": float(np.mean(changed)), "conditions": conditions}


def _conditions(
    model: OpenClassifier, manifest: Manifest, changes: Mapping[str, Callable[[UInt8], UInt8]], on_progress: OnProgress
) -> dict[str, float]:
    rates = {}
    for number, (name, change) in enumerate(changes.items()):
        rates[name] = _accuracy(model, manifest, change)
        on_progress(number + 1, len(changes))
    return rates


def _framings(model: OpenClassifier, manifest: Manifest, on_progress: OnProgress) -> dict[str, float]:
    changes: dict[str, Callable[[UInt8], UInt8]] = {"nothing": lambda crop: crop}
    for name, change in FRAMINGS.items():
        rng = _chance(name)
        changes[name] = lambda crop, change=change, rng=rng: change(crop, rng)  # type: ignore[misc]
    return _conditions(model, manifest, changes, on_progress)


def _chance(name: str) -> np.random.Generator:
    """Return the source of chance of a condition: every model sees the same pictures."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def _corruptions(model: OpenClassifier, manifest: Manifest, on_progress: OnProgress) -> dict[str, float]:
    rates = {}
    total = len(CORRUPTIONS) * len(STRENGTHS)
    for name, change in CORRUPTIONS.items():
        for strength in STRENGTHS:
            rng = _chance(f"{name}/{strength}")

            def spoil(crop: UInt8, change: Any = change, strength: int = strength, rng: np.random.Generator = rng) -> UInt8:
                spoilt: UInt8 = change(crop, strength, rng)
                return spoilt

            rates[f"{name}/{strength}"] = _accuracy(model, manifest, spoil)
            on_progress(len(rates), total)
    return rates


def _square(picture: UInt8) -> UInt8:
    """Stretch a rectangle, as classifiers do, so that what is measured afterwards is the change alone."""
    return fit(picture, max(picture.shape[:2]))


def _accuracy(model: OpenClassifier, manifest: Manifest, change: Callable[[UInt8], UInt8]) -> float:
    columns = columns_of(manifest.labels, model.labels)
    scores = restrict(score_manifest(model.classify, manifest, crop_of=lambda sample: change(_square(sample.pixels()))), columns)
    return float((scores.argmax(axis=1) == manifest.label_indices).mean())
