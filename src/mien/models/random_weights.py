"""Random weights that behave: normalisation is fitted to its inputs, so that activations keep a sane range."""

from typing import TYPE_CHECKING

from mien.preprocess import Float32

if TYPE_CHECKING:
    from keras import Model


def settle(model: "Model", inputs: Float32) -> None:
    """Set every batch normalisation's statistics to those of ``inputs``, (N, H, W, C).

    A fresh deep network passes on activations that vanish or explode, and its scores are then rounding blown up.
    """
    from keras.layers import BatchNormalization

    layers = [layer for layer in model.layers if isinstance(layer, BatchNormalization)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    model(inputs, training=True)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
