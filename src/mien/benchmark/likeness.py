"""How like a face is to itself, turned or in another light, and to strangers: what ``TrackingSpec.stranger_below`` is chosen by."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mien.data.catalog import load_dataset
from mien.data.sampling import spread
from mien.detection.catalog import create_detector
from mien.evaluation.perturb import yaw
from mien.following import make_anchor
from mien.types import Detector, Float, OnProgress, UInt8

NUM_FACES = 700
LIMITS = (0.2, 0.3, 0.4, 0.5, 0.6)
_SCENE_SIDE_PX, _FACE_SIDE_PX, _CORNER_PX = 320, 150, 80
_GREY = 110
YAW_DEGREES = 30.0


def _lit_from_the_side(crop: UInt8) -> UInt8:
    """Return a face in a third of its light at the left border, and in nearly twice its light at the right one."""
    share = np.linspace(0.3, 1.7, crop.shape[1])
    return np.clip(crop * share, 0, 255).astype(np.uint8)


CHANGES: dict[str, Callable[[UInt8], UInt8]] = {
    "turned by 30 degrees": lambda crop: yaw(crop, YAW_DEGREES),
    "turned by -30 degrees": lambda crop: yaw(crop, -YAW_DEGREES),
    "lit from the side": _lit_from_the_side,
}


def measure_likeness(data: Path, detector: str, on_progress: OnProgress) -> dict[str, Any]:
    """Return which share of pairs is less alike than each of ``LIMITS``: of different faces of PublicTest, and of a face and its change.

    Raises:
        DataError: the data are not FER2013.
    """
    samples = load_dataset("fer2013", data).split("publictest").samples
    detect = create_detector(detector, policy="camera")
    faces = [samples[index].pixels() for index in spread(len(samples), NUM_FACES)]
    changes = {"as it is": lambda crop: crop, **CHANGES}
    found: dict[str, list[Float | None]] = {name: [] for name in changes}
    for index, crop in enumerate(faces):
        for name, change in changes.items():
            found[name].append(_describe(detect, change(crop)))
        on_progress(index + 1, len(faces))
    kept = [one for one in found["as it is"] if one is not None]
    products = np.stack(kept) @ np.stack(kept).T
    pairs = {name: _products(found["as it is"], found[name]) for name in CHANGES}
    pairs["somebody else"] = products[np.triu_indices(len(kept), 1)]
    rows = [
        {"pair": name, "n": len(likeness), "below": {f"{limit:g}": float((likeness < limit).mean()) for limit in LIMITS}}
        for name, likeness in pairs.items()
    ]
    return {"scenario": "likeness", "detector": detector, "split": "publictest", "rows": rows}


def _describe(detect: Detector, crop: UInt8) -> Float | None:
    """Return what a face that stands in a grey scene looks like to the tracker; None where it is not found."""
    scene = np.full((_SCENE_SIDE_PX, _SCENE_SIDE_PX, 3), _GREY, np.uint8)
    inside = np.s_[_CORNER_PX : _CORNER_PX + _FACE_SIDE_PX, _CORNER_PX : _CORNER_PX + _FACE_SIDE_PX]
    scene[inside] = cv2.resize(crop, (_FACE_SIDE_PX, _FACE_SIDE_PX), interpolation=cv2.INTER_CUBIC)[..., np.newaxis]
    faces = detect(scene)
    return make_anchor(scene, faces[0]).descriptor if len(faces) == 1 else None


def _products(ones: list[Float | None], others: list[Float | None]) -> Float:
    return np.array([float(one @ other) for one, other in zip(ones, others, strict=True) if one is not None and other is not None])
