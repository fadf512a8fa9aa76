"""A model on a split of a data set: scores of every sample, then the metrics."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mien.data.manifest import Manifest, Sample
from mien.errors import ConfigError, SourceError
from mien.evaluation.metrics import summarize
from mien.labels import LabelSet, columns_of
from mien.types import Classifier, Float, OnProgress, UInt8

CHUNK = 256

CropOf = Callable[[Sample], UInt8 | None]
"""A sample to the crop that is classified; None where no face is found."""


def _ignore(done: int, total: int) -> None:
    return None


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Scores of every sample, and what they are worth."""

    manifest: Manifest
    scores: Float
    """(N, K) in the order of the manifest's labels; a row of NaN where no face was found."""
    metrics: dict[str, Any]


def score_manifest(classify: Classifier, manifest: Manifest, on_progress: OnProgress = _ignore, crop_of: CropOf = Sample.pixels) -> Float:
    """Return (N, K) scores of every sample, in the classifier's own order of labels; rows of NaN where no face was found.

    Args:
        on_progress: Called with (samples done, samples in all).
        crop_of: Cuts the face; by default the data set's own picture is the crop.
    """
    scores: Float | None = None
    for start in range(0, len(manifest), CHUNK):
        crops = {start + index: crop_of(sample) for index, sample in enumerate(manifest.samples[start : start + CHUNK])}
        found = {index: crop for index, crop in crops.items() if crop is not None}
        if found:
            values = classify(list(found.values()))
            if scores is None:
                scores = np.full((len(manifest), values.shape[1]), np.nan)
            scores[list(found)] = values
        on_progress(start + len(crops), len(manifest))
    if scores is None:
        raise SourceError(f"{manifest.dataset}: no face is found in any of {len(manifest)} pictures. Try another --detector.")
    return scores


def evaluate(
    classify: Classifier,
    labels: LabelSet,
    manifest: Manifest,
    on_progress: OnProgress = _ignore,
    crop_of: CropOf = Sample.pixels,
) -> Evaluation:
    """Score a manifest and compute all metrics.

    A model that knows more labels than the data set answers among the data set's alone.

    Args:
        labels: Of the classifier, in the order of its columns.
        crop_of: Cuts the face; by default the data set's own picture is the crop.

    Raises:
        UnknownNameError: the classifier does not know a label of the data set.
        SourceError: no face is found in any picture.
    """
    columns = columns_of(manifest.labels, labels)
    scores = restrict(score_manifest(classify, manifest, on_progress, crop_of), columns)
    return Evaluation(manifest, scores, summarize(scores, manifest.label_indices, manifest.labels))


def restrict(scores: Float, columns: list[int]) -> Float:
    """Return (N, len(columns)) scores among some labels alone, summing to 1 where the rest is left out."""
    chosen: Float = scores[:, columns]
    return chosen / chosen.sum(axis=1, keepdims=True) if len(columns) < scores.shape[1] else chosen


def common_part(manifest: Manifest, labels: LabelSet) -> tuple[Manifest, int]:
    """Return the samples whose labels a model knows, and how many are left out.

    Raises:
        ConfigError: model and data set share fewer than two labels.
    """
    common = tuple(label for label in manifest.labels if label in labels)
    kept = tuple(sample for sample in manifest.samples if sample.label in common)
    if len(common) < 2 or not kept:
        raise ConfigError(
            f"{manifest.dataset} knows {', '.join(manifest.labels)}, the model {', '.join(labels)}: fewer than two labels in common. "
            "Choose a data set with the model's labels."
        )
    return replace(manifest, labels=common, samples=kept), len(manifest) - len(kept)
