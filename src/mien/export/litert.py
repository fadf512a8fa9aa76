"""LiteRT files from a trained network: float32, and int8 by post-training quantisation."""

import contextlib
import io
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mien.atomic import atomic_path
from mien.errors import ConfigError, MissingExtraError
from mien.preprocess import Float32
from mien.quiet import quiet_stderr

if TYPE_CHECKING:
    from keras import Model


def write_float32(model: "Model", path: Path, answers: str = "softmax") -> None:
    """Write ``path`` with batch 1, float32 in and float32 scores out.

    Args:
        model: From (N, H, W, C) float32 to (N, K) logits; the scores are added here.
        answers: ``softmax``, or ``sigmoid`` for a network trained with one sigmoid per label, whose answers are divided
            by their sum.

    Raises:
        ConfigError: Keras runs on another backend than TensorFlow.
        OutputError: the file cannot be written.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        raise ConfigError(f"Export needs TensorFlow, and KERAS_BACKEND is {keras.backend.backend()!r}. Unset it; run folders are the same.")
    if answers == "sigmoid":
        each = keras.ops.sigmoid(model.output)
        scores = each / keras.ops.sum(each, axis=-1, keepdims=True)
    else:
        scores = keras.layers.Softmax(name="scores")(model.output)
    with_scores = keras.Model(model.input, scores)
    with atomic_path(path) as temporary, quiet_stderr(), contextlib.redirect_stdout(io.StringIO()):
        with_scores.export(temporary, format="litert", verbose=False)


def write_int8(float32_path: Path, inputs: Float32, path: Path) -> None:
    """Quantise a float32 file: int8 weights per channel and int8 activations, float32 in and scores out.

    Softmax, or sigmoid and division, stay float, so that scores are finer than the 1/256 steps of int8.

    Args:
        inputs: (N, H, W, C) representative network inputs, which set the ranges of the activations.

    Raises:
        MissingExtraError: the quantiser is not installed.
        OutputError: the file cannot be written.
    """
    try:
        from litert_quantizer import qtyping, quantizer, recipe
    except ModuleNotFoundError as error:
        raise MissingExtraError("Quantising", "train") from error
    operation: Any = qtyping.TFLOperationName
    worker: Any = quantizer.Quantizer(str(float32_path))
    worker.load_quantization_recipe(recipe.static_wi8_ai8())
    for name in (operation.SOFTMAX, operation.LOGISTIC, operation.SUM, operation.DIV, operation.INPUT, operation.OUTPUT):
        worker.update_quantization_recipe(regex=".*", operation_name=name, algorithm_key="no_quantize")
    with atomic_path(path) as temporary, _silenced():
        ranges = _activation_ranges(worker, _input_name(float32_path), inputs)
        worker.quantize(ranges).export_model(str(temporary), overwrite=True)
        temporary.chmod(0o644)  # the quantiser makes it executable


def _activation_ranges(worker: Any, input_name: str, inputs: Float32) -> dict[str, Any]:
    """Return the least and greatest value of every tensor over all inputs.

    The quantiser's own calibration keeps a moving average, which forgets early inputs and cuts rare large values.
    """
    ranges: dict[str, Any] = {}
    for index in range(len(inputs)):
        seen = worker.calibrate({"serving_default": [{input_name: inputs[index : index + 1]}]})
        for name, limits in seen.items():
            before = ranges.get(name, limits)
            ranges[name] = limits | {"min": np.minimum(before["min"], limits["min"]), "max": np.maximum(before["max"], limits["max"])}
    return ranges


def _input_name(path: Path) -> str:
    from ai_edge_litert.interpreter import Interpreter

    with quiet_stderr():
        signatures: Any = Interpreter(str(path)).get_signature_list()
    name: str = signatures["serving_default"]["inputs"][0]
    return name


@contextlib.contextmanager
def _silenced() -> Any:
    """Keep the quantiser's prints, bars and warnings out of the terminal; its errors still raise."""
    import warnings

    with quiet_stderr(), warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        previous = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(previous)
