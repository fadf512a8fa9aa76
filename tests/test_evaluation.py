"""Statistics, comparisons, detected crops, clips, the matrix and combined models; and their commands."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy import stats

from conftest import MEDIA, Run
from mien.card import shipped_bundles
from mien.config import to_toml
from mien.data.catalog import load_dataset
from mien.data.manifest import Manifest, Sample
from mien.data.scores import ScoreTable, read_scores, write_scores
from mien.data.select import select_labels
from mien.data.splits import apply_split, save_split
from mien.errors import ConfigError, DataError, UnknownNameError
from mien.evaluation import cross
from mien.evaluation.clips import Clip, clip_rows, evaluate_clips, list_clips
from mien.evaluation.combine import Combined, MeanClassifier, Member, RegroupClassifier, propose_groups
from mien.evaluation.compare import compare
from mien.evaluation.crops import Crops, FaceFinder, choose_crops
from mien.evaluation.evaluate import common_part, evaluate
from mien.evaluation.measure import as_trained, measure, measure_manifest, own_data
from mien.evaluation.open import OpenClassifier, open_classifier
from mien.evaluation.statistics import accuracy_interval, bootstrap_interval, difference_interval, mcnemar
from mien.labels import FER5, FER7, FER8
from mien.pipeline import Recognizer
from mien.training.recipe import load_recipe
from mien.types import Classifier, Face, UInt8

CLIP = MEDIA / "clip.mp4"


def faces_manifest(labels: tuple[str, ...] = FER7, num: int = 14) -> Manifest:
    rng = np.random.default_rng(1)
    samples = tuple(Sample(rng.integers(0, 256, (48, 48)).astype(np.uint8), labels[i % len(labels)], "test", i) for i in range(num))
    return Manifest("made", labels, samples)


def fixed(*rows: list[float]) -> Classifier:
    """A classifier that gives the same row to every crop."""
    return lambda crops: np.tile(np.array(rows[0]), (len(crops), 1))


# Statistics


def test_the_bootstrap_is_the_one_of_scipy() -> None:
    values = np.random.default_rng(3).random(300) < 0.7
    ours = bootstrap_interval(values)
    theirs = stats.bootstrap((values,), np.mean, n_resamples=10_000, method="percentile", rng=np.random.default_rng(0)).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.005)
    differences = values.astype(int) - (np.random.default_rng(4).random(300) < 0.6)
    ours = bootstrap_interval(differences)
    theirs = stats.bootstrap((differences,), np.mean, n_resamples=10_000, method="percentile", rng=0).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_answers_that_never_differ_are_no_certainty() -> None:
    same = difference_interval(np.zeros(20, int))
    # Tango's score test at the limit: n * d / sqrt(n * d * (1 - d)) is the normal quantile.
    assert 20 * same.high / np.sqrt(20 * same.high * (1 - same.high)) == pytest.approx(stats.norm.ppf(0.975))
    assert same.low == -same.high
    some = np.array([0, 1, 0, -1, 1])
    assert difference_interval(some) == bootstrap_interval(some)


def test_few_right_answers_are_no_certainty() -> None:
    for right in (np.ones(4, bool), np.zeros(4, bool)):
        ours, theirs = accuracy_interval(right), stats.binomtest(int(right.sum()), 4).proportion_ci(method="wilson")
        assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))
    mixed = np.array([True, False, True])
    assert accuracy_interval(mixed) == bootstrap_interval(mixed)


@pytest.mark.parametrize(("b", "c"), [(0, 0), (3, 3), (1, 9), (20, 40), (30, 30)])
def test_mcnemar_by_hand(b: int, c: int) -> None:
    right_a = np.array([True] * b + [False] * c + [True] * 50)
    right_b = np.array([False] * b + [True] * c + [True] * 50)
    test = mcnemar(right_a, right_b)
    assert (test.b, test.c) == (b, c)
    if b + c < 25:
        tail = sum(stats.binom.pmf(k, b + c, 0.5) for k in range(min(b, c) + 1))
        assert test.method == "exact binomial"
        assert test.p == pytest.approx(min(1, 2 * tail))
    else:
        statistic = max(0, abs(b - c) - 1) ** 2 / (b + c)
        assert test.statistic == pytest.approx(statistic)
        assert test.p == pytest.approx(1 - stats.chi2.cdf(statistic, 1))


# Score files and comparisons


def test_score_files_say_what_they_were_written_from(tmp_path: Path) -> None:
    manifest = faces_manifest(("happy", "sad"), 4)
    scores = np.array([[0.9, 0.1], [0.6, 0.4], [np.nan, np.nan], [0.2, 0.8]])
    write_scores(manifest, scores, tmp_path / "scores.csv")
    table = read_scores(tmp_path)
    assert table.names == ("happy", "sad")
    assert table.keys == tuple(("test", str(row)) for row in range(4))
    assert table.labels.tolist() == [0, 1, 0, 1]
    assert table.predicted.tolist() == [0, 0, -1, 1]
    assert table.is_right.tolist() == [True, False, False, True]


def table_of(predicted: list[int], rows: list[int], labels: list[int]) -> ScoreTable:
    return ScoreTable(("a", "b"), tuple(("test", str(row)) for row in rows), np.array(labels), np.array(predicted), np.eye(2)[predicted])


def test_comparison_matches_rows_by_name_not_by_order() -> None:
    a = table_of([0, 0, 1, 0], [0, 1, 2, 3], [0, 0, 1, 1])
    b = table_of([1, 1, 0, -1], [3, 2, 1, 0], [1, 1, 0, 0])
    result = compare(a, b)
    assert (result["accuracy_a"], result["accuracy_b"], result["difference"]) == (0.75, 0.75, 0)
    assert (result["mcnemar"]["b"], result["mcnemar"]["c"], result["mcnemar"]["p"]) == (1, 1, 1)
    assert result["per_class"]["a"] == {"recall_a": 1, "recall_b": 0.5, "difference": -0.5, "support": 2}
    with pytest.raises(DataError, match="has 1 samples that B lacks"):
        compare(a, table_of([0, 0, 1], [0, 1, 2], [0, 0, 1]))
    with pytest.raises(DataError, match="row 3 of test is b in the first and a in the second"):
        compare(a, table_of([0, 0, 1, 0], [0, 1, 2, 3], [0, 0, 1, 0]))
    with pytest.raises(DataError, match="scores a, c"):
        compare(a, ScoreTable(("a", "c"), a.keys, a.labels, a.predicted, a.scores))


# Detected crops


def portraits(tmp_path: Path) -> Manifest:
    """Two portraits and a picture without a face."""
    cv2.imwrite(str(tmp_path / "plain.png"), np.full((200, 200, 3), 90, np.uint8))
    places = [MEDIA / "astronaut.jpg", MEDIA / "grace_hopper.jpg", tmp_path / "plain.png"]
    return Manifest("portraits", FER7, tuple(Sample(path, "happy", "test", row) for row, path in enumerate(places)), crops="whole")


def test_whole_pictures_go_through_a_detector_and_lost_faces_are_wrong(tmp_path: Path) -> None:
    manifest = portraits(tmp_path)
    model = open_classifier("mien_s", "int8")
    chosen = choose_crops(manifest, detector="haar")
    assert chosen.name == "detected (haar)"
    crop_of = chosen.crop_of(model.alignment, model.preprocess)
    assert [crop is None for crop in map(crop_of, manifest.samples)] == [False, False, True]
    evaluation = evaluate(model.classify, model.labels, manifest, crop_of=crop_of)
    assert (evaluation.metrics["n"], evaluation.metrics["no_face"]) == (3, 1)
    recognizer = Recognizer("mien_s", "int8", "haar")
    readings = [recognizer(MEDIA / name)[0] for name in ("astronaut.jpg", "grace_hopper.jpg")]
    np.testing.assert_allclose(evaluation.scores[:2], [reading.scores for reading in readings])
    assert np.isnan(evaluation.scores[2]).all()
    assert evaluation.metrics["accuracy"] == sum(reading.expression == "happy" for reading in readings) / 3
    assert choose_crops(manifest, "direct").name == "whole"
    assert choose_crops(replace(manifest, crops="direct")).name == "direct"


def test_the_surest_face_is_found_once_for_all_models(tmp_path: Path) -> None:
    calls = []

    def detect(picture: UInt8) -> list[Face]:
        calls.append(picture.shape)
        eyes = np.array([[100.0, 100], [140, 100], [120, 120], [120, 140]])
        return [Face(np.array([80.0, 80, 160, 160]), eyes, 0.9), Face(np.array([0.0, 0, 20, 20]), eyes - 80, 0.5)]

    crops = Crops("detected (made)", FaceFinder(detect))
    model = open_classifier("mien_s")
    sample = portraits(tmp_path).samples[0]
    first, second = (crops.crop_of(model.alignment, model.preprocess)(sample) for _ in range(2))
    assert calls == [(512, 512, 3)]
    assert first is not None
    assert first.shape == (48, 48)
    np.testing.assert_array_equal(first, second)


# Clips


def brighten(folder: Path, name: str, level: int, num_frames: int = 6) -> Path:
    """A clip of one flat grey."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 10, (64, 64))  # type: ignore[attr-defined]
    for _ in range(num_frames):
        writer.write(np.full((64, 64, 3), level, np.uint8))
    writer.release()
    return path


