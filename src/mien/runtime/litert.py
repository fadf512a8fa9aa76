"""LiteRT: the runtime that also runs on phones and in browsers."""

from pathlib import Path
from typing import Any

import numpy as np

from mien.errors import ModelFileError
from mien.preprocess import Float32
from mien.quiet import quiet_stderr


class LiteRTNetwork:
    """A ``.tflite`` file: float32 arrays in, float32 arrays out. Not safe to share between threads.

    A file with integer input or output is fed and read through its own scale and zero point.

    Raises:
        ModelFileError: the file is missing or no LiteRT model.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        from ai_edge_litert.interpreter import Interpreter

        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelFileError(f"{path}: cannot be read ({error.strerror}). Expected a .tflite model file.") from error
        # The runtime crashes on some foreign files; every LiteRT file carries this mark.
        if content[4:8] != b"TFL3":
            raise ModelFileError(f"{path}: not a LiteRT model. Expected a .tflite file.")
        try:
            with quiet_stderr():
                interpreter: Any = Interpreter(model_content=content, num_threads=threads)
                interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelFileError(f"{path}: LiteRT cannot load this model ({str(error).splitlines()[0]}).") from error
        self._interpreter = interpreter
        self._input = interpreter.get_input_details()[0]
        self._outputs = interpreter.get_output_details()

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(1, H, W, C) as the file has it."""
        return tuple(int(size) for size in self._input["shape"])

    @property
    def input_dtype(self) -> type:
        """NumPy type of the input."""
        dtype: type = self._input["dtype"]
        return dtype

    @property
    def output_shapes(self) -> list[tuple[int, ...]]:
        """One shape per output, in the file's order."""
        return [tuple(int(size) for size in output["shape"]) for output in self._outputs]

    def __call__(self, values: Float32) -> list[Float32]:
        """Run once and return copies of all outputs."""
        self._interpreter.set_tensor(self._input["index"], _to_integers(values, self._input))
        self._interpreter.invoke()
        return [_to_floats(self._interpreter.get_tensor(output["index"]), output) for output in self._outputs]


def _to_integers(values: Float32, tensor: Any) -> Any:
    """Quantise an input as its tensor asks, rounding to the nearest level and clipping to the type's range."""
    scale, zero_point = tensor["quantization"]
    if not scale:
        return values
    limits = np.iinfo(tensor["dtype"])
    return np.clip(np.rint(values / scale) + zero_point, limits.min, limits.max).astype(tensor["dtype"])


def _to_floats(values: Any, tensor: Any) -> Float32:
    scale, zero_point = tensor["quantization"]
    floats: Float32 = (values.astype(np.float32) - zero_point) * np.float32(scale) if scale else values
    return floats
