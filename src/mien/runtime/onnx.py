"""ONNX Runtime: for programs that have it already, and for models of others."""

from pathlib import Path
from typing import Any

import numpy as np

from mien.errors import MissingExtraError, ModelFileError
from mien.preprocess import Float32

SILENT = 4  # ONNX Runtime's own scale of severity
FAILURES = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented")
"""ONNX Runtime's errors that share no base of their own."""


class OnnxNetwork:
    """An ``.onnx`` file with one image input: float32 arrays in, float32 arrays out. Not safe to share between threads.

    Raises:
        MissingExtraError: ONNX Runtime is not installed.
        ModelFileError: the file is missing, no ONNX model, or its input is not one picture (1, H, W, C).
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        try:
            import onnxruntime
            from onnxruntime.capi import onnxruntime_pybind11_state as failures
        except ModuleNotFoundError as error:
            raise MissingExtraError("Running ONNX files", "onnx") from error
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelFileError(f"{path}: cannot be read ({error.strerror}). Expected an .onnx model file.") from error
        kinds = tuple(getattr(failures, name) for name in FAILURES)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = SILENT
        try:
            self._session: Any = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except (*kinds, ValueError) as error:
            raise ModelFileError(f"{path}: ONNX Runtime cannot load this model ({_first_line(error)}).") from error
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or not _is_one_picture(inputs[0].shape) or inputs[0].type != "tensor(float)":
            given = ", ".join(f"{one.name} {one.shape} {one.type}" for one in inputs)
            raise ModelFileError(
                f"{path}: takes {given}. Expected one float32 picture as (1, height, width, 1 or 3), height and width fixed in the file."
            )
        self._name: str = inputs[0].name
        self.input_shape: tuple[int, ...] = (1, *inputs[0].shape[1:])
        try:
            outputs = self(np.zeros(self.input_shape, np.float32))
        except kinds as error:
            raise ModelFileError(f"{path}: ONNX Runtime cannot run this model ({_first_line(error)}).") from error
        self.output_shapes: list[tuple[int, ...]] = [output.shape for output in outputs]

    def __call__(self, values: Float32) -> list[Float32]:
        """Run once and return all outputs."""
        outputs: list[Float32] = self._session.run(None, {self._name: values})
        return outputs


def _is_one_picture(shape: list[int | str | None]) -> bool:
    """Say whether an input takes (1, H, W, 1 or 3); the file may leave only the number of pictures open."""
    if len(shape) != 4:
        return False
    is_batch_right = not isinstance(shape[0], int) or shape[0] == 1
    return is_batch_right and all(isinstance(size, int) for size in shape[1:]) and shape[3] in (1, 3)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160]
