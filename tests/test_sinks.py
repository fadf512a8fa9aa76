"""Sinks: what they write, what they leave after a crash, and what happens when one of them fails."""

import csv
import errno
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
import pytest

from mien.errors import DataError, MissingExtraError, OutputError, SourceError
from mien.labels import FER7
from mien.overlay import color_of, draw
from mien.sinks.base import UNFINISHED, Sink, Unfinished, open_all
from mien.sinks.opencv_video import OpenCvVideoSink
from mien.sinks.parquet import ParquetSink, convert_journal
from mien.sinks.pictures import PicturesSink
from mien.sinks.recover import find_unfinished, recover
from mien.sinks.summary import SummarySink
from mien.sinks.text import CsvSink, JsonLinesSink
from mien.sinks.timeline import MAX_ROWS
from mien.sinks.video import open_video_sink
from mien.sinks.writers import Writers
from mien.types import Event, FrameResult, PartReading, Reading

needs_pyav = pytest.mark.skipif(importlib.util.find_spec("av") is None, reason="needs the extra 'video' (PyAV)")


def reading(track_id: int = -1) -> Reading:
    scores = np.array([0.1, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1])
    return Reading(
        np.array([5.0, 6, 40, 41]), np.full((4, 2), 20.0), 0.9, "happy", 0.4, scores, uncertain=False, track_id=track_id, labels=FER7
    )


def result(index: int, name: str = "") -> FrameResult:
    return FrameResult(index, index / 10, np.full((48, 64, 3), 90, np.uint8), (reading(),) * (index % 3), name)


def test_sinks_hold_every_result(tmp_path: Path) -> None:
    with (
        JsonLinesSink(tmp_path / "a.jsonl", "clip", FER7) as lines,
        CsvSink(tmp_path / "a.csv", "clip", FER7) as table,
        ParquetSink(tmp_path / "a.parquet", "clip", FER7) as columns,
        PicturesSink(tmp_path / "pictures") as pictures,
        open_video_sink(tmp_path / "a.mp4", 10) as video,
        SummarySink(tmp_path / "summary", "clip", FER7) as summary,
    ):
        for index in range(6):
            for sink in (lines, table, columns, pictures, video, summary):
                sink.write(result(index))
        assert not (tmp_path / "a.csv").exists(), "files appear whole, when they close"
    objects = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [len(o["faces"]) for o in objects] == [0, 1, 2, 0, 1, 2]
    assert objects[1]["faces"][0]["scores"]["happy"] == 0.4
    rows = list(csv.DictReader((tmp_path / "a.csv").read_text().splitlines()))
    assert [(row["frame"], row["face"]) for row in rows] == [
        *(("0", "-1"), ("1", "0"), ("2", "0"), ("2", "1"), ("3", "-1"), ("4", "0"), ("5", "0"), ("5", "1"))
    ], "every frame has a row"
    assert [row["expression"] for row in rows[:2]] == ["", "happy"]
    import pyarrow.parquet

    parquet_rows = pyarrow.parquet.read_table(tmp_path / "a.parquet").to_pylist()
    assert [row["frame"] for row in parquet_rows] == [int(row["frame"]) for row in rows]
    assert (parquet_rows[0]["expression"], parquet_rows[0]["x1"], parquet_rows[1]["score_happy"]) == (None, None, 0.4)
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 6
    capture = cv2.VideoCapture(str(tmp_path / "a.mp4"))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 6
    capture.release()
    assert not list(tmp_path.glob(".mien-*"))


