"""Two models on the same samples: is one better, and where?"""

from typing import Any

import numpy as np

from mien.data.scores import ScoreTable
from mien.errors import DataError
from mien.evaluation.metrics import class_metrics, confusion_counts
from mien.evaluation.statistics import accuracy_interval, difference_interval, mcnemar


def compare(a: ScoreTable, b: ScoreTable, names: tuple[str, str] = ("A", "B")) -> dict[str, Any]:
    """Return both accuracies, their difference with a paired interval, McNemar's test and recall by label, as JSON values.

    Args:
        names: Of the two files, for errors.

    Raises:
        DataError: the files are not of the same samples with the same labels.
        MissingExtraError: SciPy is not installed.
    """
    _check_samples(a, b, names)
    place = {key: index for index, key in enumerate(b.keys)}
    order = np.array([place[key] for key in a.keys])
    predicted_b = b.predicted[order]
    labels_b = b.labels[order]
    words_a = [a.names[index] for index in a.labels]
    words_b = [b.names[index] for index in labels_b]
    if words_a != words_b:
        first = next(index for index, pair in enumerate(zip(words_a, words_b, strict=True)) if pair[0] != pair[1])
        split, row = a.keys[first]
        raise DataError(
            f"{names[0]} and {names[1]}: row {row} of {split} is {words_a[first]} in the first and {words_b[first]} in the second. "
            "Compare scores on the same labels."
        )
    right_a, right_b = a.is_right, predicted_b == labels_b
    recalls = zip(_by_label(a.labels, a.predicted, a.names).items(), _by_label(labels_b, predicted_b, b.names).values(), strict=True)
    return {
        "n": len(a.keys),
        "accuracy_a": float(right_a.mean()),
        "accuracy_a_interval": vars(accuracy_interval(right_a)),
        "accuracy_b": float(right_b.mean()),
        "accuracy_b_interval": vars(accuracy_interval(right_b)),
        "difference": float(right_b.mean() - right_a.mean()),
        "difference_interval": vars(difference_interval(right_b.astype(np.int64) - right_a)),
        "mcnemar": vars(mcnemar(right_a, right_b)),
        "per_class": {
            name: {"recall_a": recall_a, "recall_b": recall_b, "difference": recall_b - recall_a, "support": support}
            for (name, (recall_a, support)), (recall_b, _) in recalls
        },
    }


def _check_samples(a: ScoreTable, b: ScoreTable, names: tuple[str, str]) -> None:
    if a.names != b.names:
        raise DataError(
            f"{names[0]} scores {', '.join(a.names)}; {names[1]} scores {', '.join(b.names)}. Compare scores on the same labels."
        )
    if a.data_sha256 and b.data_sha256 and a.data_sha256 != b.data_sha256 and set(a.keys) == set(b.keys):
        raise DataError(f"{names[0]} and {names[1]}: are of different pictures or labels, though rows and splits have the same names.")
    only_a, only_b = set(a.keys) - set(b.keys), set(b.keys) - set(a.keys)
    if only_a or only_b:
        raise DataError(
            f"{names[0]} has {len(only_a)} samples that {names[1]} lacks, and lacks {len(only_b)} of its. "
            "Evaluate both models on the same split of the same data; --split-of RUN takes the split that a run dealt."
        )


def _by_label(labels: Any, predicted: Any, names: tuple[str, ...]) -> dict[str, tuple[float, int]]:
    supports = np.bincount(labels, minlength=len(names))
    rows = class_metrics(confusion_counts(labels, predicted, len(names)), supports)
    return {name: (row.recall, row.support) for name, row in zip(names, rows, strict=True)}
