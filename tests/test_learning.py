"""Training by the papers' ways, for real and in small: transfer, cached features, stages, losses, splits, repeats, tuning, reproduction."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dataset_trees as trees
from conftest import Run, write_fer2013
from mien.card import open_bundle
from mien.config import to_toml
from mien.data.catalog import load_dataset
from mien.data.manifest import Sample, clean_training
from mien.data.scores import read_scores, scores_sha256, write_scores
from mien.data.splits import load_split
from mien.data.targets import TargetSpec, soft_targets
from mien.errors import ConfigError, DataError, MienError, ModelFileError, UnknownNameError
from mien.evaluation.float_model import FloatClassifier
from mien.export.parity import file_scores
from mien.labels import FER8
from mien.preprocess import PreprocessSpec, prepare, to_color
from mien.reproduce.multistage import compare_stages, stage_epochs
from mien.reproduce.papers import BUDGETS, PAPERS
from mien.reproduce.reproduce import choose_rows, find_paper, reproduce_row, row_recipe, run_name
from mien.reproduce.rows import Row
from mien.training.checkpoint import average_weights, values_of
from mien.training.distill import DistillSpec, blend_scores
from mien.training.fit import Watch, kept_epoch
from mien.training.folder import INIT, WEIGHTS, held, load_recipe_of, read_facts, read_history
from mien.training.heritage import learned_rows
from mien.training.network import load_network, start
from mien.training.recipe import Recipe, load_recipe, shipped_recipes
from mien.training.run import train, train_repeats
from mien.training.teacher import load_teachers, teaching, translate
from mien.tuning.study import Study, load_study, shipped_studies
from mien.tuning.tune import tune

WATCH = Watch(lambda step, total: None, lambda history: None)
QUICK = ("optimizer.epochs=2", "optimizer.batch_size=35", "precision=float32")


def silent(line: str) -> None:
    del line


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_fer2013(folder, num_training=20, num_test=4)
    return folder


@pytest.fixture
def learn(data: Path, tmp_path: Path, any_counts: None) -> Callable[..., Path]:
    """Train a recipe with changes, and return its run folder."""

    def run(recipe: str, *changes: str, name: str = "run", **options: Any) -> Path:
        train(load_recipe(recipe, (*QUICK, *changes)), data, tmp_path / name, silent, WATCH, **options)
        return tmp_path / name

    return run


def weights_of(run_dir: Path) -> list[np.ndarray]:
    with np.load(run_dir / "weights.npz") as arrays:
        return [arrays[name] for name in sorted(arrays.files)]


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_recipe_is_valid_and_says_what_it_is(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert len(recipe.description) > 40


@pytest.mark.parametrize(
    "changes",
    [
        ("loss.name=focal",),
        ("loss.class_weights=balanced",),
        ("loss.name=binary_crossentropy",),
        ("sampling.balance=oversample", "sampling.augment_only_repeats=true"),
        ("augment.mixup_alpha=0.4",),
        ("loss.agreement=4.0", "optimizer.batch_size=36"),
        ("optimizer.name=asgd", "optimizer.ema_momentum=0.0"),
        ("optimizer.sharpness_radius=0.05",),
        ("preprocess.histogram=equalize",),
        ("preprocess.size_hw=[40, 40]", "crops.canvas_side=48", "crops.training=ten", "crops.testing=ten", "max_images=70"),
        ("stopping.keep=best", "schedule.name=plateau"),
        ("labels.labels=FER5",),
    ],
    ids=lambda changes: changes[0],
)
def test_each_way_of_training_runs_and_answers(changes: tuple[str, ...], learn: Callable[..., Path]) -> None:
    run_dir = learn("mien_s-fer2013", "model=attention_cnn", *changes)
    history = read_history(run_dir)
    assert len(history) == 2
    assert all(np.isfinite(list(result.values())).all() for result in history)
    classify = FloatClassifier(run_dir)
    faces = [np.random.default_rng(seed).integers(0, 256, (48, 48), np.uint8) for seed in range(3)]
    scores = classify(faces)
    assert scores.shape == (3, len(classify.labels)) == (3, 5 if "FER5" in changes[0] else 7)
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-6)


class Enough(Exception):
    """One batch was seen."""


def test_labels_weigh_what_the_recipe_says(learn: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    seen: list[tuple[np.ndarray, np.ndarray]] = []

    def look(model: Any, inputs: np.ndarray, targets: np.ndarray, sample_weight: np.ndarray, return_dict: bool) -> None:
        seen.append((targets, sample_weight))
        raise Enough

    monkeypatch.setattr(keras.Model, "train_on_batch", look)
    with pytest.raises(Enough):
        learn("mien_s-fer2013", "loss.weights=[1, 2, 3, 4, 5, 6, 7]")
    ((targets, weights),) = seen
    np.testing.assert_allclose(weights, targets @ np.arange(1, 8) / 4, rtol=1e-5)  # their mean over the pictures is 1
    assert len(set(weights.tolist())) > 3


def test_the_best_epoch_is_kept(learn: Callable[..., Path], data: Path) -> None:
    # The second epoch at this rate throws away what the first one learned.
    changes = ("stopping.keep=best", "optimizer.learning_rate=30.0", "schedule.name=step", "schedule.every_epochs=1", "schedule.factor=1.0")
    run_dir = learn("mien_s-fer2013", *changes, "optimizer.ema_momentum=0.0", "optimizer.epochs=3")
    history = read_history(run_dir)
    best = max(history, key=lambda result: result["validation_accuracy"])
    publictest = load_dataset("fer2013", data).split("publictest")
    scores = FloatClassifier(run_dir)([sample.pixels() for sample in publictest.samples])
    assert (scores.argmax(axis=1) == publictest.label_indices).mean() == pytest.approx(best["validation_accuracy"])
    assert not (run_dir / "best.npz").exists()


def test_the_kept_epoch_is_told_also_where_it_is_worth_less_as_it_is_kept() -> None:
    recipe = load_recipe("mien_s-fer2013", ("stopping.keep=best",))
    history = [{"epoch": float(number), "validation_accuracy": value} for number, value in enumerate((0.6, 0.7, 0.699))]
    assert kept_epoch(history, recipe)["epoch"] == 1
    history[1] |= {"validation_accuracy": 0.69, "kept": 1.0}
    assert kept_epoch(history, recipe)["epoch"] == 1
    assert kept_epoch(history, load_recipe("mien_s-fer2013", ("stopping.keep=last",)))["epoch"] == 2


def test_early_stopping_stops(learn: Callable[..., Path]) -> None:
    run_dir = learn(
        "mien_s-fer2013", "stopping.patience=1", "optimizer.learning_rate=1e-12", "optimizer.epochs=9", "schedule.warmup_epochs=0.0"
    )
    assert len(read_history(run_dir)) < 9
    assert (run_dir / "weights.npz").is_file()


def test_a_frozen_part_stays_and_the_rest_moves(learn: Callable[..., Path]) -> None:
    run_dir = learn("mien_s-fer2013", "transfer.freeze=stage1_block2_relu2", "optimizer.learning_rate=0.01")
    recipe = load_recipe_of(run_dir)
    fresh = start(recipe, 7).whole
    trained = load_network(recipe, 7, run_dir / "weights.npz")
    is_same = {}
    for layer in filter(lambda layer: layer.weights, fresh.layers):
        pairs = zip(layer.weights, trained.get_layer(layer.name).weights, strict=True)
        is_same[layer.name] = all((values_of(before) == values_of(after)).all() for before, after in pairs)
    frozen = {name for name in is_same if name.startswith(("stem", "stage1"))}
    assert all(is_same[name] for name in frozen), "statistics of frozen normalisation stay too"
    assert not any(is_same[name] for name in set(is_same) - frozen)


def test_cached_features_train_the_head_and_answer_like_the_whole(learn: Callable[..., Path], data: Path, tmp_path: Path) -> None:
    changes = ("model=mobilenet_v2_mlp", "transfer.weights=''", "preprocess.size_hw=[32, 32]", "split.validation=0.2")
    run_dir = learn("mobile23-fer2013", *changes, features_dir=tmp_path / "features")
    assert read_facts(run_dir)["counts"]["validation"]["happy"] == 4
    assert len(list((tmp_path / "features").glob("*-both-*.npy"))) == 1
    again = learn("mobile23-fer2013", *changes, name="again", features_dir=tmp_path / "features")
    assert all((a == b).all() for a, b in zip(weights_of(run_dir), weights_of(again), strict=True))
    validation = load_split(load_dataset("fer2013", data), run_dir / "split.csv").split("validation")
    scores = FloatClassifier(run_dir)([sample.pixels() for sample in validation.samples])
    best = max(result["validation_accuracy"] for result in read_history(run_dir))
    assert (scores.argmax(axis=1) == validation.label_indices).mean() == pytest.approx(best)


def test_a_wrong_use_of_cached_features_is_told() -> None:
    with pytest.raises(ConfigError, match="cached features know a picture and its mirror image only"):
        load_recipe("mobile23-fer2013", ("augment.rotate_deg=5.0",))
    with pytest.raises(ConfigError, match="center_share is a bundle's"):
        load_recipe("mien_s-fer2013", ("preprocess.center_share=0.5",))
    with pytest.raises(ConfigError, match="is a test split"):
        load_recipe("mien_s-fer2013", ("validation_split=privatetest",))
    with pytest.raises(ConfigError, match="two views of each face side by side"):
        load_recipe("mien_s-fer2013", ("loss.agreement=1.0", "augment.mixup_alpha=0.2"))
    with pytest.raises(ConfigError, match="an even optimizer"):
        load_recipe("mien_s-fer2013", ("loss.agreement=1.0", "optimizer.batch_size=35"))


@pytest.mark.parametrize("radius", [0.0, 0.1])
def test_training_in_stages_equals_training_at_once(radius: float, learn: Callable[..., Path], data: Path) -> None:
    run_dir = learn("mien_s-fer2013", "optimizer.epochs=4", "max_images=70", f"optimizer.sharpness_radius={radius}")
    result = compare_stages(load_recipe_of(run_dir), (0.45, 0.3, 0.25), data, run_dir, silent, WATCH)
    assert result["stages"] == [2, 1, 1]
    assert result["same_history"]
    assert result["largest_weight_difference"] == 0
    assert result["continuous"] == result["multistage"]
    with pytest.raises(ConfigError, match="cannot be trained in 3 stages"):
        compare_stages(load_recipe("mien_s-fer2013", QUICK), (0.45, 0.3, 0.25), data, run_dir, silent, WATCH)


def test_stages_share_the_epochs() -> None:
    assert stage_epochs(100, (0.45, 0.3, 0.25)) == [45, 30, 25]
    assert stage_epochs(3, (0.45, 0.3, 0.25)) == [1, 1, 1]


def test_a_teacher_changes_what_is_learned_and_must_fit(learn: Callable[..., Path]) -> None:
    teacher = learn("mien_s-fer2013", name="teacher")
    plain = learn("mien_s-fer2013", "model=mini784k", "preprocess.size_hw=[48, 48]", name="plain")
    taught = learn("mien_s-fer2013", "model=mini784k", "preprocess.size_hw=[48, 48]", f"distill.teacher={teacher}", name="taught")
    assert any((a != b).any() for a, b in zip(weights_of(plain), weights_of(taught), strict=True))
    with pytest.raises(ConfigError, match="an input of at least 64 pixels"):
        learn("mien_s-fer2013", "preprocess.size_hw=[64, 64]", f"distill.teacher={teacher}", name="other")
    with pytest.raises(ConfigError, match="the same share of a face"):
        learn("mien_s-fer2013", "preprocess.size_hw=[40, 40]", "crops.canvas_side=48", f"distill.teacher={teacher}", name="other")


def test_teachers_of_other_sizes_are_asked_about_the_same_pictures(learn: Callable[..., Path]) -> None:
    large = ("preprocess.size_hw=[64, 64]", "preprocess.color=rgb", "preprocess.mean=[0.5, 0.5, 0.5]", "preprocess.std=[0.5, 0.5, 0.5]")
    shapes = (("model=mini784k", "preprocess.size_hw=[48, 48]"), ("model=mobilenet", *large))
    quick = ("optimizer.epochs=1", "optimizer.batch_size=32", "optimizer.ema_momentum=0.0")
    runs = [learn("mien_s-fer2013", *shape, *quick, name=f"teacher{number}") for number, shape in enumerate(shapes)]
    spec = replace(load_recipe("mien_s-fer2013"), distill=DistillSpec(teacher=" + ".join(map(str, runs)), weight=0.75))
    crops = [np.random.default_rng(number).integers(0, 256, (48, 48), np.uint8) for number in range(5)]
    targets = np.eye(7)[[0, 1, 2, 3, 4]]
    teach = teaching(load_teachers(spec, tuple(read_facts(runs[0])["labels"])), spec)
    assert teach is not None
    answers = np.mean([FloatClassifier(run_dir)(crops) for run_dir in runs], axis=0)
    np.testing.assert_allclose(teach(prepare(crops, spec.preprocess), targets), targets * 0.25 + answers * 0.75, atol=2e-3)
    taught = learn("mien_s-fer2013", *quick, f"distill.teacher={runs[0]}+{runs[1]}", "augment.mixup_alpha=0.5", name="taught")
    weights = b"".join((run_dir / "weights.npz").read_bytes() for run_dir in runs)
    assert read_facts(taught)["teacher_sha256"] == hashlib.sha256(weights).hexdigest()
    with pytest.raises(ConfigError, match="joined with"):
        learn("mien_s-fer2013", f"distill.teacher={runs[0]}+", name="none")


def test_a_bundle_teaches_what_its_file_says(learn: Callable[..., Path]) -> None:
    spec = replace(load_recipe("mien_xs-fer2013"), distill=DistillSpec(teacher="mien_s", weight=1.0))
    bundle = open_bundle("mien_s")
    inputs = prepare([np.random.default_rng(number).integers(0, 256, (48, 48), np.uint8) for number in range(3)], spec.preprocess)
    teach = teaching(load_teachers(spec, bundle.card.labels), spec)
    assert teach is not None
    np.testing.assert_allclose(teach(inputs, np.eye(7)[:3]), file_scores(bundle.file("float32"), "litert")(inputs), atol=1e-4)
    taught = learn("mien_xs-fer2013", "distill.teacher=mien_s")
    assert read_facts(taught)["teacher_sha256"] == bundle.card.files["float32"].sha256
    with pytest.raises(ConfigError, match="needs the labels of its student"):
        load_teachers(spec, bundle.card.labels[:5])
    with pytest.raises(UnknownNameError, match="nobody"):
        learn("mien_xs-fer2013", "distill.teacher=nobody", name="untaught")


@pytest.mark.parametrize(("mine", "theirs"), [("gray", "rgb"), ("rgb", "gray"), ("rgb", "rgb")])
def test_inputs_are_translated_as_pictures_would_be(mine: str, theirs: str) -> None:
    def spec_of(color: str, side: int, mean: float, std: float) -> PreprocessSpec:
        channels = 1 if color == "gray" else 3
        return PreprocessSpec(color, (side, side), (mean,) * channels, (std,) * channels)

    small, large = spec_of(mine, 48, 0.507, 0.255), spec_of(theirs, 96, 0.5, 0.5)
    crops = [np.random.default_rng(number).integers(0, 256, (48, 48, 3), np.uint8) for number in range(3)]
    seen = [to_color(crop, mine) for crop in crops]
    np.testing.assert_allclose(translate(prepare(seen, small), small, large), prepare(seen, large), atol=1.1 * 2 / 255)


def test_a_score_file_teaches(any_counts: None, learn: Callable[..., Path], data: Path, tmp_path: Path) -> None:
    training, _ = clean_training(load_dataset("fer2013", data))
    scores = np.tile(np.eye(7)[3], (len(training), 1))  # a teacher that finds everybody happy
    place = tmp_path / "scores.csv"
    write_scores(training, scores, place)
    targets = soft_targets(training, TargetSpec())
    blended = blend_scores(targets, training, DistillSpec(scores=str(place), weight=0.25))
    np.testing.assert_allclose(blended, 0.75 * targets + 0.25 * scores, atol=1e-6)
    others = replace(training, samples=tuple(replace(sample, label="sad") for sample in training.samples))
    with pytest.raises(ConfigError, match="of other pictures"):
        blend_scores(targets, others, DistillSpec(scores=str(place)))
    with pytest.raises(DataError, match="absent: cannot be read"):
        learn("mien_s-fer2013", f"distill.scores={tmp_path / 'absent'}", name="taught")
    with pytest.raises(MienError, match="does not tell whether the teacher saw test pictures"):
        learn("mien_s-fer2013", f"distill.scores={place}", name="taught")
    for leaks in (True, False):
        (tmp_path / "evaluation.json").write_text(json.dumps({"leaks": leaks, "model": "happy only"}))
        taught = learn("mien_s-fer2013", f"distill.scores={place}", name=f"taught{leaks}")
        assert read_facts(taught)["leaks"] is leaks
    assert read_facts(taught)["teacher_scores_sha256"] == scores_sha256(place)
    assert read_facts(taught)["teacher"] == "happy only"
    plain = learn("mien_s-fer2013", name="plain")
    assert any((a != b).any() for a, b in zip(weights_of(plain), weights_of(taught), strict=True))


def test_folds_score_what_they_left_out_and_teach(learn: Callable[..., Path], data: Path, tmp_path: Path, run: Run) -> None:
    quick = ("split.folds=2", "optimizer.epochs=1", "optimizer.batch_size=32")
    runs = [learn("mien_s-fer2013", *quick, f"split.fold={fold}", name=f"fold{fold}") for fold in range(2)]
    status, out, err = run("combine", "folds", *runs, "--data", data, "--out", tmp_path / "joined", "--json")
    assert status == 0, err
    result = json.loads(out)
    whole = load_dataset("fer2013", data)
    table = read_scores(tmp_path / "joined")
    assert result["n"] == len(table.keys) == len(whole.split("training"))
    assert sum(part["n"] for part in result["folds"]) == result["n"]
    for run_dir in runs:
        dealt = {sample.row: sample for sample in load_split(whole, run_dir / "split.csv").split("validation").samples}
        mine = [index for index, (_, row) in enumerate(table.keys) if int(row) in dealt]
        assert len(mine) == len(dealt)
        scores = FloatClassifier(run_dir)([dealt[int(table.keys[index][1])].pixels() for index in mine])
        np.testing.assert_allclose(table.scores[mine], scores, atol=1e-5)
    learn("mien_s-fer2013", f"distill.scores={tmp_path / 'joined'}", name="taught")
    again = tmp_path / "again.toml"
    assert run("combine", "mean", runs[0], "--views", "mirrored", "--out", again)[0] == 0
    status, _, err = run("combine", "folds", again, runs[0], "--data", data, "--out", tmp_path / "twice")
    assert status == 2
    assert "70 training pictures are left out by none of the models, and 70 by several" in err
    status, _, err = run("combine", "folds", "mien_s", "--data", data, "--out", tmp_path / "none")
    assert (status, "got none" in err) == (2, True)


def test_own_pictures_are_learned_and_both_models_measured_on_what_was_left_out(tmp_path: Path, run: Run) -> None:
    for label in ("bored", "happy"):
        for number in range(20):
            trees.write_picture(tmp_path / "faces" / label / f"{number}.png", side=48)
    common = ("--dataset", "folder", "--data", "faces", "--split", "test")
    command = ("train", "own", "--data", "faces", "--run", "tuned", "--set", "optimizer.epochs=1", "--set", "optimizer.batch_size=8")
    status, _, err = run(*command)
    assert status == 0, err
    assert read_facts(tmp_path / "tuned")["labels"] == ["happy", "bored"]
    assert run("evaluate", "tuned", *common, "--out", "ev_own")[0] == 0
    status, _, err = run("evaluate", "mien_s", *common, "--split-of", "tuned")
    assert (status, "fewer than two labels in common" in err) == (2, True)
    shutil.move(tmp_path / "faces" / "bored", tmp_path / "faces" / "sad")
    shutil.rmtree(tmp_path / "tuned")
    assert run(*command)[0] == 0
    for name in ("tuned", "mien_s"):
        status, _, err = run("evaluate", name, *common, "--split-of", "tuned", "--out", f"ev_{name}")
        assert status == 0, err
    assert json.loads(run("compare", "ev_mien_s", "ev_tuned", "--json")[1])["n"] == 8
    status, _, err = run("evaluate", "mien_s", *common, "--split-of", "faces")
    assert (status, "deals no splits" in err) == (2, True)
    matrix = run("matrix", "mien_s", "tuned", "--dataset", "folder=faces:test")
    assert "(n 8" in matrix[1]
    assert "‡ On fewer samples" in matrix[1] + matrix[2]


def test_people_are_left_out_of_data_without_splits(tmp_path: Path, run: Run) -> None:
    faces = [(tmp_path / f"{number}.png", ("happy", "sad")[number % 2], f"person {number % 7}") for number in range(21)]
    for place, _, _ in faces:
        trees.write_picture(place, side=48)
    table = trees.write_csv(tmp_path / "mine.csv", [("path", "label", "subject"), *((place.name, *rest) for place, *rest in faces)])
    changes = ("dataset=csv", "optimizer.batch_size=12", "targets.vote_weight=0.0", "split.folds=3", "split.by_subject=true")
    with pytest.raises(ConfigError, match="Choose on what is dealt: --set validation_split=validation"):
        train(load_recipe("mien_s-fer2013", (*QUICK, *changes)), table, tmp_path / "none", silent, WATCH)
    places = [tmp_path / f"fold{fold}" for fold in range(3)]
    for fold, place in enumerate(places):
        recipe = load_recipe("mien_s-fer2013", (*QUICK, *changes, "validation_split=validation", f"split.fold={fold}"))
        train(recipe, table, place, silent, WATCH)
    status, out, err = run("combine", "folds", *places, "--data", table, "--out", tmp_path / "joined", "--record", tmp_path / "r.jsonl")
    assert status == 0, err
    assert "3 folds of mien_s-fer2013 (run) on csv/training: n 21, crops direct" in out
    assert json.loads((tmp_path / "r.jsonl").read_text())["n"] == 21


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda lines: lines[:-5], "lacks 5 of"),
        (lambda lines: [line.replace("happy", "glad") for line in lines], "the student learns"),
        (lambda lines: [lines[0], *(line.rsplit(",", 7)[0] + "," * 7 for line in lines[1:])], "have no scores"),
        (lambda lines: [lines[0], *(line.rsplit(",", 1)[0] + ",much" for line in lines[1:])], "no number"),
        (lambda lines: lines[:1], "no rows"),
    ],
)
def test_a_score_file_must_fit(any_counts: None, data: Path, tmp_path: Path, change: Callable[[list[str]], list[str]], told: str) -> None:
    training, _ = clean_training(load_dataset("fer2013", data))
    place = tmp_path / "scores.csv"
    write_scores(training, np.full((len(training), 7), 1 / 7), place)
    place.write_text("\n".join(change(place.read_text().splitlines())) + "\n")
    with pytest.raises(MienError, match=told):
        blend_scores(soft_targets(training, TargetSpec()), training, DistillSpec(scores=str(place)))


def test_training_starts_from_the_mean_of_runs(learn: Callable[..., Path], tmp_path: Path) -> None:
    first = learn("mien_s-fer2013", name="first")
    second = learn("mien_s-fer2013", f"init={first}", "seed=1", name="second")
    mean = learn("mien_s-fer2013", f"init={first}+{second}", name="mean")
    assert read_facts(mean)["init"]["recipe"] == "mien_s-fer2013 + mien_s-fer2013"
    start, *ends = (dict(np.load(path)) for path in (mean / INIT, first / WEIGHTS, second / WEIGHTS))
    assert all(np.allclose(array, (ends[0][name] + ends[1][name]) / 2, atol=1e-6) for name, array in start.items())
    with (tmp_path / "other.npz").open("wb") as file:
        np.savez(file, **{name: array[..., :1] for name, array in start.items()})
    with pytest.raises(ModelFileError, match="weights of another network"):
        average_weights([mean / INIT, tmp_path / "other.npz"], tmp_path / "mean.npz")


def narrow(width: int) -> list[str]:
    """A small residual network, of any width."""
    sizes = {"stem": width, "width1": width, "width2": 2 * width, "width3": 2 * width, "depth1": 1, "depth2": 1, "depth3": 1}
    return ["model=residual", *(f"options.{name}={size}" for name, size in sizes.items())]


def test_a_wide_network_starts_as_narrow_ones_side_by_side(learn: Callable[..., Path]) -> None:
    learn = partial(learn, "mien_s-fer2013", "optimizer.batch_size=32")  # TensorFlow 2.21 breaks the heap with 35 and so few channels
    first = learn(*narrow(8), name="first")
    second = learn(*narrow(16), "seed=1", name="second")
    join = (f"init={first}+{second}", "init_join=side_by_side")
    wide = learn(*narrow(24), *join, name="wide")
    faces = np.random.default_rng(0).normal(size=(5, 48, 48, 1)).astype(np.float32)

    def logits(run_dir: Path, weights: str) -> np.ndarray:
        return np.asarray(load_network(load_recipe_of(run_dir), 7, run_dir / weights).predict(faces, verbose=0))

    assert np.allclose(logits(wide, INIT), (logits(first, WEIGHTS) + logits(second, WEIGHTS)) / 2, atol=1e-5)
    assert not np.allclose(logits(wide, WEIGHTS), logits(wide, INIT), atol=1e-2), "it learned nothing"
    with pytest.raises(ModelFileError, match="do not add up"):
        learn(*narrow(32), *join, name="wider")
    with pytest.raises(ModelFileError, match="as many layers"):
        learn(*narrow(24), "options.depth3=2", *join, name="deeper")
    with pytest.raises(ConfigError, match="know 7 labels, the recipe 5"):
        learn(*narrow(24), "labels.labels=FER5", *join, name="fewer")
    with pytest.raises(ConfigError, match="Name them"):
        learn(*narrow(24), "init_join=side_by_side", name="nothing")


def test_a_network_is_tuned_on_other_labels(learn: Callable[..., Path]) -> None:
    first = learn("mien_s-fer2013", name="first")
    second = learn("mien_s-fer2013", "labels.labels=FER5", f"init={first}", name="second")
    assert read_facts(second)["init"]["labels"] != read_facts(second)["labels"]
    assert FloatClassifier(second).labels == ("angry", "disgust", "happy", "neutral", "surprise")


def test_a_leaking_run_is_marked_and_not_exported(learn: Callable[..., Path], data: Path, run: Run, tmp_path: Path) -> None:
    changes = ("preprocess.size_hw=[32, 32]", "split.max_samples=0")
    leaking = learn("cnn5-fer2013", *changes)
    assert read_facts(leaking)["leaks"] is True
    status, _, err = run("export", leaking, "--data", data, "--out", tmp_path / "bundle")
    assert status == 2
    assert "learned from or chose on pictures of test splits" in err
    assert not (tmp_path / "bundle").exists()


def test_what_starts_from_a_leaking_run_leaks(learn: Callable[..., Path]) -> None:
    first = learn("mien_s-fer2013", "validation_split=test", "chooses_on_test=true", name="first")
    assert read_facts(learn("mien_s-fer2013", f"init={first}", name="second"))["leaks"] is True
    assert read_facts(learn("mien_s-fer2013", f"distill.teacher={first}", name="taught"))["leaks"] is True


def test_nothing_is_held_out_that_the_start_has_learned(learn: Callable[..., Path], tmp_path: Path) -> None:
    dealt = ("split.validation=0.2", "validation_split=validation")
    first = learn("mien_s-fer2013", *dealt, name="first")
    learn("mien_s-fer2013", *dealt, f"init={first}", name="same")
    for source in (f"init={first}", f"distill.teacher={first}"):
        with pytest.raises(ConfigError, match=r"learned \d+ of the \d+ pictures"):
            learn("mien_s-fer2013", *dealt, "split.seed=1", source, name="other")
    with pytest.raises(ConfigError, match=r"mien_s: learned 28 of the"):
        learn("mien_s-fer2013", *dealt, "init=mien_s", name="shipped")
    assert not (tmp_path / "other").exists()
    first.rename(tmp_path / "moved")
    learn("mien_s-fer2013", *dealt, f"init={first}", name="same")  # goes on without its source


def test_what_a_start_started_from_is_not_held_out_either(learn: Callable[..., Path], data: Path) -> None:
    dealt = ("split.validation=0.2", "validation_split=validation")
    first = learn("mien_s-fer2013", *dealt, name="first")
    moved = replace(load_recipe("mien_s-fer2013", (*QUICK, f"init={first}", "dataset=folder")), dataset="rafdb")
    second = first.with_name("second")
    second.mkdir()
    (second / "recipe.toml").write_text(to_toml(moved))
    raw = load_dataset("fer2013", data)
    assert learned_rows(str(second), "fer2013", raw) == learned_rows(str(first), "fer2013", raw) != set()
    mixed = replace(raw, samples=tuple(replace(sample, source="fer2013", row=sample.row + 5) for sample in raw.samples))
    before = Sample(raw.samples[0].image, "happy", "training", 4, source="rafdb")
    mixed = replace(mixed, samples=(before, *mixed.samples))
    assert learned_rows(str(first), "rafdb+fer2013", mixed) == {row + 5 for row in learned_rows(str(first), "fer2013", raw)}


def test_a_run_is_trained_by_one_process_at_a_time(learn: Callable[..., Path]) -> None:
    run_dir = learn("mien_s-fer2013", max_epochs=1)
    with held(run_dir), pytest.raises(ConfigError, match="another process is training"):
        learn("mien_s-fer2013", max_epochs=1)


def test_other_labels_of_the_same_pictures_are_no_other_pictures(learn: Callable[..., Path], data: Path) -> None:
    """FER+ relabels FER2013: what learned the one must not be judged on pictures of the other."""
    raw = load_dataset("fer2013", data)
    rows = {sample.row for sample in raw.samples if sample.split == "training"}
    own = learn("mien_s-fer2013")
    for reference in ("mien_s", str(own)):
        assert learned_rows(reference, "ferplus_probability", raw) == learned_rows(reference, "fer2013", raw) == rows
        assert learned_rows(reference, "rafdb", raw) == set()


def test_a_few_images_are_of_all_labels(learn: Callable[..., Path]) -> None:
    run_dir = learn("mien_s-fer2013", "max_images=35", "optimizer.epochs=1")
    assert read_facts(run_dir)["num_training"] == 35


def test_mistakes_in_a_recipe_leave_no_run_behind(learn: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="2 values for 7 labels"):
        learn("mien_s-fer2013", "loss.weights=[1.0, 2.0]")
    with pytest.raises(ConfigError, match="do not fill one batch"):
        learn("mien_s-fer2013", "sampling.balance=undersample", "optimizer.batch_size=141")
    with pytest.raises(ConfigError, match="Deal them: --set split"):
        learn("mien_s-fer2013", "validation_split=validation")
    assert not (tmp_path / "run").exists()
    learn("mien_s-fer2013")


def test_repeats_tell_their_spread(data: Path, tmp_path: Path, any_counts: None) -> None:
    recipe = load_recipe("mien_s-fer2013", (*QUICK, "optimizer.epochs=1"))
    result = train_repeats(recipe, 2, data, tmp_path / "runs", silent, WATCH)
    assert result["seeds"] == [0, 1]
    assert result["mean"] == pytest.approx(np.mean(result["accuracies"]))
    assert json.loads((tmp_path / "runs" / "repeats.json").read_text()) == result
    assert any((a != b).any() for a, b in zip(weights_of(tmp_path / "runs/seed0"), weights_of(tmp_path / "runs/seed1"), strict=True))


def test_divergence_is_told(learn: Callable[..., Path]) -> None:
    with pytest.raises(ConfigError, match="training diverged"):
        learn("mien_s-fer2013", "optimizer.learning_rate=1e30", "schedule.warmup_epochs=0.0")


@pytest.mark.parametrize("name", shipped_studies())
def test_every_study_fits_its_recipe(name: str) -> None:
    study = load_study(name)
    assert study.name == name
    assert study.num_trials > 1


def test_a_study_goes_on_where_it_stopped(data: Path, tmp_path: Path, any_counts: None) -> None:
    path = tmp_path / "study.toml"
    path.write_text(
        'name = "small"\nrecipe = "mien_s-fer2013"\nsampler = "grid"\nprune = false\n'
        'changes = ["optimizer.epochs=1", "optimizer.batch_size=35", "model=attention_cnn", "precision=float32"]\n'
        '[space]\n"optimizer.learning_rate" = [0.01, 0.001]\n"optimizer.name" = ["adam", "sgd"]\n'
    )
    study = load_study(str(path))
    first = tune(study, data, tmp_path / "out", silent, WATCH.on_step, max_trials=3)
    assert (first["finished"], first["planned"]) == (3, 4)
    second = tune(study, data, tmp_path / "out", silent, WATCH.on_step)
    assert second["finished"] == 4
    assert tune(study, data, tmp_path / "out", silent, WATCH.on_step) == second
    rows = (tmp_path / "out" / "trials.csv").read_text().splitlines()
    assert len({row.split(",", 6)[-1] for row in rows[1:]}) == 4, "every combination once"
    assert (tmp_path / "out" / "study.png").stat().st_size > 5000
    with pytest.raises(ConfigError, match="holds another study"):
        tune(load_study(str(path), ("seed=3",)), data, tmp_path / "out", silent, WATCH.on_step)


SMALL_TRIALS = (
    'name = "small"\nrecipe = "mien_s-fer2013"\nsampler = "each"\nprune = false\n'
    'changes = ["optimizer.epochs=1", "optimizer.batch_size=35", "model=attention_cnn", "precision=float32"]\n'
)


def test_changes_are_tried_one_at_a_time_and_judged_picture_by_picture(data: Path, tmp_path: Path, any_counts: None, run: Run) -> None:
    path, out, record = tmp_path / "study.toml", tmp_path / "out", tmp_path / "study.jsonl"
    space = '[space]\n"optimizer.learning_rate" = [0.01, 0.02]\n"optimizer.name" = ["adam", "sgd"]\n'
    path.write_text(SMALL_TRIALS + 'judged_on = ["publictest"]\n' + space)
    study = load_study(str(path))
    assert [tuple(values.values()) for values in study.combinations()] == [(0.01, "adam"), (0.02, "adam"), (0.01, "sgd")]
    status, printed, _ = run("tune", path, "--data", data, "--out", out, "--record", record)
    assert status == 0
    rows = json.loads((out / "study.json").read_text())["judged"]
    assert rows == json.loads(record.read_text())["judged"]
    assert [row["change"] for row in rows] == [{}, {"optimizer.learning_rate": 0.02}, {"optimizer.name": "sgd"}]
    assert (rows[0]["difference"], rows[0]["p"]) == (0, 1)
    first, last = (read_scores(out / row["run"] / "scores-publictest.csv") for row in (rows[0], rows[2]))
    assert rows[2]["n"] == len(first.keys) > 0
    assert rows[2]["difference"] == pytest.approx(last.is_right.mean() - first.is_right.mean())
    assert rows[2]["accuracy"] == {"publictest": last.is_right.mean()}
    assert "optimizer.name = sgd" in printed


def test_a_study_that_was_interrupted_prunes_as_if_it_was_not(tmp_path: Path, monkeypatch: Any) -> None:
    """The pruner compares a trial's best epoch, which may have been in the session before."""
    curves = {rate: [0.5 + 0.02 * epoch for epoch in range(6)] for rate in (0.01, 0.02, 0.03, 0.04)}
    curves[0.05] = [0.7, 0.71, 0.4, 0.4, 0.59, 0.72]
    stop_at: list[int] = []

    def scripted(recipe: Recipe, root: Path, run_dir: Path, say: Any, watch: Watch) -> bool:
        run_dir.mkdir(parents=True, exist_ok=True)
        (run_dir / "data.json").write_text('{"num_training": 1}')
        history = read_history(run_dir)
        while len(history) < 6:
            if stop_at == [len(history)] and recipe.optimizer.learning_rate == 0.05:
                stop_at.clear()
                raise KeyboardInterrupt
            history.append({"epoch": len(history) + 1, "validation_accuracy": curves[recipe.optimizer.learning_rate][len(history)]})
            (run_dir / "history.jsonl").write_text("".join(json.dumps(result) + "\n" for result in history))
            watch.on_epoch(history)
        return True

    monkeypatch.setattr("mien.tuning.tune.train", scripted)
    study = Study(name="s", recipe="mien_xs-fer2013", space={"optimizer.learning_rate": list(curves)}, sampler="each")
    quiet = (lambda line: None, lambda *step: None)
    whole = tune(study, tmp_path, tmp_path / "whole", *quiet)
    stop_at.append(2)
    with pytest.raises(KeyboardInterrupt):
        tune(study, tmp_path, tmp_path / "halves", *quiet)
    again = tune(study, tmp_path, tmp_path / "halves", *quiet)
    assert again["best"] == whole["best"]
    assert again["best"]["value"] == 0.72


