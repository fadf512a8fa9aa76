"""Faces in pictures that lie on their side or stand on their head, as scans and phones without EXIF leave them.

A detector that knows turns to 45 degrees still finds faces that are turned further, with points where an upright face would have
them: cut by those, a face is read wrongly and surely. Its confidence tells, which is highest in the turn where faces stand upright.
"""

from collections.abc import Sequence

import numpy as np

from mien.types import Detector, Face, Float, UInt8

SURE = 0.9
"""A face this sure stands upright, and no turn is tried."""


def find_in_any_turn(detect: Detector) -> Detector:
    """Return a detector that looks again in three quarter turns where no face is sure, and takes the turn of the surest face."""

    def find(image: UInt8) -> Sequence[Face]:
        best = detect(image)
        if _surest(best) >= SURE:
            return best
        for quarters in (1, 2, 3):
            found = detect(np.ascontiguousarray(np.rot90(image, quarters)))
            if _surest(found) > _surest(best):
                best = [_turn_back(face, quarters, image) for face in found]
        return best

    return find


def _surest(faces: Sequence[Face]) -> float:
    return max((face.confidence for face in faces), default=0.0)


def _turn_back(face: Face, quarters: int, image: UInt8) -> Face:
    """Return a face of a picture that was turned counter-clockwise, where it is in the picture itself."""
    height, width = image.shape[:2]
    corners = _points_before(face.box_xyxy.reshape(2, 2), quarters, width, height)
    box = np.concatenate([corners.min(axis=0), corners.max(axis=0)])
    return Face(box, _points_before(face.landmarks_xy, quarters, width, height), face.confidence)


def _points_before(points_xy: Float, quarters: int, width: int, height: int) -> Float:
    """Return where (N, 2) points were before a picture of that size was turned."""
    x, y = points_xy[:, 0], points_xy[:, 1]
    before: Float = np.stack({1: (width - y, x), 2: (width - x, height - y), 3: (y, height - x)}[quarters], axis=1)
    return before
