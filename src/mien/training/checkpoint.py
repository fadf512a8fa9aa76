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


def join_weights(paths: Sequence[Path], model: "Model", target: Path) -> None:
    """Write weights of a wide network that holds narrower ones side by side and answers with the mean of their logits.

    Nothing connects them at first: those weights are zero, and training finds them.

    Args:
        paths: Files that ``save_weights`` wrote, of networks that are like ``model`` but whose widths add up to its.

    Raises:
        ModelFileError: a file is damaged, or the widths do not add up.
        OutputError: the folder cannot be written, or the disk is full.
    """
    files = [_load_arrays(path) for path in paths]
    names = [f"variable_{index:04d}" for index in range(len(model.weights))]
    ends, joined = _classifier_ids(model), {}
    if any(sorted(arrays) != names for arrays in files):
        counts = ", ".join(str(len(arrays)) for arrays in files)
        raise ModelFileError(f"Networks side by side need as many layers as the recipe's ({len(names)} weights); theirs have {counts}.")
    for name, variable in zip(names, model.weights, strict=True):
        parts = [arrays[name] for arrays in files]
        is_end = id(variable) in ends
        if not _adds_up(parts, tuple(variable.shape), is_end):
            shapes = " and ".join(str(part.shape) for part in parts)
            raise ModelFileError(f"{variable.path} is {tuple(variable.shape)} in the recipe's network, which {shapes} do not add up to.")
        whole = _along_diagonal(parts, tuple(variable.shape))
        joined[name] = whole / len(parts) if is_end else whole
    _save_arrays(target, joined)


def _adds_up(parts: Sequence[np.ndarray], shape: tuple[int, ...], is_end: bool) -> bool:
    """Say whether every axis is either the sum of theirs or shared by all, and their outputs (the last axis of the end) are kept apart."""
    if any(part.ndim != len(shape) for part in parts):
        return False
    sizes = list(zip(shape, *(part.shape for part in parts), strict=True))
    is_shared = [all(one == whole for one in theirs) for whole, *theirs in sizes]
    return all(shared or sum(theirs) == whole for shared, (whole, *theirs) in zip(is_shared, sizes, strict=True)) and (
        is_shared[-1] if is_end else not all(is_shared)
    )


def _along_diagonal(parts: Sequence[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """Return zeros with each part in its own range of every axis, or in the whole of an axis that all share; there they add up."""
    whole = np.zeros(shape, np.float32)
    starts = [0] * len(shape)
    for part in parts:
        place = tuple(
            slice(None) if size == total else slice(start, start + size)
            for size, total, start in zip(part.shape, shape, starts, strict=True)
        )
        whole[place] += part
        starts = [start + size for start, size in zip(starts, part.shape, strict=True)]
    return whole


def _classifier_ids(model: "Model") -> set[int]:
    """Return the ids of the classifier's variables."""
    return {id(variable) for layer in model.layers if layer.name in ("logits", "classifier") for variable in layer.weights}


def load_body_weights(path: Path, model: "Model") -> None:
    """Read all weights but the classifier's, whose labels may differ, from a file that ``save_weights`` wrote.

    Raises:
        ModelFileError: the file is damaged, or belongs to another network.
    """
    ends = _classifier_ids(model)
    arrays, names = _load_arrays(path), {}
    for index, variable in enumerate(model.weights):
        name = f"variable_{index:04d}"
        if id(variable) not in ends:
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
        np.savez(file, **arrays)  # type: ignore[arg-type]  # no allow_pickle: NumPy 2.0 and 2.1 take it for an array


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
