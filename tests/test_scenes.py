"""Scenes with known truth, and what is counted on them; with the shipped portraits alone."""

from pathlib import Path

import numpy as np
import pytest

from mien.benchmark.clips import GAP_S, Scene, Truth, change_scene, crossing_scene, moving_scene, occlusion_scene, portraits
from mien.benchmark.steadiness import Watched, choose_pairs, count_changes, count_identities, first_shown
from mien.benchmark.stream import UNEVEN_INTERVALS_S, LoopedSource, write_clip
from mien.pipeline import Recognizer
from mien.smoothing import SmoothingSpec
from mien.tracking import TrackingSpec
from mien.types import FrameResult, Reading
from mien.watching import Watcher


def frames_at(scene: Scene, *times_s: float) -> list[list[Truth]]:
    wanted = {round(time_s * 30) for time_s in times_s}
    return [truths for frame, truths in scene if frame.index in wanted]


def test_a_scene_is_its_seed() -> None:
    first, second = portraits()
    one, same, other = (next(iter(crossing_scene(first, second, seed)))[0].image for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_the_front_face_hides_the_back_one() -> None:
    first, second = portraits()
    start, middle, end = frames_at(crossing_scene(first, second, 0), 0.0, 2.0, 3.9)
    assert [truth.visible for truth in start] == [1.0, 1.0]
    assert middle[0].visible < 0.3
    assert middle[1].visible == 1.0
    assert [truth.visible for truth in end] == [1.0, 1.0]
    assert np.sign(start[0].box_xyxy[0] - start[1].box_xyxy[0]) == -np.sign(end[0].box_xyxy[0] - end[1].box_xyxy[0])


def test_every_face_is_hidden_for_the_gap() -> None:
    first, second = portraits()
    for person in range(2):
        hidden = sum(truths[person].visible == 0 for _, truths in occlusion_scene(first, second, 1))
        assert hidden == pytest.approx(GAP_S * 30, abs=1)


def test_the_label_changes_at_its_time() -> None:
    before, after = portraits()
    scene = change_scene(before, after, 0)
    change_s = scene.actors[0].looks[1][0]
    assert 2 <= change_s <= 3


def reading(x: float, track_id: int, expression: str = "happy") -> Reading:
    box, scores = np.array([x, 0.0, x + 100, 100]), np.array([0.5, 0.5])
    return Reading(box, np.zeros((4, 2)), 0.9, expression, 0.5, scores, uncertain=False, track_id=track_id)


def result(index: int, *faces: Reading) -> FrameResult:
    return FrameResult(index, index / 30, np.zeros((1, 1, 3), np.uint8), faces)


def truth(person: int, x: float, visible: float = 1.0) -> Truth:
    return Truth(person, np.array([x, 0.0, x + 100, 100]), "happy", visible)


@pytest.mark.parametrize(
    ("ids", "switches"),
    [
        ([(0, 1), (0, 1), (0, 1)], 0),
        ([(0, 1), (1, 0), (1, 0)], 2),
        ([(0, 1), (0, 2), (0, 2)], 1),
        ([(0, 1), (0, 2), (0, 1)], 2),
    ],
    ids=["kept", "swapped", "renamed", "renamed and back"],
)
def test_identity_switches_are_counted(ids: list[tuple[int, int]], switches: int) -> None:
    results = [result(index, reading(0, left), reading(300, right)) for index, (left, right) in enumerate(ids)]
    watched = Watched(results, [[truth(0, 0), truth(1, 300)]] * 3, 0)
    assert count_identities(watched)["switches"] == switches


def test_a_hidden_person_need_not_be_found_and_takes_no_one_elses_reading() -> None:
    results = [result(0, reading(0, 0), reading(300, 1)), result(1, reading(140, 1)), result(2, reading(0, 1), reading(300, 0))]
    truths = [[truth(0, 0), truth(1, 300)], [truth(0, 180, 0.2), truth(1, 141)], [truth(0, 300), truth(1, 0)]]
    counted = count_identities(Watched(results, truths, 0))
    assert (counted["switches"], counted["seen_share"]) == (0, 1.0)


def test_changes_and_first_times_are_counted() -> None:
    names = ["happy"] * 20 + ["sad", "happy", "sad", "sad"]
    results = [result(index, reading(0, 0, name)) for index, name in enumerate(names)]
    assert count_changes(results) == 3
    assert first_shown(results, "sad", 0.5) == pytest.approx(20 / 30)
    assert first_shown(results, "fear", 0.5) == float("inf")
    assert choose_pairs(portraits(), Recognizer(detector="haar"), 3) == [], "portraits carry no label"


def test_a_portrait_is_followed_and_keeps_its_identity() -> None:
    watcher = Watcher(Recognizer(file="int8", detector="haar", policy="camera").pipeline, TrackingSpec(), SmoothingSpec())
    ids = [[face.track_id for face in watcher(frame).faces] for frame, _ in moving_scene(portraits()[0], 0, 2.0)]
    assert ids == [[0]] * 60
    assert watcher.num_detections < 30


def test_a_looped_clip_goes_on(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="needs the extra 'video' (PyAV)")
    times_s = write_clip(moving_scene(portraits()[0], 0, 0.2), tmp_path / "a.mp4", UNEVEN_INTERVALS_S)
    with LoopedSource(tmp_path / "a.mp4", 2, 1.0) as source:
        found = [(frame.index, frame.time_s) for frame in source]
    assert [index for index, _ in found] == list(range(12))
    np.testing.assert_allclose([time_s for _, time_s in found], [*times_s, *(1.0 + time_s for time_s in times_s)], atol=1e-4)
