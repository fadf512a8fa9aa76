"""``mien.stream``: the recogniser put onto a source, in one call."""

from collections.abc import Iterator
from pathlib import Path

from mien.card import DEFAULT_BUNDLE
from mien.pipeline import Recognizer
from mien.types import FrameResult
from mien.video import stream as frames


def stream(
    source: str | int | Path,
    model: str | Path = DEFAULT_BUNDLE,
    file: str = "float32",
    detector: str = "auto",
    detector_model: str | Path | None = None,
    threads: int = 1,
) -> Iterator[FrameResult]:
    """Yield the readings of every frame of a source.

    Args:
        source: Camera index, video file, folder of pictures, or address of a stream.
        model: Name of a shipped bundle, or the folder of one.
        file: Which file of the bundle runs.
        detector: As for ``Recognizer``, with the policy for cameras.
        detector_model: Model file of the detector, instead of the one mien fetches on first use.
        threads: CPU threads of each network.

    Raises:
        SourceError: the source cannot be opened, ends early or goes away.
        UnknownNameError: the catalog has no such bundle, file or detector.
        ModelFileError: a model file is missing, foreign, damaged or cannot be fetched.
    """
    recognizer = Recognizer(model, file, detector, detector_model, threads, policy="camera")
    return frames.stream(source, recognizer.pipeline)
