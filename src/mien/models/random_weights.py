"""Random weights that behave: activations keep a sane range, and rounding is not blown up from layer to layer."""

from typing import TYPE_CHECKING, Any

from mien.preprocess import Float32

if TYPE_CHECKING:
    from keras import Model

BRANCH_SCALE = 0.2
"""Of the branches that are added to what they started from, as trained networks have them small."""


def settle(model: "Model", inputs: Float32) -> None:
    """Make residual branches small, and set every batch normalisation's statistics to those of ``inputs``, (N, H, W, C).

    A fresh deep network passes on activations that vanish or explode, and after a hundred layers its scores are rounding blown up.
    """
    from keras.layers import Add, BatchNormalization

    for layer in model.layers:
        if isinstance(layer, Add):
            _scale_branches(model, layer)
    layers = [layer for layer in model.layers if isinstance(layer, BatchNormalization)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    model(inputs, training=True)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum


def _scale_branches(model: "Model", addition: Any) -> None:
    """Shrink what a normalisation, perhaps behind dropout, adds."""
    from keras.layers import BatchNormalization, Dropout

    producers = {id(layer.output): layer for layer in model.layers}
    for tensor in addition.input:
        layer = producers.get(id(tensor))
        if isinstance(layer, Dropout):
            layer = producers.get(id(layer.input))
        if isinstance(layer, BatchNormalization) and layer.gamma is not None:
            layer.gamma.assign(layer.gamma * BRANCH_SCALE)
