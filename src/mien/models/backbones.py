"""The 23 ImageNet backbones of Keras that the papers compare, each under a head for expressions.

Papers: 000 freezes all 23 under a 1024-512 head; 002 fine-tunes 14 of them under a plain one. The networks are those of
``keras.applications``; only input scaling and head are ours. Listing them imports no framework.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.errors import ConfigError, ModelFileError
from mien.hub import is_offline

if TYPE_CHECKING:
    from keras import Model

IMAGENET = "imagenet"
"""Weights by this name come from Keras's own download."""
_OTHER_WEIGHTS = "Give a local file with --set transfer.weights=FILE.weights.h5, or start from random ones with --set transfer.weights=''."


@dataclass(frozen=True)
class Backbone:
    """One network of ``keras.applications``."""

    name: str
    keras_name: str
    scaling: str
    """How its ImageNet weights expect pixels: a name in ``mien.models.catalog.SCALINGS``."""
    features: int
    """Channels after global average pooling."""
    parameters: int
    """Without the top, trainable and not."""
    statistics: int
    """Of these, the statistics of batch normalisation, which no optimiser trains."""
    imagenet_millions: float
    """With the 1000-way top, in millions, as Table II of paper 000 prints it."""
    in_affect14: bool = False
    """Paper 002 compares it too."""


BACKBONES: dict[str, Backbone] = {
    row.name: row
    for row in (
        Backbone("mobilenet", "MobileNet", "signed", 1024, 3_228_864, 21_888, 4.3, in_affect14=True),
        Backbone("mobilenet_v2", "MobileNetV2", "signed", 1280, 2_257_984, 34_112, 3.5, in_affect14=True),
        Backbone("mobilenet_v3_small", "MobileNetV3Small", "signed", 576, 939_120, 12_112, 2.9),
        Backbone("mobilenet_v3_large", "MobileNetV3Large", "signed", 960, 2_996_352, 24_400, 5.4),
        Backbone("nasnet_mobile", "NASNetMobile", "signed", 1056, 4_269_716, 36_738, 5.3, in_affect14=True),
        Backbone("efficientnet_v2_b0", "EfficientNetV2B0", "torch", 1280, 5_919_312, 60_608, 7.2),
        Backbone("efficientnet_v2_b1", "EfficientNetV2B1", "torch", 1280, 6_931_124, 71_072, 8.2),
        Backbone("efficientnet_v2_b2", "EfficientNetV2B2", "torch", 1408, 8_769_374, 82_288, 10.2),
        Backbone("efficientnet_v2_b3", "EfficientNetV2B3", "torch", 1536, 12_930_622, 109_216, 14.5),
        Backbone("efficientnet_v2_s", "EfficientNetV2S", "signed128", 1280, 20_331_360, 153_872, 21.6),
        Backbone("efficientnet_v2_m", "EfficientNetV2M", "signed128", 1280, 53_150_388, 292_032, 54.4),
        Backbone("efficientnet_v2_l", "EfficientNetV2L", "signed128", 1280, 117_746_848, 512_576, 119.0),
        Backbone("densenet121", "DenseNet121", "torch", 1024, 7_037_504, 83_648, 8.1, in_affect14=True),
        Backbone("densenet169", "DenseNet169", "torch", 1664, 12_642_880, 158_400, 14.3, in_affect14=True),
        Backbone("densenet201", "DenseNet201", "torch", 1920, 18_321_984, 229_056, 20.2, in_affect14=True),
        Backbone("inception_v3", "InceptionV3", "signed", 2048, 21_802_784, 34_432, 23.9, in_affect14=True),
        Backbone("xception", "Xception", "signed", 2048, 20_861_480, 54_528, 22.9, in_affect14=True),
        Backbone("resnet50", "ResNet50", "caffe", 2048, 23_587_712, 53_120, 25.6, in_affect14=True),
        Backbone("resnet101", "ResNet101", "caffe", 2048, 42_658_176, 105_344, 44.7, in_affect14=True),
        Backbone("resnet152", "ResNet152", "caffe", 2048, 58_370_944, 151_424, 60.4, in_affect14=True),
        Backbone("resnet50_v2", "ResNet50V2", "signed", 2048, 23_564_800, 45_440, 25.6, in_affect14=True),
        Backbone("resnet101_v2", "ResNet101V2", "signed", 2048, 42_626_560, 97_664, 44.7, in_affect14=True),
        Backbone("resnet152_v2", "ResNet152V2", "signed", 2048, 58_331_648, 143_744, 60.4, in_affect14=True),
    )
}


