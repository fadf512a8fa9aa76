"""What ``mien stream`` shows while it runs: a live table on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from mien.apps.cli import console

if TYPE_CHECKING:
    from mien.types import FrameResult, Reading
    from mien.video.sources import SourceInfo
    from mien.video.stream import Stream, StreamStatistics

_BAR_CELLS = 24
_REFRESH_S = 0.125
_LINE_EVERY_S = 10.0


class View(Protocol):
    """Shows results as they come."""

    def __call__(self, result: "FrameResult") -> None:
        """Show one, or leave it out where the last is still fresh."""


@contextmanager
def open_view(stream: "Stream", info: "SourceInfo") -> Iterator[View]:
    """Show a stream on standard error: as a live table on a terminal, else as a line every ten seconds."""
    if not console.err.is_terminal:
        yield _lines(stream, info)
        return
    with Live(console=console.err, auto_refresh=False, transient=True) as live:
        shown_s = 0.0

        def show(result: "FrameResult") -> None:
            nonlocal shown_s
            if time.monotonic() - shown_s >= _REFRESH_S:
                shown_s = time.monotonic()
                live.update(table_of(result, stream.statistics, info), refresh=True)

        yield show


def table_of(result: "FrameResult", statistics: "StreamStatistics", info: "SourceInfo") -> Group:
    """Return what a terminal shows: how the stream does, and one row per face."""
    total = f" of {info.num_frames}" if info.num_frames else ""
    head = Text.assemble(
        (info.name, "bold"),
        f"  frame {result.index}{total}  {result.time_s:.2f} s\n",
        f"{statistics.frames_per_second:.1f} fps   latency p50 {1000 * statistics.latency_p50_s:.0f} ms"
        f"  p95 {1000 * statistics.latency_p95_s:.0f} ms   dropped {statistics.num_dropped}",
    )
    faces = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("face", "expression", "", "probability"):
        faces.add_column(column, no_wrap=True)
    for face in result.faces:
        faces.add_row(*_cells(face))
    return Group(head, faces if result.faces else Text("no face", style="dim"))


def _cells(face: "Reading") -> list[Text]:
    from mien.overlay import COLORS_RGB

    style = "dim" if face.uncertain else "rgb({},{},{})".format(*COLORS_RGB.get(face.expression, (255, 255, 255)))
    filled = round(face.probability * _BAR_CELLS)
    bar = Text("█" * filled, style=style) + Text("░" * (_BAR_CELLS - filled), style="dim")
    name = f"#{face.track_id}" if face.track_id >= 0 else "-"
    return [Text(name), Text(face.expression + ("?" if face.uncertain else ""), style=style), bar, Text(f"{face.probability:.0%}")]


def _lines(stream: "Stream", info: "SourceInfo") -> View:
    said_s = time.monotonic()

    def show(result: "FrameResult") -> None:
        nonlocal said_s
        if time.monotonic() - said_s < _LINE_EVERY_S:
            return
        said_s = time.monotonic()
        statistics = stream.statistics
        faces = ", ".join(f"#{face.track_id} {face.expression} {face.probability:.0%}" for face in result.faces) or "no face"
        console.say(
            f"{info.name}: {result.time_s:.1f} s, {statistics.frames_per_second:.1f} fps, "
            f"p95 {1000 * statistics.latency_p95_s:.0f} ms, {statistics.num_dropped} dropped; {faces}"
        )

    return show
