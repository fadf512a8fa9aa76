"""Networks of others, as the ONNX files that measure them: recognised by their hash, fed as their authors feed them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mien.errors import ModelFileError
from mien.labels import LabelSet
from mien.preprocess import PreprocessSpec, prepare
from mien.runtime.classifier import load_network, run_each
from mien.types import Float, UInt8

_ORDER = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
_SIGNED_GRAY = PreprocessSpec(color="gray", size_hw=(64, 64), mean=(0.5,), std=(0.5,))


@dataclass(frozen=True)
class Peer:
    """One network of others."""

    name: str
    sha256: str
    """Of the ONNX file."""
    preprocess: PreprocessSpec
    labels: LabelSet
    """Its outputs, in order, in mien's words."""
    source: str


PEERS = (
    Peer(
        "mini-XCEPTION (fer)",
        "1f2e09864adc3d6ce9e263a3b2fee41c39ac7887b4e2a50e06ce376a3407f016",
        _SIGNED_GRAY,
        _ORDER,
        "oarriaga/face_classification, fer2013_mini_XCEPTION.102-0.66; the network of fer 25.10.3",
    ),
    Peer(
        "big-XCEPTION (human)",
        "0e11fc18a8d6504dda9a71c9673f674236662ca220399f1d8cee43d50ce60ddc",
        _SIGNED_GRAY,
        _ORDER,
        "oarriaga/face_classification, fer2013_big_XCEPTION.54-0.66; the network of vladmandic/human",
    ),
    Peer(
        "face-api.js",
        "e7dfc0997f26334b1d610adba3804462efd7d0bf27d417e8d12babfc3b32d58b",
        # It takes 0..255 and normalises inside.
        PreprocessSpec(color="rgb", size_hw=(112, 112), mean=(0.0,) * 3, std=(1.0,) * 3, scale=1.0),
        ("neutral", "happy", "sad", "angry", "fear", "disgust", "surprise"),
        "face-api.js, its expression network",
    ),
)


def find_peer(sha256: str) -> Peer | None:
    """Return the peer whose file has this hash, if it is one of them."""
    return next((peer for peer in PEERS if peer.sha256 == sha256), None)


class PeerClassifier:
    """Faces to scores with a peer's ONNX file, fed and read as its authors do.

    Raises:
        ModelFileError: the file is missing, or none of the peers that mien knows.
        MissingExtraError: ONNX Runtime is not installed.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        try:
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise ModelFileError(f"{path}: cannot be read ({error.strerror}). Expected a peer's .onnx file.") from error
        peer = find_peer(sha256)
        if peer is None:
            known = ", ".join(one.name for one in PEERS)
            raise ModelFileError(f"{path}: none of the networks whose input and labels are known ({known}). Name a bundle or a run.")
        self.peer: Peer = peer
        self._network = load_network(path, "onnx", threads)

    def __call__(self, crops: Sequence[UInt8]) -> Float:
        """Return (N, K) scores of N crops, grey (h, w) or RGB (h, w, 3), in the order of ``peer.labels``."""
        return run_each(self._network, prepare(crops, self.peer.preprocess))
