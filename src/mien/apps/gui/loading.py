"""Models that are loaded, kept while they are chosen."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Protocol

from mien.apps.gui.readers import MakeReader, ModelChoice, Reader, Readers, View
from mien.card import open_bundle
from mien.errors import ModelFileError
from mien.smoothing import SmoothingSpec
from mien.types import Float, Policy, Reading, UInt8


class Part(Protocol):
    """What is needed of a ``mien.parts.PartReading``."""

    @property
    def name(self) -> str:
        """right_eye, left_eye, nose or mouth, as the person has them."""

    @property
    def outline_xy(self) -> Float:
        """(M, 2) in pixels of the picture."""

    @property
    def evidence(self) -> float:
        """How much the face's probability falls when the part is hidden."""

    @property
    def expression(self) -> str:
        """What the part alone shows."""

    @property
    def probability(self) -> float:
        """Of ``expression``."""

    @property
    def scores(self) -> Float:
        """(K,) of the part alone."""

    @property
    def accuracy(self) -> float:
        """How often this part alone is right on PublicTest; NaN where it was not measured."""


ReadParts = Callable[[UInt8, Reading], Sequence[Part]]
"""From an (H, W, 3) RGB picture and a face in it to the readings of its parts."""
MakePartReader = Callable[[Reader], ReadParts]

Key = tuple[ModelChoice, str, Policy]


class Loaded:
    """Loads models and keeps those that are chosen. Only the worker's thread may call it."""

    def __init__(self, make_reader: MakeReader, make_part_reader: MakePartReader) -> None:
        self._make_reader, self._make_part_reader = make_reader, make_part_reader
        self._kept: dict[Key, Reader] = {}
        self._part_readers: dict[Key, ReadParts] = {}

    def readers(self, models: Sequence[ModelChoice], detector: str, policy: Policy) -> Readers:
        """Return the chosen models, loading those that are not kept.

        Raises:
            MienError: one of them, or the detector, cannot be loaded.
        """
        keys: list[Key] = [(model, detector, policy) for model in models]
        self._kept = {key: reader for key, reader in self._kept.items() if key in keys or key[2] != policy}
        self._part_readers = {key: read for key, read in self._part_readers.items() if key in self._kept}
        for key in keys:
            if key not in self._kept:
                self._kept[key] = self._make_reader(*key)
        smoothing = SmoothingSpec() if policy == "camera" else None
        return Readers([model.title for model in models], [self._kept[key] for key in keys], smoothing)

    def parts(self, model: ModelChoice, detector: str, view: View, face: int) -> tuple[Part, ...]:
        """Return the readings of a face's parts.

        Raises:
            MienError: the model or what finds the parts is missing.
        """
        key: Key = (model, detector, "picture")
        if key not in self._part_readers:
            reader = self._kept.get(key)
            if reader is None:
                reader = self._kept[key] = self._make_reader(*key)
            self._part_readers[key] = self._make_part_reader(reader)
        return tuple(self._part_readers[key](view.result.image, view.result.faces[face]))

    def forget(self, policy: Policy) -> None:
        """Forget models that a thread which hangs may still use."""
        self._kept = {key: reader for key, reader in self._kept.items() if key[2] != policy}


def files_of(bundle: str) -> tuple[ModelChoice, ...]:
    """Return the files of a bundle that LiteRT runs.

    Args:
        bundle: Name of a shipped bundle, or the folder of one.

    Raises:
        MienError: no bundle, or none that runs.
    """
    files = open_bundle(bundle).card.files
    found = tuple(ModelChoice(bundle, name) for name, entry in files.items() if entry.path.endswith(".tflite"))
    if not found:
        raise ModelFileError(f"{bundle}: holds no .tflite file. `mien export` writes one.")
    return found


def make_recognizer(model: ModelChoice, detector: str, policy: Policy) -> Reader:
    """Load a model with a detector; see ``mien.Recognizer``."""
    from mien.pipeline import Recognizer

    return Recognizer(model.bundle, model.file, detector, policy=policy)


def make_part_reader(reader: Reader) -> ReadParts:
    """Make what reads the parts of faces.

    Raises:
        ModelFileError: this installation cannot, or a model file is missing.
    """
    try:
        module = import_module("mien.parts")
    except ImportError as error:
        raise ModelFileError(f"Parts are not available in this installation ({error}). The whole face is read all the same.") from error
    read: ReadParts = module.PartReader(reader)
    return read
