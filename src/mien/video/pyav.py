"""Frames of a video file with the container's own times, through PyAV (extra ``video``)."""

import logging
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np

from mien.types import Frame, UInt8
from mien.video.clock import FrameClock
from mien.video.sources import MIN_SHARE, TEXT_FORMAT, Source, SourceInfo, check_end, cut_short, not_a_video, with_square_pixels

log = logging.getLogger("mien")

HIGHEST_RATE = 1000.0
"""Frames per second; Matroska files of uneven times name rates of ten thousand."""
_MATRIX_BYTES = 36


class PyAvSource(Source):
    """The main video stream of a file, upright and with square pixels, at its own times, variable frame rates included.

    Raises:
        SourceError: it cannot be opened, or holds no video.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._container: Any = av.open(str(path.absolute()))  # FFmpeg takes what stands before a colon for a protocol
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise not_a_video(path) from error
        # FFmpeg shows text on a terminal of its own and films that.
        if not self._container.streams.video or self._container.format.name == TEXT_FORMAT:
            self._container.close()
            raise not_a_video(path)
        self._stream = self._container.streams.best("video") or self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        rate = float(self._stream.average_rate or 0)
        self.info = SourceInfo(str(path), is_live=False, frames_per_second=rate, num_frames=self._expected_frames(rate), timing="container")

    def _expected_frames(self, rate: float) -> int:
        """Return the container's count, or what its length makes likely; 0 where it tells neither."""
        likely = round(self._length_s() * rate) if rate <= HIGHEST_RATE else 0
        return int(self._stream.frames) or likely

    def _length_s(self) -> float:
        """Return the length of the video in seconds; 0 where the file does not tell."""
        if self._stream.duration and self._stream.time_base:
            return float(self._stream.duration * self._stream.time_base)
        if "DURATION" in self._stream.metadata:  # of one stream of a Matroska file
            return _seconds(self._stream.metadata["DURATION"])
        is_alone = len(self._container.streams) == 1  # else sound may outlast the picture
        return float(self._container.duration or 0) / 1e6 if is_alone else 0.0

    def __iter__(self) -> Iterator[Frame]:
        """Yield every frame in order; see ``Source``."""
        clock = FrameClock(self.info.frames_per_second)
        start = self._stream.start_time or 0
        index = num_damaged = 0
        end = start
        for packet in self._packets():
            if packet.pts is not None:
                end = max(end, packet.pts + (packet.duration or 0))
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                num_damaged += 1
                continue
            for frame in frames:
                # Exact fractions until the last step.
                time_s = None if frame.pts is None else float((frame.pts - start) * (frame.time_base or self._stream.time_base))
                yield Frame(_upright(frame, self._pixel_width()), index, clock.next(time_s))
                index += 1
        check_end(self.info, index)
        self._check_length(index, float((end - start) * self._stream.time_base))
        if num_damaged:
            log.warning("%s: %d damaged packets were left out.", self.info.name, num_damaged)

    def _pixel_width(self) -> float:
        """Return how wide a pixel is, in its heights; the container's word before the codec's."""
        ratio = self._stream.sample_aspect_ratio or self._stream.codec_context.sample_aspect_ratio
        return float(ratio or 1)

    def _check_length(self, num_read: int, read_s: float) -> None:
        """Raise SourceError where the file ends too early.

        MP4 counts frames that were cut off without encoding the rest anew, so its length decides; AVI's is made up from what is there.
        """
        count, length_s = self._stream.frames, self._length_s()
        if count and "mp4" not in self._container.format.name:
            if num_read < MIN_SHARE * count:
                raise cut_short(self.info.name, f"{num_read} of {count} frames")
        elif read_s < MIN_SHARE * length_s:
            raise cut_short(self.info.name, f"{read_s:.1f} of {length_s:.1f} s")

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


def _seconds(duration: str) -> float:
    """Return the seconds of HH:MM:SS.fraction; 0 where it is something else."""
    try:
        hours, minutes, seconds = map(float, duration.split(":"))
    except ValueError:
        return 0.0
    return 3600 * hours + 60 * minutes + seconds


def _upright(frame: Any, pixel_width: float) -> UInt8:
    """Return the picture as (H, W, 3) RGB, turned and mirrored as the file says; phones write every video in the sensor's position."""
    image: UInt8 = with_square_pixels(frame.to_ndarray(format="rgb24"), pixel_width)
    matrix = next((bytes(data) for data in frame.side_data if data.type.name == "DISPLAYMATRIX"), b"")
    return turn_by_matrix(image, struct.unpack("=9i", matrix)) if len(matrix) == _MATRIX_BYTES else image


def turn_by_matrix(image: UInt8, matrix: Sequence[int]) -> UInt8:
    """Return an (H, W, 3) picture as a file's display matrix shows it, to the nearest quarter turn.

    Args:
        matrix: (9,) of MP4's ``tkhd`` box, whose first, second, fourth and fifth numbers say where x and y of a pixel go.
    """
    x_to_x, x_to_y, _, y_to_x, y_to_y, *_ = matrix
    if abs(x_to_y) > abs(x_to_x):
        image, flips_x, flips_y = image.swapaxes(0, 1), y_to_x < 0, x_to_y < 0
    else:
        flips_x, flips_y = x_to_x < 0, y_to_y < 0
    return np.ascontiguousarray(image[:: -1 if flips_y else 1, :: -1 if flips_x else 1])
