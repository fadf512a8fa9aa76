"""What the stream costs and stands: time per frame, many faces, a slow recogniser, an hour of video, a killed process."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np

from mien.benchmark.clips import Look, Scene, crowd_scene, moving_scene, portraits
from mien.card import DEFAULT_BUNDLE, open_shipped
from mien.errors import MissingExtraError
from mien.live import LiveSpec, watch
from mien.pipeline import Recognizer
from mien.sinks.parquet import ParquetSink
from mien.sinks.recover import recover
from mien.sinks.text import CsvSink, JsonLinesSink
from mien.sinks.video import open_video_sink
from mien.sinks.writers import Writers
from mien.smoothing import SmoothingSpec
from mien.tracking import TrackingSpec
from mien.types import Frame, FrameResult, OnProgress
from mien.video.sources import Source, SourceInfo, open_source
from mien.video.stream import Stream
from mien.watching import Watcher

WARM_UP_FRAMES = 30
NUM_TURNS = 4
"""How often each way plays the clip; in turn, so that a slow moment of the machine meets them all."""
SLOWED_BY = 10
LIVE_RATE = 30.0
UNEVEN_INTERVALS_S = (0.04, 0.05, 0.06, 0.05, 0.033, 0.067)
"""Times between the frames of the long video, in turn: a variable frame rate."""


def measure_cost(detectors: Sequence[str], files: Sequence[str], on_progress: OnProgress) -> dict[str, Any]:
    """Time one 640x480 face per frame, one thread, following and detecting always; they play the same clip in turn."""
    frames = [frame for frame, _ in moving_scene(portraits()[0], 0)]
    ways = {"adaptive": TrackingSpec(), "detect every frame": TrackingSpec(detect_every_frame=True)}
    watchers = {
        (detector, file, way): Watcher(Recognizer(file=file, detector=detector, policy="camera").pipeline, spec, SmoothingSpec())
        for detector in detectors
        for file in files
        for way, spec in ways.items()
    }
    times_ms: dict[tuple[str, str, str], list[float]] = {key: [] for key in watchers}
    previous_threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        turns = [(key, run) for run in range(NUM_TURNS) for key in watchers]
        for number, (key, _) in enumerate(turns):
            watcher = watchers[key]
            for frame in frames:
                started_s = time.perf_counter()
                watcher(frame)
                passed_ms = (time.perf_counter() - started_s) * 1000
                if frame.index >= WARM_UP_FRAMES:
                    times_ms[key].append(passed_ms)
            watcher.finish()
            on_progress(number + 1, len(turns))
    finally:
        cv2.setNumThreads(previous_threads)
    rows = [
        {
            "detector": detector,
            "file": file,
            "way": way,
            "median_ms": float(np.median(values)),
            "p95_ms": float(np.percentile(values, 95)),
            "times_ms": [round(value, 3) for value in values],
            "detections_per_clip": watchers[detector, file, way].num_detections / NUM_TURNS,
        }
        for (detector, file, way), values in times_ms.items()
    ]
    return {"scenario": "cost", "frame": "640x480, one moving face", "threads": 1, "frames": len(frames), "rows": rows}


def measure_crowd(looks: Sequence[Look], files: Sequence[str], on_progress: OnProgress) -> dict[str, Any]:
    """Measure frames per second of a 1280x720 H.264 file with five faces, decoding included."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "crowd.mp4"
        write_clip(crowd_scene(looks[:5], 0), clip)
        runs = [(file, threads) for _ in range(3) for file in files for threads in (1, 2)]
        for number, (file, threads) in enumerate(runs):
            recognizer = Recognizer(file=file, detector="yunet", threads=threads, policy="camera")
            watcher = Watcher(recognizer.pipeline, TrackingSpec(), SmoothingSpec())
            num_faces, times_s = [], []
            with watch(lambda: open_source(clip), watcher, LiveSpec()) as results:
                for result in results:
                    times_s.append(time.perf_counter())
                    num_faces.append(len(result.faces))
            rate = (len(times_s) - 1 - WARM_UP_FRAMES) / (times_s[-1] - times_s[WARM_UP_FRAMES])
            row = {
                "file": file,
                "threads": threads,
                "frames_per_second": rate,
                "frames": len(times_s),
                "mean_faces": float(np.mean(num_faces)),
            }
            rows.append({**row, "detections": watcher.num_detections})
            on_progress(number + 1, len(runs))
    medians = {
        f"{file}, {threads} threads": float(
            np.median([r["frames_per_second"] for r in rows if (r["file"], r["threads"]) == (file, threads)])
        )
        for file in files
        for threads in (1, 2)
    }
    return {"scenario": "crowd", "frame": "1280x720, five faces, H.264", "detector": "yunet", "frames_per_second": medians, "rows": rows}


