"""Files of variables: the checkpoint that makes a run resume exactly, and the weights it ends with."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from mien.atomic import atomic_path
from mien.errors import ModelFileError
from mien.training.history import EpochResult

if TYPE_CHECKING:
    from keras import Model


def save_checkpoint(path: Path, model: "Model", history: list[EpochResult]) -> None:
    """Write every variable that the next step depends on, and the history, atomically.

    Raises:
        OutputError: the folder cannot be written, or the disk is full.
    """
    _save_arrays(path, {"history": np.array(json.dumps(history)), **_numbered(_state(model))})


def load_checkpoint(path: Path, model: "Model") -> list[EpochResult]:
    """Restore every variable and return the history.

    Raises:
        ModelFileError: the checkpoint is damaged, or has other variables than the network.
    """
    arrays = _load_arrays(path)
    history: list[EpochResult] = json.loads(str(arrays.pop("history", "[]")))
    _assign(path, _state(model), arrays)
    return history


def save_weights(path: Path, model: "Model") -> None:
    """Write the network's weights, atomically.

    Raises:
        OutputError: the folder cannot be written, or the disk is full.
    """
    _save_arrays(path, _numbered(model.weights))


def load_weights(path: Path, model: "Model") -> None:
    """Read weights that ``save_weights`` wrote.

    Raises:
        ModelFileError: the file is damaged, or belongs to another network.
    """
    _assign(path, model.weights, _load_arrays(path))


def average_weights(paths: Sequence[Path], target: Path) -> None:
    """Write the mean of files that ``save_weights`` wrote.

    Raises:
        ModelFileError: a file is damaged, or they belong to different networks.
        OutputError: the folder cannot be written, or the disk is full.
    """
    files = [_load_arrays(path) for path in paths]
    shapes = [{name: array.shape for name, array in arrays.items()} for arrays in files]
    for path, theirs in zip(paths, shapes, strict=True):
        if theirs != shapes[0]:
            raise ModelFileError(f"{path}: holds weights of another network than {paths[0]}. Only weights of one network have a mean.")
    _save_arrays(target, {name: np.mean([arrays[name] for arrays in files], axis=0) for name in files[0]})


def load_body_weights(path: Path, model: "Model") -> None:
    """Read all weights but the classifier's, whose labels may differ, from a file that ``save_weights`` wrote.

    Raises:
        ModelFileError: the file is damaged, or belongs to another network.
    """
    ends = [layer for layer in model.layers if layer.name in ("logits", "classifier")]
    classifier = {id(variable) for layer in ends for variable in layer.weights}
    arrays, names = _load_arrays(path), {}
    for index, variable in enumerate(model.weights):
        name = f"variable_{index:04d}"
        if id(variable) not in classifier:
            names[name] = variable
    if any(name not in arrays for name in names):
        raise ModelFileError(f"{path}: {len(arrays)} arrays that do not fit the network of the recipe ({len(model.weights)} weights).")
    _assign(path, list(names.values()), {name: arrays[name] for name in names})


def values_of(variable: Any) -> np.ndarray:
    """Return a copy of a variable's values."""
    import keras

    values: np.ndarray = keras.ops.convert_to_numpy(variable).copy()
    return values


def _state(model: "Model") -> list[Any]:
    """All variables that the next step depends on: weights, statistics, random seeds, optimiser."""
    return [*model.variables, *model.optimizer.variables]


def _numbered(variables: list[Any]) -> dict[str, np.ndarray]:
    return {f"variable_{index:04d}": values_of(variable) for index, variable in enumerate(variables)}


def _save_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def _load_arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        # Opened here: NumPy leaves a damaged file open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise ModelFileError(f"{path}: not a readable file of weights ({error}). Remove it to start again.") from error


def _assign(path: Path, variables: list[Any], arrays: dict[str, np.ndarray]) -> None:
    names = sorted(arrays)
    shapes, wanted = [arrays[name].shape for name in names], [tuple(variable.shape) for variable in variables]
    if shapes != wanted:
        differing = next(
            (f"{variable.path} is {one} there" for variable, one, other in zip(variables, shapes, wanted, strict=False) if one != other), ""
        )
        raise ModelFileError(
            f"{path}: {len(names)} arrays that do not fit the network of the recipe ({len(variables)} variables). {differing}"
        )
    for variable, name in zip(variables, names, strict=True):
        variable.assign(arrays[name])
