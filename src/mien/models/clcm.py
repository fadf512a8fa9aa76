"""The networks of paper 001: CLCM, and its MobileNetV2 baseline with ImageNet's 1000-way top kept."""

from keras import Model, layers

from mien.models.backbones import BACKBONES, build_body, dense_head

FROZEN_LAYERS = 10
"""CLCM freezes Keras's first ten layers: input, stem, the first bottleneck and the expansion of the second.

That cut, and no other, leaves the 2,393,191 trainable parameters that the paper prints.
"""


def clcm(num_classes: int, input_shape: tuple[int, int, int], weights: str = "", head: str = "128-64", dropout: float = 0.5) -> Model:
    """Build CLCM: MobileNetV2 without top, average pooling, dense 128 and 64 with ReLU, dropout 0.5, classifier.

    Whether dropout follows both dense layers or only the last is left open by the paper; here it follows the last.
    Freezing is the recipe's: ``transfer.freeze = "10"``.

    Args:
        weights: Empty, ``imagenet`` or a ``.weights.h5`` file of MobileNetV2 without top.
        head: Widths of the dense layers with dashes between, or empty; the paper asks for an ablation of it.

    Returns:
        A model from (N, H, W, 3) float32 to (N, num_classes) float32 logits.
    """
    body = build_body(BACKBONES["mobilenet_v2"], input_shape, weights)
    x = layers.GlobalAveragePooling2D(name="pool")(body.output)
    for index, width in enumerate(str(head).split("-") if head else (), start=1):
        x = layers.Dense(int(width), activation="relu", name=f"hidden{index}")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    return Model(body.input, dense_head(x, num_classes, hidden=(), dropout=0.0), name="clcm")


def mobilenet_v2_topped(num_classes: int, input_shape: tuple[int, int, int], weights: str = "") -> Model:
    """Build 001's baseline: the whole MobileNetV2 with its softmax over ImageNet's 1000 classes, then one dense layer.

    Its parameter count proves this odd form. Reading expressions from probabilities of cats and espressos is a handicap
    that may explain its results; ``mobilenet_v2`` is the sound form.

    Args:
        weights: Empty, ``imagenet`` or a ``.weights.h5`` file of MobileNetV2 with top.

    Returns:
        A model from (N, H, W, 3) float32 to (N, num_classes) float32 logits.
    """
    body = build_body(BACKBONES["mobilenet_v2"], input_shape, weights, include_top=True)
    return Model(body.input, dense_head(body.output, num_classes, hidden=(), dropout=0.0), name="mobilenet_v2_topped")
