"""What finding and cutting a face costs in accuracy, against the data set's own crop.

Faces of FER2013's PublicTest are pasted into larger scenes, found by each detector and cut by their eyes. Accuracy
is compared on the faces that were found, with the direct crop of the same faces, so that the difference is the cut's.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mien.alignment import AlignmentSpec, face_square
from mien.data.catalog import load_dataset
from mien.detection.catalog import create_detector
from mien.pipeline import Recognizer
from mien.preprocess import cut
from mien.types import Detector, Face, Float, UInt8

SCENE_WH = (640, 480)
FACE_SIDES_PX = (144, 240)
SWEEP = [
    AlignmentSpec(eye_distances=side, center_below_eyes=below) for side in (2.4, 2.5, 2.6, 2.7, 2.8) for below in (0.20, 0.25, 0.30, 0.35)
]


def measure_framing(
    data: Path, detectors: Sequence[str], max_faces: int, sweep: bool, on_progress: Callable[[int, int], None]
) -> dict[str, Any]:
    """Return one row per detector: faces found, accuracy of direct and of found crops, and FER2013's own framing.

    Raises:
        DataError: the data are not FER2013.
        ModelFileError: a detector's model file cannot be had.
    """
    manifest = load_dataset("fer2013", data).split("publictest")
    manifest = replace(manifest, samples=manifest.samples[:max_faces])
    recognizer = Recognizer(detector="haar")
    direct = recognizer.classify([sample.pixels() for sample in manifest.samples]).argmax(axis=1)
    labels = manifest.label_indices
    rows = []
    for number, name in enumerate(detectors):
        found = list(
            _find_all(create_detector(name), [sample.pixels() for sample in manifest.samples], number, len(detectors), on_progress)
        )
        rows.append(
            {"detector": name, **_compare(found, recognizer, direct, labels, recognizer.pipeline.alignment), "framing": _framing(found)}
        )
        if sweep:
            rows[-1]["sweep"] = [
                {
                    "eye_distances": spec.eye_distances,
                    "center_below_eyes": spec.center_below_eyes,
                    **_compare(found, recognizer, direct, labels, spec),
                }
                for spec in SWEEP
            ]
    return {
        "dataset": "fer2013",
        "split": "publictest",
        "label_source": "fer2013",
        "model": recognizer.bundle.card.name,
        "scene_wh": SCENE_WH,
        "rows": rows,
    }


Found = tuple[UInt8, tuple[float, float], float, Face | None]
"""Scene, top left corner of the pasted face, its side, and the detected face."""


def _find_all(
    detect: Detector, faces: Sequence[UInt8], number: int, total: int, on_progress: Callable[[int, int], None]
) -> Iterator[Found]:
    rng = np.random.default_rng(0)
    for index, pixels in enumerate(faces):
        scene, corner_xy, side = paste(pixels, rng)
        yield scene, corner_xy, side, _face_at(detect(scene), corner_xy, side)
        on_progress(number * len(faces) + index + 1, total * len(faces))


def paste(face: UInt8, rng: np.random.Generator) -> tuple[UInt8, tuple[float, float], float]:
    """Return an RGB scene with the face enlarged somewhere in it, its corner and its side.

    The background repeats the face's border, blurred: hair and shoulders go on, as they do around real faces.
    """
    width, height = SCENE_WH
    side = int(rng.integers(FACE_SIDES_PX[0], FACE_SIDES_PX[1] + 1))
    x, y = int(rng.integers(0, width - side + 1)), int(rng.integers(0, height - side + 1))
    large = cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC)
    scene = cv2.copyMakeBorder(large, y, height - side - y, x, width - side - x, cv2.BORDER_REPLICATE)
    scene = cv2.GaussianBlur(scene, (0, 0), side / 12)
    scene[y : y + side, x : x + side] = large
    return np.repeat(scene[..., np.newaxis], 3, axis=2).astype(np.uint8, copy=False), (x, y), side


def _face_at(faces: Sequence[Face], corner_xy: tuple[float, float], side: float) -> Face | None:
    """Return the surest face whose box is centred inside the pasted one."""
    for face in faces:
        center = (face.box_xyxy[:2] + face.box_xyxy[2:]) / 2 - np.array(corner_xy)
        if (center > 0).all() and (center < side).all():
            return face
    return None


def _compare(found: Sequence[Found], recognizer: Recognizer, direct: np.ndarray, labels: np.ndarray, spec: AlignmentSpec) -> dict[str, Any]:
    """Return accuracy of direct and of found crops on the faces that were found."""
    is_found = np.array([face is not None for *_, face in found])
    crops = [cut(scene, face_square(face, spec), recognizer.pipeline.preprocess) for scene, _, _, face in found if face is not None]
    given = recognizer.classify(crops).argmax(axis=1)
    direct_accuracy = float((direct[is_found] == labels[is_found]).mean())
    accuracy = float((given == labels[is_found]).mean())
    return {
        "found": int(is_found.sum()),
        "found_share": float(is_found.mean()),
        "direct_accuracy": direct_accuracy,
        "accuracy": accuracy,
        "loss": direct_accuracy - accuracy,
    }


def _framing(found: Sequence[Found]) -> dict[str, float]:
    """Return FER2013's own framing as the detector sees it: medians of side and centre, in eye distances."""
    sides, below = [], []
    for _, corner_xy, side, face in found:
        if face is None:
            continue
        eyes = face.landmarks_xy[:2]
        distance = float(np.hypot(*(eyes[1] - eyes[0])))
        middle: Float = eyes.mean(axis=0) - np.array(corner_xy)
        sides.append(side / distance)
        below.append((side / 2 - middle[1]) / distance)
    return {"side_in_eye_distances": float(np.median(sides)), "center_below_eyes": float(np.median(below))}
