"""From consecutive frames to results: detect or follow, cut, classify, smooth, and say what happened."""

from collections.abc import Sequence

import numpy as np

from mien.alignment import cut_face
from mien.errors import SourceError
from mien.events import EventLog
from mien.pipeline import HasPipeline, Pipeline
from mien.preprocess import check_frame
from mien.smoothing import Smoother, SmoothingSpec
from mien.tracking import FaceTracker, Tracked, TrackingSpec
from mien.types import Event, Float, Frame, FrameResult, Reading


class Watcher:
    """Reads the faces of consecutive frames, wherever they come from. Only one thread may call it.

    Frames of different files, as of a folder, or of another size have nothing to do with each other: faces are then
    forgotten, and none is averaged with another picture's.

    Args:
        pipeline: Detector and classifier, or the recogniser that has them, as ``Recognizer(policy="camera")``.
        tracking: None reads every frame by itself, with ``track_id`` -1, unsmoothed and without events.
        smoothing: None gives the scores of every frame as they are.
    """

    def __init__(
        self,
        pipeline: Pipeline | HasPipeline,
        tracking: TrackingSpec | None = TrackingSpec(),
        smoothing: SmoothingSpec | None = SmoothingSpec(),
    ) -> None:
        self.pipeline = pipeline if isinstance(pipeline, Pipeline) else pipeline.pipeline
        self.tracker = FaceTracker(self.pipeline.detect, tracking) if tracking else None
        self._smoother = Smoother(smoothing) if smoothing else None
        self._log = EventLog()
        self._kind: object = None

    def __call__(self, frame: Frame) -> FrameResult:
        """Return the readings of the next frame, and what happened in it.

        Raises:
            SourceError: its picture is not (H, W, 3) RGB in uint8, or its time is not a number.
        """
        check_frame(frame.image)
        if not np.isfinite(frame.time_s):
            raise SourceError(f"Frame {frame.index}: its time is {frame.time_s}. Expected seconds, for instance of time.monotonic().")
        if self.tracker is None:
            return FrameResult(frame.index, frame.time_s, frame.image, tuple(self.pipeline(frame.image)), frame.name)
        kind = (frame.name, frame.image.shape)
        events: list[Event] = []
        if kind != self._kind:
            events += self._forget()
        self._kind = kind
        tracked = self.tracker(frame.image, frame.time_s)
        readings = self._read(frame, tracked)
        known = self.tracker.known_ids
        if self._smoother:
            self._smoother.forget_all_but(known)
        confirmed = [reading for reading, face in zip(readings, tracked, strict=True) if face.is_confirmed]
        events += self._log.update(confirmed, known, frame.time_s)
        return FrameResult(frame.index, frame.time_s, frame.image, tuple(readings), frame.name, tuple(events))

    @property
    def num_detections(self) -> int:
        """How often the detector was asked; 0 without tracking, where every frame asks it."""
        return self.tracker.num_detections if self.tracker else 0

    def finish(self) -> list[Event]:
        """Return the leaving of all faces still there, after the last frame."""
        return self._forget()

    def _forget(self) -> list[Event]:
        if self.tracker:
            self.tracker.reset()
        if self._smoother:
            self._smoother.forget_all_but(())
        return self._log.update([], frozenset(), 0.0)

    def _read(self, frame: Frame, tracked: Sequence[Tracked]) -> list[Reading]:
        pipeline = self.pipeline
        crops = [cut_face(frame.image, one.face, pipeline.alignment, pipeline.preprocess) for one in tracked]
        rows = pipeline.classify(crops)
        return [self._read_one(one, row, frame.time_s) for one, row in zip(tracked, rows, strict=True)]

    def _read_one(self, tracked: Tracked, scores: Float, time_s: float) -> Reading:
        if self._smoother is None:
            return self.pipeline.read(tracked.face, scores, int(np.argmax(scores)), tracked.track_id)
        smoothed, shown = self._smoother(tracked.track_id, scores, time_s)
        return self.pipeline.read(tracked.face, smoothed, shown, tracked.track_id)
