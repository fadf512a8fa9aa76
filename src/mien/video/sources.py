"""Where frames come from: a picture, a folder, a video file, a camera or a network stream."""

import time
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from mien.errors import SourceError
from mien.pictures import SUFFIXES as PICTURE_SUFFIXES
from mien.pictures import read_picture
from mien.types import Frame

STREAM_SCHEMES = ("rtsp://", "rtsps://", "http://", "https://", "udp://", "tcp://")
# A container's own count is an estimate; a file that ends this much earlier was cut short.
MIN_SHARE_OF_FRAMES = 0.9


@dataclass(frozen=True)
class SourceInfo:
    """What is known before the first frame."""

    name: str
    is_live: bool
    """A camera or stream: it has no end, and frames nobody reads in time are lost."""
    frames_per_second: float
    """0 where the source does not say, as for a folder."""
    num_frames: int
    """0 where the source does not say, as for a camera."""


class Source(AbstractContextManager["Source"]):
    """Frames in order, between opening and closing."""

    info: SourceInfo

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames.

        Raises:
            SourceError: a frame cannot be read.
        """


def list_pictures(folder: Path) -> list[Path]:
    """Return the pictures in a folder, by name; subfolders and hidden files are left alone."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith("."))


class FolderSource(Source):
    """The pictures of a folder in the order of their names; frame i has time i seconds.

    Raises:
        SourceError: no such folder, or no picture in it.
    """

    def __init__(self, folder: Path) -> None:
        self._paths = list_pictures(folder)
        if not self._paths:
            raise SourceError(f"{folder}: holds no pictures. Expected files such as {', '.join(sorted(PICTURE_SUFFIXES))}.")
        self.info = SourceInfo(str(folder), is_live=False, frames_per_second=0.0, num_frames=len(self._paths))

    def __iter__(self) -> Iterator[Frame]:
        for index, path in enumerate(self._paths):
            yield Frame(read_picture(path), index, float(index), str(path))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None


class VideoSource(Source):
    """Frames of a video file, camera or network stream, as OpenCV decodes them.

    Args:
        target: Path of a file, index of a camera, or address of a stream.

    Raises:
        SourceError: it cannot be opened.
    """

    def __init__(self, target: str | int) -> None:
        is_file = isinstance(target, str) and not target.startswith(STREAM_SCHEMES)
        if is_file:
            _check_file(Path(str(target)))
        self._capture = cv2.VideoCapture(target)
        if not self._capture.isOpened():
            self._capture.release()
            raise SourceError(_cannot_open(target))
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        count = 0 if isinstance(target, int) else self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.info = SourceInfo(
            name=f"camera {target}" if isinstance(target, int) else target,
            # A recording behind an address knows its length; a live stream does not.
            is_live=not is_file and not count > 0,
            frames_per_second=float(fps) if np.isfinite(fps) and fps > 0 else 0.0,
            num_frames=max(0, int(count)),
        )
        if self.info.is_live:
            self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)

    def __iter__(self) -> Iterator[Frame]:
        """Yield every frame in order.

        Raises:
            SourceError: no frame can be decoded, the file ends early, or the camera goes away.
        """
        index = 0
        last_time_s = -1.0
        started_s = time.monotonic()
        while True:
            is_read, image_bgr = self._capture.read()
            if not is_read:
                break
            # A camera's clock is ours; a file has its own.
            time_s = time.monotonic() - started_s if self.info.is_live else self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            if time_s <= last_time_s or not np.isfinite(time_s):
                # Some containers have no clock; then frames are counted.
                time_s = last_time_s + 1 / (self.info.frames_per_second or 25.0) if index else 0.0
            last_time_s = time_s
            yield Frame(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False), index, time_s)
            index += 1
        self._check_end(index)

    def _check_end(self, num_read: int) -> None:
        if num_read == 0:
            raise SourceError(f"{self.info.name}: no frame can be decoded. The video is damaged, or its codec is unknown here.")
        if self.info.is_live:
            raise SourceError(f"{self.info.name}: stopped giving frames after {num_read}. It was unplugged or closed.")
        if num_read < MIN_SHARE_OF_FRAMES * self.info.num_frames:
            raise SourceError(
                f"{self.info.name}: ends after {num_read} of {self.info.num_frames} frames. The file is cut short or damaged."
            )

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._capture.release()


def open_source(target: str | int | Path) -> Source:
    """Open a camera index (also as text), a stream's address, a folder of pictures, or a video file.

    Raises:
        SourceError: it cannot be opened.
    """
    if isinstance(target, int) or (isinstance(target, str) and target.isdecimal()):
        return VideoSource(int(target))
    text = str(target)
    if text.startswith(STREAM_SCHEMES):
        return VideoSource(text)
    path = Path(text)
    if path.is_dir():
        return FolderSource(path)
    return VideoSource(text)


def _check_file(path: Path) -> None:
    if not path.exists():
        raise SourceError(f"{path}: no such file. Expected a video, a folder of pictures, a camera number or an address.")
    if path.stat().st_size == 0:
        raise SourceError(f"{path}: is empty (0 bytes). Expected a video.")
    if path.suffix.lower() in PICTURE_SUFFIXES:
        raise SourceError(f"{path}: is a picture. Use `mien predict {path.name}` for pictures.")


def _cannot_open(target: str | int) -> str:
    if isinstance(target, int):
        return f"Camera {target} cannot be opened. Plug one in, close other programs that use it, or try another number."
    if target.startswith(STREAM_SCHEMES):
        return f"{target}: the stream cannot be opened. Check address, network and credentials."
    return f"{target}: not a video mien can read. Expected for instance .mp4, .avi, .mkv or .mov."
