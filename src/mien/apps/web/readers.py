"""Pictures to readings, in a few threads with networks of their own, and never more at a time than they can bear."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from http import HTTPStatus

from mien.apps.web.refusal import Refusal, busy
from mien.apps.web.spec import WebSpec
from mien.errors import SourceError, TooLargeError
from mien.pictures import decode_picture
from mien.pipeline import Recognizer
from mien.types import FrameResult, Policy


@dataclass(eq=False)
class Gate:
    """Lets so many in at a time. Used by one event loop, so that counting needs no lock."""

    capacity: int
    full: str
    """What a refusal says."""
    num_inside: int = 0

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Stay inside for the length of a ``with``.

        Raises:
            Refusal: it is full.
        """
        if self.num_inside >= self.capacity:
            raise busy(self.full)
        self.num_inside += 1
        try:
            yield
        finally:
            self.num_inside -= 1


class Readers:
    """Threads that read pictures. A recogniser is not for sharing: every thread makes its own, once per model and file."""

    def __init__(self, spec: WebSpec) -> None:
        self._spec = spec
        self._pool = ThreadPoolExecutor(spec.workers, thread_name_prefix="mien web")
        self._own = threading.local()
        self._unfinished: set[Future[FrameResult]] = set()
        """Pictures that are read or wait for it, those that nobody waits for any more among them."""

    def open(self) -> None:
        """Make every thread's default recogniser now, so that what is missing shows before the first request.

        Raises:
            ModelFileError: a model file is missing or damaged.
        """
        everyone = threading.Barrier(self._spec.workers)
        file = next(iter(self._spec.bundle("").card.files))

        def prepare() -> None:
            everyone.wait()  # or one quick thread would take all these calls
            self._recognizer("", file)

        for future in [self._pool.submit(prepare) for _ in range(self._spec.workers)]:
            future.result()

    def close(self) -> None:
        """End the threads; what they are reading is finished."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def read(self, content: bytes, model: str, file: str) -> FrameResult:
        """Decode a picture and read its faces.

        Raises:
            Refusal: not a picture, too large, or it takes too long.
        """
        limits = self._spec.limits
        if len(self._unfinished) >= self._spec.workers + limits.max_waiting:
            raise busy("All readers are busy, and as many pictures as may wait do")
        job = self._pool.submit(self._read, content, model, file)
        self._unfinished.add(job)
        job.add_done_callback(self._unfinished.discard)
        try:
            # A time-out takes a picture out of the queue. A thread cannot be stopped: its picture counts until it has been read.
            return await asyncio.wait_for(asyncio.wrap_future(job), limits.reading_timeout_s)
        except TooLargeError as error:
            raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(error)) from error
        except SourceError as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, str(error)) from error
        except TimeoutError as error:
            message = f"Reading this picture took longer than {limits.reading_timeout_s:g} s. Send a smaller one, or ask again later."
            raise Refusal(HTTPStatus.GATEWAY_TIMEOUT, message) from error

    def _read(self, content: bytes, model: str, file: str) -> FrameResult:
        image = decode_picture(content, self._spec.limits.max_pixels)
        return FrameResult(0, 0.0, image, tuple(self._recognizer(model, file).pipeline(image)))

    def _recognizer(self, model: str, file: str) -> Recognizer:
        made: dict[tuple[str, str], Recognizer] = self._own.__dict__.setdefault("made", {})
        name = self._spec.bundle(model).card.name
        if (name, file) not in made:
            made[name, file] = make_recognizer(self._spec, name, file, "picture")
        return made[name, file]


def make_recognizer(spec: WebSpec, model: str, file: str, policy: Policy) -> Recognizer:
    """Make a recogniser of a served model; for one thread."""
    folder = spec.bundle(model).folder
    return Recognizer(folder, file, spec.detector, spec.detector_model, policy=policy, may_fetch=spec.may_fetch)


@asynccontextmanager
async def opened(readers: Readers) -> AsyncIterator[None]:
    """Open the readers for the life of a server."""
    try:
        await asyncio.to_thread(readers.open)
        yield
    finally:
        await asyncio.to_thread(readers.close)
