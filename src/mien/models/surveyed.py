"""The networks that paper 003 surveys: AlexNet at 227 pixels, FER-net and the VGG variant.

Where a paper leaves a width open, the choice is named here.
"""

from typing import Any

from keras import Model, layers

FER_NET_WIDTHS = (32, 64, 128, 256)
"""Ours: the report gives neither filters nor kernels, only four convolutions and four poolings."""
FER_NET_HIDDEN = 256
"""Ours: width of the first of the two dense layers."""


def alexnet(num_classes: int = 7, input_shape: tuple[int, int, int] = (227, 227, 3)) -> Model:
    """Build AlexNet without groups or response normalisation: 58,310,023 parameters for seven classes in RGB.

    Dropout 0.5 before the two wide dense layers is Krizhevsky et al.'s (2012).

    Returns:
        A model from (N, H, W, C) float32 to (N, num_classes) float32 logits.
    """
    inputs = layers.Input(input_shape, name="crop")
    x = layers.Conv2D(96, 11, 4, activation="relu", name="conv1")(inputs)
    x = layers.MaxPooling2D(3, 2, name="pool1")(x)
    x = layers.Conv2D(256, 5, padding="same", activation="relu", name="conv2")(x)
    x = layers.MaxPooling2D(3, 2, name="pool2")(x)
    for index, width in enumerate((384, 384, 256), start=3):
        x = layers.Conv2D(width, 3, padding="same", activation="relu", name=f"conv{index}")(x)
    x = layers.MaxPooling2D(3, 2, name="pool5")(x)
    x = layers.Flatten(name="flatten")(x)
    for index in (1, 2):
        x = layers.Dropout(0.5, name=f"dropout{index}")(x)
        x = layers.Dense(4096, activation="relu", name=f"hidden{index}")(x)
    return Model(inputs, layers.Dense(num_classes, dtype="float32", name="logits")(x), name="alexnet")


def fer_net(num_classes: int = 7, input_shape: tuple[int, int, int] = (256, 256, 1)) -> Model:
    """Build FER-net: four convolutions with normalisation, ReLU, pooling and dropout 0.25, then two dense layers.

    Returns:
        A model from (N, H, W, C) float32 to (N, num_classes) float32 logits.
    """
    inputs = layers.Input(input_shape, name="crop")
    x = inputs
    for index, width in enumerate(FER_NET_WIDTHS, start=1):
        x = _conv_norm_relu(x, width, f"conv{index}")
        x = layers.MaxPooling2D(2, name=f"pool{index}")(x)
        x = layers.Dropout(0.25, name=f"dropout{index}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(FER_NET_HIDDEN, name="hidden")(x)
    x = layers.ReLU(name="hidden_relu")(layers.BatchNormalization(name="hidden_bn")(x))
    x = layers.Dropout(0.5, name="dropout")(x)
    x = layers.Dense(num_classes, name="classifier")(x)
    logits = layers.BatchNormalization(dtype="float32", name="logits")(x)  # the report normalises both dense layers
    return Model(inputs, logits, name="fer_net")


def vgg_variant(num_classes: int = 7, input_shape: tuple[int, int, int] = (40, 40, 1)) -> Model:
    """Build the VGG variant of Khaireddin and Chen (2021, arXiv 2105.03588) for 40x40 crops: 29,890,759 parameters.

    Four stages of two 3x3 convolutions, then dense 4096, 4096 and the classifier with dropout 0.1, the value of the
    published command; normalisation stands before ReLU as in the authors' code.

    Returns:
        A model from (N, H, W, C) float32 to (N, num_classes) float32 logits.
    """
    inputs = layers.Input(input_shape, name="crop")
    x = inputs
    for stage, width in enumerate((64, 128, 256, 512), start=1):
        for index in (1, 2):
            x = _conv_norm_relu(x, width, f"stage{stage}_conv{index}")
        x = layers.MaxPooling2D(2, name=f"pool{stage}")(x)
    x = layers.Flatten(name="flatten")(x)
    for index in (1, 2):
        x = layers.Dense(4096, activation="relu", name=f"hidden{index}")(x)
        x = layers.Dropout(0.1, name=f"dropout{index}")(x)
    return Model(inputs, layers.Dense(num_classes, dtype="float32", name="logits")(x), name="vgg_variant")


def _conv_norm_relu(x: Any, width: int, name: str) -> Any:
    """3x3 convolution with bias, batch normalisation with PyTorch's constants, ReLU."""
    x = layers.Conv2D(width, 3, padding="same", kernel_initializer="he_normal", name=name)(x)
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x)
