"""From a detected face to the square that is cut: by the eyes, not by the box.

Detectors draw very different boxes around the same face, so a margin that suits one is wrong for the others. All of
them place the eyes alike. FER2013 frames its faces as a square of about 2.7 eye distances whose centre lies about
0.30 of them below the eyes; ``mien benchmark framing`` measures both figures and what the choice costs.
"""

from dataclasses import dataclass, replace

import numpy as np

from mien.preprocess import PreprocessSpec, Square, cut
from mien.types import Face, UInt8

# Below either of these the eyes say nothing about turn and size, and the box is cut instead.
MIN_EYE_DISTANCE_PX = 3.0
MIN_EYE_DISTANCE_OF_BOX = 0.12


@dataclass(frozen=True)
class AlignmentSpec:
    """How a face is framed; stored in the card of every bundle."""

    kind: str = "eyes_level"
    eye_distances: float = 2.7
    """Side of the square."""
    center_below_eyes: float = 0.30
    """Distance of the square's centre below the middle of the eyes, in eye distances."""
    eye_to_mouth_share: float = 0.65
    """On a face turned to the side the eyes draw together, while the way from eyes to mouth stays. Where this share of
    that way is longer than the eye distance, it takes its place; on frontal faces, mouths open or not, it never is."""

    def __post_init__(self) -> None:
        if self.kind != "eyes_level":
            raise ValueError(f"kind must be 'eyes_level', got {self.kind!r}")
        if not 0 < self.eye_distances < np.inf:  # NaN fails too
            raise ValueError(f"eye_distances must be above 0 and finite, got {self.eye_distances}")
        for name in ("center_below_eyes", "eye_to_mouth_share"):
            if not np.isfinite(getattr(self, name)):
                raise ValueError(f"{name} must be finite, got {getattr(self, name)}")


def face_square(face: Face, spec: AlignmentSpec) -> Square:
    """Return the square to cut, turned so that the eyes are level.

    A face whose eyes are closer than 3 pixels or 12 % of its box (tiny, or seen from the side) is framed by its box:
    upright, centred on it, and as wide as its longer side.
    """
    right_eye, left_eye, _, mouth = face.landmarks_xy
    x1, y1, x2, y2 = face.box_xyxy
    box_side = float(max(x2 - x1, y2 - y1))
    across = left_eye - right_eye
    eye_distance = float(np.hypot(*across))
    if eye_distance < max(MIN_EYE_DISTANCE_PX, MIN_EYE_DISTANCE_OF_BOX * box_side):
        return Square((float(x1 + x2) / 2, float(y1 + y2) / 2), max(box_side, 1.0))
    middle = (right_eye + left_eye) / 2
    down = np.array([-across[1], across[0]]) / eye_distance
    unit = max(eye_distance, spec.eye_to_mouth_share * float((mouth - middle) @ down))
    center = middle + down * spec.center_below_eyes * unit
    return Square(
        (float(center[0]), float(center[1])),
        side=spec.eye_distances * unit,
        angle_rad=float(np.arctan2(across[1], across[0])),
    )


def cut_face(image: UInt8, face: Face, alignment: AlignmentSpec, preprocess: PreprocessSpec) -> UInt8:
    """Cut a face for a classifier: framed like FER2013, in the size and colour of the network's input.

    A classifier takes ``center_share`` of every crop itself, so the crop holds the whole face, in as many more pixels.

    Args:
        image: (H, W, 3) RGB.

    Returns:
        (s, s) grey or (s, s, 3) RGB.
    """
    side = preprocess.face_side
    return cut(image, face_square(face, alignment), replace(preprocess, size_hw=(side, side), center_share=1.0))
