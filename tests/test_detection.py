"""Every detector on real portraits, turned, small, large, several in one picture."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from conftest import DETECTOR_FILES
from mien.detection.blazeface import FULL_RANGE, SHORT_RANGE, anchor_centers, decode, merge, tiles
from mien.detection.catalog import NAMES, create_detector
from mien.detection.haar import HaarDetector
from mien.errors import ConfigError, ModelFileError, UnknownNameError
from mien.geometry import turn_points
from mien.types import Face, Policy, UInt8

# Centres of the eyes, read off the portraits by eye: the person's right, then left.
EYES = {"astronaut": np.array([[203.0, 103.0], [246.0, 105.0]]), "grace_hopper": np.array([[227.0, 192.0], [307.0, 193.0]])}


def turned(picture: UInt8, angle_deg: float) -> tuple[UInt8, np.ndarray]:
    """Return the picture turned counter-clockwise on a canvas that holds it, and the 2x3 matrix of its points."""
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1.0)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size_wh = (int(width * cos + height * sin), int(width * sin + height * cos))
    matrix[:, 2] += [(size_wh[0] - width) / 2, (size_wh[1] - height) / 2]
    return cv2.warpAffine(picture, matrix, size_wh, borderMode=cv2.BORDER_REFLECT_101), matrix


def scaled(picture: UInt8, factor: float) -> tuple[UInt8, np.ndarray]:
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return cv2.resize(picture, None, fx=factor, fy=factor, interpolation=interpolation), np.array([[factor, 0, 0], [0, factor, 0]])


VIEWS = {
    "plain": lambda picture: (picture, np.eye(2, 3)),
    "turned -20": lambda picture: turned(picture, -20),
    "turned 20": lambda picture: turned(picture, 20),
    "quarter size": lambda picture: scaled(picture, 0.25),
    "four times": lambda picture: scaled(picture, 4.0),
}
# In eye distances. YuNet flattens the tilt of large faces by 3 to 4 degrees; Haar's points are estimated from its box.
TOLERANCES = {"blazeface": 0.25, "blazeface_full": 0.25, "yunet": 0.35, "auto": 0.35, "haar": 0.45}
# Haar finds upright faces only.
CASES = [(name, view) for name in NAMES for view in VIEWS if not (name == "haar" and "turned" in view)]


@pytest.mark.parametrize("person", EYES)
@pytest.mark.parametrize(("name", "view"), CASES)
def test_a_face_is_found_once_and_in_place(name: str, view: str, person: str, detector_cache: Path, request: pytest.FixtureRequest) -> None:
    picture, matrix = VIEWS[view](request.getfixturevalue(person))
    faces = create_detector(name)(picture)
    assert len(faces) == 1
    check_face(faces[0], EYES[person] @ matrix[:, :2].T + matrix[:, 2], TOLERANCES[name])


def check_face(face: Face, eyes_xy: np.ndarray, tolerance: float) -> None:
    """The eyes lie where they are, within a share of their distance, inside a box of sane size."""
    distance = np.hypot(*(eyes_xy[1] - eyes_xy[0]))
    assert np.abs(face.landmarks_xy[:2] - eyes_xy).max() < tolerance * distance
    x1, y1, x2, y2 = face.box_xyxy
    assert (eyes_xy > [x1, y1]).all()
    assert (eyes_xy < [x2, y2]).all()
    assert 1.5 * distance < x2 - x1 < 4 * distance
    assert 0 < face.confidence <= 1


@pytest.mark.parametrize("person", EYES)
@pytest.mark.parametrize("view", VIEWS)
def test_auto_finds_every_view_with_haar_alone(view: str, person: str, request: pytest.FixtureRequest) -> None:
    picture, matrix = VIEWS[view](request.getfixturevalue(person))
    faces = create_detector("auto")(picture)
    assert len(faces) == 1
    check_face(faces[0], EYES[person] @ matrix[:, :2].T + matrix[:, 2], tolerance=0.45)


def crowd(astronaut: UInt8, grace_hopper: UInt8) -> tuple[UInt8, np.ndarray]:
    """Return a 1280x720 picture of 12 faces of 40 to 120 px, and the (12, 2) middles of their eyes."""
    rng = np.random.default_rng(0)
    canvas = np.clip(rng.normal(100, 6, (720, 1280, 3)), 0, 255).astype(np.uint8)
    face_boxes = {"astronaut": (178, 63, 268, 176), "grace_hopper": (183, 120, 353, 333)}
    middles = []
    for index, height in enumerate(np.linspace(40, 120, 12)):
        person = ("astronaut", "grace_hopper")[index % 2]
        x1, y1, x2, y2 = face_boxes[person]
        margin = int(0.45 * (y2 - y1))
        left, top = x1 - margin, max(0, y1 - margin)
        factor = height / (y2 - y1)
        portrait = {"astronaut": astronaut, "grace_hopper": grace_hopper}[person]
        cutout = cv2.resize(portrait[top : y2 + margin, left : x2 + margin], None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        x, y = 160 + 320 * (index % 4) - cutout.shape[1] // 2, 120 + 240 * (index // 4) - cutout.shape[0] // 2
        canvas[y : y + cutout.shape[0], x : x + cutout.shape[1]] = cutout
        middles.append((EYES[person].mean(axis=0) - [left, top]) * factor + [x, y])
    return canvas, np.array(middles)


@pytest.mark.parametrize(("name", "least"), [("yunet", 12), ("auto", 12), ("blazeface_full", 10)])
def test_a_crowd_is_found_without_false_boxes(name: str, least: int, detector_cache: Path, astronaut: UInt8, grace_hopper: UInt8) -> None:
    picture, middles = crowd(astronaut, grace_hopper)
    faces = create_detector(name)(picture)
    found = np.array([face.landmarks_xy[:2].mean(axis=0) for face in faces])
    distances = np.hypot(*(found[:, np.newaxis] - middles).transpose(2, 0, 1))
    assert (distances.min(axis=1) < 15).all(), "a box where no face is"
    assert len(set(distances.argmin(axis=1))) == len(faces), "a face found twice"
    assert len(faces) >= least


@pytest.mark.parametrize("name", ["yunet", "blazeface_full", "haar", "auto"])
def test_two_people_side_by_side_are_both_found(name: str, detector_cache: Path, astronaut: UInt8, grace_hopper: UInt8) -> None:
    picture = np.hstack([astronaut, grace_hopper[:512]])
    faces = create_detector(name)(picture)
    assert len(faces) == 2
    by_place = sorted(faces, key=lambda face: face.box_xyxy[0])
    check_face(by_place[0], EYES["astronaut"], 0.45)
    check_face(by_place[1], EYES["grace_hopper"] + [512, 0], 0.45)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("policy", ["picture", "camera"])
@pytest.mark.parametrize("shape", [(480, 640, 3), (16, 16, 3), (20, 900, 3), (900, 20, 3)])
def test_no_face_is_no_error(name: str, policy: str, shape: tuple[int, int, int], detector_cache: Path) -> None:
    assert list(create_detector(name, policy)(np.full(shape, 127, np.uint8))) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["blazeface", "yunet", "auto"])
def test_the_camera_policy_finds_a_near_face(name: str, detector_cache: Path, astronaut: UInt8) -> None:
    assert len(create_detector(name, "camera")(astronaut[:380, 60:420])) == 1


def test_unknown_detectors_and_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'yunet'"):
        create_detector("yunnet")
    with pytest.raises(ModelFileError, match="MIEN_OFFLINE"):
        create_detector("yunet")
    foreign = tmp_path / "foreign.bin"
    foreign.write_bytes(b"x" * 1000)
    for name in ("yunet", "blazeface", "blazeface_full", "haar"):
        with pytest.raises(ModelFileError, match=r"foreign\.bin"):
            create_detector(name, model_path=foreign)
    with pytest.raises(ConfigError, match="needs the name of its detector"):
        create_detector("auto", model_path=foreign)


@pytest.mark.parametrize("policy", ["picture", "camera"])
@pytest.mark.parametrize(
    ("present", "said"),
    [
        (["yunet", "blazeface", "blazeface_full"], ""),
        (["yunet"], ""),
        (["blazeface", "blazeface_full"], "falling back to BlazeFace. face_detection_yunet"),
        (["blazeface"], "falling back to BlazeFace"),
        (["blazeface_full"], "falling back to BlazeFace"),
        ([], "falling back to Haar"),
    ],
)
def test_auto_takes_what_is_there_and_says_so_in_one_line(
    present: list[str], said: str, policy: Policy, detector_cache: Path, caplog: pytest.LogCaptureFixture, astronaut: UInt8
) -> None:
    for name, path in DETECTOR_FILES.items():
        if name not in present:
            (detector_cache / path.name).unlink()
    detector = create_detector("auto", policy)
    assert len(detector(astronaut[:380, 60:420])) == 1
    messages = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(messages) == bool(said)
    assert all(said in message for message in messages)
    caplog.clear()
    create_detector("auto", policy, may_fetch=False)
    assert not [record for record in caplog.records if record.levelname == "WARNING"], "nothing else was asked for"


@pytest.mark.parametrize("quarters", range(4))
def test_faces_are_found_in_any_turn(quarters: int, detector_cache: Path, astronaut: UInt8) -> None:
    detect = create_detector("auto")
    (upright,) = detect(astronaut[:380, 60:420])
    (turned,) = detect(np.ascontiguousarray(np.rot90(astronaut[:380, 60:420], quarters)))
    height, width = 380, 360
    for _ in range(quarters):  # counter-clockwise
        upright = Face(
            np.array([upright.box_xyxy[1], width - upright.box_xyxy[2], upright.box_xyxy[3], width - upright.box_xyxy[0]]),
            np.stack([upright.landmarks_xy[:, 1], width - upright.landmarks_xy[:, 0]], axis=1),
        )
        height, width = width, height
    np.testing.assert_allclose(turned.landmarks_xy, upright.landmarks_xy, atol=4)
    np.testing.assert_allclose(turned.box_xyxy, upright.box_xyxy, atol=6)


def test_faces_in_panoramas_are_found(detector_cache: Path, astronaut: UInt8) -> None:
    strip = np.full((600, 12000, 3), 90, np.uint8)
    strip[44:556, 4000:4512] = astronaut
    assert len(create_detector("yunet")(strip)) == 1


def test_a_forged_file_does_not_stop_auto(detector_cache: Path, caplog: pytest.LogCaptureFixture, astronaut: UInt8) -> None:
    for path in DETECTOR_FILES.values():
        (detector_cache / path.name).write_bytes(b"forged")
    assert len(create_detector("auto")(astronaut)) == 1
    assert "damaged or forged" in caplog.text


def test_one_blazeface_is_not_taken_for_the_other(detector_cache: Path) -> None:
    with pytest.raises(ModelFileError, match="not this BlazeFace variant"):
        create_detector("blazeface", model_path=detector_cache / "face_detection_full_range_sparse.tflite")


def test_anchors_are_those_of_the_published_graphs() -> None:
    short, full = anchor_centers(SHORT_RANGE), anchor_centers(FULL_RANGE)
    assert short.shape == (896, 2)
    assert full.shape == (2304, 2)
    assert short[:3].tolist() == [[4, 4], [4, 4], [12, 4]]
    assert short[512].tolist() == [8, 8]
    assert full[48].tolist() == [2, 6]


def test_decoding_adds_offsets_to_anchors() -> None:
    regressors = np.zeros((2, 16), np.float32)
    regressors[0, :6] = [10, 20, 30, 40, -5, -6]
    rows = decode(regressors, np.array([3.0, -3.0]), np.array([[50.0, 60.0], [0.0, 0.0]]), threshold=0.6)
    assert rows.shape == (1, 13)
    assert rows[0, :6].tolist() == [45, 60, 75, 100, 45, 54]
    assert rows[0, 12] == pytest.approx(1 / (1 + np.exp(-3)))


def test_merging_averages_by_score_and_keeps_strangers_apart() -> None:
    rows = np.zeros((3, 13))
    rows[:, :4] = [[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]]
    rows[:, 12] = [0.9, 0.6, 0.7]
    faces = merge(rows)
    assert [face.confidence for face in faces] == [0.9, 0.7]
    assert faces[0].box_xyxy.tolist() == pytest.approx([0.4, 0, 10.4, 10])
    assert merge(np.zeros((0, 13))) == []


def test_tiles_cover_the_picture_and_never_enlarge() -> None:
    squares = tiles(720, 1280, levels=3, min_side=192)
    assert squares[0] == (0, -280, 1280)
    covered = np.zeros((720, 1280), bool)
    for x, y, side in squares[1:]:
        covered[max(y, 0) : y + side, max(x, 0) : x + side] = True
    assert covered.all()
    assert tiles(128, 128, levels=3, min_side=192) == [(0, 0, 128)]


def test_haar_turns_its_answers_back(astronaut: UInt8) -> None:
    picture, matrix = turned(astronaut, 30)
    detector = HaarDetector(max_side_px=640, min_face_px=30, try_turns=True)
    (face,) = detector(picture)
    check_face(face, EYES["astronaut"] @ matrix[:, :2].T + matrix[:, 2], tolerance=0.5)


def test_turning_points_keeps_distances() -> None:
    points = np.random.default_rng(0).normal(size=(5, 2))
    there = turn_points(points, 0.7, np.zeros(2), np.array([3.0, 4.0]))
    back = turn_points(there, -0.7, np.array([3.0, 4.0]), np.zeros(2))
    np.testing.assert_allclose(back, points)
