"""What a sink is, and a file that is not finished."""

import logging
import sys
from abc import abstractmethod
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from mien.atomic import cannot_write, replaceable
from mien.locks import lock
from mien.types import FrameResult

log = logging.getLogger("mien")

UNFINISHED = ".mien-"
"""What names of unfinished files begin with; a token and the file's own name follow."""


class Sink(AbstractContextManager["Sink"]):
    """Takes the results of a stream, one by one."""

    one_file_per_result = False
    """Where one fails, others may do; any other sink is of no more use."""

    @abstractmethod
    def write(self, result: FrameResult) -> None:
        """Take one result.

        Raises:
            OutputError: it cannot be written.
        """

    def discard(self) -> None:
        """Leave nothing behind, in place of closing; for a sink that has taken no result."""


def open_all(openers: Iterable[Callable[[], Sink]]) -> list[Sink]:
    """Open sinks; where one cannot be opened, nothing is left of those before it.

    Raises:
        OutputError: one cannot be written.
    """
    sinks: list[Sink] = []
    try:
        for open_sink in openers:
            sinks.append(open_sink())  # noqa: PERF401 - those before one that fails must be known
    except BaseException:
        for sink in sinks:
            sink.discard()
        raise
    return sinks


class Unfinished:
    """A new file beside ``path`` until it is whole, locked as long as this process lives, so that nobody takes it for a crash's.

    The token is drawn, since in containers every run has the same process number. Makes the folder.

    Raises:
        OutputError: it cannot be made.
    """

    def __init__(self, path: Path, suffix: str = "") -> None:
        self._target = replaceable(path)
        self.path = self._target.with_name(f"{UNFINISHED}{token_hex(4)}-{self._target.name}{suffix}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock: BinaryIO | None = self.path.open("xb")
        except OSError as error:
            raise cannot_write(path, error) from error
        if not lock(self._lock):
            self.release()

    def move_into_place(self) -> None:
        """Give the finished file its own name.

        Raises:
            OutputError: it cannot be moved.
        """
        self.release()
        try:
            self.path.replace(self._target)
        except OSError as error:
            raise cannot_write(self._target, error) from error

    def remove(self) -> None:
        """Leave nothing behind."""
        self.release()
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def leave(self) -> None:
        """Keep what was written of a file that did not become whole, and say so; an older file of its name stays as it is."""
        self.release()
        log.warning("%s: did not become whole; `mien recover` makes a file of what was written.", self._target)

    def release(self) -> None:
        """Give up the lock; what is not moved or removed stays for ``mien recover``."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def is_in_use(unfinished: Path) -> bool:
    """Say whether a process still holds an unfinished file."""
    with unfinished.open("rb") as file:
        return sys.platform != "win32" and not lock(file)
