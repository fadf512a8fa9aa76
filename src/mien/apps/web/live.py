"""``/v1/stream``: frames in, readings out. A client that sends faster than faces are read loses its older frames, and is told."""

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect

from mien.apps.web.readers import Gate, make_recognizer
from mien.apps.web.spec import WebSpec
from mien.apps.web.watch import Figures, tell
from mien.errors import SourceError
from mien.pictures import decode_picture
from mien.serialize import event_values
from mien.smoothing import SmoothingSpec
from mien.tracking import TrackingSpec
from mien.types import Frame, FrameResult
from mien.watching import Watcher

NOT_ALLOWED, TRY_AGAIN_LATER, GOING_AWAY, INTERNAL_ERROR = 1008, 1013, 1001, 1011


class Newest:
    """A place for one frame: a newer one replaces it, and is counted as lost."""

    def __init__(self) -> None:
        self._frame: tuple[int, float, bytes] | None = None
        self._is_there = asyncio.Event()
        self._num_lost = 0
        self._next_index = 0

    def put(self, time_s: float, content: bytes) -> None:
        """Leave a frame."""
        self._num_lost += self._frame is not None
        self._frame = (self._next_index, time_s, content)
        self._next_index += 1
        self._is_there.set()

    async def take(self) -> tuple[int, float, bytes, int]:
        """Wait for a frame; return its index, time, content, and how many were lost since the one before."""
        await self._is_there.wait()
        self._is_there.clear()
        frame, self._frame = self._frame, None
        num_lost, self._num_lost = self._num_lost, 0
        if frame is None:  # take() waits until put() has left one
            raise RuntimeError("a frame was announced and is not there")
        return (*frame, num_lost)


class LiveConnection:
    """One client's stream: its own tracks, its own networks, one thread."""

    def __init__(self, socket: WebSocket, spec: WebSpec, figures: Figures, model: str, file: str) -> None:
        self._socket, self._spec, self._figures = socket, spec, figures
        self._model, self._file = model, file
        self._newest = Newest()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mien live")
        self._watcher: Watcher | None = None

    async def run(self) -> None:
        """Answer frames until the client leaves or falls silent."""
        tasks = [asyncio.create_task(self._receive()), asyncio.create_task(self._answer())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except WebSocketDisconnect:
            pass
        except TimeoutError:
            await self._close(GOING_AWAY, "no frame for too long")
        except Exception:
            await self._close(INTERNAL_ERROR, "internal error")
            raise
        finally:
            for task in tasks:
                task.cancel()
            self._thread.shutdown(wait=False, cancel_futures=True)
            # Not gather(), which answers its own cancellation with its tasks', so that who cancelled does not know it again.
            await asyncio.wait(tasks)
            for task in tasks:
                task.cancelled() or task.exception()  # looked at, or asyncio complains

    async def _close(self, code: int, reason: str) -> None:
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # the client left first
            await self._socket.close(code, reason)

    async def _receive(self) -> None:
        clock = asyncio.get_running_loop().time
        started_s = last_s = clock()
        while True:
            left_s = last_s + self._spec.limits.idle_timeout_s - clock()  # messages that are no frames do not count
            message = await asyncio.wait_for(self._socket.receive(), max(0.0, left_s))
            if message["type"] == "websocket.disconnect":
                return
            if message.get("bytes"):
                self._figures.frames.labels("received").inc()
                last_s = clock()
                self._newest.put(last_s - started_s, message["bytes"])
            else:
                await self._socket.send_json({"error": "Expected a frame: a picture (JPEG, PNG, WebP) as one binary message."})

    async def _answer(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            index, time_s, content, num_lost = await self._newest.take()
            self._figures.frames.labels("dropped").inc(num_lost)
            try:
                answer = await loop.run_in_executor(self._thread, self._read, index, time_s, content)
            except SourceError as error:
                answer = {"frame": index, "error": str(error)}
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # the client left meanwhile
                await self._socket.send_json(answer | {"num_dropped": num_lost})

    def _read(self, index: int, time_s: float, content: bytes) -> dict[str, Any]:
        image = decode_picture(content, self._spec.limits.max_pixels)
        if self._watcher is None:
            recognizer = make_recognizer(self._spec, self._model, self._file or "quick", "camera")
            self._watcher = Watcher(recognizer.pipeline, TrackingSpec(), SmoothingSpec())
        result = self._watcher(Frame(image, index, time_s))
        self._figures.frames.labels("read").inc()
        self._figures.faces.inc(len(result.faces))
        return live_values(result)


def live_values(result: FrameResult) -> dict[str, Any]:
    """Return a frame's readings as JSON values."""
    height, width = result.image.shape[:2]
    head = {"frame": result.index, "time_s": round(result.time_s, 6), "width": width, "height": height}
    return {**head, "faces": [face.as_dict() for face in result.faces], "events": event_values(result)}


async def serve_stream(socket: WebSocket, spec: WebSpec, figures: Figures, gate: Gate, model: str, file: str) -> None:
    """Serve an accepted connection, if there is room for it."""
    if gate.num_inside >= gate.capacity:
        await socket.close(TRY_AGAIN_LATER, gate.full)
        return
    with gate.enter():
        figures.streams.inc()
        tell("stream opens")
        try:
            await LiveConnection(socket, spec, figures, model, file).run()
        finally:
            figures.streams.dec()
            tell("stream ends")
