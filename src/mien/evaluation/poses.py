"""Accuracy by the angle of the head, on data sets that tell it: what a profile costs, on real profiles (paper 002)."""

from typing import Any

import numpy as np

from mien.data.scores import predicted_indices
from mien.evaluation.evaluate import Evaluation
from mien.evaluation.statistics import accuracy_interval


def measure_poses(evaluation: Evaluation) -> dict[str, Any]:
    """Return ``n``, ``no_face``, ``accuracy`` and its interval for every pose, in the data set's words; empty for a single one.

    A picture without a face counts as wrong, as it does in all.
    """
    poses = [sample.pose for sample in evaluation.manifest.samples]
    parts = {name: np.array([pose == name for pose in poses]) for name in dict.fromkeys(poses)}
    if len(parts) < 2:
        return {}
    is_right = np.asarray(predicted_indices(evaluation.scores) == evaluation.manifest.label_indices, bool)
    is_missed = np.asarray(np.isnan(evaluation.scores).any(axis=1), bool)
    return {
        name: {
            "n": int(part.sum()),
            "no_face": int(is_missed[part].sum()),
            "accuracy": float(is_right[part].mean()),
            "accuracy_interval": vars(accuracy_interval(is_right[part])),
        }
        for name, part in parts.items()
    }
