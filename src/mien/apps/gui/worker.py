"""Work beside the window: jobs run one after another in a thread, and what comes of them is told in the window's thread."""

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

from mien.apps.gui.messages import describe

Result = TypeVar("Result")
Failed = Callable[[str], None]
"""Takes the line that tells a person what went wrong."""


class Worker:
    """A thread with a queue of jobs. Only ``poll`` calls back, so that answers come in the thread that asks for them."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._num_open = 0
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="mien gui worker", daemon=True)
        self._thread.start()

    @property
    def is_busy(self) -> bool:
        """Whether a job waits or runs, or its answer waits."""
        return self._num_open > 0

    def submit(self, job: Callable[[], Result], done: Callable[[Result], None], failed: Failed) -> None:
        """Run ``job`` when those before it are done; ``poll`` then calls ``done`` with what it returns, or ``failed``."""
        self._num_open += 1
        self._jobs.put(lambda: self._answer(job, done, failed))

    def say(self, answer: Callable[[], None]) -> None:
        """Have ``poll`` call ``answer``; for other threads."""
        self._answers.put(answer)

    def poll(self) -> None:
        """Call back for everything that is done; never waits."""
        while not self._is_closed:
            try:
                answer = self._answers.get_nowait()
            except queue.Empty:
                return
            answer()

    def close(self, timeout_s: float) -> None:
        """End after the job that runs, and wait so long for it at most; nothing is called back any more."""
        self._is_closed = True
        self._jobs.put(None)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None and not self._is_closed:
            job()

    def _answer(self, job: Callable[[], Result], done: Callable[[Result], None], failed: Failed) -> None:
        try:
            result = job()
        except BaseException as error:  # noqa: BLE001 - told in the window
            message = describe(error)
            self._answers.put(lambda: self._finish(lambda: failed(message)))
        else:
            self._answers.put(lambda: self._finish(lambda: done(result)))

    def _finish(self, answer: Callable[[], None]) -> None:
        self._num_open -= 1
        answer()
