"""Annotated videos: with PyAV (extra ``video``) where it is installed, else with OpenCV."""

import logging
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np

from mien.atomic import cannot_write
from mien.errors import OutputError
from mien.overlay import draw
from mien.sinks.base import Sink, Unfinished
from mien.types import FrameResult, UInt8

log = logging.getLogger("mien")

LONGEST_SIDE_PX = 16_384
_TICKS_PER_S = 90_000
_SECONDS_PER_FRAGMENT = 1.0
# Fragments are whole by themselves: what is written plays, also when the end is missing. The head waits for the first fragment, since only
# then it can say that the video begins later than at 0 s.
_MUXER = {"movflags": "frag_keyframe+empty_moov+default_base_moof+delay_moov", "flush_packets": "1"}
# No frame waits in the encoder for later ones.
_ENCODER = {"preset": "superfast", "tune": "zerolatency", "crf": "23", "forced-idr": "1"}


def open_video_sink(path: Path, frames_per_second: float) -> Sink:
    """Return the best sink for an annotated MP4 that is installed, and say in one line where it is not the best there is.

    Args:
        frames_per_second: Of the source, 0 where it does not say; for OpenCV's constant rate.

    Raises:
        OutputError: not an MP4, or the place cannot be written.
    """
    check_video_name(path)
    if _can_encode():
        return VideoSink(path)
    from mien.sinks.opencv_video import OpenCvVideoSink

    log.warning("%s: written by OpenCV, at a constant rate and lost in a crash; the extra 'video' (PyAV) does better.", path)
    return OpenCvVideoSink(path, frames_per_second)


def _can_encode() -> bool:
    """Say whether PyAV is there, and built with an encoder of H.264; its wheels are."""
    if find_spec("av") is None:
        return False
    import av

    return "libx264" in av.codecs_available


def check_video_name(path: Path) -> None:
    """Raise OutputError unless a path names an MP4."""
    if path.suffix.lower() != ".mp4":
        raise OutputError(f"{path}: videos are written as MP4. Choose a name that ends in .mp4.")


class VideoSink(Sink):
    """An annotated MP4 (H.264) with the source's own times, in fragments of a second.

    The file has the size of its first frame; frames of another size are scaled.

    Raises:
        OutputError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        import av

        self._path, self._av_error = path, av.error.FFmpegError
        self._unfinished = Unfinished(path)
        try:
            self._container: Any = av.open(str(self._unfinished.path.absolute()), "w", format="mp4", options=_MUXER)
        except (OSError, av.error.FFmpegError) as error:
            self._unfinished.remove()
            raise cannot_write(path, error) from error
        self._stream: Any = None
        self._is_whole = True
        self._last_ticks = -1
        self._fragment_s = -np.inf

    def write(self, result: FrameResult) -> None:
        """Write one frame; see ``Sink``."""
        import av

        picture = draw(result.image, result.faces)
        if self._stream is None:
            self._stream = self._start(picture)
        frame = av.VideoFrame.from_ndarray(self._fitted(picture), format="rgb24")
        frame.pts = max(round(result.time_s * _TICKS_PER_S), self._last_ticks + 1)
        frame.time_base = Fraction(1, _TICKS_PER_S)
        self._last_ticks = frame.pts
        if result.time_s - self._fragment_s >= _SECONDS_PER_FRAGMENT:
            frame.pict_type = av.video.frame.PictureType.I
            self._fragment_s = result.time_s
        self._mux(frame)

    def _start(self, picture: UInt8) -> Any:
        height, width = picture.shape[:2]
        if max(height, width) > LONGEST_SIDE_PX:
            raise OutputError(
                f"{self._path}: H.264 takes at most {LONGEST_SIDE_PX} pixels a side, the frames have {width}x{height}. Reduce them."
            )
        stream = self._container.add_stream("libx264", options=_ENCODER)
        stream.height, stream.width = (side + side % 2 for side in picture.shape[:2])
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, _TICKS_PER_S)
        stream.codec_context.gop_size = 10_000  # fragments are begun by time, in ``write``
        return stream

    def _fitted(self, picture: UInt8) -> UInt8:
        """Return the picture in the video's size, whose sides are even."""
        height, width = self._stream.height, self._stream.width
        if 0 <= height - picture.shape[0] <= 1 and 0 <= width - picture.shape[1] <= 1:
            below, beside = height - picture.shape[0], width - picture.shape[1]
            if not below and not beside:
                return picture
            return cv2.copyMakeBorder(picture, 0, below, 0, beside, cv2.BORDER_REPLICATE).astype(np.uint8, copy=False)
        return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)

    def _mux(self, frame: Any) -> None:
        try:
            for packet in self._stream.encode(frame):
                self._container.mux(packet)
        except (OSError, self._av_error) as error:
            self._is_whole = False
            raise cannot_write(self._path, error) from error

    def discard(self) -> None:
        """Remove the file; see ``Sink``."""
        self._unfinished.remove()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._stream is None:  # a container without a stream cannot be closed well
            self._unfinished.remove()
            return
        try:
            self._mux(None)
            self._container.close()
        except (OSError, self._av_error) as failure:
            raise cannot_write(self._path, failure) from failure
        finally:
            self._unfinished.release()
        if self._is_whole and kind is None:
            self._unfinished.move_into_place()
        else:
            self._unfinished.leave()
