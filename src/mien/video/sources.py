"""Where frames come from: a folder, a video file, a camera or a network stream."""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Literal

from mien.errors import SourceError
from mien.pictures import SUFFIXES as PICTURE_SUFFIXES
from mien.pictures import read_picture
from mien.types import Frame

STREAM_SCHEMES = ("rtsp://", "rtsps://", "http://", "https://", "udp://", "tcp://")
# A container's own count is an estimate; a file that ends this much earlier was cut short.
MIN_SHARE_OF_FRAMES = 0.9

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
        self.info = SourceInfo(str(folder), is_live=False, frames_per_second=0.0, num_frames=len(self._paths), timing="count")

    def __iter__(self) -> Iterator[Frame]:
        for index, path in enumerate(self._paths):
            yield Frame(read_picture(path), index, float(index), str(path))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None


def open_source(target: str | int | Path) -> Source:
    """Open a camera index (also as text), a stream's address, a folder of pictures, or a video file.

    Files are read with PyAV where it is installed (extra ``video``), else with OpenCV.

    Raises:
        SourceError: it cannot be opened.
    """
    from mien.video.opencv import OpenCvSource

    if isinstance(target, int) or (isinstance(target, str) and target.isdecimal()):
        return OpenCvSource(int(target))
    text = str(target)
    if text.startswith(STREAM_SCHEMES):
        return OpenCvSource(text)
    path = Path(text)
    if path.is_dir():
        return FolderSource(path)
    check_file(path)
    if find_spec("av") is not None:
        from mien.video.pyav import PyAvSource

        return PyAvSource(path)
    return OpenCvSource(path)


def check_file(path: Path) -> None:
    """Raise SourceError unless a file is there that may be a video."""
    if not path.exists():
        raise SourceError(f"{path}: no such file. Expected a video, a folder of pictures, a camera number or an address.")
    if path.stat().st_size == 0:
        raise SourceError(f"{path}: is empty (0 bytes). Expected a video.")
    if path.suffix.lower() in PICTURE_SUFFIXES:
        raise SourceError(f"{path}: is a picture. Use `mien predict {path.name}` for pictures.")


def not_a_video(path: Path) -> SourceError:
    """Return the error for a file that no decoder takes."""
    return SourceError(f"{path}: not a video mien can read. Expected for instance .mp4, .avi, .mkv or .mov.")


def check_end(info: SourceInfo, num_read: int) -> None:
    """Raise SourceError when a source ended before it should."""
    if num_read == 0:
        raise SourceError(f"{info.name}: no frame can be decoded. The video is damaged, or its codec is unknown here.")
    if info.is_live:
        raise SourceError(f"{info.name}: stopped giving frames after {num_read}. It was unplugged or closed.")
    if num_read < MIN_SHARE_OF_FRAMES * info.num_frames:
        raise SourceError(f"{info.name}: ends after {num_read} of {info.num_frames} frames. The file is cut short or damaged.")
