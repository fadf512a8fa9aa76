"""The stream: frames are read, looked at and handed on by threads of their own, so that none waits without need.

The source says which policy holds. Of a file or folder every frame comes, in order; a slow receiver makes the source
wait. Of a camera or network stream the newest frame wins: the frame that waits is replaced, so what is shown is never
older than two readings and one frame interval, and the lost ones are counted.

    source -> [capture thread] -> frames -> [inference thread] -> results -> whoever iterates
"""

import atexit
import logging
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from types import TracebackType

import numpy as np

from mien.errors import SourceError
from mien.types import Frame, FrameResult
from mien.video.channel import Channel, Ended, Item
from mien.video.sources import Source, SourceInfo

log = logging.getLogger("mien")

READ_AHEAD = 4
"""Frames and results of a file that wait at most, each."""
_REMEMBERED = 512
_POLL_S = 0.2
_running: "weakref.WeakSet[Stream]" = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Close streams that nobody closed; threads that are inside a decoder when Python ends abort the process."""
    for stream in list(_running):
        stream.close()


@dataclass(frozen=True)
class StreamStatistics:
    """How a stream does."""

    num_results: int
    """Results handed on so far."""
    num_dropped: int
    """Frames of a live source that were read and never handed on, up to the newest result."""
    num_read: int
    """Frames read from the source so far."""
    frames_per_second: float
    """Of the newest results, at most 512; 0 before the second."""
    latency_p50_s: float
    """Seconds from reading a frame to its result, median of the newest results; 0 before the first."""
    latency_p95_s: float
    """Likewise, the time that 95 % of them stay below."""


class Stream(AbstractContextManager["Stream"]):
    """Results of a source, made in the background; iterate over it once.

    Args:
        open_source: Makes the source; called in the capture thread, which also closes it.
        read: From a frame to its result; called in the inference thread only.
        timeout_s: A source or a reading that takes longer than this is given up.
        close_timeout_s: ``close`` waits this long at most; a thread that hangs is then left behind.
        stop: Set by ``close``, for a source that waits by itself.
    """

    def __init__(
        self,
        open_source: Callable[[], Source],
        read: Callable[[Frame], FrameResult],
        timeout_s: float = 15.0,
        close_timeout_s: float = 2.0,
        stop: threading.Event | None = None,
    ) -> None:
        self._open_source, self._read = open_source, read
        self._timeout_s, self._close_timeout_s = timeout_s, close_timeout_s
        self._opened: Channel[SourceInfo] = Channel(1)
        self._info: SourceInfo | None = None
        self._lock = threading.Lock()
        self._latest: FrameResult | None = None
        self._times_s: deque[float] = deque(maxlen=_REMEMBERED)
        self._latencies_s: deque[float] = deque(maxlen=_REMEMBERED)
        self._num_results, self._num_dropped, self._num_read, self._next_index = 0, 0, 0, 0
        # Since when each thread has been busy with one thing that is not ours to hurry; None while it waits for another thread.
        self._busy_since_s: dict[str, float | None] = {"source": None, "recogniser": None}
        self._is_closed = stop or threading.Event()
        self._frames: Channel[tuple[Frame, float]]
        self._results: Channel[FrameResult]
        self._threads = [threading.Thread(target=self._capture, name="mien capture", daemon=True)]

    def open(self) -> SourceInfo:
        """Start to capture, and return what is known of the source, once it is open. Reading starts with iterating.

        Raises:
            SourceError: it cannot be opened, or not in time.
        """
        if self._info is None:
            self._start("source")
            _running.add(self)
            self._threads[0].start()
            self._info = self._take(self._opened)
        return self._info

    def __iter__(self) -> Iterator[FrameResult]:
        """Yield the results: all of them for a file or folder, the newest for a live source.

        Raises:
            SourceError: the source cannot be opened, breaks off, or hangs.
        """
        self.open()
        self._threads.append(threading.Thread(target=self._infer, name="mien inference", daemon=True))
        self._threads[-1].start()
        try:
            while True:
                yield self._count(self._take(self._results))
        except Ended:
            return
        finally:
            self.close()

    @property
    def latest(self) -> FrameResult | None:
        """The newest result, whether or not it was handed on, with how many frames were not looked at before it; None before the first."""
        with self._lock:
            return self._latest

    @property
    def statistics(self) -> StreamStatistics:
        """How the stream does, at this moment; may be asked from any thread."""
        with self._lock:
            times_s, latencies_s = list(self._times_s), list(self._latencies_s)
            counts = (self._num_results, self._num_dropped, self._num_read)
        passed_s = times_s[-1] - times_s[0] if len(times_s) > 1 else 0.0
        rate = (len(times_s) - 1) / passed_s if passed_s > 0 else 0.0
        p50, p95 = (float(np.percentile(latencies_s, share)) if latencies_s else 0.0 for share in (50, 95))
        return StreamStatistics(*counts, rate, p50, p95)

    def close(self) -> None:
        """Stop the threads and wait for them, in bounded time; more than once does no harm."""
        self._is_closed.set()
        for name in ("_opened", "_frames", "_results"):
            if hasattr(self, name):
                getattr(self, name).close()
        end_s = time.monotonic() + self._close_timeout_s
        for thread in self._threads:
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join(max(0.0, end_s - time.monotonic()))
                if thread.is_alive():
                    log.warning("The thread %r hangs and is left behind.", thread.name)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def keep_alive(self) -> None:
        """Tell the watchdog that the source is at work, as when it connects again; called by the source's thread."""
        self._start("source")

    def _capture(self) -> None:
        """Read frames until the source ends or nobody wants more."""
        frames: Channel[tuple[Frame, float]] | None = None
        try:
            with self._open_source() as source:
                frames = self._frames = self._make_channels(source.info)
                if not self._opened.put(source.info):
                    return
                self._copy(source, frames)
            frames.end()
        except BaseException as error:  # noqa: BLE001 - whoever iterates gets it
            (frames or self._opened).end(error)

    def _make_channels(self, info: SourceInfo) -> Channel[tuple[Frame, float]]:
        self._results = Channel(1, _join_results) if info.is_live else Channel(READ_AHEAD)
        return Channel(1, lambda _, newest: newest) if info.is_live else Channel(READ_AHEAD)

    def _copy(self, source: Source, frames: Channel[tuple[Frame, float]]) -> None:
        self._start("source")
        for frame in source:
            self._stop("source")
            self._num_read += 1
            if self._is_closed.is_set() or not frames.put((frame, time.monotonic())):
                return
            self._start("source")
        self._stop("source")

    def _infer(self) -> None:
        """Look at frames until they end."""
        next_index = 0
        try:
            while True:
                frame, read_s = self._frames.get()
                self._start("recogniser")
                result = self._read(frame)
                self._stop("recogniser")
                now_s = time.monotonic()
                result = replace(result, latency_s=now_s - read_s, num_dropped=result.index - next_index)
                next_index = result.index + 1
                with self._lock:
                    self._latest = result
                    self._times_s.append(now_s)
                    self._latencies_s.append(result.latency_s)
                if not self._results.put(result):
                    return
        except Ended:
            self._results.end()
        except BaseException as error:  # noqa: BLE001 - likewise
            self._frames.close()
            self._results.end(error)

    def _count(self, result: FrameResult) -> FrameResult:
        """Say how many frames were lost before a result that is handed on."""
        lost = result.index - self._next_index
        with self._lock:
            self._num_results += 1
            self._num_dropped += lost
        self._next_index = result.index + 1
        return replace(result, num_dropped=lost) if lost != result.num_dropped else result

    def _take(self, channel: Channel[Item]) -> Item:
        """Wait for an item, unless source or recogniser hang. Short waits, so that Ctrl-C is heard on every system."""
        while True:
            try:
                return channel.get(_POLL_S)
            except TimeoutError:
                self._watch()

    def _watch(self) -> None:
        for name, since_s in self._busy_since_s.items():
            if since_s is not None and time.monotonic() - since_s > self._timeout_s:
                where = self._info.name if self._info else "The source"
                raise SourceError(
                    f"{where}: the {name} has not answered for {self._timeout_s:g} s. Check cable, network or file, and try again."
                ) from None

    def _start(self, name: str) -> None:
        self._busy_since_s[name] = time.monotonic()

    def _stop(self, name: str) -> None:
        self._busy_since_s[name] = None


def _join_results(older: FrameResult, newer: FrameResult) -> FrameResult:
    """What happened in a frame that is dropped is told with the next."""
    return replace(newer, events=older.events + newer.events)
