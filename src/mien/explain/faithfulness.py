"""Whether a map means something: deletion and insertion curves (Petsiuk et al. 2018), against pixels in random order."""

from collections.abc import Callable

import cv2
import numpy as np

from mien.preprocess import Float32
from mien.types import Float

NUM_STEPS = 20
BLUR_SHARE = 1 / 8
"""Standard deviation of the blur that takes pixels away, as a share of the input's side."""


def curves(raw_scores: Callable[[Float32], Float], face: Float32, column: int, heat: Float) -> tuple[float, float]:
    """Return the mean score of a label while the most important pixels are taken away first, and while they are put back first.

    A map is worth the more, the lower the first and the higher the second is.

    Args:
        raw_scores: (N, H, W, C) inputs to (N, K) scores.
        face: (H, W, C) network input.
        heat: (H, W) importance.
    """
    blurred = cv2.GaussianBlur(face, (0, 0), BLUR_SHARE * face.shape[0]).reshape(face.shape)
    order = np.argsort(-heat.ravel(), kind="stable")
    ranks = np.empty(order.size)
    ranks[order] = np.arange(order.size) / order.size
    shares = np.linspace(0, 1, NUM_STEPS + 1)
    is_first = ranks.reshape(1, *heat.shape, 1) < shares[:, np.newaxis, np.newaxis, np.newaxis]
    deleted = raw_scores(np.where(is_first, blurred, face).astype(np.float32))[:, column]
    inserted = raw_scores(np.where(is_first, face, blurred).astype(np.float32))[:, column]
    return float(deleted.mean()), float(inserted.mean())
