"""``mien stream``: the expressions in a video, a camera or a network stream."""

from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.apps.cli import console
from mien.apps.cli.predict import check_outputs, open_sinks

if TYPE_CHECKING:
    from mien.types import FrameResult


def stream(
    source: Annotated[str, typer.Argument(help="Camera number, video file, folder of pictures, or rtsp:// address.", show_default=False)],
    record: Annotated[Path | None, typer.Option(metavar="FILE.mp4", help="Write an annotated video.")] = None,
    csv: console.Csv = None,
    jsonl: console.JsonLines = None,
    parquet: console.Parquet = None,
    max_frames: Annotated[int, typer.Option(min=0, help="Stop after so many frames; 0 reads to the end.")] = 0,
    json: console.Json = False,
    model: console.Model = "mien_s",
    file: console.File = "float32",
    detector: console.DetectorName = "auto",
    detector_model: console.DetectorModel = None,
    threads: console.Threads = 1,
) -> None:
    """Name the expression of every face in every frame of a video, or of a camera until Ctrl-C.

    Whatever ends the stream, the results until then are written.
    """
    from mien.pipeline import Recognizer
    from mien.video.sinks import VideoSink
    from mien.video.sources import open_source
    from mien.video.stream import read_all

    check_outputs([source], [csv, jsonl, parquet, record])
    summary = Summary()
    with ExitStack() as stack:
        opened = stack.enter_context(open_source(source))
        recognizer = Recognizer(model, file, detector, detector_model, threads, policy="camera")
        sinks = open_sinks(stack, opened.info.name, recognizer.labels, csv, jsonl, parquet)
        if record:
            sinks.append(stack.enter_context(VideoSink(record, opened.info.frames_per_second)))
        show = stack.enter_context(console.progress(opened.info.name))
        try:
            for result in read_all(opened, recognizer.pipeline):
                for sink in sinks:
                    sink.write(result)
                summary.add(result)
                show(summary.num_frames, opened.info.num_frames or summary.num_frames)
                if summary.num_frames == max_frames:
                    break
        except KeyboardInterrupt:
            # For a camera this is how one stops; for a file it is not the end.
            if not opened.info.is_live:
                raise
    summary.print(opened.info.name, json)


class Summary:
    """Counts what a stream showed."""

    def __init__(self) -> None:
        self.num_frames = 0
        self.num_with_face = 0
        self.expressions: Counter[str] = Counter()

    def add(self, result: "FrameResult") -> None:
        """Count one frame."""
        self.num_frames += 1
        self.num_with_face += bool(result.faces)
        self.expressions.update(face.expression for face in result.faces)

    def print(self, source: str, as_json: bool) -> None:
        """Print the counts."""
        if as_json:
            console.print_json(
                {
                    "source": source,
                    "frames": self.num_frames,
                    "frames_with_face": self.num_with_face,
                    "expressions": dict(self.expressions.most_common()),
                }
            )
            return
        console.out.print(f"{source}: {self.num_frames} frames, {self.num_with_face} with a face", markup=False, soft_wrap=True)
        total = sum(self.expressions.values())
        if total:
            rows = [[name, count, f"{count / total:.0%}"] for name, count in self.expressions.most_common()]
            console.print_table(["expression", "readings", "share"], rows)
