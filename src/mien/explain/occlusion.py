"""Occlusion sensitivity (Zeiler and Fergus 2014): how much the answer falls when a patch is hidden. Runs on any file of a bundle."""

from collections.abc import Callable

import numpy as np

from mien.preprocess import Float32
from mien.types import Float

PATCH_SHARE = 1 / 5
"""Side of the patch, as a share of the input's."""
STRIDE_SHARE = 1 / 16


def occlusion_map(raw_scores: Callable[[Float32], Float], face: Float32, column: int) -> Float:
    """Return (H, W) mean fall of one label's score over all patches that hide a pixel.

    Args:
        raw_scores: (N, H, W, C) inputs to (N, K) scores.
        face: (H, W, C) network input; patches are filled with its mean.
        column: Of the label.
    """
    height, width = face.shape[:2]
    patch, stride = max(2, round(height * PATCH_SHARE)), max(1, round(height * STRIDE_SHARE))
    # Patches reach over the border, so that its pixels are hidden as often as others.
    corners = [(y, x) for y in range(stride - patch, height, stride) for x in range(stride - patch, width, stride)]
    hidden = np.repeat(face[np.newaxis], len(corners), axis=0)
    for index, (y, x) in enumerate(corners):
        hidden[index, max(y, 0) : y + patch, max(x, 0) : x + patch] = face.mean(axis=(0, 1))
    falls = raw_scores(face[np.newaxis])[0, column] - raw_scores(hidden)[:, column]
    total, count = np.zeros((height, width)), np.zeros((height, width))
    for (y, x), fall in zip(corners, falls, strict=True):
        total[max(y, 0) : y + patch, max(x, 0) : x + patch] += fall
        count[max(y, 0) : y + patch, max(x, 0) : x + patch] += 1
    mean: Float = total / count
    return mean
