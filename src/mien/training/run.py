"""One training run: data as the recipe wants them, the network, the loop, and a folder that tells all of it."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mien.atomic import write_text
from mien.data.batches import FaceFeed, evaluation_batches
from mien.data.catalog import load_dataset
from mien.data.faces import Faces
from mien.data.manifest import Manifest, clean_training
from mien.data.sampling import group_indices
from mien.data.select import select_labels
from mien.data.splits import apply_split
from mien.data.targets import soft_targets
from mien.environment import describe_environment
from mien.errors import ConfigError
from mien.preprocess import Float32
from mien.training import folder
from mien.training.checkpoint import load_body_weights, load_weights, save_weights
from mien.training.distill import teaching
from mien.training.features import FeatureFeed, cached_features
from mien.training.fit import Feed, RunFiles, Validation, Watch, fit
from mien.training.history import EpochResult
from mien.training.losses import label_weights
from mien.training.network import Network, compile_network, load_network, start
from mien.training.recipe import Recipe
from mien.types import Float

Say = Callable[[str], None]
FEATURE_BATCH = 1024


@dataclass(frozen=True, eq=False)
class RunData:
    """A data set as a recipe wants it."""

    manifest: Manifest
    """All splits, with the recipe's labels."""
    training: Manifest
    validation: Manifest
    facts: dict[str, Any]
    """What the run folder tells of its data."""


def train(
    recipe: Recipe, data_root: Path, run_dir: Path, say: Say, watch: Watch, max_epochs: int = 0, features_dir: Path | None = None
) -> bool:
    """Train ``recipe`` on the data under ``data_root``, in a new or an interrupted run folder.

    Nothing is written before recipe, data and starting weights have been checked.

    Args:
        say: Receives one line per fact a person should see.
        max_epochs: End this session after so many epochs; 0 goes on to the end.
        features_dir: Where cached features are kept; by default in the run folder, until training is finished.

    Returns:
        Whether training is finished.

    Raises:
        ConfigError: the folder holds a run of another recipe or other data.
        DataError: the data are not as their format says.
    """
    data = read_run_data(recipe, data_root, say)
    network = start(recipe, len(data.training.labels))
    folder.open_run(run_dir, recipe, data.manifest, data.facts)
    if (run_dir / folder.WEIGHTS).is_file():
        say(f"{run_dir}: training is finished already.")
        return True
    if recipe.init:
        _load_init(run_dir, network, data.training)
    folder.append_line(run_dir / folder.ENVIRONMENT, describe_environment())
    started_s = time.monotonic()
    feed, validation = _feeds(recipe, data, network, features_dir or run_dir / folder.FEATURES, say, watch)
    if network.backbone is not None:
        folder.append_line(run_dir / folder.TIMES, {"epoch": 0, "seconds": time.monotonic() - started_s})  # for the features
    compile_network(network, recipe)
    is_finished = fit(
        network.trained,
        recipe,
        feed,
        validation,
        RunFiles(run_dir / folder.CHECKPOINT, run_dir / folder.BEST),
        replace(watch, on_epoch=_recording(run_dir, watch.on_epoch)),
        teach=_teacher(recipe, data.training),
        weigh=label_weights(recipe.loss, data.training.label_indices, len(data.training.labels)),
        max_epochs=max_epochs,
    )
    if history := folder.read_history(run_dir):
        folder.draw_curves(history, run_dir / folder.CURVES)
    if is_finished:
        save_weights(run_dir / folder.WEIGHTS, network.whole)
        (run_dir / folder.BEST).unlink(missing_ok=True)
        shutil.rmtree(run_dir / folder.FEATURES, ignore_errors=True)
    return is_finished


def read_run_data(recipe: Recipe, data_root: Path, say: Say) -> RunData:
    """Read the data set, and select labels and splits as the recipe says.

    Raises:
        DataError: the data are not as their format says.
        ConfigError: a split or label of the recipe is not there, or too few training pictures are left.
    """
    raw = load_dataset(recipe.dataset, data_root)
    manifest, selection = select_labels(raw, recipe.labels)
    if selection:
        say(f"{recipe.dataset}: {selection}")
    manifest = apply_split(manifest, recipe.split)
    facts: dict[str, Any] = {
        "dataset": raw.dataset,
        "sha256": raw.sha256,
        "counts": manifest.counts(),
        "labels": list(manifest.labels),
        "selection": selection,
        "leaks": recipe.leaks,
    }
    if "whole" in manifest.crops:
        raise ConfigError(
            f"{recipe.dataset}: its pictures show more than the face. Cut the faces (mien crop {recipe.dataset} --data {data_root} "
            "--out DIR) and train on them with --set dataset=csv --data DIR/faces.csv."
        )
    if recipe.leaks:
        say("This recipe learns from or chooses on pictures of test splits, as its paper does: its run is marked and cannot be exported.")
    if recipe.split.leaks:
        training = manifest.split("training")
    else:
        training, cleaning = clean_training(manifest)
        facts["cleaning"] = asdict(cleaning)
        say(f"{recipe.dataset}: {cleaning}.")
    if recipe.max_images:
        training = replace(training, samples=training.samples[: recipe.max_images])
    if len(training) < recipe.optimizer.batch_size:
        raise ConfigError(
            f"{len(training)} training images do not fill one batch of {recipe.optimizer.batch_size}. Use --set optimizer.batch_size=N."
        )
    facts |= {"training_sha256": training.sha256, "num_training": len(training)}
    return RunData(manifest, training, manifest.split(recipe.validation_split), facts)


