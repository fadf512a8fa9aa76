"""The values that travel through mien: frames, faces and readings.

Conventions, everywhere: pictures are RGB ``uint8`` of shape (H, W, 3); boxes are ``[x1, y1, x2, y2]`` in
pixels of the frame; times are seconds of the source's clock; probabilities lie in 0..1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mien.errors import ConfigError

UInt8 = npt.NDArray[np.uint8]
Float = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture from a source."""

    image: UInt8
    """(H, W, 3) RGB."""
    index: int
    """Position in the source, from 0."""
    time_s: float
    """Seconds on the source's clock."""
    name: str = ""
    """The file the frame came from; empty for a camera."""


# Medians of what YuNet says of 584 faces of FER2013's Training, made symmetric.
_POINTS_IN_BOX = np.array([[0.27, 0.36], [0.73, 0.36], [0.50, 0.56], [0.50, 0.74]])
POINTS_IN_SQUARE = np.array([[0.315, 0.39], [0.685, 0.39], [0.50, 0.58], [0.50, 0.78]])
"""In fractions of Haar's square box, such that FER2013 measured by them is framed as YuNet's points say (`mien benchmark framing`):
the eyes 0.37 boxes apart, the box's centre 0.30 eye distances below them."""
_SQUARE_BELOW = 1.12
"""Height over width; detectors that draw squares draw them around more than brow to chin, YuNet's boxes have 1.27."""


@dataclass(frozen=True, eq=False)
class Face:
    """A detected face, in pixels of its frame."""

    box_xyxy: Float
    """(4,) left, top, right, bottom."""
    landmarks_xy: Float
    """(4, 2) the person's right eye, left eye, nose tip, mouth centre."""
    confidence: float = 1.0
    """The detector's own score in 0..1."""

    @classmethod
    def of_box(cls, x1: float, y1: float, x2: float, y2: float, confidence: float = 1.0) -> "Face":
        """Return an upright face of which only the box is known; its points are where most faces have them.

        A high box is taken to reach from forehead to chin, as YuNet's and RetinaFace's do, and a square one to be as wide as Haar's and
        MediaPipe's. A detector that tells points is better: a face that is turned, or a box of other proportions, is cut askew.

        Raises:
            ConfigError: the corners are no box.
        """
        left, top, right, bottom = (float(value) for value in (x1, y1, x2, y2))
        if not (left < right and top < bottom):
            raise ConfigError(
                f"({left:g}, {top:g}, {right:g}, {bottom:g}) is no box. Expected left, top, right, bottom; of x, y, width and height "
                "Face.of_xywh makes a face."
            )
        size = np.array([right - left, bottom - top])
        points = POINTS_IN_SQUARE if size[1] < _SQUARE_BELOW * size[0] else _POINTS_IN_BOX
        return cls(np.array([left, top, right, bottom]), np.array([left, top]) + size * points, confidence)

    @classmethod
    def of_xywh(cls, x: float, y: float, width: float, height: float, confidence: float = 1.0) -> "Face":
        """Return an upright face of which only the box is known, by its corner and size, as OpenCV and DeepFace tell it; see ``of_box``.

        Raises:
            ConfigError: width or height is not above 0.
        """
        return cls.of_box(x, y, float(x) + float(width), float(y) + float(height), confidence)

    def __post_init__(self) -> None:
        for name, shape in (("box_xyxy", (4,)), ("landmarks_xy", (4, 2))):
            values = np.asarray(getattr(self, name), np.float64)
            if values.shape != shape or not np.isfinite(values).all():
                raise ConfigError(f"{name} must hold finite numbers of shape {shape}, got {values.tolist()}.")
            object.__setattr__(self, name, values)


