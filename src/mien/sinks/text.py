"""Tables as text: JSON lines and CSV. What is written is with the system at once, so a killed process loses nothing of it."""

import csv
import io
import json
from abc import abstractmethod
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from mien.atomic import cannot_write
from mien.labels import LabelSet
from mien.serialize import column_names, frame_rows, frame_values
from mien.sinks.base import Sink, Unfinished
from mien.types import FrameResult


class TextSink(Sink):
    """A text file that is moved to its name when it closes.

    Args:
        source: Name of the source, for frames that have none of their own.
        labels: Of the scores.

    Raises:
        OutputError: it cannot be written.
    """

    suffix = ""
    """Of the name until the file is whole."""
    unknown_characters = "surrogateescape"
    """What becomes of names of files that are not UTF-8: here, the bytes they have."""

    def __init__(self, path: Path, source: str, labels: LabelSet) -> None:
        self._path, self._source, self._labels = path, source, labels
        self._is_whole = True
        self._unfinished = Unfinished(path, self.suffix)
        try:
            self._file: BinaryIO = self._unfinished.path.open("wb", buffering=0)
        except OSError as error:
            raise cannot_write(path, error) from error
        self._append(self.head())

    def head(self) -> str:
        """Return what stands before the first result."""
        return ""

    @abstractmethod
    def text_of(self, result: FrameResult) -> str:
        """Return the lines of one result."""

    def write(self, result: FrameResult) -> None:
        """Write one result; see ``Sink``."""
        self._append(self.text_of(result))

    def _append(self, text: str) -> None:
        rest = memoryview(text.encode(errors=self.unknown_characters))
        try:
            while rest:  # an unbuffered write may take only a part
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self._is_whole = False
            raise cannot_write(self._path, error) from error

    def discard(self) -> None:
        """Remove the file; see ``Sink``."""
        self._file.close()
        self._unfinished.remove()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self._file.close()
            if self._is_whole and kind is None:
                self.finish(self._unfinished)
            else:
                self._unfinished.leave()
        except OSError as failure:
            raise cannot_write(self._path, failure) from failure
        finally:
            self._unfinished.release()

    def finish(self, unfinished: Unfinished) -> None:
        """Make the file of what was written."""
        unfinished.move_into_place()


class JsonLinesSink(TextSink):
    """One JSON object per frame and line, frames without faces included."""

    def text_of(self, result: FrameResult) -> str:
        """Return one line."""
        return json.dumps(frame_values(self._source, result)) + "\n"


class CsvSink(TextSink):
    """One row per face, with a header; a frame without faces has one row, whose face is -1."""

    def head(self) -> str:
        """Return the header."""
        return _csv_lines([column_names(self._labels)])

    def text_of(self, result: FrameResult) -> str:
        """Return the rows of one frame."""
        return _csv_lines(frame_rows(self._source, result, self._labels))


def _csv_lines(rows: list[list[object]] | list[list[str]]) -> str:
    return "".join(_csv_line(row) for row in rows)


def _csv_line(row: list[object] | list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(row)  # with its own line end, so that one of either kind inside a value is quoted
    return text.getvalue().removesuffix("\r\n") + "\n"
