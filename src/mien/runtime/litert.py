"""LiteRT: the runtime that also runs on phones and in browsers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mien.card import Card
from mien.errors import ModelFileError
from mien.preprocess import Float32, prepare
from mien.quiet import quiet_stderr
from mien.types import Float, UInt8


class LiteRTNetwork:
    """A ``.tflite`` file: float32 arrays in, arrays out. Not safe to share between threads.

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
        self._interpreter.set_tensor(self._input["index"], values)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(output["index"]) for output in self._outputs]


class LiteRTClassifier:
    """Faces to calibrated scores with one file of a bundle.

    Args:
        card: Of the bundle the file stands in.

    Raises:
        ModelFileError: the file does not take and give what the card says.
    """

    def __init__(self, path: Path, card: Card, threads: int = 1) -> None:
        self._network = LiteRTNetwork(path, threads)
        self._card = card
        expected_input = (1, *card.preprocess.size_hw, card.preprocess.channels)
        expected_outputs = [(1, len(card.labels))]
        if self._network.input_shape != expected_input or self._network.output_shapes != expected_outputs:
            raise ModelFileError(
                f"{path}: takes {self._network.input_shape} and gives {self._network.output_shapes}, but its card says "
                f"{expected_input} and {expected_outputs}. File and card belong to different models."
            )
        if self._network.input_dtype is not np.float32:
            raise ModelFileError(f"{path}: takes {self._network.input_dtype.__name__}, but mien's files take float32.")

    def __call__(self, crops: Sequence[UInt8]) -> Float:
        """Return (N, K) calibrated scores of N crops, grey (h, w) or RGB (h, w, 3); rows sum to 1."""
        return calibrate(self.raw_scores(prepare(crops, self._card.preprocess)), self._card.calibration.temperature)

    def raw_scores(self, inputs: Float32) -> Float:
        """Return the file's own (N, K) scores for (N, H, W, C) network inputs."""
        scores = np.empty((len(inputs), len(self._card.labels)), np.float64)
        for index in range(len(inputs)):
            scores[index] = self._network(inputs[index : index + 1])[0][0]
        return scores


def calibrate(scores: Float, temperature: float) -> Float:
    """Soften (above 1) or sharpen (below 1) scores: softmax(log(scores) / temperature), the temperature scaling of Guo et al. 2017."""
    logits = np.log(np.clip(scores, 1e-30, None)) / temperature
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    calibrated: Float = exponentials / exponentials.sum(axis=1, keepdims=True)
    return calibrated
