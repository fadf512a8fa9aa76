"""A live source that comes back: a camera plugged in again, a network that returns."""

import logging
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Protocol

from mien.errors import ConfigError, SourceError
from mien.types import Frame
from mien.video.sources import Source, SourceInfo

log = logging.getLogger("mien")


@dataclass(frozen=True)
class ReconnectSpec:
    """How long and how often to try."""

    give_up_after_s: float = 30.0
    """Since the last frame; 0 does not try at all."""
    first_wait_s: float = 0.5
    """Before the first try; each further one waits twice as long."""
    longest_wait_s: float = 8.0

    def __post_init__(self) -> None:
        if not self.give_up_after_s >= 0:
            raise ConfigError(f"give_up_after_s must be 0 s or more, got {self.give_up_after_s}")
        if not 0 < self.first_wait_s <= self.longest_wait_s:
            raise ConfigError(
                f"first_wait_s must be above 0 s and at most longest_wait_s, got {self.first_wait_s} and {self.longest_wait_s}"
            )


class Clock(Protocol):
    """What time it is, and waiting; tests bring their own."""

    @abstractmethod
    def now(self) -> float:
        """Return seconds that only go forward."""

    @abstractmethod
    def wait(self, seconds: float) -> bool:
        """Wait; return True at once when the stream is closed meanwhile."""


class SystemClock:
    """The computer's clock; ``stop`` ends a wait."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def now(self) -> float:
        """Return seconds that only go forward."""
        return time.monotonic()

    def wait(self, seconds: float) -> bool:
        """Wait; return True at once when the stream is closed meanwhile."""
        return self._stop.wait(seconds)


class ReconnectingSource(Source):
    """A source that is opened again when it breaks off, if it is live.

    Frames go on being counted; times go on as well, and include the time that was lost.

    Args:
        open_source: Makes the source; the first failure is final, since then the address or number is wrong.
        on_wait: Called before each try, so that a watchdog knows that waiting is meant.

    Raises:
        SourceError: it cannot be opened.
    """

    def __init__(self, open_source: Callable[[], Source], spec: ReconnectSpec, clock: Clock, on_wait: Callable[[], None]) -> None:
        self._open_source, self._spec, self._clock, self._on_wait = open_source, spec, clock, on_wait
        self._source = open_source()
        self._started_s = clock.now()
        self._num_read = 0
        self._last_s = -1.0
        self._lost_s, self._wait_s = clock.now(), spec.first_wait_s

    @property
    def info(self) -> SourceInfo:  # type: ignore[override]  # a property here, a plain attribute there
        """What is known of the source."""
        return self._source.info

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames; see ``Source``."""
        if not self.info.is_live or self._spec.give_up_after_s <= 0:
            yield from self._source
            return
        while True:
            try:
                for frame in self._source:
                    yield self._counted(frame)
                    # Only a frame ends the trying: some cameras open well and give nothing.
                    self._lost_s, self._wait_s = self._clock.now(), self._spec.first_wait_s
                return
            except SourceError as error:
                if not self._reconnect(error):
                    return

    def _counted(self, frame: Frame) -> Frame:
        time_s = max(self._clock.now() - self._started_s, self._last_s + 1e-6)
        self._last_s = time_s
        self._num_read += 1
        return replace(frame, index=self._num_read - 1, time_s=time_s)

    def _reconnect(self, error: SourceError) -> bool:
        """Open the source again; return False when the stream is closed meanwhile.

        Raises:
            SourceError: it did not come back in time.
        """
        name = self.info.name
        self._source.__exit__(None, None, None)
        log.warning("%s: the connection broke off after %d frames; connecting again.", name, self._num_read)
        while (left_s := self._lost_s + self._spec.give_up_after_s - self._clock.now()) > 0:
            self._on_wait()
            if self._clock.wait(min(self._wait_s, left_s)):  # the last try is at the limit
                return False
            self._wait_s = min(2 * self._wait_s, self._spec.longest_wait_s)
            self._on_wait()
            try:
                self._source = self._open_source()
            except SourceError as failure:
                error = failure
                continue
            log.warning("%s: connected again after %.1f s.", name, self._clock.now() - self._lost_s)
            return True
        raise SourceError(f"{name}: gone for {self._clock.now() - self._lost_s:.0f} s, given up. {error}")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._source.__exit__(kind, error, trace)
