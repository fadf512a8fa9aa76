"""Sources, the stream and sinks, on clips made here."""

import csv
import errno
import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from mien.video.sinks import CsvSink, JsonLinesSink, ParquetSink, PicturesSink, VideoSink
from PIL import Image

import mien
from mien.errors import OutputError, SourceError
from mien.labels import FER7
from mien.types import FrameResult, Reading, UInt8
from mien.video.sources import open_source
from mien.video.stream import stream

NUM_FRAMES = 12


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Twelve frames at 10 per second, each as bright as its number."""
    path = tmp_path / "clip.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (64, 48))
    for index in range(NUM_FRAMES):
        writer.write(np.full((48, 64, 3), index * 20, np.uint8))
    writer.release()
    return path


def reading(track_id: int = -1) -> Reading:
    scores = np.array([0.1, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1])
    return Reading(np.array([5.0, 6, 40, 41]), np.full((4, 2), 20.0), 0.9, "happy", 0.4, scores, uncertain=False, track_id=track_id)


def result(index: int, name: str = "") -> FrameResult:
    return FrameResult(index, index / 10, np.full((48, 64, 3), 90, np.uint8), (reading(),) * (index % 3), name)


def test_every_frame_of_a_file_comes_in_order_with_its_time(clip: Path) -> None:
    results = list(stream(clip, lambda image: [reading()]))
    assert [r.index for r in results] == list(range(NUM_FRAMES))
    np.testing.assert_allclose([r.time_s for r in results], np.arange(NUM_FRAMES) / 10, atol=1e-3)
    brightness = [float(r.image.mean()) for r in results]
    assert brightness == sorted(brightness)
    assert all(r.faces[0].expression == "happy" for r in results)


def test_a_folder_is_read_by_name(tmp_path: Path, astronaut: UInt8) -> None:
    for name in ("b", "a"):
        Image.fromarray(astronaut).save(tmp_path / f"{name}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    assert [Path(r.name).name for r in stream(tmp_path, lambda image: [])] == ["a.png", "b.png"]


def test_the_public_stream_reads_the_shipped_clip() -> None:
    clip = Path(mien.__file__).parent / "media" / "clip.mp4"
    frames = mien.stream(clip, file="int8", detector="haar")
    first = next(frames)
    assert first.image.shape == (480, 640, 3)
    assert len(first.faces) == 1
    frames.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "0 bytes"), (b"no video at all" * 50, "not a video"), (b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 500, "not a video")],
)
def test_broken_videos_are_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=said):
        open_source(path)


def test_a_video_cut_short_gives_its_frames_then_an_error(tmp_path: Path) -> None:
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
        seen.extend(stream(short, lambda image: []))
    assert 0 < len(seen) < 36


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("absent.mp4", "no such file"),
        (87, "Camera 87 cannot be opened"),
        ("87", "Camera 87"),
        ("rtsp://127.0.0.1:1/x", "stream cannot be opened"),
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


def test_sinks_hold_every_result(tmp_path: Path) -> None:
    with (
        JsonLinesSink(tmp_path / "a.jsonl", "clip", FER7) as lines,
        CsvSink(tmp_path / "a.csv", "clip", FER7) as table,
        ParquetSink(tmp_path / "a.parquet", "clip", FER7) as columns,
        PicturesSink(tmp_path / "pictures") as pictures,
        VideoSink(tmp_path / "a.mp4", 10) as video,
    ):
        for index in range(6):
            for sink in (lines, table, columns, pictures, video):
                sink.write(result(index))
        assert not (tmp_path / "a.csv").exists(), "files appear whole, when they close"
    objects = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [len(o["faces"]) for o in objects] == [0, 1, 2, 0, 1, 2]
    assert objects[1]["faces"][0]["scores"]["happy"] == 0.4
    rows = list(csv.DictReader((tmp_path / "a.csv").read_text().splitlines()))
    assert [(row["frame"], row["face"]) for row in rows] == [("1", "0"), ("2", "0"), ("2", "1"), ("4", "0"), ("5", "0"), ("5", "1")]
    assert rows[0]["expression"] == "happy"
    import pyarrow.parquet

    parquet_rows = pyarrow.parquet.read_table(tmp_path / "a.parquet").to_pylist()
    assert [row["frame"] for row in parquet_rows] == [int(row["frame"]) for row in rows]
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 6
    capture = cv2.VideoCapture(str(tmp_path / "a.mp4"))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 6
    capture.release()
    assert not list(tmp_path.glob(".tmp-*"))


def test_an_error_keeps_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"

    def interrupted_run() -> None:
        with CsvSink(path, "clip", FER7) as sink:
            sink.write(result(2))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted_run()
    assert len(path.read_text().splitlines()) == 3


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
        lambda: VideoSink(blocker / "a.mp4", 10),
    ):
        with pytest.raises(OutputError, match="cannot be written"):
            make()


class FullDisk(io.StringIO):
    """A file on a disk without space."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("kind", [JsonLinesSink, CsvSink])
def test_a_full_disk_is_told(kind: type[JsonLinesSink] | type[CsvSink], tmp_path: Path) -> None:
    with kind(tmp_path / "results", "clip", FER7) as sink:
        real = sink._file
        sink._file = FullDisk()
        if isinstance(sink, CsvSink):
            sink._writer = csv.writer(sink._file)
        with pytest.raises(OutputError, match="No space left"):
            sink.write(result(1))
        sink._file = real
