"""Our metrics against scikit-learn's and against hand counts."""

import numpy as np
import pytest
from sklearn import metrics as reference

from mien.data.manifest import Manifest, Sample
from mien.data.scores import write_scores
from mien.errors import SourceError, UnknownNameError
from mien.evaluation.evaluate import evaluate
from mien.evaluation.metrics import brier_score, calibration_bins, expected_calibration_error, log_loss, risk_coverage, summarize

NAMES = ("a", "b", "c")


def random_scores(n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, n)
    scores = rng.dirichlet(np.ones(3), n) * 0.5 + np.eye(3)[labels] * 0.5 * rng.random((n, 1)) + 1e-3
    return scores / scores.sum(axis=1, keepdims=True), labels


def test_metrics_equal_scikit_learn() -> None:
    scores, labels = random_scores()
    predicted = scores.argmax(axis=1)
    result = summarize(scores, labels, NAMES)
    assert result["accuracy"] == pytest.approx(reference.accuracy_score(labels, predicted))
    assert result["macro_f1"] == pytest.approx(reference.f1_score(labels, predicted, average="macro"))
    assert result["weighted_f1"] == pytest.approx(reference.f1_score(labels, predicted, average="weighted"))
    assert result["macro_precision"] == pytest.approx(reference.precision_score(labels, predicted, average="macro"))
    assert result["mean_recall"] == pytest.approx(reference.balanced_accuracy_score(labels, predicted))
    assert result["log_loss"] == pytest.approx(reference.log_loss(labels, scores))
    assert result["confusion"] == reference.confusion_matrix(labels, predicted).tolist()
    np.testing.assert_allclose(result["confusion_percent"], 100 * reference.confusion_matrix(labels, predicted, normalize="true"))
    precision, recall, f1, support = reference.precision_recall_fscore_support(labels, predicted)
    one_vs_rest = reference.multilabel_confusion_matrix(labels, predicted)
    for index, name in enumerate(NAMES):
        row = result["per_class"][name]
        assert row["precision"] == pytest.approx(precision[index])
        assert row["recall"] == pytest.approx(recall[index])
        assert row["f1"] == pytest.approx(f1[index])
        assert row["support"] == support[index]
        counts = [row[key] for key in ("true_negative", "false_positive", "false_negative", "true_positive")]
        assert counts == one_vs_rest[index].ravel().tolist()
        assert row["accuracy"] == pytest.approx(reference.accuracy_score(labels == index, predicted == index))


def test_accuracy_has_a_repeatable_interval() -> None:
    scores, labels = random_scores()
    interval = summarize(scores, labels, NAMES)["accuracy_interval"]
    assert interval["low"] < summarize(scores, labels, NAMES)["accuracy"] < interval["high"]
    assert (interval["confidence"], interval["method"]) == (0.95, "bootstrap, percentile")
    assert interval["resamples"] >= 1000
    assert interval == summarize(scores, labels, NAMES)["accuracy_interval"]


def test_calibration_error_by_hand() -> None:
    # Ten answers at 0.8, of which six are right; ten at 0.6, all right: (10 * 0.2 + 10 * 0.4) / 20.
    scores = np.array([[0.8, 0.2]] * 10 + [[0.6, 0.4]] * 10)
    labels = np.array([0] * 6 + [1] * 4 + [0] * 10)
    assert expected_calibration_error(scores, labels) == pytest.approx(0.3)
    assert expected_calibration_error(np.array([[1.0, 0.0]]), np.array([0])) == 0
    found = [(round(one.confidence, 6), one.accuracy, one.count) for one in calibration_bins(scores, labels)]
    assert found == [(0.6, 1.0, 10), (0.8, 0.6, 10)]


def test_labels_without_samples_do_not_spoil_the_means() -> None:
    result = summarize(np.array([[0.9, 0.1, 0.0]] * 4), np.zeros(4, np.int64), NAMES)
    assert result["mean_recall"] == result["weighted_f1"] == result["macro_precision"] == 1
    absent = result["per_class"]["b"]
    assert (absent["precision"], absent["recall"], absent["f1"], absent["support"]) == (0.0, 0.0, 0.0, 0)
    assert (absent["true_negative"], absent["accuracy"]) == (4, 1)


def test_samples_without_a_face_count_as_wrong() -> None:
    scores = np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [np.nan] * 3, [0.1, 0.2, 0.7]])
    result = summarize(scores, np.array([0, 1, 1, 2]), NAMES)
    assert (result["n"], result["no_face"], result["accuracy"]) == (4, 1, 0.75)
    assert np.sum(result["confusion"]) == 3
    assert result["confusion_percent"][1] == [0, 50, 0]
    row = result["per_class"]["b"]
    assert (row["recall"], row["precision"], row["support"], row["accuracy"]) == (0.5, 1, 2, 0.75)
    assert [row[key] for key in ("true_positive", "false_positive", "false_negative", "true_negative")] == [1, 0, 1, 2]
    assert result["log_loss"] == pytest.approx(-np.log([0.9, 0.8, 0.7]).mean())


def test_labels_are_matched_by_name(tmp_path) -> None:  # type: ignore[no-untyped-def]
    samples = tuple(Sample(np.zeros((48, 48), np.uint8), name, "test", row) for row, name in enumerate(("happy", "sad")))
    manifest = Manifest("made", ("happy", "sad"), samples)
    # The classifier has other labels between, and another order.
    answer = np.array([[0.5, 0.1, 0.4], [0.5, 0.3, 0.2]])
    evaluation = evaluate(lambda crops: answer, ("neutral", "sad", "happy"), manifest)
    np.testing.assert_allclose(evaluation.scores, [[0.8, 0.2], [0.4, 0.6]])
    assert evaluation.metrics["accuracy"] == 1
    write_scores(manifest, evaluation.scores, tmp_path / "scores.csv")
    assert (tmp_path / "scores.csv").read_text().splitlines()[1] == "0,test,happy,happy,0.800000,0.200000"
    with pytest.raises(UnknownNameError, match="happy"):
        evaluate(lambda crops: answer, ("neutral", "sad", "fear"), manifest)
    with pytest.raises(SourceError, match="no face is found in any of 2"):
        evaluate(lambda crops: answer, ("sad", "happy"), manifest, crop_of=lambda sample: None)


def test_brier_score_and_log_loss_by_hand() -> None:
    scores, labels = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]), np.array([0, 1])
    assert brier_score(scores, labels) == pytest.approx(((0.09 + 0.04 + 0.01) + (0.01 + 0.49 + 0.36)) / 2)
    assert log_loss(scores, labels) == pytest.approx(-(np.log(0.7) + np.log(0.3)) / 2)


def test_samples_as_sure_as_each_other_are_kept_together() -> None:
    scores = np.tile([0.6, 0.4], (4, 1))
    for labels in ([0, 0, 1, 1], [1, 1, 0, 0]):
        (point,) = risk_coverage(scores, np.array(labels), (0.5,))
        assert (point.coverage, point.risk) == (1.0, 0.5)


def test_risk_falls_as_the_least_sure_are_left_out() -> None:
    scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.45, 0.55]])
    points = risk_coverage(scores, np.array([0, 1, 0, 0]), (1.0, 0.75, 0.0))
    assert [(point.coverage, point.threshold, point.risk) for point in points] == [(1.0, 0.55, 0.25), (0.75, 0.7, 0.0), (0.25, 0.9, 0.0)]
