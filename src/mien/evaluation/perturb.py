"""Faces made harder, in five strengths: turned, farther, blurred, noisy, dark, compressed, and partly hidden.

The strengths stand for what a camera does to a face: 1 is hardly seen, 5 is at the edge of what people read.
"""

from collections.abc import Callable

import cv2
import numpy as np

from mien.covering import PART_BOXES, hide, part_box
from mien.types import UInt8

STRENGTHS = (1, 2, 3, 4, 5)
CROP_OF_HEAD = 1.1
"""Half a crop's width, in radii of the head."""
EYES_RAD = float(np.arcsin(0.37 * CROP_OF_HEAD))
"""Where the eyes are on the cylinder: 0.37 of the crop's width apart."""

Perturb = Callable[[UInt8, int, np.random.Generator], UInt8]
"""A square crop (s, s) or (s, s, 3), a strength of 1 to 5 and a source of chance, to a crop of the same shape."""


def yaw(crop: UInt8, degrees: float) -> UInt8:
    """Turn the head around the vertical axis, as if it were a cylinder, and centre the eyes again, as cutting does.

    Positive turns show more of the picture's right half. What a turn would bring into sight is not in the picture; its edge is repeated.
    """
    side = crop.shape[0]
    turn = np.deg2rad(degrees)
    eyes_shift = np.cos(EYES_RAD) * np.sin(turn)
    seen = ((np.arange(side) + 0.5) / side * 2 - 1) * CROP_OF_HEAD - eyes_shift
    angles = np.arcsin(np.clip(seen, -1, 1)) + turn
    column_xs = ((np.sin(np.clip(angles, -np.pi / 2, np.pi / 2)) / CROP_OF_HEAD + 1) / 2 * side - 0.5).astype(np.float32)
    xs, ys = np.meshgrid(column_xs, np.arange(side, dtype=np.float32))
    return cv2.remap(crop, xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.uint8, copy=False)


def affine(crop: UInt8, degrees: float = 0.0, scale: float = 1.0, shift_xy: tuple[float, float] = (0.0, 0.0)) -> UInt8:
    """Turn and scale around the middle and shift, in sides; what comes in repeats the edge."""
    side = crop.shape[0]
    matrix = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), degrees, scale)
    matrix[:, 2] += np.array(shift_xy) * side
    return cv2.warpAffine(crop, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE).astype(np.uint8, copy=False)


def _aside(crop: UInt8, rng: np.random.Generator) -> UInt8:
    return affine(crop, shift_xy=(float(rng.choice([-0.1, 0.1])), 0.0))


def _up_or_down(crop: UInt8, rng: np.random.Generator) -> UInt8:
    return affine(crop, shift_xy=(0.0, float(rng.choice([-0.1, 0.1]))))


def _nearer_or_farther(crop: UInt8, rng: np.random.Generator) -> UInt8:
    return affine(crop, scale=float(rng.choice([0.9, 1.1])))


def _turned(crop: UInt8, rng: np.random.Generator) -> UInt8:
    return affine(crop, degrees=float(rng.choice([-10, 10])))


def _all_at_random(crop: UInt8, rng: np.random.Generator) -> UInt8:
    shift_xy = (rng.uniform(-0.1, 0.1), rng.uniform(-0.1, 0.1))
    return affine(crop, rng.uniform(-10, 10), rng.uniform(0.9, 1.1), shift_xy)


def _yaw(crop: UInt8, strength: int, rng: np.random.Generator) -> UInt8:
    return yaw(crop, float(rng.choice([-1, 1])) * (10, 20, 30, 40, 50)[strength - 1])


def _roll(crop: UInt8, strength: int, rng: np.random.Generator) -> UInt8:
    return affine(crop, degrees=float(rng.choice([-1, 1])) * (8, 16, 24, 32, 40)[strength - 1])


def _scale(crop: UInt8, strength: int, rng: np.random.Generator) -> UInt8:
    factor = (1.1, 1.2, 1.3, 1.45, 1.6)[strength - 1]
    return affine(crop, scale=factor if rng.random() < 0.5 else 1 / factor)


def _blur(crop: UInt8, strength: int, rng: np.random.Generator) -> UInt8:
    sigma = crop.shape[0] * (0.01, 0.02, 0.03, 0.045, 0.06)[strength - 1]
    return cv2.GaussianBlur(crop, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE).astype(np.uint8, copy=False)


