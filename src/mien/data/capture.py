"""What poor cameras and links do to a face, for training: sensor noise, little light, compression.

The probes of ``mien.evaluation.perturb`` measure the same kinds of harm in fixed strengths; here they are drawn anew, most of them mild.
"""

import cv2
import numpy as np

from mien.types import UInt8

MIN_NOISE, MAX_NOISE = 2.0, 24.0
"""Standard deviation, in grey levels."""
MIN_LIGHT = 0.2
"""Share of the light that is left in the dark."""
MIN_QUALITY, MAX_QUALITY = 12, 70
"""Of the JPEG encoder."""


def capture_badly(face: UInt8, rng: np.random.Generator) -> UInt8:
    """Return a face as one of the three harms leaves it, same shape.

    Args:
        face: (s, s) grey or (s, s, 3) RGB.
    """
    return (add_noise, darken, compress)[rng.integers(3)](face, rng)


def add_noise(face: UInt8, rng: np.random.Generator) -> UInt8:
    """Add Gaussian noise, its deviation drawn evenly over orders of magnitude."""
    deviation = np.exp(rng.uniform(np.log(MIN_NOISE), np.log(MAX_NOISE)))
    return to_levels(face + rng.normal(0, deviation, face.shape))


def darken(face: UInt8, rng: np.random.Generator) -> UInt8:
    """Take light away, evenly over orders of magnitude, and add the noise that a sensor adds to little light."""
    share = np.exp(rng.uniform(np.log(MIN_LIGHT), 0))
    return to_levels(face * share + rng.normal(0, rng.uniform(1, 5), face.shape))


def compress(face: UInt8, rng: np.random.Generator) -> UInt8:
    """Store as JPEG and read again."""
    quality = int(rng.integers(MIN_QUALITY, MAX_QUALITY + 1))
    # The encoder takes the first channel for blue; which of the two colours is coded more finely matters little to a face.
    _, content = cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, quality])
    compressed: UInt8 = np.asarray(cv2.imdecode(content, cv2.IMREAD_UNCHANGED), np.uint8)
    return compressed


def to_levels(values: np.ndarray) -> UInt8:
    """Return values rounded to grey levels, 0..255."""
    levels: UInt8 = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return levels
