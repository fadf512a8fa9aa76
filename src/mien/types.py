"""The values that travel through mien: frames, faces and readings.

Conventions, everywhere: pictures are RGB ``uint8`` of shape (H, W, 3); boxes are ``[x1, y1, x2, y2]`` in
pixels of the frame; times are seconds of the source's clock; probabilities lie in 0..1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

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


@dataclass(frozen=True, eq=False)
class Face:
    """A detected face, in pixels of its frame."""

    box_xyxy: Float
    """(4,) left, top, right, bottom."""
    landmarks_xy: Float
    """(4, 2) the person's right eye, left eye, nose tip, mouth centre."""
    confidence: float
    """The detector's own score in 0..1."""

    def __post_init__(self) -> None:
        if self.box_xyxy.shape != (4,):
            raise ValueError(f"box_xyxy must have shape (4,), got {self.box_xyxy.shape}")
        if self.landmarks_xy.shape != (4, 2):
            raise ValueError(f"landmarks_xy must have shape (4, 2), got {self.landmarks_xy.shape}")


@dataclass(frozen=True, eq=False)
class Reading:
    """A face and the expression it shows."""

    box_xyxy: Float
    """(4,) left, top, right, bottom, in pixels of the frame."""
    landmarks_xy: Float
    """(4, 2) the person's right eye, left eye, nose tip, mouth centre."""
    detection_confidence: float
    """The detector's own score in 0..1."""
    expression: str
    """The label with the highest score."""
    probability: float
    """The score of ``expression``, calibrated."""
    scores: Float
    """(K,) probabilities in the order of the model's labels; sums to 1."""
    uncertain: bool
    """True when ``probability`` is below the model's threshold."""
    track_id: int = -1
    """Identity over time; -1 without tracking."""


@dataclass(frozen=True, eq=False)
class FrameResult:
    """A frame of a stream and the readings of its faces."""

    index: int
    time_s: float
    image: UInt8
    """(H, W, 3) RGB."""
    faces: tuple[Reading, ...]
    name: str = ""


Detector = Callable[[UInt8], Sequence[Face]]
"""Whole picture (H, W, 3) RGB to faces; no face is an empty sequence."""

Policy = Literal["picture", "camera"]
"""What a detector is tuned for. ``picture``: all faces, time matters little. ``camera``: near faces, every frame."""

Classifier = Callable[[Sequence[UInt8]], Float]
"""N crops, each (h, w) grey or (h, w, 3) RGB, to (N, K) probabilities; N = 0 is legal."""
