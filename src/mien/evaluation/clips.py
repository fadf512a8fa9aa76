"""Clips of one expression each: every frame through detector and network, the clip's label from the averaged scores."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from mien.alignment import cut_face
from mien.data.scores import predicted_indices, write_table
from mien.errors import DataError, SourceError, UnknownNameError
from mien.evaluation.evaluate import restrict
from mien.evaluation.metrics import summarize
from mien.evaluation.open import OpenClassifier
from mien.labels import LabelSet, columns_of, expression_name
from mien.types import Detector, Float, Frame, OnProgress, UInt8
from mien.video.sources import open_source

SUFFIXES = frozenset({".mp4", ".avi", ".mkv", ".mov", ".webm", ".m4v"})
BATCH = 64
LAYOUTS = "EXPRESSION/PERSON.mp4 or PERSON_EXPRESSION.mp4"


@dataclass(frozen=True)
class Clip:
    """A video in which one person shows one expression."""

    path: Path
    label: str
    person: str


@dataclass(frozen=True, eq=False)
class ClipScores:
    """What a model makes of a clip."""

    clip: Clip
    scores: Float
    """(K,) mean over the frames with a face; NaN where no frame has one."""
    num_frames: int
    num_with_face: int


@dataclass(frozen=True, eq=False)
class ClipEvaluation:
    """Scores of all clips, and what they are worth."""

    labels: LabelSet
    clips: tuple[ClipScores, ...]
    metrics: dict[str, Any]


def list_clips(root: Path) -> list[Clip]:
    """Return the clips under ``root``, by name: ``EXPRESSION/PERSON.mp4`` or ``PERSON_EXPRESSION.mp4``.

    Raises:
        DataError: no such folder, no clips, fewer than two expressions, or names that say none; the message lists all of them.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no such folder. Expected clips as {LAYOUTS}.")
    clips, wrong = [], []
    paths = [*root.iterdir(), *(path for folder in root.iterdir() if folder.is_dir() for path in folder.iterdir())]
    for path in sorted(path for path in paths if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")):
        person, _, word = path.stem.rpartition("_") if path.parent == root else (path.stem, "", path.parent.name)
        try:
            clips.append(Clip(path, expression_name(word), person))
        except UnknownNameError:
            wrong.append(str(path.relative_to(root)))
    if wrong:
        raise DataError(f"{root}: {len(wrong)} clips name no expression: {', '.join(wrong)}. Expected {LAYOUTS}.")
    if len({clip.label for clip in clips}) < 2:
        raise DataError(f"{root}: holds {len(clips)} clips of fewer than two expressions. Expected {LAYOUTS}.")
    return clips


def evaluate_clips(model: OpenClassifier, detect: Detector, clips: Sequence[Clip], on_progress: OnProgress) -> ClipEvaluation:
    """Score all clips; a clip without a face in any frame counts as wrong.

    A model that knows more labels than the clips show answers among the clips' alone.

    Args:
        on_progress: Called with (clips done, clips in all).

    Raises:
        UnknownNameError: the model does not know an expression of the clips.
        DataError: clips cannot be read; the message lists all of them.
        SourceError: no face is found in any clip.
    """
    shown = {clip.label for clip in clips}
    columns_of(sorted(shown), model.labels)
    labels = tuple(label for label in model.labels if label in shown)
    rows, errors = [], []
    for done, clip in enumerate(clips, start=1):
        try:
            rows.append(_score_clip(model, detect, clip, columns_of(labels, model.labels)))
        except SourceError as error:
            errors.append(str(error))
        on_progress(done, len(clips))
    if errors:
        raise DataError(f"{len(errors)} of {len(clips)} clips cannot be read; replace or remove them. {' '.join(errors)}")
    if not any(row.num_with_face for row in rows):
        raise SourceError(f"No face is found in any of {len(clips)} clips. Try another --detector.")
    truth = np.array(columns_of([clip.label for clip in clips], labels), np.int64)
    return ClipEvaluation(labels, tuple(rows), summarize(np.stack([row.scores for row in rows]), truth, labels))


def _score_clip(model: OpenClassifier, detect: Detector, clip: Clip, columns: list[int]) -> ClipScores:
    """Average the scores of a clip's frames, in batches, so that a long clip fits in memory."""
    total, num_frames, num_with_face = np.zeros(len(columns)), 0, 0
    with open_source(clip.path) as source:
        frames = iter(source)
        while batch := [_crop(model, detect, frame) for frame in islice(frames, BATCH)]:
            crops = [crop for crop in batch if crop is not None]
            num_frames += len(batch)
            num_with_face += len(crops)
            if crops:
                total += restrict(model.classify(crops), columns).sum(axis=0)
    scores = total / num_with_face if num_with_face else np.full(len(columns), np.nan)
    return ClipScores(clip, scores, num_frames, num_with_face)


def _crop(model: OpenClassifier, detect: Detector, frame: Frame) -> UInt8 | None:
    faces = detect(frame.image)
    return cut_face(frame.image, faces[0], model.alignment, model.preprocess) if faces else None


def clip_rows(evaluation: ClipEvaluation) -> Iterator[dict[str, Any]]:
    """Yield what is said of each clip, as JSON values."""
    predicted = predicted_indices(np.stack([row.scores for row in evaluation.clips]))
    for row, index in zip(evaluation.clips, predicted, strict=True):
        yield {
            "clip": str(row.clip.path),
            "person": row.clip.person,
            "label": row.clip.label,
            "predicted": evaluation.labels[index] if index >= 0 else None,
            "frames": row.num_frames,
            "frames_with_face": row.num_with_face,
        }


def write_clip_scores(evaluation: ClipEvaluation, path: Path) -> None:
    """Write a score file with one row per clip, and columns for its file, person and frames.

    Raises:
        OutputError: the file cannot be written.
    """
    rows = evaluation.clips
    write_table(
        path,
        evaluation.labels,
        [(number, "clips", row.clip.label) for number, row in enumerate(rows)],
        np.stack([row.scores for row in rows]),
        ("clip", "person", "frames", "frames_with_face"),
        [(row.clip.path, row.clip.person, row.num_frames, row.num_with_face) for row in rows],
    )
