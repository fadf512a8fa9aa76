"""The training loop, readable top to bottom, and the checkpoint that makes it resume exactly."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from mien.atomic import atomic_path
from mien.data.batches import training_batches
from mien.errors import MissingExtraError, ModelFileError
from mien.models.catalog import build_model
from mien.preprocess import Float32, normalize
from mien.quiet import quiet_stderr
from mien.training.recipe import Recipe
from mien.types import Float, UInt8

if TYPE_CHECKING:
    from keras import Model

EpochResult = dict[str, float]

STATISTICS_BATCHES = 48
"""Batches that batch normalisation's final statistics are estimated on."""


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Faces in the network's size and colour, with what to answer."""

    faces: UInt8
    """(N, H, W) or (N, H, W, 3)."""
    targets: Float
    """(N, K) float32, rows sum to 1."""
    validation_faces: UInt8
    validation_labels: np.ndarray
    """(M,) int64."""


@dataclass(frozen=True)
class RunFiles:
    """What training reads and writes in a run folder."""

    checkpoint: Path
    """Every variable and the history after the last finished epoch; training continues from it."""
    weights: Path
    """The final, averaged weights; the file is there only when training is finished."""


def fit(
    model: "Model",
    recipe: Recipe,
    data: TrainingData,
    files: RunFiles,
    on_step: Callable[[int, int, float], None],
    on_epoch: Callable[[list[EpochResult]], None],
) -> None:
    """Train a network, continuing from the checkpoint if there is one, and write its final weights.

    The order of the pictures and their changes depend on the seed and the epoch alone, and the checkpoint holds every
    variable of network and optimiser, so a run that was killed and resumed gives the same weights as one that was not.

    Args:
        model: From ``start``.
        on_step: Called with (step, steps per epoch, loss).
        on_epoch: Called with the whole history after every epoch.

    Raises:
        ModelFileError: the checkpoint belongs to another recipe or is damaged.
        OutputError: a file cannot be written.
    """
    if files.weights.is_file():
        return
    history = load_checkpoint(files.checkpoint, model) if files.checkpoint.is_file() else []
    validation_inputs = normalize(data.validation_faces, recipe.preprocess)
    num_steps = len(data.faces) // recipe.optimizer.batch_size
    for epoch in range(len(history), recipe.optimizer.epochs):
        batches = training_batches(
            data.faces, data.targets, recipe.preprocess, recipe.augment, recipe.optimizer.batch_size, seed=(recipe.seed, epoch)
        )
        steps: list[EpochResult] = []
        for inputs, targets in batches:
            steps.append({name: float(value) for name, value in model.train_on_batch(inputs, targets, return_dict=True).items()})
            on_step(len(steps), num_steps, steps[-1]["loss"])
        history.append(
            {
                "epoch": epoch + 1,
                "learning_rate": float(_values(model.optimizer.learning_rate)),
                "training_loss": float(np.mean([step["loss"] for step in steps])),
                "training_accuracy": float(np.mean([step["accuracy"] for step in steps])),
            }
        )
        with averaged_weights(model):
            history[-1] |= validate(model, validation_inputs, data.validation_labels)
        save_checkpoint(files.checkpoint, model, history)
        on_epoch(history)
    on_epoch(history)  # a run that was killed between the last checkpoint and its history
    with averaged_weights(model):
        refresh_statistics(model, recipe, data)
        save_weights(files.weights, model)