def test_parts_are_written_and_drawn(tmp_path: Path) -> None:
    outline = np.array([[20.0, 20], [30, 20], [30, 30], [20, 30]])
    mouth = PartReading("mouth", outline, 0.1, "sad", 0.75, np.array([0.25, 0.75]), ("happy", "sad"), 0.5)
    plain, whole = result(1), replace(result(1), parts=((mouth,),))
    with JsonLinesSink(tmp_path / "a.jsonl", "clip", FER7) as lines, PicturesSink(tmp_path / "pictures") as pictures:
        for one in (plain, whole):
            lines.write(one)
            pictures.write(one)
    without, having = (json.loads(line)["faces"][0] for line in (tmp_path / "a.jsonl").read_text().splitlines())
    assert "parts" not in without
    (part,) = having["parts"]
    assert (part["name"], part["outline_xy"], part["scores"]) == ("mouth", outline.tolist(), {"happy": 0.25, "sad": 0.75})
    drawn = draw(whole.image, whole.faces, whole.parts)
    changed = np.argwhere((drawn != draw(plain.image, plain.faces)).any(axis=2))
    assert changed.min() >= 18
    assert changed.max() <= 32
    np.testing.assert_allclose(drawn[30, 25], color_of("sad"), atol=20)  # lines are smooth


def test_an_error_keeps_what_was_written_and_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("an older table")

    def interrupted_run() -> None:
        with CsvSink(path, "clip", FER7) as sink:
            sink.write(result(2))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted_run()
    assert path.read_text() == "an older table"
    (kept,) = recover(path)
    assert len(kept.path.read_text().splitlines()) == 3


def test_pictures_of_the_same_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    with PicturesSink(tmp_path) as sink:
        sink.write(result(0, "one/face.jpg"))
        sink.write(result(1, "two/face.jpg"))
    assert len(list(tmp_path.glob("*.png"))) == 2


def test_places_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    for make in (
        lambda: CsvSink(blocker / "a.csv", "", FER7),
        lambda: PicturesSink(blocker / "pictures"),
        lambda: open_video_sink(blocker / "a.mp4", 10),
        lambda: SummarySink(blocker / "summary", "", FER7),
    ):
        with pytest.raises(OutputError, match="cannot be written"):
            make()


class FullDisk:
    """A file on a disk without space."""

    def write(self, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def close(self) -> None:
        pass


@pytest.mark.parametrize("kind", [JsonLinesSink, CsvSink, ParquetSink])
def test_a_full_disk_is_told(kind: type[JsonLinesSink] | type[CsvSink] | type[ParquetSink], tmp_path: Path) -> None:
    (tmp_path / "results.parquet").write_text("older")
    sink = kind(tmp_path / "results.parquet", "clip", FER7)
    sink._file.close()
    sink._file = FullDisk()  # type: ignore[assignment]
    with pytest.raises(OutputError, match="No space left"), sink:
        sink.write(result(1))
    assert (tmp_path / "results.parquet").read_text() == "older"


@needs_pyav
def test_a_video_that_cannot_be_written_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "2026-11-26T12:30.mp4").write_text("older")  # FFmpeg takes what stands before a colon for a protocol
    sink = open_video_sink(tmp_path / "2026-11-26T12:30.mp4", 10)

    def fail(packet: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def write_until_full() -> None:
        with sink:
            sink.write(result(1))
            sink._container = type("Full", (), {"mux": staticmethod(fail), "close": staticmethod(lambda: None)})()  # type: ignore[attr-defined]
            sink.write(result(2))

    with pytest.raises(OutputError, match="No space left"):
        write_until_full()
    assert (tmp_path / "2026-11-26T12:30.mp4").read_text() == "older"


def test_links_are_written_through_and_devices_left_alone(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "real" / "a.csv")
    with CsvSink(tmp_path / "link.csv", "clip", FER7) as sink:
        sink.write(result(1))
    assert (tmp_path / "link.csv").is_symlink()
    assert len((tmp_path / "real" / "a.csv").read_text().splitlines()) == 2
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(OutputError, match="no regular file"):
        CsvSink(tmp_path / "pipe.csv", "clip", FER7)
    assert (tmp_path / "pipe.csv").is_fifo()


def test_outputs_that_are_not_used_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kinds = (CsvSink, JsonLinesSink, ParquetSink)
    openers: list[Callable[[], Sink]] = [partial(kind, tmp_path / kind.__name__, "clip", FER7) for kind in kinds]
    openers += [partial(open_video_sink, tmp_path / "a.mp4", 10), partial(CsvSink, tmp_path / "file" / "a.csv", "clip", FER7)]
    with pytest.raises(OutputError, match="cannot be written"):
        open_all(openers)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_video_without_pyav_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("mien.sinks.video.find_spec", lambda name: None)
    with open_video_sink(tmp_path / "a.mp4", 10) as sink:
        assert isinstance(sink, OpenCvVideoSink)
        for index in range(5):
            sink.write(result(index))
    assert "extra 'video'" in caplog.text
    capture = cv2.VideoCapture(str(tmp_path / "a.mp4"))
    assert (capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS)) == (5, 10)
    capture.release()
    with pytest.raises(OutputError, match=r"ends in \.mp4"):
        open_video_sink(tmp_path / "a.avi", 10)


