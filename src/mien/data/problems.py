"""Everything that is wrong with a data set, gathered first and told at once."""

from collections.abc import Iterable

from mien.errors import DataError


class Problems:
    """What a loader found wrong, one line each, with file and row."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, line: str) -> None:
        """Keep one problem, such as ``"labels.csv, line 3: expected ..., got ..."``."""
        self.lines.append(line)

    def extend(self, lines: Iterable[str]) -> None:
        """Keep several problems."""
        self.lines.extend(lines)

    def raise_if_any(self, dataset: str) -> None:
        """Tell all problems.

        Raises:
            DataError: there are problems; its ``problems`` holds them all, its message the first one.
        """
        if len(self.lines) == 1:
            raise DataError(self.lines[0], self.lines)
        if self.lines:
            raise DataError(f"{dataset}: {len(self.lines)} problems in the data. The first: {self.lines[0]}", self.lines)
