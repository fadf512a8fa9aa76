"""ShuffleNetV2 (Ma et al. 2018, arXiv 1807.11164): the standard 1.0x network, and the wider one of paper 001."""

from dataclasses import dataclass
from typing import Any

from keras import Model, layers


@dataclass(frozen=True)
class ShuffleForm:
    """Where the two published forms differ."""

    stem_width: int
    stage_widths: tuple[int, int, int]
    last_width: int
    use_bias: bool
    stem_has_norm: bool
    pooling: str
    """``average`` or ``max``, over the whole last map."""


STANDARD = ShuffleForm(24, (116, 232, 464), 1024, use_bias=False, stem_has_norm=True, pooling="average")
SEED001 = ShuffleForm(24, (232, 464, 928), 1024, use_bias=True, stem_has_norm=False, pooling="max")
UNITS_PER_STAGE = (4, 8, 4)


def shufflenet_v2(num_classes: int, input_shape: tuple[int, int, int]) -> Model:
    """Build the 1.0x network of the ShuffleNetV2 paper.

    Returns:
        A model from (N, H, W, C) float32 to (N, num_classes) float32 logits.
    """
    return _build(num_classes, input_shape, STANDARD, "shufflenet_v2")


def shufflenet_v2_wide(num_classes: int, input_shape: tuple[int, int, int]) -> Model:
    """Build the baseline of paper 001, which its parameter count gives away: double widths, biased convolutions.

    Returns:
        A model from (N, H, W, C) float32 to (N, num_classes) float32 logits.
    """
    return _build(num_classes, input_shape, SEED001, "shufflenet_v2_wide")


def _build(num_classes: int, input_shape: tuple[int, int, int], form: ShuffleForm, name: str) -> Model:
    inputs = layers.Input(input_shape, name="crop")
    x = layers.Conv2D(form.stem_width, 3, 2, padding="same", use_bias=False, name="stem")(inputs)
    if form.stem_has_norm:
        x = layers.BatchNormalization(name="stem_bn")(x)
    x = layers.ReLU(name="stem_relu")(x)
    x = layers.MaxPooling2D(3, 2, padding="same", name="stem_pool")(x)
    for stage, (width, num_units) in enumerate(zip(form.stage_widths, UNITS_PER_STAGE, strict=True), start=2):
        for unit in range(num_units):
            build_unit = _reducing_unit if unit == 0 else _split_unit
            x = build_unit(x, width // 2, form.use_bias, f"stage{stage}_unit{unit + 1}")
    x = layers.Conv2D(form.last_width, 1, use_bias=form.use_bias, name="conv5")(x)
    if form.stem_has_norm:
        x = layers.BatchNormalization(name="conv5_bn")(x)
    x = layers.ReLU(name="conv5_relu")(x)
    pool = layers.GlobalAveragePooling2D if form.pooling == "average" else layers.GlobalMaxPooling2D
    x = pool(name="pool")(x)
    return Model(inputs, layers.Dense(num_classes, dtype="float32", name="logits")(x), name=name)


def _reducing_unit(x: Any, width: int, use_bias: bool, name: str) -> Any:
    """Halve the map: both branches see all channels, and each gives ``width``."""
    shortcut = _depthwise(x, 2, use_bias, f"{name}_shortcut_depthwise")
    shortcut = _pointwise(shortcut, width, use_bias, f"{name}_shortcut_project")
    main = _branch(x, width, 2, use_bias, name)
    return _shuffle(layers.Concatenate(name=f"{name}_concat")([shortcut, main]), name)


def _split_unit(x: Any, width: int, use_bias: bool, name: str) -> Any:
    """Keep the map: half of the channels pass through, the other half is transformed."""
    kept, changed = x[..., :width], x[..., width:]
    main = _branch(changed, width, 1, use_bias, name)
    return _shuffle(layers.Concatenate(name=f"{name}_concat")([kept, main]), name)


def _branch(x: Any, width: int, stride: int, use_bias: bool, name: str) -> Any:
    x = _pointwise(x, width, use_bias, f"{name}_expand")
    x = _depthwise(x, stride, use_bias, f"{name}_depthwise")
    return _pointwise(x, width, use_bias, f"{name}_project")


def _pointwise(x: Any, width: int, use_bias: bool, name: str) -> Any:
    x = layers.Conv2D(width, 1, use_bias=use_bias, name=name)(x)
    return layers.ReLU(name=f"{name}_relu")(layers.BatchNormalization(name=f"{name}_bn")(x))


def _depthwise(x: Any, stride: int, use_bias: bool, name: str) -> Any:
    x = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=use_bias, name=name)(x)
    return layers.BatchNormalization(name=f"{name}_bn")(x)


def _shuffle(x: Any, name: str) -> Any:
    """Interleave the channels of the two halves."""
    height, width, channels = x.shape[1:]
    x = layers.Reshape((height, width, 2, channels // 2), name=f"{name}_group")(x)
    x = layers.Permute((1, 2, 4, 3), name=f"{name}_interleave")(x)
    return layers.Reshape((height, width, channels), name=f"{name}_shuffle")(x)
