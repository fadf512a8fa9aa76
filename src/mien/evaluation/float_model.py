"""A trained run as a classifier: the float network in Keras, before any export."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mien.data.crops import evaluation_crops
from mien.preprocess import Float32, fit, prepare, to_color
from mien.training.folder import final_weights, load_recipe_of, read_facts
from mien.training.losses import scores_of_logits
from mien.training.network import load_network
from mien.training.recipe import Recipe
from mien.types import Float, UInt8

BATCH = 128


class FloatClassifier:
    """Faces to scores with the final weights of a run folder, in float32 and uncalibrated.

    Raises:
        ConfigError: the folder holds no run, or an unfinished one.
        ModelFileError: the weights are damaged.
        MissingExtraError: the training framework is not installed.
    """

    def __init__(self, run_dir: Path) -> None:
        weights_path = final_weights(run_dir)
        self.recipe: Recipe = load_recipe_of(run_dir)
        self.labels: tuple[str, ...] = tuple(read_facts(run_dir)["labels"])
        self.model = load_network(self.recipe, len(self.labels), weights_path)

    def __call__(self, crops: Sequence[UInt8]) -> Float:
        """Return (N, K) scores of N faces, grey (h, w) or RGB (h, w, 3); rows sum to 1.

        Where the recipe tests with crops, a face's logits are averaged over them.
        """
        spec, preprocess = self.recipe.crops, self.recipe.preprocess
        if not spec.canvas_side:
            return self.raw_scores(prepare(crops, preprocess))
        parts = [
            part
            for face in crops
            for part in evaluation_crops(fit(to_color(face, preprocess.color), spec.canvas_side), spec, preprocess.side)
        ]
        return self.raw_scores(prepare(parts, preprocess), spec.per_test_face)

    def raw_scores(self, inputs: Float32, inputs_per_face: int = 1) -> Float:
        """Return (N, K) scores for (N * inputs_per_face, H, W, C) network inputs, those of one face in a row."""
        parts = [
            np.asarray(self.model.predict_on_batch(inputs[start : start + BATCH]), np.float64) for start in range(0, len(inputs), BATCH)
        ]
        logits = np.concatenate(parts).reshape(-1, inputs_per_face, len(self.labels)).mean(axis=1)
        return scores_of_logits(logits, self.recipe.loss.name)
