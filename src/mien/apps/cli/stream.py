"""``mien stream``: the expressions in a video, a camera or a network stream."""

import signal
from collections import Counter
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from mien.apps.cli import console
from mien.apps.cli.predict import check_outputs, table_openers
from mien.apps.cli.view import open_view
from mien.atomic import free_name
from mien.card import DEFAULT_BUNDLE
from mien.errors import MienError, OutputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mien.pipeline import Recognizer
    from mien.sinks.base import Sink
    from mien.types import FrameResult, Policy
    from mien.video.sources import SourceInfo
    from mien.video.stream import Stream, StreamStatistics


def stream(
    source: Annotated[str, typer.Argument(help="Camera number, video file, folder of pictures, or rtsp:// address.", show_default=False)],
    show: Annotated[bool, typer.Option("--show/--no-show", help="Show annotated frames in a window.")] = False,
    record: Annotated[Path | None, typer.Option(metavar="FILE.mp4", help="Write an annotated video.")] = None,
    csv: console.Csv = None,
    jsonl: console.JsonLines = None,
    parquet: console.Parquet = None,
    summary: Annotated[Path | None, typer.Option(metavar="DIR", help="Write shares, runs and a timeline, as page and picture.")] = None,
    track: Annotated[bool, typer.Option("--track/--no-track", help="Follow faces over time; without, nothing is smoothed.")] = True,
    smooth: Annotated[bool, typer.Option("--smooth/--no-smooth", help="Average scores over time, so that labels do not flicker.")] = True,
    detect_every_frame: Annotated[bool, typer.Option("--detect-every-frame", help="Do not follow faces between detections.")] = False,
    reconnect: Annotated[float, typer.Option(min=0, help="Seconds to wait for a camera or stream to come back.")] = 30.0,
    max_frames: Annotated[int, typer.Option(min=0, help="Stop after so many frames; 0 reads to the end.")] = 0,
    json: console.Json = False,
    model: console.Model = DEFAULT_BUNDLE,
    file: Annotated[str, typer.Option("--file", help="Which file of the bundle runs; quick takes int8 where there is one.")] = "quick",
    detector: console.DetectorName = "auto",
    detector_model: console.DetectorModel = None,
    policy: Annotated[str, typer.Option(help="camera finds near faces fast; picture small ones too, as in wide shots.")] = "camera",
    threads: console.Threads = 1,
) -> None:
    """Name the expression of every face in every frame of a video, or of a camera until Ctrl-C.

    Whatever ends the stream, the results until then are written; where a file or folder was not read to its end, older outputs
    of the same names are kept under another. An output that fails is told at the end, with exit status 2, and does not stop
    the others.
    """
    from mien.live import LiveSpec, watch
    from mien.pipeline import Recognizer
    from mien.sinks.summary import SUMMARY_FILES
    from mien.sinks.video import check_video_name
    from mien.smoothing import SmoothingSpec
    from mien.tracking import TrackingSpec
    from mien.video.reconnect import ReconnectSpec
    from mien.video.sources import open_source
    from mien.watching import Watcher

    check_outputs([source], [csv, jsonl, parquet, record], summary=summary)
    if record:
        check_video_name(record)
    spec = LiveSpec(
        TrackingSpec(detect_every_frame=detect_every_frame) if track else None,
        SmoothingSpec() if smooth else None,
        ReconnectSpec(reconnect),
    )
    # The source comes first: where it is wrong, nothing else is said.
    with watch(lambda: open_source(source), lambda frame: watcher(frame), spec) as results:  # noqa: PLW0108 - made below
        info = results.open()
        recognizer = Recognizer(model, file, detector, detector_model, threads, cast("Policy", policy))
        watcher = Watcher(recognizer.pipeline, spec.tracking, spec.smoothing)
        counts = Summary()
        with ExitStack() as stack:
            # The window before the files: where there is no screen, none of them is replaced.
            window = stack.enter_context(_window(info.name)) if show else None
            sinks = _open_sinks(recognizer, info, csv, jsonl, parquet, record, summary)
            outputs = [path for path in (csv, jsonl, parquet, record) if path]
            outputs += [summary / name for name in SUMMARY_FILES] if summary else []
            errors = _run(results, info, sinks, counts, window, max_frames, outputs)
    made_with = {"model": recognizer.bundle.card.name, "file": recognizer.file, "detector": recognizer.detector}
    counts.print(info.name, results.statistics, json, made_with)
    if counts.num_frames and not counts.num_with_face and policy == "camera":
        console.say("No face in any frame. Faces below a twentieth of the picture's width are looked for with --policy picture.")
    _tell(errors)


