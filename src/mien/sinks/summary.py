"""Who showed what, for how long: shares of time, longest runs, a timeline as picture and page."""

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from mien.atomic import atomic_path, check_folder, write_text
from mien.errors import MissingExtraError
from mien.labels import LabelSet
from mien.sinks.base import Sink
from mien.sinks.timeline import draw_timeline, page_of
from mien.types import FrameResult

log = logging.getLogger("mien")

SUMMARY_FILES = ("summary.json", "summary.html", "timeline.png")
LONGEST_GAP_S = 1.0
"""A reading counts until the next frame, and for so long at most."""
FIRST_GAP_S = 1 / 25
"""Of a source with a single frame."""
MIN_RUN_S = 1e-6


@dataclass(eq=False)
class Run:
    """A stretch of time in which a face showed one expression."""

    expression: str
    start_s: float
    end_s: float


@dataclass(eq=False)
class Person:
    """What is known of one track; without tracking, of all faces together."""

    track_id: int
    seconds: dict[str, float] = field(default_factory=dict)
    """Expression to time."""
    uncertain_s: float = 0.0
    runs: list[Run] = field(default_factory=list)
    _last: dict[str, Run] = field(default_factory=dict)
    """Expression to its newest run: faces that are not told apart show several at once."""

    def add(self, expression: str, is_uncertain: bool, start_s: float, end_s: float) -> None:
        """Count one reading."""
        self.seconds[expression] = self.seconds.get(expression, 0.0) + end_s - start_s
        self.uncertain_s += (end_s - start_s) * is_uncertain
        last = self._last.get(expression)
        if last and start_s - last.end_s < MIN_RUN_S:
            last.end_s = end_s
        else:
            self._last[expression] = Run(expression, start_s, end_s)
            self.runs.append(self._last[expression])

    def values(self) -> dict[str, Any]:
        """Return plain JSON values; shares are of the time this face was seen."""
        total = sum(self.seconds.values())
        ordered = sorted(self.seconds.items(), key=lambda item: -item[1])
        longest: dict[str, Run] = {}
        for run in self.runs:
            if run.expression not in longest or run.end_s - run.start_s > longest[run.expression].end_s - longest[run.expression].start_s:
                longest[run.expression] = run
        return {
            "track_id": self.track_id,
            "first_s": round(self.runs[0].start_s, 3),
            "last_s": round(max(run.end_s for run in self.runs), 3),
            "seen_s": round(total, 3),
            "uncertain_share": round(self.uncertain_s / total, 4) if total else 0.0,
            "seconds": {name: round(seconds, 3) for name, seconds in ordered},
            "shares": {name: round(seconds / total, 4) if total else 0.0 for name, seconds in ordered},
            "longest_runs": {
                name: {"start_s": round(longest[name].start_s, 3), "seconds": round(longest[name].end_s - longest[name].start_s, 3)}
                for name, _ in ordered
            },
        }


class SummarySink(Sink):
    """A folder with ``summary.json``, ``summary.html`` (one file, nothing to fetch) and ``timeline.png`` (extra ``report``).

    A reading lasts until the next frame, one second at most; that of the last frame as long as the one before. Without tracking,
    all faces count as one person of identity -1, whose time is the sum of theirs.

    Raises:
        OutputError: the folder cannot be written.
    """

    def __init__(self, folder: Path, source: str, labels: LabelSet) -> None:
        self._folder, self._source, self._labels = folder, source, labels
        self.people: dict[int, Person] = {}
        self._waiting: FrameResult | None = None
        self._gap_s = FIRST_GAP_S
        self._num_frames, self._num_with_face, self._num_dropped = 0, 0, 0
        check_folder(folder)  # told now, and not after an hour of video

    def write(self, result: FrameResult) -> None:
        """Count one result; see ``Sink``."""
        if self._waiting is not None:
            self._gap_s = min(max(0.0, result.time_s - self._waiting.time_s), LONGEST_GAP_S)
            self._count(self._waiting)
        self._waiting = result
        self._num_frames += 1
        self._num_with_face += bool(result.faces)
        self._num_dropped += result.num_dropped

    def _count(self, result: FrameResult) -> None:
        for face in result.faces:
            person = self.people.setdefault(face.track_id, Person(face.track_id))
            person.add(face.expression, face.uncertain, result.time_s, result.time_s + self._gap_s)

    def values(self) -> dict[str, Any]:
        """Return the summary as plain JSON values."""
        return {
            "source": self._source,
            "labels": list(self._labels),
            "frames": self._num_frames,
            "frames_with_face": self._num_with_face,
            "dropped": self._num_dropped,
            "people": [person.values() for _, person in sorted(self.people.items())],
        }

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._waiting is not None:
            self._count(self._waiting)
        values, people = self.values(), [person for _, person in sorted(self.people.items())]
        write_text(self._folder / "summary.json", json.dumps(values, indent=1) + "\n")
        write_text(self._folder / "summary.html", page_of(values, people))
        try:
            with atomic_path(self._folder / "timeline.png") as temporary:
                draw_timeline(people, temporary)
        except MissingExtraError as missing:
            log.warning("timeline.png is left out. %s", missing)
