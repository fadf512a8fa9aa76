"""Files from a network: what each kind is worth, and what is refused."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from conftest import REPOSITORY, Run
from mien.card import FileEntry, open_bundle, open_trained, shipped_bundles
from mien.errors import ConfigError, ModelFileError, UnknownNameError
from mien.export import bundle as bundle_module
from mien.export import mixed
from mien.export.bundle import export
from mien.export.calibration import TEMPERATURES, abstain_threshold, fit_temperature
from mien.export.formats import FORMATS
from mien.export.onnx import write_onnx, write_onnx_int8
from mien.export.origin import empty_entry, from_catalog
from mien.export.parity import check_parity, file_scores
from mien.export.quantize import weighted_layers, write_dynamic, write_float16, write_int8, write_int8_with
from mien.pipeline import Recognizer
from mien.preprocess import Float32, luma
from mien.runtime.classifier import calibrate
from mien.runtime.litert import LiteRTNetwork
from mien.types import UInt8

FLOAT32 = shipped_bundles()["mien_s"] / "float32.tflite"


@pytest.fixture(scope="module")
def inputs() -> Float32:
    """Soft noise in the range of normalised faces."""
    return np.random.default_rng(0).normal(0, 1, (24, 48, 48, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def random_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network with random weights, in all kinds of files."""
    folder = tmp_path_factory.mktemp("bundles") / "small"
    export(from_catalog("attention_cnn", "small"), folder, list(FORMATS))
    return folder


@pytest.mark.parametrize("temperature", [0.4, 2.5])
def test_the_temperature_that_spoiled_scores_is_found_again(temperature: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 4))
    honest = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (rng.random((len(honest), 1)) > honest.cumsum(axis=1)).sum(axis=1)
    spoiled = calibrate(honest, 1 / temperature)
    assert fit_temperature(spoiled, labels) == pytest.approx(temperature, rel=0.05)


def test_a_temperature_at_its_limit_is_the_limit() -> None:
    scores = np.tile([0.99, 0.01], (100, 1))
    assert fit_temperature(scores, np.array([0, 1] * 50)) == TEMPERATURES[1]


def test_the_threshold_leaves_out_the_share_it_is_asked_for() -> None:
    sure = np.random.default_rng(0).uniform(0.5, 1, 1000)
    scores = np.stack([sure, 1 - sure], axis=1)
    for coverage in (0.5, 0.9):
        assert float((sure >= abstain_threshold(scores, coverage)).mean()) == pytest.approx(coverage, abs=0.002)


def test_a_bundle_made_anew_says_what_goes_and_takes_no_others_place(random_bundle: Path, tmp_path: Path) -> None:
    copy = tmp_path / "small"
    shutil.copytree(random_bundle, copy)
    said: list[str] = []
    export(from_catalog("attention_cnn", "small"), copy, ("float32",), say=said.append)
    assert "which go" in said[0]
    assert sorted(path.name for path in copy.iterdir()) == ["card.json", "float32.tflite"]
    with pytest.raises(ConfigError, match="holds a bundle of attention_cnn"):
        export(from_catalog("mien_xs", "small"), copy, ("float32",))
    with pytest.raises(ConfigError, match="no test split to open"):
        export(from_catalog("mien_xs", "small"), tmp_path / "new", ("float32",), release=True)


