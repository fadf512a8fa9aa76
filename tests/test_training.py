"""Training for real, in small: it learns, and a killed run resumes as if nothing had happened."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from conftest import make_feed, write_fer2013
from mien.card import open_bundle
from mien.data.fer2013 import load
from mien.data.manifest import Manifest
from mien.errors import ConfigError, ModelFileError
from mien.evaluation.float_model import FloatClassifier
from mien.export.bundle import export
from mien.export.litert import write_float32
from mien.export.origin import from_catalog
from mien.labels import FER7
from mien.records import append_line
from mien.runtime.classifier import BundleClassifier
from mien.training.folder import TIMES, open_run, read_seconds
from mien.training.losses import scores_of_logits
from mien.training.recipe import load_recipe
from mien.training.unfold import network_of_bundle

EPOCHS = 3
# Runs the command line on a small data set, whose counts are not the published ones.
SCRIPT = (
    "import sys; from mien.data.fer2013 import COUNTS; COUNTS.clear(); from mien.apps.cli.main import main; sys.argv[0] = 'mien'; main()"
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_fer2013(folder, num_training=30, num_test=10)
    return folder


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-c", SCRIPT, *map(str, arguments)]


def train_command(run: Path, data: Path) -> list[str]:
    changes = [f"optimizer.epochs={EPOCHS}", "optimizer.batch_size=32", "optimizer.ema_momentum=0.5", "schedule.warmup_epochs=1.0"]
    return command("train", "mien_s-fer2013", "--data", data, "--run", run, *(part for change in changes for part in ("--set", change)))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    """A run that nothing interrupted."""
    run = tmp_path_factory.mktemp("runs") / "finished"
    result = subprocess.run(train_command(run, data), capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return run


def _scores(run: Path, data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Labels of PublicTest, and what a finished run says of it."""
    faces = load(data, check=False).split("publictest")
    return faces.label_indices, FloatClassifier(run)([sample.pixels() for sample in faces.samples])


