"""Every network of the catalog through its whole life: built, trained a step, saved, loaded, exported, run."""

import math
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mien.errors import ModelFileError
from mien.export.complexity import count_macs
from mien.export.litert import write_float32
from mien.models.catalog import ModelRow, build_model
from mien.preprocess import Float32
from mien.quiet import quiet_stderr
from mien.runtime.litert import LiteRTNetwork
from mien.training.checkpoint import load_weights, save_weights, values_of
from mien.training.losses import LossSpec, build_loss, scores_of_logits
from mien.training.optimizers import OptimizerSpec, build_optimizer

if TYPE_CHECKING:
    from keras import Model

NUM_LABELS = 7
TOLERANCE = 1e-3
"""Largest difference of a score between Keras and LiteRT that is rounding."""


@dataclass(frozen=True)
class NetworkFacts:
    """What was counted and measured."""

    name: str
    family: str
    paper: str
    input_hwc: tuple[int, int, int]
    parameters: int
    trainable: int
    macs: int
    float32_bytes: int
    """Of the LiteRT file."""
    largest_difference: float
    """Between Keras's scores and LiteRT's, after save and load."""
    seconds: float


def check_network(row: ModelRow) -> NetworkFacts:
    """Build, train one step, save, load, export and run a network of the catalog at its own input size, for seven labels.

    Raises:
        ModelFileError: its parameters are not those of the row, the step changes nothing, or LiteRT answers differently.
    """
    from keras import backend

    started_s = time.monotonic()
    with quiet_stderr():
        backend.clear_session()
    shape = (*row.input_hw, row.preprocess.channels)
    inputs = np.random.default_rng(0).normal(0, 0.5, (2, *shape)).astype(np.float32)
    model = build_model(row.name, NUM_LABELS, shape)
    trainable = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    if (model.count_params(), trainable) != (row.parameters, row.trainable):
        raise ModelFileError(f"{row.name}: has {model.count_params()} parameters, {trainable} trainable; its row says otherwise.")
    _train_step(model, inputs, row.name)
    with tempfile.TemporaryDirectory() as folder:
        loaded = _saved_and_loaded(model, row, Path(folder) / "weights.npz")
        path = Path(folder) / "float32.tflite"
        write_float32(loaded, path)
        difference = _difference(model, path, inputs)
        num_bytes = path.stat().st_size
    if not difference <= TOLERANCE:
        raise ModelFileError(f"{row.name}: LiteRT's scores differ from Keras's by {difference:.2g}; at most {TOLERANCE:g} is rounding.")
    return NetworkFacts(
        name=row.name,
        family=row.family,
        paper=row.paper,
        input_hwc=shape,
        parameters=row.parameters,
        trainable=row.trainable,
        macs=count_macs(model),
        float32_bytes=num_bytes,
        largest_difference=difference,
        seconds=time.monotonic() - started_s,
    )


def _train_step(model: "Model", inputs: Float32, name: str) -> None:
    """Take one step, which must change the classifier and most other variables."""
    from keras.layers import BatchNormalization

    model.compile(optimizer=build_optimizer(OptimizerSpec(learning_rate=0.01)), loss=build_loss(LossSpec()), jit_compile=False)
    for layer in model.layers:
        if isinstance(layer, BatchNormalization):
            # Statistics of this batch; with fresh ones the scores of a deep random network are rounding blown up.
            layer.momentum = 0.0
    before = [values_of(variable) for variable in model.trainable_variables]
    loss = float(model.train_on_batch(inputs, np.eye(NUM_LABELS, dtype=np.float32)[: len(inputs)]))
    changed = [bool((values_of(variable) != old).any()) for variable, old in zip(model.trainable_variables, before, strict=True)]
    if not np.isfinite(loss) or not changed[-1] or np.mean(changed) < 0.5:
        raise ModelFileError(f"{name}: one training step gave a loss of {loss} and changed {sum(changed)} of {len(changed)} variables.")


def _saved_and_loaded(model: "Model", row: ModelRow, path: Path) -> "Model":
    save_weights(path, model)
    fresh = build_model(row.name, NUM_LABELS, (*row.input_hw, row.preprocess.channels))
    load_weights(path, fresh)
    return fresh


def _difference(model: "Model", path: Path, inputs: Float32) -> float:
    """Return the largest difference between the scores of the trained network and those of its file."""
    expected = scores_of_logits(np.asarray(model.predict_on_batch(inputs), np.float64), "crossentropy")
    network = LiteRTNetwork(path, threads=2)
    found = np.concatenate([network(inputs[index : index + 1])[0] for index in range(len(inputs))])
    return float(np.abs(found - expected).max())
