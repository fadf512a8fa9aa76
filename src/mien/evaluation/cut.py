"""Face pictures from a data set that shows more than the face, cut as the pipeline cuts them."""

import csv
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import cv2
import numpy as np

from mien.alignment import AlignmentSpec, face_square
from mien.atomic import atomic_path, cannot_write, write_text
from mien.data.manifest import Manifest, Sample
from mien.detection.catalog import NamedDetector
from mien.errors import SourceError
from mien.evaluation.crops import FaceFinder
from mien.preprocess import PreprocessSpec, cut
from mien.records import read_records
from mien.types import OnProgress, UInt8

TABLE, MISSED = "faces.csv", "no_face.csv"
JOURNAL = "unfinished.jsonl"
"""Which pictures are done, while not all are."""

_Row = tuple[str, ...]


def cut_faces(manifest: Manifest, detect: NamedDetector, out_dir: Path, side: int, on_progress: OnProgress) -> dict[str, Any]:
    """Write the surest face of every picture as a PNG, and a CSV that the data set ``csv`` reads.

    Where an interrupted call with the same detector and side has left off, this one goes on.

    Args:
        side: Of the square pictures, in pixels.
        on_progress: Called with (pictures done, pictures in all).

    Returns:
        ``n``, ``cut`` and ``no_face`` counts; what has no face is listed in no_face.csv.

    Raises:
        SourceError: a picture cannot be read, or no face is found in any.
        OutputError: the folder cannot be written.
    """
    find, spec = FaceFinder(detect), PreprocessSpec("rgb", (side, side), mean=(0.0,) * 3, std=(1.0,) * 3)
    more = tuple(dict.fromkeys(name for sample in manifest.samples for name in _told(sample) if name != "source"))
    rows: list[_Row] = []
    missed: list[_Row] = []
    journal = out_dir / JOURNAL
    done = _resume(journal, {"detector": detect.name, "side": side})
    with journal.open("a", encoding="utf-8", buffering=1) as notes:
        for index, sample in enumerate(manifest.samples):
            name = f"{sample.split}/{_folder_name(sample.label)}/{sample.row:06d}.png"
            source = str(sample.image) if isinstance(sample.image, Path) else f"row {sample.row}"
            row = (name, sample.label, sample.split, sample.subject, source, *(_told(sample).get(column, "") for column in more))
            if row not in done:
                picture, face = find(sample)
                if face is not None:
                    _write_png(out_dir / name, cut(picture, face_square(face, AlignmentSpec()), spec))
                done[row] = face is not None
                _note(notes, row, done[row])
            if done[row]:
                rows.append(row)
            else:
                missed.append((source, *row[1:]))
            on_progress(index + 1, len(manifest))
    if rows:
        _write_rows(out_dir / TABLE, rows, more)
        _write_rows(out_dir / MISSED, missed, more)
    journal.unlink()
    if not rows:
        raise SourceError(f"{manifest.dataset}: no face is found in any of {len(manifest)} pictures. Try another --detector.")
    return {"dataset": manifest.dataset, "n": len(manifest), "cut": len(rows), "no_face": len(missed), "table": str(out_dir / TABLE)}


def _told(sample: Sample) -> Mapping[str, str]:
    """Return what else the data set tells of a sample, by column."""
    return {**({"pose": sample.pose} if sample.pose else {}), **sample.attributes}


def _folder_name(label: str) -> str:
    """Return a label as the name of a folder: anybody's CSV may hold ``../..`` for one."""
    return re.sub(r"[^\w -]", "_", label)


def _resume(journal: Path, settings: dict[str, Any]) -> dict[_Row, bool]:
    """Return whether a face was found, for each picture that an interrupted call with the same settings was done with.

    Writes the journal anew: its last line may be cut off.
    """
    first, *lines = (read_records(journal) if journal.is_file() else []) or [{}]
    known = [settings, *lines] if first == settings else [settings]
    write_text(journal, "".join(json.dumps(line) + "\n" for line in known))
    return {tuple(line["row"]): line["is_found"] for line in known[1:]}


def _note(notes: TextIO, row: _Row, is_found: bool) -> None:
    try:
        notes.write(json.dumps({"row": row, "is_found": is_found}) + "\n")
    except OSError as error:
        raise cannot_write(Path(notes.name), error) from error


def _write_png(path: Path, face_rgb: UInt8) -> None:
    _, content = cv2.imencode(".png", np.ascontiguousarray(face_rgb[..., ::-1]))
    with atomic_path(path) as temporary:
        temporary.write_bytes(content.tobytes())


def _write_rows(path: Path, rows: list[tuple[str, ...]], more: tuple[str, ...]) -> None:
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "split", "subject", "source", *more])
        writer.writerows(rows)
