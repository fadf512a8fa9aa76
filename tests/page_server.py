"""A real server with the real page, and a real Chromium, for tests and for scripts/drive_page."""

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
RUNTIME = Path(__file__).parent.parent / "src" / "mien" / "apps" / "web" / "page" / "litert" / "core.js"

# Asks the worker as the page does, and gives back what it answers.
ASK_WORKER = """async ({bundle, file, crops, picture}) => {
  const facts = await (await fetch('mien.json')).json()
  const worker = new Worker('worker.js')
  const ask = (call, moved = []) => new Promise((resolve, reject) => {
    worker.onmessage = ({data}) => 'error' in data ? reject(new Error(data.error)) : resolve(data.result)
    worker.postMessage({id: 1, call}, moved)
  })
  await ask({kind: 'open', base: new URL('./', document.baseURI).href, facts, bundle, file, accelerator: 'wasm'})
  const scores = []
  for (const data of crops) scores.push(await ask({kind: 'crop', crop: {width: 48, height: 48, channels: 1, data: Uint8Array.from(data)}}))
  let result = null
  if (picture) {
    const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0))
    const bitmap = await createImageBitmap(new Blob([bytes]), {colorSpaceConversion: 'none', premultiplyAlpha: 'none'})
    result = await ask({kind: 'picture', bitmap}, [bitmap])
  }
  worker.terminate()
  return {scores, result}
}"""


@contextmanager
def serving(cache: Path, *options: str, api_key: str = "") -> Iterator[str]:
    """Run ``mien web`` in a process of its own; yield its address."""
    environment = os.environ | {"MIEN_CACHE": str(cache), "MIEN_OFFLINE": "1", "MIEN_API_KEY": api_key}
    command = [sys.executable, "-m", "mien", "web", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        lines = process.stderr
        assert lines is not None
        said = ""
        for line in lines:
            said += line
            if found := re.search(r"https?://\S+", line):
                break
        else:
            raise AssertionError(f"the server did not start: {said}")
        threading.Thread(target=lambda: [None for _ in lines], daemon=True).start()
        try:
            yield found[0]
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def serving_folder(folder: Path) -> Iterator[str]:
    """Serve a folder with Python's own server, which knows nothing of mien."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def write_camera_clip(clip: Path, path: Path, size_wh: tuple[int, int] = (640, 480)) -> None:
    """Write a video as the file of JPEGs that Chromium's fake camera plays."""
    capture = cv2.VideoCapture(str(clip))
    with path.open("wb") as file:
        while (frame := capture.read()[1]) is not None:
            encoded = cv2.imencode(".jpg", cv2.resize(frame, size_wh), [cv2.IMWRITE_JPEG_QUALITY, 92])[1]
            file.write(np.asarray(encoded).tobytes())
    capture.release()


def write_webm(clip: Path, path: Path) -> int:
    """Write a video again as VP8, which every browser plays; return the number of frames."""
    import av

    with av.open(str(clip)) as source, av.open(str(path), "w", format="webm") as target:
        stream = target.add_stream("libvpx", rate=round(source.streams.video[0].average_rate))
        stream.width, stream.height, stream.pix_fmt = source.streams.video[0].width, source.streams.video[0].height, "yuv420p"
        num_frames = 0
        for frame in source.decode(video=0):
            target.mux(stream.encode(frame.reformat(format="yuv420p")))
            num_frames += 1
        target.mux(stream.encode())
    return num_frames


@contextmanager
def chromium(engine: Any, camera_clip: Path | None = None, options: Sequence[str] = ("--disable-gpu",)) -> Iterator[Any]:
    """Yield a headless Chromium (Playwright's ``Browser``), with a camera that plays a clip.

    Args:
        engine: Of ``sync_playwright()``, of which a thread may have one.
    """
    quiet = [
        "--no-sandbox",
        *options,
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    camera = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={camera_clip}"] if camera_clip else []
    browser = engine.chromium.launch(executable_path=CHROMIUM, args=[*quiet, *camera])
    try:
        yield browser
    finally:
        browser.close()