def write_clip(scene: Scene, path: Path, intervals_s: Sequence[float] = ()) -> list[float]:
    """Write a scene as H.264, with its own times or at uneven intervals, and return the time of every frame.

    Raises:
        MissingExtraError: PyAV is not installed.
    """
    try:
        import av
    except ModuleNotFoundError as error:
        raise MissingExtraError("Writing clips with exact times", "video") from error
    times_s, now_s = [], 0.0
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", options={"crf": "20"})
        stream.width, stream.height = scene.size_wh
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, 90_000)
        for frame, _ in scene:
            time_s = now_s if intervals_s else frame.time_s
            picture = av.VideoFrame.from_ndarray(frame.image, format="rgb24")
            picture.pts, picture.time_base = round(time_s * 90_000), Fraction(1, 90_000)
            container.mux(stream.encode(picture))
            times_s.append(time_s)
            now_s += intervals_s[frame.index % len(intervals_s)] if intervals_s else 0.0
        container.mux(stream.encode(None))
    return times_s


class PacedSource(Source):
    """A camera that never waits: 30 pictures a second, whoever looks.

    Args:
        seconds: How long it runs.
    """

    def __init__(self, picture: "np.ndarray[Any, np.dtype[np.uint8]]", seconds: float) -> None:
        self._picture, self._seconds = picture, seconds
        self.taken_s: list[float] = []
        """When each frame was made."""
        self.info = SourceInfo("paced", is_live=True, frames_per_second=LIVE_RATE, num_frames=0, timing="arrival")

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames when their time has come."""
        started_s = time.monotonic()
        for index in range(round(self._seconds * LIVE_RATE)):
            time.sleep(max(0.0, started_s + index / LIVE_RATE - time.monotonic()))
            self.taken_s.append(time.monotonic())
            yield Frame(self._picture, index, self.taken_s[-1] - started_s)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None


def measure_slow(seconds: float, on_progress: OnProgress) -> dict[str, Any]:
    """Slow the recogniser ten times on a live source, and measure how old what is shown is, and whether all drops are counted."""
    frame = next(iter(moving_scene(portraits()[0], 0)))[0]
    watcher = Watcher(Recognizer(detector="blazeface", policy="camera").pipeline, TrackingSpec(detect_every_frame=True), SmoothingSpec())
    source = PacedSource(frame.image, seconds)
    inference_s: list[float] = []

    def read(one: Frame) -> FrameResult:
        started_s = time.monotonic()
        result = watcher(one)
        time.sleep((SLOWED_BY - 1) * (time.monotonic() - started_s))
        inference_s.append(time.monotonic() - started_s)
        return result

    ages_s, results = [], []
    with Stream(lambda: source, read) as stream:
        for result in stream:
            ages_s.append(time.monotonic() - source.taken_s[result.index])
            results.append(replace(result, image=np.zeros((1, 1, 3), np.uint8)))
            on_progress(len(source.taken_s), round(seconds * LIVE_RATE))
        statistics = stream.statistics
    num_lost = results[-1].index + 1 - len(results)
    slowest_s = [max(inference_s[max(0, number - 1) : number + 1]) for number in range(len(ages_s))]
    return {
        "scenario": "slow",
        "slowed_by": SLOWED_BY,
        "inference_median_s": float(np.median(inference_s)),
        "age_median_s": float(np.median(ages_s)),
        "age_max_s": max(ages_s),
        "over_bound": int(sum(age > 2 * slow + 1 / LIVE_RATE for age, slow in zip(ages_s, slowest_s, strict=False))),
        "bound_median_s": 2 * float(np.median(inference_s)) + 1 / LIVE_RATE,
        "num_made": len(source.taken_s),
        "num_shown": len(results),
        "num_dropped": sum(result.num_dropped for result in results),
        "drops_exact": statistics.num_dropped == sum(result.num_dropped for result in results) == num_lost,
        "ages_s": [round(age, 4) for age in ages_s],
    }


class LoopedSource(Source):
    """A file again and again; its times go on.

    Args:
        length_s: From the first frame of a round to the first of the next.
    """

    def __init__(self, path: Path, num_rounds: int, length_s: float) -> None:
        self._path, self._num_rounds, self._length_s = path, num_rounds, length_s
        with open_source(path) as source:
            self.info = replace(source.info, name=str(path), num_frames=source.info.num_frames * num_rounds)

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames of all rounds."""
        index = 0
        for number in range(self._num_rounds):
            with open_source(self._path) as source:
                for frame in source:
                    yield replace(frame, index=index, time_s=frame.time_s + number * self._length_s)
                    index += 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None