def test_a_killed_study_keeps_its_order_and_loses_no_change(data: Path, tmp_path: Path, any_counts: None, monkeypatch: Any) -> None:
    path, out = tmp_path / "study.toml", tmp_path / "out"
    path.write_text(SMALL_TRIALS + 'judged_on = ["publictest"]\n[space]\n"optimizer.learning_rate" = [0.01, 0.02]\n')
    study = load_study(str(path))

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    for where in ("_suggest", "train"):  # before the trial has got its values, and after
        with monkeypatch.context() as patch:
            patch.setattr(f"mien.tuning.tune.{where}", killed)
            with pytest.raises(KeyboardInterrupt):
                tune(study, data, out, silent, WATCH.on_step)
    assert "judged" not in tune(study, data, out, silent, WATCH.on_step, max_trials=1)
    judged = tune(study, data, out, silent, WATCH.on_step)["judged"]
    assert [row["change"] for row in judged] == [{}, {"optimizer.learning_rate": 0.02}]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('judged_on = ["training"]', "must name splits that choices are made on"),
        ('judged_on = ["privatetest"]', "must name splits that choices are made on"),
        ('judged_on = ["publictest"]\nprune = true', "prune = false"),
        ('judged_on = ["publictest"]\nsampler = "random"', "set sampler to"),
    ],
)
def test_what_a_study_cannot_be_judged_on_is_told(lines: str, said: str, tmp_path: Path, run: Run) -> None:
    path = tmp_path / "study.toml"
    head = 'name = "small"\nrecipe = "mien_s-fer2013"\n' + ("" if "sampler" in lines else 'sampler = "each"\n')
    path.write_text(head + ("" if "prune" in lines else "prune = false\n") + lines + '\n[space]\n"optimizer.name" = ["adam", "sgd"]\n')
    status, _, err = run("tune", path, "--data", tmp_path)
    assert status == 2
    assert said in err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('"optimizer.rate" = [1]', "'rate' is unknown"),
        ('"optimizer.epochs" = []', "must list"),
        ('"optimizer.epochs" = [2, 2]', "must list different values"),
        ('"optimizer.epochs" = {low = 3, high = 1}', "low below high"),
        ('"optimizer.epochs" = {low = 1, high = 3}', "sampler 'grid' needs lists"),
        ('"optimizer.epochs" = {low = "a", high = 3}', "low below high"),
        ('"optimizer.epochs" = {low = 1, high = 3, step = 0}', "step must be above 0"),
        ('"optimizer.name" = ["adam", "bogus"]', "got 'bogus'"),
    ],
)
def test_a_wrong_study_is_told(line: str, said: str, tmp_path: Path, run: Run) -> None:
    path = tmp_path / "study.toml"
    path.write_text(f'name = "wrong"\nrecipe = "mien_s-fer2013"\nsampler = "grid"\n[space]\n{line}\n')
    status, _, err = run("tune", path, "--data", tmp_path)
    assert status == 2
    assert said in err


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("paper", PAPERS.values(), ids=lambda paper: paper.name)
def test_every_row_of_every_paper_has_a_valid_recipe(paper: Any, budget: str) -> None:
    names: dict[str, Any] = {}
    for row in paper.rows:
        training = (row_recipe(paper, row, budget), row.starts_from)
        assert names.setdefault(run_name(row, budget), training) == training, "one folder, one run"
        assert not row.starts_from or row.starts_from in {other.label for other in paper.rows}