@needs_pyav
def test_the_video_keeps_uneven_times_odd_sizes_and_scales_what_changes(tmp_path: Path) -> None:
    from mien.video.pyav import PyAvSource

    times_s = [0.0, 0.04, 0.1, 0.5, 0.533, 1.7, 1.7]
    with open_video_sink(tmp_path / "a.mp4", 0) as sink:
        for index, time_s in enumerate(times_s):
            sink.write(FrameResult(index, time_s, np.full((49, 63, 3) if index < 4 else (98, 126, 3), 90, np.uint8), ()))
    with PyAvSource(tmp_path / "a.mp4") as source:
        frames = list(source)
    assert {frame.image.shape for frame in frames} == {(50, 64, 3)}
    np.testing.assert_allclose([frame.time_s for frame in frames], times_s, atol=1e-3)


@needs_pyav
def test_a_video_that_begins_later_keeps_its_times(tmp_path: Path) -> None:
    """As of a camera, whose clock runs while models are loaded; a table of the same stream has these times, too."""
    import av

    with open_video_sink(tmp_path / "a.mp4", 0) as sink:
        for index in range(3):
            sink.write(FrameResult(index, 3 + index / 25, np.full((48, 64, 3), 90, np.uint8), ()))
    with av.open(str(tmp_path / "a.mp4")) as container:
        times_s = [frame.time for frame in container.decode(video=0)]
    np.testing.assert_allclose(times_s, [3, 3.04, 3.08], atol=1e-3)


@needs_pyav
def test_frames_too_wide_for_a_video_are_told(tmp_path: Path) -> None:
    with open_video_sink(tmp_path / "a.mp4", 0) as sink, pytest.raises(OutputError, match="at most 16384 pixels a side"):
        sink.write(FrameResult(0, 0.0, np.zeros((16, 17_000, 3), np.uint8), ()))
    assert list(tmp_path.iterdir()) == []


def test_parquet_without_pyarrow_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingExtraError, match="report"):
        ParquetSink(tmp_path / "a.parquet", "clip", FER7)


class BrokenSink(Sink):
    """Fails after some results."""

    def __init__(self, after: int) -> None:
        self._after, self.num_written = after, 0

    def write(self, result: FrameResult) -> None:
        self.num_written += 1
        if self.num_written > self._after:
            raise OutputError("The disk is full.")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None


class SlowClosingSink(BrokenSink):
    """Has much to do when it closes."""

    def __init__(self, release: threading.Event) -> None:
        super().__init__(1000)
        self._release = release

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._release.wait(30)


def test_a_sink_has_longer_to_close_than_to_take_a_result() -> None:
    release = threading.Event()
    threading.Timer(0.3, release.set).start()
    with Writers([SlowClosingSink(release)], timeout_s=0.05) as patient:
        patient.write(result(0))
    assert patient.errors == []
    with Writers([SlowClosingSink(threading.Event())], timeout_s=0.05, close_timeout_s=0.1) as hasty:
        hasty.write(result(0))
    assert "did not close in 0.1 s" in str(hasty.errors[0])


def test_one_sink_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    writers = Writers([BrokenSink(3), JsonLinesSink(tmp_path / "a.jsonl", "clip", FER7)])
    with writers:
        for index in range(100):
            writers.write(result(index))
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 100
    assert [str(error) for error in writers.errors] == ["The disk is full."]


class HangingSink(BrokenSink):
    """Never takes the second result."""

    def __init__(self, release: threading.Event) -> None:
        super().__init__(1000)
        self._release = release

    def write(self, result: FrameResult) -> None:
        self._release.wait(30)


