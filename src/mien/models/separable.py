"""The smallest network, ``mien_xs``: residual blocks of separable convolutions.

Where parameters are counted, a 3x3 convolution of each channel by itself followed by a 1x1 convolution (Chollet 2017, *Xception*) buys
three times the width of a plain one.
"""

from typing import Any

from keras import Model, layers

from mien.models.residual import add, convolve, residual_network, shortcut_of


def mien_xs(num_classes: int = 7, input_shape: tuple[int, int, int] = (48, 48, 1)) -> Model:
    """Build the smallest network: stride-2 stem, seven blocks of separable convolutions, under 0.1 M parameters.

    Args:
        input_shape: (height, width, channels) of the normalised crop.

    Returns:
        A model from (N, H, W, C) float32 to (N, num_classes) float32 logits.
    """
    widths, depths = (32, 64, 112), (2, 3, 2)
    return residual_network(num_classes, input_shape, 24, widths, depths, dropout=0.1, block=_separable_block)


def _separable_block(x: Any, width: int, stride: int, name: str) -> Any:
    """Two separable convolutions and a shortcut."""
    shortcut = shortcut_of(x, width, stride, name)
    y = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False, name=f"{name}_depth1")(x)
    y = layers.ReLU(name=f"{name}_relu1")(convolve(y, width, 1, 1, name=f"{name}_point1"))
    y = layers.DepthwiseConv2D(3, 1, padding="same", use_bias=False, name=f"{name}_depth2")(y)
    y = convolve(y, width, 1, 1, name=f"{name}_point2")
    return add(y, shortcut, name)
