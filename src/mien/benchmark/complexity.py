"""Size and work of a model file, counted from the file itself: nothing is believed that a card says."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mien.benchmark.candidates import Candidate
from mien.errors import MissingExtraError
from mien.runtime.graph import WEIGHTED, Operation, read_graph

# Horowitz, "Computing's energy problem", ISSCC 2014, 45 nm: pJ of one multiplication and addition, and of a byte from DRAM.
FLOAT32_MAC_PJ = 3.7 + 0.9
INT8_MAC_PJ = 0.2 + 0.1
DRAM_BYTE_PJ = 640 / 4


def count_file(candidate: Candidate) -> dict[str, Any]:
    """Return the number of constant values, multiply-accumulates, FLOPs (two each), bytes, peak activation memory and a proxy of energy.

    Normalisation is folded into weights in an exported file, so that it holds fewer values than the network had. Peak
    activation memory is the largest sum of tensors alive at one operation, as the graph orders them; None for ONNX files, whose
    runtime plans at load. The energy proxy takes every weight from memory once and every multiply-accumulate at its width, with
    the figures of Horowitz (ISSCC 2014) for 45 nm: for comparing networks, not for planning a battery.

    Raises:
        ModelFileError: the file is no model.
        MissingExtraError: the package that reads it is not installed.
    """
    count = _count_onnx if candidate.runtime == "onnx" else _count_litert
    counted = count(candidate.path)
    macs, num_bytes = counted["macs"], candidate.num_bytes
    pj_per_mac = INT8_MAC_PJ if counted["is_integer"] else FLOAT32_MAC_PJ
    return candidate.facts() | counted | {"flops": 2 * macs, "energy_proxy_uj": (macs * pj_per_mac + num_bytes * DRAM_BYTE_PJ) / 1e6}


def _count_litert(path: Path) -> dict[str, Any]:
    """Walk over the operations of a LiteRT file."""
    graph = read_graph(path)
    steps, tensors = graph.operations, graph.tensors
    made = {index for step in steps for index in step.outputs} | set(graph.input_indices)
    made -= _unpacked_weights(steps, made)
    weighted = [step for step in steps if step.name in WEIGHTED]
    constants = {index for step in steps for index in step.inputs if index not in made and tensors[index]["shape"].size}
    kinds = [str(tensors[step.inputs[1]]["dtype"].__name__) for step in weighted]
    return {
        "values": sum(math.prod(map(int, tensors[index]["shape"])) for index in constants),
        "macs": sum(_macs(step, tensors) for step in weighted),
        "is_integer": bool(kinds) and all(kind == "int8" for kind in kinds),
        "peak_activation_bytes": _peak_bytes(steps, tensors, made),
    }


def _unpacked_weights(steps: Sequence[Operation], made: set[int]) -> set[int]:
    """Return what is made of constants alone: weights of float16 files, which are no activations."""
    return {index for step in steps if step.name == "DEQUANTIZE" and not made & set(step.inputs) for index in step.outputs}


def _macs(step: Operation, tensors: dict[int, Any]) -> int:
    """Return the multiply-accumulates of a convolution or dense layer: its kernel once per output position."""
    kernel: int = math.prod(map(int, tensors[step.inputs[1]]["shape"]))
    if step.name == "FULLY_CONNECTED":
        return kernel
    _, height, width, _ = map(int, tensors[step.outputs[0]]["shape"])
    return height * width * kernel


def _peak_bytes(steps: Sequence[Operation], tensors: dict[int, Any], made: set[int]) -> int:
    """Return the most bytes of activations that are alive at one operation."""
    last_use = {index: number for number, step in enumerate(steps) for index in (*step.inputs, *step.outputs)}
    first_use: dict[int, int] = {}
    for number, step in enumerate(steps):
        for index in (*step.inputs, *step.outputs):
            first_use.setdefault(index, number)
    sizes = {
        index: math.prod(map(int, tensors[index]["shape"])) * tensors[index]["dtype"]().itemsize for index in made if index in last_use
    }
    alive: list[int] = [
        sum(size for index, size in sizes.items() if first_use[index] <= number <= last_use[index]) for number in range(len(steps))
    ]
    return max(alive)


def _count_onnx(path: Path) -> dict[str, Any]:
    """Walk over the operations of an ONNX file."""
    try:
        import onnx
        from onnx import numpy_helper, shape_inference
    except ModuleNotFoundError as error:
        raise MissingExtraError("Counting ONNX files", "onnx") from error
    graph = shape_inference.infer_shapes(onnx.load(str(path))).graph
    shapes = {
        value.name: [dimension.dim_value or 1 for dimension in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.value_info, *graph.output)
    }
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    # A quantised file holds integers behind a DequantizeLinear.
    source = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "DequantizeLinear"}
    macs, kinds = 0, []
    for node in graph.node:
        if node.op_type not in ("Conv", "MatMul", "Gemm") or len(node.input) < 2:
            continue
        kernel = constants.get(source.get(node.input[1], node.input[1]))
        if kernel is None:
            continue
        kinds.append(kernel.dtype.name)
        macs += kernel.size * (math.prod(shapes[node.output[0]][2:]) if node.op_type == "Conv" else 1)
    return {
        "values": sum(array.size for array in constants.values()),
        "macs": int(macs),
        "is_integer": bool(kinds) and all(kind in ("int8", "uint8") for kind in kinds),
        "peak_activation_bytes": None,
    }
