"""The desktop window: what it does, with fakes and a scripted clock; and once for real, on a virtual screen."""

import csv
import importlib
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import MEDIA, Run
from mien.alignment import AlignmentSpec
from mien.apps.gui.history import History
from mien.apps.gui.live import Tools
from mien.apps.gui.model import Model
from mien.apps.gui.notice import is_accepted, remember
from mien.apps.gui.readers import MAX_SIDE_PX, ModelChoice, Readers
from mien.apps.gui.worker import Worker
from mien.card import open_bundle
from mien.errors import ModelFileError, OutputError, SourceError
from mien.labels import FER5, FER7
from mien.overlay import color_of
from mien.pictures import read_picture
from mien.pipeline import Pipeline
from mien.preprocess import PreprocessSpec
from mien.smoothing import Smoother, SmoothingSpec
from mien.tracking import TrackingSpec
from mien.types import Face, FrameResult, Reading, UInt8
from mien.video.sources import SourceInfo
from mien.video.stream import StreamStatistics

SURE = np.array([0.02, 0.02, 0.02, 0.9, 0.02, 0.01, 0.01])
UNSURE = np.array([0.2, 0.1, 0.1, 0.3, 0.1, 0.1, 0.1])
IMAGE = np.full((120, 160, 3), 90, np.uint8)


def make_face(x: float = 20.0) -> Face:
    landmarks = np.array([[15.0, 20.0], [35.0, 20.0], [25.0, 32.0], [25.0, 42.0]]) + np.array([x, 20.0])
    return Face(np.array([x, 20, x + 50, 80]), landmarks, 0.9)


class FakeReader:
    """A recogniser that finds the same faces in every picture; a dark one has none."""

    def __init__(self, labels: tuple[str, ...] = FER7, rows: Sequence[np.ndarray] = (SURE,), threshold: float = 0.45) -> None:
        spec = PreprocessSpec("gray", (48, 48), mean=(0.5,), std=(0.25,))
        self.labels = labels
        self.pipeline = Pipeline(
            detect=lambda image: [make_face(20.0 + 60 * index) for index in range(len(rows))] if image.max() else [],
            classify=lambda crops: np.array([rows[index % len(rows)] for index in range(len(crops))]).reshape(-1, len(labels)),
            labels=labels,
            alignment=AlignmentSpec(),
            preprocess=spec,
            abstain_below=threshold,
        )


@dataclass(frozen=True)
class FakePart:
    name: str
    outline_xy: np.ndarray
    evidence: float = 0.21
    expression: str = "happy"
    probability: float = 0.6
    scores: np.ndarray = field(default_factory=lambda: SURE)
    accuracy: float = float("nan")


def read_parts(image: UInt8, reading: Reading) -> tuple[FakePart, ...]:
    places = zip(("right_eye", "left_eye", "nose", "mouth"), reading.landmarks_xy, strict=True)
    return tuple(FakePart(name, np.array([[x - 5, y - 5], [x + 5, y - 5], [x, y + 5]])) for name, (x, y) in places)


class FakeClock:
    """Time goes on only when someone waits."""

    def __init__(self) -> None:
        self.now_s, self.waits = 100.0, []

    def now(self) -> float:
        return self.now_s

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        self.waits.append(seconds)
        self.now_s += seconds
        return stop.is_set()


class FakeSession:
    """A session whose results the test gives."""

    def __init__(self, source: object, on_result: Callable[[FrameResult], None]) -> None:
        self.source, self.give = source, on_result
        self.is_running = False
        self.error: BaseException | None = None
        self.info: SourceInfo | None = SourceInfo(str(source), False, 20.0, 100, "container")
        self.statistics = StreamStatistics(10, 0, 10, 20.0, 0.01, 0.02)
        self.may_stop = threading.Event()
        self.may_stop.set()

    def start(self) -> None:
        self.is_running = True

    def stop(self) -> None:
        self.may_stop.wait()
        self.is_running = False

    def show(self, time_s: float, scores: np.ndarray | None = SURE, track_id: int = 0) -> None:
        face = make_face()
        faces = ()
        if scores is not None:
            label = FER7[int(scores.argmax())]
            found = (face.box_xyxy, face.landmarks_xy, 0.9)
            faces = (Reading(*found, label, float(scores.max()), scores, scores is UNSURE, track_id, FER7),)
        self.give(FrameResult(round(20 * time_s), time_s, IMAGE, faces))