def by_brightness(crops: list[UInt8]) -> np.ndarray:
    """Happy where it is bright, sad where it is dark; a third label takes most of the rest."""
    bright = np.array([crop.mean() / 255 for crop in crops])
    return np.stack([0.6 * np.ones(len(crops)), 0.4 * bright, 0.4 * (1 - bright)], axis=1)


def bright_model() -> OpenClassifier:
    return replace(open_classifier("mien_s"), classify=by_brightness, labels=("neutral", "happy", "sad"))


def lit_face(picture: UInt8) -> list[Face]:
    """A face in every frame that is not black."""
    eyes = np.array([[22.0, 26], [42, 26], [32, 36], [32, 46]])
    return [Face(np.array([8.0, 8, 56, 56]), eyes, 0.9)] if picture.mean() > 3 else []


def test_a_clip_is_what_its_frames_average_to(tmp_path: Path) -> None:
    brighten(tmp_path, "happy/ann.mp4", 220)
    brighten(tmp_path, "happy/bob.mp4", 60)
    brighten(tmp_path, "Sadness/ann.mp4", 40)
    brighten(tmp_path, "Sadness/bob.mp4", 0)
    clips = list_clips(tmp_path)
    assert [(clip.label, clip.person) for clip in clips] == [("sad", "ann"), ("sad", "bob"), ("happy", "ann"), ("happy", "bob")]
    done = []
    evaluation = evaluate_clips(bright_model(), lit_face, clips, lambda *counts: done.append(counts))
    assert evaluation.labels == ("happy", "sad")
    assert done[-1] == (4, 4)
    rows = list(clip_rows(evaluation))
    assert [row["predicted"] for row in rows] == ["sad", None, "happy", "sad"]
    assert [(row["frames"], row["frames_with_face"]) for row in rows] == [(6, 6), (6, 0), (6, 6), (6, 6)]
    assert (evaluation.metrics["accuracy"], evaluation.metrics["no_face"]) == (0.5, 1)
    assert evaluation.metrics["per_class"]["happy"]["recall"] == 0.5
    assert evaluation.metrics["per_class"]["happy"]["accuracy"] == 0.75
    np.testing.assert_allclose(evaluation.clips[2].scores, [220 / 255, 1 - 220 / 255], atol=0.02)