def _open_sinks(
    recognizer: "Recognizer",
    info: "SourceInfo",
    csv: Path | None,
    jsonl: Path | None,
    parquet: Path | None,
    record: Path | None,
    summary: Path | None,
) -> "list[Sink]":
    from mien.sinks.base import open_all
    from mien.sinks.summary import SummarySink
    from mien.sinks.video import open_video_sink

    openers = table_openers(info.name, recognizer.labels, csv, jsonl, parquet)
    if record:
        openers.append(partial(open_video_sink, record, info.frames_per_second))
    if summary:
        openers.append(partial(SummarySink, summary, info.name, recognizer.labels))
    return open_all(openers)


def _run(
    results: "Stream",
    info: "SourceInfo",
    sinks: "Sequence[Sink]",
    counts: "Summary",
    window: "Sink | None",
    max_frames: int,
    outputs: "Sequence[Path]",
) -> "list[Exception]":
    """Hand every result to the sinks, and return why some failed."""
    from mien.sinks.writers import Writers

    writers = Writers(sinks)
    errors: list[Exception] = []
    with ExitStack() as stack:
        stack.callback(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT))
        stack.enter_context(writers)
        stack.callback(signal.signal, signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C would leave files half made; writers give up in time
        view = stack.enter_context(open_view(results, info))
        try:
            for result in results:
                writers.write(result)
                counts.add(result)
                view(result)
                if window is not None and not _show(window, result, errors):
                    window = None
                    if not sinks:  # nobody looks any more
                        errors.clear()
                        break
                if counts.num_frames == max_frames:
                    break
        except (KeyboardInterrupt, MienError) as end:
            if not info.is_live:
                _keep_older(outputs)
            if not (info.is_live and isinstance(end, KeyboardInterrupt)):  # how one stops a camera
                raise
    return [*writers.errors, *errors]


def _keep_older(outputs: "Sequence[Path]") -> None:
    """Give older files another name, before what was written of a source that was not read to its end takes theirs."""
    for path in outputs:
        if path.is_file():
            older = free_name(path, "older")
            path.rename(older)
            console.say(f"{path}: was there before; it is {older.name} now, since the new one is not of the whole source.")


def _window(title: str) -> "Sink":
    from mien.apps.window import WindowSink

    return WindowSink(title)


def _show(window: "Sink", result: "FrameResult", errors: "list[Exception]") -> bool:
    """Show a result; return False, with the error kept, when the window is gone."""
    try:
        window.write(result)
    except OutputError as error:
        errors.append(error)
        return False
    return True


def _tell(errors: "Sequence[Exception]") -> None:
    """Tell why outputs failed, one line each; a mistake of ours is raised.

    Raises:
        Exit: some failed.
    """
    for error in errors:
        if not isinstance(error, MienError):
            raise error
    for error in errors:
        console.say(f"mien: {error}")
    if errors:
        raise typer.Exit(2)


class Summary:
    """Counts what a stream showed."""

    def __init__(self) -> None:
        self.num_frames = 0
        self.num_with_face = 0
        self.expressions: Counter[str] = Counter()
        self.track_ids: set[int] = set()

    def add(self, result: "FrameResult") -> None:
        """Count one frame."""
        self.num_frames += 1
        self.num_with_face += bool(result.faces)
        self.expressions.update(face.expression for face in result.faces)
        self.track_ids.update(face.track_id for face in result.faces if face.track_id >= 0)

    def print(self, source: str, statistics: "StreamStatistics", as_json: bool, made_with: dict[str, str] | None = None) -> None:
        """Print the counts, and how the stream did; in JSON also which networks it was ``made_with``."""
        if as_json:
            console.print_json({**self._values(source, statistics), **(made_with or {})})
            return
        dropped = f", {statistics.num_dropped} dropped" if statistics.num_dropped else ""
        console.out.print(f"{source}: {self.num_frames} frames, {self.num_with_face} with a face{dropped}", soft_wrap=True)
        total = sum(self.expressions.values())
        if total:
            rows = [[name, count, f"{count / total:.0%}"] for name, count in self.expressions.most_common()]
            console.print_table(["expression", "readings", "share"], rows)

    def _values(self, source: str, statistics: "StreamStatistics") -> dict[str, Any]:
        return {
            "source": source,
            "frames": self.num_frames,
            "frames_with_face": self.num_with_face,
            "expressions": dict(self.expressions.most_common()),
            "tracks": len(self.track_ids),
            "dropped": statistics.num_dropped,
            "frames_per_second": round(statistics.frames_per_second, 2),
            "latency_p50_s": round(statistics.latency_p50_s, 4),
            "latency_p95_s": round(statistics.latency_p95_s, 4),
        }
