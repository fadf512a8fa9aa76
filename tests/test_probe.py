"""Probes: what they do to a face, and that accuracy falls where it must."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from conftest import SHARED
from mien.alignment import AlignmentSpec
from mien.covering import hide, part_box
from mien.data.manifest import Manifest, Sample
from mien.errors import UnknownNameError
from mien.evaluation.open import OpenClassifier, open_classifier
from mien.evaluation.perturb import CORRUPTIONS, FRAMINGS, STRENGTHS, yaw
from mien.evaluation.probe import PROBES, probe
from mien.evaluation.probe_figure import draw_probe
from mien.preprocess import PreprocessSpec
from mien.types import UInt8

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def crop(astronaut: UInt8) -> UInt8:
    return np.ascontiguousarray(astronaut[60:220:2, 140:300:2].mean(axis=2).astype(np.uint8))


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_every_corruption_grows_with_its_strength(name: str, crop: UInt8) -> None:
    changes = []
    for strength in STRENGTHS:
        values = []
        for seed in range(4):
            changed = CORRUPTIONS[name](crop, strength, np.random.default_rng(seed))
            assert changed.shape == crop.shape
            assert changed.dtype == np.uint8
            values.append(np.abs(changed.astype(float) - crop).mean())
        changes.append(float(np.mean(values)))
    assert changes[0] > 0
    assert changes[4] > 1.5 * changes[0]
    color = np.repeat(crop[..., np.newaxis], 3, axis=2)
    assert CORRUPTIONS[name](color, 3, np.random.default_rng(0)).shape == color.shape


def test_a_turned_face_is_narrower_on_the_far_side_and_its_eyes_stay_centred() -> None:
    lines = np.zeros((96, 96), np.uint8)
    eyes = (30, 66)
    lines[:, eyes] = 255
    turned = yaw(lines, 30)
    found = np.flatnonzero(turned[48] > 80)
    left, right = found[found < 48].mean(), found[found >= 48].mean()
    assert right - left < 0.95 * (eyes[1] - eyes[0])
    assert (left + right) / 2 == pytest.approx(47.5, abs=2)
    assert (yaw(lines, 0)[48, list(eyes)] > 200).all()


def test_a_hidden_part_is_one_grey(crop: UInt8) -> None:
    hidden = hide(crop, part_box("mouth"), 128)
    assert (hidden != crop).mean() < 0.15
    assert (hidden[round(0.77 * 80), 40], hidden[10, 10]) == (128, crop[10, 10])


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("10 % aside", [(40, 70), (40, 50)]),
        ("10 % up or down", [(50, 60), (30, 60)]),
        ("10 % nearer or farther", [(40, 62), (40, 58)]),
        ("turned 10 degrees", [(43.5, 59.7), (36.5, 59.7)]),
    ],
)
def test_careless_cuts_move_a_point_as_they_say(name: str, places: list[tuple[float, float]]) -> None:
    crop = np.zeros((101, 101), np.uint8)
    crop[50, 70] = 255  # 20 pixels to the right of the middle
    scale = 101 / 100
    expected = np.array([((y - 40) * scale + 50, (x - 60) * scale + 70) for y, x in places])
    found = []
    for seed in range(8):
        ys, xs = np.nonzero(changed := FRAMINGS[name](crop, np.random.default_rng(seed)))
        weights = changed[ys, xs].astype(float)
        found.append((np.average(ys, weights=weights), np.average(xs, weights=weights)))
    nearest = np.linalg.norm(np.array(found)[:, None] - expected, axis=2)
    assert nearest.min(axis=1).max() < 0.3
    assert set(nearest.argmin(axis=1)) == {0, 1}, "either way happens"


def test_a_cut_at_random_is_another_one_every_time() -> None:
    crop = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
    rng = np.random.default_rng(1)
    first, second = (FRAMINGS["all, at random"](crop, rng) for _ in range(2))
    assert (first != second).any()
    assert (first != crop).any()


def make_manifest() -> Manifest:
    """Bright faces are happy, dark ones sad."""
    rng = np.random.default_rng(0)
    pictures = [rng.integers(150, 250, (48, 48), dtype=np.uint8) for _ in range(6)] + [
        rng.integers(0, 100, (48, 48), dtype=np.uint8) for _ in range(6)
    ]
    samples = tuple(Sample(picture, "happy" if index < 6 else "sad", "publictest", index) for index, picture in enumerate(pictures))
    return Manifest("made", ("happy", "sad"), samples)


def by_brightness(crops: object) -> np.ndarray:
    """Tell bright faces from dark ones."""
    bright = np.array([float(one.mean()) > 125 for one in crops], float)  # type: ignore[attr-defined]
    return np.stack([bright, 1 - bright], axis=1)


@pytest.mark.parametrize("kind", PROBES)
def test_probes_give_a_rate_per_condition_and_one_summary(kind: str) -> None:
    model = OpenClassifier(
        by_brightness, ("happy", "sad"), "bright", "none", AlignmentSpec(), PreprocessSpec("gray", (48, 48), (0.0,), (1.0,))
    )
    result = probe(model, make_manifest(), kind, lambda done, total: None)
    assert result["clean"] == 1
    expected = {"pose": 4, "occlusion": 6, "framing": 6, "corruptions": 55, "parts": 4}[kind]
    assert len(result["conditions"]) == expected
    assert all(0 <= rate <= 1 for rate in result["conditions"].values())
    if kind == "corruptions":
        assert result["conditions"]["low light/5"] == 0.5  # all look sad in the dark
        assert result["conditions"]["blur/5"] == 1
        assert 0.5 < result["summary"] < 1
    figure = draw_probe({"probe": kind, "dataset": "made", "split": "publictest", "n": 12, "rows": [result, result]})
    assert figure.startswith(b"\x89PNG")


def test_an_unknown_probe_is_told() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'pose'"):
        probe(open_classifier("mien_s"), make_manifest(), "poses", lambda done, total: None)


@pytest.mark.usefixtures("any_counts")
def test_the_command_probes_several_models(run: Run, fer2013_folder: Path, tmp_path: Path) -> None:
    peers = sorted((SHARED / "peers").glob("*mini*.onnx"))
    beside = [part for path in peers for part in ("--beside", path)]
    arguments = ("evaluate", "--data", fer2013_folder, "--probe", "occlusion", "--max-faces", 14, *beside)
    status, out, err = run(*arguments, "--json", "--out", tmp_path / "o", "--record", tmp_path / "r.jsonl")
    assert status == 0, err
    result = json.loads(out)
    assert result["rows"][0]["model"] == "mien_s"
    assert len(result["rows"]) == 1 + len(peers)
    assert result["n"] == 14
    assert (tmp_path / "o" / "occlusion.png").is_file()
    status, out, _ = run(*arguments)
    assert status == 0
    assert "mouth" in out


def test_a_foreign_onnx_file_is_told(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "foreign.onnx"
    path.write_bytes(b"none")
    status, _, err = run("evaluate", path, "--data", tmp_path)
    assert status == 2
    assert "none of the networks whose input and labels are known" in err
