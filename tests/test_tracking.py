"""Assignment, following, tracking, smoothing and events, on made-up faces and pictures."""

import itertools
import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest

from mien.alignment import AlignmentSpec
from mien.assignment import FORBIDDEN, assign
from mien.errors import ConfigError
from mien.events import EventLog
from mien.following import MIN_POINTS, face_at, follow, make_anchor
from mien.live import LiveSpec
from mien.pipeline import Pipeline
from mien.preprocess import PreprocessSpec
from mien.smoothing import Smoother, SmoothingSpec
from mien.tracking import FaceTracker, TrackingSpec, glance_at, is_cut
from mien.types import Face, Float, Frame, Reading, UInt8
from mien.video.reconnect import ReconnectSpec
from mien.watching import Watcher

LABELS = ("happy", "sad")
_EYES_NOSE_MOUTH = np.array([[0.35, 0.4], [0.65, 0.4], [0.5, 0.6], [0.5, 0.75]])


def face(x: float, y: float, side: float = 100.0) -> Face:
    return Face(np.array([x, y, x + side, y + side]), np.array([x, y]) + side * _EYES_NOSE_MOUTH, 0.9)


def shift(image: UInt8, dx: float, dy: float, scale: float = 1.0) -> UInt8:
    matrix = np.array([[scale, 0, dx], [0, scale, dy]], float)
    return cv2.warpAffine(image, matrix, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE).astype(np.uint8, copy=False)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (3, 2), (4, 4), (5, 3), (0, 3), (3, 0)])