def _noise(crop: UInt8, strength: int, rng: np.random.Generator) -> UInt8:
    return _rounded(crop + rng.normal(0, (6, 12, 20, 32, 48)[strength - 1], crop.shape))


def _low_light(crop: UInt8, strength: int, rng: np.random.Generator) -> UInt8:
    """Less light, and the noise that a sensor adds to little light."""
    share = (0.6, 0.4, 0.25, 0.15, 0.08)[strength - 1]
    return _rounded(crop * share + rng.normal(0, 2 + strength, crop.shape))


def _jpeg(crop: UInt8, strength: int, rng: np.random.Generator) -> UInt8:
    _, content = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, (50, 30, 18, 10, 5)[strength - 1]])
    compressed: UInt8 = np.asarray(cv2.imdecode(content, cv2.IMREAD_UNCHANGED), np.uint8)
    return compressed


def _glasses(crop: UInt8, strength: int, rng: np.random.Generator) -> UInt8:
    """Dark rims, then ever darker lenses."""
    side = crop.shape[0]
    lenses, frame = crop.copy(), (30,) * (1 if crop.ndim == 2 else 3)
    right, left = ((round(PART_BOXES[name][0] * side), round(PART_BOXES[name][1] * side)) for name in ("right_eye", "left_eye"))
    axes = (round(0.15 * side), round(0.11 * side))
    for center in (right, left):
        cv2.ellipse(lenses, center, axes, 0, 0, 360, frame, -1)
    tint = (0.0, 0.25, 0.5, 0.75, 0.95)[strength - 1]
    worn = _rounded(crop * (1 - tint) + lenses * tint)
    for center in (right, left):
        cv2.ellipse(worn, center, axes, 0, 0, 360, frame, max(1, round(side / 40)), cv2.LINE_AA)
    bridge_from, bridge_to = (right[0] + axes[0], right[1]), (left[0] - axes[0], left[1])
    cv2.line(worn, bridge_from, bridge_to, frame, max(1, round(side / 40)), cv2.LINE_AA)
    return worn


def _mask(crop: UInt8, strength: int, rng: np.random.Generator) -> UInt8:
    """A light mask from the chin upwards, at last over the nose."""
    side = crop.shape[0]
    top = (0.90, 0.80, 0.70, 0.60, 0.50)[strength - 1]
    corners = np.array([(0.12, top), (0.5, top - 0.04), (0.88, top), (0.8, 0.97), (0.5, 1.0), (0.2, 0.97)])
    worn = crop.copy()
    color = (205,) if crop.ndim == 2 else (190, 210, 225)
    cv2.fillPoly(worn, [np.round(corners * side).astype(np.int32)], color, cv2.LINE_AA)
    return worn


def _eyes_hidden(crop: UInt8, strength: int, rng: np.random.Generator) -> UInt8:
    return _bar(crop, "eyes", strength, rng)


def _mouth_hidden(crop: UInt8, strength: int, rng: np.random.Generator) -> UInt8:
    return _bar(crop, "mouth", strength, rng)


def _bar(crop: UInt8, part: str, strength: int, rng: np.random.Generator) -> UInt8:
    """Hide a part behind one grey, a little of it at first and more than all of it at last."""
    share = (0.4, 0.7, 1.0, 1.2, 1.4)[strength - 1]
    return hide(crop, part_box(part, scale=share), int(rng.integers(40, 216)))


def _rounded(values: np.ndarray) -> UInt8:
    pixels: UInt8 = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return pixels


CORRUPTIONS: dict[str, Perturb] = {
    "yaw": _yaw,
    "roll": _roll,
    "scale": _scale,
    "blur": _blur,
    "noise": _noise,
    "low light": _low_light,
    "jpeg": _jpeg,
    "glasses": _glasses,
    "mask": _mask,
    "eyes hidden": _eyes_hidden,
    "mouth hidden": _mouth_hidden,
}

FRAMINGS: dict[str, Callable[[UInt8, np.random.Generator], UInt8]] = {
    "10 % aside": _aside,
    "10 % up or down": _up_or_down,
    "10 % nearer or farther": _nearer_or_farther,
    "turned 10 degrees": _turned,
    "all, at random": _all_at_random,
}
"""Faces as a careless detector cuts them."""
