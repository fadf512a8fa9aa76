"""The eyes, the nose and the mouth by themselves: where they are, and what each says of the expression.

Paper 004 shows a reading for each part and does not say how it is made. Two honest answers are given here:
*evidence*, how much the face's probability falls when the part is hidden, by the network that read the face; and *part alone*, what a
network that was trained on single parts says when it sees nothing else.
"""

import logging
import threading
from collections.abc import Callable

import numpy as np

from mien.alignment import cut_face, face_square
from mien.card import Bundle, open_shipped
from mien.covering import Box, hide, keep, part_box
from mien.detection.mesh import OUTLINES, FaceMesh
from mien.errors import ModelFileError, OutputError
from mien.pictures import PictureSource, read_picture
from mien.pipeline import HasPipeline
from mien.preprocess import Square
from mien.runtime.classifier import BundleClassifier
from mien.types import Classifier, Face, Float, PartReading, Reading, UInt8

log = logging.getLogger("mien")

PART_NAMES = ("right_eye", "left_eye", "nose", "mouth")
"""The person's own right and left."""
PARTS_BUNDLE, PARTS_FILE = "mien_s_parts", "int8"
FILLS = (64, 128, 192)
"""Grey levels that hide; answers are averaged over them, since none is neutral to a network."""


class PartReader:
    """Reads the parts of faces that a recogniser has read. Threads may share one: they take turns.

    Args:
        recognizer: The one whose readings are taken apart.
        threads: CPU threads of each network.
        may_fetch: Whether the mesh's file may be downloaded; without it the detector's points serve, which a line says.

    Raises:
        ModelFileError: the network of single parts is damaged.
    """

    def __init__(self, recognizer: HasPipeline, threads: int = 1, may_fetch: bool = True) -> None:
        self._pipeline = recognizer.pipeline
        self._turn = threading.Lock()
        self._bundle: Bundle = open_shipped(PARTS_BUNDLE)
        self._classify_parts = BundleClassifier(self._bundle, PARTS_FILE, threads)
        self._mesh: FaceMesh | None = None
        try:
            self._mesh = FaceMesh(threads=threads, may_fetch=may_fetch)
        except (ModelFileError, OutputError) as error:
            log.warning("Parts are placed by the detector's points, without the face mesh. %s", error)

    def __call__(self, picture: PictureSource, reading: Reading) -> tuple[PartReading, ...]:
        """Return one reading per part of a face, in the order of ``PART_NAMES``.

        Args:
            picture: That the face was read in: path or bytes of a file, array (H, W, 3) RGB or (H, W) grey in uint8, or PIL picture.

        Raises:
            SourceError: the picture cannot be read.
        """
        image = read_picture(picture)
        with self._turn:
            return self._read(image, reading)

    def _read(self, image: UInt8, reading: Reading) -> tuple[PartReading, ...]:
        face = Face(reading.box_xyxy, reading.landmarks_xy, reading.detection_confidence)
        square = face_square(face, self._pipeline.alignment)
        outlines = locate_parts(self._mesh(image, face) if self._mesh else None, face, square)
        boxes = {name: part_box(name, middle(to_fractions(outline, square))) for name, outline in outlines.items()}
        crop = cut_face(image, face, self._pipeline.alignment, self._pipeline.preprocess)
        evidence = self._evidence(crop, boxes, reading.expression)
        card = self._bundle.card
        own_crop = cut_face(image, face, card.alignment, card.preprocess)
        alone = [average_over_fills(self._classify_parts, own_crop, boxes[name], keep) for name in PART_NAMES]
        return tuple(
            PartReading(
                name=name,
                outline_xy=outlines[name],
                evidence=evidence[name],
                expression=card.labels[int(scores.argmax())],
                probability=float(scores.max()),
                scores=scores,
                labels=card.labels,
                accuracy=part_accuracy(self._bundle, name),
            )
            for name, scores in zip(PART_NAMES, alone, strict=True)
        )

    def _evidence(self, crop: UInt8, boxes: dict[str, Box], expression: str) -> dict[str, float]:
        column = self._pipeline.labels.index(expression)
        whole = float(self._pipeline.classify([crop])[0, column])
        return {name: whole - float(average_over_fills(self._pipeline.classify, crop, box, hide)[column]) for name, box in boxes.items()}


def locate_parts(mesh_xy: Float | None, face: Face, square: Square) -> dict[str, Float]:
    """Return the outline of every part, (M, 2) in pixels of the picture.

    Args:
        mesh_xy: (468, 2) points of the mesh; None takes boxes around the detector's points.
        square: That the face is cut by; it gives the boxes their size and turn.
    """
    if mesh_xy is not None:
        return {name: mesh_xy[list(OUTLINES[name])] for name in PART_NAMES}
    outlines = {}
    for name, point in zip(PART_NAMES, face.landmarks_xy, strict=True):
        left, top, right, bottom = part_box(name, to_fractions(point[np.newaxis], square)[0])
        outlines[name] = from_fractions(np.array([[left, top], [right, top], [right, bottom], [left, bottom]]), square)
    return outlines


def middle(points: Float) -> Float:
    """Return the middle (2,) of the upright box around (M, 2) points."""
    center: Float = (points.min(axis=0) + points.max(axis=0)) / 2
    return center


def to_fractions(points_xy: Float, square: Square) -> Float:
    """Turn (M, 2) points in pixels of the picture into fractions of the square's side, (0, 0) its top left corner."""
    cos, sin = np.cos(square.angle_rad), np.sin(square.angle_rad)
    fractions: Float = (points_xy - np.array(square.center_xy)) @ np.array([[cos, -sin], [sin, cos]]) / square.side + 0.5
    return fractions


def from_fractions(fractions: Float, square: Square) -> Float:
    """Turn (M, 2) fractions of the square's side into pixels of the picture."""
    cos, sin = np.cos(square.angle_rad), np.sin(square.angle_rad)
    points: Float = (fractions - 0.5) * square.side @ np.array([[cos, sin], [-sin, cos]]) + np.array(square.center_xy)
    return points


def average_over_fills(classify: Classifier, crop: UInt8, box: Box, cover: Callable[[UInt8, Box, int], UInt8]) -> Float:
    """Return (K,) scores of a covered crop, averaged over the greys that cover."""
    averaged: Float = np.asarray(classify([cover(crop, box, fill) for fill in FILLS])).mean(axis=0)
    return averaged


def part_accuracy(bundle: Bundle, name: str) -> float:
    """Return how often a part alone is read rightly, as the card tells; NaN where it does not."""
    accuracies = bundle.card.files[PARTS_FILE].accuracy
    return next((rate for where, rate in accuracies.items() if where.endswith(f", {name} alone")), float("nan"))
