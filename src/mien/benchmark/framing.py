"""What finding and cutting a face costs in accuracy, against the data set's own crop.

Faces of FER2013's PublicTest are pasted into larger scenes, found by each detector and cut by their eyes. Accuracy
is compared on the faces that were found, with the direct crop of the same faces, so that the difference is the cut's.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien.alignment import AlignmentSpec, cut_face, face_square
from mien.data.catalog import load_dataset
from mien.data.found import FACE_SIDES_PX, SCENE_WH, face_at, paste
from mien.data.sampling import spread_out
from mien.detection.catalog import create_detector
from mien.errors import SourceError
from mien.evaluation.evaluate import CHUNK
from mien.evaluation.measure import provenance
from mien.evaluation.open import OpenClassifier
from mien.labels import columns_of
from mien.preprocess import PreprocessSpec, Square
from mien.types import Detector, OnProgress, UInt8

Bool = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]

# Sizes and centres around FER2013's own framing, and rules for turned faces, tried with --sweep.
SWEEP = [
    *(AlignmentSpec(eye_distances=side, center_below_eyes=below) for side in (2.5, 2.6, 2.7, 2.8, 2.9) for below in (0.24, 0.30, 0.36)),
    *(AlignmentSpec(eye_to_mouth_share=share) for share in (0.0, 0.5, 0.65, 0.8, 0.95)),
]


@dataclass(frozen=True)
class Found:
    """One pasted face that a detector found."""

    index: int
    """Position in the split."""
    crops: list[UInt8]
    """One per alignment that is tried."""
    side_in_eye_distances: float
    """Of FER2013's own picture, as the detector's eyes measure it."""
    center_below_eyes: float
    """Likewise, in eye distances."""
    deviation: tuple[float, float, float, float]
    """Of the square that is cut from FER2013's own: turn in degrees, logarithm of the sides' ratio, shifts in sides."""


def measure_framing(
    model: OpenClassifier, data: Path, detectors: Sequence[str], max_faces: int, sweep: bool, on_progress: OnProgress
) -> dict[str, Any]:
    """Return one row per detector: faces found, accuracy of direct and of found crops, and how FER2013's own framing differs.

    Args:
        sweep: Also try every alignment of ``SWEEP``.

    Raises:
        DataError: the data are not FER2013.
        UnknownNameError: the model lacks a label of FER2013, or no such detector.
        ModelFileError: a detector's model file cannot be had.
        SourceError: a detector finds no face at all.
    """
    manifest = load_dataset("fer2013", data).split("publictest")
    manifest = spread_out(manifest, max_faces)
    columns = columns_of(manifest.labels, model.labels)

    def is_right(crops: Sequence[UInt8], indices: Indices) -> Bool:
        parts = [model.classify(crops[start : start + CHUNK])[:, columns].argmax(axis=1) for start in range(0, len(crops), CHUNK)]
        right: Bool = np.concatenate(parts) == manifest.label_indices[indices]
        return right

    faces = [sample.pixels() for sample in manifest.samples]
    is_right_direct = is_right(faces, np.arange(len(faces)))
    alignments = [model.alignment, *(SWEEP if sweep else [])]
    rows = []
    for number, name in enumerate(detectors):
        detector = create_detector(name, policy="camera")

        def advance(done: int, before: int = number * len(faces)) -> None:
            on_progress(before + done, len(detectors) * len(faces))

        found = list(_find_all(detector, faces, alignments, model.preprocess, advance))
        if not found:
            raise SourceError(f"{name} finds none of {len(faces)} faces; there is nothing to compare.")
        indices = np.array([face.index for face in found])
        rights = [is_right([face.crops[number] for face in found], indices) for number in range(len(alignments))]
        results = [_compare(is_right_direct[indices], right) for right in rights]
        rows.append(
            {
                "detector": name,
                "found": len(found),
                "found_share": len(found) / len(faces),
                **results[0],
                "own_side_in_eye_distances": float(np.median([face.side_in_eye_distances for face in found])),
                "own_center_below_eyes": float(np.median([face.center_below_eyes for face in found])),
                "deviation": _spread(found),
                "sweep": [vars(alignment) | result for alignment, result in zip(alignments[1:], results[1:], strict=True)],
            }
        )
    return {
        "dataset": "fer2013",
        "split": "publictest",
        "n": len(faces),
        "label_source": manifest.label_source,
        "model": model.name,
        "file": model.file,
        **({"files_sha256": {}} | provenance(model, manifest.labels)),
        "data_sha256": manifest.sha256,
        "alignment": vars(model.alignment),
        "scene_wh": SCENE_WH,
        "face_sides_px": FACE_SIDES_PX,
        "rows": rows,
    }


def _find_all(
    detect: Detector, faces: Sequence[UInt8], alignments: Sequence[AlignmentSpec], spec: PreprocessSpec, on_progress: Callable[[int], None]
) -> Iterator[Found]:
    rng = np.random.default_rng(0)  # every detector sees the same scenes
    for index, pixels in enumerate(faces):
        scene, corner_xy, side = paste(pixels, rng)
        face = face_at(detect(scene), corner_xy, side)
        on_progress(index + 1)
        if face is None:
            continue
        eyes = face.landmarks_xy[:2]
        eye_distance = float(np.hypot(*(eyes[1] - eyes[0])))
        eyes_below_top = float(eyes[:, 1].mean()) - corner_xy[1]
        crops = [cut_face(scene, face, alignment, spec) for alignment in alignments]
        deviation = _deviation(face_square(face, alignments[0]), corner_xy, side)
        yield Found(index, crops, side / eye_distance, (side / 2 - eyes_below_top) / eye_distance, deviation)


def _deviation(square: Square, corner_xy: tuple[float, float], side: float) -> tuple[float, float, float, float]:
    x, y = (np.array(square.center_xy) - np.array(corner_xy) - side / 2) / side
    return float(np.rad2deg(square.angle_rad)), float(np.log(square.side / side)), float(x), float(y)


def _spread(found: Sequence[Found]) -> dict[str, float]:
    """Return the mean absolute deviation from the median: turn, logarithm of the side, shift over both axes."""
    values = np.array([face.deviation for face in found])
    turn, log_side, *shift = np.abs(values - np.median(values, axis=0)).mean(axis=0)
    return {"turn_deg": float(turn), "log_side": float(log_side), "shift": float(np.mean(shift))}


def _compare(is_right_direct: Bool, is_right: Bool) -> dict[str, float]:
    """Return accuracy of direct and of found crops on the faces that were found, and their difference with its standard error."""
    losses = is_right_direct.astype(float) - is_right
    return {
        "direct_accuracy": float(is_right_direct.mean()),
        "accuracy": float(is_right.mean()),
        "loss": float(losses.mean()),
        "loss_se": float(losses.std() / np.sqrt(len(losses))),
    }
