"""Sources and the stream, on clips made here and on fakes."""

import importlib.util
import struct
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

import mien
from mien.errors import ConfigError, SourceError
from mien.live import LiveSpec, Session
from mien.types import Event, Frame, FrameResult, UInt8
from mien.video.channel import Channel, Ended
from mien.video.clock import FrameClock
from mien.video.opencv import OpenCvSource
from mien.video.reconnect import ReconnectingSource, ReconnectSpec
from mien.video.sources import Source, SourceInfo, open_source
from mien.video.stream import Stream

NUM_FRAMES = 12
CLIP = Path(mien.__file__).parent / "media" / "clip.mp4"
needs_pyav = pytest.mark.skipif(importlib.util.find_spec("av") is None, reason="needs the extra 'video' (PyAV)")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Twelve frames at 10 per second, each as bright as its number."""
    path = tmp_path / "clip.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (64, 48))
    for index in range(NUM_FRAMES):
        writer.write(np.full((48, 64, 3), index * 20, np.uint8))
    writer.release()
    return path


def blank(frame: Frame) -> FrameResult:
    """Read a frame without looking."""
    return FrameResult(frame.index, frame.time_s, frame.image, (), frame.name)


def stream_of(target: Path) -> Stream:
    return Stream(lambda: open_source(target), blank)


@pytest.fixture(params=["PyAV", "OpenCV"])
def decoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Read files with either; without PyAV, mien takes OpenCV."""
    if request.param == "OpenCV":
        monkeypatch.setattr("mien.video.sources.find_spec", lambda name: None)
    elif importlib.util.find_spec("av") is None:
        pytest.skip("needs the extra 'video' (PyAV)")
    return str(request.param)


def test_every_frame_of_a_file_comes_in_order_with_its_time(clip: Path, decoder: str) -> None:
    results = list(stream_of(clip))
    assert [r.index for r in results] == list(range(NUM_FRAMES))
    np.testing.assert_allclose([r.time_s for r in results], np.arange(NUM_FRAMES) / 10, atol=1e-3)
    brightness = [float(r.image.mean()) for r in results]
    assert brightness == sorted(brightness)
    assert all(r.num_dropped == 0 and r.latency_s > 0 for r in results)


def test_a_folder_is_read_by_name(tmp_path: Path, astronaut: UInt8) -> None:
    for name in ("b", "a"):
        Image.fromarray(astronaut).save(tmp_path / f"{name}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    assert [Path(r.name).name for r in stream_of(tmp_path)] == ["a.png", "b.png"]


def test_the_public_stream_reads_the_shipped_clip() -> None:
    frames = mien.stream(CLIP, file="int8", detector="haar")
    first = next(frames)
    assert first.image.shape == (480, 640, 3)
    assert [face.track_id for face in first.faces] == [0]
    frames.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name in ("mien capture", "mien inference")]


def test_events_reach_the_callback_and_the_results() -> None:
    told: list[Event] = []
    results = list(mien.stream(CLIP, file="int8", detector="haar", on_event=told.append))
    carried = [event for result in results for event in result.events]
    assert told[: len(carried)] == carried
    assert {event.kind for event in told} >= {"appears", "leaves"}
    appeared = {event.track_id for event in told if event.kind == "appears"}
    assert appeared == {event.track_id for event in told if event.kind == "leaves"}, "who came has left at the end"
    alone = list(mien.stream(CLIP, file="int8", detector="haar", spec=LiveSpec(tracking=None)))
    assert {face.track_id for result in alone for face in result.faces} == {-1}


def test_a_session_is_polled() -> None:
    session = Session(CLIP, mien.Recognizer(file="int8", detector="haar", policy="camera"))
    assert (session.latest, session.info, session.is_running) == (None, None, False)
    with session:
        assert session.wait(60)
    assert session.error is None
    assert session.info is not None
    assert session.info.num_frames == 120
    assert session.latest is not None
    assert session.latest.index == 119
    assert session.statistics.num_results == session.statistics.num_read == 120
    assert session.events[0].kind == "appears"
    with pytest.raises(ConfigError, match="starts once"):
        session.start()


def test_a_session_tells_why_it_ended(tmp_path: Path) -> None:
    session = Session(tmp_path / "absent.mp4", mien.Recognizer(detector="haar", policy="camera"), LiveSpec())
    with session:
        assert session.wait(10)
    assert isinstance(session.error, SourceError)
    assert not session.is_running


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "0 bytes"), (b"no video at all" * 50, "not a video"), (b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 500, "cut short")],
)
def test_broken_videos_are_named(tmp_path: Path, content: bytes, said: str, decoder: str) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=said):
        open_source(path)