def measure_hour(minutes: float, on_progress: OnProgress) -> dict[str, Any]:
    """Read an hour of looped video with a variable frame rate into CSV, JSONL and Parquet: memory, rows and times."""
    from pyarrow import parquet

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        times_s = write_clip(moving_scene(portraits()[0], 0), folder / "clip.mp4", UNEVEN_INTERVALS_S)
        length_s = times_s[-1] + UNEVEN_INTERVALS_S[0]
        num_rounds = int(np.ceil(minutes * 60 / length_s))
        recognizer = Recognizer(file="int8", detector="blazeface", policy="camera")
        watcher = Watcher(recognizer.pipeline, TrackingSpec(), SmoothingSpec())
        kinds: dict[str, type[CsvSink | JsonLinesSink]] = {"a.csv": CsvSink, "a.jsonl": JsonLinesSink, "a.parquet": ParquetSink}
        memory_mb: list[float] = []
        with watch(lambda: LoopedSource(folder / "clip.mp4", num_rounds, length_s), watcher, LiveSpec()) as results:
            writers = Writers([kind(folder / file, "clip", recognizer.labels) for file, kind in kinds.items()])
            with writers:
                for result in results:
                    writers.write(result)
                    if result.time_s >= 60 * (len(memory_mb) + 1):
                        memory_mb.append(resident_mb())
                        on_progress(len(memory_mb), round(minutes))
        expected_s = np.concatenate([np.array(times_s) + number * length_s for number in range(num_rounds)])
        table = parquet.read_table(folder / "a.parquet", columns=["frame", "time_s"])
        found = np.stack([table["frame"].to_numpy(), table["time_s"].to_numpy()])
        csv_frames = {int(line.split(",")[1]) for line in (folder / "a.csv").read_text().splitlines()[1:]}
        num_lines = len((folder / "a.jsonl").read_text().splitlines())
    frames = {int(frame) for frame in found[0]}
    return {
        "scenario": "hour",
        "minutes": minutes,
        "frames": len(expected_s),
        "frames_missing": {kind: len(expected_s) - count for kind, count in (("csv", len(csv_frames)), ("parquet", len(frames)))},
        "jsonl_missing": len(expected_s) - num_lines,
        "largest_time_error_s": float(np.abs(expected_s[found[0].astype(int)] - found[1]).max()),
        "memory_mb": [round(value, 2) for value in memory_mb],
        "growth_mb": max(memory_mb) - memory_mb[0],
        "errors": [str(error) for error in writers.errors],
    }


def resident_mb() -> float:
    """Return the memory that this process holds, in megabytes (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def measure_kill(num_runs: int, on_progress: OnProgress) -> dict[str, Any]:
    """Kill a process that writes everything from a live source, and see what can be recovered."""
    rows = []
    for run in range(num_runs):
        with tempfile.TemporaryDirectory() as name:
            rows.append({"run": run, **_kill_once(Path(name), 2.0 + 0.37 * run)})
        on_progress(run + 1, num_runs)
    return {
        "scenario": "kill",
        "rate": LIVE_RATE,
        "lost_s": max(row["lost_s"][kind] for row in rows for kind in row["lost_s"]),
        "rows": rows,
    }


def _kill_once(folder: Path, after_s: float) -> dict[str, Any]:
    """Return how many seconds of results each file lacks."""
    command = [sys.executable, "-c", "import sys; from mien.benchmark.stream import write_until_killed; write_until_killed(sys.argv[1])"]
    with subprocess.Popen([*command, str(folder)], stdout=subprocess.PIPE, text=True) as child:
        lines: Iterable[str] = child.stdout or ()
        handed, end_s = -1, float("inf")
        for line in lines:
            handed = int(line)
            end_s = min(end_s, time.monotonic() + after_s)
            if time.monotonic() >= end_s:
                child.send_signal(signal.SIGKILL)
                break
        handed = max([handed, *(int(line) for line in lines if line.strip())])
    recovered = {one.path.suffix: one.path for one in recover(folder)}
    last = {suffix: _last_frame(path) for suffix, path in recovered.items()}
    return {"handed_over": handed + 1, "lost_s": {suffix: (handed - frame) / LIVE_RATE for suffix, frame in last.items()}}


def _last_frame(path: Path) -> int:
    """Return the number of the last frame that a file holds."""
    if path.suffix == ".jsonl":
        return int(json.loads(path.read_text().splitlines()[-1])["frame"])
    if path.suffix == ".csv":
        return int(path.read_text().splitlines()[-1].split(",")[1])
    if path.suffix == ".parquet":
        from pyarrow import parquet

        return int(parquet.read_table(path, columns=["frame"])["frame"].to_numpy().max())
    with open_source(path) as source:
        return sum(1 for _ in source) - 1


def write_until_killed(folder: str) -> None:
    """Write results of a paced source to every kind of file, and tell each frame's number; ends after a minute."""
    card = open_shipped(DEFAULT_BUNDLE).card
    frame = next(iter(moving_scene(portraits()[0], 0)))[0]
    watcher = Watcher(Recognizer(file="int8", detector="haar", policy="camera").pipeline, TrackingSpec(), SmoothingSpec())
    kinds: dict[str, type[CsvSink | JsonLinesSink]] = {"a.csv": CsvSink, "a.jsonl": JsonLinesSink, "a.parquet": ParquetSink}
    with Stream(lambda: PacedSource(frame.image, 60.0), watcher) as stream:
        sinks = [kind(Path(folder) / name, "paced", card.labels) for name, kind in kinds.items()]
        with Writers([*sinks, open_video_sink(Path(folder) / "a.mp4", LIVE_RATE)]) as writers:
            for number, result in enumerate(stream):
                writers.write(replace(result, index=number))
                sys.stdout.write(f"{number}\n")
                sys.stdout.flush()
