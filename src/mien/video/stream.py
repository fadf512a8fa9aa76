"""Readings of every frame of a source, one after the other."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mien.types import Frame, FrameResult, Reading, UInt8
from mien.video.sources import Source, open_source

Recognize = Callable[[UInt8], Sequence[Reading]]


def stream(source: str | int | Path, recognize: Recognize) -> Iterator[FrameResult]:
    """Yield one result per frame: every frame of a file or folder, in order; the frames of a camera as they come.

    Args:
        source: Camera index, video file, folder of pictures, or address of a stream.
        recognize: From an (H, W, 3) RGB picture to readings.

    Raises:
        SourceError: the source cannot be opened, ends early or goes away.
    """
    with open_source(source) as opened:
        yield from read_all(opened, recognize)


def read_all(source: Source, recognize: Recognize) -> Iterator[FrameResult]:
    """Yield one result per frame of an open source."""
    for frame in source:
        yield read_frame(frame, recognize)


def read_frame(frame: Frame, recognize: Recognize) -> FrameResult:
    """Return the readings of one frame."""
    return FrameResult(frame.index, frame.time_s, frame.image, tuple(recognize(frame.image)), frame.name)