def start(recipe: Recipe, data: TrainingData) -> "Model":
    """Build and compile the network with seeded weights, and make the backend repeatable.

    Raises:
        UnknownNameError: the catalog has no such network.
        MissingExtraError: the training framework is not installed.
    """
    try:
        with quiet_stderr():  # TensorFlow's banners
            import keras
    except ModuleNotFoundError as error:
        raise MissingExtraError("Training", "train") from error

    keras.utils.set_random_seed(recipe.seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.experimental.enable_op_determinism()
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(recipe.precision)
    try:
        num_classes = data.targets.shape[1]
        model = build_model(recipe.model, num_classes, (*recipe.preprocess.size_hw, recipe.preprocess.channels))
    finally:
        keras.config.set_dtype_policy(before)
    model.compile(
        optimizer=_optimizer(recipe, len(data.faces) // recipe.optimizer.batch_size),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        # XLA on a CPU is slower here; on a GPU Keras's JAX backend compiles whatever this says.
        jit_compile="auto" if keras.backend.backend() == "jax" else False,
    )
    model.optimizer.build(model.trainable_variables)
    return model


def _optimizer(recipe: Recipe, num_steps: int) -> Any:
    import keras

    spec = recipe.optimizer
    warmup_steps = round(spec.warmup_epochs * num_steps)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=spec.learning_rate / max(1, warmup_steps),
        warmup_target=spec.learning_rate,
        warmup_steps=warmup_steps,
        decay_steps=max(1, spec.epochs * num_steps - warmup_steps),
    )
    optimizer = keras.optimizers.SGD(
        rate,
        momentum=spec.momentum,
        nesterov=True,
        weight_decay=spec.weight_decay,
        use_ema=spec.ema_momentum > 0,
        ema_momentum=spec.ema_momentum,
    )
    # Scales and offsets do not overfit; shrinking them only slows training.
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer


@contextmanager
def averaged_weights(model: "Model") -> Iterator[None]:
    """Swap the moving average of the weights in, and the weights themselves back afterwards."""
    raw = [_values(variable) for variable in model.trainable_variables]
    model.optimizer.finalize_variable_values(model.trainable_variables)
    for variable in model.trainable_variables:
        # JAX lets the average and the variable share memory, and predicting then frees both: give it memory of its own.
        variable.assign(_values(variable))
    try:
        yield
    finally:
        for variable, value in zip(model.trainable_variables, raw, strict=True):
            variable.assign(value)


def refresh_statistics(model: "Model", recipe: Recipe, data: TrainingData) -> None:
    """Estimate batch normalisation's means and variances anew, for the averaged weights.

    The statistics kept while training belong to the raw weights; averaging weights without this step costs accuracy
    (section 3 of Izmailov et al. 2018, arXiv 1803.05407).
    """
    import keras

    normalizations = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    batches = training_batches(
        data.faces,
        data.targets,
        recipe.preprocess,
        recipe.augment,
        recipe.optimizer.batch_size,
        seed=(recipe.seed, recipe.optimizer.epochs),
    )
    for layer in normalizations:
        layer.momentum = 0.0  # each batch replaces the one before
    sums: list[Any] = [(0.0, 0.0)] * len(normalizations)
    num_batches = 0
    for inputs, _ in islice(batches, STATISTICS_BATCHES):
        model(inputs, training=True)
        sums = [
            (mean + _values(layer.moving_mean), variance + _values(layer.moving_variance))
            for (mean, variance), layer in zip(sums, normalizations, strict=True)
        ]
        num_batches += 1
    for (mean, variance), layer in zip(sums, normalizations, strict=True):
        layer.moving_mean.assign(mean / num_batches)
        layer.moving_variance.assign(variance / num_batches)


def validate(model: "Model", inputs: Float32, labels: np.ndarray) -> EpochResult:
    """Return loss and accuracy on the validation split."""
    logits = np.asarray(model.predict(inputs, batch_size=512, verbose=0), np.float64)
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_scores = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return {
        "validation_loss": float(-log_scores[np.arange(len(labels)), labels].mean()),
        "validation_accuracy": float((logits.argmax(axis=1) == labels).mean()),
    }


def _state(model: "Model") -> list[Any]:
    """All variables that the next step depends on: weights, statistics, random seeds, optimiser."""
    return [*model.variables, *model.optimizer.variables]


def save_checkpoint(path: Path, model: "Model", history: list[EpochResult]) -> None:
    """Write every variable and the history, atomically.

    Raises:
        OutputError: the folder cannot be written, or the disk is full.
    """
    _save_arrays(path, {"history": np.array(json.dumps(history)), **_numbered(_state(model))})


def load_checkpoint(path: Path, model: "Model") -> list[EpochResult]:
    """Restore every variable and return the history.

    Raises:
        ModelFileError: the checkpoint is damaged, or has other variables than the network.
    """
    arrays = _load_arrays(path)
    history: list[EpochResult] = json.loads(str(arrays.pop("history", "[]")))
    _assign(path, _state(model), arrays)
    return history


def save_weights(path: Path, model: "Model") -> None:
    """Write the network's weights, atomically.

    Raises:
        OutputError: the folder cannot be written, or the disk is full.
    """
    _save_arrays(path, _numbered(model.weights))


def load_weights(path: Path, model: "Model") -> None:
    """Read weights that ``save_weights`` wrote.

    Raises:
        ModelFileError: the file is damaged, or belongs to another network.
    """
    _assign(path, model.weights, _load_arrays(path))


def _values(variable: Any) -> np.ndarray:
    """Return a copy of a variable's values."""
    import keras

    values: np.ndarray = keras.ops.convert_to_numpy(variable).copy()
    return values


def _numbered(variables: list[Any]) -> dict[str, np.ndarray]:
    return {f"variable_{index:04d}": _values(variable) for index, variable in enumerate(variables)}


def _save_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def _load_arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        # Opened here: NumPy leaves a damaged file open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise ModelFileError(f"{path}: not a readable file of weights ({error}). Remove it to start again.") from error


def _assign(path: Path, variables: list[Any], arrays: dict[str, np.ndarray]) -> None:
    names = sorted(arrays)
    if [arrays[name].shape for name in names] != [tuple(variable.shape) for variable in variables]:
        raise ModelFileError(f"{path}: {len(names)} arrays that do not fit the network of the recipe ({len(variables)} variables).")
    for variable, name in zip(variables, names, strict=True):
        variable.assign(arrays[name])
