"""Bringing a picture to a detector's size."""

import cv2
import numpy as np

from mien.types import UInt8

LONGEST_RATIO = 3.0


def reduce_to(picture: UInt8, max_side_px: int) -> tuple[UInt8, float]:
    """Shrink a picture so that its longer side is at most ``max_side_px``; never enlarge. Returns picture and scale.

    Of a strip, as a panorama is, the longer side may stay longer: it keeps as many pixels as one of 3:1.
    """
    height, width = picture.shape[:2]
    strip = max(1.0, max(height, width) / min(height, width) / LONGEST_RATIO)
    scale = min(1.0, max_side_px * strip**0.5 / max(height, width))
    if scale == 1.0:
        return picture, 1.0
    size_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(picture, size_wh, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False), scale
