"""After a crash: from unfinished files to whole ones."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from mien.atomic import cannot_write, free_name
from mien.errors import DataError, MienError, SourceError
from mien.sinks.base import UNFINISHED, is_in_use
from mien.sinks.parquet import JOURNAL_SUFFIX, convert_journal, end_of_last_line

_NAME = re.compile(re.escape(UNFINISHED) + r"[0-9a-f]{8}-(.+)")


@dataclass(frozen=True)
class Recovered:
    """A file that was made of an unfinished one, or why none could be made; the unfinished one is then still there."""

    path: Path
    unfinished: Path
    error: str = ""


def find_unfinished(path: Path) -> list[Path]:
    """Return what a crashed process left of a file, or of any file in a folder, the oldest first; those in use are left alone."""
    folder, wanted = (path, None) if os.path.isdir(path) else (path.parent, path.name)  # noqa: PTH112 - Path.is_dir raises
    try:
        found = [
            candidate
            for candidate in folder.iterdir()
            if _NAME.fullmatch(candidate.name)
            and (wanted is None or target_of(candidate).name == wanted)
            and candidate.is_file()
            and not is_in_use(candidate)
        ]
    except OSError as error:
        raise SourceError(f"{path}: cannot be looked at ({error.strerror}).") from error
    return sorted(found, key=lambda one: one.stat().st_mtime)


def recover(path: Path) -> list[Recovered]:
    """Make whole files of what crashed processes left of ``path``, a file or all in a folder.

    A line cut off in the middle is left out. Where a whole file is there already, the recovered one is put beside it,
    with ``-recovered`` in its name. One that fails does not keep the others back.

    Raises:
        SourceError: nothing is there to recover.
    """
    unfinished = find_unfinished(path)
    if not unfinished:
        where = f"{UNFINISHED}TOKEN-NAME in it" if path.is_dir() else f"{UNFINISHED}TOKEN-{path.name} beside it"
        raise SourceError(f"{path}: nothing to recover. Expected a file named {where}, of a process that has ended.")
    return [_recover_one(one) for one in unfinished]


def target_of(unfinished: Path) -> Path:
    """Return the file that an unfinished one was to become."""
    match = _NAME.fullmatch(unfinished.name)
    return unfinished.with_name((match[1] if match else unfinished.name).removesuffix(JOURNAL_SUFFIX))


def _recover_one(unfinished: Path) -> Recovered:
    target = target_of(unfinished)
    if target.exists():
        target = free_name(target, "recovered")
    try:
        if unfinished.suffix == JOURNAL_SUFFIX:
            convert_journal(unfinished, target)
            unfinished.unlink()
        else:
            _move(unfinished, target)
    except (MienError, OSError) as error:
        return Recovered(target, unfinished, str(error))
    return Recovered(target, unfinished)


def _move(unfinished: Path, target: Path) -> None:
    if target.suffix == ".mp4" and not _plays(unfinished):
        raise DataError(f"{unfinished}: holds no frame that can be played; it was begun and not gone on with. It can be removed.")
    try:
        if target.suffix in (".csv", ".jsonl"):
            with unfinished.open("rb+") as file:
                file.truncate(end_of_last_line(unfinished))
        unfinished.replace(target)
    except OSError as error:
        raise cannot_write(target, error) from error


def _plays(path: Path) -> bool:
    """Say whether a frame of a video can be decoded."""
    import cv2

    capture = cv2.VideoCapture(str(path.absolute()))
    try:
        return capture.read()[0]
    finally:
        capture.release()
