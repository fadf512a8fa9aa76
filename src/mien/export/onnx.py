"""ONNX files from the float32 LiteRT file: float, and int8 with uint8 activations and int8 weights per channel."""

import tempfile
from pathlib import Path
from typing import Any

from mien.atomic import atomic_path
from mien.errors import MissingExtraError
from mien.preprocess import Float32
from mien.quiet import silenced

OPSET = 17
INPUT, OUTPUT = "input", "scores"


def write_onnx(float32_path: Path, path: Path) -> None:
    """Translate the float32 LiteRT file; input ``input`` (1, H, W, C), output ``scores`` (1, K).

    Raises:
        MissingExtraError: the translator is not installed.
        OutputError: the file cannot be written.
    """
    try:
        with silenced():
            import onnx
            from tf2onnx.convert import from_tflite
    except ModuleNotFoundError as error:
        raise MissingExtraError("Writing ONNX files", "train" if error.name == "tensorflow" else "onnx") from error
    with silenced():
        model, _ = from_tflite(str(float32_path), opset=OPSET)
    _rename(model.graph)
    onnx.checker.check_model(model)
    with atomic_path(path) as temporary:
        onnx.save(model, str(temporary))


def write_onnx_int8(onnx_path: Path, inputs: Float32, path: Path) -> None:
    """Quantise a float ONNX file; the softmax, input and output stay float.

    Args:
        inputs: (N, H, W, C) representative network inputs, whose least and greatest values set the ranges.

    Raises:
        MissingExtraError: ONNX Runtime is not installed.
        OutputError: the file cannot be written.
    """
    try:
        from onnxruntime import quantization
        from onnxruntime.quantization.shape_inference import quant_pre_process
    except ModuleNotFoundError as error:
        raise MissingExtraError("Quantising ONNX files", "onnx") from error

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
        """Hands the inputs out one by one, as the quantiser wants them."""

        def __init__(self) -> None:
            self._left = iter(inputs)

        def get_next(self) -> dict[str, Any] | None:
            one = next(self._left, None)
            return None if one is None else {INPUT: one[None]}

    with atomic_path(path) as temporary, tempfile.TemporaryDirectory() as folder, silenced():
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(onnx_path), str(prepared), skip_symbolic_shape=True)
        quantization.quantize_static(
            str(prepared),
            str(temporary),
            Reader(),
            quant_format=quantization.QuantFormat.QDQ,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            per_channel=True,
            nodes_to_exclude=_answer_nodes(prepared),
        )


def _rename(graph: Any) -> None:
    """Give input and output short names, and make the batch one, as in every file of a bundle."""
    names = {graph.input[0].name: INPUT, graph.output[0].name: OUTPUT}
    for node in graph.node:
        for part in (node.input, node.output):
            for index, name in enumerate(part):
                part[index] = names.get(name, name)
    for value in (graph.input[0], graph.output[0]):
        value.name = names[value.name]
        value.type.tensor_type.shape.dim[0].dim_value = 1
    del graph.value_info[:]


def _answer_nodes(path: Path) -> list[str]:
    """Return the nodes that turn logits into scores."""
    import onnx

    kinds = ("Softmax", "Sigmoid", "Div", "ReduceSum")
    return [node.name for node in onnx.load(str(path)).graph.node if node.op_type in kinds]