class Stage:
    """A model with fakes."""

    def __init__(self, folder: Path, **readers: FakeReader) -> None:
        self.sessions: list[FakeSession] = []
        self.clock = FakeClock()
        self.made: list[tuple[str, str, str]] = []
        self.readers = readers

        def make_reader(model: ModelChoice, detector: str, policy: str) -> FakeReader:
            self.made.append((model.file, detector, policy))
            return self.readers.get(model.file, FakeReader())

        def make_session(source: object, reader: object, on_result: Callable[[FrameResult], None]) -> FakeSession:
            self.sessions.append(FakeSession(source, on_result))
            return self.sessions[-1]

        self.tools = Tools(make_reader, lambda reader: read_parts, make_session, self.clock)
        self.choices = [ModelChoice("mien_s", "float32"), ModelChoice("mien_s", "int8")]
        self.model = Model(self.choices, "haar", folder / "snapshots", self.tools)

    def poll_until(self, is_so: Callable[[], object]) -> None:
        end_s = time.monotonic() + 20
        self.model.poll()
        while not is_so():
            assert time.monotonic() < end_s, self.model.board.message
            self.model.poll()
            time.sleep(0.001)

    def settle(self) -> str:
        """Wait for the worker; return the message then."""
        self.poll_until(lambda: not self.model.is_busy)
        return self.model.board.message.text

    def play(self) -> FakeSession:
        self.model.start_live("clip.mp4")
        self.settle()
        return self.sessions[-1]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.model.close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(IMAGE).save(path)
    return path


def test_answers_come_in_the_thread_that_polls() -> None:
    worker, answers = Worker(), []
    worker.submit(threading.get_ident, lambda ident: answers.append((ident, threading.get_ident())), answers.append)
    while worker.is_busy:
        worker.poll()
    ((worked_in, answered_in),) = answers
    assert answered_in == threading.get_ident() != worked_in
    worker.close(5)


def fail_with(error: Exception) -> Callable[[], object]:
    def job() -> object:
        raise error

    return job


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (SourceError("photo.jpg: is empty."), "photo.jpg: is empty."),
        (ZeroDivisionError("by zero"), "Internal error: ZeroDivisionError: by zero. Please report it"),
    ],
)
def test_a_job_that_fails_is_one_line(error: Exception, expected: str) -> None:
    worker, failures = Worker(), []
    worker.submit(fail_with(error), lambda _: pytest.fail("it did not work"), failures.append)
    while worker.is_busy:
        worker.poll()
    assert failures[0].startswith(expected)
    worker.close(5)


def test_a_job_that_hangs_does_not_keep_the_window_open() -> None:
    worker, has_begun, release = Worker(), threading.Event(), threading.Event()

    def hang() -> None:
        has_begun.set()
        release.wait()

    worker.submit(hang, lambda _: pytest.fail("nobody asks any more"), lambda _: None)
    assert has_begun.wait(10)
    assert ends(lambda: worker.close(0.01)), "it closes though the job goes on"
    release.set()
    worker.poll()


def ends(act: Callable[[], None]) -> bool:
    """Say whether something returns within a few seconds."""
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    thread.join(10)
    return not thread.is_alive()


