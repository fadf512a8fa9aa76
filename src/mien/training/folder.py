"""What a run folder holds, and how to read it."""

import hashlib
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.atomic import atomic_path, write_text
from mien.config import load_toml, to_toml
from mien.data.manifest import Manifest
from mien.data.splits import save_split
from mien.errors import ConfigError
from mien.locks import lock
from mien.records import read_records
from mien.training.history import EpochResult
from mien.training.recipe import Recipe

if TYPE_CHECKING:
    from mien.training.initial import InitialWeights

RECIPE, ENVIRONMENT, DATA, SPLIT = "recipe.toml", "environment.jsonl", "data.json", "split.csv"
HISTORY, TIMES, CURVES = "history.jsonl", "times.jsonl", "curves.png"
CHECKPOINT, BEST, WEIGHTS, INIT, FEATURES = "checkpoint.npz", "best.npz", "weights.npz", "init.npz", "features"


def open_run(run_dir: Path, recipe: Recipe, manifest: Manifest, facts: dict[str, Any], init: "InitialWeights | None" = None) -> None:
    """Start a run folder, or make sure that the one there is of the same recipe and data.

    Args:
        init: The weights a new run starts from; they are copied, so that it can be resumed without their source.

    Raises:
        ConfigError: the folder holds a run of another recipe or other data, or something else.
        OutputError: the folder cannot be written.
    """
    if (run_dir / RECIPE).is_file():
        if load_recipe_of(run_dir) != recipe:
            raise ConfigError(f"{run_dir}: holds a run of another recipe. Choose another folder with --run, or --resume it as it is.")
        for part, what in (
            ("training", "trained on"),
            ("validation", "validated on"),
            ("teacher", "taught by"),
            ("teacher_scores", "taught by"),
        ):
            before, now = (values.get(f"{part}_sha256", "") for values in (read_facts(run_dir), facts))
            if before != now:
                raise ConfigError(f"{run_dir}: was {what} other data (hash {before[:12]}, now {now[:12]}).")
        return
    known = (DATA, INIT, SPLIT)
    if run_dir.exists() and any(path.name not in known and not path.name.startswith(".tmp-") for path in run_dir.iterdir()):
        raise ConfigError(f"{run_dir}: is not empty and holds no run. Choose another folder with --run.")
    if init:
        with atomic_path(run_dir / INIT) as temporary:
            shutil.copyfile(init.path, temporary)
        sha256 = hashlib.sha256((run_dir / INIT).read_bytes()).hexdigest()
        facts = facts | {"init": {"recipe": init.recipe, "sha256": sha256, "labels": init.labels, "data": init.data}}
    if not recipe.split.is_official:
        save_split(manifest, run_dir / SPLIT)
    write_text(run_dir / DATA, json.dumps(facts, indent=1) + "\n")
    write_text(run_dir / RECIPE, to_toml(recipe))  # last: where it stands, a run can be resumed


@contextmanager
def held(run_dir: Path) -> Iterator[None]:
    """Keep a run to this process while it is trained, and remove what a killed one left half written.

    Raises:
        ConfigError: another process is training it.
    """
    with (run_dir / RECIPE).open("rb") as file:
        if not lock(file) and sys.platform != "win32":
            raise ConfigError(f"{run_dir}: another process is training this run. Wait for it, or choose another folder with --run.")
        for leftover in run_dir.glob(".tmp-*"):
            leftover.unlink()
        yield


def is_run(folder: Path) -> bool:
    """Return whether a folder holds a run."""
    return (folder / RECIPE).is_file()


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


def read_environments(run_dir: Path) -> list[dict[str, Any]]:
    """Return the environments of a run's sessions, oldest first."""
    return _read_lines(run_dir / ENVIRONMENT)


def read_seconds(run_dir: Path) -> float:
    """Return the time that all epochs of a run took."""
    return float(sum(line["seconds"] for line in _read_lines(run_dir / TIMES)))


def load_recipe_of(run_dir: Path) -> Recipe:
    """Return the resolved recipe of a run folder.

    Raises:
        ConfigError: the folder holds no run.
    """
    path = run_dir / RECIPE
    if not run_dir.exists():
        raise ConfigError(f"{run_dir}: no such folder. Point to one that `mien train` wrote.")
    if not path.is_file():
        raise ConfigError(f"{run_dir}: holds no {RECIPE}. Point to the folder that `mien train` wrote.")
    return load_toml(Recipe, path)


def read_history(run_dir: Path) -> list[EpochResult]:
    """Return one result per finished epoch."""
    return _read_lines(run_dir / HISTORY)


def _read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a file of lines; none where a young run has not written it yet.

    Raises:
        ConfigError: the file is damaged.
    """
    if not path.is_file():
        return []
    try:
        return read_records(path)
    except ConfigError as error:
        raise ConfigError(f"{error} The run folder is damaged; train anew.") from error
