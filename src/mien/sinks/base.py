"""What a sink is, and the name of a file that is not finished."""

import os
from abc import abstractmethod
from contextlib import AbstractContextManager
from pathlib import Path

from mien.atomic import cannot_write
from mien.types import FrameResult


class Sink(AbstractContextManager["Sink"]):
    """Takes the results of a stream, one by one."""

    @abstractmethod
    def write(self, result: FrameResult) -> None:
        """Take one result.

        Raises:
            OutputError: it cannot be written.
        """


def unfinished_path(path: Path) -> Path:
    """Return the name of a file while it is written, beside its own name; makes the folder.

    Raises:
        OutputError: the folder cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    return path.with_name(f".tmp-{os.getpid()}-{path.name}")


def move_into_place(unfinished: Path, path: Path) -> None:
    """Give a finished file its own name.

    Raises:
        OutputError: it cannot be moved.
    """
    try:
        unfinished.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
