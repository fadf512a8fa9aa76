"""After a crash: from unfinished files to whole ones."""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from mien.errors import SourceError
from mien.sinks.base import move_into_place
from mien.sinks.parquet import JOURNAL_SUFFIX, convert_journal, end_of_last_line

_NAME = re.compile(r"\.tmp-(\d+)-(.+)")


@dataclass(frozen=True)
class Recovered:
    """A file that was made of an unfinished one."""

    path: Path
    unfinished: Path


def find_unfinished(path: Path) -> list[Path]:
    """Return what a crashed process left of a file, or of any file in a folder, the oldest first; running ones are left alone."""
    folder, wanted = (path, None) if path.is_dir() else (path.parent, path.name)
    found = []
    for candidate in folder.glob(".tmp-*"):
        match = _NAME.fullmatch(candidate.name)
        if match and not _is_running(int(match[1])) and (wanted is None or target_of(candidate).name == wanted):
            found.append(candidate)
    return sorted(found, key=lambda one: one.stat().st_mtime)


def recover(path: Path) -> list[Recovered]:
    """Make whole files of what crashed processes left of ``path``, a file or all in a folder.

    A line cut off in the middle is left out. Where a whole file is there already, the recovered one is put beside it,
    with ``-recovered`` in its name.

    Raises:
        SourceError: nothing is there to recover.
        OutputError: a file cannot be written.
        DataError: an unfinished table is damaged.
    """
    unfinished = find_unfinished(path)
    if not unfinished:
        raise SourceError(
            f"{path}: nothing to recover. Expected a file named .tmp-PROCESS-{path.name} beside it, of a process that has ended."
        )
    return [Recovered(_recover_one(one), one) for one in unfinished]


def target_of(unfinished: Path) -> Path:
    """Return the file that an unfinished one was to become."""
    match = _NAME.fullmatch(unfinished.name)
    name = match[2] if match else unfinished.name
    return unfinished.with_name(name.removesuffix(JOURNAL_SUFFIX) if name.endswith(f".parquet{JOURNAL_SUFFIX}") else name)


def _recover_one(unfinished: Path) -> Path:
    target = _free_name(target_of(unfinished))
    if target.suffix == ".parquet":
        convert_journal(unfinished, target)
        unfinished.unlink()
        return target
    if target.suffix in (".csv", ".jsonl"):
        with unfinished.open("rb+") as file:
            file.truncate(end_of_last_line(unfinished))
    move_into_place(unfinished, target)
    return target


def _free_name(path: Path) -> Path:
    name, number = path, 1
    while name.exists():
        name = path.with_name(f"{path.stem}-recovered{number if number > 1 else ''}{path.suffix}")
        number += 1
    return name


def _is_running(process: int) -> bool:
    if sys.platform == "win32":  # where asking would end it, and files in use cannot be moved anyway
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True
