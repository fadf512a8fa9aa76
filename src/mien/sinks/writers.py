"""Several sinks at once, each in a thread of its own: none waits for another, and one that fails does not stop the rest."""

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType

from mien.errors import OutputError
from mien.sinks.base import Sink
from mien.types import FrameResult
from mien.video.channel import Channel, Ended

WAITING = 8
"""Results that wait for a slow sink; then the stream waits, which for a live source means that frames are dropped."""


class _Writer:
    """One sink and its thread."""

    def __init__(self, sink: Sink) -> None:
        self.results: Channel[FrameResult] = Channel(WAITING)
        self.error: Exception | None = None
        self.is_closing = False
        """It has taken all results; what is left is to make whole files of them."""
        self._sink = sink
        self.thread = threading.Thread(target=self._run, name=f"mien {type(sink).__name__}", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            with self._sink as sink:
                self._write_all(sink)
                self.is_closing = True
        except Exception as error:  # noqa: BLE001 - told when all sinks are done
            self.error = error
        finally:
            self.results.close()

    def _write_all(self, sink: Sink) -> None:
        while True:
            try:
                result = self.results.get()
            except Ended:
                return
            sink.write(result)


class Writers(AbstractContextManager["Writers"]):
    """Hands every result to all sinks; closes them when it is left.

    Args:
        sinks: Open; each is entered, written and left by a thread of its own.
        timeout_s: A sink that takes nothing for so long is given up.
        close_timeout_s: So is one that has taken everything and does not close; hours of video become a table or picture only then.
    """

    def __init__(self, sinks: Sequence[Sink], timeout_s: float = 30.0, close_timeout_s: float = 600.0) -> None:
        self._timeout_s, self._close_timeout_s = timeout_s, close_timeout_s
        self._writers = [_Writer(sink) for sink in sinks]
        self._hung: list[_Writer] = []

    def write(self, result: FrameResult) -> None:
        """Hand over one result; sinks that failed are passed by."""
        for writer in self._writers:
            if writer in self._hung:
                continue
            try:
                writer.results.put(result, self._timeout_s)
            except TimeoutError:
                self._hung.append(writer)

    @property
    def errors(self) -> list[Exception]:
        """Why sinks failed; complete once the context is left."""
        hung = [OutputError(f"{writer.thread.name}: {self._what_hangs(writer)}, given up.") for writer in self._hung]
        return [*(writer.error for writer in self._writers if writer.error is not None), *hung]

    def _what_hangs(self, writer: _Writer) -> str:
        return f"did not close in {self._close_timeout_s:g} s" if writer.is_closing else f"took nothing for {self._timeout_s:g} s"

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for writer in self._writers:
            writer.results.end()
        for writer in self._writers:
            if writer in self._hung:
                continue
            writer.thread.join(self._timeout_s)
            if writer.is_closing:
                writer.thread.join(self._close_timeout_s)
            if writer.thread.is_alive():
                self._hung.append(writer)
