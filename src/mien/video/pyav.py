"""Frames of a video file with the container's own times, through PyAV (extra ``video``)."""

import logging
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np

from mien.types import Frame, UInt8
from mien.video.clock import FrameClock
from mien.video.sources import Source, SourceInfo, check_end, not_a_video

log = logging.getLogger("mien")


class PyAvSource(Source):
    """The first video stream of a file, upright, at its own times, variable frame rates included.

    Raises:
        SourceError: it cannot be opened, or holds no video.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._container: Any = av.open(str(path))
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise not_a_video(path) from error
        if not self._container.streams.video:
            self._container.close()
            raise not_a_video(path)
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        rate = float(self._stream.average_rate or 0)
        self.info = SourceInfo(str(path), is_live=False, frames_per_second=rate, num_frames=self._expected_frames(rate), timing="container")

    def _expected_frames(self, rate: float) -> int:
        """Return the container's count, or what its duration makes likely; 0 where it tells neither."""
        if self._stream.frames:
            return int(self._stream.frames)
        if self._stream.duration and self._stream.time_base:
            return round(float(self._stream.duration * self._stream.time_base) * rate)
        microseconds: int = self._container.duration or 0
        return round(microseconds / 1e6 * rate)

    def __iter__(self) -> Iterator[Frame]:
        """Yield every frame in order; see ``Source``."""
        clock = FrameClock(self.info.frames_per_second)
        start = self._stream.start_time or 0
        index = num_damaged = 0
        for packet in self._packets():
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                num_damaged += 1
                continue
            for frame in frames:
                # Exact fractions until the last step.
                time_s = None if frame.pts is None else float((frame.pts - start) * (frame.time_base or self._stream.time_base))
                yield Frame(_upright(frame), index, clock.next(time_s))
                index += 1
        check_end(self.info, index)
        if num_damaged:
            log.warning("%s: %d damaged packets were left out.", self.info.name, num_damaged)

    def _packets(self) -> Iterator[Any]:
        """Yield packets; where the file breaks off, what follows is the end."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.error.FFmpegError as error:
                log.warning("%s: cannot be read further (%s).", self.info.name, error.strerror)
                return
            yield packet

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._container.close()


def _upright(frame: Any) -> UInt8:
    """Return the picture as (H, W, 3) RGB, turned as the file says; phones write every video in the sensor's position."""
    image: UInt8 = frame.to_ndarray(format="rgb24")
    quarter_turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, quarter_turns)) if quarter_turns else image