def test_a_sink_that_hangs_is_given_up(tmp_path: Path) -> None:
    release = threading.Event()
    writers = Writers([HangingSink(release), CsvSink(tmp_path / "a.csv", "clip", FER7)], timeout_s=0.1)
    with writers:
        for index in range(30):
            writers.write(result(index))
    release.set()
    assert len(writers.errors) == 1
    assert "given up" in str(writers.errors[0])
    assert (tmp_path / "a.csv").is_file()


def shown(index: int, time_s: float, *faces: tuple[int, str]) -> FrameResult:
    scores = np.full(7, 1 / 7)
    readings = tuple(
        Reading(np.array([5.0, 6, 40, 41]), np.full((4, 2), 20.0), 0.9, name, 0.4, scores, name == "sad", i, FER7) for i, name in faces
    )
    return FrameResult(index, time_s, np.zeros((48, 64, 3), np.uint8), readings)


def test_the_summary_counts_time_and_runs(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    with SummarySink(tmp_path / "s", "a<b>.mp4", FER7) as sink:
        sink.write(shown(0, 0.0, (0, "happy")))
        sink.write(shown(1, 0.5, (0, "happy"), (1, "sad")))
        sink.write(shown(2, 1.0, (0, "sad")))
        sink.write(shown(3, 1.25, (0, "happy")))
        sink.write(shown(4, 9.0))
    values = json.loads((tmp_path / "s" / "summary.json").read_text())
    assert (values["frames"], values["frames_with_face"], values["dropped"]) == (5, 4, 0)
    first, second = values["people"]
    assert first["seen_s"] == 0.5 + 0.5 + 0.25 + 1.0, "a reading lasts one second at most"
    assert first["shares"] == {"happy": round(2.0 / 2.25, 4), "sad": round(0.25 / 2.25, 4)}
    assert first["longest_runs"]["happy"] == {"start_s": 0.0, "seconds": 1.0}
    assert (second["track_id"], second["shares"], second["uncertain_share"]) == (1, {"sad": 1.0}, 1.0)
    page = (tmp_path / "s" / "summary.html").read_text()
    assert "a&lt;b&gt;.mp4" in page
    assert page.count("<rect") == 4
    assert "http" not in page, "self-contained"
    assert cv2.imread(str(tmp_path / "s" / "timeline.png")) is not None


def test_faces_that_are_not_told_apart_have_runs_of_each_expression(tmp_path: Path) -> None:
    with SummarySink(tmp_path / "s", "clip", FER7) as sink:
        for index in range(5):
            sink.write(shown(index, index / 2, (-1, "happy"), (-1, "sad")))
    (everybody,) = json.loads((tmp_path / "s" / "summary.json").read_text())["people"]
    assert everybody["longest_runs"] == {name: {"start_s": 0.0, "seconds": 2.5} for name in ("happy", "sad")}


def test_the_timeline_reaches_as_far_as_the_last_run(tmp_path: Path) -> None:
    """The run that begins last need not end last where faces are not told apart."""
    with SummarySink(tmp_path / "s", "clip", FER7) as sink:
        for index in range(21):
            sink.write(shown(index, index / 2, (-1, "happy"), *([(-1, "sad")] if 1 <= index / 2 < 2 else [])))
    boxes = re.findall(r'<rect x="([0-9.]+)" y="\d+" width="([0-9.]+)"', (tmp_path / "s" / "summary.html").read_text())
    assert len(boxes) == 2
    assert max(float(x) + float(width) for x, width in boxes) == pytest.approx(1000)


def test_a_summary_of_a_restless_crowd_is_drawn(tmp_path: Path) -> None:
    """More runs than a picture has pixels, and more faces than it has room for."""
    pytest.importorskip("matplotlib")
    with SummarySink(tmp_path / "s", "clip", FER7) as sink:
        for index in range(4000):
            sink.write(shown(index, index / 25, (0, "happy" if index % 2 else "sad")))
        crowd = [(number, "fear") for number in range(1, 2 * MAX_ROWS)]
        sink.write(shown(4000, 160.0, *crowd))
    height, width = cv2.imread(str(tmp_path / "s" / "timeline.png")).shape[:2]  # type: ignore[union-attr]
    assert width == 1200
    assert height < 60 * (MAX_ROWS + 4)
    assert (tmp_path / "s" / "summary.html").read_text().count('<text x="0"') == 2 * MAX_ROWS


def test_a_summary_takes_names_that_are_not_unicode(tmp_path: Path) -> None:
    with SummarySink(tmp_path / "s", b"caf\xe9.mp4".decode(errors="surrogateescape"), FER7) as sink:
        sink.write(shown(0, 0.0))
    assert "caf\\udce9.mp4" in (tmp_path / "s" / "summary.html").read_text()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a user who may not write everywhere")
def test_a_summary_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir(mode=0o500)
    with pytest.raises(OutputError, match="cannot be written"):
        SummarySink(tmp_path / "s", "clip", FER7)


def test_a_summary_of_one_frame_counts_it(tmp_path: Path) -> None:
    with SummarySink(tmp_path, "one", FER7) as sink:
        sink.write(shown(0, 0.0, (0, "happy")))
    (person,) = json.loads((tmp_path / "summary.json").read_text())["people"]
    assert (person["seen_s"], person["shares"]) == (0.04, {"happy": 1.0})


def test_json_lines_tell_events_and_lost_frames(tmp_path: Path) -> None:
    event = Event("changes", 1.5, 0, "sad", "happy")
    with JsonLinesSink(tmp_path / "a.jsonl", "clip", FER7) as sink:
        sink.write(replace(shown(3, 1.5, (0, "sad")), events=(event,), num_dropped=2))
    line = json.loads((tmp_path / "a.jsonl").read_text())
    assert line["dropped"] == 2
    assert line["events"] == [{"kind": "changes", "time_s": 1.5, "track_id": 0, "expression": "sad", "previous": "happy"}]


def test_an_empty_summary_is_whole(tmp_path: Path) -> None:
    with SummarySink(tmp_path / "s", "clip", FER7):
        pass
    assert "No face was seen" in (tmp_path / "s" / "summary.html").read_text()


WRITE_FOR_EVER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_sinks import FER7, CsvSink, JsonLinesSink, ParquetSink, Writers, open_video_sink, result
from dataclasses import replace
folder = Path(sys.argv[1])
kinds = {"a.csv": CsvSink, "a.jsonl": JsonLinesSink, "a.parquet": ParquetSink}
sinks = [kind(folder / name, "clip", FER7) for name, kind in kinds.items()] + [open_video_sink(folder / "a.mp4", 10)]
with Writers(sinks) as writers:
    for index in range(1_000_000):
        writers.write(replace(result(index), time_s=index / 10))
        print(index, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs kill -9")
def test_after_kill_9_everything_but_the_last_moment_is_recovered(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITE_FOR_EVER, str(tmp_path), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) >= 200:
                assert find_unfinished(tmp_path) == [], "a running process is left alone"
                child.send_signal(signal.SIGKILL)
                break
        handed = max([200, *(int(line) for line in child.stdout if line.strip())])
    found = {one.path.suffix: one.path for one in recover(tmp_path)}
    assert set(found) >= {".csv", ".jsonl", ".parquet"}
    assert not list(tmp_path.glob(".mien-*"))
    last = [json.loads(line) for line in found[".jsonl"].read_text().splitlines()][-1]["frame"]
    # Eight results wait for a sink at most, one is in its hands.
    assert handed - last <= 10
    import pyarrow.parquet

    frames = pyarrow.parquet.read_table(found[".parquet"])["frame"].to_pylist()
    assert sorted(set(frames)) == list(range(frames[-1] + 1))
    assert handed - frames[-1] <= 10
    if importlib.util.find_spec("av") is not None:
        capture = cv2.VideoCapture(str(found[".mp4"]))
        assert capture.read()[0], "it plays"
        capture.release()


def test_recovering_leaves_out_half_a_line_and_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("whole\n")
    (tmp_path / f"{UNFINISHED}0123abcd-a.jsonl").write_text('{"frame": 0}\n{"fra')
    (one,) = recover(tmp_path / "a.jsonl")
    assert one.path.name == "a-recovered.jsonl"
    assert one.path.read_text() == '{"frame": 0}\n'
    assert (tmp_path / "a.jsonl").read_text() == "whole\n"
    with pytest.raises(SourceError, match="nothing to recover"):
        recover(tmp_path / "a.jsonl")


@pytest.mark.skipif(sys.platform == "win32", reason="files in use cannot be moved there anyway")
def test_what_is_being_written_is_left_alone_and_never_shared(tmp_path: Path) -> None:
    first, second = (Unfinished(tmp_path / "a.csv") for _ in range(2))
    assert first.path != second.path
    assert find_unfinished(tmp_path) == []
    first.remove()
    second.move_into_place()
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_a_table_that_cannot_be_recovered_keeps_no_other_back(tmp_path: Path) -> None:
    (tmp_path / f"{UNFINISHED}00000000-bad.pq.journal").write_text("frame,x1\nno,table at all\n")
    (tmp_path / f"{UNFINISHED}00000001-good.pq.journal").write_text("frame,x1\n1,2.5\n2,")
    (tmp_path / ".tmp-1-good.pq").write_bytes(b"half a file that no sink wrote")
    bad, good = sorted(recover(tmp_path), key=lambda one: one.path.name)
    assert (bad.path.name, good.path.name, good.error) == ("bad.pq", "good.pq", "")
    assert "not a journal" in bad.error
    assert bad.unfinished.is_file()
    import pyarrow.parquet

    assert pyarrow.parquet.read_table(tmp_path / "good.pq").to_pylist() == [{"frame": 1, "x1": 2.5}]


def test_what_holds_nothing_is_not_recovered(tmp_path: Path) -> None:
    (tmp_path / f"{UNFINISHED}00000000-a.mp4").write_bytes(b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 16)
    (tmp_path / f"{UNFINISHED}00000001-b.pq.journal").write_bytes(b"\xff\xfe\x00\n1\n")
    (tmp_path / f"{UNFINISHED}00000002-folder").mkdir()
    (tmp_path / f"{UNFINISHED}00000003-c.csv").write_text("frame\n1\n")
    found = {one.path.name: one for one in recover(tmp_path)}
    assert sorted(found) == ["a.mp4", "b.pq", "c.csv"]
    assert "no frame" in found["a.mp4"].error
    assert "not a journal" in found["b.pq"].error
    assert not found["c.csv"].error
    assert not (tmp_path / "a.mp4").exists()


def test_parquet_takes_labels_and_names_that_text_must_quote(tmp_path: Path) -> None:
    import pyarrow.parquet

    labels = ("angry, cross", *FER7[1:])
    names = ["a\rb.jpg", "a\nb.jpg", 'a"b,c.jpg']
    with ParquetSink(tmp_path / "a.parquet", "", labels) as sink:  # type: ignore[arg-type]
        for index, name in enumerate(names):
            sink.write(result(3 * index + 1, name))
    table = pyarrow.parquet.read_table(tmp_path / "a.parquet")
    assert table["source"].to_pylist() == names
    assert table["score_angry, cross"].to_pylist() == [0.1] * 3


def test_names_that_are_not_unicode_are_written(tmp_path: Path) -> None:
    name = b"b\xe9.jpg".decode(errors="surrogateescape")
    with CsvSink(tmp_path / "a.csv", "", FER7) as table, ParquetSink(tmp_path / "a.parquet", "", FER7) as columns:
        for sink in (table, columns):
            sink.write(result(1, name))
    assert b"b\xe9.jpg" in (tmp_path / "a.csv").read_bytes()
    import pyarrow.parquet

    assert pyarrow.parquet.read_table(tmp_path / "a.parquet")["source"].to_pylist() == ["b\\udce9.jpg"]


def test_a_journal_of_something_else_is_told(tmp_path: Path) -> None:
    (tmp_path / "j.csv").write_text("frame,x1\n1,2\nno,table,at all\n")
    with pytest.raises(DataError, match="not a journal"):
        convert_journal(tmp_path / "j.csv", tmp_path / "j.parquet")
    assert not (tmp_path / "j.parquet").exists()
