"""Records: results with everything needed to believe them, one JSON object per line, append-only."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mien import environment
from mien.atomic import cannot_write


def append_record(path: Path, kind: str, values: dict[str, Any]) -> None:
    """Append one record: kind, time, values, environment.

    Raises:
        OutputError: the file cannot be written.
    """
    time = datetime.now(UTC).isoformat(timespec="seconds")
    append_line(path, {"kind": kind, "time": time, **values, "environment": environment.describe_environment()})


def append_line(path: Path, values: dict[str, Any]) -> None:
    """Append one JSON object to a file of lines, which may end in what a killed process left of one.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _cut_unfinished_line(path)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")
    except OSError as error:
        raise cannot_write(path, error) from error


def read_records(path: Path) -> list[dict[str, Any]]:
    """Return the records of a file, oldest first; a last line that was cut off in writing is no record."""
    finished = path.read_text(encoding="utf-8").rpartition("\n")[0]
    return [json.loads(line) for line in finished.splitlines() if line.strip()]


def _cut_unfinished_line(path: Path) -> None:
    """Remove what a killed process or a full disk left of a record; finished lines stay."""
    if not path.is_file():
        return
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        os.truncate(path, content.rfind(b"\n") + 1)
