"""Face pictures from a data set that shows more than the face, cut as the pipeline cuts them."""

import csv
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mien.alignment import AlignmentSpec, face_square
from mien.atomic import atomic_path
from mien.data.manifest import Manifest
from mien.errors import SourceError
from mien.evaluation.crops import FaceFinder
from mien.preprocess import PreprocessSpec, cut
from mien.types import Detector, OnProgress, UInt8

TABLE, MISSED = "faces.csv", "no_face.csv"


def cut_faces(manifest: Manifest, detect: Detector, out_dir: Path, side: int, on_progress: OnProgress) -> dict[str, Any]:
    """Write the surest face of every picture as a PNG, and a CSV that the data set ``csv`` reads.

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
    more = tuple(dict.fromkeys(name for sample in manifest.samples for name in sample.attributes if name != "source"))
    rows: list[tuple[str, ...]] = []
    missed: list[tuple[str, ...]] = []
    for index, sample in enumerate(manifest.samples):
        name = f"{sample.split}/{sample.label}/{sample.row:06d}.png"
        source = str(sample.image) if isinstance(sample.image, Path) else f"row {sample.row}"
        row = (name, sample.label, sample.split, sample.subject, source, *(sample.attributes.get(column, "") for column in more))
        picture, face = find(sample)
        if face is None:
            missed.append((source, *row[1:]))
        else:
            _write_png(out_dir / name, cut(picture, face_square(face, AlignmentSpec()), spec))
            rows.append(row)
        on_progress(index + 1, len(manifest))
    if not rows:
        raise SourceError(f"{manifest.dataset}: no face is found in any of {len(manifest)} pictures. Try another --detector.")
    _write_rows(out_dir / TABLE, rows, more)
    _write_rows(out_dir / MISSED, missed, more)
    return {"dataset": manifest.dataset, "n": len(manifest), "cut": len(rows), "no_face": len(missed), "table": str(out_dir / TABLE)}


def _write_png(path: Path, face_rgb: UInt8) -> None:
    _, content = cv2.imencode(".png", np.ascontiguousarray(face_rgb[..., ::-1]))
    with atomic_path(path) as temporary:
        temporary.write_bytes(content.tobytes())


def _write_rows(path: Path, rows: list[tuple[str, ...]], more: tuple[str, ...]) -> None:
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "split", "subject", "source", *more])
        writer.writerows(rows)