def test_papers_and_rows_are_found_by_name() -> None:
    assert find_paper("clcm") is find_paper("001")
    assert [row.label for row in choose_rows(find_paper("000"), words=["MobileNet"])] == ["MobileNet"]
    assert len(choose_rows(find_paper("000"), words=["mobilenetv"])) == 3
    assert len(choose_rows(find_paper("001"), table="4")) == 9
    assert {row.paper for row in choose_rows(find_paper("mini784k"), table="results")} == {0.6852, 0.7163}


def test_recalls_of_the_papers_average_to_their_accuracies() -> None:
    merged = {"angry": 958, "disgust": 111, "fear": 1024, "happy": 1774, "neutral": 1233, "sad": 1247, "surprise": 831}
    for row in choose_rows(find_paper("001"), table="5", words=["fer2013"]):
        expected = sum(merged[label] * recall for label, recall in row.recalls.items()) / 7178
        assert row.paper == pytest.approx(expected, abs=0.008)
    balanced = choose_rows(find_paper("002"), table="3")
    assert len(balanced) == 14
    for row in balanced:
        assert row.paper == pytest.approx(np.mean(list(row.recalls.values())), abs=0.003)
        assert set(row.precisions) == set(row.recalls) == set(FER8)
    assert not choose_rows(find_paper("004"))[0].recalls


