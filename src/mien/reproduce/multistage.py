"""Paper 002's multistage training: the same recipe in several sessions, each from the checkpoint of the one before."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mien.errors import ConfigError
from mien.quiet import quiet_stderr
from mien.training.fit import Watch
from mien.training.folder import CHECKPOINT, WEIGHTS, read_history
from mien.training.history import EpochResult
from mien.training.recipe import Recipe
from mien.training.run import Say, train


def compare_stages(recipe: Recipe, shares: Sequence[float], data_root: Path, straight_dir: Path, say: Say, watch: Watch) -> dict[str, Any]:
    """Train a recipe in stages, and compare with the run that was trained at once.

    Args:
        shares: Of the epochs, one per stage.
        straight_dir: The finished run.

    Returns:
        Epochs of each ``stages``, the ``largest_weight_difference`` (of final weights and of all variables after the last epoch,
        the optimiser's too), whether both have the ``same_history``, and the best
        and least values of both histories, as the paper prints them.
    """
    stages = stage_epochs(recipe.optimizer.epochs, shares)
    if sum(stages) > recipe.optimizer.epochs:
        raise ConfigError(f"{recipe.optimizer.epochs} epochs cannot be trained in {len(stages)} stages. Use --set optimizer.epochs=N.")
    staged_dir = straight_dir.with_name(f"{straight_dir.name}-stages")
    for number, epochs in enumerate(stages, start=1):
        say(f"stage {number} of {len(stages)}: {epochs} epochs")
        forget_networks()
        train(recipe, data_root, staged_dir, say, watch, max_epochs=epochs)
    train(recipe, data_root, staged_dir, say, watch)
    difference = max(_largest_difference(straight_dir / name, staged_dir / name) for name in (WEIGHTS, CHECKPOINT))
    histories = read_history(straight_dir), read_history(staged_dir)
    return {
        "stages": stages,
        "largest_weight_difference": difference,
        "same_history": histories[0] == histories[1],
        "continuous": _extremes(histories[0]),
        "multistage": _extremes(histories[1]),
    }


def stage_epochs(num_epochs: int, shares: Sequence[float]) -> list[int]:
    """Return whole epochs per stage, at least one each and ``num_epochs`` in all, or more where there are more stages than epochs."""
    ends = [max(index + 1, round(num_epochs * sum(shares[: index + 1]))) for index in range(len(shares))]
    ends[-1] = max(num_epochs, len(shares))
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


def _largest_difference(one: Path, other: Path) -> float:
    """Return the largest difference of a number in two files of arrays."""
    with np.load(one) as straight, np.load(other) as staged:
        names = [name for name in straight.files if straight[name].dtype.kind in "fiu"]
        return max(float(np.abs(straight[name].astype(np.float64) - staged[name]).max(initial=0.0)) for name in names)


def _extremes(history: Sequence[EpochResult]) -> dict[str, float]:
    best = {f"best_{part}_accuracy": max(result[f"{part}_accuracy"] for result in history) for part in ("training", "validation")}
    return best | {f"least_{part}_loss": min(result[f"{part}_loss"] for result in history) for part in ("training", "validation")}


def forget_networks() -> None:
    """Free Keras's names and graphs of earlier networks; TensorFlow itself keeps some memory until the process ends."""
    with quiet_stderr():  # TensorFlow's banners
        import keras

        keras.backend.clear_session()
