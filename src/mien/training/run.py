"""A run folder: the resolved recipe, the environment, the data's hash, history, checkpoint, weights and curves."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from mien.atomic import atomic_path, write_text
from mien.config import load_toml, to_toml
from mien.data.batches import load_faces
from mien.data.catalog import load_dataset
from mien.data.manifest import Manifest, clean_training
from mien.data.targets import soft_targets
from mien.environment import describe_environment
from mien.errors import ConfigError
from mien.training.fit import EpochResult, TrainingData, fit
from mien.training.recipe import Recipe

RECIPE, ENVIRONMENT, DATA = "recipe.toml", "environment.json", "data.json"
HISTORY, TIMES, CURVES = "history.jsonl", "times.jsonl", "curves.png"
CHECKPOINT, WEIGHTS = "checkpoint.npz", "averaged_weights.npz"


def train(
    recipe: Recipe,
    data_root: Path,
    run_dir: Path,
    say: Callable[[str], None],
    on_step: Callable[[int, int, float], None],
    on_epoch: Callable[[list[EpochResult]], None],
) -> None:
    """Train ``recipe`` on the data under ``data_root``, in a new or an interrupted run folder.

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
    _open_run(run_dir, recipe, training)
    write_text(run_dir / DATA, json.dumps(_describe(manifest, training, asdict(cleaning)), indent=1) + "\n")

    epoch_started_s = time.monotonic()

    def record_epoch(history: list[EpochResult]) -> None:
        nonlocal epoch_started_s
        write_text(run_dir / HISTORY, "".join(json.dumps(result) + "\n" for result in history))
        with (run_dir / TIMES).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"epoch": history[-1]["epoch"], "seconds": time.monotonic() - epoch_started_s}) + "\n")
        epoch_started_s = time.monotonic()
        on_epoch(history)

    data = TrainingData(
        faces=load_faces(training, recipe.preprocess),
        targets=soft_targets(training, recipe.targets),
        validation_faces=load_faces(validation, recipe.preprocess),
        validation_labels=validation.label_indices,
    )
    init_path = _weights_of(Path(recipe.init), recipe) if recipe.init else None
    fit(recipe, data, run_dir / CHECKPOINT, run_dir / WEIGHTS, init_path, on_step, record_epoch)
    draw_curves(read_history(run_dir), run_dir / CURVES)


def _open_run(run_dir: Path, recipe: Recipe, training: Manifest) -> None:
    """Start a run folder, or make sure that the one there is of the same recipe and data."""
    recipe_path = run_dir / RECIPE
    if recipe_path.is_file():
        if load_recipe_of(run_dir) != recipe:
            raise ConfigError(f"{run_dir}: holds a run of another recipe. Choose another folder with --run, or --resume it as it is.")
        before = json.loads((run_dir / DATA).read_text(encoding="utf-8"))["training_sha256"]
        if before != training.sha256:
            raise ConfigError(f"{run_dir}: was trained on other data (hash {before[:12]}, now {training.sha256[:12]}).")
        return
    if run_dir.exists() and any(run_dir.iterdir()):
        raise ConfigError(f"{run_dir}: is not empty and holds no run. Choose another folder with --run.")
    write_text(recipe_path, to_toml(recipe))
    write_text(run_dir / ENVIRONMENT, json.dumps(describe_environment(), indent=1) + "\n")


def _weights_of(run_dir: Path, recipe: Recipe) -> Path:
    """Return the weights of the run that a recipe starts from.

    Raises:
        ConfigError: no such run, no finished epoch, or a run of another network.
    """
    before = load_recipe_of(run_dir)
    if (before.model, before.preprocess) != (recipe.model, recipe.preprocess):
        raise ConfigError(
            f"{run_dir}: holds {before.model}, and {recipe.name} trains {recipe.model}; network and preprocessing must agree."
        )
    if not (run_dir / WEIGHTS).is_file():
        raise ConfigError(f"{run_dir}: no epoch has been finished. Continue with: mien train --resume {run_dir}")
    return run_dir / WEIGHTS


def _describe(manifest: Manifest, training: Manifest, cleaning: dict[str, int]) -> dict[str, object]:
    return {
        "dataset": manifest.dataset,
        "sha256": manifest.sha256,
        "training_sha256": training.sha256,
        "counts": manifest.counts(),
        "cleaning": cleaning,
        "num_training": len(training),
        "labels": list(manifest.labels),
    }


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
