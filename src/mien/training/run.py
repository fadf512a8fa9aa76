"""One training run: data as the recipe wants them, the network, the loop, and a folder that tells all of it."""

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mien.atomic import atomic_path, write_text
from mien.data.batches import FaceFeed, evaluation_batches
from mien.data.catalog import load_dataset
from mien.data.faces import Faces
from mien.data.ferplus import LEARNED_BY_VOTES
from mien.data.found import Found, find_crops
from mien.data.manifest import Manifest, clean_training
from mien.data.photographs import describe_photographs
from mien.data.sampling import epoch_length, group_indices, spread_out
from mien.data.scores import scored_by, scores_sha256, teacher_leaks
from mien.data.select import select_labels
from mien.data.splits import VALIDATION, apply_split
from mien.data.targets import soft_targets
from mien.environment import describe_environment
from mien.errors import ConfigError
from mien.labels import LabelSet
from mien.preprocess import Float32
from mien.records import append_line
from mien.training import folder
from mien.training.checkpoint import load_body_weights, load_weights, save_weights
from mien.training.curves import draw_curves
from mien.training.distill import blend_scores
from mien.training.features import FeatureFeed, cached_features
from mien.training.fit import Feed, RunFiles, Validation, Watch, fit, kept_epoch
from mien.training.heritage import check_heritage
from mien.training.history import EpochResult
from mien.training.initial import initial_weights, references
from mien.training.losses import label_weights
from mien.training.network import Network, compile_network, start
from mien.training.recipe import Recipe
from mien.training.teacher import load_teachers, teachers_sha256, teaching
from mien.types import Float, OnProgress

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
    recipe: Recipe,
    data_root: Path,
    run_dir: Path,
    say: Say,
    watch: Watch,
    max_epochs: int = 0,
    features_dir: Path | None = None,
    data: RunData | None = None,
) -> bool:
    """Train ``recipe`` on the data under ``data_root``, in a new or an interrupted run folder.

    Nothing is written before recipe, data and starting weights have been checked.

    Args:
        say: Receives one line per fact a person should see.
        max_epochs: End this session after so many epochs; 0 goes on to the end.
        features_dir: Where cached features and found faces are kept; by default in the run folder, until training is finished.
        data: What ``read_run_data`` gave for this recipe and ``data_root``, where it was asked before.

    Returns:
        Whether training is finished.

    Raises:
        ConfigError: the folder holds a run of another recipe or other data, or another process is training it.
        DataError: the data are not as their format says.
    """
    if recipe.init_join == "side_by_side" and not recipe.init:
        raise ConfigError(f"{recipe.name}: starts as several runs side by side. Name them: --init RUN+RUN")
    data = data or read_run_data(recipe, data_root, say)
    labels = data.training.labels
    targets = soft_targets(data.training, recipe.targets)
    if recipe.distill.scores:
        targets = blend_scores(targets, data.training, recipe.distill)
    weigh = label_weights(recipe.loss, data.training.label_indices, len(labels))
    teach = teaching(load_teachers(recipe, labels), recipe)
    network = start(recipe, len(labels))
    with tempfile.TemporaryDirectory() as scratch:
        init = None
        if recipe.init and not folder.is_run(run_dir):
            init = initial_weights(recipe, data.training, network.whole, Path(scratch))
            _load_init(network, init.path, init.labels, labels)
        folder.open_run(run_dir, recipe, data.manifest, data.facts, init)
    with folder.held(run_dir):
        if (run_dir / folder.WEIGHTS).is_file():
            say(f"{run_dir}: training is finished already.")
            return True
        if recipe.init:
            _load_init(network, run_dir / folder.INIT, folder.read_facts(run_dir)["init"]["labels"], labels)
        say(f"Starts from {recipe.init or recipe.transfer.weights or 'random weights'}; taught by {_teacher_name(recipe)}.")
        if network.num_frozen:
            num_trained = sum(int(np.prod(weight.shape)) for weight in network.whole.trainable_weights)
            say(f"{network.num_frozen} of {len(network.whole.layers)} layers are frozen; {num_trained:,} parameters are trained.")
        append_line(run_dir / folder.ENVIRONMENT, describe_environment())
        started_s = time.monotonic()
        feed, validation = _feeds(recipe, data, targets, network, features_dir or run_dir / folder.FEATURES, say, watch)
        if network.backbone is not None or recipe.found.probability:
            append_line(run_dir / folder.TIMES, {"epoch": 0, "seconds": time.monotonic() - started_s})  # for features, or found faces
        compile_network(network, recipe)
        files = RunFiles(run_dir / folder.CHECKPOINT, run_dir / folder.BEST)
        recording = replace(watch, on_epoch=_recording(run_dir, watch.on_epoch))
        is_finished = fit(network.trained, recipe, feed, validation, files, recording, teach, weigh, max_epochs)
        if history := folder.read_history(run_dir):
            with atomic_path(run_dir / folder.CURVES) as temporary:
                temporary.write_bytes(draw_curves(history))
        if is_finished:
            save_weights(run_dir / folder.WEIGHTS, network.whole)
            (run_dir / folder.BEST).unlink(missing_ok=True)
            shutil.rmtree(run_dir / folder.FEATURES, ignore_errors=True)
        return is_finished


