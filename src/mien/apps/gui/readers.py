"""The models that were chosen, side by side: one finds the faces, all of them read the same ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from mien.alignment import cut_face
from mien.labels import LabelSet
from mien.pipeline import Pipeline
from mien.smoothing import Smoother, SmoothingSpec
from mien.tracking import TrackingSpec
from mien.types import Face, FrameResult, Policy, Reading, UInt8

MAX_SIDE_PX = 2048
"""Longer pictures are shown reduced; they are read and saved as they are."""


@dataclass(frozen=True)
class ModelChoice:
    """One file of a bundle."""

    bundle: str
    """Its folder."""
    file: str

    @property
    def title(self) -> str:
        """What a person sees."""
        return f"{Path(self.bundle).name} {self.file}"


class Reader(Protocol):
    """What is needed of a ``mien.Recognizer``."""

    pipeline: Pipeline

    @property
    def labels(self) -> LabelSet:
        """Expression names, in the order of every ``scores``."""


class MakeReader(Protocol):
    """Loads a model with a detector; ``mien.Recognizer`` in a window, a fake in tests."""

    def __call__(self, model: ModelChoice, detector: str, policy: Policy) -> Reader:
        """Return the reader."""


@dataclass(frozen=True, eq=False)
class Column:
    """What one model read."""

    title: str
    labels: LabelSet
    readings: tuple[Reading, ...]
    """One per face; the same faces in the same order for every model."""


@dataclass(frozen=True, eq=False)
class View:
    """A picture or frame, and what each model read in it."""

    name: str
    result: FrameResult
    """With the readings of the first model."""
    columns: tuple[Column, ...]
    """One per model, the first of which found the faces."""
    shown: UInt8
    """(H, W, 3) RGB, reduced where the picture is large."""
    scale: float
    """Pixels of ``shown`` per pixel of the picture."""


class Readers:
    """The chosen models. Each thread that reads needs its own.

    Args:
        readers: At least one; the first finds the faces.
        smoothing: For streams: the other models' scores are averaged over time like those of the first.
    """

    def __init__(self, titles: Sequence[str], readers: Sequence[Reader], smoothing: SmoothingSpec | None = None) -> None:
        self.titles, self.readers = tuple(titles), tuple(readers)
        self._smoothers = [Smoother(smoothing) if smoothing else None for _ in readers[1:]]

    @property
    def first(self) -> Reader:
        """The model that finds the faces."""
        return self.readers[0]

    def read(self, image: UInt8, name: str) -> View:
        """Find and read the faces of an (H, W, 3) RGB picture."""
        return self.join(FrameResult(0, 0.0, image, tuple(self.first.pipeline(image)), name), name)

    def join(self, result: FrameResult, name: str) -> View:
        """Have the other models read the faces that the first has read already."""
        columns = [Column(self.titles[0], self.first.labels, result.faces)]
        for title, reader, smoother in zip(self.titles[1:], self.readers[1:], self._smoothers, strict=True):
            columns.append(Column(title, reader.labels, _read_again(reader.pipeline, smoother, result)))
        return View(name, result, tuple(columns), *_reduce(result.image))


def _read_again(pipeline: Pipeline, smoother: Smoother | None, result: FrameResult) -> tuple[Reading, ...]:
    faces = [Face(reading.box_xyxy, reading.landmarks_xy, reading.detection_confidence) for reading in result.faces]
    rows = pipeline.classify([cut_face(result.image, face, pipeline.alignment, pipeline.preprocess) for face in faces])
    readings = []
    for reading, face, scores in zip(result.faces, faces, rows, strict=True):
        shown = int(np.argmax(scores))
        if smoother is not None and reading.track_id >= 0:
            scores, shown = smoother(reading.track_id, scores, result.time_s)  # noqa: PLW2901 - the same, steadier
        readings.append(pipeline.read(face, scores, shown, reading.track_id))
    if smoother is not None:
        smoother.forget_before(result.time_s - TrackingSpec().keep_lost_s)  # as long as the engine keeps an identity
    return tuple(readings)


def _reduce(image: UInt8) -> tuple[UInt8, float]:
    height, width = image.shape[:2]
    scale = min(1.0, MAX_SIDE_PX / max(height, width))
    if scale == 1.0:
        return image, scale
    size_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False), scale
