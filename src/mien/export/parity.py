"""How far each file is from the trained network: differences, agreement, accuracy, and the time of one face."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from mien.card import FileEntry
from mien.data.manifest import Manifest
from mien.environment import processor
from mien.errors import ModelFileError
from mien.evaluation.evaluate import score_manifest
from mien.export.formats import FORMATS
from mien.preprocess import Float32, PreprocessSpec, prepare
from mien.runtime.classifier import load_network, run_each
from mien.timing import interleave
from mien.types import Float, UInt8

ACCURACY_TOLERANCE = 0.005
"""Accuracy, in 0..1, that a file may lose against the trained network."""
NUM_TIMED_RUNS = 50

RawScores = Callable[[Float32], Float]
"""(N, H, W, C) network inputs to (N, K) uncalibrated scores."""


@dataclass(frozen=True)
class ParitySet:
    """Fixed faces that every file of a bundle must answer alike."""

    manifest: Manifest
    where: str
    """``dataset/split``."""
    is_labelled: bool = True
    """False for pictures of noise, which tell nothing of accuracy."""

    def scores(self, raw_scores: RawScores, preprocess: PreprocessSpec) -> Float:
        """Return (N, K) uncalibrated scores."""

        def classify(crops: Sequence[UInt8]) -> Float:
            return raw_scores(prepare(crops, preprocess))

        return score_manifest(classify, self.manifest)

    def accuracy(self, scores: Float) -> float:
        """Return the share of faces whose highest score is their label."""
        return float((scores.argmax(axis=1) == self.manifest.label_indices).mean())


def file_scores(path: Path, runtime: str) -> RawScores:
    """Return the function from network inputs to a file's own scores."""
    network = load_network(path, runtime)
    return lambda inputs: run_each(network, inputs)


def measure_file(entry: FileEntry, path: Path, scores: Float, reference: Float, faces: ParitySet) -> FileEntry:
    """Return ``entry`` with hash, size, differences from ``reference``, agreement and accuracy."""
    content = path.read_bytes()
    difference = np.abs(scores - reference)
    return replace(
        entry,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        parity_max_abs=float(difference.max()),
        parity_mean_abs=float(difference.mean()),
        top1_agreement=float((scores.argmax(axis=1) == reference.argmax(axis=1)).mean()),
        parity_on=f"{faces.where}, {len(faces.manifest)} faces",
        accuracy={faces.where: faces.accuracy(scores)} if faces.is_labelled else {},
    )


def loses_too_much(accuracy: float, reference_accuracy: float) -> bool:
    """Return whether a file's accuracy is further below the trained network's than is allowed."""
    return reference_accuracy - accuracy > ACCURACY_TOLERANCE


def check_parity(name: str, entry: FileEntry, reference_accuracy: float | None, where: str) -> None:
    """Raise ModelFileError when a file is not, or not well enough, the network that was trained."""
    row = FORMATS[name]
    ending = "Nothing was written."
    # NaN fails both comparisons.
    if not entry.parity_max_abs <= row.max_difference:
        raise ModelFileError(
            f"{entry.path} differs from the trained network by {entry.parity_max_abs:.2g}; at most {row.max_difference:g} is allowed. "
            f"{ending}"
        )
    if not entry.parity_mean_abs <= row.mean_difference:
        raise ModelFileError(
            f"{entry.path} differs from the trained network by {entry.parity_mean_abs:.2g} on average; at most {row.mean_difference:g} is "
            f"allowed. {ending}"
        )
    if reference_accuracy is None:
        return
    if loses_too_much(entry.accuracy[where], reference_accuracy):
        loss = reference_accuracy - entry.accuracy[where]
        raise ModelFileError(f"{entry.path} loses {loss:.4f} of accuracy on {where}; at most {ACCURACY_TOLERANCE} is allowed. {ending}")


def time_files(entries: Mapping[str, FileEntry], folder: Path, preprocess: PreprocessSpec) -> dict[str, FileEntry]:
    """Return the entries with the median time of one face, prepared input to scores, one thread, files taking turns."""
    inputs = np.zeros((1, *preprocess.size_hw, preprocess.channels), np.float32)
    calls = {}
    for name, entry in entries.items():
        network = load_network(folder / entry.path, entry.runtime)
        calls[name] = partial(network, inputs)
    times_ms = interleave(calls, NUM_TIMED_RUNS)
    return {
        name: replace(entry, latency_ms=round(float(np.median(times_ms[name])), 4), latency_on=processor())
        for name, entry in entries.items()
    }
