"""Random changes to training faces, each small enough to leave the expression readable.

Geometry is one affine warp per picture, so that pixels are interpolated once. Magnitudes stand in the recipe.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from mien.types import UInt8

# Where FER2013's own framing puts the parts, in fractions of the crop: (centre x, centre y, half width, half height).
# Eyes lie 0.24 eye distances above the centre of a square 2.5 eye distances wide.
PARTS: dict[str, tuple[float, float, float, float]] = {
    "eyes": (0.50, 0.40, 0.36, 0.11),
    "right_eye": (0.30, 0.40, 0.16, 0.11),
    "left_eye": (0.70, 0.40, 0.16, 0.11),
    "nose": (0.50, 0.56, 0.15, 0.14),
    "mouth": (0.50, 0.77, 0.24, 0.14),
}


@dataclass(frozen=True)
class AugmentSpec:
    """Magnitudes of every change; zero switches one off."""

    mirror_probability: float = 0.5
    rotate_deg: float = 15.0
    """Uniform in plus or minus this."""
    scale_range: tuple[float, float] = (0.85, 1.15)
    shift: float = 0.06
    """Uniform in plus or minus this fraction of the side, on each axis."""
    brightness: float = 0.2
    """Uniform in plus or minus this fraction of 255."""
    contrast: float = 0.2
    """Factor uniform in 1 plus or minus this, around the picture's mean."""
    blur_probability: float = 0.1
    """Reduce to 40..85 % of the size and enlarge again, as a small or far face looks."""
    erase_probability: float = 0.3
    """Cover one random rectangle of 2 to 25 % of the area (random erasing, arXiv 1708.04896)."""
    mask_part_probability: float = 0.2
    """Cover the eyes, one eye, the nose or the mouth."""

    def __post_init__(self) -> None:
        for name in ("mirror_probability", "blur_probability", "erase_probability", "mask_part_probability"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in 0..1, got {getattr(self, name)}")
        if not 0 < self.scale_range[0] <= self.scale_range[1]:
            raise ValueError(f"scale_range must be positive and ordered, got {self.scale_range}")


def augment(face: UInt8, spec: AugmentSpec, rng: np.random.Generator) -> UInt8:
    """Return a randomly changed copy of a square face, same shape.

    Args:
        face: (s, s) grey or (s, s, 3) RGB.
    """
    face = warp(face, spec, rng)
    if rng.random() < spec.blur_probability:
        face = lower_resolution(face, rng.uniform(0.4, 0.85))
    face = change_light(face, spec, rng)
    if rng.random() < spec.mask_part_probability:
        face = mask_part(face, str(rng.choice(list(PARTS))), rng)
    if rng.random() < spec.erase_probability:
        face = erase(face, rng)
    return face


def warp(face: UInt8, spec: AugmentSpec, rng: np.random.Generator) -> UInt8:
    """Mirror, turn, scale and shift in one bilinear warp; edges repeat, as in preprocessing."""
    side = face.shape[0]
    angle_rad = np.deg2rad(rng.uniform(-spec.rotate_deg, spec.rotate_deg))
    scale = rng.uniform(*spec.scale_range)
    shift_xy = rng.uniform(-spec.shift, spec.shift, 2) * side
    flip = -1.0 if rng.random() < spec.mirror_probability else 1.0
    cos, sin = np.cos(angle_rad) * scale, np.sin(angle_rad) * scale
    linear = np.array([[cos * flip, -sin], [sin * flip, cos]])
    middle = (side - 1) / 2
    offset = middle + shift_xy - linear @ np.array([middle, middle])
    matrix = np.column_stack([linear, offset])
    return cv2.warpAffine(face, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.uint8, copy=False)


def lower_resolution(face: UInt8, factor: float) -> UInt8:
    """Reduce to ``factor`` of the size and enlarge again."""
    side = face.shape[0]
    small = max(4, round(side * factor))
    reduced = cv2.resize(face, (small, small), interpolation=cv2.INTER_AREA)
    return cv2.resize(reduced, (side, side), interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)


def change_light(face: UInt8, spec: AugmentSpec, rng: np.random.Generator) -> UInt8:
    """Change contrast around the mean, then brightness."""
    contrast = 1 + rng.uniform(-spec.contrast, spec.contrast)
    brightness = rng.uniform(-spec.brightness, spec.brightness) * 255
    mean = float(face.mean())
    levels = (np.arange(256) - mean) * contrast + mean + brightness
    table = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    lit: UInt8 = table[face]
    return lit


def mask_part(face: UInt8, part: str, rng: np.random.Generator) -> UInt8:
    """Cover one part of the face with a flat grey, its box moved and scaled a little."""
    center_x, center_y, half_width, half_height = PARTS[part]
    jitter = rng.uniform(-0.04, 0.04, 2)
    stretch = rng.uniform(0.8, 1.2)
    x, y = center_x + jitter[0], center_y + jitter[1]
    return _cover(face, x - half_width * stretch, y - half_height * stretch, x + half_width * stretch, y + half_height * stretch, rng)


def erase(face: UInt8, rng: np.random.Generator) -> UInt8:
    """Cover a random rectangle of 2 to 25 % of the area, with sides in a ratio of 1:2 to 2:1."""
    area, ratio = rng.uniform(0.02, 0.25), np.exp(rng.uniform(-np.log(2), np.log(2)))
    width, height = np.sqrt(area * ratio), np.sqrt(area / ratio)
    left, top = rng.uniform(0, 1 - width), rng.uniform(0, 1 - height)
    return _cover(face, left, top, left + width, top + height, rng)


def _cover(face: UInt8, left: float, top: float, right: float, bottom: float, rng: np.random.Generator) -> UInt8:
    """Fill a box, in fractions of the side, with one random grey."""
    side = face.shape[0]
    x1, y1, x2, y2 = (int(np.clip(round(value * side), 0, side)) for value in (left, top, right, bottom))
    covered = face.copy()
    covered[y1:y2, x1:x2] = rng.integers(0, 256)
    return covered