def read_run_data(recipe: Recipe, data_root: Path, say: Say) -> RunData:
    """Read the data set, and select labels and splits as the recipe says.

    Raises:
        DataError: the data are not as their format says.
        ConfigError: a split or label of the recipe is not there, too few training pictures are left, or what the run starts from, or asks
            at every step, learned pictures that are held out here. (Whoever wrote a score file may have; it does not tell.)
    """
    raw = load_dataset(recipe.dataset, data_root)
    if "whole" in raw.crops:
        raise ConfigError(
            f"{recipe.dataset}: its pictures show more than the face. Cut the faces (mien crop {recipe.dataset} --data {data_root} "
            "--out DIR) and train on them with --set dataset=csv --data DIR/faces.csv."
        )
    for line in filter(None, (describe_photographs(raw), _describe_targets(recipe))):
        say(line)
    manifest, selection = select_labels(raw, recipe.labels)
    if selection:
        say(f"{recipe.dataset}: {selection}")
    manifest = apply_split(manifest, recipe.split)
    _check_splits(manifest, recipe)
    validation = manifest.split(recipe.validation_split)
    others = [*references(recipe.init), *references(recipe.distill.teacher)]
    if not recipe.leaks:  # such a run is marked, whatever it starts from
        check_heritage(others, recipe, raw, manifest)
    runs = [Path(other) for other in others if folder.is_run(Path(other))]
    leaks = recipe.leaks or any(folder.read_facts(path).get("leaks", False) for path in runs)
    leaks = leaks or bool(recipe.distill.scores and teacher_leaks(Path(recipe.distill.scores)))
    if leaks:
        say("This run learns from or chooses on pictures of test splits, as its paper does: it is marked and cannot be exported.")
    facts: dict[str, Any] = {"dataset": raw.dataset, "sha256": raw.sha256, "counts": manifest.counts(), "labels": list(manifest.labels)}
    facts |= {"selection": selection, "leaks": leaks}
    if recipe.split.leaks:
        training = manifest.split("training")
    else:
        training, cleaning = clean_training(manifest, raw)
        facts["cleaning"] = asdict(cleaning)
        say(f"{recipe.dataset}: {cleaning}.")
    training = spread_out(training, recipe.max_images)
    length, size = epoch_length(group_indices(training, recipe.sampling), recipe.sampling), recipe.optimizer.batch_size
    if length < size:
        raise ConfigError(f"{length} training images in an epoch do not fill one batch of {size}. Use --set optimizer.batch_size=N.")
    facts |= {"training_sha256": training.sha256, "num_training": len(training), "validation_sha256": validation.sha256}
    if recipe.distill.teacher:
        facts |= {"teacher": recipe.distill.teacher, "teacher_sha256": teachers_sha256(recipe)}
    if recipe.distill.scores:
        scores = Path(recipe.distill.scores)
        facts |= {"teacher": scored_by(scores), "teacher_scores_sha256": scores_sha256(scores)}
    return RunData(manifest, training, validation, facts)


def _describe_targets(recipe: Recipe) -> str:
    """Say where a data set that is made to be learned by its votes is not; empty elsewhere."""
    if recipe.dataset not in LEARNED_BY_VOTES or recipe.targets.vote_weight == 1:
        return ""
    return f"{recipe.dataset}: targets.vote_weight is {recipe.targets.vote_weight:g}; 1 learns the votes, the rest is the label of most."


def _check_splits(manifest: Manifest, recipe: Recipe) -> None:
    """Say how to deal splits where the recipe's are not there.

    Raises:
        ConfigError: there is no training split, or not the one that choices are made on.
    """
    present = sorted({sample.split for sample in manifest.samples})
    missing = [name for name in ("training", recipe.validation_split) if name not in present and name != "test"]
    if missing:
        way = "--set split.validation=0.2 --set validation_split=validation, and --set split.test=0.2 where there is no test split"
        told = f"Deal them: {way}." if VALIDATION not in present else f"Choose on what is dealt: --set validation_split={VALIDATION}."
        raise ConfigError(
            f"{recipe.dataset} here has the splits {', '.join(present)}, and the recipe needs {' and '.join(missing)}. {told}"
        )


