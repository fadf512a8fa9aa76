"""Files that a person asks for: the annotated picture, and the readings as CSV, one file per model."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from PIL import Image

from mien.apps.gui.readers import View
from mien.atomic import atomic_path, cannot_write
from mien.errors import OutputError
from mien.overlay import draw
from mien.sinks.text import CsvSink
from mien.types import PartReading

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg")


def save_picture(path: Path, view: View, parts: Sequence[PartReading] = ()) -> Path:
    """Write the picture with boxes, labels and the outlines of parts; return its path.

    Raises:
        OutputError: it cannot be written, or would replace the picture it shows.
    """
    if not path.suffix:
        path = path.with_suffix(".png")
    if path.suffix.lower() not in PICTURE_SUFFIXES:
        raise OutputError(f"{path.name}: annotated pictures are written as PNG or JPEG. Choose a name that ends in .png or .jpg.")
    _refuse_source(path, view)
    canvas = draw(view.result.image, view.result.faces, [parts])
    with atomic_path(path) as temporary:
        Image.fromarray(canvas).save(temporary, quality=95)
    return path


def save_snapshot(folder: Path, view: View, parts: Sequence[PartReading], time: datetime) -> Path:
    """Write the annotated frame under a name of its own; return its path.

    Raises:
        OutputError: it cannot be written.
    """
    name = f"mien-{time:%Y%m%d-%H%M%S}"
    path, number = folder / f"{name}.png", 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}.png"
    return save_picture(path, view, parts)


class Recording:
    """Readings written as they come, from any thread; complete once it is closed.

    Args:
        path: Of the first model's readings; further models' titles are added to its name.

    Raises:
        OutputError: a file cannot be written.
    """

    def __init__(self, path: Path, view: View) -> None:
        if not path.suffix:
            path = path.with_suffix(".csv")
        _refuse_source(path, view)
        self.paths = _names(path, view)
        self._lock = threading.Lock()
        self._sinks: list[CsvSink] = []
        try:
            for name, column in zip(self.paths, view.columns, strict=True):
                self._sinks.append(CsvSink(name, view.name, column.labels))
        except OutputError:
            self.close()
            raise

    def write(self, view: View) -> None:
        """Write one frame; after ``close`` nothing.

        Raises:
            OutputError: it cannot be written.
        """
        with self._lock:
            for sink, column in zip(self._sinks, view.columns, strict=False):
                sink.write(replace(view.result, faces=column.readings))

    def close(self) -> None:
        """Finish the files; more than once does no harm.

        Raises:
            OutputError: one cannot be finished.
        """
        with self._lock:
            sinks, self._sinks = self._sinks, []
            errors = []
            for sink in sinks:
                try:
                    sink.__exit__(None, None, None)
                except OutputError as error:
                    errors.append(error)
        if errors:
            raise errors[0]


def save_readings(path: Path, view: View) -> tuple[Path, ...]:
    """Write the readings of one picture; return the files, one per model.

    Raises:
        OutputError: one cannot be written.
    """
    recording = Recording(path, view)
    try:
        recording.write(view)
    finally:
        recording.close()
    return recording.paths


def _names(path: Path, view: View) -> tuple[Path, ...]:
    """Return a different name for each model, even where two bundles are called the same."""
    names = [path]
    for number, column in enumerate(view.columns[1:], 2):
        name = path.with_stem(f"{path.stem}-{column.title.replace(' ', '-')}")
        names.append(name if name not in names else name.with_stem(f"{name.stem}-{number}"))
    return tuple(names)


def _refuse_source(path: Path, view: View) -> None:
    try:
        is_source = path.exists() and path.samefile(view.name)
    except FileNotFoundError:  # a camera has no file
        return
    except OSError as error:
        raise cannot_write(path, error) from error
    if is_source:
        raise OutputError(f"{path}: is the source itself. Choose another name.")
