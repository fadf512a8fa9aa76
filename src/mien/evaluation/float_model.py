"""A trained run as a classifier: the float network in Keras, before any export."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mien.data.catalog import DATASETS
from mien.models.catalog import build_model
from mien.preprocess import Float32, prepare
from mien.training.fit import load_weights
from mien.training.recipe import Recipe
from mien.training.run import final_weights, load_recipe_of
from mien.types import Float, UInt8

if TYPE_CHECKING:
    from keras import Model


class FloatClassifier:
    """Faces to scores with the averaged weights of a run folder, in float32 and uncalibrated.

    Raises:
        ConfigError: the folder holds no run, or an unfinished one.
        ModelFileError: the weights are damaged.
        MissingExtraError: the training framework is not installed.
    """

    def __init__(self, run_dir: Path) -> None:
        self.recipe: Recipe = load_recipe_of(run_dir)
        self.labels = DATASETS[self.recipe.dataset].labels
        self.model = load_float_model(run_dir, self.recipe, len(self.labels))

    def __call__(self, crops: Sequence[UInt8]) -> Float:
        """Return (N, K) scores of N crops, grey (h, w) or RGB (h, w, 3); rows sum to 1."""
        return self.raw_scores(prepare(crops, self.recipe.preprocess))

    def raw_scores(self, inputs: Float32) -> Float:
        """Return (N, K) scores for (N, H, W, C) network inputs."""
        logits = np.asarray(self.model.predict(inputs, batch_size=256, verbose=0), np.float64)
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        scores: Float = exponentials / exponentials.sum(axis=1, keepdims=True)
        return scores


def load_float_model(run_dir: Path, recipe: Recipe, num_labels: int) -> "Model":
    """Return the network of a run in float32, with its averaged weights.

    Raises:
        ConfigError: the run is not finished.
        ModelFileError: the weights are damaged.
        MissingExtraError: the training framework is not installed.
    """
    path = final_weights(run_dir)
    model = build_model(recipe.model, num_labels, (*recipe.preprocess.size_hw, recipe.preprocess.channels))
    load_weights(path, model)
    return model