def _load_init(run_dir: Path, network: Network, training: Manifest) -> None:
    """Start from another run's weights; its classifier too, where the labels are the same."""
    labels = folder.read_facts(run_dir)["init"]["labels"]
    load = load_weights if labels == list(training.labels) else load_body_weights
    load(run_dir / folder.INIT, network.whole)


def _feeds(recipe: Recipe, data: RunData, network: Network, features_dir: Path, say: Say, watch: Watch) -> tuple[Feed, Validation]:
    """Return what the loop trains and validates on: pictures, or features of a frozen backbone."""
    faces = Faces(data.training, recipe.preprocess, recipe.crops)
    validation_faces = Faces(data.validation, recipe.preprocess, recipe.crops)
    targets = soft_targets(data.training, recipe.targets)
    size, labels = recipe.optimizer.batch_size, data.validation.label_indices
    groups = group_indices(data.training, recipe.sampling)
    if network.backbone is None:
        feed = FaceFeed(faces, targets, recipe.augment, recipe.crops, groups, recipe.sampling, size, recipe.seed)
        return feed, Validation(lambda: evaluation_batches(validation_faces, recipe.crops), labels, recipe.crops.per_test_face)
    say(f"Computing features of {len(faces)} pictures and their mirror images, and of {len(validation_faces)} for validation.")

    def show(done: int, total: int) -> None:
        watch.on_step(done, total, 0.0)

    mirrored = recipe.augment.mirror_probability > 0
    features = cached_features(network.backbone, faces, mirrored, features_dir, show)
    seen = cached_features(network.backbone, validation_faces, False, features_dir, show)[:, 0]

    def chunks() -> Iterator[Float32]:
        yield from (seen[start : start + FEATURE_BATCH] for start in range(0, len(seen), FEATURE_BATCH))

    probability = recipe.augment.mirror_probability
    return FeatureFeed(features, groups, targets, probability, recipe.sampling, size, recipe.seed), Validation(chunks, labels)


def _teacher(recipe: Recipe, training: Manifest) -> Callable[[Float32, Float], Float] | None:
    """Return what asks the recipe's teacher, if there is one.

    Raises:
        ConfigError: the teacher has other labels or another preprocessing.
    """
    if not recipe.distill.teacher:
        return None
    teacher_dir = Path(recipe.distill.teacher)
    theirs = folder.load_recipe_of(teacher_dir)
    if folder.read_facts(teacher_dir)["labels"] != list(training.labels) or theirs.preprocess != recipe.preprocess:
        raise ConfigError(f"{teacher_dir}: a teacher needs the labels and the preprocessing of its student, and these differ.")
    return teaching(load_network(theirs, len(training.labels), folder.final_weights(teacher_dir)), recipe.distill)


def _recording(run_dir: Path, on_epoch: Callable[[list[EpochResult]], None]) -> Callable[[list[EpochResult]], None]:
    """Return what writes the history and the time of every new epoch before it tells the watcher."""
    num_recorded = len(folder.read_history(run_dir))
    started_s = time.monotonic()

    def record(history: list[EpochResult]) -> None:
        nonlocal num_recorded, started_s
        write_text(run_dir / folder.HISTORY, "".join(json.dumps(result) + "\n" for result in history))
        if len(history) == num_recorded:
            return
        folder.append_line(run_dir / folder.TIMES, {"epoch": len(history), "seconds": time.monotonic() - started_s})
        num_recorded, started_s = len(history), time.monotonic()
        on_epoch(history)

    return record


def train_repeats(recipe: Recipe, repeats: int, data_root: Path, runs_dir: Path, say: Say, watch: Watch) -> dict[str, Any]:
    """Train a recipe with several seeds, one run folder each, and return the spread of the validation accuracy.

    Returns:
        ``seeds``, ``accuracies`` of the epoch that is kept, their ``mean`` and ``sd`` (n - 1), also written to repeats.json.
    """
    seeds = [recipe.seed + index for index in range(repeats)]
    accuracies = []
    for seed in seeds:
        run_dir = runs_dir / f"seed{seed}"
        train(replace(recipe, seed=seed), data_root, run_dir, say, watch)
        history = folder.read_history(run_dir)
        accuracies.append(kept_epoch(history, recipe)["validation_accuracy"])
    spread = float(np.std(accuracies, ddof=1)) if repeats > 1 else 0.0
    result = {"recipe": recipe.name, "seeds": seeds, "accuracies": accuracies, "mean": float(np.mean(accuracies)), "sd": spread}
    write_text(runs_dir / "repeats.json", json.dumps(result, indent=1) + "\n")
    return result


def kept_epoch(history: list[EpochResult], recipe: Recipe) -> EpochResult:
    """Return the result of the epoch whose weights a finished run holds."""
    from mien.training.history import best_epoch

    return history[best_epoch(history, recipe.stopping.monitor)] if recipe.stopping.keep == "best" else history[-1]
