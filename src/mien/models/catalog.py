"""The networks mien can build: one row each, no training framework imported until one is built."""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mien.errors import MissingExtraError, UnknownNameError
from mien.quiet import quiet_stderr

if TYPE_CHECKING:
    from keras import Model


@dataclass(frozen=True)
class ModelRow:
    """One network: its name, where its builder stands, and its published facts."""

    name: str
    builder: str
    """``module:function``, called with (num_classes, input_shape)."""
    family: str
    paper: str
    parameters: int
    """Of the seven-class network, trainable and not; a test builds it and counts."""
    input_hw: tuple[int, int]


MODELS: dict[str, ModelRow] = {
    row.name: row
    for row in (
        ModelRow(
            name="mien_s",
            builder="mien.models.residual:mien_s",
            family="residual",
            paper="mien (blocks: arXiv 1512.03385)",
            parameters=944487,
            input_hw=(48, 48),
        ),
    )
}


def build_model(name: str, num_classes: int, input_shape: tuple[int, int, int]) -> "Model":
    """Build a network of the catalog with fresh weights.

    Returns:
        A Keras model from (N, H, W, C) float32 to (N, num_classes) float32 logits.

    Raises:
        UnknownNameError: the catalog has no such network.
        MissingExtraError: the training framework is not installed.
    """
    if name not in MODELS:
        raise UnknownNameError("Model", name, MODELS, "mien models")
    module_name, function_name = MODELS[name].builder.split(":")
    try:
        with quiet_stderr():  # TensorFlow's banners
            builder: Any = getattr(import_module(module_name), function_name)
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] in ("keras", "tensorflow", "jax"):
            raise MissingExtraError("Building a network", "train") from error
        raise
    model: Model = builder(num_classes, input_shape)
    return model