def test_several_models_read_the_same_faces() -> None:
    five = np.array([0.1, 0.1, 0.6, 0.1, 0.1])
    readers = Readers(["first", "other"], [FakeReader(rows=(SURE, UNSURE)), FakeReader(FER5, (five,))])
    view = readers.read(IMAGE, "photo.png")
    first, other = view.columns
    assert [reading.expression for reading in first.readings] == ["happy", "happy"]
    assert [reading.uncertain for reading in first.readings] == [False, True]
    assert (other.title, other.labels, [reading.expression for reading in other.readings]) == ("other", FER5, ["happy", "happy"])
    assert [reading.box_xyxy.tolist() for reading in other.readings] == [reading.box_xyxy.tolist() for reading in first.readings]


def test_large_pictures_are_shown_reduced() -> None:
    view = Readers(["model"], [FakeReader()]).read(np.full((1000, 2 * MAX_SIDE_PX, 3), 9, np.uint8), "large.png")
    assert view.shown.shape == (500, MAX_SIDE_PX, 3)
    assert view.scale == 0.5
    assert view.result.image.shape[0] == 1000


def test_a_picture_is_read(stage: Stage, photo: Path) -> None:
    stage.model.open(str(photo))
    assert stage.settle() == "photo.png: 1 face."
    assert stage.model.reading.expression == "happy"
    assert stage.made == [("float32", "haar", "picture")]
    stage.model.complete()
    stage.settle()
    assert len(stage.made) == 1, "models are kept"


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"", "is empty"), (b"no picture", "not a picture mien can read"), (None, "cannot be opened")],
)
def test_a_wrong_file_is_a_message(content: bytes | None, expected: str, stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "wrong.jpg"
    if content is not None:
        path.write_bytes(content)
    stage.model.open_picture(path)
    assert expected in stage.settle()
    assert stage.model.board.message.tone == "error"


def test_no_face_is_said(stage: Stage, tmp_path: Path) -> None:
    Image.fromarray(IMAGE * 0).save(tmp_path / "dark.png")
    stage.model.open_picture(tmp_path / "dark.png")
    assert stage.settle() == "dark.png: no face found."
    assert stage.model.reading is None
    stage.model.read_parts()
    assert "no parts to read" in stage.settle()


@pytest.mark.parametrize("press", ["complete", "read_parts"])
def test_without_a_picture_the_buttons_say_what_to_do(press: str, stage: Stage) -> None:
    getattr(stage.model, press)()
    assert "Select an image" in stage.settle()


def test_parts_are_read_and_left_again(stage: Stage, photo: Path) -> None:
    stage.model.open_picture(photo)
    stage.settle()
    stage.model.read_parts()
    stage.settle()
    assert [part.name for part in stage.model.parts] == ["right_eye", "left_eye", "nose", "mouth"]
    stage.model.complete()
    assert stage.model.parts == ()


def test_a_missing_mesh_is_a_message(tmp_path: Path, photo: Path) -> None:
    made = Stage(tmp_path)
    made.model.open_picture(photo)
    made.settle()
    tools = Tools(made.tools.make_reader, lambda reader: fail_with(ModelFileError("The mesh is missing."))(), made.tools.make_session)
    made.model.close()
    made.model = Model(made.choices, "haar", tmp_path, tools)
    made.model.open_picture(photo)
    made.settle()
    made.model.read_parts()
    assert made.settle() == "The mesh is missing."
    made.model.close()


def test_models_and_detectors_are_chosen(stage: Stage, photo: Path) -> None:
    stage.readers["int8"] = FakeReader(rows=(UNSURE,))
    stage.model.open_picture(photo)
    stage.settle()
    stage.model.choose_models(stage.choices)
    stage.settle()
    assert [column.readings[0].uncertain for column in stage.model.view.columns] == [False, True]
    stage.model.choose_detector("yunet")
    stage.settle()
    assert stage.made[-2:] == [("float32", "yunet", "picture"), ("int8", "yunet", "picture")]
    stage.model.choose_models([])
    assert stage.model.chosen == tuple(stage.choices)
    assert stage.model.board.message.tone == "warning"


def test_what_is_pressed_while_a_picture_is_read_is_for_that_picture(
    stage: Stage, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.model.open_picture(photo)
    stage.settle()
    other, may_go_on = tmp_path / "other.png", threading.Event()
    shutil.copy(photo, other)
    monkeypatch.setattr("mien.apps.gui.model.read_picture", lambda path: may_go_on.wait(10) and read_picture(path))
    stage.model.open_picture(other)
    stage.model.choose_models(stage.choices)
    stage.model.complete()
    stage.model.read_parts()
    may_go_on.set()
    stage.settle()
    assert (stage.model.view.name, len(stage.model.view.columns), len(stage.model.parts)) == (str(other), 2, 4)


def test_a_wrong_file_takes_the_reading_of_the_one_before_away(stage: Stage, photo: Path, tmp_path: Path) -> None:
    stage.model.open_picture(photo)
    stage.settle()
    stage.model.open_picture(tmp_path / "absent.png")
    stage.settle()
    assert (stage.model.view, stage.model.reading, stage.model.board.message.tone) == (None, None, "error")


def test_more_models_than_can_be_read_side_by_side_are_refused(stage: Stage) -> None:
    stage.model.choose_models([ModelChoice("mien_s", str(number)) for number in range(4)])
    assert "At most 3 models" in stage.settle()
    assert stage.model.chosen == tuple(stage.choices[:1])


def test_any_bundle_is_added(stage: Stage, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(open_bundle("mien_s").folder, folder)
    stage.model.add_bundle(folder)
    stage.settle()
    assert [model.title for model in stage.model.models[2:]] == ["mine float32", "mine int8"]
    assert [model.title for model in stage.model.chosen] == ["mien_s float32", "mine float32"]
    stage.model.add_bundle(tmp_path)
    assert "card.json" in stage.settle()


def test_faces_are_chosen_in_turn(stage: Stage, photo: Path) -> None:
    stage.readers["float32"] = FakeReader(rows=(SURE, UNSURE))
    stage.model.open_picture(photo)
    stage.settle()
    stage.model.select(1)
    assert stage.model.reading.uncertain
    stage.model.select(2)
    assert not stage.model.reading.uncertain
    stage.model.select(-1)
    assert stage.model.face == 1


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def test_pictures_and_readings_are_saved(stage: Stage, photo: Path, tmp_path: Path) -> None:
    stage.model.choose_models(stage.choices)
    stage.model.open_picture(photo)
    stage.settle()
    stage.model.save_picture(tmp_path / "out")
    stage.model.save_readings(tmp_path / "out.csv")
    stage.settle()
    assert not np.array_equal(np.asarray(Image.open(tmp_path / "out.png")), IMAGE)
    for name in ("out.csv", "out-mien_s-int8.csv"):
        (row,) = rows_of(tmp_path / name)
        assert (row["expression"], row["source"]) == ("happy", str(photo))
    stage.model.snapshot(datetime(2026, 1, 2, 3, 4, 5))
    stage.model.snapshot(datetime(2026, 1, 2, 3, 4, 5))
    stage.settle()
    assert sorted(path.name for path in (tmp_path / "snapshots").iterdir()) == ["mien-20260102-030405-2.png", "mien-20260102-030405.png"]


@pytest.mark.parametrize("name", ["photo.png", "out.gif", "photo.png/out.png"])
def test_what_cannot_be_saved_is_a_message(name: str, stage: Stage, photo: Path, tmp_path: Path) -> None:
    before = photo.read_bytes()
    stage.model.open_picture(photo)
    stage.settle()
    stage.model.save_picture(tmp_path / name)
    stage.settle()
    assert stage.model.board.message.tone == "error"
    assert photo.read_bytes() == before


def test_a_file_plays_at_its_own_pace(stage: Stage) -> None:
    session = stage.play()
    for time_s in (0.0, 0.05, 0.1):
        session.show(time_s)
    stage.clock.now_s += 5  # the computer was asleep
    session.show(0.15)
    session.show(0.2)
    assert stage.clock.waits == pytest.approx([0, 0.05, 0.05, 0, 0.05])


def test_a_camera_is_never_waited_for(stage: Stage) -> None:
    session = stage.play()
    session.info = SourceInfo("camera 0", True, 0.0, 0, "arrival")
    session.show(3.0)
    stage.model.poll()
    assert stage.clock.waits == []
    assert stage.model.view.result.time_s == 3.0
    assert stage.model.live.statistics.endswith("0 dropped")


def test_what_plays_is_shown_and_remembered(stage: Stage) -> None:
    session = stage.play()
    session.show(0.0)
    session.show(0.1, UNSURE)
    session.show(0.2, None)
    stage.model.poll()
    assert (stage.model.num_faces, stage.model.reading) == (0, None)
    shares = stage.model.live.history.shares(300)
    assert shares[-2].tolist() == SURE.tolist()
    assert shares[-1].tolist() == UNSURE.tolist()
    stage.model.stop_live()
    session.show(0.3)
    stage.model.poll()
    assert stage.model.view.result.time_s == 0.2, "nothing comes after the stop"


def test_the_timeline_is_of_one_face(stage: Stage) -> None:
    session = stage.play()
    session.show(0.0, SURE, track_id=4)
    session.show(0.1, UNSURE, track_id=5)
    stage.model.poll()
    assert stage.model.live.history.shares(300)[-1].tolist() == SURE.tolist(), "the face is not there, another is"
    session.show(4.0, UNSURE, track_id=5)
    session.show(4.1, UNSURE, track_id=5)
    stage.model.poll()
    shares = stage.model.live.history.shares(300)
    assert shares[-1].tolist() == UNSURE.tolist(), "it stayed away"
    assert not (shares == SURE).all(axis=1).any()


def test_a_source_that_ends_or_fails_says_so(stage: Stage) -> None:
    session = stage.play()
    session.show(0.0)
    session.is_running = False
    stage.model.poll()
    assert (stage.model.board.message.text, stage.model.is_live) == ("The video has ended.", False)
    session = stage.play()
    session.error, session.is_running = SourceError("Camera 0 cannot be opened."), False
    stage.model.poll()
    assert (stage.model.board.message.text, stage.model.board.message.tone) == ("Camera 0 cannot be opened.", "error")
    assert not stage.model.is_live


def test_a_file_plays_again_and_its_timeline_goes_on(stage: Stage) -> None:
    session = stage.play()
    stage.model.live.repeats = True
    session.show(2.0)
    session.is_running = False
    stage.model.poll()
    stage.settle()
    assert len(stage.sessions) == 2
    stage.sessions[1].show(0.5)
    stage.model.poll()
    assert stage.model.live.history.end_s == 2.5
    assert [made[2] for made in stage.made] == ["camera"], "models are kept"


def test_readings_of_a_file_that_plays_again_are_those_of_one_pass(stage: Stage, tmp_path: Path) -> None:
    """Its frames, times and identities come again."""
    session = stage.play()
    stage.model.live.repeats = True
    session.show(0.0)
    stage.model.poll()
    stage.model.live.record(tmp_path / "a.csv", stage.model.view)
    session.show(0.5)
    session.is_running = False
    stage.model.poll()
    stage.settle()
    stage.sessions[1].show(0.0)
    stage.model.poll()
    assert not stage.model.live.is_recording
    assert [line.split(",")[2] for line in (tmp_path / "a.csv").read_text().splitlines()] == ["time_s", "0.5"]


def test_models_beside_the_first_stay_steady_while_a_face_is_hidden_for_a_frame() -> None:
    smoother = Smoother(SmoothingSpec())
    before, _ = smoother(0, SURE, 0.0)
    smoother.forget_before(0.04 - TrackingSpec().keep_lost_s)
    after, _ = smoother(0, UNSURE, 0.08)
    assert np.abs(after - before).max() < np.abs(after - UNSURE).max(), "a third is taken over"
    smoother.forget_before(5.0)
    assert smoother(0, UNSURE, 5.0)[0].tolist() == UNSURE.tolist()


def test_a_hanging_source_is_left_behind(stage: Stage) -> None:
    session = stage.play()
    session.may_stop.clear()
    has_ended = ends(stage.model.close)
    session.may_stop.set()
    assert has_ended


def test_another_model_starts_the_source_again(stage: Stage) -> None:
    first = stage.play()
    stage.model.choose_models(stage.choices)
    stage.settle()
    assert not first.is_running
    stage.sessions[1].show(0.0)
    stage.model.poll()
    assert len(stage.model.view.columns) == 2


def test_parts_follow_what_plays(stage: Stage) -> None:
    session = stage.play()
    stage.model.read_parts()
    session.show(0.0)
    stage.poll_until(lambda: len(stage.model.parts) == 4)
    stage.model.stop_live()
    stage.settle()
    assert len(stage.model.parts) == 4, "the last frame stays, with its parts"
    session = stage.play()
    session.show(0.1, None)
    stage.poll_until(lambda: stage.model.parts == () and not stage.model.is_busy)


def test_readings_are_written_until_stopped(stage: Stage, tmp_path: Path) -> None:
    session = stage.play()
    session.show(0.0)
    stage.model.poll()
    stage.model.save_readings(tmp_path / "live.csv")
    session.show(0.1)
    session.show(0.2, None)
    stage.model.stop_live()
    session.show(0.3)
    assert stage.model.board.message.text == f"Saved: {tmp_path / 'live.csv'}"
    rows = rows_of(tmp_path / "live.csv")
    assert [(row["time_s"], row["expression"]) for row in rows] == [("0.1", "happy"), ("0.2", "")]


def test_another_model_ends_the_writing_and_says_so(stage: Stage, tmp_path: Path) -> None:
    session = stage.play()
    session.show(0.0)
    stage.model.poll()
    stage.model.save_readings(tmp_path / "live.csv")
    stage.model.choose_models(stage.choices)
    stage.settle()
    stage.sessions[1].show(0.0)
    stage.model.poll()
    assert stage.model.board.message.text == f"Playing clip.mp4. Saved: {tmp_path / 'live.csv'}"


def test_a_full_disk_stops_the_writing_only(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = stage.play()
    session.show(0.0)
    stage.model.poll()
    stage.model.save_readings(tmp_path / "live.csv")

    def fail(self: object, result: object) -> None:
        raise OutputError("live.csv: cannot be written (No space left on device).")

    monkeypatch.setattr("mien.sinks.text.CsvSink.write", fail)
    session.show(0.1)
    stage.model.poll()
    assert "No space left" in stage.model.board.message.text
    assert (stage.model.is_live, stage.model.live.is_recording) == (True, False)


def test_the_timeline_leaves_gaps_and_forgets() -> None:
    history = History(("happy", "sad"), span_s=10, bin_s=0.1)
    for index in range(200):
        seen = np.array([0.75, 0.25])
        history.add(index / 10, None if 150 <= index < 170 else seen)
    picture = history.draw(100, 40)
    assert picture.shape == (40, 100, 3)
    colors = [tuple(picture[row, -1].tolist()) for row in (39, 11, 9, 0)]
    assert colors == [color_of("happy")] * 2 + [color_of("sad")] * 2
    assert (picture[:, 60] == 255).all()
    assert len(history._bins) <= 101
    history.add(0.0, np.array([1.0, 0.0]))
    assert np.isnan(history.shares(100)[:-1]).all(), "the source began again"


def test_the_notice_is_remembered(tmp_path: Path) -> None:
    path = tmp_path / "mien" / "gui.json"
    assert not is_accepted(path)
    remember(path)
    assert is_accepted(path)
    for other in ("[]", "{", '{"notice_accepted": 0}'):
        path.write_text(other)
        assert not is_accepted(path)


def test_the_model_needs_no_tk() -> None:
    code = "import sys; import mien.apps.gui.model; sys.exit('tkinter' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_python_without_tk_is_told_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tkinter", None)
    for name in [name for name in sys.modules if name.startswith("mien.apps.gui.")]:
        monkeypatch.delitem(sys.modules, name)
    status, out, err = run("gui")
    assert (status, out) == (2, "")
    assert "python3-tk" in err


def has_tk() -> bool:
    try:
        importlib.import_module("tkinter")
    except ImportError:
        return False
    return True


needs_tk = pytest.mark.skipif(not has_tk(), reason="this Python has no Tk")


@needs_tk
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(["--model", "nothing"], "nothing"), (["--file", "float64"], "float64"), (["--detector", "eyes"], "eyes")],
)
def test_wrong_options_are_one_line(arguments: list[str], expected: str, run: Run) -> None:
    status, _, err = run("gui", *arguments)
    assert status == 2
    assert expected in err
    assert len(err.splitlines()) == 1


@needs_tk
@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there is always a display")
def test_no_display_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    status, _, err = run("gui")
    assert status == 2
    assert "desktop" in err


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A screen: the one that is there, else a virtual one."""
    if os.environ.get("DISPLAY") or sys.platform in ("win32", "darwin"):
        yield
        return
    if shutil.which("Xvfb") is None:
        pytest.skip("needs a display, or Xvfb")
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1600x1400x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader) as answer:
        monkeypatch.setenv("DISPLAY", f":{answer.readline().strip()}")
    yield
    server.terminate()
    server.wait()


@needs_tk
@pytest.mark.parametrize("percent", [100, 200])
def test_the_window_opens_reads_plays_and_closes(percent: int, display: None, tmp_path: Path) -> None:
    """In a process of its own: Tk ends the one it lives in when its screen goes away."""
    command = [sys.executable, "-W", "error", __file__, str(percent), str(tmp_path)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, "")


def use_window(percent: int, folder: Path) -> None:
    """Open the window with fakes, press its buttons, and close it."""
    from mien.apps.gui.app import Application, open_root

    made = Stage(folder)
    root = open_root()
    app = Application(root, made.model, percent, folder / "gui.json", str(MEDIA / "astronaut.jpg"))
    root.report_callback_exception = lambda kind, error, trace: sys.exit(repr(error))

    def until(is_so: Callable[[], object]) -> None:
        end_s = time.monotonic() + 30
        while not is_so():
            assert time.monotonic() < end_s, made.model.board.message
            root.update()
            time.sleep(0.005)

    assert app.window is None, "the notice comes first"
    app.notice.accept.invoke()
    window = app.window
    assert is_accepted(folder / "gui.json")
    until(lambda: window.result.cget("text") == "happy 90 %")
    made.model.choose_models(made.choices)
    window.buttons["parts"].invoke()
    until(lambda: made.model.parts and window.parts.winfo_ismapped())
    window.buttons["complete"].invoke()
    window.choices.source.set("clip.mp4")
    window.buttons["live"].invoke()
    until(lambda: made.sessions and made.sessions[0].is_running and not made.model.is_busy)
    made.sessions[0].show(0.0)
    made.sessions[0].show(0.1, UNSURE)
    until(lambda: window.timeline.winfo_ismapped() and window.result.cget("text") == "happy? 30 %")
    made.sessions[0].error, made.sessions[0].is_running = SourceError("It went away."), False
    until(lambda: window.message.cget("text") == "It went away.")
    window.show_notice()
    root.update()
    window.buttons["close"].invoke()
    made.model.close()


if __name__ == "__main__":
    use_window(int(sys.argv[1]), Path(sys.argv[2]))
