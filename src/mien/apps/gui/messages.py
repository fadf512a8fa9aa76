"""The line that tells a person what is going on."""

import logging
from dataclasses import dataclass
from typing import Literal

from mien.errors import MienError

log = logging.getLogger("mien")
Tone = Literal["note", "warning", "error"]


@dataclass(frozen=True)
class Message:
    """A line for a person."""

    text: str
    tone: Tone = "note"


class Board:
    """Holds the newest message."""

    def __init__(self, text: str) -> None:
        self.message = Message(text)

    def tell(self, text: str, tone: Tone = "note") -> None:
        """Show a line."""
        self.message = Message(" ".join(text.split()), tone)

    def fail(self, text: str) -> None:
        """Show what went wrong."""
        self.tell(text, "error")


def describe(error: BaseException) -> str:
    """Return the one line that a window shows of an error; our own mistakes are logged with their traceback."""
    if isinstance(error, MienError):
        return str(error)
    log.debug("Internal error", exc_info=error)
    return f"Internal error: {type(error).__name__}: {error}. Please report it, with what `mien --debug gui` shows."
