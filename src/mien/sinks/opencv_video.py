"""Annotated videos where PyAV is not installed."""

from pathlib import Path
from types import TracebackType

import cv2

from mien.errors import OutputError
from mien.overlay import draw
from mien.sinks.base import Sink, Unfinished
from mien.types import FrameResult
from mien.video.clock import FALLBACK_RATE


class OpenCvVideoSink(Sink):
    """An annotated MP4 (MPEG-4 part 2, which OpenCV carries everywhere) with a constant frame rate; unreadable after a crash.

    Args:
        frames_per_second: Of the source; 25 where it does not say.
    """

    def __init__(self, path: Path, frames_per_second: float) -> None:
        self._path = path
        self._frames_per_second = frames_per_second or FALLBACK_RATE
        self._unfinished = Unfinished(path)
        self._writer: cv2.VideoWriter | None = None
        self._num_frames = 0

    def write(self, result: FrameResult) -> None:
        """Write one frame; see ``Sink``."""
        height, width = result.image.shape[:2]
        if self._writer is None:
            code = cv2.VideoWriter.fourcc(*"mp4v")
            self._writer = cv2.VideoWriter(str(self._unfinished.path.absolute()), code, self._frames_per_second, (width, height))
            if not self._writer.isOpened():
                raise OutputError(f"{self._path}: cannot be written. Choose another place.")
            self._size_wh = (width, height)
        picture = draw(result.image, result.faces)
        if (width, height) != self._size_wh:
            picture = cv2.resize(picture, self._size_wh, interpolation=cv2.INTER_AREA).astype(picture.dtype, copy=False)
        self._writer.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        self._num_frames += 1

    def discard(self) -> None:
        """Remove the file; see ``Sink``."""
        self._unfinished.remove()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._writer is None:
            self._unfinished.remove()
            return
        self._writer.release()
        self._unfinished.release()
        # OpenCV does not tell when the disk is full.
        written = cv2.VideoCapture(str(self._unfinished.path.absolute()))
        num_written = int(written.get(cv2.CAP_PROP_FRAME_COUNT))
        written.release()
        if kind is not None:
            self._unfinished.leave()
            return
        if num_written < self._num_frames:
            raise OutputError(f"{self._path}: only {num_written} of {self._num_frames} frames could be written. Free some space.")
        self._unfinished.move_into_place()