def pooled_network(
    num_classes: int,
    input_shape: tuple[int, int, int],
    weights: str = "",
    *,
    backbone: str,
    hidden: Sequence[int] = (),
    dropout: float = 0.0,
) -> "Model":
    """Build backbone, global average pooling, hidden dense layers with ReLU and dropout, and the classifier.

    Args:
        weights: Empty for random ones, ``imagenet`` for Keras's download, or a ``.weights.h5`` file of the backbone.
        backbone: Name in BACKBONES.
        hidden: Widths of the dense layers before the classifier; (1024, 512) is the head of paper 000.
        dropout: Rate after each hidden layer.

    Returns:
        A model from (N, H, W, 3) float32 to (N, num_classes) float32 logits. The layer named ``pool`` gives the
        (N, features) that a frozen backbone is worth.

    Raises:
        ConfigError: Keras's download failed.
        ModelFileError: the weights do not fit.
    """
    from keras import Model, layers

    body = build_body(BACKBONES[backbone], input_shape, weights)
    x = layers.GlobalAveragePooling2D(name="pool")(body.output)
    return Model(body.input, dense_head(x, num_classes, hidden, dropout), name=backbone)


def dense_head(x: Any, num_classes: int, hidden: Sequence[int], dropout: float) -> Any:
    """Return logits from (N, d) features through hidden layers with ReLU, each followed by dropout."""
    from keras import layers

    for index, width in enumerate(hidden, start=1):
        x = layers.Dense(width, activation="relu", name=f"hidden{index}")(x)
        if dropout:
            x = layers.Dropout(dropout, name=f"dropout{index}")(x)
    return layers.Dense(num_classes, dtype="float32", name="logits")(x)


def build_body(row: Backbone, input_shape: tuple[int, int, int], weights: str, **options: Any) -> "Model":
    """Build a network of ``keras.applications`` without its top, and load its weights.

    Args:
        options: Replace Keras's arguments; ``include_top=True`` keeps the 1000-way classifier.

    Raises:
        ConfigError: Keras's download failed.
        ModelFileError: the weights do not fit.
    """
    import keras

    build = getattr(keras.applications, row.keras_name)
    arguments: dict[str, Any] = {"include_top": False, "input_shape": input_shape} | options
    if row.scaling == "caffe":
        arguments["input_tensor"] = _blue_first(input_shape)
    if row.name.startswith(("efficientnet", "mobilenet_v3")):
        arguments["include_preprocessing"] = False  # the card's preprocessing does it, and ONNX cannot
    model: Model = _download(build, arguments) if weights == IMAGENET else build(weights=None, **arguments)
    if weights and weights != IMAGENET:
        load_body(model, Path(weights))
    return model


def _download(build: Any, arguments: dict[str, Any]) -> Any:
    """Build with the ImageNet weights that Keras fetches, once, into its own cache.

    Raises:
        ConfigError: they could not be fetched, or fetching is forbidden.
    """
    if is_offline():
        raise ConfigError(
            f"MIEN_OFFLINE=1 forbids Keras to fetch the ImageNet weights of {build.__name__}. {_OTHER_WEIGHTS} Unset MIEN_OFFLINE to let "
            "Keras take them from its own cache."
        )
    try:
        return build(weights=IMAGENET, **arguments)
    except Exception as error:
        if type(error) is not Exception and not isinstance(error, OSError):
            raise  # Keras raises a bare Exception when a download fails; anything else is another failure
        raise ConfigError(
            f"Keras could not fetch the ImageNet weights of {build.__name__} ({' '.join(str(error).split())[:120]}). {_OTHER_WEIGHTS}"
        ) from error


def load_body(model: "Model", path: Path) -> None:
    """Load a ``.weights.h5`` file that Keras saved.

    Raises:
        ModelFileError: the file is missing, damaged or of another network.
    """
    if not path.is_file():
        raise ModelFileError(f"{path}: no such file of weights. Point transfer.weights to a .weights.h5 file, or to 'imagenet'.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Keras only warns of layers that the file does not have
            model.load_weights(path)
    except (OSError, ValueError, KeyError, UserWarning) as error:
        raise ModelFileError(f"{path}: not weights of {model.name} ({' '.join(str(error).split())[:160]}).") from error


def _blue_first(input_shape: tuple[int, int, int]) -> Any:
    """Return an input whose channels are turned around: the first ResNets were trained on blue, green, red."""
    from keras import layers

    return layers.Input(input_shape, name="crop")[..., ::-1]
