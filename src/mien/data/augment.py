"""Random changes to training faces, each small enough to leave the expression readable.

Geometry is one affine warp per picture, so that pixels are interpolated once. Magnitudes stand in the recipe.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from mien.covering import PART_BOXES, Box, hide, keep, part_box
from mien.data.capture import capture_badly, to_levels
from mien.types import Float, UInt8


@dataclass(frozen=True)
class Reframing:
    """How far a face that a detector found lies from the data set's own framing: mean absolute deviations of Laplace distributions."""

    turn_deg: float = 4.0
    log_scale: float = 0.14
    shift: float = 0.04
    """Of the side, on each axis."""


# Over YuNet, BlazeFace and Haar on PublicTest, as `mien benchmark framing` measures it (docs/detectors.md).
REFRAME = Reframing()


@dataclass(frozen=True)
class AugmentSpec:
    """Magnitudes of every change; zero switches one off."""

    mirror_probability: float = 0.5
    flip_probability: float = 0.0
    """Turn upside down."""
    rotate_deg: float = 15.0
    """Uniform in plus or minus this."""
    scale_range: tuple[float, float] = (0.85, 1.15)
    stretch: float = 0.0
    """Zoom each axis by its own factor, uniform in 1 plus or minus this."""
    shear_deg: float = 0.0
    """Uniform in plus or minus this."""
    shift: float = 0.06
    """Uniform in plus or minus this fraction of the side, on each axis."""
    geometry_probability: float = 1.0
    """Of each of turning, scaling, stretching, shearing and shifting, drawn on its own."""
    reframe_probability: float = 0.0
    """Turn, scale and shift as detectors do instead: little most times, much at others (``REFRAME``)."""
    brightness: float = 0.2
    """Uniform in plus or minus this fraction of 255."""
    contrast: float = 0.2
    """Factor uniform in 1 plus or minus this, around the picture's mean."""
    noise: float = 0.0
    """Standard deviation of Gaussian noise, as a fraction of 255."""
    blur_probability: float = 0.1
    """Reduce to 40..85 % of the size and enlarge again, as a small or far face looks."""
    capture_probability: float = 0.0
    """Add noise, take light away or compress, as poor cameras and links do."""
    erase_probability: float = 0.3
    """Cover one random rectangle of 2 to 25 % of the area (random erasing, arXiv 1708.04896), in each crop."""
    mask_part_probability: float = 0.2
    """Cover the eyes, one eye, the nose or the mouth."""
    keep_part_probability: float = 0.0
    """Cover everything but the eyes, one eye, the nose or the mouth."""
    mixup_alpha: float = 0.0
    """Blend pairs of pictures and their targets with a share drawn from Beta(alpha, alpha) (mixup, arXiv 1710.09412)."""
    edges: str = "repeat"
    """What moves in from outside: ``repeat`` the edge, or ``black``."""

    def __post_init__(self) -> None:
        for name in vars(self):
            if name.endswith("_probability") and not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in 0..1, got {getattr(self, name)}")
        if not 0 < self.scale_range[0] <= self.scale_range[1] < np.inf:
            raise ValueError(f"scale_range must be positive and ordered, got {self.scale_range}")
        if self.edges not in ("repeat", "black"):
            raise ValueError(f"edges must be 'repeat' or 'black', got {self.edges!r}")
        if not 0 <= self.stretch < 1:
            raise ValueError(f"stretch must lie in 0..1, got {self.stretch}")
        if not 0 <= self.shear_deg < 90:
            raise ValueError(f"shear_deg must lie in 0..90, got {self.shear_deg}")
        for name in ("noise", "mixup_alpha", "brightness", "contrast", "shift", "rotate_deg"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be 0 or above, got {getattr(self, name)}")

    @property
    def only_mirrors(self) -> bool:
        """Whether a picture is at most mirrored, so that features of it and its mirror image are all there is."""
        geometry = (self.rotate_deg, self.stretch, self.shear_deg, self.shift, self.flip_probability, self.reframe_probability)
        light = (self.brightness, self.contrast, self.noise, self.mixup_alpha)
        quality = (self.blur_probability, self.capture_probability)
        covers = (self.erase_probability, self.mask_part_probability, self.keep_part_probability)
        return self.scale_range == (1.0, 1.0) and not any((*geometry, *light, *quality, *covers))


def augment(face: UInt8, spec: AugmentSpec, rng: np.random.Generator) -> UInt8:
    """Return a randomly changed copy of a square face, same shape; ``cover`` comes after cropping.

    Args:
        face: (s, s) grey or (s, s, 3) RGB.
    """
    face = warp(face, spec, rng)
    if spec.blur_probability and rng.random() < spec.blur_probability:
        face = lower_resolution(face, rng.uniform(0.4, 0.85))
    if spec.contrast or spec.brightness:
        face = change_light(face, spec, rng)
    if spec.noise:
        face = add_noise(face, spec.noise, rng)
    if spec.capture_probability and rng.random() < spec.capture_probability:
        face = capture_badly(face, rng)
    if spec.keep_part_probability and rng.random() < spec.keep_part_probability:
        return keep_part(face, str(rng.choice(list(PART_BOXES))), rng)
    if spec.mask_part_probability and rng.random() < spec.mask_part_probability:
        face = mask_part(face, str(rng.choice(list(PART_BOXES))), rng)
    return face


def cover(crop: UInt8, spec: AugmentSpec, rng: np.random.Generator) -> UInt8:
    """Return a crop with a random rectangle covered, or as it is."""
    if spec.erase_probability and rng.random() < spec.erase_probability:
        return erase(crop, rng)
    return crop


def warp(face: UInt8, spec: AugmentSpec, rng: np.random.Generator) -> UInt8:
    """Mirror, turn, scale, shear and shift in one bilinear warp."""
    side = face.shape[0]

    def happens() -> bool:
        return spec.geometry_probability >= 1 or rng.random() < spec.geometry_probability

    angle_rad = np.deg2rad(rng.uniform(-spec.rotate_deg, spec.rotate_deg)) if happens() else 0.0
    scale = rng.uniform(*spec.scale_range) if happens() else 1.0
    shift_xy = rng.uniform(-spec.shift, spec.shift, 2) * side if happens() else np.zeros(2)
    if spec.reframe_probability and rng.random() < spec.reframe_probability:
        angle_rad, scale, shift_xy = reframe(side, rng)
    stretch_xy = 1 + rng.uniform(-spec.stretch, spec.stretch, 2) if spec.stretch and happens() else np.ones(2)
    shear = np.tan(np.deg2rad(rng.uniform(-spec.shear_deg, spec.shear_deg))) if spec.shear_deg and happens() else 0.0
    mirror = -1.0 if rng.random() < spec.mirror_probability else 1.0
    flip = -1.0 if spec.flip_probability and rng.random() < spec.flip_probability else 1.0
    cos, sin = np.cos(angle_rad) * scale, np.sin(angle_rad) * scale
    turn = np.array([[cos, -sin], [sin, cos]])
    linear = turn @ np.array([[1.0, shear], [0.0, 1.0]]) @ np.diag([mirror, flip] * stretch_xy)
    middle = (side - 1) / 2
    offset = middle + shift_xy - linear @ np.array([middle, middle])
    border = cv2.BORDER_REPLICATE if spec.edges == "repeat" else cv2.BORDER_CONSTANT
    matrix = np.column_stack([linear, offset])
    return cv2.warpAffine(face, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=border).astype(np.uint8, copy=False)


def reframe(side: int, rng: np.random.Generator) -> tuple[float, float, Float]:
    """Draw the turn in rad, the scale and the shift in px (2,) that a detector would leave; at most four deviations of each."""
    turn, scale, x, y = np.clip(rng.laplace(size=4), -4, 4)
    return np.deg2rad(REFRAME.turn_deg) * turn, float(np.exp(REFRAME.log_scale * scale)), REFRAME.shift * side * np.array([x, y])


def add_noise(face: UInt8, deviation: float, rng: np.random.Generator) -> UInt8:
    """Add Gaussian noise of ``deviation`` times 255."""
    return to_levels(face + rng.normal(0, deviation * 255, face.shape))


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
    return hide(face, _moved_box(part, rng), int(rng.integers(0, 256)))


def keep_part(face: UInt8, part: str, rng: np.random.Generator) -> UInt8:
    """Cover all but one part of the face with a flat grey, its box moved and scaled a little."""
    return keep(face, _moved_box(part, rng), int(rng.integers(0, 256)))


def _moved_box(part: str, rng: np.random.Generator) -> Box:
    center = np.array(PART_BOXES[part][:2]) + rng.uniform(-0.04, 0.04, 2)
    return part_box(part, center, rng.uniform(0.8, 1.2))


def erase(face: UInt8, rng: np.random.Generator) -> UInt8:
    """Cover a random rectangle of 2 to 25 % of the area, with sides in a ratio of 1:2 to 2:1."""
    area, ratio = rng.uniform(0.02, 0.25), np.exp(rng.uniform(-np.log(2), np.log(2)))
    width, height = np.sqrt(area * ratio), np.sqrt(area / ratio)
    left, top = rng.uniform(0, 1 - width), rng.uniform(0, 1 - height)
    return hide(face, (left, top, left + width, top + height), int(rng.integers(0, 256)))
