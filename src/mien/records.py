"""Records: results with everything needed to believe them, one JSON object per line, append-only."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mien import environment
from mien.atomic import cannot_write
from mien.errors import ConfigError


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
        ConfigError: it is there, and holds no records.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _end_last_line(path)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")
    except OSError as error:
        raise cannot_write(path, error) from error


def read_records(path: Path) -> list[dict[str, Any]]:
    """Return the records of a file, oldest first; a last line that was cut off in writing is no record.

    Raises:
        ConfigError: it holds something else than JSON objects, one per line.
    """
    content = path.read_bytes()
    lines = content.split(b"\n")
    if not _is_record(lines[-1]):  # nothing, or cut off
        lines.pop()
    records = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            if not _is_record(line):
                raise ConfigError(f"{path}, line {number}: expected a JSON object per line, got {line[:40]!r}.")
            records.append(json.loads(line))
    return records


def _is_record(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:  # bytes that are no text among them
        return False


def check_place(path: Path) -> None:
    """Make sure, before the work, that records can be appended to a file.

    Raises:
        OutputError: it cannot be written.
        ConfigError: it is there, and holds no records.
    """
    is_new = not path.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _check_last_line(path)
        with path.open("a"):
            pass
        if is_new:
            path.unlink()
    except OSError as error:
        raise cannot_write(path, error) from error


def _check_last_line(path: Path) -> bytes:
    """Return what stands behind the last line end of a file of records; nothing where there is no file.

    Raises:
        ConfigError: it holds something else.
    """
    if not path.is_file():
        return b""
    content = path.read_bytes()
    rest = content[content.rfind(b"\n") + 1 :]
    last = rest or next((line for line in reversed(content.splitlines()) if line.strip()), b"{")
    if not (_is_record(last) or last.startswith(b"{")):
        raise ConfigError(f"{path}: holds no records. Expected a file that --record wrote, or a new name.")
    return rest


def _end_last_line(path: Path) -> None:
    """Remove what a killed process or a full disk left of a record; finished lines stay, also one without its line end.

    Raises:
        ConfigError: the file holds no records.
    """
    rest = _check_last_line(path)
    if _is_record(rest):
        with path.open("ab") as file:
            file.write(b"\n")
    elif rest:
        os.truncate(path, path.stat().st_size - len(rest))