def test_onnx_needs_no_data_and_the_page_tells_how_to_run_it(run: Run, tmp_path: Path, grace_hopper: UInt8) -> None:
    status, _, err = run("export", "mien_s", "--files", "onnx", "--out", "my_bundle")
    assert (status, "on pictures of noise" in err) == (0, True), err
    card = open_bundle(tmp_path / "my_bundle").card
    assert card.files["float32"] == replace(open_bundle("mien_s").card.files["float32"], latency_ms=card.files["float32"].latency_ms)
    assert (card.files["onnx"].accuracy, card.files["onnx"].parity_on) == ({}, "noise/validation, 8 faces")
    status, _, err = run("export", "mien_s", "--files", "int8_io", "--out", "other")
    assert (status, "no such file or folder" in err) == (2, True), "ranges need faces"
    page = (REPOSITORY / "docs" / "export.md").read_text(encoding="utf-8")
    snippet = page.partition("<!-- snippet: without_mien -->\n```python\n")[2].partition("```")[0]
    recognizer = Recognizer(tmp_path / "my_bundle", "onnx", detector="haar")
    for side in (48, 64, 101, 224):
        crop = cv2.resize(luma(grace_hopper[85:315, 143:373]), (side, side), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        Image.fromarray(crop).save(tmp_path / "face.png")
        told = subprocess.run([sys.executable, "-c", snippet], capture_output=True, text=True, check=True, cwd=tmp_path).stdout
        scores = recognizer.classify([crop])[0]
        assert scores.max() < 0.9, "a face that is read surely is read so, however it is resized"
        word, probability, *_ = told.split()
        assert word == recognizer.labels[int(scores.argmax())]
        assert float(probability) == pytest.approx(float(scores.max()), abs=0.01)  # ties of rounding fall otherwise


def test_every_kind_of_file_answers_as_the_float32_file(inputs: Float32, tmp_path: Path) -> None:
    write_float16(FLOAT32, tmp_path / "float16.tflite")
    write_dynamic(FLOAT32, tmp_path / "dynamic.tflite")
    write_int8(FLOAT32, inputs, tmp_path / "int8.tflite")
    write_int8(FLOAT32, inputs, tmp_path / "int8_io.tflite", integer_io=True)
    write_onnx(FLOAT32, tmp_path / "model.onnx")
    write_onnx_int8(tmp_path / "model.onnx", inputs, tmp_path / "int8.onnx")
    expected = file_scores(FLOAT32, "litert")(inputs)
    full = FLOAT32.stat().st_size
    for name, row in FORMATS.items():
        if name == "float32":
            continue
        path = tmp_path / row.path
        difference = np.abs(file_scores(path, row.runtime)(inputs) - expected)
        assert difference.max() <= row.max_difference, name
        assert difference.mean() <= row.mean_difference, name
        share = {"float16": 0.52, "onnx": 1.01}.get(name, 0.3)
        assert path.stat().st_size <= share * full, name


def test_an_integer_file_is_fed_by_rounding_and_clipping(inputs: Float32, tmp_path: Path) -> None:
    write_int8(FLOAT32, inputs, tmp_path / "int8_io.tflite", integer_io=True)
    network = LiteRTNetwork(tmp_path / "int8_io.tflite")
    assert network.input_dtype is np.int8
    given: list[Any] = []
    network._interpreter = type(
        "Fake",
        (),
        {
            "set_tensor": lambda _, __, value: given.append(value),
            "invoke": lambda _: None,
            "get_tensor": lambda _, __: np.array([[127]], np.int8),
        },
    )()
    scale, zero_point = network._input["quantization"]
    values = np.full((1, 48, 48, 1), 0.0, np.float32)
    values.flat[:3] = (100 * scale * 10, (3.6 - zero_point) * scale, -1000)
    (scores,) = network(values)
    assert given[0].dtype == np.int8
    assert given[0].flat[:4].tolist() == [127, 4, -128, zero_point]  # clipped, rounded up, clipped, zero
    assert scores[0, 0] == pytest.approx(255 / 256)


def test_layers_can_stay_float(inputs: Float32, tmp_path: Path) -> None:
    path = tmp_path / "int8.tflite"
    ranges = write_int8(FLOAT32, inputs, path)
    plain_size, plain = path.stat().st_size, file_scores(path, "litert")(inputs)
    layers = weighted_layers(FLOAT32)
    assert len(layers) == 17
    write_int8_with(FLOAT32, ranges, path, float_layers=layers)
    exact = file_scores(FLOAT32, "litert")(inputs)
    mixed_scores = file_scores(path, "litert")(inputs)
    assert path.stat().st_size > 3 * plain_size
    assert np.abs(mixed_scores - exact).mean() < np.abs(plain - exact).mean()


def test_the_most_harmful_layers_are_left_float_until_the_file_is_good(inputs: Float32, tmp_path: Path) -> None:
    ranges = write_int8(FLOAT32, inputs[:4], tmp_path / "int8.tflite")
    tried: list[tuple[str, ...]] = []
    lines: list[str] = []
    chosen = mixed.choose_float_layers(FLOAT32, ranges, inputs[:4], tried.append, lambda: len(tried) == 2, lines.append)
    assert len(chosen) == 2
    assert tried == [chosen[:1], chosen]
    assert len(lines) == 2
    never = mixed.choose_float_layers(FLOAT32, ranges, inputs[:4], tried.append, lambda: False, lines.append)
    assert len(never) == mixed.MAX_FLOAT_LAYERS


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("float32", {"parity_max_abs": 0.01}, "differs from the trained network by 0.01"),
        ("float32", {"parity_max_abs": float("nan")}, "differs from the trained network"),
        ("int8", {"parity_mean_abs": 0.2}, "by 0.2 on average"),
        ("int8", {"accuracy": {"fer2013/publictest": 0.69}}, "loses 0.0100 of accuracy"),
        ("int8", {"accuracy": {"fer2013/publictest": 0.6951}}, None),
    ],
)
def test_a_file_outside_its_tolerance_is_refused(name: str, changes: dict[str, Any], said: str | None) -> None:
    entry = replace(empty_entry(FORMATS[name].path), **{"accuracy": {"fer2013/publictest": 0.70}, **changes})
    if said is None:
        check_parity(name, entry, 0.70, "fer2013/publictest")
    else:
        with pytest.raises(ModelFileError, match=said):
            check_parity(name, entry, 0.70, "fer2013/publictest")