def test_all_unreadable_clips_are_named_at_once(tmp_path: Path) -> None:
    brighten(tmp_path, "ann_happy.mp4", 200)
    (tmp_path / "bob_sad.mp4").write_bytes(b"no video" * 50)
    (tmp_path / "cleo_sad.mp4").write_bytes(b"")
    clips = list_clips(tmp_path)
    assert clips[0] == Clip(tmp_path / "ann_happy.mp4", "happy", "ann")
    with pytest.raises(DataError, match="2 of 3 clips cannot be read") as caught:
        evaluate_clips(bright_model(), lit_face, clips, lambda *_: None)
    assert "bob_sad.mp4" in str(caught.value)
    assert "cleo_sad.mp4" in str(caught.value)
    (tmp_path / "dave_glee.mp4").write_bytes(b"")
    (tmp_path / "eve.mp4").write_bytes(b"")
    with pytest.raises(DataError, match=r"2 clips name no expression: dave_glee.mp4, eve.mp4"):
        list_clips(tmp_path)


# The matrix


def test_the_matrix_reads_common_labels_and_says_what_is_left_out() -> None:
    part, left_out = common_part(faces_manifest(FER8, 16), FER7)
    assert (len(part), left_out, part.labels) == (14, 2, FER7)
    test = cross.EvaluationSet("made", faces_manifest(FER8, 16), "test", choose_crops(faces_manifest()))
    cell = cross.evaluate_cell(open_classifier("mien_s", "int8"), test, lambda *_: None)
    assert (cell.n, cell.left_out, cell.labels, cell.crops) == (14, 2, FER7, "direct")
    assert f"{100 * cell.accuracy:.1f} (n 14*, 2 left out)" in cross.markdown([cross.Row("mien_s", "int8", "", (cell,))], [test.title])
    assert cell.barred_labels == []
    few = cross.evaluate_cell(open_classifier("mien_s", "int8"), replace(test, data=faces_manifest(("happy", "sad"), 4)), lambda *_: None)
    assert (few.barred_labels, few.labels) == ([label for label in FER7 if label not in ("happy", "sad")], ("happy", "sad"))
    rows = [cross.Row("mien_s", "int8", "mirrored", (replace(few, leaks=True), None))]
    assert cross.table_rows(rows, "accuracy") == [["mien_s (int8, mirrored)", f"{100 * few.accuracy:.1f}† (n 4*)", "-"]]
    assert cross.notes(rows) == [cross.STAR_NOTE, cross.DAGGER_NOTE]
    part = [cross.Row("a", "int8", "", (cell,)), cross.Row("b", "run", "", (replace(cell, n=9),))]
    assert [row[1].count("‡") for row in cross.table_rows(part, "accuracy")] == [0, 1], "a run that dealt the data is measured on fewer"
    assert cross.notes(part) == [cross.STAR_NOTE, cross.PART_NOTE]
    with pytest.raises(ConfigError, match="fewer than two labels in common"):
        common_part(faces_manifest(("contempt", "happy"), 4), FER7)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fer2013=data/x:test", ("fer2013", "data/x", "test")),
        ("fer2013=data/x", ("fer2013", "data/x", "")),
        ("fer2013=data/x:all", ("fer2013", "data/x", "all")),
        (r"fer2013=C:\data\x", ("fer2013", r"C:\data\x", "")),
        (r"fer2013=C:\data\x:test", ("fer2013", r"C:\data\x", "test")),
    ],
)
def test_a_column_is_a_name_a_place_and_a_split(text: str, expected: tuple[str, str, str]) -> None:
    column = cross.parse_column(text)
    assert (column.dataset, column.root, column.split) == (expected[0], Path(expected[1]), expected[2])


