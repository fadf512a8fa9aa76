"""Figures as PNG: confusion matrix, class histogram and reliability diagram."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from mien.evaluation.metrics import CalibrationBin, RiskPoint
from mien.figure import new_figure, png_of
from mien.types import UInt8

CROP_SIDE_PX = 128


def draw_confusion(metrics: Mapping[str, Any], title: str = "") -> bytes:
    """Draw the confusion matrix: percent of each true label, with the count below.

    Args:
        metrics: From ``summarize``.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    counts, percent, names = np.array(metrics["confusion"]), np.array(metrics["confusion_percent"]), metrics["labels"]
    side = max(4.5, 0.75 * len(names) + 1.2)
    figure = new_figure(side, side - 0.4)
    axes = figure.subplots()
    axes.imshow(percent, cmap="Blues", vmin=0, vmax=100)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="predicted", ylabel="true", title=title)
    for (row, column), value in np.ndenumerate(percent):
        color = "white" if value > 55 else "black"
        axes.text(column, row - 0.1, f"{value:.0f} %", ha="center", va="center", color=color, fontsize=9.5)
        axes.text(column, row + 0.24, str(counts[row, column]), ha="center", va="center", color=color, fontsize=7, alpha=0.8)
    return png_of(figure)


def draw_histogram(counts: Mapping[str, Mapping[str, int]]) -> bytes:
    """Draw the share of every label in each split, with the count above the bar.

    Args:
        counts: Split to label to number of samples.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    labels = list(dict.fromkeys(label for split in counts.values() for label in split))
    figure = new_figure(max(6.0, 1.15 * len(labels)), 3.6)
    axes = figure.subplots()
    width = 0.8 / len(counts)
    for index, (split, by_label) in enumerate(counts.items()):
        total = max(1, sum(by_label.values()))
        places = np.arange(len(labels)) + (index - (len(counts) - 1) / 2) * width
        numbers = [by_label.get(label, 0) for label in labels]
        bars = axes.bar(places, [100 * number / total for number in numbers], width, label=f"{split}, n {total}")
        axes.bar_label(bars, [str(number) for number in numbers], fontsize=7, rotation=90, padding=3)
    axes.margins(y=0.35)
    axes.set_xticks(range(len(labels)), labels)
    axes.set(ylabel="% of the split")
    axes.legend(loc="upper center", ncols=len(counts))
    return png_of(figure)


def draw_reliability(bins: Sequence[CalibrationBin]) -> bytes:
    """Draw accuracy against confidence; a calibrated model lies on the diagonal.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    figure = new_figure(5, 5)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    above.plot([0, 1], [0, 1], color="grey", linestyle="--", linewidth=1, label="calibrated")
    confidence = [one.confidence for one in bins]
    above.plot(confidence, [one.accuracy for one in bins], marker="o", label="model")
    above.set(ylabel="share that is right", xlim=(0, 1), ylim=(0, 1))
    above.grid(alpha=0.3)
    above.legend(loc="upper left")
    below.bar(confidence, [one.count for one in bins], width=0.03)
    below.set(xlabel="confidence (highest score)", ylabel="samples")
    return png_of(figure)


def draw_risk_coverage(points: Sequence[RiskPoint]) -> bytes:
    """Draw the share of wrong readings against the share of faces that get one, the surest first.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    figure = new_figure(5, 3.5)
    axes = figure.subplots()
    axes.plot([100 * point.coverage for point in points], [100 * point.risk for point in points], marker=".")
    axes.set(xlabel="faces that get a reading, %", ylabel="of these wrong, %", xlim=(0, 100))
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    return png_of(figure)


def draw_crop(crop: UInt8) -> bytes:
    """Return a crop, grey (h, w) or RGB (h, w, 3), as a small PNG of at most 128 pixels."""
    picture = Image.fromarray(crop)
    factor = CROP_SIDE_PX / max(picture.size)
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    content = io.BytesIO()
    picture.resize(size, Image.Resampling.BICUBIC).save(content, format="png", optimize=True)
    return content.getvalue()
