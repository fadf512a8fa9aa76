"""Residual networks for 48-pixel faces: ``mien_s``, ``mien_m``, and the ResNet-34 without stem that paper 000 cites.

Plain 3x3 convolutions in few, wide layers: an int8 CPU kernel (VNNI, NEON dot product) runs those at two to
four times the float speed, which depthwise convolutions do not reach. The blocks are the basic blocks of
He et al., *Deep Residual Learning for Image Recognition* (2016).
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from keras import Model, layers

from mien.models.normalization import FusedBatchNormalization

Block = Callable[[Any, int, int, str], Any]


def mien_s(num_classes: int = 7, input_shape: tuple[int, int, int] = (48, 48, 1)) -> Model:
    """Build the default network: stride-2 stem, three stages of two basic blocks, 0.94 M parameters.

    Args:
        input_shape: (height, width, channels) of the normalised crop.

    Returns:
        A model from (N, H, W, C) float32 to (N, num_classes) float32 logits.
    """
    return residual_network(num_classes, input_shape, stem_width=32, stage_widths=(48, 96, 128), blocks_per_stage=(2, 2, 2), dropout=0.3)


def mien_m(num_classes: int = 7, input_shape: tuple[int, int, int] = (48, 48, 1)) -> Model:
    """Build the largest network for devices: ``mien_s`` twice as wide throughout, so that two of them fit in side by side.

    Under 4.5 M parameters.

    Returns:
        A model from (N, H, W, C) float32 to (N, num_classes) float32 logits.
    """
    return residual_network(num_classes, input_shape, stem_width=64, stage_widths=(96, 192, 256), blocks_per_stage=(2, 2, 2), dropout=0.4)


def resnet34_stemless(num_classes: int = 7, input_shape: tuple[int, int, int] = (48, 48, 1)) -> Model:
    """Build ResNet-34 without its first convolution and pooling, which are too coarse for 48 pixels.

    Paper 000 cites it with 72.4 % on FER2013 and names both changes: no stem, and dropout after the last pooling
    (the rate, 0.5, is ours).

    Returns:
        A model from (N, H, W, C) float32 to (N, num_classes) float32 logits.
    """
    return residual_network(
        num_classes, input_shape, stem_width=0, stage_widths=(64, 128, 256, 512), blocks_per_stage=(3, 4, 6, 3), dropout=0.5
    )


def residual_genes(
    num_classes: int,
    input_shape: tuple[int, int, int],
    stem: int = 32,
    width1: int = 48,
    width2: int = 96,
    width3: int = 128,
    depth1: int = 2,
    depth2: int = 2,
    depth3: int = 2,
    dropout: float = 0.3,
    squeeze: int = 0,
    fine: int = 0,
) -> Model:
    """Build a network like ``mien_s`` from eleven numbers: the genes of a search over structures, an idea of paper 003.

    Args:
        stem: Channels of the stem.
        width1, width2, width3: Channels of each stage.
        depth1, depth2, depth3: Blocks of each stage; 0 leaves it out.
        squeeze: Gate the channels of every block by what a layer of width / ``squeeze`` says; 0 leaves that out.
        fine: Blocks of the stem's width that see every pixel, as the stem then does, before the first stage halves the map; 0 leaves
            them out.

    Returns:
        A model from (N, H, W, C) float32 to (N, num_classes) float32 logits.
    """
    stages = [(width, depth) for width, depth in ((stem, fine), (width1, depth1), (width2, depth2), (width3, depth3)) if depth]
    widths, depths = zip(*stages, strict=True)
    block, stem_stride = partial(basic_block, squeeze=squeeze), 1 if fine else 2
    return residual_network(num_classes, input_shape, stem, widths, depths, dropout, block, stem_stride)


def basic_block(x: Any, width: int, stride: int, name: str, squeeze: int = 0) -> Any:
    """Two 3x3 convolutions and a shortcut, which is a 1x1 convolution where the shape changes.

    Args:
        squeeze: Divides ``width`` into that of the gate (squeeze and excitation, Hu et al. 2018); 0 leaves gates out.
    """
    shortcut = shortcut_of(x, width, stride, name)
    y = layers.ReLU(name=f"{name}_relu1")(convolve(x, width, 3, stride, name=f"{name}_conv1"))
    y = convolve(y, width, 3, 1, name=f"{name}_conv2")
    if squeeze:
        y = _gate(y, max(1, width // squeeze), name)
    return add(y, shortcut, name)


def residual_network(
    num_classes: int,
    input_shape: tuple[int, int, int],
    stem_width: int,
    stage_widths: Sequence[int],
    blocks_per_stage: Sequence[int],
    dropout: float,
    block: Block = basic_block,
    stem_stride: int = 2,
) -> Model:
    """Build a residual network whose stem and every stage but the first halve the map.

    Args:
        stem_width: Channels of the stem; 0 leaves it out.
        dropout: Rate before the classifier.
        block: Called with the map, its new width, the stride and a name.
        stem_stride: 2, or 1 for a stem that keeps the map's size.

    Returns:
        A model from (N, H, W, C) float32 to (N, num_classes) float32 logits.
    """
    inputs = layers.Input(input_shape, name="crop")
    x = inputs
    if stem_width:
        x = layers.ReLU(name="stem_relu")(convolve(x, stem_width, 3, stem_stride, name="stem"))
    for stage, (width, num_blocks) in enumerate(zip(stage_widths, blocks_per_stage, strict=True)):
        for number in range(num_blocks):
            stride = 2 if stage > 0 and number == 0 else 1
            x = block(x, width, stride, f"stage{stage + 1}_block{number + 1}")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    # float32 even under mixed precision: the loss needs exact logits.
    logits = layers.Dense(num_classes, dtype="float32", name="logits")(x)
    return Model(inputs, logits, name="residual")


def shortcut_of(x: Any, width: int, stride: int, name: str) -> Any:
    """Return what a block adds to what it makes of its map: the map, by a 1x1 convolution where the shape changes."""
    if stride == 1 and x.shape[-1] == width:
        return x
    return convolve(x, width, 1, stride, name=f"{name}_shortcut")


def add(y: Any, shortcut: Any, name: str) -> Any:
    """End a block."""
    return layers.ReLU(name=f"{name}_relu2")(layers.Add(name=f"{name}_add")([y, shortcut]))


def _gate(x: Any, width: int, name: str) -> Any:
    """Scale every channel by 0 to 1, as the means of all channels say."""
    means = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze")(x)
    hidden = layers.Conv2D(width, 1, activation="relu", name=f"{name}_gate1")(means)
    return layers.Multiply(name=f"{name}_gated")([x, layers.Conv2D(x.shape[-1], 1, activation="sigmoid", name=f"{name}_gate2")(hidden)])


def convolve(x: Any, width: int, kernel: int, stride: int, name: str) -> Any:
    """Convolution without bias, then batch normalisation."""
    x = layers.Conv2D(width, kernel, stride, padding="same", use_bias=False, kernel_initializer="he_normal", name=name)(x)
    return FusedBatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
