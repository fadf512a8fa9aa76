"""Our metrics against scikit-learn's and against hand counts."""

import numpy as np
import pytest
from sklearn import metrics as reference

from mien.data.manifest import Manifest, Sample
from mien.errors import UnknownNameError
from mien.evaluation.evaluate import evaluate, write_scores
from mien.evaluation.metrics import expected_calibration_error, summarize

NAMES = ("a", "b", "c")


def random_scores(n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, n)
    return rng.dirichlet(np.ones(3), n) * 0.5 + np.eye(3)[labels] * 0.5 * rng.random((n, 1)) + 1e-3, labels


def test_metrics_equal_scikit_learn() -> None:
    scores, labels = random_scores()
    scores = scores / scores.sum(axis=1, keepdims=True)
    predicted = scores.argmax(axis=1)
    result = summarize(scores, labels, NAMES)
    assert result["accuracy"] == pytest.approx(reference.accuracy_score(labels, predicted))
    assert result["macro_f1"] == pytest.approx(reference.f1_score(labels, predicted, average="macro"))
    assert result["mean_recall"] == pytest.approx(reference.balanced_accuracy_score(labels, predicted))
    assert result["log_loss"] == pytest.approx(reference.log_loss(labels, scores))
    assert result["confusion"] == reference.confusion_matrix(labels, predicted).tolist()
    precision, recall, _, support = reference.precision_recall_fscore_support(labels, predicted)
    for index, name in enumerate(NAMES):
        assert result["per_class"][name]["precision"] == pytest.approx(precision[index])
        assert result["per_class"][name]["recall"] == pytest.approx(recall[index])
        assert result["per_class"][name]["support"] == support[index]


def test_calibration_error_by_hand() -> None:
    # Ten answers at 0.8, of which six are right; ten at 0.6, all right: (10 * 0.2 + 10 * 0.4) / 20.
    scores = np.array([[0.8, 0.2]] * 10 + [[0.6, 0.4]] * 10)
    labels = np.array([0] * 6 + [1] * 4 + [0] * 10)
    assert expected_calibration_error(scores, labels) == pytest.approx(0.3)
    assert expected_calibration_error(np.array([[1.0, 0.0]]), np.array([0])) == 0


def test_labels_without_samples_do_not_spoil_the_means() -> None:
    result = summarize(np.array([[0.9, 0.1, 0.0]] * 4), np.zeros(4, np.int64), NAMES)
    assert result["mean_recall"] == 1
    assert result["per_class"]["b"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}


def test_labels_are_matched_by_name(tmp_path) -> None:  # type: ignore[no-untyped-def]
    samples = tuple(Sample(np.zeros((48, 48), np.uint8), name, "test", row) for row, name in enumerate(("happy", "sad")))
    manifest = Manifest("made", ("happy", "sad"), samples)
    # The classifier has other labels between, and another order.
    answer = np.array([[0.5, 0.1, 0.4], [0.5, 0.3, 0.2]])
    evaluation = evaluate(lambda crops: answer, ("neutral", "sad", "happy"), manifest)
    np.testing.assert_allclose(evaluation.scores, [[0.8, 0.2], [0.4, 0.6]])
    assert evaluation.metrics["accuracy"] == 1
    write_scores(evaluation, tmp_path / "scores.csv")
    assert (tmp_path / "scores.csv").read_text().splitlines()[1] == "0,test,happy,happy,0.800000,0.200000"
    with pytest.raises(UnknownNameError, match="happy"):
        evaluate(lambda crops: answer, ("neutral", "sad", "fear"), manifest)
