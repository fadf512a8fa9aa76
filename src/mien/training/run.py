"""A run folder: the resolved recipe, the environment, the data's hash, history, checkpoint, weights and curves."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from mien.atomic import atomic_path, write_text
from mien.config import load_toml, to_toml
from mien.data.batches import load_faces
from mien.data.catalog import load_dataset
from mien.data.manifest import clean_training
from mien.data.targets import soft_targets
from mien.environment import describe_environment
from mien.errors import ConfigError
from mien.training.fit import EpochResult, RunFiles, TrainingData, fit, load_weights, start
from mien.training.recipe import Recipe

RECIPE, ENVIRONMENT, DATA = "recipe.toml", "environment.jsonl", "data.json"
HISTORY, TIMES, CURVES = "history.jsonl", "times.jsonl", "curves.png"
CHECKPOINT, WEIGHTS, INIT = "checkpoint.npz", "weights.npz", "init.npz"


def train(
    recipe: Recipe,
    data_root: Path,
    run_dir: Path,
    say: Callable[[str], None],
    on_step: Callable[[int, int, float], None],
    on_epoch: Callable[[list[EpochResult]], None],
) -> None:
    """Train ``recipe`` on the data under ``data_root``, in a new or an interrupted run folder.

    Nothing is written before recipe, data and starting weights have been checked.

    Args:
        say: Receives one line per fact a person should see.
        on_step: Called with (step, steps per epoch, loss).
        on_epoch: Called with the whole history after every epoch.

    Raises:
        ConfigError: the folder holds a run of another recipe or other data.
        DataError: the data are not as their format says.
    """
    manifest = load_dataset(recipe.dataset, data_root)
    training, cleaning = clean_training(manifest)
    say(f"{recipe.dataset}: {cleaning}.")
    if recipe.max_images:
        training = replace(training, samples=training.samples[: recipe.max_images])
    if len(training) < recipe.optimizer.batch_size:
        raise ConfigError(
            f"{len(training)} training images do not fill one batch of {recipe.optimizer.batch_size}. Use --set optimizer.batch_size=N."
        )
    validation = manifest.split(recipe.validation_split)
    data = TrainingData(
        faces=load_faces(training, recipe.preprocess),
        targets=soft_targets(training, recipe.targets),
        validation_faces=load_faces(validation, recipe.preprocess),
        validation_labels=validation.label_indices,
    )
    facts = {
        "dataset": manifest.dataset,
        "sha256": manifest.sha256,
        "training_sha256": training.sha256,
        "counts": manifest.counts(),
        "cleaning": asdict(cleaning),
        "num_training": len(training),
        "labels": list(manifest.labels),
    }
    model = start(recipe, data)
    _open_run(run_dir, recipe, facts)
    if recipe.init:
        load_weights(run_dir / INIT, model)
    _append_line(run_dir / ENVIRONMENT, describe_environment())
    num_recorded = len(read_history(run_dir))
    epoch_started_s = time.monotonic()

    def record_epoch(history: list[EpochResult]) -> None:
        nonlocal epoch_started_s, num_recorded
        write_text(run_dir / HISTORY, "".join(json.dumps(result) + "\n" for result in history))
        if len(history) == num_recorded:
            return
        _append_line(run_dir / TIMES, {"epoch": len(history), "seconds": time.monotonic() - epoch_started_s})
        num_recorded, epoch_started_s = len(history), time.monotonic()
        on_epoch(history)

    fit(model, recipe, data, RunFiles(run_dir / CHECKPOINT, run_dir / WEIGHTS), on_step, record_epoch)
    draw_curves(read_history(run_dir), run_dir / CURVES)


def _open_run(run_dir: Path, recipe: Recipe, facts: dict[str, Any]) -> None:
    """Start a run folder, or make sure that the one there is of the same recipe and data."""
    if (run_dir / RECIPE).is_file():
        if load_recipe_of(run_dir) != recipe:
            raise ConfigError(f"{run_dir}: holds a run of another recipe. Choose another folder with --run, or --resume it as it is.")
        before = read_facts(run_dir)["training_sha256"]
        if before != facts["training_sha256"]:
            raise ConfigError(f"{run_dir}: was trained on other data (hash {before[:12]}, now {facts['training_sha256'][:12]}).")
        for leftover in run_dir.glob(".tmp-*"):  # of a run that was killed while it wrote
            leftover.unlink()
        return
    if run_dir.exists() and any(path.name not in (DATA, INIT) and not path.name.startswith(".tmp-") for path in run_dir.iterdir()):
        raise ConfigError(f"{run_dir}: is not empty and holds no run. Choose another folder with --run.")
    if recipe.init:
        before_dir = Path(recipe.init)
        weights_path = final_weights(before_dir)
        with atomic_path(run_dir / INIT) as temporary:
            shutil.copyfile(weights_path, temporary)
        sha256 = hashlib.sha256((run_dir / INIT).read_bytes()).hexdigest()
        facts = facts | {"init": {"recipe": load_recipe_of(before_dir).name, "sha256": sha256}}
    write_text(run_dir / DATA, json.dumps(facts, indent=1) + "\n")
    write_text(run_dir / RECIPE, to_toml(recipe))  # last: where it stands, a run can be resumed


def _append_line(path: Path, values: dict[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(values) + "\n")


def final_weights(run_dir: Path) -> Path:
    """Return the weights of a finished run.

    Raises:
        ConfigError: the folder holds no run, or an unfinished one.
    """
    recipe = load_recipe_of(run_dir)
    path = run_dir / WEIGHTS
    if not path.is_file():
        raise ConfigError(f"{run_dir}: training of {recipe.name} is not finished. Continue with: mien train --resume {run_dir}")
    return path


def read_facts(run_dir: Path) -> dict[str, Any]:
    """Return what a run says of its data, and of the weights it started from.

    Raises:
        ConfigError: the file is missing or damaged.
    """
    path = run_dir / DATA
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}). The run folder is damaged; train anew.") from error
    return facts


def read_environment(run_dir: Path) -> dict[str, Any]:
    """Return the environment of the session that finished a run."""
    lines = (run_dir / ENVIRONMENT).read_text(encoding="utf-8").splitlines()
    environment: dict[str, Any] = json.loads(lines[-1])
    return environment


def load_recipe_of(run_dir: Path) -> Recipe:
    """Return the resolved recipe of a run folder.

    Raises:
        ConfigError: the folder holds no run.
    """
    path = run_dir / RECIPE
    if not path.is_file():
        raise ConfigError(f"{run_dir}: holds no {RECIPE}. Point to the folder that `mien train` wrote.")
    return load_toml(Recipe, path)


def read_history(run_dir: Path) -> list[EpochResult]:
    """Return one result per finished epoch."""
    if not (run_dir / HISTORY).is_file():
        return []
    return [json.loads(line) for line in (run_dir / HISTORY).read_text(encoding="utf-8").splitlines()]


def draw_curves(history: list[EpochResult], path: Path) -> None:
    """Draw loss and accuracy per epoch into a PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.5), layout="constrained")
    epochs = [result["epoch"] for result in history]
    for axes, quantity in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for part in ("training", "validation"):
            axes.plot(epochs, [result[f"{part}_{quantity}"] for result in history], label=part)
        axes.set(xlabel="epoch", ylabel=quantity)
        axes.grid(alpha=0.3)
    figure.axes[0].legend(title="training: augmented, raw weights\nvalidation: averaged weights")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120)
