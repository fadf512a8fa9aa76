"""The recogniser put onto a source: as an iterator, or as a session that runs by itself."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from mien.card import DEFAULT_BUNDLE
from mien.errors import ConfigError, MienError
from mien.pipeline import Pipeline, Recognizer
from mien.smoothing import SmoothingSpec
from mien.tracking import TrackingSpec
from mien.types import Detector, Event, Frame, FrameResult, Policy
from mien.video.channel import Ended
from mien.video.reconnect import ReconnectingSource, ReconnectSpec, SystemClock
from mien.video.sources import Source, SourceInfo, open_source
from mien.video.stream import Stream, StreamStatistics
from mien.watching import Watcher

OnEvent = Callable[[Event], None]
MAX_EVENTS = 1000
"""Events that a session remembers."""


@dataclass(frozen=True)
class LiveSpec:
    """How a source is watched."""

    tracking: TrackingSpec | None = TrackingSpec()
    """None reads every frame by itself: no identities, no smoothing, no events."""
    smoothing: SmoothingSpec | None = SmoothingSpec()
    """None gives the scores of every frame as they are."""
    reconnect: ReconnectSpec = ReconnectSpec()
    """For cameras and network streams."""
    timeout_s: float = 15.0
    """A source or a reading that takes longer is given up."""

    def __post_init__(self) -> None:
        if not self.timeout_s > 0:
            raise ConfigError(f"timeout_s must be above 0 s, got {self.timeout_s}")


def stream(
    source: str | int | Path,
    model: str | Path = DEFAULT_BUNDLE,
    file: str = "quick",
    detector: str | Detector = "auto",
    detector_model: str | Path | None = None,
    threads: int = 1,
    spec: LiveSpec = LiveSpec(),
    on_event: OnEvent | None = None,
    policy: Policy = "camera",
) -> Iterator[FrameResult]:
    """Yield the readings of a source: every frame of a file or folder, the newest frames of a camera or network stream.

    Reading runs ahead in threads of its own, and ends with the iterator.

    Args:
        source: Camera index, video file, folder of pictures, or address of a stream.
        model: Name of a shipped bundle, or the folder of one.
        file: Which file of the bundle runs; by default int8 where there is one, four times as fast and hardly less accurate.
        detector: As for ``Recognizer``.
        detector_model: Model file of the detector, instead of the one mien fetches on first use.
        threads: CPU threads of each network.
        spec: How faces are followed and labels steadied, and how long a source may be silent.
        on_event: Called when a face appears, changes its expression or leaves, in the thread that iterates. Results
            carry the same events, except for the leaving of those still there at the end, however it ends.
        policy: ``camera`` finds near faces fast; ``picture`` small ones too, as in wide shots, and takes longer.

    Raises:
        SourceError: the source cannot be opened, ends early, goes away or hangs.
        UnknownNameError: the catalog has no such bundle, file or detector.
        ModelFileError: a model file is missing, foreign, damaged or cannot be fetched.
    """
    recognizer = Recognizer(model, file, detector, detector_model, threads, policy)
    return _results(source, recognizer.pipeline, spec, on_event or _ignore)


def _results(source: str | int | Path, pipeline: Pipeline, spec: LiveSpec, on_event: OnEvent) -> Iterator[FrameResult]:
    watcher = Watcher(pipeline, spec.tracking, spec.smoothing)
    with watch(lambda: open_source(source), watcher, spec) as results:
        try:
            for result in results:
                for event in result.events:
                    on_event(event)
                yield result
        except MienError:
            results.close()  # the watcher is nobody's now
            _tell_all(watcher.finish(), on_event)
            raise
    _tell_all(watcher.finish(), on_event)


def _tell_all(events: Sequence[Event], on_event: OnEvent) -> None:
    for event in events:
        on_event(event)


def watch(open_it: Callable[[], Source], read: Callable[[Frame], FrameResult], spec: LiveSpec) -> Stream:
    """Return the stream over a source, which is not open yet; a live one is opened again when it breaks off.

    Args:
        open_it: Makes the source; called in a thread of its own, and again to connect again.
        read: A ``Watcher``.
    """
    stop = threading.Event()

    def open_again() -> Source:
        return ReconnectingSource(open_it, spec.reconnect, SystemClock(stop), lambda: made.keep_alive())  # noqa: PLW0108 - not made yet

    made = Stream(open_again, read, spec.timeout_s, stop=stop)
    return made


class Session(AbstractContextManager["Session"]):
    """A stream that runs by itself. A window or a page asks it for the newest result and never waits.

    Every property may be asked from any thread, at any time.

    Args:
        source: As for ``stream``.
        recognizer: With the policy ``camera``; the session's own from ``start`` to ``stop``.
        on_result: Called with every result, in the session's thread; for sinks.
        on_event: Called when a face appears, changes its expression or leaves, in the session's thread.
    """

    def __init__(
        self,
        source: str | int | Path,
        recognizer: Recognizer,
        spec: LiveSpec = LiveSpec(),
        on_result: Callable[[FrameResult], None] | None = None,
        on_event: OnEvent | None = None,
    ) -> None:
        self._watcher = Watcher(recognizer.pipeline, spec.tracking, spec.smoothing)
        self._stream = watch(lambda: open_source(source), self._watcher, spec)
        self._on_result, self._on_event = on_result or _ignore, on_event or _ignore
        self._events: deque[Event] = deque(maxlen=MAX_EVENTS)
        self._info: SourceInfo | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="mien session", daemon=True)

    def start(self) -> None:
        """Begin; returns at once, also when the source takes long to open.

        Raises:
            ConfigError: it has been started before.
        """
        if self._thread.ident is not None:
            raise ConfigError("A session starts once. Make a new one for the next run.")
        self._thread.start()

    def stop(self) -> None:
        """End, in bounded time; more than once does no harm."""
        self._stream.close()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(2.0)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the source has ended, for so long at most; return whether it has."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def is_running(self) -> bool:
        """Whether results may still come."""
        return self._thread.is_alive()

    @property
    def info(self) -> SourceInfo | None:
        """What is known of the source; None until it is open."""
        return self._info

    @property
    def latest(self) -> FrameResult | None:
        """The newest result; None before the first."""
        return self._stream.latest

    @property
    def statistics(self) -> StreamStatistics:
        """Frames per second, latency and dropped frames up to now."""
        return self._stream.statistics

    @property
    def events(self) -> Sequence[Event]:
        """What happened, the oldest first; the last thousand."""
        return tuple(self._events)

    @property
    def error(self) -> BaseException | None:
        """What ended the session; None while it runs, and when it ended well."""
        return self._error

    def _run(self) -> None:
        try:
            self._info = self._stream.open()
            for result in self._stream:
                self._tell(result.events)
                self._on_result(result)
            self._tell(self._watcher.finish())
        except Ended:  # stopped before the source was open
            pass
        except MienError as error:
            self._error = error
            self._stream.close()  # the watcher is nobody's now
            self._tell(self._watcher.finish())
        except BaseException as error:  # noqa: BLE001 - whoever polls gets it
            self._error = error
        finally:
            self._stream.close()

    def _tell(self, events: Sequence[Event]) -> None:
        for event in events:
            self._events.append(event)
            self._on_event(event)

    def __enter__(self) -> "Session":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def _ignore(_: object) -> None:
    """Do nothing."""
