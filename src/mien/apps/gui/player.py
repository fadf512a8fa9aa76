"""A source that plays: the engine's session, at the source's own pace, with what each chosen model reads."""

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from mien.apps.gui.readers import Reader, Readers, View
from mien.apps.gui.saving import Recording
from mien.errors import OutputError
from mien.types import FrameResult, Reading
from mien.video.sources import SourceInfo
from mien.video.stream import StreamStatistics

MAX_LAG_S = 0.5
"""A file that falls further behind goes on from there, instead of rushing after its clock."""
MAX_SEEN = 1000

Seen = tuple[float, tuple[Reading, ...]]
"""Time of a frame, and its faces."""


class PlayerClock(Protocol):
    """What time it is, and waiting; tests bring their own."""

    def now(self) -> float:
        """Return seconds that only go forward."""

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """Wait; return True at once when ``stop`` is set."""


class SystemClock:
    """The computer's clock."""

    def now(self) -> float:
        """Return seconds that only go forward."""
        return time.monotonic()

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """Wait; return True at once when ``stop`` is set."""
        return stop.wait(seconds)


class Running(Protocol):
    """What is needed of a ``mien.Session``."""

    def start(self) -> None:
        """Begin; returns at once."""

    def stop(self) -> None:
        """End, in bounded time."""

    @property
    def is_running(self) -> bool:
        """Whether results may still come."""

    @property
    def info(self) -> SourceInfo | None:
        """What is known of the source; None until it is open."""

    @property
    def statistics(self) -> StreamStatistics:
        """How it does."""

    @property
    def error(self) -> BaseException | None:
        """What ended it."""


MakeSession = Callable[[str | int | Path, Reader, Callable[[FrameResult], None]], Running]
"""From a source, a reader and the taker of results to a session, not started."""


class Player:
    """Plays one source once. Nothing here waits, except for ``join``."""

    def __init__(self, source: str | int | Path, readers: Readers, make_session: MakeSession, clock: PlayerClock | None = None) -> None:
        self.source, self._readers, self._clock = source, readers, clock or SystemClock()
        self._halted = threading.Event()
        self._lock = threading.Lock()
        self._view: View | None = None
        self._seen: deque[Seen] = deque(maxlen=MAX_SEEN)
        self._recording: Recording | None = None
        self._recording_error = ""
        self._started_s: float | None = None
        self.session = make_session(source, readers.first, self._take)
        self._stopper = threading.Thread(target=self.session.stop, name="mien gui stopper", daemon=True)

    @property
    def name(self) -> str:
        """What the source is called."""
        info = self.session.info
        return info.name if info else str(self.source)

    @property
    def is_running(self) -> bool:
        """Whether views may still come."""
        return not self._halted.is_set() and self.session.is_running

    def newest(self) -> tuple[View | None, list[Seen]]:
        """Return the newest view, and the faces of all frames since the last call."""
        with self._lock:
            seen = list(self._seen)
            self._seen.clear()
            return self._view, seen

    def record(self, recording: Recording | None) -> None:
        """Write all that follows; None stops."""
        with self._lock:
            self._recording = recording

    def take_recording_error(self) -> str:
        """Return why writing ended, once; empty where nothing is wrong."""
        with self._lock:
            message, self._recording_error = self._recording_error, ""
            return message

    def stop(self) -> None:
        """Begin to end, and return at once; more than once does no harm."""
        if not self._halted.is_set():
            self._halted.set()
            self._stopper.start()

    @property
    def has_ended(self) -> bool:
        """Whether a stopped player's threads are gone."""
        return self._halted.is_set() and not self._stopper.is_alive() and not self.session.is_running

    def join(self, timeout_s: float) -> bool:
        """Wait until a stopped player has ended; return False where it hangs."""
        self._stopper.join(timeout_s)
        return self.has_ended

    def _take(self, result: FrameResult) -> None:
        """Show a result when its time has come; called in the session's thread."""
        if self._wait_for(result.time_s):
            return
        view = self._readers.join(result, self.name)
        with self._lock:
            if self._halted.is_set():
                return
            self._view = view
            self._seen.append((result.time_s, result.faces))
            recording = self._recording
        if recording is not None:
            self._write(recording, view)

    def _wait_for(self, time_s: float) -> bool:
        """Wait for a file's frame to be due; return True when stopped meanwhile. A live source needs no waiting."""
        info = self.session.info
        if info is None or info.is_live:
            return self._halted.is_set()
        now_s = self._clock.now()
        if self._started_s is None:
            self._started_s = now_s - time_s
        early_s = self._started_s + time_s - now_s
        if early_s < -MAX_LAG_S:
            self._started_s -= early_s
        return self._clock.wait(max(0.0, early_s), self._halted)

    def _write(self, recording: Recording, view: View) -> None:
        try:
            recording.write(view)
        except OutputError as error:
            with self._lock:
                if self._recording is recording:
                    self._recording, self._recording_error = None, str(error)


def make_live_session(source: str | int | Path, reader: Reader, on_result: Callable[[FrameResult], None]) -> Running:
    """Make a ``mien.Session`` with the engine's own settings."""
    from mien.live import Session
    from mien.pipeline import Recognizer

    if not isinstance(reader, Recognizer):
        raise TypeError(f"a session needs a Recognizer, got {type(reader).__name__}")
    return Session(source, reader, on_result=on_result)
