"""The errors mien raises on purpose.

    MienError
    ├── SourceError         a picture, video or camera cannot be read
    │   ├── TooLargeError   it has more pixels than allowed
    │   └── TooSmallError   it has too few for a face
    ├── DataError           a data set on disk is not what its format says
    ├── ConfigError         a recipe, card or option holds a wrong value
    │   └── DivergedError   its training left the numbers
    ├── UnknownNameError    a name is not in a catalog
    ├── ModelFileError      a model file is missing, foreign or forged
    ├── MissingExtraError   an optional package is not installed
    └── OutputError         a result cannot be written

Each message says what happened, what was expected and how to mend it, in one line. The command line
prints that line and exits with status 2.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

_MAX_NAMES = 12
"""A message names so many at most where a command lists them all."""


class MienError(Exception):
    """Base of every error that a caller can mend."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and unpickle without the constructor, which may take other arguments than the message; pools of processes need it."""
        return _restore, (type(self), self.args, self.__dict__)


def _restore(kind: type[MienError], args: tuple[Any, ...], attributes: dict[str, Any]) -> MienError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


class SourceError(MienError):
    """A picture, video, folder or camera cannot be read."""


class TooLargeError(SourceError):
    """A picture has more pixels than allowed."""


class TooSmallError(SourceError):
    """A picture has too few pixels for a face."""


class DataError(MienError):
    """A data set on disk does not hold what its format promises."""

    def __init__(self, message: str, problems: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)
        """All that is wrong, one line each, with file and row; empty where the message says everything."""


class ConfigError(MienError):
    """A recipe, card or option holds a wrong value."""


class DivergedError(ConfigError):
    """Training left the numbers: the recipe's rate is too high for it."""


class UnknownNameError(MienError):
    """A name is not in a catalog."""

    def __init__(self, kind: str, name: str, known: Iterable[str], listing: str = "") -> None:
        names = sorted(set(known))
        close = get_close_matches(name, names, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else f" Known: {', '.join(names)}."
        if listing and not close and len(names) > _MAX_NAMES:
            hint = ""
        more = f" `{listing}` lists all." if listing else ""
        super().__init__(f"{kind} {name!r} is unknown.{hint}{more}")


class ModelFileError(MienError):
    """A model file is missing, foreign, damaged or not the one that was asked for."""


class MissingExtraError(MienError):
    """An optional package is needed and not installed."""

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(
            f"{purpose} needs packages that are not installed. Install the extra {extra!r}; in mien's folder: pip install '.[{extra}]'"
        )


class OutputError(MienError):
    """A result cannot be written."""