def test_the_assignment_is_the_cheapest(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        costs = rng.uniform(0, 10, shape)
        pairs = assign(costs)
        assert len(pairs) == min(shape)
        small, large = min(shape), max(shape)
        table = costs if shape[0] <= shape[1] else costs.T
        best = min(sum(table[row, column] for row, column in enumerate(order)) for order in itertools.permutations(range(large), small))
        assert sum(costs[row, column] for row, column in pairs) == pytest.approx(best)


def test_forbidden_pairs_are_never_made() -> None:
    assert assign(np.array([[FORBIDDEN, 1.0], [FORBIDDEN, 2.0]])) == [(0, 1)]
    assert assign(np.full((3, 3), FORBIDDEN)) == []
    # A pair that is not made may cost little: then the dear one is not made, and none that costs others more.
    assert assign(np.array([[1.0, 5.0], [2.0, FORBIDDEN]]), 4.5) == [(0, 0)]
    # As many pairs as possible come first: the cheap pair (0, 0) would leave the second row alone.
    assert assign(np.array([[1.0, 5.0], [2.0, FORBIDDEN]])) == [(0, 1), (1, 0)]


@pytest.mark.parametrize(("dx", "dy", "scale"), [(0, 0, 1), (4.3, -2.6, 1), (-6, 5, 1), (2, 1, 1.04), (-8, -6, 0.97)])
def test_a_face_is_followed(dx: float, dy: float, scale: float, astronaut: UInt8) -> None:
    found = Face(np.array([178.0, 63, 268, 176]), np.array([[203.0, 105], [243, 106], [222, 130], [223, 148]]), 0.9)
    anchor = make_anchor(astronaut, found)
    place = follow(anchor, shift(astronaut, dx, dy, scale), anchor.placement)
    assert place is not None
    placement, likeness = place
    assert likeness > 0.97
    expected = (found.landmarks_xy + 0.5) * scale + np.array([dx, dy]) - 0.5 * scale
    np.testing.assert_allclose(face_at(anchor, placement).landmarks_xy, expected, atol=0.8)


def test_frames_of_one_time_lose_nobody() -> None:
    """Some cameras tell no times, and files of a changing rate repeat them."""
    scene = Scene(lambda t: [(0, 200.0, 150.0)])
    for times_s in ([0.0] * 10, [0.04 * (index // 2) for index in range(40)]):
        assert ids_over_time(scene, FaceTracker(scene.detect, TrackingSpec()), times_s) == [[0]] * len(times_s)


def test_a_face_that_is_gone_is_not_found(astronaut: UInt8) -> None:
    found = Face(np.array([178.0, 63, 268, 176]), np.array([[203.0, 105], [243, 106], [222, 130], [223, 148]]), 0.9)
    anchor = make_anchor(astronaut, found)
    assert MIN_POINTS > 3
    for other in (np.zeros_like(astronaut), np.random.default_rng(0).integers(0, 256, astronaut.shape, np.uint8)):
        place = follow(anchor, other, anchor.placement)
        assert place is None or place[1] < TrackingSpec().min_likeness


class Scene:
    """Frames with patterned squares for faces, and a detector that knows where they are."""

    def __init__(self, places: Callable[[float], Sequence[tuple[int, float, float]]]) -> None:
        rng = np.random.default_rng(0)
        self._textures = [cv2.resize(rng.integers(0, 256, (12, 12, 3), np.uint8), (100, 100)) for _ in range(4)]
        self._ground = cv2.resize(rng.integers(0, 256, (15, 20, 3), np.uint8), (640, 480))
        self._places = places
        self._time_s = 0.0
        self.num_asked = 0

    def image(self, time_s: float) -> UInt8:
        self._time_s = time_s
        picture = self._ground.copy()
        for number, x, y in self._places(time_s):
            matrix = np.array([[1, 0, x], [0, 1, y]], float)
            cv2.warpAffine(self._textures[number], matrix, (640, 480), picture, borderMode=cv2.BORDER_TRANSPARENT)
        return picture.astype(np.uint8, copy=False)

    def detect(self, image: UInt8) -> Sequence[Face]:
        self.num_asked += 1
        return [face(x, y) for _, x, y in self._places(self._time_s)]


def ids_over_time(scene: Scene, tracker: FaceTracker, times_s: Sequence[float]) -> list[list[int]]:
    return [[tracked.track_id for tracked in tracker(scene.image(time_s), time_s)] for time_s in times_s]


TIMES_S = [index / 30 for index in range(60)]


def test_a_still_face_keeps_its_identity_and_the_detector_rests() -> None:
    scene = Scene(lambda t: [(0, 200.0, 150.0)])
    tracker = FaceTracker(scene.detect, TrackingSpec())
    assert ids_over_time(scene, tracker, TIMES_S) == [[0]] * 60
    assert scene.num_asked == tracker.num_detections
    assert scene.num_asked <= 6, "twice to confirm, then every half second"
    always = FaceTracker(scene.detect, TrackingSpec(detect_every_frame=True))
    ids_over_time(scene, always, TIMES_S)
    assert always.num_detections == 60


@pytest.mark.parametrize("spec", [TrackingSpec(), TrackingSpec(detect_every_frame=True)])
def test_a_face_hidden_for_half_a_second_keeps_its_identity_and_is_not_shown_meanwhile(spec: TrackingSpec) -> None:
    scene = Scene(lambda t: [] if 0.8 <= t < 1.3 else [(0, 100 + 80 * t, 150.0)])
    found = ids_over_time(scene, FaceTracker(scene.detect, spec), TIMES_S)
    assert {tuple(ids) for ids, time_s in zip(found, TIMES_S, strict=True) if 0.8 <= time_s < 1.3} == {()}
    assert {tuple(ids) for ids, time_s in zip(found, TIMES_S, strict=True) if not 0.8 <= time_s < 1.3} == {(0,)}


def test_a_face_away_for_long_is_a_new_one() -> None:
    scene = Scene(lambda t: [] if 0.5 <= t < 3.0 else [(0, 100.0, 150.0)])
    found = ids_over_time(scene, FaceTracker(scene.detect, TrackingSpec()), [index / 10 for index in range(40)])
    assert found[0] == [0]
    assert found[-1] == [1]


@pytest.mark.parametrize(("keep_lost_s", "step_s", "num_ids"), [(2.0, 2.5, 1), (0.0, 0.04, 1), (0.03, 0.04, 1), (2.0, 11.0, 5)])
def test_a_face_in_every_frame_keeps_its_identity_at_any_frame_rate(keep_lost_s: float, step_s: float, num_ids: int) -> None:
    scene = Scene(lambda t: [(0, 200.0, 150.0)])
    found = ids_over_time(scene, FaceTracker(scene.detect, TrackingSpec(keep_lost_s=keep_lost_s)), [step_s * index for index in range(5)])
    assert len({track_id for ids in found for track_id in ids}) == num_ids


def test_faces_that_cross_keep_their_identities() -> None:
    """The second stands in front: while it hides the first, only it is detected."""

    def places(t: float) -> list[tuple[int, float, float]]:
        left, right = (0, 80 + 200 * t, 150.0), (1, 460 - 200 * t, 155.0)
        return [right] if abs(left[1] - right[1]) < 60 else [left, right]

    scene = Scene(places)
    tracker = FaceTracker(scene.detect, TrackingSpec())
    for time_s in TIMES_S:
        for tracked in tracker(scene.image(time_s), time_s):
            expected = 0 if abs(tracked.face.box_xyxy[0] - (80 + 200 * time_s)) < 8 else 1
            if len(places(time_s)) == 2:
                assert tracked.track_id == expected


def test_a_newcomer_renames_nobody_who_stays() -> None:
    """The first one left; the newcomer could only be joined to the second, and that one to the first."""

    def places(t: float) -> list[tuple[int, float, float]]:
        first, newcomer = [(0, 90.0, 150.0)] if t < 0.5 else [], [(2, 210.0, 150.0)] if t >= 1.0 else []
        return [*first, *newcomer, (1, 150.0, 150.0)]

    scene = Scene(places)
    for spec in (TrackingSpec(), TrackingSpec(detect_every_frame=True)):
        tracker = FaceTracker(scene.detect, spec)
        found = [{round(one.face.box_xyxy[0]): one.track_id for one in tracker(scene.image(time_s), time_s)} for time_s in TIMES_S]
        stays = {ids[150] for ids in found}
        assert len(stays) == 1
        assert found[-1][210] not in {*stays, found[0][90]}


def test_a_cut_starts_anew() -> None:
    before, after = Scene(lambda t: [(0, 200.0, 150.0)]), Scene(lambda t: [(1, 205.0, 150.0)])
    after._ground = 255 - after._ground
    tracker = FaceTracker(lambda image: [face(200, 150)], TrackingSpec())
    assert ids_over_time(before, tracker, TIMES_S[:10]) == [[0]] * 10
    assert ids_over_time(after, tracker, TIMES_S[10:20]) == [[1]] * 10


@pytest.mark.parametrize("gap_s", [0.0, 0.5])
@pytest.mark.parametrize("spec", [TrackingSpec(), TrackingSpec(detect_every_frame=True)])
def test_a_stranger_does_not_take_over_an_identity(gap_s: float, spec: TrackingSpec) -> None:
    scene = Scene(lambda t: [(0, 200.0, 150.0)] if t < 0.7 else [] if t < 0.7 + gap_s else [(1, 210.0, 150.0)])
    found = ids_over_time(scene, FaceTracker(scene.detect, spec), TIMES_S)
    assert (found[0], found[-1]) == ([0], [1])


@pytest.mark.parametrize("num_frames", [1, 3])
def test_a_flash_changes_nobody(num_frames: int) -> None:
    scene = Scene(lambda t: [(0, 200.0, 150.0)])
    watcher = make_watcher(scene, lambda: np.array([0.9, 0.1]))
    flash = np.random.default_rng(0).normal(245, 8, (480, 640, 3)).clip(0, 255).astype(np.uint8)
    events, found = [], []
    for index, time_s in enumerate(TIMES_S):
        image = scene.image(time_s)
        result = watcher(Frame(flash if 20 <= index < 20 + num_frames else image, index, time_s))
        events += [event.kind for event in result.events]
        found.append([reading.track_id for reading in result.faces])
    assert is_cut(glance_at(scene.image(0.0)), glance_at(flash), 0.2)
    assert (found[19], found[-1]) == ([0], [0])
    assert events[0] == "appears"
    assert "leaves" not in events or num_frames > 1


def test_noise_in_the_dark_is_no_cut() -> None:
    rng = np.random.default_rng(0)
    dark = [glance_at(rng.normal(20, 8, (480, 640, 3)).clip(0, 255).astype(np.uint8)) for _ in range(2)]
    assert not is_cut(*dark, 0.2)
    assert not is_cut(np.zeros(0), dark[0], 0.2), "nothing came before"


def test_a_false_alarm_is_forgotten_at_once() -> None:
    scene = Scene(lambda t: [(0, 200.0, 150.0)] if t == 0 else [])
    tracker = FaceTracker(scene.detect, TrackingSpec())
    assert ids_over_time(scene, tracker, TIMES_S[:2]) == [[0], []]
    assert tracker.known_ids == frozenset()


def test_scores_are_averaged_in_seconds_whatever_the_frame_rate() -> None:
    spec = SmoothingSpec(time_constant_s=0.2)
    for rate in (5, 30, 200):
        smoother = Smoother(spec)
        smoother(0, np.array([1.0, 0.0]), 0.0)
        for index in range(1, rate + 1):
            scores, _ = smoother(0, np.array([0.0, 1.0]), index / rate)
        np.testing.assert_allclose(scores, [np.exp(-5), 1 - np.exp(-5)], rtol=1e-6)
    off = Smoother(SmoothingSpec(time_constant_s=0, margin=0))
    off(0, np.array([1.0, 0.0]), 0.0)
    scores, shown = off(0, np.array([0.4, 0.6]), 0.1)
    assert (scores.tolist(), shown) == ([0.4, 0.6], 1)


def test_the_shown_label_waits_for_a_lead_or_for_time() -> None:
    smoother = Smoother(SmoothingSpec(time_constant_s=0, margin=0.2, hold_s=0.25))
    rows = [(0.0, 0.6, 0), (0.1, 0.45, 0), (0.2, 0.45, 0), (0.3, 0.55, 0), (0.4, 0.45, 0), (0.5, 0.45, 0), (0.66, 0.45, 1), (0.7, 0.7, 0)]
    for time_s, first, expected in rows:
        assert smoother(7, np.array([first, 1 - first]), time_s)[1] == expected, time_s


def test_a_label_that_is_behind_is_not_shown_for_longer_where_two_others_take_turns_to_lead() -> None:
    smoother = Smoother(SmoothingSpec(time_constant_s=0))
    rows = [[0.4, 0.3, 0.3], [0.3, 0.38, 0.32], [0.3, 0.32, 0.38], [0.3, 0.38, 0.32]]
    assert [smoother(0, np.array(row), 0.2 * index)[1] for index, row in enumerate(rows)] == [0, 0, 0, 1]


def test_smoothing_forgets_tracks() -> None:
    smoother = Smoother(SmoothingSpec())
    smoother(0, np.array([1.0, 0.0]), 0.0)
    smoother.forget_all_but([1])
    assert smoother(0, np.array([0.0, 1.0]), 0.1)[0].tolist() == [0.0, 1.0]


def reading(track_id: int, expression: str) -> Reading:
    return Reading(np.zeros(4), np.zeros((4, 2)), 0.9, expression, 0.5, np.array([0.5, 0.5]), uncertain=False, track_id=track_id)


@pytest.mark.parametrize(
    ("spec", "values"),
    [
        (TrackingSpec, {"max_size_ratio": 0.5}),
        (TrackingSpec, {"keep_lost_s": math.nan}),
        (TrackingSpec, {"cut_below": 2.0}),
        (TrackingSpec, {"stranger_below": math.nan}),
        (SmoothingSpec, {"margin": math.nan}),
        (SmoothingSpec, {"hold_s": -1.0}),
        (ReconnectSpec, {"first_wait_s": 0.0}),
        (ReconnectSpec, {"first_wait_s": 9.0}),
        (ReconnectSpec, {"give_up_after_s": -1.0}),
        (LiveSpec, {"timeout_s": 0.0}),
    ],
)
def test_settings_that_make_no_sense_are_refused(spec: type, values: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(values))):
        spec(**values)


def test_events_tell_what_happened() -> None:
    log = EventLog()
    told = [
        *log.update([reading(0, "happy")], {0}, 0.0),
        *log.update([reading(0, "happy"), reading(1, "sad")], {0, 1}, 0.1),
        *log.update([reading(0, "sad")], {0, 1}, 0.2),
        *log.update([reading(0, "sad")], {0}, 2.0),
    ]
    assert [(event.kind, event.time_s, event.track_id, event.expression, event.previous) for event in told] == [
        ("appears", 0.0, 0, "happy", ""),
        ("appears", 0.1, 1, "sad", ""),
        ("changes", 0.2, 0, "sad", "happy"),
        ("leaves", 0.1, 1, "sad", ""),
    ]


def make_watcher(scene: Scene, scores: Callable[[], Float], smoothing: SmoothingSpec | None = None, threshold: float = 0.0) -> Watcher:
    spec = PreprocessSpec("gray", (48, 48), mean=(0.5,), std=(0.25,))
    pipeline = Pipeline(
        scene.detect, lambda crops: np.array([scores() for _ in crops]).reshape(-1, 2), LABELS, AlignmentSpec(), spec, threshold
    )
    return Watcher(pipeline, TrackingSpec(), smoothing)


def test_a_watcher_smooths_marks_and_tells() -> None:
    scene = Scene(lambda t: [(0, 200.0, 150.0)] if t < 1.2 else [])
    values = iter([[0.9, 0.1]] * 15 + [[0.1, 0.9]] * 45)
    watcher = make_watcher(scene, lambda: np.array(next(values)), SmoothingSpec(), threshold=0.7)
    results = [watcher(Frame(scene.image(time_s), index, time_s)) for index, time_s in enumerate(TIMES_S)]
    events = [event for result in results for event in result.events] + watcher.finish()
    assert [event.kind for event in events] == ["appears", "changes", "leaves"]
    assert 0.0 < events[1].time_s - 0.5 <= 0.3
    faces = [result.faces[0] for result in results if result.faces]
    assert len(faces) == 36, "a face that is not seen is not read"
    for one in faces:
        assert one.probability == one.scores[LABELS.index(one.expression)]
        assert one.uncertain == (one.probability < 0.7)
    assert {one.uncertain for one in faces} == {True, False}


def test_pictures_of_a_folder_have_nothing_to_do_with_each_other() -> None:
    scene = Scene(lambda t: [(0, 200.0, 150.0)])
    values = iter([[0.9, 0.1], [0.1, 0.9]])
    watcher = make_watcher(scene, lambda: np.array(next(values)), SmoothingSpec())
    first, second = (watcher(Frame(scene.image(float(index)), index, float(index), f"{index}.png")) for index in range(2))
    assert (first.faces[0].track_id, second.faces[0].track_id) == (0, 1)
    assert second.faces[0].expression == "sad"


def test_without_tracking_every_frame_stands_alone() -> None:
    scene = Scene(lambda t: [(0, 200.0, 150.0)])
    spec = PreprocessSpec("gray", (48, 48), mean=(0.5,), std=(0.25,))
    pipeline = Pipeline(scene.detect, lambda crops: np.array([[0.4, 0.6]] * len(crops)), LABELS, AlignmentSpec(), spec)
    watcher = Watcher(pipeline, None, SmoothingSpec())
    result = watcher(Frame(scene.image(0.0), 0, 0.0))
    assert (result.faces[0].track_id, result.events, watcher.finish()) == (-1, (), [])
