"""Accuracy apart for groups of samples: by the angle of the head (paper 002), or by whatever a data set tells of the people it shows."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mien.data.manifest import Manifest, Sample
from mien.data.scores import predicted_indices
from mien.errors import ConfigError
from mien.evaluation.evaluate import Evaluation
from mien.evaluation.statistics import accuracy_interval


def measure_groups(evaluation: Evaluation, group_of: Callable[[Sample], str]) -> dict[str, Any]:
    """Return ``n``, ``no_face``, ``accuracy``, its interval and ``mean_recall`` for every group, in the order of the samples.

    A picture without a face counts as wrong, as it does in all. ``mean_recall`` is over the labels that the group shows.
    """
    groups = [group_of(sample) for sample in evaluation.manifest.samples]
    parts = {name: np.array([group == name for group in groups]) for name in dict.fromkeys(groups)}
    labels = evaluation.manifest.label_indices
    is_right = np.asarray(predicted_indices(evaluation.scores) == labels, bool)
    is_missed = np.asarray(np.isnan(evaluation.scores).any(axis=1), bool)
    return {
        name: {
            "n": int(part.sum()),
            "no_face": int(is_missed[part].sum()),
            "accuracy": float(is_right[part].mean()),
            "accuracy_interval": vars(accuracy_interval(is_right[part])),
            "mean_recall": float(np.mean([is_right[part & (labels == label)].mean() for label in np.unique(labels[part])])),
        }
        for name, part in parts.items()
    }


def check_columns(manifest: Manifest, columns: Sequence[str]) -> None:
    """Raise ConfigError where no sample tells what a column would group by."""
    known = sorted({name for sample in manifest.samples for name in sample.attributes})
    for column in columns:
        if column not in known:
            has = f"its columns are {', '.join(known)}" if known else "it has no further columns, which only a CSV may have (--dataset csv)"
            raise ConfigError(f"{manifest.dataset} has no column {column!r}: {has}.")
