"""Finding and reading the files that data sets come with."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from mien.errors import DataError

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".webp", ".tif", ".tiff"})


def pictures_in(folder: Path, deep: bool = False) -> list[Path]:
    """Return the pictures of a folder, sorted by path; with ``deep`` those of its folders too. Hidden files are no pictures."""
    paths = folder.rglob("*") if deep else folder.glob("*")
    return sorted(path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith("."))


def folder_named(parent: Path, name: str) -> Path | None:
    """Return the folder of that name, whatever its case."""
    return next((folder for folder in folders_in(parent) if folder.name.lower() == name), None)


def folders_in(folder: Path) -> list[Path]:
    """Return the folders of a folder that are not hidden, sorted by name."""
    return sorted(path for path in folder.glob("*") if path.is_dir() and not path.name.startswith((".", "__MACOSX")))


def first_existing(*paths: Path) -> Path | None:
    """Return the first of the places that exists."""
    return next((path for path in paths if path.exists()), None)


@contextmanager
def open_csv(path: Path) -> Iterator[TextIO]:
    """Open a CSV, with or without a byte order mark.

    Raises:
        DataError: the file is missing or no text; also for what the caller's CSV reader trips over.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            yield file
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as CSV ({error}). Expected plain UTF-8 text.") from error


def read_rows(
    path: Path, columns: Sequence[str], header: Sequence[str] = (), optional: Sequence[str] = ()
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield place ("file, line N") and cells by column of every row; cells that a short row lacks are empty, blank lines are passed by.

    Between cells stand commas, semicolons or tabs.

    Args:
        columns: The file must have these, whatever their case; it may have more.
        header: Column names of a file whose first line may already be data.
        optional: Further columns whose case does not matter.

    Raises:
        DataError: no readable CSV, or columns are missing.
    """
    with open_csv(path) as file:
        line = file.readline()
        file.seek(0)
        reader = csv.reader(file, delimiter=max(",;\t", key=line.count))
        known = {name.lower(): name for name in (*columns, *optional)}
        first = [known.get(name.strip().lower(), name.strip()) for name in next(reader, [])]
        names = list(header) if header and first[:1] != list(header)[:1] else first
        missing = [name for name in columns if name not in names]
        if missing:
            raise DataError(f"{path}, line 1: missing the columns {', '.join(missing)}. Expected a header with {', '.join(columns)}.")
        if names is not first:
            yield f"{path}, line 1", _by_name(names, first)
        for cells in reader:
            if any(cells):
                yield f"{path}, line {reader.line_num}", _by_name(names, cells)


def _by_name(names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    return {name: cells[index].strip() if index < len(cells) else "" for index, name in enumerate(names)}
