#!/usr/bin/env python3
"""Attack a real `mien web` on this machine, and say whether it held.

    python scripts/attack_web.py all --record results/web.jsonl

schema      schemathesis against /openapi.json, all checks
malformed   1,000 broken, lying and foreign uploads: refused with a reason, and no memory kept
load        200 clients for a minute, who wait as Retry-After tells them
shutdown    SIGTERM with requests in flight: they are answered

Ends with status 1 when one of them did not hold.
"""

import argparse
import asyncio
import contextlib
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image

from malformed_uploads import KINDS, Upload
from mien.records import append_record

SCRIPTS = Path(__file__).resolve().parent
PORTRAIT = SCRIPTS.parent / "src" / "mien" / "media" / "grace_hopper.jpg"
START_TIMEOUT_S = 60
ANSWER_TIMEOUT_S = 60
MAX_GROWTH_MB = 20
TELLS_TOO_MUCH = re.compile(r"0x[0-9a-f]{6,}|Traceback|site-packages|File \"")


@dataclass
class Server:
    """A running `mien web`, its log, and the folders where it must leave nothing."""

    process: psutil.Popen
    port: int
    log: Path
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def rss_mb(self) -> float:
        return float(self.process.memory_info().rss) / 1e6

    def peak_mb(self) -> float:
        """Return the most it ever had, between answers too; only Linux tells."""
        return int(re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text())[1]) * 1024 / 1e6  # type: ignore[index]

    def left_files(self) -> list[str]:
        """Return what lies in its temporary and its working folder, and the mark of a Ghostscript that was started."""
        return sorted(str(path.relative_to(self.folder)) for name in ("tmp", "cwd", "marks") for path in (self.folder / name).rglob("*"))

    def num_tracebacks(self) -> int:
        return self.log.read_text().count("Traceback")

    def stop(self) -> int:
        """Send SIGTERM; return the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return int(self.process.wait(ANSWER_TIMEOUT_S))


@contextlib.contextmanager
def served(*options: str, api_key: str = "") -> Iterator[Server]:
    """Run `mien web` on a free port for the length of a ``with``."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("tmp", "cwd", "bin", "marks"):
            (folder / part).mkdir()
        # Pillow would start this for EPS.
        (folder / "bin" / "gs").write_text(f"#!/bin/sh\ntouch {folder}/marks/gs-was-started\n")
        (folder / "bin" / "gs").chmod(0o755)
        environment = os.environ | {
            "TMPDIR": str(folder / "tmp"),
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "MIEN_API_KEY": api_key,
        }
        log = folder / "log"
        command = [sys.executable, "-m", "mien", "web", "--detector", "haar", "--port", "0", *options]
        with log.open("w") as file:
            process = psutil.Popen(command, stderr=file, stdout=file, cwd=folder / "cwd", env=environment)
        try:
            yield Server(process, _wait_for_port(process, log), log, folder)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _wait_for_port(process: psutil.Popen, log: Path) -> int:
    end_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end_s and process.poll() is None:
        if found := re.search(r"mien is at http://127\.0\.0\.1:(\d+)/", log.read_text()):
            return int(found[1])
        time.sleep(0.05)
    raise RuntimeError(f"mien web did not start:\n{log.read_text()}")


