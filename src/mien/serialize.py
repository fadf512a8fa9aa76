"""Readings as plain values: the JSON of the command line and of REST, and the columns of tables."""

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


def face_values(reading: Reading, labels: LabelSet) -> dict[str, Any]:
    """Return one reading as JSON values."""
    return {
        "box_xyxy": [round(float(value), 2) for value in reading.box_xyxy],
        "landmarks_xy": [[round(float(x), 2), round(float(y), 2)] for x, y in reading.landmarks_xy],
        "detection_confidence": round(reading.detection_confidence, 6),
        "expression": reading.expression,
        "probability": round(reading.probability, 6),
        "uncertain": reading.uncertain,
        "scores": {label: round(float(score), 6) for label, score in zip(labels, reading.scores, strict=True)},
    }


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


def _faces_values(result: FrameResult, labels: LabelSet) -> list[dict[str, Any]]:
    """Return the faces of a result, with their parts where those were read."""
    faces = [face_values(face, labels) for face in result.faces]
    for values, parts in zip(faces, result.parts, strict=bool(result.parts)):
        values["parts"] = [part_values(part) for part in parts]
    return faces


def picture_values(source: str, result: FrameResult, labels: LabelSet) -> dict[str, Any]:
    """Return the readings of one picture as JSON values."""
    height, width = result.image.shape[:2]
    return {"source": source, "width": width, "height": height, "faces": _faces_values(result, labels)}


def frame_values(source: str, result: FrameResult, labels: LabelSet) -> dict[str, Any]:
    """Return the readings of one frame of a stream as JSON values."""
    faces = [{"track_id": face.track_id, **values} for face, values in zip(result.faces, _faces_values(result, labels), strict=True)]
    return {"source": result.name or source, "frame": result.index, "time_s": round(result.time_s, 6), "faces": faces}


def column_names(labels: LabelSet) -> list[str]:
    """Return the columns of a table of readings."""
    return [*_ROW_HEAD, *(f"score_{label}" for label in labels)]


def frame_rows(source: str, result: FrameResult, labels: LabelSet) -> list[list[Any]]:
    """Return one row per face of a frame, in the order of ``column_names``; a frame without faces has one, with face -1."""
    head = [result.name or source, result.index, round(result.time_s, 6)]
    if not result.faces:
        num_empty = len(column_names(labels)) - len(head) - 2
        return [[*head, -1, -1, *[None] * num_empty]]
    return [[*head, number, *_face_cells(face)] for number, face in enumerate(result.faces)]


def _face_cells(face: Reading) -> list[Any]:
    return [
        face.track_id,
        *(round(float(value), 2) for value in face.box_xyxy),
        round(face.detection_confidence, 6),
        face.expression,
        round(face.probability, 6),
        face.uncertain,
        *(round(float(score), 6) for score in face.scores),
    ]