@dataclass(frozen=True, eq=False)
class Reading:
    """A face and the expression it shows."""

    box_xyxy: Float
    """(4,) left, top, right, bottom, in pixels of the frame."""
    landmarks_xy: Float
    """(4, 2) the person's right eye, left eye, nose tip, mouth centre."""
    detection_confidence: float
    """The detector's own score in 0..1; in a stream, of the frame where this face was last detected."""
    expression: str
    """The label with the highest score. In a smoothed stream it trails the highest score for a moment, so that labels
    do not flicker; ``mien.smoothing`` says how long."""
    probability: float
    """The score of ``expression``, calibrated."""
    scores: Float
    """(K,) probabilities in the order of the model's labels; sums to 1. In a smoothed stream, their average over time."""
    uncertain: bool
    """True when ``probability`` is below the model's threshold."""
    track_id: int = -1
    """Identity over time, from 0; -1 without tracking."""
    labels: tuple[str, ...] = ()
    """Of the scores."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON or a table, rounded, with the scores by label."""
        return {
            "track_id": self.track_id,
            "box_xyxy": [round(float(value), 2) for value in self.box_xyxy],
            "landmarks_xy": [[round(float(x), 2), round(float(y), 2)] for x, y in self.landmarks_xy],
            "detection_confidence": round(self.detection_confidence, 6),
            "expression": self.expression,
            "probability": round(self.probability, 6),
            "uncertain": self.uncertain,
            "scores": {label: round(float(score), 6) for label, score in zip(self.labels, self.scores, strict=True)},
        }

    def as_row(self) -> dict[str, Any]:
        """Return plain values one deep, rounded, as the columns of ``mien predict --csv`` have them: a row of a data frame."""
        return {
            "track_id": self.track_id,
            **{name: round(float(value), 2) for name, value in zip(("x1", "y1", "x2", "y2"), self.box_xyxy, strict=True)},
            "detection_confidence": round(self.detection_confidence, 6),
            "expression": self.expression,
            "probability": round(self.probability, 6),
            "uncertain": self.uncertain,
            **{f"score_{label}": round(float(score), 6) for label, score in zip(self.labels, self.scores, strict=True)},
        }


EventKind = Literal["appears", "changes", "leaves"]


@dataclass(frozen=True)
class Event:
    """Something happened to a face of a stream."""

    kind: EventKind
    """``appears``: a face was seen twice; ``changes``: another expression is shown; ``leaves``: it was not seen for a while."""
    time_s: float
    """Seconds on the source's clock; of a face that leaves, when it was last seen."""
    track_id: int
    expression: str
    """What the face shows; of a face that leaves, what it last showed."""
    previous: str = ""
    """What it showed before a change; else empty."""


@dataclass(frozen=True, eq=False)
class PartReading:
    """One part of a face, and what it says."""

    name: str
    """``right_eye``, ``left_eye`` (the person's own), ``nose`` or ``mouth``."""
    outline_xy: Float
    """(M, 2) around the part, in pixels of the picture; a box where only the detector's points are known."""
    evidence: float
    """How much the probability of the face's expression falls when the part is hidden; below 0 where it rises."""
    expression: str
    """What the part alone shows, by the network of single parts."""
    probability: float
    scores: Float
    """(K,) of the part alone, in the order of ``labels``; sums to 1."""
    labels: tuple[str, ...]
    """Of the network of single parts."""
    accuracy: float
    """How often such a part alone is read rightly, in 0..1, on the data the card names; NaN where the card does not tell."""


@dataclass(frozen=True, eq=False)
class FrameResult:
    """A frame of a stream and the readings of its faces."""

    index: int
    """Position in the source, from 0; frames that were dropped are counted."""
    time_s: float
    """Seconds on the source's clock."""
    image: UInt8
    """(H, W, 3) RGB."""
    faces: tuple[Reading, ...]
    """Faces seen in this frame, and no others."""
    name: str = ""
    """The file the frame came from; empty where the source is one file or a camera."""
    events: tuple[Event, ...] = ()
    """What happened since the result before this one."""
    num_dropped: int = 0
    """Frames lost between the result before this one and this one; always 0 for files and folders."""
    latency_s: float = 0.0
    """Seconds from the frame's reading from the source to this result; 0 where no stream measured it."""
    parts: tuple[tuple[PartReading, ...], ...] = ()
    """The parts of every face, in the order of ``faces``; empty where nobody asked for them."""


Detector = Callable[[UInt8], Sequence[Face]]
"""Whole picture (H, W, 3) RGB to faces; no face is an empty sequence."""

OnProgress = Callable[[int, int], None]
"""Told of long work: how much is done, and how much there is in all."""

Policy = Literal["picture", "camera"]
"""What a detector is tuned for. ``picture``: all faces, time matters little. ``camera``: near faces, every frame."""

Classifier = Callable[[Sequence[UInt8]], Float]
"""N crops, each (h, w) grey or (h, w, 3) RGB, to (N, K) probabilities; N = 0 is legal."""
