"""Smaller LiteRT files from the float32 one: half-precision or integer weights, and whole integer arithmetic."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mien.atomic import atomic_path
from mien.errors import MissingExtraError
from mien.preprocess import Float32
from mien.quiet import silenced
from mien.runtime.graph import WEIGHTED, read_graph


def write_float16(float32_path: Path, path: Path) -> None:
    """Store weights in half precision; arithmetic stays float32.

    Raises:
        MissingExtraError: the quantiser is not installed.
        OutputError: the file cannot be written.
    """
    library, worker = _worker(float32_path)
    config = library.qtyping.OpQuantizationConfig(
        weight_tensor_config=library.qtyping.TensorQuantizationConfig(num_bits=16, dtype=library.qtyping.TensorDataType.FLOAT),
        compute_precision=library.qtyping.ComputePrecision.FLOAT,
        explicit_dequantize=True,
    )
    for name in WEIGHTED:
        operation = getattr(library.qtyping.TFLOperationName, name)
        worker.update_quantization_recipe(regex=".*", operation_name=operation, op_config=config, algorithm_key="float_casting")
    _save(worker, path)


def write_dynamic(float32_path: Path, path: Path) -> None:
    """Store weights in int8 per channel; activations are quantised while the network runs, each by its own range.

    Raises:
        MissingExtraError: the quantiser is not installed.
        OutputError: the file cannot be written.
    """
    library, worker = _worker(float32_path)
    worker.load_quantization_recipe(library.recipe.dynamic_wi8_afp32())
    _save(worker, path)


def write_int8(float32_path: Path, inputs: Float32, path: Path, integer_io: bool = False) -> dict[str, Any]:
    """Quantise weights per channel and activations to int8.

    Softmax, or sigmoid and division, stay float, so that scores are finer than the 1/256 steps of int8; so do input and output,
    unless ``integer_io`` asks for the file that microcontrollers and accelerators want.

    Args:
        inputs: (N, H, W, C) representative network inputs, which set the ranges of the activations.

    Returns:
        The ranges, by tensor.

    Raises:
        MissingExtraError: the quantiser is not installed.
        OutputError: the file cannot be written.
    """
    with silenced():
        _, worker = _worker(float32_path)
        _load_int8_recipe(worker, integer_io, ())
        ranges = _activation_ranges(worker, _input_name(float32_path), inputs)
    write_int8_with(float32_path, ranges, path, integer_io)
    return ranges


def write_int8_with(
    float32_path: Path, ranges: dict[str, Any], path: Path, integer_io: bool = False, float_layers: Sequence[str] = ()
) -> None:
    """Quantise to int8 with ranges that ``write_int8`` measured before; see there.

    Args:
        float_layers: Names from ``weighted_layers`` that keep their float weights and arithmetic.
    """
    _, worker = _worker(float32_path)
    _load_int8_recipe(worker, integer_io, float_layers)
    _save(worker, path, ranges)


def weighted_layers(float32_path: Path) -> list[str]:
    """Return the names of the tensors that convolutions and dense layers give, in order."""
    graph = read_graph(float32_path)
    return [graph.tensors[operation.outputs[0]]["name"] for operation in graph.operations if operation.name in WEIGHTED]


def _load_int8_recipe(worker: Any, integer_io: bool, float_layers: Sequence[str]) -> None:
    from litert_quantizer import qtyping, recipe

    operation: Any = qtyping.TFLOperationName
    worker.load_quantization_recipe(recipe.static_wi8_ai8())
    if not integer_io:
        for name in (operation.SOFTMAX, operation.LOGISTIC, operation.SUM, operation.DIV, operation.INPUT, operation.OUTPUT):
            worker.update_quantization_recipe(regex=".*", operation_name=name, algorithm_key="no_quantize")
    for layer in float_layers:
        worker.update_quantization_recipe(regex=re.escape(layer), operation_name=operation.ALL_SUPPORTED, algorithm_key="no_quantize")


def _worker(float32_path: Path) -> tuple[Any, Any]:
    """Return the quantiser's package, and a quantiser of the file."""
    try:
        import litert_quantizer
        from litert_quantizer import qtyping, quantizer, recipe  # noqa: F401 - they become the package's attributes
    except ModuleNotFoundError as error:
        raise MissingExtraError("Quantising", "train") from error
    return litert_quantizer, quantizer.Quantizer(str(float32_path))


def _save(worker: Any, path: Path, ranges: dict[str, Any] | None = None) -> None:
    with atomic_path(path) as temporary, silenced():
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
    name: str = read_graph(path).interpreter.get_signature_list()["serving_default"]["inputs"][0]
    return name
