"""A model on a split of a data set: scores of every sample, then the metrics."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mien.atomic import atomic_path
from mien.data.manifest import Manifest
from mien.errors import MissingExtraError
from mien.evaluation.metrics import summarize
from mien.labels import LabelSet, columns_of
from mien.types import Classifier, Float

CHUNK = 256


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Scores of every sample, and what they are worth."""

    manifest: Manifest
    scores: Float
    """(N, K) in the order of the manifest's labels."""
    metrics: dict[str, Any]


def score_manifest(classify: Classifier, manifest: Manifest, on_progress: Callable[[int, int], None] = lambda done, total: None) -> Float:
    """Return (N, K) scores of every sample, in the classifier's own order of labels.

    Args:
        on_progress: Called with (samples done, samples in all).
    """
    parts = []
    for start in range(0, len(manifest), CHUNK):
        parts.append(classify([sample.pixels() for sample in manifest.samples[start : start + CHUNK]]))
        on_progress(min(start + CHUNK, len(manifest)), len(manifest))
    scores: Float = np.concatenate(parts)
    return scores


def evaluate(
    classify: Classifier, labels: LabelSet, manifest: Manifest, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> Evaluation:
    """Score a manifest and compute all metrics.

    A model that knows more labels than the data set answers among the data set's alone.

    Args:
        labels: Of the classifier, in the order of its columns.

    Raises:
        UnknownNameError: the classifier does not know a label of the data set.
    """
    columns = columns_of(manifest.labels, labels)
    scores = score_manifest(classify, manifest, on_progress)[:, columns]
    if len(columns) < len(labels):
        scores = scores / scores.sum(axis=1, keepdims=True)
    return Evaluation(manifest, scores, summarize(scores, manifest.label_indices, manifest.labels))


def write_scores(evaluation: Evaluation, path: Path) -> None:
    """Write one CSV row per sample: source row, split, label, prediction, scores.

    Raises:
        OutputError: the file cannot be written.
    """
    names = evaluation.manifest.labels
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["row", "split", "label", "predicted", *(f"score_{name}" for name in names)])
        for sample, scores in zip(evaluation.manifest.samples, evaluation.scores, strict=True):
            writer.writerow([sample.row, sample.split, sample.label, names[int(scores.argmax())], *(f"{score:.6f}" for score in scores)])


def draw_confusion(metrics: dict[str, Any], title: str, path: Path) -> None:
    """Draw the confusion matrix, in percent of each true label, into a PNG.

    Raises:
        MissingExtraError: matplotlib is not installed.
        OutputError: the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise MissingExtraError("Drawing the confusion matrix", "report") from error
    counts = np.array(metrics["confusion"], np.float64)
    percent = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = metrics["labels"]
    figure = Figure(figsize=(6.2, 5.4), layout="constrained")
    axes = figure.subplots()
    axes.imshow(percent, cmap="Blues", vmin=0, vmax=100)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="predicted", ylabel="true", title=title)
    for (row, column), value in np.ndenumerate(percent):
        axes.text(column, row, f"{value:.0f}", ha="center", va="center", color="white" if value > 55 else "black")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120)
