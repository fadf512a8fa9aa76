"""Readings as plain values: the JSON of the command line and of REST, and the columns of tables."""

from dataclasses import asdict
from typing import Any

from mien.labels import LabelSet
from mien.types import FrameResult, PartReading, Reading

_ROW_HEAD = (
    "source",
    "frame",
    "time_s",
    "face",
    "track_id",
    "x1",
    "y1",
    "x2",
    "y2",
    "detection_confidence",
    "expression",
    "probability",
    "uncertain",
)


def face_values(reading: Reading) -> dict[str, Any]:
    """Return one reading of a still picture as JSON values, which has no identity over time."""
    values = reading.as_dict()
    del values["track_id"]
    return values


def part_values(part: PartReading) -> dict[str, Any]:
    """Return a part as JSON values."""
    return {
        "name": part.name,
        "outline_xy": [[round(float(x), 2), round(float(y), 2)] for x, y in part.outline_xy],
        "evidence": round(part.evidence, 6),
        "expression": part.expression,
        "probability": round(part.probability, 6),
        "scores": {label: round(float(score), 6) for label, score in zip(part.labels, part.scores, strict=True)},
        "accuracy": round(part.accuracy, 4),
    }


def _with_parts(faces: list[dict[str, Any]], result: FrameResult) -> list[dict[str, Any]]:
    """Add to the values of a result's faces those of their parts, where they were read."""
    for values, parts in zip(faces, result.parts, strict=bool(result.parts)):
        values["parts"] = [part_values(part) for part in parts]
    return faces


def picture_values(source: str, result: FrameResult) -> dict[str, Any]:
    """Return the readings of one picture as JSON values."""
    height, width = result.image.shape[:2]
    faces = _with_parts([face_values(face) for face in result.faces], result)
    return {"source": source, "width": width, "height": height, "faces": faces}


def event_values(result: FrameResult) -> list[dict[str, Any]]:
    """Return what happened in a frame as JSON values."""
    return [{**asdict(event), "time_s": round(event.time_s, 6)} for event in result.events]


def frame_values(source: str, result: FrameResult) -> dict[str, Any]:
    """Return the readings of one frame of a stream as JSON values, with what happened in it and the frames that were lost before it."""
    faces = _with_parts([face.as_dict() for face in result.faces], result)
    head = {"source": result.name or source, "frame": result.index, "time_s": round(result.time_s, 6)}
    return {**head, "faces": faces, "events": event_values(result), "dropped": result.num_dropped}


def column_names(labels: LabelSet) -> list[str]:
    """Return the columns of a table of readings."""
    return [*_ROW_HEAD, *(f"score_{label}" for label in labels)]


def frame_rows(source: str, result: FrameResult, labels: LabelSet) -> list[list[Any]]:
    """Return one row per face of a frame, in the order of ``column_names``; a frame without faces has one, with face -1."""
    head = [result.name or source, result.index, round(result.time_s, 6)]
    if not result.faces:
        num_empty = len(column_names(labels)) - len(head) - 2
        return [[*head, -1, -1, *[None] * num_empty]]
    return [[*head, number, *face.as_row().values()] for number, face in enumerate(result.faces)]
