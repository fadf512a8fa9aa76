"""A spatial transformer (Jaderberg et al. 2015, arXiv 1506.02025) from operations that every runtime has."""

from typing import Any

import numpy as np
from keras import layers, ops


class SpatialTransformer(layers.Layer):  # type: ignore[misc]  # Keras is untyped here
    """Sample pictures, bilinearly, at an affine map of their own pixels; outside, the nearest edge pixel counts."""

    def call(self, inputs: list[Any]) -> Any:
        """Return the sampled pictures.

        Args:
            inputs: Pictures (N, H, W, C), and (N, 6) offsets from the identity map: rows of a 2x3 matrix on
                coordinates in -1..1.

        Returns:
            (N, H, W, C), of the pictures' type.
        """
        pictures, offsets = inputs
        height, width = pictures.shape[1:3]
        grid = _identity_grid(height, width)
        matrix = ops.reshape(offsets, (-1, 2, 3)) + np.array([[1, 0, 0], [0, 1, 0]], np.float32)
        xy = ops.matmul(matrix, grid)  # (N, 2, H*W)
        x = ops.clip((xy[:, 0] + 1) * (width - 1) / 2, 0, width - 1)
        y = ops.clip((xy[:, 1] + 1) * (height - 1) / 2, 0, height - 1)
        x0, y0 = ops.floor(x), ops.floor(y)
        right = ops.cast((x - x0)[..., None], pictures.dtype)
        down = ops.cast((y - y0)[..., None], pictures.dtype)
        x1, y1 = ops.minimum(x0 + 1, width - 1), ops.minimum(y0 + 1, height - 1)
        pixels = ops.reshape(pictures, (-1, height * width, pictures.shape[3]))
        above = _pixels_at(pixels, x0, y0, width) * (1 - right) + _pixels_at(pixels, x1, y0, width) * right
        below = _pixels_at(pixels, x0, y1, width) * (1 - right) + _pixels_at(pixels, x1, y1, width) * right
        return ops.reshape(above * (1 - down) + below * down, (-1, height, width, pictures.shape[3]))

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """Return the pictures' shape."""
        return tuple(input_shape[0])


def _identity_grid(height: int, width: int) -> np.ndarray:
    """Return (3, H*W) homogeneous coordinates of all pixels, x and y in -1..1."""
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    return np.stack([x.ravel(), y.ravel(), np.ones(height * width)]).astype(np.float32)


def _pixels_at(pixels: Any, x: Any, y: Any, width: int) -> Any:
    """Return (N, P, C) of ``pixels`` (N, H*W, C) at whole coordinates (N, P)."""
    return ops.take_along_axis(pixels, ops.cast(y * width + x, "int32")[..., None], axis=1)
