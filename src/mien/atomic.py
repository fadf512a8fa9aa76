"""Files that are either whole or absent: written under a temporary name, then moved into place."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from mien.errors import OutputError


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; move it there on success, remove it on failure.

    The temporary name keeps the suffixes, since some writers choose the format by them, and holds a drawn token: threads share a process
    number, and containers with one folder do, too. A link is written through.

    Raises:
        OutputError: the folder cannot be written, the disk is full, or the path is a device or a pipe.
    """
    target = replaceable(path)
    temporary = target.with_name(f".tmp-{token_hex(4)}-{target.name}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(target)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def replaceable(path: Path) -> Path:
    """Return the place to write when ``path`` is to be replaced: where links lead to.

    Raises:
        OutputError: it is neither a file nor absent; a device must not become a file.
    """
    try:
        place = Path(os.path.realpath(path))
        if place.exists() and not place.is_file():
            raise OutputError(f"{path}: is no regular file, so it cannot be replaced by one. Choose another name.")
    except OSError as error:
        raise cannot_write(path, error) from error
    return place


def check_folder(folder: Path) -> None:
    """Make sure, before the work, that files can be written into a folder; makes it.

    Raises:
        OutputError: they cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise cannot_write(folder, error) from error


def free_name(path: Path, word: str) -> Path:
    """Return a name beside ``path`` that nothing has: with ``-word`` behind its stem, and a number where that is taken."""
    name, number = path.with_name(f"{path.stem}-{word}{path.suffix}"), 2
    while name.exists():
        name = path.with_name(f"{path.stem}-{word}{number}{path.suffix}")
        number += 1
    return name


def cannot_write(path: Path, error: OSError) -> OutputError:
    """Return the error that tells a person why a file cannot be written."""
    return OutputError(f"{path}: cannot be written ({error.strerror or error}). Choose another place, or free some space.")


def write_text(path: Path, text: str) -> None:
    """Write a whole text file, atomically.

    Raises:
        OutputError: the folder cannot be written, or the disk is full.
    """
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
