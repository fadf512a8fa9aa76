"""``mini784k``, the real-time network of paper 003, to the parameter: 784,263."""

from typing import Any

from keras import Model, layers

WIDTH = 128


def mini784k(num_classes: int = 7, input_shape: tuple[int, int, int] = (40, 40, 1)) -> Model:
    """Build the two convolutions, four inverted residual blocks and three dense layers of paper 003.

    The second convolution keeps the authors' padding of one pixel, so that 40 and 48 pixels both end in a 2x2 map and
    share the same weights.

    Returns:
        A model from (N, H, W, C) float32 to (N, num_classes) float32 logits.
    """
    inputs = layers.Input(input_shape, name="crop")
    x = _normalized(layers.Conv2D(64, 3, padding="same", name="conv1")(inputs), "conv1")
    x = layers.MaxPooling2D(2, name="pool1")(x)
    x = layers.ZeroPadding2D(1, name="conv2_pad")(x)
    x = _normalized(layers.Conv2D(WIDTH, 5, name="conv2")(x), "conv2")
    x = layers.MaxPooling2D(2, name="pool2")(x)
    for stage, hidden in enumerate((256, 512), start=3):
        for block in (1, 2):
            x = _inverted_residual(x, hidden, f"stage{stage}_block{block}")
        x = layers.MaxPooling2D(2, name=f"pool{stage}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(256, activation="relu", name="hidden1")(x)
    x = layers.Dense(128, activation="relu", name="hidden2")(x)
    return Model(inputs, layers.Dense(num_classes, dtype="float32", name="logits")(x), name="mini784k")


def _inverted_residual(x: Any, hidden: int, name: str) -> Any:
    """Widen, filter each channel, narrow again without normalisation, and add the input."""
    y = _normalized(layers.Conv2D(hidden, 1, use_bias=False, name=f"{name}_expand")(x), f"{name}_expand", 6.0)
    y = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name=f"{name}_depthwise")(y)
    y = _normalized(y, f"{name}_depthwise", 6.0)
    y = layers.Conv2D(WIDTH, 1, use_bias=False, name=f"{name}_project")(y)
    return layers.Add(name=f"{name}_add")([x, y])


def _normalized(x: Any, name: str, ceiling: float | None = None) -> Any:
    """Batch normalisation with PyTorch's constants, as the authors trained it, then ReLU up to ``ceiling``."""
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_bn")(x)
    return layers.ReLU(max_value=ceiling, name=f"{name}_relu")(x)
