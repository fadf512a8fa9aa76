"""Cards, bundles and the runtime: what is valid, and what is refused with which words."""

import hashlib
import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.card import open_bundle, open_shipped, read_card, shipped_bundles
from mien.errors import ConfigError, ModelFileError, UnknownNameError
from mien.evaluation.open import open_classifier
from mien.runtime.classifier import BundleClassifier, calibrate
from mien.runtime.litert import LiteRTNetwork


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the shipped bundle."""
    return Path(shutil.copytree(shipped_bundles()["mien_s"], tmp_path / "mien_s"))


def change(folder: Path, edit: Any) -> None:
    values = json.loads((folder / "card.json").read_text())
    edit(values)
    (folder / "card.json").write_text(json.dumps(values))


def test_the_shipped_bundle_keeps_its_promises() -> None:
    bundle = open_bundle()
    card = bundle.card
    assert card.labels == ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    assert card.network.parameters <= 1_000_000
    sizes = {name: bundle.file(name).stat().st_size for name in card.files}
    assert sizes["int8"] <= 1_100_000
    assert sum(sizes.values()) < 6_000_000
    for name, entry in card.files.items():
        assert entry.bytes == sizes[name]
        assert {"fer2013/publictest", "fer2013/privatetest"} <= set(entry.accuracy)
    for split in ("fer2013/publictest", "fer2013/privatetest"):
        assert card.files["float32"].accuracy[split] - card.files["int8"].accuracy[split] <= 0.005
    assert card.files["float32"].accuracy["fer2013/privatetest"] >= 0.690
    assert "-dirty" not in card.training.commit


def test_a_folder_named_like_a_shipped_bundle_changes_nothing(
    copy: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(copy.parent)
    change(copy, lambda card: card.update(limits="mine"))
    assert open_shipped("mien_s").card == open_bundle(shipped_bundles()["mien_s"]).card
    assert not caplog.text
    assert open_bundle("mien_s").card.limits != "mine"
    assert "write ./mien_s" in caplog.text
    assert open_bundle("./mien_s").card.limits == open_bundle(Path("mien_s")).card.limits == "mine"


def test_the_quick_file_has_a_name_of_its_own() -> None:
    bundle = open_bundle()
    assert bundle.file("quick") == bundle.file("int8")
    opened = open_classifier("mien_s", "quick")
    assert (opened.file, list(opened.files_sha256)) == ("int8", ["int8"])


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda card: card.update(card_version=2), "newer than this mien reads .*Upgrade mien"),
        (lambda card: card.pop("card_version"), "not a card"),
        (lambda card: card.update(extra=1), "'extra' is unknown"),
        (lambda card: card.pop("labels"), "missing labels"),
        (lambda card: card["preprocess"].update(color="bgr"), "color must be"),
        (lambda card: card["preprocess"].update(size_hw=[48]), "expected 2 values"),
        (lambda card: card["calibration"].update(temperature=0), "temperature must be above 0"),
        (lambda card: card.update(labels=["happy", "happy"]), "different names"),
        (lambda card: card.update(files={}), "at least one model file"),
        (lambda card: card["calibration"].update(temperature=math.inf), "temperature must be above 0"),
        (lambda card: card["alignment"].update(kind="box"), "eyes_level"),
        (lambda card: card["alignment"].update(eye_distances=math.nan), "eye_distances must be above 0"),
        (lambda card: card["alignment"].update(center_below_eyes=math.inf), "center_below_eyes must be finite"),
        *[
            (lambda card, path=path: card["files"]["int8"].update(path=path), "name of a file in the bundle's folder")
            for path in ("../int8.tflite", "/etc/passwd", "..", "", "a\\b", "c:int8.tflite")
        ],
    ],
)
def test_a_wrong_card_is_refused(copy: Path, edit: Any, said: str) -> None:
    change(copy, edit)
    with pytest.raises(ConfigError, match=said):
        open_bundle(copy)


def test_broken_and_absent_cards_are_told(copy: Path, tmp_path: Path) -> None:
    (copy / "card.json").write_text("{")
    with pytest.raises(ConfigError, match="not a readable card"):
        open_bundle(copy)
    (copy / "card.json").unlink()
    with pytest.raises(ModelFileError, match=r"holds no card\.json"):
        open_bundle(copy)
    with pytest.raises(UnknownNameError, match="Did you mean 'mien_s'"):
        open_bundle("mien_z")
    (tmp_path / "card.json").write_text("[1]")
    with pytest.raises(ConfigError, match="not a card"):
        read_card(tmp_path / "card.json")


def test_foreign_damaged_and_missing_files_are_told(copy: Path) -> None:
    bundle = open_bundle(copy)
    with pytest.raises(UnknownNameError, match="Did you mean 'int8'"):
        bundle.file("int4")
    content = bundle.file("int8").read_bytes()
    (copy / "int8.tflite").write_bytes(content[:-1] + b"x")
    with pytest.raises(ModelFileError, match="damaged or from another bundle"):
        bundle.file("int8")
    (copy / "int8.tflite").unlink()
    with pytest.raises(ModelFileError, match="incomplete"):
        bundle.file("int8")


def test_a_file_of_another_model_is_refused(copy: Path) -> None:
    def fewer_labels(card: dict[str, Any]) -> None:
        card["labels"] = card["labels"][:5]

    change(copy, fewer_labels)
    bundle = open_bundle(copy)
    with pytest.raises(ModelFileError, match="belong to different models"):
        BundleClassifier(bundle, "float32")


def onnx_bundle(copy: Path, input_shape: list[int | str], is_softmax: bool = True) -> Path:
    """Give a bundle a foreign ONNX file: the mean of the picture times seven weights."""
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("ReduceMean", ["crop"], ["mean"], axes=[1, 2], keepdims=0),
        helper.make_node("Gemm", ["mean", "weights", "biases"], ["logits"]),
        helper.make_node("Softmax" if is_softmax else "Identity", ["logits"], ["scores"]),
    ]
    constants = [
        numpy_helper.from_array(np.arange(7, dtype=np.float32)[None], "weights"),
        numpy_helper.from_array(np.linspace(-3, 3, 7, dtype=np.float32), "biases"),
    ]
    inputs = [helper.make_tensor_value_info("crop", TensorProto.FLOAT, input_shape)]
    outputs = [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [input_shape[0], 7])]
    graph = helper.make_graph(nodes, "foreign", inputs, outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=9), copy / "foreign.onnx")
    content = (copy / "foreign.onnx").read_bytes()
    hashes = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}

    def name_it(card: dict[str, Any]) -> None:
        card["files"]["float32"] |= {"path": "foreign.onnx", "runtime": "onnx", **hashes}

    change(copy, name_it)
    return copy


@pytest.mark.parametrize(
    ("input_shape", "is_softmax", "said"),
    [
        (["n", 48, 48, 1], True, ""),
        ([1, 48, 48, 1], True, ""),
        ([8, 48, 48, 1], True, "Expected one float32 picture"),
        (["n", "h", "w", 1], True, "Expected one float32 picture"),
        (["n", 48, 48, 1], False, "no scores"),
    ],
)
def test_a_foreign_onnx_file_fits_or_is_refused(copy: Path, input_shape: list[int | str], is_softmax: bool, said: str) -> None:
    bundle = open_bundle(onnx_bundle(copy, input_shape, is_softmax))
    if said:
        with pytest.raises(ModelFileError, match=said):
            BundleClassifier(bundle, "float32")
    else:
        assert BundleClassifier(bundle, "float32")([np.zeros((48, 48), np.uint8)]).sum() == pytest.approx(1)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x1c\x00\x00\x00TFL3" + b"\x00" * 200])
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"model\.tflite"):
        LiteRTNetwork(path)


def test_files_take_and_give_float32_with_batch_1() -> None:
    bundle = open_bundle()
    for name in bundle.card.files:
        network = LiteRTNetwork(bundle.file(name))
        assert network.input_shape == (1, 48, 48, 1)
        assert network.input_dtype is np.float32
        (scores,) = network(np.zeros((1, 48, 48, 1), np.float32))
        assert scores.dtype == np.float32
        assert scores.sum() == pytest.approx(1, abs=1e-5)


def test_calibration_is_temperature_scaling() -> None:
    scores = np.array([[0.7, 0.2, 0.1], [0.0, 1.0, 0.0]])
    np.testing.assert_allclose(calibrate(scores, 1.0), scores, atol=1e-12)
    soft = calibrate(scores, 2.0)
    np.testing.assert_allclose(soft[0], np.sqrt(scores[0]) / np.sqrt(scores[0]).sum())
    np.testing.assert_allclose(soft.sum(axis=1), 1)
    assert (calibrate(scores, 0.5).argmax(axis=1) == scores.argmax(axis=1)).all()
    assert calibrate(np.zeros((0, 3)), 2.0).shape == (0, 3)
