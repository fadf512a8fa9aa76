"""The training loop, readable top to bottom."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mien.data.batches import Batch
from mien.errors import DivergedError
from mien.preprocess import Float32
from mien.training.checkpoint import load_checkpoint, load_weights, save_checkpoint, save_weights, values_of
from mien.training.history import EpochResult, best_epoch, is_best, is_over
from mien.training.losses import scores_of_logits
from mien.training.recipe import Recipe
from mien.training.schedules import learning_rate
from mien.types import Float, OnProgress

if TYPE_CHECKING:
    from keras import Model

STATISTICS_BATCHES = 48
"""Batches that batch normalisation's final statistics are estimated on."""


class Feed(Protocol):
    """Training batches of one run."""

    @property
    def num_steps(self) -> int:
        """Batches in an epoch."""

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of one epoch; the same epoch gives the same ones."""


@dataclass(frozen=True, eq=False)
class Validation:
    """Inputs and labels that choices are made on."""

    batches: Callable[[], Iterator[Float32]]
    """Yields the inputs of all faces in order."""
    labels: np.ndarray
    """(M,) int64."""
    crops_per_face: int = 1
    """Inputs of one face stand together; their logits are averaged."""


@dataclass(frozen=True)
class RunFiles:
    """What training reads and writes in a run folder."""

    checkpoint: Path
    """Every variable and the history after the last finished epoch; training continues from it."""
    best: Path
    """Weights of the best epoch so far, where the recipe keeps the best."""


@dataclass(frozen=True)
class Watch:
    """Who is told of the progress."""

    on_step: OnProgress
    """Called with (steps done, steps of the epoch)."""
    on_epoch: Callable[[list[EpochResult]], None]
    """Called with the whole history after every epoch."""


def fit(
    model: "Model",
    recipe: Recipe,
    feed: Feed,
    validation: Validation,
    files: RunFiles,
    watch: Watch,
    teach: Callable[[Float32, Float], Float] | None = None,
    weigh: Float | None = None,
    max_epochs: int = 0,
) -> bool:
    """Train a compiled network, continuing from the checkpoint if there is one, and leave its final weights in it.

    The order of the pictures and their changes depend on the seed and the epoch alone, and the checkpoint holds every
    variable of network and optimiser, so a run that was killed and resumed, or trained in several sessions (the multistage
    training of paper 002), gives the same weights as one that was not.

    Args:
        teach: Called with inputs and targets of a batch; returns the targets to learn instead (distillation).
        weigh: (K,) weight of every label in the loss.
        max_epochs: End this session after so many epochs; 0 goes on to the end.

    Returns:
        Whether training is finished.

    Raises:
        ModelFileError: the checkpoint belongs to another recipe or is damaged.
        DivergedError: the loss is no number any more.
        OutputError: a file cannot be written.
    """
    spec = recipe.optimizer
    history = load_checkpoint(files.checkpoint, model) if files.checkpoint.is_file() else []
    num_before = len(history)
    while not is_over(history, recipe.stopping, spec.epochs):
        if max_epochs and len(history) - num_before >= max_epochs:
            return False
        steps: list[EpochResult] = []
        for inputs, targets in feed.batches(len(history)):
            at_epoch = len(history) + len(steps) / feed.num_steps
            rate = learning_rate(recipe.schedule, spec.learning_rate, spec.epochs, at_epoch, history)
            model.optimizer.learning_rate = rate
            wanted = targets if teach is None else teach(inputs, targets)
            weights = None if weigh is None else (wanted @ weigh).astype(np.float32)
            results = [model.train_on_batch(inputs, wanted, sample_weight=weights, return_dict=True) for _ in range(spec.passes)]
            steps.append(_as_floats(results[0]))
            watch.on_step(len(steps), feed.num_steps)
        _check_finite(steps[-1]["loss"], len(history) + 1)
        history.append(
            {
                "epoch": len(history) + 1,
                "learning_rate": rate,
                "training_loss": float(np.mean([step["loss"] for step in steps])),
                "training_accuracy": float(np.mean([step["accuracy"] for step in steps])),
            }
        )
        with averaged_weights(model):
            history[-1] |= validate(model, validation, recipe.loss.name)
            _check_finite(history[-1]["validation_loss"], len(history))
            if recipe.stopping.keep == "best" and is_best(history, recipe.stopping):
                save_weights(files.best, model)
        save_checkpoint(files.checkpoint, model, history)
        watch.on_epoch(history)
    if recipe.stopping.keep == "best":
        load_weights(files.best, model)
    elif spec.averages:
        use_average(model)
    if spec.averages:
        refresh_statistics(model, feed, spec.epochs)
        # What is kept has other statistics than what was validated in its epoch.
        kept = kept_epoch(history, recipe)
        kept |= validate(model, validation, recipe.loss.name) | {"kept": 1.0}
    watch.on_epoch(history)  # also for a run that was killed between the last checkpoint and its history
    return True


def kept_epoch(history: list[EpochResult], recipe: Recipe) -> EpochResult:
    """Return the result of the epoch whose weights a finished run holds; where those are averaged, of the network as it is kept."""
    if recipe.stopping.keep == "last":
        return history[-1]
    marked = [result for result in history if result.get("kept")]  # what it is worth as it is kept may be less than another epoch's
    return marked[0] if marked else history[best_epoch(history, recipe.stopping.monitor)]


def _check_finite(loss: float, epoch: int) -> None:
    if not np.isfinite(loss):
        raise DivergedError(f"The loss is {loss} in epoch {epoch}: training diverged. Lower optimizer.learning_rate.")


def _as_floats(values: dict[str, Any]) -> EpochResult:
    return {name: float(value) for name, value in values.items()}


@contextmanager
def averaged_weights(model: "Model") -> Iterator[None]:
    """Swap the moving average of the weights in, where there is one, and the weights themselves back afterwards."""
    if not model.optimizer.use_ema:
        yield
        return
    raw = [values_of(variable) for variable in model.trainable_variables]
    use_average(model)
    try:
        yield
    finally:
        for variable, value in zip(model.trainable_variables, raw, strict=True):
            variable.assign(value)


def use_average(model: "Model") -> None:
    """Give the network the moving average of its weights."""
    model.optimizer.finalize_variable_values(model.trainable_variables)
    for variable in model.trainable_variables:
        # JAX lets the average and the variable share memory, and predicting then frees both: give it memory of its own.
        variable.assign(values_of(variable))


def refresh_statistics(model: "Model", feed: Feed, epoch: int) -> None:
    """Estimate the means and variances of trainable batch normalisation anew, for the averaged weights.

    The statistics kept while training belong to the raw weights; averaging weights without this step costs accuracy
    (section 3 of Izmailov et al. 2018, arXiv 1803.05407).
    """
    import keras

    normalizations = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable]
    if not normalizations:
        return
    momenta = [layer.momentum for layer in normalizations]
    for layer in normalizations:
        layer.momentum = 0.0  # each batch replaces the one before
    sums: list[Any] = [(0.0, 0.0)] * len(normalizations)
    num_batches = 0
    for inputs, _ in islice(feed.batches(epoch), STATISTICS_BATCHES):
        model(inputs, training=True)
        sums = [
            (mean + values_of(layer.moving_mean), variance + values_of(layer.moving_variance))
            for (mean, variance), layer in zip(sums, normalizations, strict=True)
        ]
        num_batches += 1
    for (mean, variance), layer, momentum in zip(sums, normalizations, momenta, strict=True):
        layer.moving_mean.assign(mean / num_batches)
        layer.moving_variance.assign(variance / num_batches)
        layer.momentum = momentum


def validate(model: "Model", validation: Validation, loss_name: str) -> EpochResult:
    """Return loss (cross-entropy of the scores) and accuracy on the validation split."""
    parts = [np.asarray(model.predict_on_batch(inputs), np.float64) for inputs in validation.batches()]
    logits = np.concatenate(parts).reshape(len(validation.labels), validation.crops_per_face, -1).mean(axis=1)
    scores = scores_of_logits(logits, loss_name)
    right = np.clip(scores[np.arange(len(scores)), validation.labels], 1e-12, 1)
    return {
        "validation_loss": float(-np.log(right).mean()),
        "validation_accuracy": float((scores.argmax(axis=1) == validation.labels).mean()),
    }