def test_a_run_is_measured_on_its_own_data_as_it_split_them(data: Path, tmp_path: Path) -> None:
    """Every sample of this run's data was dealt anew, so what was a test picture may have been trained on."""
    loaded = load_dataset("fer2013", data)
    overrides = ("labels.labels=FER5", "split.pool=all", "split.test=0.2", "split.validation=0.1", "validation_split=validation")
    recipe = load_recipe("mien_s-fer2013", overrides)
    (tmp_path / "recipe.toml").write_text(to_toml(recipe))
    (tmp_path / "data.json").write_text(json.dumps({"sha256": loaded.sha256, "leaks": True}))
    selected, _ = select_labels(loaded, recipe.labels)
    save_split(apply_split(selected, recipe.split), tmp_path / "split.csv")
    model = replace(open_classifier("mien_s", "int8"), run_dir=tmp_path)
    own = as_trained(model, loaded, "fer2013")
    assert own.labels == FER5
    assert {sample.split for sample in own.samples} == {"training", "validation", "test"}
    assert as_trained(model, loaded, "another") is loaded
    assert as_trained(replace(model, run_dir=None), loaded, "fer2013") is loaded
    combined = replace(model, run_dir=None, member_run_dirs=(tmp_path,))
    assert as_trained(combined, loaded, "fer2013").sha256 == own.sha256, "nor is what it is part of"
    official = tmp_path / "official"
    official.mkdir()
    (official / "recipe.toml").write_text(to_toml(load_recipe("mien_s-fer2013", ("labels.labels=happy,sad",))))
    bundle = shutil.copytree(shipped_bundles()["mien_s"], tmp_path / "bundle")
    shutil.copyfile(tmp_path / "split.csv", bundle / "split.csv")
    exported = open_classifier(bundle, "int8")
    card_labels = as_trained(exported, loaded, "fer2013")
    assert [(sample.row, sample.split) for sample in card_labels.samples] == [(sample.row, sample.split) for sample in own.samples]
    specialists = replace(model, run_dir=None, member_run_dirs=(official, official))
    assert as_trained(specialists, loaded, "fer2013") is loaded, "members of official splits may know few labels"
    another_copy = replace(loaded, samples=loaded.samples[:-1])
    with pytest.raises(DataError):
        as_trained(model, another_copy, "fer2013")
    assert as_trained(exported, another_copy, "fer2013") is another_copy, "no bundle learned test pictures"
    with pytest.raises(DataError, match="another one"):
        as_trained(exported, replace(another_copy, samples=tuple(replace(one, split="test") for one in another_copy.samples)), "fer2013")
    assert own_data(model) == ("fer2013", "validation")
    cell = cross.evaluate_cell(model, cross.load_column(cross.parse_column(f"fer2013={data}:test"), "auto", "haar"), lambda *_: None)
    assert (cell.n, cell.labels) == (len(own.split("test")), FER5)
    with pytest.raises(ConfigError, match="no split 'publictest'"):
        measure(model, "fer2013", data, "publictest", lambda *_: None)


# Combined models


def test_an_ensemble_averages_by_name() -> None:
    a = Member(fixed([0.6, 0.3, 0.1]), ("happy", "sad", "fear"))
    b = Member(fixed([0.2, 0.2, 0.6]), ("neutral", "happy", "sad"))
    crops = [np.zeros((48, 48), np.uint8)] * 3
    both = MeanClassifier([a, b])
    assert both.labels == ("happy", "sad")
    np.testing.assert_allclose(both(crops), [[(2 / 3 + 1 / 4) / 2, (1 / 3 + 3 / 4) / 2]] * 3)
    halves = Member(lambda crops: np.array([[crop[:, :24].mean(), crop[:, 24:].mean()] for crop in crops]) / 255, ("x", "y"))
    left = np.zeros((48, 48), np.uint8)
    left[:, :24] = 255
    np.testing.assert_allclose(MeanClassifier([halves], views="mirrored")([left]), [[0.5, 0.5]])
    np.testing.assert_allclose(MeanClassifier([halves], views="ten")([left]), [[0.5, 0.5]])
    seen: list[UInt8] = []
    MeanClassifier([Member(lambda crops: (seen.extend(crops), np.full((len(crops), 2), 0.5))[1], ("x", "y"))], views="ten")([left])  # type: ignore[func-returns-value]
    assert [crop.shape for crop in seen] == [(46, 46)] * 10
    np.testing.assert_allclose(MeanClassifier([a, b], (3.0, 1.0))(crops)[0, 0], (3 * 2 / 3 + 1 / 4) / 4)
    with pytest.raises(ConfigError, match="share 0 labels"):
        MeanClassifier([a, Member(b.classify, ("x", "y", "z"))])


