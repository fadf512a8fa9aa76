"""Maps as pictures: heat over a face, and grids of kernels and feature maps."""

import io
import math

import cv2
import numpy as np
from PIL import Image

from mien.types import Float, UInt8

SIDE_PX = 240
CELL_PX = 64
GAP_PX = 2


def overlay_heat(crop: UInt8, heat: Float) -> UInt8:
    """Return a (240, 240, 3) RGB picture of a crop with a map over it: clear where nothing matters, yellow to red where it does.

    Args:
        crop: (s, s) grey or (s, s, 3) RGB.
        heat: (h, w); values below 0 count as 0, the largest as 1.
    """
    gray = crop if crop.ndim == 2 else cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    base = cv2.resize(gray, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC)
    strength = cv2.resize(scaled(np.maximum(heat, 0)), (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC).clip(0, 1)[..., np.newaxis]
    color = cv2.applyColorMap((255 * strength).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
    mixed: UInt8 = (base[..., np.newaxis] * (1 - 0.75 * strength) + color * 0.75 * strength + 0.5).clip(0, 255).astype(np.uint8)
    return mixed


def scaled(values: Float) -> Float:
    """Return values spread over 0..1; all 0 where they are all alike."""
    low, high = float(values.min()), float(values.max())
    spread: Float = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return spread


def grid(pictures: Float) -> UInt8:
    """Return N pictures (N, h, w) or (N, h, w, 3) side by side in a near-square grid, each spread over its own range, as RGB."""
    columns = math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    step = CELL_PX + GAP_PX
    canvas = np.full((rows * step - GAP_PX, columns * step - GAP_PX, 3), 255, np.uint8)
    for index, picture in enumerate(pictures):
        large = cv2.resize((255 * scaled(picture)).astype(np.uint8), (CELL_PX, CELL_PX), interpolation=cv2.INTER_NEAREST)
        y, x = divmod(index, columns)
        canvas[y * step : y * step + CELL_PX, x * step : x * step + CELL_PX] = large if large.ndim == 3 else large[..., np.newaxis]
    return canvas


def to_png(picture: UInt8) -> bytes:
    """Return an RGB or grey picture as PNG."""
    content = io.BytesIO()
    Image.fromarray(picture).save(content, format="png", optimize=True)
    return content.getvalue()
