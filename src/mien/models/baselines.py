"""Small networks that users of other packages know: mini-XCEPTION and an attentional network."""

from typing import Any

from keras import Model, layers

from mien.models.transformer import SpatialTransformer


def mini_xception(num_classes: int = 7, input_shape: tuple[int, int, int] = (64, 64, 1)) -> Model:
    """Build mini-XCEPTION (Arriaga et al. 2017, arXiv 1710.07557), which the package ``fer`` and many demos run.

    Returns:
        A model from (N, H, W, C) float32 to (N, num_classes) float32 logits; 58,423 parameters for seven classes.
    """
    inputs = layers.Input(input_shape, name="crop")
    x = inputs
    for index in (1, 2):
        x = layers.Conv2D(8, 3, use_bias=False, name=f"stem{index}")(x)
        x = layers.ReLU(name=f"stem{index}_relu")(layers.BatchNormalization(name=f"stem{index}_bn")(x))
    for index, width in enumerate((16, 32, 64, 128), start=1):
        x = _separable_block(x, width, f"block{index}")
    x = layers.Conv2D(num_classes, 3, padding="same", name="classifier")(x)
    logits = layers.GlobalAveragePooling2D(dtype="float32", name="logits")(x)
    return Model(inputs, logits, name="mini_xception")


def _separable_block(x: Any, width: int, name: str) -> Any:
    """Two separable convolutions and pooling, beside a strided 1x1 shortcut."""
    # A 1x1 convolution of every second pixel. Written with a stride, TensorFlow 2.21 with oneDNN crashes on the
    # gradient of eight channels at 60 pixels.
    shortcut = layers.Conv2D(width, 1, use_bias=False, name=f"{name}_shortcut")(x[:, ::2, ::2])
    shortcut = layers.BatchNormalization(name=f"{name}_shortcut_bn")(shortcut)
    x = layers.SeparableConv2D(width, 3, padding="same", use_bias=False, name=f"{name}_conv1")(x)
    x = layers.ReLU(name=f"{name}_relu")(layers.BatchNormalization(name=f"{name}_bn1")(x))
    x = layers.SeparableConv2D(width, 3, padding="same", use_bias=False, name=f"{name}_conv2")(x)
    x = layers.BatchNormalization(name=f"{name}_bn2")(x)
    x = layers.MaxPooling2D(3, 2, padding="same", name=f"{name}_pool")(x)
    return layers.Add(name=f"{name}_add")([x, shortcut])


def attention_cnn(num_classes: int = 7, input_shape: tuple[int, int, int] = (48, 48, 1)) -> Model:
    """Build the attentional network of Minaee et al. (2021, arXiv 1902.01019): under ten layers behind a spatial transformer.

    The paper draws the layers without widths; these are the ten channels and fifty hidden units of its small form, and
    the transformer turns the picture before the features see it.

    Returns:
        A model from (N, H, W, C) float32 to (N, num_classes) float32 logits.
    """
    inputs = layers.Input(input_shape, name="crop")
    x = SpatialTransformer(name="transformer")([inputs, _localize(inputs)])
    x = layers.Conv2D(10, 3, activation="relu", name="conv1")(x)
    x = layers.Conv2D(10, 3, name="conv2")(x)
    x = layers.ReLU(name="relu2")(layers.MaxPooling2D(2, name="pool2")(x))
    x = layers.Conv2D(10, 3, activation="relu", name="conv3")(x)
    x = layers.BatchNormalization(name="conv4_bn")(layers.Conv2D(10, 3, name="conv4")(x))
    x = layers.ReLU(name="relu4")(layers.MaxPooling2D(2, name="pool4")(x))
    x = layers.Dropout(0.5, name="dropout")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(50, activation="relu", name="hidden")(x)
    return Model(inputs, layers.Dense(num_classes, dtype="float32", name="logits")(x), name="attention_cnn")


def _localize(x: Any) -> Any:
    """Return the (N, 6) affine map where to look; it starts as the identity."""
    x = layers.Conv2D(8, 7, name="localize_conv1")(x)
    x = layers.ReLU(name="localize_relu1")(layers.MaxPooling2D(2, name="localize_pool1")(x))
    x = layers.Conv2D(10, 5, name="localize_conv2")(x)
    x = layers.ReLU(name="localize_relu2")(layers.MaxPooling2D(2, name="localize_pool2")(x))
    x = layers.Flatten(name="localize_flatten")(x)
    x = layers.Dense(32, activation="relu", name="localize_hidden")(x)
    return layers.Dense(6, kernel_initializer="zeros", dtype="float32", name="localize_offset")(x)
