"""Where results go: JSON lines, CSV, Parquet, annotated pictures and video.

Each sink is a context manager with one verb, ``write``. A file appears under its own name when the sink closes, also
after Ctrl-C or an error, with every result written until then.
"""

import csv
import json
import os
from abc import abstractmethod
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import cv2
from PIL import Image

from mien.atomic import atomic_path, cannot_write
from mien.errors import MissingExtraError, OutputError
from mien.labels import LabelSet
from mien.overlay import draw
from mien.serialize import column_names, face_rows, frame_values
from mien.types import FrameResult


class Sink(AbstractContextManager["Sink"]):
    """Takes the results of a stream, one by one."""

    @abstractmethod
    def write(self, result: FrameResult) -> None:
        """Take one result.

        Raises:
            OutputError: it cannot be written.
        """


class _FileSink(Sink):
    """A text file that is moved to its name when it closes."""

    def __init__(self, path: Path, source: str, labels: LabelSet) -> None:
        self._path, self._source, self._labels = path, source, labels
        self._temporary = path.with_name(f".tmp-{os.getpid()}-{path.name}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: TextIO = self._temporary.open("w", newline="", encoding="utf-8")
        except OSError as error:
            raise cannot_write(path, error) from error

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self._file.close()
            self._temporary.replace(self._path)
        except OSError as failure:
            raise cannot_write(self._path, failure) from failure


class JsonLinesSink(_FileSink):
    """One JSON object per frame and line, frames without faces included."""

    def write(self, result: FrameResult) -> None:
        """Write one line; see ``Sink``."""
        try:
            self._file.write(json.dumps(frame_values(self._source, result, self._labels)) + "\n")
        except OSError as error:
            raise cannot_write(self._path, error) from error


class CsvSink(_FileSink):
    """One row per face, with a header."""

    def __init__(self, path: Path, source: str, labels: LabelSet) -> None:
        super().__init__(path, source, labels)
        self._writer = csv.writer(self._file)
        self._writer.writerow(column_names(labels))

    def write(self, result: FrameResult) -> None:
        """Write one row per face; see ``Sink``."""
        try:
            self._writer.writerows(face_rows(self._source, result))
        except OSError as error:
            raise cannot_write(self._path, error) from error


class ParquetSink(Sink):
    """One row per face, with the columns of the CSV.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """

    def __init__(self, path: Path, source: str, labels: LabelSet) -> None:
        try:
            import pyarrow.parquet  # noqa: F401 - likewise
        except ModuleNotFoundError as error:
            raise MissingExtraError("Writing Parquet", "report") from error
        self._path, self._source, self._names = path, source, column_names(labels)
        self._rows: list[list[Any]] = []
        with atomic_path(path) as temporary:  # told now, not after an hour of video
            temporary.touch()

    def write(self, result: FrameResult) -> None:
        """Keep one row per face; see ``Sink``."""
        self._rows.extend(face_rows(self._source, result))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        import pyarrow
        from pyarrow import parquet

        kinds = {"source": pyarrow.string(), "expression": pyarrow.string(), "uncertain": pyarrow.bool_()}
        kinds |= dict.fromkeys(("frame", "face", "track_id"), pyarrow.int64())
        schema = pyarrow.schema([(name, kinds.get(name, pyarrow.float64())) for name in self._names])
        columns = [[row[index] for row in self._rows] for index in range(len(self._names))]
        with atomic_path(self._path) as temporary:
            parquet.write_table(pyarrow.table(columns, schema=schema), temporary)


class PicturesSink(Sink):
    """One annotated PNG per result in a folder, named after its source or its number."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._taken: set[str] = set()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(folder, error) from error

    def write(self, result: FrameResult) -> None:
        """Write one picture; see ``Sink``."""
        stem = Path(result.name).stem if result.name else f"frame_{result.index:06d}"
        name = stem
        while name in self._taken:  # two folders may hold pictures of the same name
            name = f"{stem}-{result.index}"
            stem = name
        self._taken.add(name)
        with atomic_path(self._folder / f"{name}.png") as temporary:
            Image.fromarray(draw(result.image, result.faces)).save(temporary, format="PNG")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None


class VideoSink(Sink):
    """An annotated MP4 (MPEG-4 part 2, which OpenCV carries everywhere) with a constant frame rate.

    Args:
        frames_per_second: Of the source; 25 where it does not say.
    """

    def __init__(self, path: Path, frames_per_second: float) -> None:
        self._path = path
        self._frames_per_second = frames_per_second or 25.0
        self._temporary = path.with_name(f".tmp-{os.getpid()}-{path.stem}.mp4")
        self._writer: cv2.VideoWriter | None = None
        self._num_frames = 0
        if path.suffix.lower() != ".mp4":
            raise OutputError(f"{path}: videos are written as MP4. Choose a name that ends in .mp4.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(path, error) from error

    def write(self, result: FrameResult) -> None:
        """Write one frame; see ``Sink``."""
        height, width = result.image.shape[:2]
        if self._writer is None:
            code = cv2.VideoWriter.fourcc(*"mp4v")
            self._writer = cv2.VideoWriter(str(self._temporary), code, self._frames_per_second, (width, height))
            if not self._writer.isOpened():
                raise OutputError(f"{self._path}: cannot be written. Choose another place.")
            self._size_wh = (width, height)
        picture = draw(result.image, result.faces)
        if (width, height) != self._size_wh:
            picture = cv2.resize(picture, self._size_wh, interpolation=cv2.INTER_AREA).astype(picture.dtype, copy=False)
        self._writer.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        self._num_frames += 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._writer is None:
            return
        self._writer.release()
        # OpenCV does not tell when the disk is full.
        written = cv2.VideoCapture(str(self._temporary))
        num_written = int(written.get(cv2.CAP_PROP_FRAME_COUNT))
        written.release()
        if num_written < self._num_frames:
            raise OutputError(f"{self._path}: only {num_written} of {self._num_frames} frames could be written. Free some space.")
        try:
            self._temporary.replace(self._path)
        except OSError as failure:
            raise cannot_write(self._path, failure) from failure
