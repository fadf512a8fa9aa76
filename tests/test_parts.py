"""Parts of a face: placed rightly, hidden and kept as told, and read."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from conftest import SHARED
from mien.alignment import AlignmentSpec, face_square
from mien.card import open_bundle
from mien.covering import hide, keep, part_box
from mien.detection.mesh import FaceMesh
from mien.errors import ModelFileError
from mien.parts import PART_NAMES, PartReader, from_fractions, locate_parts, to_fractions
from mien.pipeline import Recognizer
from mien.preprocess import Square
from mien.types import Face, Reading, UInt8

MESH = SHARED / "detectors/blazeface/face_landmark.tflite"


@pytest.fixture
def mesh_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache that holds the mesh."""
    if not MESH.is_file():
        pytest.skip(f"needs the face mesh, {MESH} is missing")
    folder = tmp_path / "mesh"
    folder.mkdir()
    shutil.copyfile(MESH, folder / MESH.name)
    monkeypatch.setenv("MIEN_CACHE", str(folder))
    return folder


@pytest.fixture
def recognizer() -> Recognizer:
    return Recognizer(detector="haar")


def face_of(reading: Reading) -> Face:
    return Face(reading.box_xyxy, reading.landmarks_xy, reading.detection_confidence)


@pytest.mark.parametrize("angle", [0.0, 0.4, -1.2])
def test_fractions_and_pixels_are_inverse(angle: float) -> None:
    square = Square((100.0, 60.0), 80.0, angle)
    points = np.array([[100.0, 60.0], [130.0, 20.0], [60.0, 90.0]])
    fractions = to_fractions(points, square)
    assert fractions[0] == pytest.approx([0.5, 0.5])
    assert from_fractions(fractions, square) == pytest.approx(points)


def test_a_turned_face_has_its_eyes_level_in_fractions() -> None:
    turn = np.array([[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]])
    upright = np.array([[-20.0, 0], [20, 0], [0, 25], [0, 45]])
    face = Face(np.array([60.0, 60, 160, 160]), upright @ turn.T + 110, 1.0)
    fractions = to_fractions(face.landmarks_xy, face_square(face, AlignmentSpec()))
    assert fractions[0, 1] == pytest.approx(fractions[1, 1])
    assert fractions[1, 0] - fractions[0, 0] == pytest.approx(1 / 2.7)
    assert fractions[3, 1] > fractions[2, 1] > fractions[0, 1]


def test_hiding_and_keeping_are_each_other_s_opposite() -> None:
    crop = np.random.default_rng(0).integers(0, 255, (48, 48), dtype=np.uint8)
    box = part_box("mouth", np.array([0.5, 0.77]))
    hidden, kept = hide(crop, box, 255), keep(crop, box, 255)
    is_hidden = hidden == 255
    assert ((kept == crop) == is_hidden).all()
    assert 0.05 < is_hidden.mean() < 0.2
    assert hide(crop, (-0.5, -0.5, 2, 2), 0).max() == 0  # a box beyond the crop


def test_the_mesh_places_all_parts_on_an_upright_and_a_turned_portrait(mesh_cache: Path, recognizer: Recognizer, astronaut: UInt8) -> None:
    (reading,) = recognizer(astronaut)
    mesh = FaceMesh()
    points = mesh(astronaut, face_of(reading))
    assert points is not None
    outlines = locate_parts(points, face_of(reading), Square((0, 0), 1))
    centers = {name: outline.mean(axis=0) for name, outline in outlines.items()}
    width = float(reading.box_xyxy[2] - reading.box_xyxy[0])
    for name, landmark in zip(PART_NAMES, reading.landmarks_xy, strict=True):
        assert np.hypot(*(centers[name] - landmark)) < 0.15 * width, name
    assert centers["right_eye"][0] < centers["nose"][0] < centers["left_eye"][0]
    assert centers["mouth"][1] > centers["nose"][1] > centers["left_eye"][1]


def test_the_mesh_sees_no_face_where_there_is_none(mesh_cache: Path) -> None:
    blank = np.full((200, 200, 3), 127, np.uint8)
    points = np.array([[80.0, 80], [120, 80], [100, 100], [100, 120]])
    assert FaceMesh()(blank, Face(np.array([60.0, 60, 140, 140]), points, 1.0)) is None


def test_a_smile_is_in_the_mouth(mesh_cache: Path, recognizer: Recognizer, astronaut: UInt8) -> None:
    (reading,) = recognizer(astronaut)
    readings = {part.name: part for part in PartReader(recognizer)(astronaut, reading)}
    assert set(readings) == set(PART_NAMES)
    assert readings["mouth"].evidence > max(readings[name].evidence for name in ("right_eye", "left_eye"))
    assert readings["mouth"].expression == "happy"
    for part in readings.values():
        assert part.scores.sum() == pytest.approx(1)
        assert part.probability == pytest.approx(part.scores.max())
        assert 0.2 < part.accuracy < 0.7
        assert part.outline_xy.shape[1] == 2


def test_without_the_mesh_the_detector_s_points_serve(recognizer: Recognizer, astronaut: UInt8, caplog: pytest.LogCaptureFixture) -> None:
    reader = PartReader(recognizer, may_fetch=False)
    assert "without the face mesh" in caplog.text
    (reading,) = recognizer(astronaut)
    found = reader(astronaut, reading)
    assert [part.outline_xy.shape for part in found] == [(4, 2)] * 4
    assert {part.name: part.expression for part in found}["mouth"] == "happy"


def test_a_foreign_mesh_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="not the face mesh"):
        FaceMesh(open_bundle("mien_s").file("int8"))
    path = tmp_path / "mesh.tflite"
    path.write_bytes(b"no")
    with pytest.raises(ModelFileError, match="not a LiteRT model"):
        FaceMesh(path)