def test_reproduce_sets_both_recalls_of_every_label_side_by_side(data: Path, tmp_path: Path, run: Run, any_counts: None) -> None:
    changes = ("model=mien_xs", "transfer.freeze=''", "transfer.weights=''", "preprocess.color=gray", "preprocess.size_hw=[32, 32]")
    small = ("preprocess.mean=[0.5]", "preprocess.std=[0.3]", "split.validation=0.2", "optimizer.batch_size=32", "precision=float32")
    options = [part for change in (*changes, *small) for part in ("--set", change)]
    status, out, err = run("reproduce", "001", "--row", "clcm, fer2013", "--data", data, "--runs", tmp_path / "runs", *options)
    assert status == 0, err
    assert "clcm, fer2013, by label:" in out
    lines = {line.split()[0]: line.split() for line in out.splitlines() if line.split()}
    assert [lines[label][1] for label in ("angry", "disgust", "surprise")] == ["64.0", "44.0", "78.0"]


def test_reproduce_prints_both_figures_and_leaves_out_what_has_no_data(data: Path, tmp_path: Path, run: Run, any_counts: None) -> None:
    changes = ["optimizer.batch_size=32", "split.max_samples=200", "preprocess.size_hw=[32, 32]", "max_images=96"]
    options = [part for change in changes for part in ("--set", change)]
    command = ("reproduce", "004", "--row", "sigmoid", "--data", data, "--runs", tmp_path / "runs", "--record", tmp_path / "r.jsonl")
    status, out, err = run(*command, *options, "--json")
    assert status == 0, err
    (row,) = json.loads(out)["rows"]
    assert (row["paper"], row["leaks"], row["split"], row["n"]) == (0.792, True, "test", 28)
    assert json.loads((tmp_path / "r.jsonl").read_text())["data_sha256"]
    status, out, err = run(*command, *options, "--set", "model=attention_cnn", "--repeats", 2)
    assert status == 0, err
    assert "over seeds [0, 1]" in out
    assert len((tmp_path / "r.jsonl").read_text().splitlines()) == 3
    status, out, err = run("reproduce", "001", "--row", "clcm, rafdb", "--data", data, "--runs", tmp_path / "runs")
    assert status == 2
    assert "Put your copy of rafdb there" in err
    status, out, _ = run("reproduce", "003", "--list", "--budget", "full")
    assert status == 0
    assert "68.5" in out


def test_a_row_trains_on_from_anothers_network(data: Path, tmp_path: Path, any_counts: None) -> None:
    small = ("model=mien_xs", "optimizer.epochs=1", "optimizer.batch_size=32", "max_images=64", "precision=float32")
    first = Row("surveyed", "first", "mien_s-fer2013", 0.7, small, test="fer2013:privatetest")
    both = ("split.pool=development", "validation_split=privatetest", "chooses_on_test=true")
    on = Row("fine-tuning", "on", "mien_s-fer2013", 0.8, (*small, *both, "max_images=0"), test="fer2013:privatetest", starts_from="first")
    paper = replace(find_paper("003"), rows=(on, first), budgets={})
    said: list[str] = []
    result = reproduce_row(paper, on, data, tmp_path, "full", (), said.append, WATCH)
    assert (result["paper"], result["leaks"], result["split"]) == (0.8, True, "privatetest")
    counts = load_dataset("fer2013", data).counts()
    assert result["num_training"] == sum(counts["training"].values()) + sum(counts["publictest"].values())
    start = tmp_path / run_name(first, "full")
    assert f"Starts from {start}; taught by the labels alone." in said
    assert sorted(tmp_path.iterdir()) == sorted([start, tmp_path / run_name(on, "full")])
