"""A file of a bundle as a classifier: crops in, calibrated scores out, whichever runtime runs it."""

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mien.card import Bundle, Card
from mien.errors import ModelFileError
from mien.preprocess import Float32, prepare
from mien.runtime.litert import LiteRTNetwork
from mien.runtime.network import Network
from mien.types import Classifier, Float, UInt8

SCORE_TOLERANCE = 0.05
"""How far the sum of a file's scores may lie from 1; integer outputs are rounded to 256 levels each."""


def load_network(path: Path, runtime: str = "litert", threads: int = 1) -> Network:
    """Load a model file with the runtime its card names.

    Raises:
        ModelFileError: the file is missing or not a model of this runtime.
        MissingExtraError: the runtime is not installed.
    """
    if runtime == "onnx":
        from mien.runtime.onnx import OnnxNetwork

        return OnnxNetwork(path, threads)
    return LiteRTNetwork(path, threads)


class BundleClassifier:
    """Faces to calibrated scores with one file of a bundle. Threads may share it: they take turns.

    Args:
        file: Name of the file in the bundle's card.

    Raises:
        UnknownNameError: the card names no such file.
        ModelFileError: the file is missing, damaged, or does not take and give what the card says.
        MissingExtraError: its runtime is not installed.
    """

    def __init__(self, bundle: Bundle, file: str, threads: int = 1) -> None:
        card = bundle.card
        path = bundle.file(file)
        self._network = load_network(path, card.files[file].runtime, threads)
        self._card = card
        self._turn = threading.Lock()  # a network's buffers hold one answer
        _check_shapes(path, self._network, card)
        _check_scores(path, self._network)

    def __call__(self, crops: Sequence[UInt8]) -> Float:
        """Return (N, K) calibrated scores of N crops, grey (h, w) or RGB (h, w, 3); rows sum to 1."""
        return calibrate(self.raw_scores(prepare(crops, self._card.preprocess)), self._card.calibration.temperature)

    def raw_scores(self, inputs: Float32) -> Float:
        """Return the file's own (N, K) scores for (N, H, W, C) network inputs."""
        with self._turn:
            return run_each(self._network, inputs)


def _check_shapes(path: Path, network: Network, card: Card) -> None:
    expected_input = (1, *card.preprocess.size_hw, card.preprocess.channels)
    expected_outputs = [(1, len(card.labels))]
    if network.input_shape != expected_input or network.output_shapes != expected_outputs:
        raise ModelFileError(
            f"{path}: takes {network.input_shape} and gives {network.output_shapes}, but its card says "
            f"{expected_input} and {expected_outputs}. File and card belong to different models."
        )


def _check_scores(path: Path, network: Network) -> None:
    """Refuse a file that answers with logits: calibration would make probabilities of them that are wrong, and look right."""
    scores = network(np.zeros(network.input_shape, np.float32))[0]
    if not (scores.min() >= -SCORE_TOLERANCE and abs(scores.sum() - 1) <= SCORE_TOLERANCE):  # NaN fails too
        raise ModelFileError(
            f"{path}: its answers are no scores ({scores.min():.3g} to {scores.max():.3g}, sum {scores.sum():.3g}). "
            "Expected numbers from 0 that sum to 1, as behind a softmax."
        )


def with_mirror_images(classify: Classifier) -> Classifier:
    """Return a classifier that gives the mean score of a face and its mirror image."""

    def classify_both(crops: Sequence[UInt8]) -> Float:
        scores = classify([*crops, *(np.ascontiguousarray(crop[:, ::-1]) for crop in crops)])
        mean: Float = (scores[: len(crops)] + scores[len(crops) :]) / 2
        return mean

    return classify_both


def run_each(network: Network, inputs: Float32) -> Float:
    """Return the first output of every input, (N, K) for (N, H, W, C)."""
    scores = np.empty((len(inputs), network.output_shapes[0][-1]), np.float64)
    for index in range(len(inputs)):
        scores[index] = network(inputs[index : index + 1])[0][0]
    return scores


def calibrate(scores: Float, temperature: float) -> Float:
    """Soften (above 1) or sharpen (below 1) scores: softmax(log(scores) / temperature), the temperature scaling of Guo et al. 2017."""
    logits = np.log(np.clip(scores, 1e-30, None)) / temperature
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    calibrated: Float = exponentials / exponentials.sum(axis=1, keepdims=True)
    return calibrated