def test_a_video_cut_short_gives_its_frames_then_an_error(tmp_path: Path, decoder: str) -> None:
    path = tmp_path / "whole.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    noise = np.random.default_rng(0)
    for _ in range(40):
        writer.write(noise.integers(0, 256, (48, 64, 3), np.uint8))
    writer.release()
    short = tmp_path / "short.avi"
    short.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    seen: list[FrameResult] = []
    with pytest.raises(SourceError, match=r"ends after \d+ of 40 frames"):
        seen.extend(stream_of(short))
    assert 0 < len(seen) < 36


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("absent.mp4", "no such file"),
        (87, "Camera 87 cannot be opened"),
        ("87", "Camera 87"),
        ("rtsp://127.0.0.1:1/x", "stream cannot be opened"),
        ("RTSP://127.0.0.1:1/x", "stream cannot be opened"),
        ("99999999999999", "numbered from 0"),
        ("/dev/video87", "Camera 87"),
        ("/dev/null", "neither a file nor a folder"),
        ("x" * 300, "no such file"),
    ],
)
def test_absent_sources_are_named(target: str | int, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        open_source(target)


def test_pictures_and_empty_folders_are_no_streams(tmp_path: Path, astronaut: UInt8) -> None:
    with pytest.raises(SourceError, match="holds no pictures"):
        open_source(tmp_path)
    Image.fromarray(astronaut).save(tmp_path / "a.png")
    with pytest.raises(SourceError, match="mien predict"):
        open_source(tmp_path / "a.png")


def test_a_damaged_picture_of_a_folder_is_passed_by_and_told_at_the_end(
    tmp_path: Path, astronaut: UInt8, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a", "b", "c"):
        Image.fromarray(astronaut).save(tmp_path / f"{name}.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes()[:9000])
    (tmp_path / "d.png").mkdir()
    seen: list[FrameResult] = []
    with pytest.raises(SourceError, match="1 of 3 pictures cannot be read"):
        seen.extend(stream_of(tmp_path))
    assert [(Path(one.name).name, one.index, one.time_s, one.num_dropped) for one in seen] == [("a.png", 0, 0.0, 0), ("c.png", 1, 2.0, 0)]
    assert "b.png" in caplog.text


def test_text_is_no_video(tmp_path: Path, decoder: str) -> None:
    """FFmpeg films a terminal that shows it."""
    (tmp_path / "notes.txt").write_text("Some notes.\n" * 200)
    with pytest.raises(SourceError, match="not a video"):
        open_source(tmp_path / "notes.txt")


@pytest.mark.parametrize("target", ["", " "])
def test_no_name_is_no_source(target: str) -> None:
    with pytest.raises(SourceError, match="empty"):
        open_source(target)


@needs_pyav
def test_pixels_that_are_not_square_are_made_so(tmp_path: Path, decoder: str) -> None:
    write_uneven(tmp_path / "a.mp4", [0.0, 0.04, 0.08], Fraction(4, 3))
    (shape,) = {result.image.shape for result in stream_of(tmp_path / "a.mp4")}
    assert shape == (48, round(64 * 4 / 3), 3)


@needs_pyav
def test_the_main_stream_is_read_and_not_a_cover(tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        streams: list[Any] = [container.add_stream(name, rate=10) for name in ("mjpeg", "libx264")]
        for stream, pixels in zip(streams, ("yuvj420p", "yuv420p"), strict=True):
            stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
        noise = np.random.default_rng(0)
        for index in range(10):
            for stream in streams[1:] if index else streams:
                frame = av.VideoFrame.from_ndarray(noise.integers(0, 256, (48, 64, 3), np.uint8), format="rgb24")
                frame = frame.reformat(format=stream.pix_fmt)
                frame.pts, frame.time_base = index, Fraction(1, 10)
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))
    assert len(list(stream_of(tmp_path / "a.mkv"))) == 10


@needs_pyav
@needs_pyav
@pytest.mark.parametrize(
    ("name", "matrix", "shown"),
    [
        ("quarter turn", (0, 1, -1, 0), lambda image: np.rot90(image, -1)),
        ("half turn", (-1, 0, 0, -1), lambda image: image[::-1, ::-1]),
        ("three quarters", (0, -1, 1, 0), np.rot90),
        ("mirrored", (-1, 0, 0, 1), lambda image: image[:, ::-1]),
        ("upside down", (1, 0, 0, -1), lambda image: image[::-1]),
        ("transposed", (0, 1, 1, 0), lambda image: image.swapaxes(0, 1)),
    ],
)
def test_videos_are_shown_as_their_matrix_says(
    name: str, matrix: tuple[int, int, int, int], shown: Callable[[UInt8], UInt8], tmp_path: Path
) -> None:
    content = bytearray(CLIP.read_bytes())
    start = content.index(b"tkhd") + 44  # behind version, times, identity, length, layer and volume
    a, b, c, d = (number << 16 for number in matrix)
    content[start : start + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path = tmp_path / f"{name}.mp4"
    path.write_bytes(content)
    with open_source(CLIP) as upright, open_source(path) as turned:
        np.testing.assert_array_equal(next(iter(turned)).image, shown(next(iter(upright)).image))


def test_who_is_there_when_a_video_breaks_off_leaves(tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "whole.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (512, 512))
    portrait = cv2.imread(str(CLIP.parent / "astronaut.jpg"))
    assert portrait is not None
    for _ in range(20):
        writer.write(portrait)
    writer.release()
    content = (tmp_path / "whole.avi").read_bytes()
    (tmp_path / "short.avi").write_bytes(content[: len(content) // 2])
    events: list[Event] = []
    with pytest.raises(SourceError, match="ends after"):
        list(mien.stream(tmp_path / "short.avi", detector="haar", on_event=events.append))
    assert [event.kind for event in events] == ["appears", "leaves"]
    session = Session(tmp_path / "short.avi", mien.Recognizer(detector="haar", policy="camera"))
    with session:
        assert session.wait(30)
    assert [event.kind for event in session.events] == ["appears", "leaves"]


def test_trimmed_videos_and_longer_sound_are_whole(tmp_path: Path) -> None:
    import av

    whole, trimmed, noisy = tmp_path / "whole.mp4", tmp_path / "trimmed.mp4", tmp_path / "noisy.mkv"
    write_uneven(whole, [index / 10 for index in range(40)])
    with av.open(str(whole)) as source, av.open(str(trimmed), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.pts is not None:
                packet.stream = stream
                packet.pts, packet.dts = packet.pts - 30_000, packet.dts - 30_000  # an edit list skips what is before 0
                target.mux(packet)
    with av.open(str(whole)) as source, av.open(str(noisy), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        sound: Any = target.add_stream("pcm_s16le", rate=8000)
        for packet in source.demux(source.streams.video[0]):
            if packet.pts is not None:
                packet.stream = stream
                target.mux(packet)
        for index in range(10):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), layout="mono")
            frame.sample_rate, frame.pts = 8000, 8000 * index
            target.mux(sound.encode(frame))
        target.mux(sound.encode(None))
    assert 0 < len(list(stream_of(trimmed))) < 36
    assert len(list(stream_of(noisy))) == 40


@needs_pyav
def test_uneven_times_are_the_files_own(tmp_path: Path) -> None:
    times_s = [0.0, 0.04, 0.1, 0.101, 0.5, 0.533, 1.7]
    path = tmp_path / "uneven.mp4"
    write_uneven(path, times_s)
    results = list(stream_of(path))
    np.testing.assert_allclose([result.time_s for result in results], times_s, atol=1e-4)
    with open_source(path) as source:
        assert source.info.timing == "container"


def write_uneven(path: Path, times_s: list[float], pixel_width: Fraction = Fraction(1)) -> None:
    import av

    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("mpeg4")
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 10_000)
        stream.codec_context.sample_aspect_ratio = pixel_width
        for time_s in times_s:
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            frame.pts, frame.time_base = round(time_s * 10_000), Fraction(1, 10_000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_a_file_of_one_frame(tmp_path: Path, decoder: str) -> None:
    path = tmp_path / "one.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    (result,) = stream_of(path)
    assert (result.index, result.time_s) == (0, 0.0)


@pytest.mark.parametrize(
    ("rate", "raw", "expected"),
    [
        (10, [0.0, 0.1, 0.25], [0.0, 0.1, 0.25]),
        (10, [0.0, float("nan"), 0.25, None], [0.0, 0.1, 0.25, 0.35]),
        (0, [0.0, 0.0, 0.0], [0.0, 0.04, 0.08]),
        (float("nan"), [None, None], [0.0, 0.04]),
        (10, [5.0, 4.0, float("inf"), 9.0], [5.0, 5.1, 5.2, 9.0]),
    ],
    ids=["good", "missing", "no clock, no rate", "NaN rate", "backwards"],
)
def test_broken_clocks_are_mended(rate: float, raw: list[float | None], expected: list[float]) -> None:
    clock = FrameClock(rate)
    np.testing.assert_allclose([clock.next(time_s) for time_s in raw], expected)


class FakeCapture:
    """OpenCV's capture with metadata of one's choice."""

    def __init__(self, pictures: list[UInt8], rate: float, count: float, time_ms: float) -> None:
        self._pictures, self._values = (
            iter(pictures),
            {cv2.CAP_PROP_FPS: rate, cv2.CAP_PROP_FRAME_COUNT: count, cv2.CAP_PROP_POS_MSEC: time_ms},
        )

    def isOpened(self) -> bool:
        return True

    def get(self, what: int) -> float:
        return self._values.get(what, 0.0)

    def read(self) -> tuple[bool, UInt8 | None]:
        picture = next(self._pictures, None)
        return picture is not None, picture

    def release(self) -> None:
        pass


@pytest.mark.parametrize(("rate", "count", "time_ms"), [(0, 3, 0), (float("nan"), float("nan"), float("nan")), (-1, -5, -1)])
def test_a_file_with_bad_metadata_and_changing_size_is_read(
    rate: float, count: float, time_ms: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = [np.zeros((side, 2 * side, 3), np.uint8) for side in (48, 48, 96)]
    monkeypatch.setattr(cv2, "VideoCapture", lambda target: FakeCapture(pictures, rate, count, time_ms))
    results = list(Stream(lambda: OpenCvSource(tmp_path / "a.avi"), blank))
    assert [result.image.shape[:2] for result in results] == [(48, 96), (48, 96), (96, 192)]
    np.testing.assert_allclose([result.time_s for result in results], [0.0, 0.04, 0.08], atol=1e-6)


class FakeSource(Source):
    """Frames on command; ``before`` is called with each frame's number, in the capture thread."""

    def __init__(self, num_frames: int, is_live: bool, before: Callable[[int], None] = lambda index: None) -> None:
        self.info = SourceInfo("fake", is_live, 30.0, 0, "arrival" if is_live else "container")
        self._num_frames, self._before = num_frames, before
        self.is_closed = threading.Event()

    def __iter__(self) -> Iterator[Frame]:
        for index in range(self._num_frames):
            self._before(index)
            yield Frame(np.zeros((8, 8, 3), np.uint8), index, index / 30)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.is_closed.set()


def test_a_slow_reader_of_a_live_source_sees_the_newest_frame_and_counts_the_rest() -> None:
    looking, go_on, all_made = threading.Event(), threading.Event(), threading.Event()

    def before(index: int) -> None:
        if index == 1:
            assert looking.wait(10)  # frame 0 is being read
        if index == 10:
            all_made.set()
            assert go_on.wait(10)  # frame 10 is not made until 9 is being read

    def read(frame: Frame) -> FrameResult:
        if frame.index == 0:
            looking.set()
            assert all_made.wait(10)  # frames 1 to 9 come meanwhile
        if frame.index == 9:
            go_on.set()
        return blank(frame)

    with Stream(lambda: FakeSource(11, is_live=True, before=before), read) as stream:
        results = list(stream)
    assert [result.index for result in results][-1] == 10
    lost = sum(result.num_dropped for result in results)
    assert lost == stream.statistics.num_dropped == 11 - len(results) >= 8
    assert stream.statistics.num_read == 11
    assert stream.latest is not None
    assert stream.latest.num_dropped == 0, "9 was looked at just before"


def test_a_slow_consumer_of_a_file_misses_nothing() -> None:
    with Stream(lambda: FakeSource(50, is_live=False), blank) as stream:
        results = []
        for result in stream:
            if result.index == 0:
                time.sleep(0.05)
            results.append(result.index)
    assert results == list(range(50))


def test_events_of_dropped_results_are_told_with_the_next() -> None:
    """The consumer takes the first result only when the last is made."""
    read_all = threading.Event()
    made: list[Event] = []

    def read(frame: Frame) -> FrameResult:
        made.append(Event("changes", frame.time_s, 0, "sad", "happy"))
        if frame.index == 19:
            read_all.set()
        return FrameResult(frame.index, frame.time_s, frame.image, (), events=(made[-1],))

    told = []
    with Stream(lambda: FakeSource(20, is_live=True), read) as stream:
        for result in stream:
            assert read_all.wait(10)
            told += result.events
    assert told == made


@pytest.mark.parametrize(
    ("error", "expected"), [(SourceError("gone"), SourceError), (KeyboardInterrupt(), KeyboardInterrupt), (ValueError("ours"), ValueError)]
)
@pytest.mark.parametrize("place", ["open", "read", "infer"])
def test_what_goes_wrong_in_a_thread_reaches_the_consumer(place: str, error: BaseException, expected: type[BaseException]) -> None:
    def fail(_: object = None) -> None:
        raise error

    def open_it() -> Source:
        if place == "open":
            fail()
        return FakeSource(5, is_live=False, before=fail if place == "read" else lambda index: None)

    def read(frame: Frame) -> FrameResult:
        if place == "infer":
            fail()
        return blank(frame)

    stream = Stream(open_it, read)
    with pytest.raises(expected):
        list(stream)
    assert not any(thread.is_alive() for thread in stream._threads)


@pytest.mark.parametrize("hanging", ["open", "read", "infer"])
def test_nothing_hangs_for_ever(hanging: str) -> None:
    """The watchdog gives up what does not answer, and closing does not wait for it."""
    release = threading.Event()

    def hang(_: object = None) -> None:
        release.wait(30)

    def open_it() -> Source:
        if hanging == "open":
            hang()
        return FakeSource(5, is_live=True, before=hang if hanging == "read" else lambda index: None)

    def read(frame: Frame) -> FrameResult:
        if hanging == "infer":
            hang()
        return blank(frame)

    with Stream(open_it, read, timeout_s=0.2, close_timeout_s=0.1) as stream, pytest.raises(SourceError, match="has not answered for"):
        list(stream)
    release.set()


def test_closing_early_closes_the_source() -> None:
    source = FakeSource(1000, is_live=False)
    with Stream(lambda: source, blank) as stream:
        next(iter(stream))
    assert source.is_closed.wait(5)
    stream.close()


def test_a_channel_ends_and_closes() -> None:
    channel: Channel[int] = Channel(2)
    assert channel.put(1)
    channel.end()
    assert channel.get() == 1
    with pytest.raises(Ended):
        channel.get()
    full: Channel[int] = Channel(1)
    full.put(1)
    with pytest.raises(TimeoutError):
        full.put(2, timeout_s=0.01)
    full.close()
    assert not full.put(3)


class ScriptedClock:
    """Time goes on only when somebody waits."""

    def __init__(self) -> None:
        self.time_s = 0.0
        self.waits_s: list[float] = []

    def now(self) -> float:
        return self.time_s

    def wait(self, seconds: float) -> bool:
        self.waits_s.append(seconds)
        self.time_s += seconds
        return False


class BreakingSource(FakeSource):
    """A camera that goes away after some frames."""

    def __iter__(self) -> Iterator[Frame]:
        yield from super().__iter__()
        raise SourceError("unplugged")


def test_a_camera_that_comes_back_goes_on() -> None:
    clock = ScriptedClock()
    answers: list[Source | None] = [BreakingSource(3, is_live=True), None, None, FakeSource(2, is_live=True)]

    def open_it() -> Source:
        answer = answers.pop(0)
        if answer is None:
            raise SourceError("not there")
        return answer

    frames = list(ReconnectingSource(open_it, ReconnectSpec(), clock, lambda: None))
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert clock.waits_s == [0.5, 1.0, 2.0]
    times_s = [frame.time_s for frame in frames]
    assert times_s == sorted(set(times_s))
    assert times_s[3] >= 3.5, "the time without it counts"


def test_a_camera_that_opens_and_gives_nothing_is_given_up() -> None:
    clock = ScriptedClock()
    source = ReconnectingSource(lambda: BreakingSource(0, is_live=True), ReconnectSpec(), clock, lambda: None)
    with pytest.raises(SourceError, match=r"given up.*unplugged"):
        list(source)
    assert clock.waits_s == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 6.5], "the last try is at the limit"


def test_a_camera_that_stays_away_is_given_up() -> None:
    clock = ScriptedClock()
    sources = [BreakingSource(3, is_live=True)]

    def open_it() -> Source:
        if not sources:
            raise SourceError("not there")
        return sources.pop()

    source = ReconnectingSource(open_it, ReconnectSpec(give_up_after_s=20.0), clock, lambda: None)
    with pytest.raises(SourceError, match=r"given up.*not there"):
        list(source)
    assert clock.time_s <= 20.0
    assert clock.waits_s == [0.5, 1.0, 2.0, 4.0, 8.0, 4.5]
    with pytest.raises(SourceError, match="unplugged"):
        list(ReconnectingSource(lambda: BreakingSource(1, is_live=True), ReconnectSpec(0.0), clock, lambda: None))
