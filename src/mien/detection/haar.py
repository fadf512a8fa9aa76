"""Haar cascade face detector (Viola & Jones 2001; Lienhart & Maydt 2002), from the OpenCV wheel: always there.

It finds upright, frontal faces. It has no landmarks, so they are estimated from the box;
the face is therefore cut upright, as the box is. Where ``auto`` has nothing better, it also tries the picture turned by
20 and 40 degrees both ways when nothing is found upright.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from mien.detection.resize import reduce_to
from mien.errors import ModelFileError
from mien.geometry import turn_points
from mien.preprocess import luma
from mien.types import POINTS_IN_SQUARE, Face, Float, Policy, UInt8

# OpenCV's default of 3 takes the badge on Grace Hopper's cap for a face.
MIN_NEIGHBOURS = 4
_TURNS_DEG = (20.0, -20.0, 40.0, -40.0)


MAX_SIDE_PX = 640
MIN_FACE_PX: dict[Policy, int] = {"picture": 30, "camera": 80}


def create(model_path: Path | None, policy: Policy, threads: int) -> "HaarDetector":
    """Make the detector for a policy; see ``HaarDetector``."""
    return HaarDetector(MAX_SIDE_PX, MIN_FACE_PX[policy], model_path=model_path)


def create_for_auto(policy: Policy) -> "HaarDetector":
    """Make the detector that stands in for all others."""
    return HaarDetector(MAX_SIDE_PX, MIN_FACE_PX[policy], try_turns=policy == "picture")


class HaarDetector:
    """Finds upright frontal faces of at least ``min_face_px`` in the reduced picture.

    Args:
        max_side_px: The picture is reduced so that its longer side is at most this; one of half that is doubled.
        try_turns: Try turned pictures when nothing is found upright; costs four more searches.

    Raises:
        ModelFileError: the cascade file is missing or foreign.
    """

    def __init__(self, max_side_px: int, min_face_px: int, try_turns: bool = False, model_path: Path | None = None) -> None:
        path = model_path or Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_alt2.xml"
        self._cascade = load_cascade(path)
        self._max_side_px = max_side_px
        self._min_face_px = min_face_px
        self._try_turns = try_turns

    def __call__(self, image: UInt8) -> list[Face]:
        """Return the faces of an (H, W, 3) RGB picture, the surest first."""
        grey, scale = reduce_to(luma(image), self._max_side_px)
        if max(grey.shape) <= self._max_side_px / 2:
            # The cascade's window is 20 px; small pictures are searched at twice their size.
            grey, scale = cv2.resize(grey, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False), 2.0
        faces = self._detect(grey, 0.0, scale)
        if faces or not self._try_turns:
            return faces
        attempts = [self._detect(grey, angle_deg, scale) for angle_deg in _TURNS_DEG]
        return max(attempts, key=_total_confidence)

    def _detect(self, grey: UInt8, angle_deg: float, scale: float) -> list[Face]:
        """Search the picture turned by ``angle_deg`` and return faces in pixels of the original picture."""
        turned = _turn(grey, angle_deg)
        boxes, neighbours = self._cascade.detectMultiScale2(
            turned, scaleFactor=1.1, minNeighbors=MIN_NEIGHBOURS, minSize=(self._min_face_px, self._min_face_px)
        )
        center, turned_center = _center_of(grey), _center_of(turned)
        faces = []
        for (x, y, width, height), count in zip(boxes, neighbours, strict=True):
            corner, size = np.array([x, y], np.float64), np.array([width, height], np.float64)
            landmarks: Float = corner + POINTS_IN_SQUARE * size
            box = np.concatenate([corner, corner + size])
            if angle_deg:
                landmarks = turn_points(landmarks, np.deg2rad(angle_deg), turned_center, center)
                middle = turn_points((corner + size / 2)[np.newaxis], np.deg2rad(angle_deg), turned_center, center)[0]
                box = np.concatenate([middle - size / 2, middle + size / 2])
            # The number of agreeing windows is all a cascade tells; it has no limit, 30 and more is certain.
            faces.append(Face(box / scale, landmarks / scale, confidence=float(count / (count + 3.0))))
        return sorted(faces, key=lambda face: -face.confidence)


def load_cascade(path: Path) -> cv2.CascadeClassifier:
    """Read a cascade file.

    Raises:
        ModelFileError: the file is missing or no cascade.
    """
    try:
        cascade = cv2.CascadeClassifier(str(path))
        is_empty = cascade.empty()
    except (cv2.error, SystemError):  # OpenCV's binding raises either
        is_empty = True
    if is_empty:
        raise ModelFileError(f"{path}: not a readable Haar cascade. Expected an OpenCV cascade .xml file.")
    return cascade


def _turn(grey: UInt8, angle_deg: float) -> UInt8:
    """Turn a picture counter-clockwise on screen into a canvas that holds all of it."""
    if angle_deg == 0:
        return grey
    height, width = grey.shape
    cos, sin = abs(np.cos(np.deg2rad(angle_deg))), abs(np.sin(np.deg2rad(angle_deg)))
    size_wh = (round(width * cos + height * sin), round(width * sin + height * cos))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1.0)
    matrix[:, 2] += [(size_wh[0] - width) / 2, (size_wh[1] - height) / 2]
    return cv2.warpAffine(grey, matrix, size_wh).astype(np.uint8, copy=False)


def _center_of(picture: UInt8) -> Float:
    height, width = picture.shape[:2]
    center: Float = np.array([width / 2, height / 2])
    return center


def _total_confidence(faces: Sequence[Face]) -> float:
    return sum(face.confidence for face in faces)
