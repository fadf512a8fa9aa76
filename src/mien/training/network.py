"""A network ready to train or to answer: built, filled with weights, frozen where the recipe says, compiled."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.errors import MissingExtraError
from mien.models.catalog import build_model
from mien.quiet import quiet_stderr
from mien.training.checkpoint import load_weights
from mien.training.losses import build_loss
from mien.training.optimizers import build_optimizer
from mien.training.recipe import Recipe
from mien.training.transfer import freeze, split_at_pool

if TYPE_CHECKING:
    from keras import Model


@dataclass(frozen=True, eq=False)
class Network:
    """The whole network, and the part of it that is trained."""

    whole: "Model"
    """From (N, H, W, C) inputs to (N, K) logits."""
    trained: "Model"
    """The whole, or the head alone where features are cached."""
    backbone: "Model | None"
    """From inputs to features, where features are cached."""
    num_frozen: int
    """Layers that training leaves as they are."""


def start(recipe: Recipe, num_labels: int) -> Network:
    """Build the network with seeded weights, and make the backend repeatable.

    Raises:
        UnknownNameError: the catalog has no such network, or the network no such layer.
        ConfigError: weights or frozen layers do not fit the network.
        ModelFileError: a file of weights is damaged.
        MissingExtraError: the training framework is not installed.
    """
    keras = _import_keras()
    keras.utils.set_random_seed(recipe.seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.experimental.enable_op_determinism()
    whole = _build(recipe, num_labels, recipe.precision, recipe.transfer.weights)
    num_frozen = freeze(whole, recipe.transfer.freeze)
    if recipe.transfer.cached_features:
        backbone, head = split_at_pool(whole)
        return Network(whole, head, backbone, num_frozen)
    return Network(whole, whole, None, num_frozen)


def compile_network(network: Network, recipe: Recipe) -> None:
    """Give the trained part its optimiser and loss."""
    import keras

    model = network.trained
    model.compile(
        optimizer=build_optimizer(recipe.optimizer),
        loss=build_loss(recipe.loss),
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        # XLA on a CPU is slower here; on a GPU Keras's JAX backend compiles whatever this says.
        jit_compile="auto" if keras.backend.backend() == "jax" else False,
    )
    model.optimizer.build(model.trainable_variables)


def load_network(recipe: Recipe, num_labels: int, weights_path: Path, precision: str = "float32") -> "Model":
    """Return a recipe's network with the weights of a finished run.

    Args:
        precision: It computes in, as ``Recipe.precision``.

    Raises:
        ModelFileError: the weights are damaged or of another network.
        MissingExtraError: the training framework is not installed.
    """
    model = _build(recipe, num_labels, precision)
    load_weights(weights_path, model)
    return model


def _build(recipe: Recipe, num_labels: int, precision: str, weights: str = "") -> "Model":
    """Build a recipe's network in a precision."""
    keras = _import_keras()
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        return build_model(recipe.model, num_labels, (*recipe.preprocess.size_hw, recipe.preprocess.channels), weights, recipe.options)
    finally:
        keras.config.set_dtype_policy(before)


def _import_keras() -> Any:
    """Return Keras, or say how to install it."""
    try:
        with quiet_stderr():  # TensorFlow's banners
            import keras
    except ModuleNotFoundError as error:
        raise MissingExtraError("Training", "train") from error
    return keras