def test_the_run_folder_holds_everything(finished: Path, data: Path) -> None:
    names = {path.name for path in finished.iterdir()}
    files = {"recipe.toml", "environment.jsonl", "data.json", "history.jsonl", "times.jsonl", "checkpoint.npz", "weights.npz", "curves.png"}
    assert names == files
    history = [json.loads(line) for line in (finished / "history.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert history[-1]["training_loss"] < history[0]["training_loss"]
    labels, scores = _scores(finished, data)
    assert history[-1]["validation_accuracy"] == pytest.approx(np.mean(scores.argmax(axis=1) == labels), abs=0.03), (
        "of the weights it ends with"
    )
    assert history[-1]["validation_loss"] == pytest.approx(-np.log(scores[np.arange(len(labels)), labels]).mean(), rel=0.02)
    facts = json.loads((finished / "data.json").read_text())
    assert facts["num_training"] == 210
    assert len(facts["training_sha256"]) == 64
    assert json.loads((finished / "environment.jsonl").read_text())["packages"]["numpy"]


def test_a_killed_run_resumes_to_identical_weights(finished: Path, data: Path, tmp_path: Path) -> None:
    run = tmp_path / "killed"
    process = subprocess.Popen(train_command(run, data), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (run / "history.jsonl").exists() and process.poll() is None:
        time.sleep(0.02)
    time.sleep(0.3)  # into the second epoch
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert len((run / "history.jsonl").read_text().splitlines()) < EPOCHS, "killed too late to test anything"
    result = subprocess.run(command("train", "--resume", run, "--data", data), capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert (run / "history.jsonl").read_text() == (finished / "history.jsonl").read_text()
    for name in ("weights.npz", "checkpoint.npz"):
        with np.load(run / name) as resumed, np.load(finished / name) as straight:
            assert resumed.files == straight.files
            assert all((resumed[key] == straight[key]).all() for key in straight.files)


@pytest.mark.parametrize("lost", [{"weights.npz"}, {"weights.npz", "history.jsonl"}])
def test_a_run_killed_at_its_very_end_is_finished_by_resuming(lost: set[str], finished: Path, data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished, run, ignore=lambda folder, names: lost)
    (run / ".tmp-1-weights.npz").write_bytes(b"half")
    evaluate = subprocess.run(command("evaluate", run, "--data", data), capture_output=True, text=True, check=False)
    assert evaluate.returncode == 2
    assert "is not finished. Continue with: mien train --resume" in evaluate.stderr
    subprocess.run(command("train", "--resume", run, "--data", data), capture_output=True, check=True)
    assert (run / "history.jsonl").read_text() == (finished / "history.jsonl").read_text()
    with np.load(run / "weights.npz") as resumed, np.load(finished / "weights.npz") as straight:
        assert all((resumed[key] == straight[key]).all() for key in straight.files)
    assert not list(run.glob(".tmp-*"))


def test_a_finished_run_stays_as_it_is_when_resumed(finished: Path, data: Path) -> None:
    before = (finished / "weights.npz").read_bytes()
    subprocess.run(command("train", "--resume", finished, "--data", data), capture_output=True, check=True)
    with np.load(finished / "weights.npz") as after:
        (finished / "before.npz").write_bytes(before)
        with np.load(finished / "before.npz") as old:
            assert all((after[key] == old[key]).all() for key in old.files)
    (finished / "before.npz").unlink()


def test_a_second_stage_starts_from_the_weights_of_the_first(finished: Path, data: Path, tmp_path: Path) -> None:
    run = tmp_path / "tuned"
    settings = ["optimizer.epochs=1", "optimizer.batch_size=32", "optimizer.ema_momentum=0.5", "optimizer.learning_rate=0.001"]
    options = [part for setting in settings for part in ("--set", setting)]
    train = command("train", "mien_s-fer2013-tune", "--data", data, "--run", run, "--init", finished, *options)
    result = subprocess.run(train, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    first = [json.loads(line) for line in (finished / "history.jsonl").read_text().splitlines()]
    (second,) = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    assert second["training_loss"] < first[0]["training_loss"]
    absent = command("train", "mien_s-fer2013-tune", "--data", data, "--run", tmp_path / "other", "--init", tmp_path, *options)
    result = subprocess.run(absent, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "holds no recipe.toml" in result.stderr


def test_a_shipped_bundle_is_tuned_on_other_faces(data: Path, tmp_path: Path) -> None:
    settings = ["optimizer.epochs=1", "optimizer.batch_size=32", "optimizer.ema_momentum=0.5", "optimizer.learning_rate=0.0001"]
    options = [part for setting in settings for part in ("--set", setting)]
    train = command("train", "mien_s-fer2013-tune", "--data", data, "--run", tmp_path / "run", "--init", "mien_s", *options)
    result = subprocess.run(train, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    facts = json.loads((tmp_path / "run" / "data.json").read_text())
    assert facts["init"]["recipe"].startswith("mien_s (bundle)")
    assert facts["init"]["data"] == "fer2013"
    other = command("train", "mini784k-fer2013", "--data", data, "--run", tmp_path / "other", "--init", "mien_s")
    result = subprocess.run(other, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "holds the network mien_s, the recipe trains mini784k" in result.stderr
    assert not (tmp_path / "other").exists()


def test_a_bundle_gives_its_network_back() -> None:
    bundle = open_bundle("mien_s")
    inputs = np.random.default_rng(0).normal(0, 1, (40, 48, 48, 1)).astype(np.float32)
    model = network_of_bundle(bundle, inputs)
    file = BundleClassifier(bundle, "float32")
    at_rest = scores_of_logits(np.asarray(model(inputs)), "crossentropy")
    assert np.abs(at_rest - file.raw_scores(inputs)).max() < 1e-3
    # In training's mode it answers alike, since its statistics are those of the inputs.
    for layer in model.layers:
        if "dropout" in layer.name:
            layer.rate = 0.0
    in_training = scores_of_logits(np.asarray(model(inputs, training=True)), "crossentropy")
    assert np.abs(in_training - at_rest).max() < 0.01


@pytest.mark.parametrize("answers", ["softmax", "sigmoid"])
def test_a_network_without_normalisation_comes_back_whatever_it_answers(answers: str, tmp_path: Path) -> None:
    folder = tmp_path / "cnn5"
    export(from_catalog("cnn5", "cnn5"), folder, ("float32",))
    inputs = np.random.default_rng(0).normal(0, 1, (2, 180, 180, 3)).astype(np.float32)
    before = network_of_bundle(open_bundle(folder), inputs)
    write_float32(before, folder / "float32.tflite", answers)
    card = json.loads((folder / "card.json").read_text())
    card["files"]["float32"]["sha256"] = hashlib.sha256((folder / "float32.tflite").read_bytes()).hexdigest()
    (folder / "card.json").write_text(json.dumps(card))
    again = network_of_bundle(open_bundle(folder), inputs)
    assert np.allclose(before(inputs), again(inputs), atol=1e-4)


def test_export_writes_a_bundle_that_runs(finished: Path, data: Path, tmp_path: Path) -> None:
    # This short training answers almost nothing with confidence, so the accuracy of int8 may differ more than is allowed.
    script = SCRIPT.replace("from mien.apps", "import mien.export.parity as p; p.ACCURACY_TOLERANCE = 1; from mien.apps")
    export = [sys.executable, "-c", script, "export", str(finished), "--data", str(data), "--out", str(tmp_path / "small"), "--release"]
    result = subprocess.run(export, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    card = open_bundle(tmp_path / "small").card
    assert set(card.files) == {"float32", "int8"}
    for entry in card.files.values():
        assert (tmp_path / "small" / entry.path).stat().st_size == entry.bytes
        assert set(entry.accuracy) == {"fer2013/publictest", "fer2013/privatetest"}
    assert card.files["float32"].parity_max_abs < 1e-3
    assert card.files["int8"].bytes < card.files["float32"].bytes / 3
    assert card.calibration.temperature > 0
    trust = card.calibration.trust["fer2013/publictest"]
    assert trust.accuracy_at["1"] == pytest.approx(card.files["float32"].accuracy["fer2013/publictest"])
    assert 0 <= trust.ece <= 1
    assert card.network.parameters == 944487
    # Output positions x (input channels x kernel) x output channels, block by block.
    stem = 24**2 * 9 * 32
    stage1 = 24**2 * (9 * 32 * 48 + 9 * 48 * 48 + 32 * 48 + 2 * 9 * 48 * 48)
    stage2 = 12**2 * (9 * 48 * 96 + 9 * 96 * 96 + 48 * 96 + 2 * 9 * 96 * 96)
    stage3 = 6**2 * (9 * 96 * 128 + 9 * 128 * 128 + 96 * 128 + 2 * 9 * 128 * 128)
    assert card.network.macs == stem + stage1 + stage2 + stage3 + 128 * 7
    assert card.training.num_images == 210


def test_a_run_is_evaluated_before_any_export(finished: Path, data: Path) -> None:
    evaluate = command("evaluate", finished, "--data", data, "--split", "publictest", "--json")
    result = subprocess.run(evaluate, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["n"] == 70


def test_another_recipe_or_other_data_do_not_mix(tmp_path: Path) -> None:
    recipe = load_recipe("mien_s-fer2013")
    facts = {"training_sha256": "4567"}
    nothing = Manifest("none", FER7, ())
    (tmp_path / "busy").mkdir()
    (tmp_path / "busy" / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match="is not empty and holds no run"):
        open_run(tmp_path / "busy", recipe, nothing, facts)
    open_run(tmp_path / "run", recipe, nothing, facts)
    with pytest.raises(ConfigError, match="holds a run of another recipe"):
        open_run(tmp_path / "run", load_recipe("mien_s-fer2013", ("seed=1",)), nothing, facts)
    (tmp_path / "run" / "data.json").write_text('{"training_sha256": "0123"}')
    with pytest.raises(ConfigError, match="trained on other data"):
        open_run(tmp_path / "run", recipe, nothing, facts)
    (tmp_path / "run" / "data.json").write_text('{"training_sha256": "4567", "teacher_scores_sha256": "89ab"}')
    with pytest.raises(ConfigError, match="taught by other data"):
        open_run(tmp_path / "run", recipe, nothing, facts | {"teacher_scores_sha256": "cdef"})


def test_lines_of_a_killed_run_do_not_spoil_the_next(tmp_path: Path) -> None:
    times = tmp_path / TIMES
    times.write_text('{"epoch": 1, "seconds": 2.0}\n{"epo')
    append_line(times, {"epoch": 2, "seconds": 3.0})
    assert read_seconds(tmp_path) == 5.0


def test_statistics_are_those_of_the_averaged_weights() -> None:
    """Batch normalisation's mean after the stem is the mean of what the stem gives for augmented faces."""
    import keras

    from mien.models.catalog import build_model
    from mien.training.fit import refresh_statistics

    feed = make_feed(num_faces=64, batch_size=32)
    model = build_model("mien_s", 7, (48, 48, 1))
    refresh_statistics(model, feed, epoch=5)
    inputs = np.concatenate([batch for batch, _ in feed.batches(5)])
    stem = keras.Model(model.input, model.get_layer("stem").output).predict(inputs, verbose=0)
    found = keras.ops.convert_to_numpy(model.get_layer("stem_bn").moving_mean)
    np.testing.assert_allclose(found, stem.mean(axis=(0, 1, 2)), atol=1e-3)
    assert model.get_layer("stem_bn").momentum == 0.9


def test_damaged_weights_are_told(tmp_path: Path) -> None:
    from mien.models.catalog import build_model
    from mien.training.checkpoint import load_weights, save_weights

    model = build_model("mien_s", 7, (48, 48, 1))
    save_weights(tmp_path / "w.npz", model)
    load_weights(tmp_path / "w.npz", model)
    content = (tmp_path / "w.npz").read_bytes()
    (tmp_path / "w.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelFileError, match="not a readable file of weights"):
        load_weights(tmp_path / "w.npz", model)
    np.savez(tmp_path / "other.npz", variable_0000=np.zeros(3))
    with pytest.raises(ModelFileError, match="do not fit"):
        load_weights(tmp_path / "other.npz", model)