def portrait(width: int, height: int) -> bytes:
    """Return a portrait of this size as JPEG, with the face unstretched in its middle."""
    with Image.open(PORTRAIT) as picture:
        scale = min(width / picture.width, height / picture.height)
        face = picture.convert("RGB").resize((int(picture.width * scale), int(picture.height * scale)))
    whole = Image.new("RGB", (width, height), (90, 110, 130))
    whole.paste(face, ((width - face.width) // 2, 0))
    file = io.BytesIO()
    whole.save(file, "JPEG", quality=90)
    return file.getvalue()


# --- schema ------------------------------------------------------------------------------------------------------------


def attack_schema(max_examples: int = 50) -> dict[str, Any]:
    """Run schemathesis with all its checks; `schema_pictures.py` gives it pictures to send."""
    key = "a key of the attack"
    with served(api_key=key) as server, tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            *("schemathesis", "run", f"{server.url}/openapi.json", "-H", f"X-API-Key: {key}", "--checks", "all", "--seed", "1"),
            *("--max-examples", str(max_examples), "--continue-on-failure", "--report", "json", "--report-json-path", str(report)),
        ]
        environment = os.environ | {"PYTHONPATH": str(SCRIPTS), "SCHEMATHESIS_HOOKS": "schema_pictures"}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        print(done.stdout)
        values = json.loads(report.read_text())
        statuses = _statuses(server, key)
        num_tracebacks = server.num_tracebacks()
    return {
        "passed": done.returncode == 0 and num_tracebacks == 0 and statuses.get("POST /v1/predict 200", 0) > 0,
        "schemathesis": values["schemathesis_version"],
        "checks": "all",
        "excluded_checks": {},
        "max_examples": max_examples,
        "operations": values["operations"]["tested"],
        "summary": next((line.strip() for line in done.stdout.splitlines() if "generated," in line), ""),
        "answers": statuses,
        "tracebacks": num_tracebacks,
    }


def _statuses(server: Server, key: str) -> dict[str, int]:
    """Return how often each status was given, as the server counted."""
    _, content = _send(server.port, Upload("GET", b"", {"X-API-Key": key}, path="/metrics"))
    rows = re.findall(r'mien_requests_total\{method="(\w+)",route="([^"]+)",status="(\d+)"\} ([\d.]+)', content.decode())
    return {f"{method} {route} {status}": int(float(count)) for method, route, status, count in sorted(rows)}


# --- malformed ---------------------------------------------------------------------------------------------------------


def attack_malformed(num_uploads: int = 1000, num_warm_up: int = 300, seed: int = 1) -> dict[str, Any]:
    """Send uploads of every kind in turn; each must be refused with a reason, or read where what came of it still is a picture."""
    outcomes: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    problems: list[str] = []
    kinds = list(KINDS.items())
    with served() as server:
        started_mb, warm_mb = server.rss_mb(), 0.0
        for index in range(num_uploads):
            name, make = kinds[index % len(kinds)]
            upload = make(np.random.default_rng((seed, index)))
            status, content = _send(server.port, upload)
            statuses[str(status)] += 1
            problem = _problem(upload, status, content)
            if problem:
                problems.append(f"{index} {name}: {problem}")
            outcomes["left early" if status == 0 else "read" if status == 200 else "refused"] += 1
            if index + 1 == num_warm_up:
                warm_mb = server.rss_mb()
            if (index + 1) % 100 == 0:
                print(f"  {index + 1} uploads, {server.rss_mb():.1f} MB, {len(problems)} problems")
        end_mb, peak_mb = server.rss_mb(), server.peak_mb()
        still_reads, _ = _send(server.port, Upload("POST", portrait(640, 480), {"Content-Type": "image/jpeg"}))
        left, num_tracebacks = server.left_files(), server.num_tracebacks()
        exit_status = server.stop()
    print("\n".join(problems[:30]))
    return {
        "passed": not problems
        and not left
        and not num_tracebacks
        and (still_reads, exit_status) == (200, 0)
        and end_mb - warm_mb < MAX_GROWTH_MB,
        "uploads": num_uploads,
        "kinds": len(kinds),
        "seed": seed,
        "outcomes": dict(outcomes),
        "statuses": dict(sorted(statuses.items())),
        "problems": problems[:20],
        "rss_mb": {
            "start": round(started_mb, 1),
            f"after {num_warm_up}": round(warm_mb, 1),
            "end": round(end_mb, 1),
            "peak": round(peak_mb, 1),
        },
        "growth_mb": round(end_mb - warm_mb, 1),
        "left_files": left,
        "tracebacks": num_tracebacks,
        "reads_a_portrait_afterwards": still_reads == 200,
        "exit_status": exit_status,
    }


def _problem(upload: Upload, status: int, content: bytes) -> str:
    """Say what is wrong with an answer; empty if nothing is."""
    if upload.leaves_early:
        return "" if status == 0 else f"answered {status} to nobody"
    if status == 200:
        return _problem_of_reading(content) if upload.may_be_read else "was read"
    if not 400 <= status < 500:
        return f"status {status}: {content[:200]!r}"
    try:
        values = json.loads(content)
    except ValueError:
        return f"status {status} without JSON: {content[:200]!r}"
    if set(values) != {"error", "request_id"} or not values["error"] or not values["request_id"]:
        return f"status {status} in another shape: {content[:200]!r}"
    return f"tells too much: {values['error']}" if TELLS_TOO_MUCH.search(values["error"]) else ""


def _problem_of_reading(content: bytes) -> str:
    source = json.loads(content)["results"][0]["source"]
    return "" if source.isprintable() and "/" not in source and len(source) <= 255 else f"gives a dangerous name back: {source!r}"


def _send(port: int, upload: Upload) -> tuple[int, bytes]:
    """Send a request by hand; return status and body, status 0 where the client leaves before its answer."""
    with socket.create_connection(("127.0.0.1", port), ANSWER_TIMEOUT_S) as connection:
        # An answer may come, and the connection be closed, before all is sent.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(upload.head())
            for part in upload.parts():
                connection.sendall(part)
        if upload.leaves_early:
            return 0, b""
        return _read_answer(connection)


def _read_answer(connection: socket.socket) -> tuple[int, bytes]:
    received = b""
    while b"\r\n\r\n" not in received:
        received += _receive(connection)
    head, _, content = received.partition(b"\r\n\r\n")
    size = int(re.search(rb"(?i)content-length: (\d+)", head)[1])  # type: ignore[index]
    while len(content) < size:
        content += _receive(connection)
    return int(head.split(b" ", 2)[1]), content


def _receive(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise ConnectionError("the server closed the connection before its answer was whole")
    return received


# --- load --------------------------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What clients met."""

    statuses: Counter[int]
    served_ms: list[float]
    problems: list[str]


def attack_load(num_clients: int = 200, seconds: float = 60.0) -> dict[str, Any]:
    """Let many clients ask as often as they may; each must be served, or told when to come back."""
    content = portrait(640, 480)
    tally = Tally(Counter(), [], [])
    others_load = os.getloadavg()[0]
    with served() as server:
        before_mb = server.rss_mb()
        asyncio.run(_clients(server.port, content, tally, num_clients, seconds))
        end_mb, peak_mb = server.rss_mb(), server.peak_mb()
        num_tracebacks = server.num_tracebacks()
        exit_status = server.stop()
    p50, p95, p99 = np.percentile(tally.served_ms or [0.0], [50, 95, 99])
    print("\n".join(tally.problems[:20]))
    return {
        "passed": set(tally.statuses) <= {200, 429, 503}
        and tally.statuses[200] > 0
        and not tally.problems
        and not num_tracebacks
        and exit_status == 0,
        "clients": num_clients,
        "seconds": seconds,
        "load_average_before": round(others_load, 1),  # of whatever else ran here
        "picture": "640x480 JPEG",
        "picture_bytes": len(content),
        "statuses": {str(status): count for status, count in sorted(tally.statuses.items())},
        "served_per_s": round(tally.statuses[200] / seconds, 1),
        "answered_per_s": round(sum(tally.statuses.values()) / seconds, 1),
        "served_ms": {"p50": round(p50, 1), "p95": round(p95, 1), "p99": round(p99, 1)},
        "problems": tally.problems[:20],
        "rss_mb": {"before": round(before_mb, 1), "peak": round(peak_mb, 1), "end": round(end_mb, 1)},
        "tracebacks": num_tracebacks,
        "exit_status": exit_status,
    }


async def _clients(port: int, content: bytes, tally: Tally, num_clients: int, seconds: float) -> None:
    message = Upload("POST", content, {"Content-Type": "image/jpeg"}).head() + content
    end_s = time.monotonic() + seconds
    await asyncio.gather(*(_client(port, message, tally, end_s) for _ in range(num_clients)))


async def _client(port: int, message: bytes, tally: Tally, end_s: float) -> None:
    """Ask again and again over one connection."""
    try:
        async with _connected(port) as (reader, writer):
            while time.monotonic() < end_s:
                started_s = time.perf_counter()
                writer.write(message)
                status, headers, _ = await asyncio.wait_for(read_answer(reader), ANSWER_TIMEOUT_S)
                tally.statuses[status] += 1
                if status == 200:
                    tally.served_ms.append((time.perf_counter() - started_s) * 1000)
                elif "retry-after" in headers:
                    await asyncio.sleep(float(headers["retry-after"]))
                else:
                    tally.problems.append(f"{status} without Retry-After")
    except (OSError, EOFError, TimeoutError) as error:
        tally.problems.append(f"{type(error).__name__}: {error}")


@contextlib.asynccontextmanager
async def _connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of one answer."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split(" ", 2)[1]), headers, await reader.readexactly(int(headers["content-length"]))


# --- shutdown ----------------------------------------------------------------------------------------------------------


def attack_shutdown(num_reading: int = 8, num_uploading: int = 8) -> dict[str, Any]:
    """Stop a server that reads pictures and receives others; all must be answered, and it must end well."""
    with served() as server:
        statuses, seconds = asyncio.run(_stop_among_requests(server, num_reading, num_uploading))
        exit_status = int(server.process.wait(ANSWER_TIMEOUT_S))
        num_tracebacks = server.num_tracebacks()
    counts = {what: dict(Counter(str(status) for status in those)) for what, those in statuses.items()}
    return {
        "passed": all(status == 200 for those in statuses.values() for status in those) and exit_status == 0 and not num_tracebacks,
        "reading": num_reading,
        "uploading": num_uploading,
        "answers": counts,
        "last_answer_after_s": round(seconds, 2),
        "exit_status": exit_status,
        "tracebacks": num_tracebacks,
    }


async def _stop_among_requests(server: Server, num_reading: int, num_uploading: int) -> tuple[dict[str, list[int | str]], float]:
    """Return the answers of requests that were in flight when SIGTERM came, and after how many seconds the last one was there."""
    content = portrait(3000, 2250)
    head = Upload("POST", content, {"Content-Type": "image/jpeg"}).head()
    stopped = asyncio.Event()
    first_half, second_half = content[: len(content) // 2], content[len(content) // 2 :]
    reading = [asyncio.create_task(_one_request(server.port, head + content, b"", stopped)) for _ in range(num_reading)]
    uploading = [asyncio.create_task(_one_request(server.port, head + first_half, second_half, stopped)) for _ in range(num_uploading)]
    await _wait_until_inside(server.port, num_reading + num_uploading)
    server.process.send_signal(signal.SIGTERM)
    started_s = time.monotonic()
    await asyncio.sleep(0.3)  # uvicorn looks every 0.1 s
    stopped.set()
    answers = {"reading": list(await asyncio.gather(*reading)), "uploading": list(await asyncio.gather(*uploading))}
    return answers, time.monotonic() - started_s


async def _wait_until_inside(port: int, num_requests: int) -> None:
    """Wait until the server has begun with so many requests, answered ones among them."""
    while True:
        async with _connected(port) as (reader, writer):
            writer.write(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            _, _, content = await read_answer(reader)
        inside = float(re.search(rb"\nmien_requests_in_progress ([\d.]+)", content)[1])  # type: ignore[index]
        answered = sum(float(count) for count in re.findall(rb'mien_requests_total\{[^}]*route="/v1/predict"[^}]*\} ([\d.]+)', content))
        if inside - 1 + answered >= num_requests:
            return
        await asyncio.sleep(0.01)


async def _one_request(port: int, first: bytes, rest: bytes, stopped: asyncio.Event) -> int | str:
    """Send a request, its rest only after the server was told to stop; return the status, or what went wrong."""
    try:
        async with _connected(port) as (reader, writer):
            writer.write(first)
            if rest:
                await stopped.wait()
                writer.write(rest)
            status, _, _ = await asyncio.wait_for(read_answer(reader), ANSWER_TIMEOUT_S)
            return status
    except (OSError, EOFError, TimeoutError) as error:
        return type(error).__name__


ATTACKS: dict[str, Callable[[], dict[str, Any]]] = {
    "schema": attack_schema,
    "malformed": attack_malformed,
    "load": attack_load,
    "shutdown": attack_shutdown,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=[*ATTACKS, "all"])
    parser.add_argument("--record", type=Path, metavar="FILE.jsonl", help="append the results with commit and environment")
    arguments = parser.parse_args()
    has_held = True
    for what in ATTACKS if arguments.what == "all" else [arguments.what]:
        print(f"{what} ...")
        values = {"attack": what, **ATTACKS[what]()}
        print(json.dumps(values))
        has_held &= values["passed"]
        if arguments.record:
            append_record(arguments.record, "web attack", values)
    return 0 if has_held else 1


if __name__ == "__main__":
    sys.exit(main())