def test_random_weights_give_parity_and_no_accuracy(random_bundle: Path) -> None:
    card = open_bundle(random_bundle).card
    assert set(card.files) == set(FORMATS)
    for name, entry in card.files.items():
        assert entry.accuracy == {}
        assert entry.parity_on == "noise/validation, 8 faces"
        assert entry.latency_ms > 0
        assert entry.runtime == FORMATS[name].runtime
        assert bool(entry.calibrated_on) == FORMATS[name].has_ranges
    assert not card.is_trained
    with pytest.raises(ConfigError, match="random weights"):
        open_trained(random_bundle)
    with pytest.raises(ConfigError, match="random weights"):
        Recognizer(random_bundle, detector="haar")


def test_a_failed_export_leaves_the_old_bundle(random_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "small"
    shutil.copytree(random_bundle, target)
    before = {path.name: path.read_bytes() for path in target.iterdir()}

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundle_module, "write_float16", fail)
    with pytest.raises(Exception, match="No space left on device"):
        export(from_catalog("attention_cnn", "small"), target, ["float16"])
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["small"]


@pytest.mark.usefixtures("any_counts")
def test_files_are_added_to_a_bundle_only_with_its_own_data(run: Run, fer2013_folder: Path, tmp_path: Path) -> None:
    status, _, err = run("export", "mien_s", "--data", fer2013_folder)
    assert status == 2
    assert "stays as it is" in err
    status, _, err = run("export", "mien_s", "--data", fer2013_folder, "--out", tmp_path / "more")
    assert status == 2
    assert "is not the training data" in err
    assert not (tmp_path / "more").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["attention_cnn", "--random-weights", "--files", "int4"], "Did you mean 'int8'"),
        (["attention_cn", "--random-weights"], "Did you mean 'attention_cnn'"),
    ],
)
def test_wrong_words_are_told(run: Run, arguments: list[str], said: str) -> None:
    status, _, err = run("export", *arguments)
    assert status == 2
    assert said in err


def test_unknown_runtime_in_a_card_is_refused(random_bundle: Path, tmp_path: Path) -> None:
    target = tmp_path / "small"
    shutil.copytree(random_bundle, target)
    values = json.loads((target / "card.json").read_text())
    values["files"]["onnx"]["runtime"] = "torch"
    (target / "card.json").write_text(json.dumps(values))
    with pytest.raises(ConfigError, match="runtime must be one of litert, onnx"):
        open_bundle(target)
    with pytest.raises(UnknownNameError):
        open_bundle(random_bundle).file("int4")
    assert isinstance(open_bundle(random_bundle).card.files["onnx"], FileEntry)
