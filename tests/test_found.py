"""Training faces as detectors cut them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conftest import make_feed, write_fer2013
from mien.data import found as found_module
from mien.data.found import FoundSpec, face_at, find_crops, paste
from mien.data.manifest import Manifest, Sample
from mien.errors import ConfigError, SourceError
from mien.labels import FER7
from mien.preprocess import PreprocessSpec, Square, cut
from mien.training.fit import Watch
from mien.training.folder import read_history
from mien.training.recipe import load_recipe
from mien.training.run import train
from mien.types import Face, UInt8

GRAY48 = PreprocessSpec("gray", (48, 48), mean=(0.0,), std=(1.0,))


def ignore(done: int, total: int) -> None:
    del done, total


def face_around(x: float, y: float) -> Face:
    points = np.array([[x - 15, y - 10], [x + 15, y - 10], [x, y + 5], [x, y + 20]])
    return Face(np.array([x - 35, y - 35, x + 35, y + 35]), points, 0.9)


def faces_everywhere(scene: UInt8) -> Sequence[Face]:
    """Pretend to find a face every 30 px, so that one is in whatever was pasted."""
    return [face_around(x, y) for x in range(0, scene.shape[1], 30) for y in range(0, scene.shape[0], 30)]


@pytest.fixture
def portraits(astronaut: UInt8, grace_hopper: UInt8) -> Manifest:
    """Two portraits framed like FER2013, and a picture without a face."""
    squares = [(astronaut, Square((224.0, 120.0), 130.0)), (grace_hopper, Square((258.0, 200.0), 230.0))]
    pictures = [*(cut(picture, square, GRAY48) for picture, square in squares), np.full((48, 48), 90, np.uint8)]
    return Manifest("portraits", FER7, tuple(Sample(picture, "happy", "training", row) for row, picture in enumerate(pictures)))


@pytest.mark.parametrize("shape", [(48, 48), (64, 64, 3)])
def test_a_face_is_pasted_where_it_is_said_to_be(shape: tuple[int, ...]) -> None:
    face = np.random.default_rng(0).integers(100, 256, shape, np.uint8)
    scene, (x, y), side = paste(face, np.random.default_rng(3))
    assert (scene.shape, scene.dtype) == ((480, 640, 3), np.uint8)
    inner = scene[int(y) : int(y + side), int(x) : int(x + side)]
    assert inner.mean() == pytest.approx(face.mean(), rel=0.02)
    inside, outside = face_around(x + side / 2, y + side / 2), face_around(x - 30, y)
    assert face_at([outside, inside], (x, y), side) is inside
    assert face_at([outside], (x, y), side) is None


def test_crops_are_like_the_pictures_and_found_once(portraits: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[int, int]] = []
    found = find_crops(portraits, ["haar"], GRAY48, tmp_path, lambda done, total: calls.append((done, total)))
    assert sorted(found) == [0, 1]
    assert calls[-1] == (3, 3)
    for index, crops in found.items():
        assert [(crop.shape, crop.dtype) for crop in crops] == [((48, 48), np.uint8)]
        assert np.corrcoef(crops[0].ravel(), portraits.samples[index].pixels().ravel())[0, 1] > 0.4
    monkeypatch.setattr(found_module, "_find", None)  # nothing is looked for again
    again = find_crops(portraits, ["haar"], GRAY48, tmp_path, ignore)
    assert all((again[index][0] == found[index][0]).all() for index in found)


def test_nothing_found_and_wrong_detectors_are_told(portraits: Manifest, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="haar find none of 1 faces"):
        find_crops(replace(portraits, samples=portraits.samples[2:]), ["haar"], GRAY48, tmp_path, ignore)
    for names in (("har",), ("auto",), ()):
        with pytest.raises(ValueError, match="detectors must be one or more of yunet"):
            FoundSpec(0.5, names)
    with pytest.raises(ConfigError, match="switch cached features and crops off"):
        load_recipe("mien_s-fer2013", ("found.probability=0.5", "crops.canvas_side=56"))


def test_found_faces_are_shown_as_often_as_asked() -> None:
    crop = np.full((48, 48), 7, np.uint8)
    feed = replace(make_feed(num_faces=400, batch_size=8), found={index: [crop] for index in range(200)}, found_probability=0.5)
    rng = np.random.default_rng(0)
    shown = np.array([(feed._face(index, rng) == 7).all() for index in range(400)])
    assert shown[:200].mean() == pytest.approx(0.5, abs=0.1)
    assert not shown[200:].any()


def test_training_with_found_faces_resumes_and_keeps_them_until_it_is_done(
    tmp_path: Path, any_counts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_fer2013(tmp_path, num_training=6, num_test=3)
    monkeypatch.setattr(found_module, "create_detector", lambda name, policy: faces_everywhere)
    changes = ("optimizer.epochs=2", "optimizer.batch_size=14", "precision=float32", "found.probability=0.7")
    recipe = load_recipe("mien_xs-fer2013", (*changes, "distill.weight=0.0", 'found.detectors=["haar"]'))
    said: list[str] = []
    watch = Watch(lambda step, total: None, lambda history: None)
    run_dir = tmp_path / "run"
    assert not train(recipe, tmp_path, run_dir, said.append, watch, max_epochs=1)
    assert "42 of 42 training faces are found by haar" in " ".join(said)
    assert len(list((run_dir / "features").glob("*-0000000.npz"))) == 1
    monkeypatch.setattr(found_module, "_find", None)
    assert train(recipe, tmp_path, run_dir, said.append, watch)
    assert len(read_history(run_dir)) == 2
    assert not (run_dir / "features").exists()
