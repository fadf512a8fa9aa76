"""Finished runs and bundles that are asked, at every step, about the very pictures that the student sees.

Changed, covered and mixed anew each time, those are pictures whose labels the teachers could not learn by heart (Beyer et al. 2022,
*Knowledge distillation: a good teacher is patient and consistent*).
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mien.card import open_trained
from mien.errors import ConfigError
from mien.labels import LabelSet
from mien.preprocess import GRAY, Float32, PreprocessSpec
from mien.runtime.graph import read_graph
from mien.training import folder
from mien.training.initial import references
from mien.training.losses import scores_of_logits
from mien.training.network import load_network
from mien.training.recipe import Recipe
from mien.training.unfold import asked_network, loss_of
from mien.types import Float

if TYPE_CHECKING:
    from keras import Model


@dataclass(frozen=True, eq=False)
class Teacher:
    """A trained network and what it needs to be asked."""

    network: "Model"
    """From (N, H, W, C) inputs to (N, K) logits."""
    preprocess: PreprocessSpec
    loss_name: str
    """What it was trained with says how logits become scores."""


def teachers_sha256(recipe: Recipe) -> str:
    """Return the hash of what a recipe's teachers learned.

    Raises:
        UnknownNameError: one is neither a run folder nor a bundle.
        ConfigError: a run is not finished.
    """
    return hashlib.sha256(b"".join(_weights_file(name).read_bytes() for name in references(recipe.distill.teacher))).hexdigest()


def _weights_file(reference: str) -> Path:
    run_dir = Path(reference)
    return folder.final_weights(run_dir) if folder.is_run(run_dir) else open_trained(reference).file("float32")


def load_teachers(recipe: Recipe, labels: LabelSet) -> list[Teacher]:
    """Return the networks that a recipe is taught by.

    Raises:
        UnknownNameError: one is neither a run folder nor a bundle.
        ModelFileError: a bundle's network cannot be taken back from its file.
        ConfigError: one has other labels, or sees other parts of a face or less of its detail than the student.
    """
    return [_load_teacher(reference, recipe, labels) for reference in references(recipe.distill.teacher)]


def _load_teacher(reference: str, student: Recipe, labels: LabelSet) -> Teacher:
    if not folder.is_run(Path(reference)):
        bundle = open_trained(reference)
        _check_teacher(reference, bundle.card.labels, bundle.card.preprocess, student, labels)
        return Teacher(asked_network(bundle), bundle.card.preprocess, loss_of(read_graph(bundle.file("float32"))))
    run_dir = Path(reference)
    recipe = folder.load_recipe_of(run_dir)
    _check_teacher(reference, folder.read_facts(run_dir)["labels"], recipe.whole_face_preprocess, student, labels)
    network = load_network(recipe, len(labels), folder.final_weights(run_dir), student.precision)
    return Teacher(network, recipe.preprocess, recipe.loss.name)


def _check_teacher(reference: str, theirs: Sequence[str], whole_face: PreprocessSpec, student: Recipe, labels: LabelSet) -> None:
    if list(theirs) != list(labels):
        raise ConfigError(f"{reference}: a teacher needs the labels of its student, and these differ.")
    if not _can_translate(student.whole_face_preprocess, whole_face):
        raise ConfigError(
            f"{reference}: cannot be asked about the very pictures that its student sees: it needs to see the same share of a face, "
            f"histograms as they are, and an input of at least {student.preprocess.side} pixels. Let it write its answers once instead: "
            f"mien evaluate {reference} --split training --out DIR, then --set distill.scores=DIR"
        )


def _can_translate(mine: PreprocessSpec, theirs: PreprocessSpec) -> bool:
    if mine == theirs:
        return True
    kept = (mine.histogram, theirs.histogram) == ("keep", "keep")
    return kept and mine.center_share == theirs.center_share and mine.side <= theirs.side


def translate(inputs: Float32, mine: PreprocessSpec, theirs: PreprocessSpec) -> Float32:
    """Return a network's inputs as another network wants them: its colour, its normalisation, and enlarged to its size.

    Args:
        inputs: (N, H, W, C), as ``mine`` makes them of faces, or blends of such.

    Returns:
        (N, H', W', C') float32; up to the rounding of pixels what ``theirs`` makes of the same pictures.
    """
    if mine == theirs:
        return inputs
    pixels = (inputs * np.array(mine.std, np.float32) + np.array(mine.mean, np.float32)) / np.float32(mine.scale)
    if mine.color == "rgb" and theirs.color in GRAY:
        pixels = pixels @ np.array([[0.299], [0.587], [0.114]], np.float32)
    elif mine.color == "gray_rgb":
        pixels = pixels[..., :1]
    sized = np.stack([cv2.resize(picture, (theirs.side, theirs.side), interpolation=cv2.INTER_LINEAR) for picture in pixels])
    sized = sized.reshape(len(inputs), theirs.side, theirs.side, -1)  # OpenCV drops a single channel
    mean, std = np.array(theirs.mean, np.float32), np.array(theirs.std, np.float32)
    scaled: Float32 = (sized * np.float32(theirs.scale) - mean) / std  # grey is repeated where the mean has three channels
    return scaled


def teaching(teachers: Sequence[Teacher], recipe: Recipe) -> Callable[[Float32, Float], Float] | None:
    """Return what turns a batch's (N, H, W, C) inputs and (N, K) targets into a blend with the teachers' mean answer, if there are any."""
    if not teachers:
        return None
    spec = recipe.distill

    def ask(teacher: Teacher, inputs: Float32) -> Float:
        logits = teacher.network.predict_on_batch(translate(inputs, recipe.preprocess, teacher.preprocess))
        return scores_of_logits(np.asarray(logits, np.float64) / spec.temperature, teacher.loss_name)

    def teach(inputs: Float32, targets: Float) -> Float:
        answers = np.mean([ask(teacher, inputs) for teacher in teachers], axis=0)
        blended: Float = (targets * (1 - spec.weight) + answers * spec.weight).astype(np.float32)
        return blended

    return teach
