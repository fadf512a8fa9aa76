from dataclasses import replace

import numpy as np
import pytest

from mien.alignment import AlignmentSpec, cut_face, face_square
from mien.errors import ConfigError
from mien.geometry import turn_points
from mien.preprocess import PreprocessSpec, cut, prepare
from mien.types import Face, UInt8

SPEC = AlignmentSpec(eye_distances=2.5, center_below_eyes=0.24)
# Right eye, left eye, nose, mouth of an upright frontal face, eyes 40 px apart.
FRONTAL = np.array([[80.0, 100.0], [120.0, 100.0], [100.0, 122.0], [100.0, 142.0]])
BOX = np.array([50.0, 50.0, 150.0, 170.0])


def test_a_frontal_face_is_cut_by_its_eyes() -> None:
    square = face_square(Face(BOX, FRONTAL, 0.9), SPEC)
    assert square.side == pytest.approx(100)
    assert square.center_xy == pytest.approx((100, 100 + 0.24 * 40))
    assert square.angle_rad == pytest.approx(0)


@pytest.mark.parametrize("angle_deg", [-170, -90, -20, 20, 45, 135])
def test_a_turned_face_gives_a_turned_square(angle_deg: float) -> None:
    angle = np.deg2rad(angle_deg)
    center = np.array([100.0, 110.0])
    square = face_square(Face(BOX, turn_points(FRONTAL, angle, center, center), 0.9), SPEC)
    upright = face_square(Face(BOX, FRONTAL, 0.9), SPEC)
    expected = turn_points(np.array([upright.center_xy]), angle, center, center)[0]
    assert square.center_xy == pytest.approx(tuple(expected))
    assert square.side == pytest.approx(upright.side)
    assert square.angle_rad == pytest.approx(angle)


def test_a_face_seen_from_the_side_is_not_cut_too_tight() -> None:
    profile = FRONTAL.copy()
    profile[:2, 0] = [95, 115]  # eyes half as far apart, mouth as far below
    square = face_square(Face(BOX, profile, 0.9), SPEC)
    assert 60 < square.side < 100


@pytest.mark.parametrize("eye_gap", [0.0, 2.0, 9.0])
def test_eyes_that_say_nothing_leave_the_box(eye_gap: float) -> None:
    landmarks = FRONTAL.copy()
    landmarks[:2, 0] = [100 - eye_gap / 2, 100 + eye_gap / 2]
    square = face_square(Face(BOX, landmarks, 0.9), SPEC)
    assert square.center_xy == pytest.approx((100, 110))
    assert square.side == pytest.approx(120)
    assert square.angle_rad == 0


def test_a_box_without_size_still_gives_a_square() -> None:
    face = Face(np.zeros(4), np.zeros((4, 2)), 0.1)
    assert face_square(face, SPEC).side == 1


def test_a_wrong_face_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"\(4,\)"):
        Face(np.zeros(3), FRONTAL, 0.9)
    with pytest.raises(ConfigError, match=r"\(4, 2\)"):
        Face(BOX, np.zeros((5, 2)), 0.9)
    with pytest.raises(ValueError, match="eyes_level"):
        AlignmentSpec(kind="box")


@pytest.mark.parametrize("share", [1.0, 0.9, 5 / 6])
def test_the_share_that_a_network_sees_is_taken_once(share: float, astronaut: UInt8) -> None:
    spec = PreprocessSpec("gray", (40, 40), (0.0,), (1.0,), center_share=share)
    face = Face(np.array([170.0, 60, 280, 210]), np.array([[205.0, 115], [245, 112], [226, 140], [226, 160]]), 0.9)
    crop = cut_face(astronaut, face, SPEC, spec)
    assert crop.shape == (round(40 / share),) * 2
    seen = prepare([crop], spec)[0, :, :, 0] * 255
    square = face_square(face, SPEC)
    expected = cut(astronaut, replace(square, side=square.side * share), spec).astype(np.float64)
    # Sampled twice where the sides do not divide, so not to the last level.
    assert np.abs(seen - expected).mean() < (4 if share < 1 else 1e-3)
    assert np.abs(seen - expected).mean() < np.abs(seen[2:-2, 2:-2] - seen[:-4, 2:-2]).mean()
