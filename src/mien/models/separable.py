"""The smallest network, ``mien_xs``: residual blocks of separable convolutions.

Where parameters are counted, a 3x3 convolution of each channel by itself followed by a 1x1 convolution (Chollet 2017, *Xception*) buys
three times the width of a plain one.
"""

from collections.abc import Sequence
from typing import Any

from keras import Model, layers

from mien.models.residual import convolve


def mien_xs(num_classes: int = 7, input_shape: tuple[int, int, int] = (48, 48, 1)) -> Model:
    """Build the smallest network: stride-2 stem, seven blocks of separable convolutions, under 0.1 M parameters.

    Args:
        input_shape: (height, width, channels) of the normalised crop.

    Returns:
        A model from (N, H, W, C) float32 to (N, num_classes) float32 logits.
    """
    return separable_network(num_classes, input_shape, stem_width=24, stage_widths=(32, 64, 112), blocks_per_stage=(2, 3, 2), dropout=0.1)


def separable_network(
    num_classes: int,
    input_shape: tuple[int, int, int],
    stem_width: int,
    stage_widths: Sequence[int],
    blocks_per_stage: Sequence[int],
    dropout: float,
) -> Model:
    """Build a network of separable residual blocks whose stem and every stage but the first halve the map.

    Args:
        dropout: Rate before the classifier.

    Returns:
        A model from (N, H, W, C) float32 to (N, num_classes) float32 logits.
    """
    inputs = layers.Input(input_shape, name="crop")
    x = layers.ReLU(name="stem_relu")(convolve(inputs, stem_width, 3, stride=2, name="stem"))
    for stage, (width, num_blocks) in enumerate(zip(stage_widths, blocks_per_stage, strict=True)):
        for block in range(num_blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            x = _separable_block(x, width, stride, name=f"stage{stage + 1}_block{block + 1}")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    # float32 even under mixed precision: the loss needs exact logits.
    logits = layers.Dense(num_classes, dtype="float32", name="logits")(x)
    return Model(inputs, logits, name="separable")


def _separable_block(x: Any, width: int, stride: int, name: str) -> Any:
    """Two separable convolutions and a shortcut, which is a 1x1 convolution where the shape changes."""
    shortcut = x
    if stride != 1 or x.shape[-1] != width:
        shortcut = convolve(x, width, 1, stride, name=f"{name}_shortcut")
    y = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False, name=f"{name}_depth1")(x)
    y = layers.ReLU(name=f"{name}_relu1")(convolve(y, width, 1, 1, name=f"{name}_point1"))
    y = layers.DepthwiseConv2D(3, 1, padding="same", use_bias=False, name=f"{name}_depth2")(y)
    y = convolve(y, width, 1, 1, name=f"{name}_point2")
    return layers.ReLU(name=f"{name}_relu2")(layers.Add(name=f"{name}_add")([y, shortcut]))
