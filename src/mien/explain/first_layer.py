"""What the first convolution has learned and sees: its kernels and feature maps (figures 14 to 21 of paper 002)."""

from typing import TYPE_CHECKING, Any

import numpy as np

from mien.errors import ConfigError
from mien.preprocess import Float32
from mien.types import Float

if TYPE_CHECKING:
    from keras import Model


def first_convolution(model: "Model") -> Any:
    """Return the first convolutional layer.

    Raises:
        ConfigError: there is none.
    """
    from keras import layers

    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            return layer
    raise ConfigError(f"{model.name}: has no convolution to look at.")


def kernels(model: "Model") -> Float:
    """Return (F, h, w, C) kernels of the first convolution."""
    values: Float = np.moveaxis(np.asarray(first_convolution(model).kernel), 3, 0)
    return values


def feature_maps(model: "Model", face: Float32) -> Float:
    """Return (F, h, w) outputs of the first convolution for an (H, W, C) network input."""
    from keras import Model

    probe = Model(model.input, first_convolution(model).output)
    maps: Float = np.moveaxis(np.asarray(probe(face[np.newaxis], training=False))[0], 2, 0)
    return maps
