"""A part of a face covered, or all but that part: for training, for probes, and for reading parts by themselves."""

import numpy as np

from mien.types import Float, UInt8

# Where FER2013's own framing puts the parts, in fractions of the crop: (centre x, centre y, half width, half height).
# Eyes lie 0.24 eye distances above the centre of a square 2.5 eye distances wide.
PART_BOXES: dict[str, tuple[float, float, float, float]] = {
    "eyes": (0.50, 0.40, 0.36, 0.11),
    "right_eye": (0.30, 0.40, 0.16, 0.11),
    "left_eye": (0.70, 0.40, 0.16, 0.11),
    "nose": (0.50, 0.56, 0.15, 0.14),
    "mouth": (0.50, 0.77, 0.24, 0.14),
}

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in fractions of a crop's side; what lies outside of it is cut off."""


def part_box(name: str, center: Float | None = None, scale: float = 1.0) -> Box:
    """Return the box of a part.

    Args:
        name: In ``PART_BOXES``.
        center: (2,) in fractions of the crop's side; by default where FER2013's framing puts the part.
        scale: Of width and height.
    """
    x, y, half_width, half_height = PART_BOXES[name]
    if center is not None:
        x, y = (float(value) for value in center)
    return x - half_width * scale, y - half_height * scale, x + half_width * scale, y + half_height * scale


def hide(crop: UInt8, box: Box, fill: int) -> UInt8:
    """Return a square crop with a box covered by one grey."""
    rows, columns = _pixels(crop, box)
    covered = crop.copy()
    covered[rows, columns] = fill
    return covered


def keep(crop: UInt8, box: Box, fill: int) -> UInt8:
    """Return a square crop with all but a box covered by one grey."""
    rows, columns = _pixels(crop, box)
    covered = np.full_like(crop, fill)
    covered[rows, columns] = crop[rows, columns]
    return covered


def _pixels(crop: UInt8, box: Box) -> tuple[slice, slice]:
    """Turn fractions of the side into whole rows and columns."""
    left, top, right, bottom = (int(np.clip(round(value * crop.shape[0]), 0, crop.shape[0])) for value in box)
    return slice(top, bottom), slice(left, right)
