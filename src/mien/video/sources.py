"""Where frames come from: a folder, a video file, a camera or a network stream."""

import logging
import os
import re
import stat
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Literal

import cv2
import numpy as np

from mien.errors import SourceError
from mien.pictures import SUFFIXES as PICTURE_SUFFIXES
from mien.pictures import forbidden, read_picture
from mien.types import Frame, UInt8

STREAM_SCHEMES = ("rtsp://", "rtsps://", "rtmp://", "rtmps://", "http://", "https://", "udp://", "tcp://")
log = logging.getLogger("mien")

LARGEST_CAMERA = 2**31 - 1
"""What OpenCV can count to."""
_CAMERA_FILE = re.compile(r"/dev/video(\d+)")
# A container's own count and length are estimates; a file that ends this much earlier was cut short.
MIN_SHARE = 0.9

TEXT_FORMAT = "tty"
"""What FFmpeg calls text files, which it reads as films of a terminal."""
TEXT_SUFFIXES = frozenset({".ans", ".art", ".asc", ".diz", ".ice", ".nfo", ".txt", ".vt"})
"""What it takes for such films; for OpenCV, which does not tell FFmpeg's format."""
MOST_OBLONG = 4.0
"""Pixels more oblong than this are a mistake in the file."""

Timing = Literal["container", "decoder", "arrival", "count"]


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
    timing: Timing
    """Where times come from. ``container``: the file's own, exact (PyAV). ``decoder``: what OpenCV tells, exact at a
    constant frame rate. ``arrival``: when the frame came, for live sources. ``count``: one second per picture."""


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
    """Return the pictures in a folder, by name; subfolders and hidden files are left alone.

    Raises:
        SourceError: the folder cannot be listed.
    """
    try:
        pictures = (path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith("."))
        return sorted(path for path in pictures if not path.is_dir())
    except OSError as error:
        raise SourceError(f"{folder}: cannot be listed ({error.strerror}).") from error


class FolderSource(Source):
    """The pictures of a folder in the order of their names; frame i has time i seconds.

    One that cannot be read is told and passed by; that it was is an error once the others are done.

    Raises:
        SourceError: no such folder, or no picture in it.
    """

    def __init__(self, folder: Path) -> None:
        self._paths = list_pictures(folder)
        if not self._paths:
            raise SourceError(f"{folder}: holds no pictures. Expected files such as {', '.join(sorted(PICTURE_SUFFIXES))}.")
        self.info = SourceInfo(str(folder), is_live=False, frames_per_second=0.0, num_frames=len(self._paths), timing="count")

    def __iter__(self) -> Iterator[Frame]:
        num_damaged = index = 0
        for second, path in enumerate(self._paths):
            try:
                image = read_picture(path)
            except SourceError as error:
                log.warning("%s", error)
                num_damaged += 1
                continue
            yield Frame(image, index, float(second), str(path))
            index += 1
        if num_damaged:
            raise SourceError(f"{self.info.name}: {num_damaged} of {len(self._paths)} pictures cannot be read, and were left out.")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None


def without_password(address: str) -> str:
    """Return an address of a stream as it may be shown and written: without user and password."""
    return re.sub(r"^(\w+://)[^/]*@", r"\1", address)


def open_source(target: str | int | Path) -> Source:
    """Open a camera index (also as text), a stream's address, a folder of pictures, or a video file.

    Files are read with PyAV where it is installed (extra ``video``), else with OpenCV.

    Raises:
        SourceError: it cannot be opened.
    """
    from mien.video.opencv import OpenCvSource

    if isinstance(target, int | np.integer) or (isinstance(target, str) and target.isdecimal()):
        return _open_camera(int(target))
    text = str(target)
    if not text.strip():
        raise SourceError("No source is named: the text is empty. Expected a video, a folder of pictures, a camera number or an address.")
    if camera := _CAMERA_FILE.fullmatch(text):  # how Linux calls them
        return _open_camera(int(camera[1]))
    if text.lower().startswith(STREAM_SCHEMES):
        return OpenCvSource(text)
    path = Path(text)
    if check_path(path):
        return FolderSource(path)
    if find_spec("av") is not None:
        from mien.video.pyav import PyAvSource

        return PyAvSource(path)
    return OpenCvSource(path)


def _open_camera(number: int) -> Source:
    from mien.video.opencv import OpenCvSource

    if not 0 <= number <= LARGEST_CAMERA:
        raise SourceError(f"Camera {number} cannot be opened. Cameras are numbered from 0.")
    return OpenCvSource(number)


def check_path(path: Path) -> bool:
    """Return whether a path is a folder; raise SourceError where it is neither that nor a file that may be a video."""
    try:
        status = path.stat()
    except PermissionError as error:
        raise forbidden(str(path)) from error
    except (OSError, ValueError) as error:  # absent, too long, with a zero inside
        raise SourceError(f"{path}: no such file. Expected a video, a folder of pictures, a camera number or an address.") from error
    if stat.S_ISDIR(status.st_mode):
        return True
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(f"{path}: is neither a file nor a folder. Expected a video, a folder of pictures, a camera number or an address.")
    if status.st_size == 0:
        raise SourceError(f"{path}: is empty (0 bytes). Expected a video.")
    if not os.access(path, os.R_OK):
        raise forbidden(str(path))
    if path.suffix.lower() in PICTURE_SUFFIXES:
        raise SourceError(f"{path}: is a picture. Use `mien predict {path.name}` for pictures.")
    return False


def not_a_video(path: Path) -> SourceError:
    """Return the error for a file that no decoder takes."""
    if is_mp4(path):
        return SourceError(f"{path}: an MP4 video that is cut short or damaged: its index, which often stands at its end, is not there.")
    return SourceError(f"{path}: not a video mien can read. Expected for instance .mp4, .avi, .mkv or .mov.")


def is_mp4(path: Path) -> bool:
    """Say whether a file begins as MP4 and QuickTime files do."""
    try:
        with path.open("rb") as file:
            return file.read(8)[4:] == b"ftyp"
    except OSError:
        return False


def with_square_pixels(image: UInt8, pixel_width: float) -> UInt8:
    """Return an (H, W, 3) picture as wide as it is to be shown; DV, DVD and broadcasts squeeze theirs.

    Args:
        pixel_width: Width over height of its pixels.
    """
    if not 1 / MOST_OBLONG <= pixel_width <= MOST_OBLONG:
        return image
    height, width = image.shape[:2]
    shown_width = max(1, round(width * pixel_width))
    if shown_width == width:
        return image
    return cv2.resize(image, (shown_width, height), interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)


def check_end(info: SourceInfo, num_read: int) -> None:
    """Raise SourceError when a source gave nothing, or is one that has no end."""
    if num_read == 0:
        raise SourceError(f"{info.name}: no frame can be decoded. The video is damaged, or its codec is unknown here.")
    if info.is_live:
        raise SourceError(f"{info.name}: stopped giving frames after {num_read}. It was unplugged or closed.")


def cut_short(name: str, seen: str, doubt: str = "") -> SourceError:
    """Return the error for a file that ends too early.

    Args:
        seen: How much of what there should be, as "3 of 40 frames".
        doubt: What else may be the reason.
    """
    return SourceError(f"{name}: ends after {seen}. The file is cut short or damaged{doubt}.")
