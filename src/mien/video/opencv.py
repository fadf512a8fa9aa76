"""Frames as OpenCV decodes them: cameras, network streams, and files where PyAV is not installed."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from mien.errors import SourceError
from mien.types import Frame, UInt8
from mien.video.clock import FrameClock
from mien.video.sources import (
    MIN_SHARE,
    TEXT_SUFFIXES,
    Source,
    SourceInfo,
    check_end,
    cut_short,
    not_a_video,
    with_square_pixels,
    without_password,
)

# FFmpeg's own defaults of 30 s are longer than a person waits.
_NETWORK_TIMEOUTS = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 10_000, cv2.CAP_PROP_READ_TIMEOUT_MSEC, 10_000]


class OpenCvSource(Source):
    """A camera by its index, a network stream by its address (text), or a file by its path.

    Raises:
        SourceError: it cannot be opened.
    """

    def __init__(self, target: Path | str | int) -> None:
        if isinstance(target, Path) and target.suffix.lower() in TEXT_SUFFIXES:
            raise not_a_video(target)
        if isinstance(target, str):
            self._capture = cv2.VideoCapture(target, cv2.CAP_FFMPEG, _NETWORK_TIMEOUTS)
        else:
            self._capture = cv2.VideoCapture(str(target.absolute()) if isinstance(target, Path) else target)  # see PyAvSource
        if not self._capture.isOpened():
            self._capture.release()
            raise _cannot_open(target)
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        count = 0 if isinstance(target, int) else self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        # A recording behind an address knows its length; a live stream does not.
        is_live = not isinstance(target, Path) and not count > 0
        self.info = SourceInfo(
            name=f"camera {target}" if isinstance(target, int) else without_password(str(target)),
            is_live=is_live,
            frames_per_second=float(rate) if np.isfinite(rate) and rate > 0 else 0.0,
            num_frames=max(0, int(count)) if np.isfinite(count) else 0,
            timing="arrival" if is_live else "decoder",
        )
        if is_live:
            self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)

    def __iter__(self) -> Iterator[Frame]:
        """Yield every frame in order; see ``Source``."""
        index = 0
        clock = FrameClock(self.info.frames_per_second)
        started_s = time.monotonic()
        while True:
            is_read, image_bgr = self._capture.read()
            if not is_read:
                break
            # A camera's clock is ours; a file has its own.
            time_s = time.monotonic() - started_s if self.info.is_live else self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            image: UInt8 = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)
            yield Frame(with_square_pixels(image, self._pixel_width()), index, clock.next(time_s))
            index += 1
        check_end(self.info, index)
        if index < MIN_SHARE * self.info.num_frames:  # counted are also frames that were cut off without encoding the rest anew
            doubt = ", or was trimmed without being encoded anew; the extra 'video' (PyAV) can tell"
            raise cut_short(self.info.name, f"{index} of {self.info.num_frames} frames", doubt)

    def _pixel_width(self) -> float:
        """Return how wide a pixel of a decoded frame is, in its heights; OpenCV has turned the frame already."""
        across, down = self._capture.get(cv2.CAP_PROP_SAR_NUM), self._capture.get(cv2.CAP_PROP_SAR_DEN)
        if across <= 0 or down <= 0:
            return 1.0
        is_turned = self._capture.get(cv2.CAP_PROP_ORIENTATION_META) % 180 == 90
        return float(down / across if is_turned else across / down)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._capture.release()


def _cannot_open(target: Path | str | int) -> SourceError:
    if isinstance(target, int):
        return SourceError(f"Camera {target} cannot be opened. Plug one in, close other programs that use it, or try another number.")
    if isinstance(target, str):
        return SourceError(f"{without_password(target)}: the stream cannot be opened. Check address, network and credentials.")
    return not_a_video(target)
