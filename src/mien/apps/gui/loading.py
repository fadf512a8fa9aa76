"""Models that are loaded, kept while they are chosen."""

from collections.abc import Callable, Sequence

from mien.apps.gui.readers import MakeReader, ModelChoice, Reader, Readers, View
from mien.card import Bundle
from mien.errors import ModelFileError
from mien.smoothing import SmoothingSpec
from mien.types import PartReading, Policy, Reading, UInt8

ReadParts = Callable[[UInt8, Reading], Sequence[PartReading]]
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

    def parts(self, model: ModelChoice, detector: str, view: View, face: int) -> tuple[PartReading, ...]:
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


def files_of(bundle: Bundle) -> tuple[ModelChoice, ...]:
    """Return the files of a bundle that LiteRT runs.

    Raises:
        ModelFileError: there is none.
    """
    folder = str(bundle.folder.absolute())  # a bare name could be that of a shipped bundle, too
    found = tuple(ModelChoice(folder, name) for name, entry in bundle.card.files.items() if entry.path.endswith(".tflite"))
    if not found:
        raise ModelFileError(f"{folder}: holds no .tflite file. `mien export` writes one.")
    return found


def make_recognizer(model: ModelChoice, detector: str, policy: Policy) -> Reader:
    """Load a model with a detector; see ``mien.Recognizer``."""
    from mien.pipeline import Recognizer

    return Recognizer(model.bundle, model.file, detector, policy=policy)
