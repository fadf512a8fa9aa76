"""What is measured: a file of a bundle, a network of the catalog with random weights, or a bare model file."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mien.card import CARD_NAME, Bundle, open_bundle, shipped_bundles
from mien.errors import ModelFileError, UnknownNameError
from mien.evaluation.peers import find_peer
from mien.labels import LabelSet
from mien.models.catalog import MODELS
from mien.preprocess import Float32, PreprocessSpec
from mien.runtime.classifier import load_network
from mien.runtime.network import Network

RUNTIME_OF_SUFFIX = {".tflite": "litert", ".onnx": "onnx"}
TRAINED, RANDOM, FOREIGN = "trained", "random", "foreign"


@dataclass(frozen=True)
class Candidate:
    """A model file with what must be known to feed it."""

    name: str
    path: Path
    runtime: str
    weights: str
    """``trained`` by mien, ``random``, or ``foreign``."""
    preprocess: PreprocessSpec
    sha256: str
    num_bytes: int
    labels: LabelSet = ()
    """Empty where nobody says."""
    temperature: float = 1.0

    def load(self, threads: int = 1) -> Network:
        """Load the file.

        Raises:
            ModelFileError: the file is no model, or takes other pictures than its description says.
            MissingExtraError: its runtime is not installed.
        """
        network = load_network(self.path, self.runtime, threads)
        expected = (1, *self.preprocess.size_hw, self.preprocess.channels)
        if network.input_shape != expected:
            raise ModelFileError(f"{self.path}: takes {network.input_shape}, expected {expected}.")
        return network

    def facts(self) -> dict[str, Any]:
        """Return what a record says of it."""
        return {
            "candidate": self.name,
            "file": self.path.name,
            "runtime": self.runtime,
            "weights": self.weights,
            "input_hwc": (*self.preprocess.size_hw, self.preprocess.channels),
            "sha256": self.sha256,
            "bytes": self.num_bytes,
        }


def open_candidate(text: str, networks_dir: Path, say: Callable[[str], None]) -> Candidate:
    """Return the candidate that a person names.

    Args:
        text: ``BUNDLE``, ``BUNDLE:FILE``, ``NETWORK``, ``NETWORK:FILE`` or the path of a ``.tflite`` or ``.onnx`` file. A shipped
            bundle goes before a network of the same name.
        networks_dir: Where exported networks of the catalog are kept; those already there are used again.
        say: Receives a line when a network is exported.

    Raises:
        UnknownNameError: no such bundle, network or file.
        ModelFileError: the file is missing, damaged or no model.
        MissingExtraError: a network needs the training framework.
    """
    path = Path(text)
    if path.suffix in RUNTIME_OF_SUFFIX:
        return _bare_file(path)
    name, _, file = text.partition(":")
    file = file or "float32"
    if name in shipped_bundles() or (Path(name) / CARD_NAME).is_file():
        return of_bundle(open_bundle(name), file)
    if name not in MODELS:
        raise UnknownNameError("Candidate", text, [*shipped_bundles(), *MODELS], "mien models")
    return of_bundle(export_random(name, networks_dir, (file,), say), file)


def export_random(name: str, networks_dir: Path, files: tuple[str, ...], say: Callable[[str], None]) -> Bundle:
    """Return the bundle of a network with random weights, exported on first use."""
    folder = networks_dir / name
    if (folder / CARD_NAME).is_file():
        bundle = open_bundle(folder)
        if set(files) <= set(bundle.card.files):
            return bundle
        files = tuple({*files, *bundle.card.files})
    from mien.export.bundle import export
    from mien.export.origin import from_catalog

    say(f"{name}: exported with random weights to {folder}")
    export(from_catalog(name, name), folder, files)
    return open_bundle(folder)


def of_bundle(bundle: Bundle, file: str) -> Candidate:
    """Return a file of a bundle as a candidate."""
    path = bundle.file(file)
    card = bundle.card
    entry = card.files[file]
    return Candidate(
        name=f"{card.name}:{file}",
        path=path,
        runtime=entry.runtime,
        weights=TRAINED if card.is_trained else RANDOM,
        preprocess=card.preprocess,
        sha256=entry.sha256,
        num_bytes=entry.bytes,
        labels=card.labels,
        temperature=card.calibration.temperature,
    )


def _bare_file(path: Path) -> Candidate:
    """Return a model file without a card; a known peer is fed in its own way, any other with pixels in 0..1."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror}). Expected a .tflite or .onnx model file.") from error
    sha256 = hashlib.sha256(content).hexdigest()
    runtime = RUNTIME_OF_SUFFIX[path.suffix]
    peer = find_peer(sha256)
    spec = peer.preprocess if peer else _plain_preprocess(path, load_network(path, runtime).input_shape)
    return Candidate(
        peer.name if peer else path.name, path, runtime, FOREIGN, spec, sha256, len(content), labels=peer.labels if peer else ()
    )


def _plain_preprocess(path: Path, shape: tuple[int, ...]) -> PreprocessSpec:
    if len(shape) != 4 or shape[0] != 1 or shape[1] != shape[2] or shape[3] not in (1, 3):
        raise ModelFileError(f"{path}: takes {shape}. Expected one square picture, (1, side, side, 1 or 3).")
    channels = shape[3]
    color = "gray" if channels == 1 else "rgb"
    return PreprocessSpec(color=color, size_hw=(shape[1], shape[2]), mean=(0.0,) * channels, std=(1.0,) * channels)


def noise_input(spec: PreprocessSpec) -> Float32:
    """Return (1, H, W, C) float32 of unit noise, seed 0: the time of these networks does not depend on the picture."""
    shape = (1, *spec.size_hw, spec.channels)
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)