GROUPS = {"happy": "bright", "sad": "dark", "fear": "dark"}


@pytest.mark.parametrize(
    ("labels", "scores"), [(("dark", "bright"), [0.7, 0.3]), (("sad", "happy", "fear", "neutral"), [0.3, 0.15, 0.05, 0.5])]
)
def test_a_regrouped_model_multiplies_group_and_label(labels: tuple[str, ...], scores: list[float]) -> None:
    """The coarse model may know the groups, or the expressions, which are then added up."""
    spec = Combined("regroup", coarse="c", groups=GROUPS, specialists={"dark": "s"})
    specialist = Member(fixed([0.5, 0.1, 0.4]), ("neutral", "fear", "sad"))
    model = RegroupClassifier(spec, Member(fixed(scores), labels), {"dark": specialist})
    found = model([np.zeros((48, 48), np.uint8)] * 2)
    assert model.labels == ("happy", "sad", "fear")
    np.testing.assert_allclose(found, [[0.3, 0.7 * 0.8, 0.7 * 0.2]] * 2)
    with pytest.raises(UnknownNameError, match="bright"):
        RegroupClassifier(spec, Member(fixed([0.5, 0.5]), ("dark", "light")), {"dark": specialist})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"kind": "max"}, "kind must be 'mean' or 'regroup'"),
        ({"kind": "mean", "members": ("a",)}, "at least two models"),
        ({"kind": "mean", "members": ("a", "b"), "weights": (1.0,)}, "one positive number for each of 2"),
        ({"kind": "mean", "members": ("a", "b"), "weights": (1.0, -1.0)}, "one positive number"),
        ({"kind": "mean", "members": ("a", "b"), "coarse": "c"}, "belong to kind 'regroup'"),
        ({"kind": "regroup", "members": ("a", "b")}, "belong to kind 'mean'"),
        ({"kind": "regroup", "coarse": "c", "groups": {"happy": "x"}}, "at least two groups"),
        ({"kind": "regroup", "coarse": "c", "groups": GROUPS}, "specialists must be one for each group"),
        ({"kind": "regroup", "coarse": "c", "groups": GROUPS, "specialists": {"dark": "a", "bright": "b"}}, "specialists must be"),
    ],
)
def test_a_wrong_description_is_refused(values: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Combined(**values)  # type: ignore[arg-type]


def test_members_are_found_beside_their_file(tmp_path: Path) -> None:
    shutil.copytree(shipped_bundles()["mien_s"], tmp_path / "models" / "other")
    (tmp_path / "models" / "both.toml").write_text('kind = "mean"\nmembers = ["mien_s", "other"]\n')
    (tmp_path / "all.toml").write_text(
        'kind = "regroup"\ncoarse = "models/both.toml"\n'
        "[groups]\nhappy = 'good'\nsurprise = 'good'\nsad = 'bad'\n[specialists]\ngood = 'mien_s'\n"
    )
    faces = [sample.pixels() for sample in faces_manifest().samples[:5]]
    alone, both = open_classifier("mien_s", "int8"), open_classifier(tmp_path / "models" / "both.toml", "int8")
    assert (both.name, both.file, both.labels, both.preprocess) == ("both", "int8", alone.labels, alone.preprocess)
    np.testing.assert_allclose(both.classify(faces), alone.classify(faces))
    sha256 = alone.files_sha256["int8"]
    assert both.files_sha256 == {"mien_s:int8": sha256, "other:int8": sha256}
    regrouped = open_classifier(tmp_path / "all.toml", "int8")
    assert regrouped.labels == ("happy", "surprise", "sad")
    columns = [alone.labels.index(label) for label in regrouped.labels]
    expected = alone.classify(faces)[:, columns]
    np.testing.assert_allclose(regrouped.classify(faces), expected / expected.sum(axis=1, keepdims=True))
    (tmp_path / "self.toml").write_text('kind = "mean"\nmembers = ["mien_s", "self.toml"]\n')
    with pytest.raises(ConfigError, match="is a member of itself"):
        open_classifier(tmp_path / "self.toml")


def test_groups_are_what_is_confused() -> None:
    confusion = np.array([[60, 30, 0, 10], [40, 50, 5, 5], [0, 0, 95, 5], [10, 10, 0, 80]])
    names = ("fear", "sad", "happy", "neutral")
    assert propose_groups(confusion, names) == [("fear", "sad"), ("happy",), ("neutral",)]
    assert propose_groups(confusion, names, num_groups=2) == [("fear", "sad", "neutral"), ("happy",)]
    assert propose_groups(confusion, names, min_confusion=0.5) == [(name,) for name in names]


# Commands


@pytest.fixture
def data(fer2013_folder: Path, any_counts: None) -> Path:
    return fer2013_folder


def test_scores_name_pictures_and_are_not_compared_with_those_of_others(run: Run, tmp_path: Path) -> None:
    for folder in ("one", "other"):
        for label in ("happy", "sad"):
            (tmp_path / folder / label).mkdir(parents=True)
            shade = 40 if folder == "one" else 90
            Image.fromarray(np.full((48, 48), shade, np.uint8)).save(tmp_path / folder / label / "a.png")
        assert run("evaluate", "--dataset", "folder", "--data", folder, "--split", "test", "--out", f"ev_{folder}")[0] == 0
    with (tmp_path / "ev_one" / "scores.csv").open() as file:
        assert [Path(row["path"]).parts[-3:] for row in csv.DictReader(file)] == [("one", "happy", "a.png"), ("one", "sad", "a.png")]
    status, _, err = run("compare", "ev_one", "ev_other")
    assert (status, "are of different pictures or labels" in err) == (2, True)


def test_accuracy_is_told_by_column(run: Run, tmp_path: Path) -> None:
    rows = [("path", "label", "age", "light")]
    for number in range(8):
        picture = MEDIA / "astronaut.jpg" if number < 5 else MEDIA / "grace_hopper.jpg"
        shutil.copyfile(picture, tmp_path / f"{number}.jpg")
        rows.append((f"{number}.jpg", "happy", ("young", "old")[number % 2], "day"))
    with (tmp_path / "own.csv").open("w", newline="") as file:
        csv.writer(file).writerows([*rows, ("9.jpg", "sad", "", "night")])
    shutil.copyfile(MEDIA / "grace_hopper.jpg", tmp_path / "9.jpg")
    common = ("--dataset", "csv", "--data", "own.csv", "--split", "test", "--crops", "detect", "--detector", "haar")
    status, out, err = run("evaluate", *common, "--by", "age", "--by", "light", "--json")
    assert status == 0, err
    groups = json.loads(out)["groups"]
    assert {name: (row["n"], row["accuracy"]) for name, row in groups["age"].items()} == {"young": (4, 0.75), "old": (4, 0.5), "": (1, 1.0)}
    assert groups["light"]["day"]["mean_recall"] == 5 / 8
    assert "(empty)" in run("evaluate", *common, "--by", "age")[1]
    status, _, err = run("evaluate", *common, "--by", "sex")
    assert (status, "has no column 'sex': its columns are age, light" in err) == (2, True)
    assert run("crop", "csv", "--data", "own.csv", "--out", "faces", "--detector", "haar")[0] == 0
    with (tmp_path / "faces" / "faces.csv").open() as file:
        cut = list(csv.DictReader(file))
    assert [row["age"] for row in cut][:2] == ["young", "old"]
    assert cut[0]["source"].endswith("0.jpg")


def test_two_evaluations_are_compared_and_grouped(run: Run, data: Path, tmp_path: Path) -> None:
    for file in ("float32", "int8"):
        assert run("evaluate", "--data", data, "--file", file, "--out", file)[0] == 0
    status, out, _ = run("compare", "float32", "int8/scores.csv", "--json")
    result = json.loads(out)
    assert (status, result["n"]) == (0, 42)
    assert result["mcnemar"]["method"] == "exact binomial"
    assert result["difference"] == pytest.approx(result["accuracy_b"] - result["accuracy_a"])
    status, out, _ = run("compare", "float32", "int8")
    assert "McNemar (exact binomial): p = " in out
    status, out, _ = run("combine", "groups", "float32", "--groups", 3, "--json")
    groups = json.loads(out)["groups"]
    assert len(groups) == 3
    assert sorted(label for group in groups for label in group) == sorted(FER7)
    (tmp_path / "all.toml").write_text(
        'kind = "regroup"\ncoarse = "mien_s"\n'
        + run("combine", "groups", "float32", "--groups", 3)[1]
        + "[specialists]\n"
        + "".join(f'{"_".join(group)} = "mien_s"\n' for group in groups if len(group) > 1)
    )
    status, out, err = run("evaluate", "all.toml", "--data", data, "--json")
    assert status == 0, err
    accuracy = json.loads((tmp_path / "float32" / "evaluation.json").read_text())["accuracy"]
    assert json.loads(out)["accuracy"] == pytest.approx(accuracy)


def test_an_ensemble_is_written_and_measured(run: Run, data: Path, tmp_path: Path) -> None:
    shutil.copytree(shipped_bundles()["mien_s"], tmp_path / "models" / "other")
    status, out, err = run("combine", "mean", "mien_s", "models/other", "--weights", "1,0.5", "--out", "sets/both.toml")
    assert (status, out) == (0, "sets/both.toml\n"), err
    assert 'members = ["mien_s", "../models/other"]' in (tmp_path / "sets" / "both.toml").read_text()
    status, out, err = run("evaluate", "sets/both.toml", "--data", data, "--file", "int8", "--json")
    assert status == 0, err
    result = json.loads(out)
    assert (result["model"], result["file"], result["n"]) == ("both", "int8", 42)


def test_the_matrix_has_a_row_per_model_and_a_column_per_data_set(run: Run, data: Path, tmp_path: Path) -> None:
    shutil.copytree(shipped_bundles()["mien_s"], tmp_path / "other")
    columns = ("--dataset", f"fer2013={data}", "--dataset", f"fer2013={data}:test")
    outputs = ("--markdown", "m.md", "--csv", "m.csv", "--record", "m.jsonl")
    status, out, err = run("matrix", "mien_s", "other", *columns, "--file", "int8", *outputs, "--json")
    assert status == 0, err
    result = json.loads(out)
    assert result["columns"] == ["fer2013/publictest", "fer2013/test"]
    assert [cell["n"] for cell in result["cells"]] == [42, 84, 42, 84]
    assert {"accuracy", "macro_f1", "mean_recall", "crops", "label_source", "data_sha256"} <= set(result["cells"][0])
    rows = list(csv.DictReader((tmp_path / "m.csv").read_text().splitlines()))
    assert [float(row["accuracy"]) for row in rows] == [cell["accuracy"] for cell in result["cells"]]
    text = (tmp_path / "m.md").read_text()
    assert text.count("| model | fer2013/publictest | fer2013/test |") == 3
    records = [json.loads(line) for line in (tmp_path / "m.jsonl").read_text().splitlines()]
    assert [(one["kind"], len(one["cells"])) for one in records] == [("matrix", 2)] * 2, "one per model, so that none is lost"
    assert list(records[0]["cells"][0]["files_sha256"]) == ["int8"]
    status, out, _ = run("matrix", "mien_s", "--file", "int8", *columns[:2])
    assert "Accuracy %" in out
    assert "(n 42)" in out


def test_a_cell_that_cannot_be_measured_leaves_the_others(run: Run, data: Path, tmp_path: Path) -> None:
    bundle = shutil.copytree(shipped_bundles()["mien_s"], tmp_path / "wordy")
    card = json.loads((bundle / "card.json").read_text())
    card["labels"] = ["a", "b", "c", "d", "e", "f", "g"]
    (bundle / "card.json").write_text(json.dumps(card))
    status, out, err = run("matrix", "wordy", "mien_s", "--dataset", f"fer2013={data}", "--file", "int8", "--json")
    assert status == 2
    assert "on fer2013/publictest: fer2013 knows" in " ".join(err.split())
    assert [cell["n"] for cell in json.loads(out)["cells"]] == [42]
    assert len(json.loads(out)["errors"]) == 1


def test_heads_are_told_apart_by_their_angle(tmp_path: Path) -> None:
    manifest = portraits(tmp_path)
    model = open_classifier("mien_s", "int8")
    posed = replace(manifest, samples=tuple(replace(one, pose=pose) for one, pose in zip(manifest.samples, ("S", "S", "FL"), strict=True)))
    poses = measure_manifest(model, posed, "test", lambda done, total: None, detector="haar").result["poses"]
    assert list(poses) == ["S", "FL"]
    assert (poses["S"]["n"], poses["S"]["no_face"], poses["FL"]["n"], poses["FL"]["no_face"]) == (2, 0, 1, 1)
    assert (poses["S"]["accuracy"], poses["FL"]["accuracy"]) == (0.5, 0.0), "the astronaut is happy, the admiral is not"
    assert "poses" not in measure_manifest(model, manifest, "test", lambda done, total: None, detector="haar").result


def test_stills_in_class_folders_go_through_a_detector(run: Run, tmp_path: Path) -> None:
    """Paper 004's protocol on the user's own pictures: recall beside accuracy against the rest."""
    for place in ("happy/a.jpg", "neutral/b.jpg"):
        (tmp_path / "own" / place).parent.mkdir(parents=True)
    shutil.copyfile(MEDIA / "astronaut.jpg", tmp_path / "own" / "happy" / "a.jpg")
    shutil.copyfile(MEDIA / "grace_hopper.jpg", tmp_path / "own" / "neutral" / "b.jpg")
    cv2.imwrite(str(tmp_path / "own" / "neutral" / "plain.png"), np.full((200, 200, 3), 90, np.uint8))
    options = ("--dataset", "folder", "--data", "own", "--split", "test", "--crops", "detect", "--detector", "haar")
    status, out, err = run("evaluate", *options, "--json")
    assert status == 0, err
    result = json.loads(out)
    assert (result["n"], result["no_face"], result["crops"]) == (3, 1, "detected (haar)")
    assert result["per_class"]["neutral"]["recall"] <= 0.5
    assert result["per_class"]["happy"]["accuracy"] >= 2 / 3
    assert "1 without a face, counted as wrong" in run("evaluate", *options)[1]
    assert "(n 3*, 1 without a face)" in run("matrix", "mien_s", "--dataset", "folder=own", *options[-4:])[1]


def test_clips_are_measured_as_whole(run: Run, tmp_path: Path) -> None:
    for name in ("ann_happy.mp4", "ann_sad.mp4"):
        shutil.copyfile(CLIP, tmp_path / name)
    options = ("--detector", "haar", "--file", "int8")
    status, out, err = run("clips", ".", *options, "--json", "--out", "result", "--record", "r.jsonl")
    assert status == 0, err
    result = json.loads(out)
    assert (result["n"], result["crops"], result["accuracy"]) == (2, "detected (haar)", 0.5)
    assert [row["predicted"] for row in result["clips"]] == ["happy", "happy"]
    assert result["clips"][0]["frames"] == 120
    assert result["clips"][0]["frames_with_face"] > 100
    rows = list(csv.DictReader((tmp_path / "result" / "scores.csv").read_text().splitlines()))
    assert [(row["person"], row["label"], row["frames"]) for row in rows] == [("ann", "happy", "120"), ("ann", "sad", "120")]
    assert read_scores(tmp_path / "result").labels.tolist() == [0, 1]
    assert json.loads((tmp_path / "r.jsonl").read_text())["kind"] == "clips"
    assert (result["leaks"], list(result["files_sha256"])) == (False, ["int8"])
    status, out, err = run("clips", ".", *options)
    assert status == 0, err
    assert "answers among the data's 2 of its 7 labels" in " ".join(out.split())
    assert "ann_sad.mp4" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("compare", "absent", "absent"), "cannot be read"),
        (("compare", "other.csv", "other.csv"), "has no column row"),
        (("compare", "twice.csv", "twice.csv"), "names some samples twice"),
        (("compare", "word.csv", "word.csv"), "line 2: 'glee'"),
        (("combine", "groups", "other.csv"), "has no column row"),
        (("combine", "mean", "mien_s", "--out", "a.toml"), "at least two models"),
        (("combine", "mean", "mien_s", "mien_q", "--out", "a.toml"), "mien_q"),
        (("combine", "mean", "mien_s", "mien_s", "--out", "a.json"), ".toml"),
        (("combine", "mean", "mien_s", "mien_s", "--weights", "a,b", "--out", "a.toml"), "numbers separated by commas"),
        (("evaluate", "absent.toml"), "not a readable TOML file"),
        (("evaluate", "kind.toml"), "kind must be"),
        (("evaluate", "key.toml"), "Did you mean 'members'?"),
        (("evaluate", "--data", "DATA", "--crops", "whole"), "--crops 'whole'"),
        (("evaluate", "--data", "DATA", "--crops", "detect", "--detector", "har"), "Did you mean 'haar'?"),
        (("evaluate", "--data", "DATA", "--crops", "detect", "--detector", "haar"), "no face is found in any of 42 pictures"),
        (("matrix", "mien_s"), "Name at least one data set"),
        (("matrix", "mien_s", "--dataset", "fer2013"), "expected NAME=ROOT"),
        (("matrix", "mien_s", "--dataset", "fer2012=DATA"), "fer2012"),
        (("matrix", "mien_s", "--dataset", "fer2013=DATA:tset"), "tset"),
        (("matrix", "mien_q", "--dataset", "fer2013=DATA"), "mien_q"),
        (("clips", "absent"), "no such folder"),
        (("clips", "empty"), "holds 0 clips"),
        (("clips", "words"), "1 clips name no expression"),
        (("clips", "broken", "--detector", "haar"), "2 of 2 clips cannot be read"),
        (("clips",), "Missing argument"),
        (("report", "absent"), "Bundle 'absent' is unknown"),
        (("report", "mien_s", "--data", "absent"), "no such file or folder"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_bad_input_gets_one_line_and_status_2(arguments: tuple[str, ...], said: str, run: Run, data: Path, tmp_path: Path) -> None:
    head = "row,split,label,predicted,score_happy,score_sad\n"
    files = {
        "other.csv": "a,b\n1,2\n",
        "twice.csv": head + "0,test,sad,sad,0,1\n" * 2,
        "word.csv": head + "0,test,glee,sad,0,1\n",
        "kind.toml": 'kind = "max"\n',
        "key.toml": 'kind = "mean"\nmember = ["mien_s"]\n',
        "words/ann_glee.mp4": "",
        "broken/ann_happy.mp4": "no video",
        "broken/ann_sad.mp4": "",
        "empty/notes.txt": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    status, out, err = run(*(argument.replace("DATA", str(data)) for argument in arguments))
    assert (status, out) == (2, ""), err
    lines = [line for line in err.splitlines() if line.strip()]
    assert len(lines) == 1, err
    assert lines[0].startswith("mien: ")
    assert said in lines[0]
    assert not list(tmp_path.glob("a.*"))
