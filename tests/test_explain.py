"""Maps of importance: they find what a network was made to look at, and their checks tell good maps from bad ones."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from conftest import MEDIA, SHARED
from mien.covering import hide, part_box
from mien.detection.mesh import FaceMesh
from mien.explain.draw import grid, overlay_heat
from mien.explain.faithfulness import curves
from mien.explain.networks import METHODS, open_explained
from mien.explain.occlusion import occlusion_map
from mien.explain.region import face_mask, share_on
from mien.pictures import read_picture
from mien.preprocess import Float32, fit, prepare
from mien.types import Float, UInt8

MESH = SHARED / "detectors/blazeface/face_landmark.tflite"
Run = Callable[..., tuple[int, str, str]]


def looks_at_a_corner(inputs: Float32) -> Float:
    """A network of two labels that sees nothing but the top left quarter."""
    bright = inputs[:, :12, :12, 0].mean(axis=(1, 2))
    return np.stack([1 / (1 + np.exp(-4 * bright)), 1 / (1 + np.exp(4 * bright))], axis=1)


@pytest.fixture
def face() -> Float32:
    values = np.random.default_rng(0).normal(0, 0.1, (24, 24, 1)).astype(np.float32)
    values[:12, :12] += 1
    return values


@pytest.fixture
def portrait_crop(astronaut: UInt8) -> UInt8:
    """The face of the astronaut as FER2013 frames it."""
    return fit(astronaut[60:220, 140:300], 48)


def test_occlusion_finds_what_the_network_looks_at(face: Float32) -> None:
    heat = occlusion_map(looks_at_a_corner, face, 0)
    assert heat.shape == (24, 24)
    assert heat[:10, :10].mean() > 10 * abs(heat[16:, 16:].mean())
    assert occlusion_map(looks_at_a_corner, face, 1)[:10, :10].mean() < 0  # it speaks against the other label


def test_curves_tell_a_good_map_from_a_bad_one(face: Float32) -> None:
    good = np.zeros((24, 24))
    good[:12, :12] = 1
    good_deletion, good_insertion = curves(looks_at_a_corner, face, 0, good)
    bad_deletion, bad_insertion = curves(looks_at_a_corner, face, 0, -good)
    assert good_deletion < bad_deletion
    assert good_insertion > bad_insertion


@pytest.mark.parametrize("method", METHODS)
def test_maps_of_the_shipped_model_beat_chance_on_a_portrait(portrait_crop: UInt8, method: str) -> None:
    explained = open_explained("mien_s")
    values = prepare([portrait_crop], explained.preprocess)[0]
    column = int(explained.raw_scores(values[None])[0].argmax())
    assert explained.labels[column] == "happy"
    heat = explained.heat(method, values, column)
    assert heat.shape == (48, 48)
    assert np.isfinite(heat).all()
    rng = np.random.default_rng(0)
    chance = np.mean([curves(explained.raw_scores, values, column, rng.random((48, 48))) for _ in range(3)], axis=0)
    _, insertion = curves(explained.raw_scores, values, column, heat)
    assert insertion > chance[1]


def test_a_smile_is_seen_in_the_mouth(portrait_crop: UInt8) -> None:
    """Where the eyes are covered; the shipped network finds them enough otherwise."""
    explained = open_explained("mien_s", "int8")
    values = prepare([hide(portrait_crop, part_box("eyes"), 128)], explained.preprocess)[0]
    heat = explained.heat("occlusion", values, explained.labels.index("happy"))
    y, _ = np.unravel_index(heat.argmax(), heat.shape)
    assert 24 <= y <= 36  # the mouth is at 28


@pytest.mark.parametrize("loss_name", ["crossentropy", "binary_crossentropy"])
def test_saliency_is_the_gradient_of_the_loss_it_was_trained_with(face: Float32, loss_name: str) -> None:
    keras = pytest.importorskip("keras")
    from mien.explain.gradients import saliency

    model = keras.Sequential([keras.Input(face.shape), keras.layers.Flatten(), keras.layers.Dense(3)])
    kernel = np.random.default_rng(1).normal(0, 0.1, (face.size, 3)).astype(np.float32)
    model.layers[-1].set_weights([kernel, np.zeros(3, np.float32)])
    logits = face.reshape(-1) @ kernel
    scores = np.exp(logits) / np.exp(logits).sum() if loss_name == "crossentropy" else 1 / (1 + np.exp(-logits))
    expected = np.abs(kernel @ (scores - np.eye(3)[2])).reshape(face.shape[:2])
    np.testing.assert_allclose(saliency(model, face, 2, loss_name), expected, atol=1e-6)


def test_shares_and_grids() -> None:
    mask = np.zeros((4, 4))
    mask[:2] = 1
    assert share_on(mask, np.ones((4, 4))) == 0.5
    assert share_on(mask, mask) == 1
    assert np.isnan(share_on(mask, -np.ones((4, 4))))
    assert grid(np.random.default_rng(0).normal(size=(5, 3, 3, 1))).shape == (2 * 66 - 2, 3 * 66 - 2, 3)
    flat = np.full((8, 8), 100, np.uint8)
    assert np.ptp(overlay_heat(flat, np.zeros((8, 8)))) == 0


def test_the_mesh_finds_the_face_in_a_crop(portrait_crop: UInt8) -> None:
    if not MESH.is_file():
        pytest.skip(f"needs the face mesh, {MESH} is missing")
    mask = face_mask(FaceMesh(MESH), portrait_crop)
    assert mask is not None
    assert 0.3 < mask.mean() < 0.8
    assert mask[24, 24] == 1
    assert mask[0, 0] == 0
    assert face_mask(FaceMesh(MESH), np.zeros((48, 48), np.uint8)) is None


def test_the_command_writes_a_page(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    status, text, _ = run("explain", MEDIA / "astronaut.jpg", "--detector", "haar", "--out", out, "--json")
    assert status == 0
    (result,) = json.loads(text)["faces"]
    assert result["expression"] == "happy"
    assert all((out / name).read_bytes().startswith(b"\x89PNG") for name in result["files"])
    html = (out / "explain.html").read_text()
    assert "Grad-CAM" in html
    assert "http" not in html
    crop = tmp_path / "crop.png"
    from PIL import Image

    Image.fromarray(fit(read_picture(MEDIA / "astronaut.jpg")[60:220, 140:300], 48)).save(crop)
    status, text, _ = run("explain", crop, "--crops", "--methods", "occlusion", "--no-layers", "--out", out, "--json")
    assert status == 0
    assert json.loads(text)["faces"][0]["expression"] == "happy"


def test_a_damaged_picture_keeps_no_other_back(run: Run, tmp_path: Path) -> None:
    shutil.copyfile(MEDIA / "astronaut.jpg", tmp_path / "good.jpg")
    (tmp_path / "bad.jpg").write_bytes((tmp_path / "good.jpg").read_bytes()[:3000])
    options = ("--detector", "haar", "--methods", "occlusion,occlusion", "--no-layers", "--out", tmp_path / "out", "--json")
    status, text, err = run("explain", tmp_path / "*.jpg", *options)
    assert status == 2
    assert "bad.jpg" in err
    (face,) = json.loads(text)["faces"]
    assert (face["name"], len(face["files"])) == ("good", len(set(face["files"])))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Name pictures to explain"),
        (["x.png"], "x.png"),
        (["--methods", "gradcam", "x.png"], "Did you mean 'grad_cam'"),
        (["--model", "mien_z", "x.png"], "Did you mean 'mien_s'"),
    ],
)
def test_wrong_words_are_told(run: Run, arguments: list[str], said: str) -> None:
    status, _, err = run("explain", *arguments)
    assert status == 2
    assert said in err