def _load_init(network: Network, path: Path, theirs: list[str], labels: LabelSet) -> None:
    """Start from another run's weights; its classifier too, where the labels are the same."""
    load = load_weights if theirs == list(labels) else load_body_weights
    load(path, network.whole)


def _feeds(
    recipe: Recipe, data: RunData, targets: Float, network: Network, features_dir: Path, say: Say, watch: Watch
) -> tuple[Feed, Validation]:
    """Return what the loop trains and validates on: pictures, or features of a frozen backbone."""
    faces = Faces(data.training, recipe.preprocess, recipe.crops)
    validation_faces = Faces(data.validation, recipe.preprocess, recipe.crops)
    size, labels = recipe.optimizer.batch_size, data.validation.label_indices
    groups = group_indices(data.training, recipe.sampling)

    if network.backbone is None:
        found = _find_crops(recipe, data, features_dir, say, watch.on_step)
        changes = (recipe.augment, recipe.crops, groups, recipe.sampling, size, recipe.seed, recipe.views)
        feed = FaceFeed(faces, targets, *changes, found, recipe.found.probability)
        return feed, Validation(lambda: evaluation_batches(validation_faces, recipe.crops), labels, recipe.crops.per_test_face)
    say(f"Computing features of {len(faces)} pictures and their mirror images, and of {len(validation_faces)} for validation.")
    mirrored = recipe.augment.mirror_probability > 0
    features = cached_features(network.backbone, faces, mirrored, features_dir, watch.on_step)
    seen = cached_features(network.backbone, validation_faces, False, features_dir, watch.on_step)[:, 0]

    def chunks() -> Iterator[Float32]:
        yield from (seen[start : start + FEATURE_BATCH] for start in range(0, len(seen), FEATURE_BATCH))

    probability = recipe.augment.mirror_probability
    return FeatureFeed(features, groups, targets, probability, recipe.sampling, size, recipe.seed), Validation(chunks, labels)


def _find_crops(recipe: Recipe, data: RunData, found_dir: Path, say: Say, on_progress: OnProgress) -> Found:
    """Return the training faces as the recipe's detectors cut them; none where it shows no such faces."""
    if not recipe.found.probability:
        return {}
    found = find_crops(data.training, recipe.found.detectors, recipe.preprocess, found_dir, on_progress)
    names = " or ".join(recipe.found.detectors)
    say(f"{len(found)} of {len(data.training)} training faces are found by {names}, and shown as cut there, too.")
    return found


def _teacher_name(recipe: Recipe) -> str:
    teacher = recipe.distill.teacher or recipe.distill.scores
    return f"the labels and {teacher}" if teacher else "the labels alone"


def _recording(run_dir: Path, on_epoch: Callable[[list[EpochResult]], None]) -> Callable[[list[EpochResult]], None]:
    """Return what writes the history and the time of every new epoch before it tells the watcher."""
    num_recorded = len(folder.read_history(run_dir))
    started_s = time.monotonic()

    def record(history: list[EpochResult]) -> None:
        nonlocal num_recorded, started_s
        write_text(run_dir / folder.HISTORY, "".join(json.dumps(result) + "\n" for result in history))
        if len(history) == num_recorded:
            return
        append_line(run_dir / folder.TIMES, {"epoch": len(history), "seconds": time.monotonic() - started_s})
        num_recorded, started_s = len(history), time.monotonic()
        on_epoch(history)

    return record


def train_repeats(
    recipe: Recipe, repeats: int, data_root: Path, runs_dir: Path, say: Say, watch: Watch, features_dir: Path | None = None
) -> dict[str, Any]:
    """Train a recipe with several seeds, one run folder each, and return the spread of the validation accuracy.

    Returns:
        ``seeds``, ``accuracies`` of the epoch that is kept, their ``mean`` and ``sd`` (n - 1), also written to repeats.json.
    """
    seeds = [recipe.seed + index for index in range(repeats)]
    accuracies = []
    for seed in seeds:
        run_dir = runs_dir / f"seed{seed}"
        train(replace(recipe, seed=seed), data_root, run_dir, say, watch, features_dir=features_dir)
        history = folder.read_history(run_dir)
        accuracies.append(kept_epoch(history, recipe)["validation_accuracy"])
    sd = float(np.std(accuracies, ddof=1)) if repeats > 1 else 0.0
    result = {"recipe": recipe.name, "seeds": seeds, "accuracies": accuracies, "mean": float(np.mean(accuracies)), "sd": sd}
    write_text(runs_dir / "repeats.json", json.dumps(result, indent=1) + "\n")
    return result
