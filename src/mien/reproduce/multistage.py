"""Paper 002's multistage training: the same recipe in several sessions, each from the checkpoint of the one before."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mien.quiet import quiet_stderr
from mien.training.fit import Watch
from mien.training.folder import WEIGHTS, read_history
from mien.training.history import EpochResult
from mien.training.recipe import Recipe
from mien.training.run import Say, train


def compare_stages(recipe: Recipe, shares: Sequence[float], data_root: Path, straight_dir: Path, say: Say, watch: Watch) -> dict[str, Any]:
    """Train a recipe in stages, and compare with the run that was trained at once.

    Args:
        shares: Of the epochs, one per stage.
        straight_dir: The finished run.

    Returns:
        Epochs of each ``stages``, the ``largest_weight_difference``, whether both have the ``same_history``, and the best
        and least values of both histories, as the paper prints them.
    """
    stages = stage_epochs(recipe.optimizer.epochs, shares)
    staged_dir = straight_dir.with_name(f"{straight_dir.name}-stages")
    for number, epochs in enumerate(stages, start=1):
        say(f"stage {number} of {len(stages)}: {epochs} epochs")
        forget_networks()
        train(recipe, data_root, staged_dir, say, watch, max_epochs=epochs)
    train(recipe, data_root, staged_dir, say, watch)
    with np.load(straight_dir / WEIGHTS) as straight, np.load(staged_dir / WEIGHTS) as staged:
        difference = max(float(np.abs(straight[name] - staged[name]).max(initial=0.0)) for name in straight.files)
    histories = read_history(straight_dir), read_history(staged_dir)
    return {
        "stages": stages,
        "largest_weight_difference": difference,
        "same_history": histories[0] == histories[1],
        "continuous": _extremes(histories[0]),
        "multistage": _extremes(histories[1]),
    }


def stage_epochs(num_epochs: int, shares: Sequence[float]) -> list[int]:
    """Return whole epochs per stage, at least one each and ``num_epochs`` in all."""
    ends = [max(index + 1, round(num_epochs * sum(shares[: index + 1]))) for index in range(len(shares))]
    ends[-1] = max(num_epochs, len(shares))
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


def _extremes(history: Sequence[EpochResult]) -> dict[str, float]:
    best = {f"best_{part}_accuracy": max(result[f"{part}_accuracy"] for result in history) for part in ("training", "validation")}
    return best | {f"least_{part}_loss": min(result[f"{part}_loss"] for result in history) for part in ("training", "validation")}


def forget_networks() -> None:
    """Free what earlier networks left in memory, so that each training starts as in a process of its own."""
    with quiet_stderr():  # TensorFlow's banners
        import keras

        keras.backend.clear_session()
