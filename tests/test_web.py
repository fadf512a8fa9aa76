"""The web service: what it answers, what it refuses and how, live connections, the page's files, and a real process."""

import asyncio
import gzip
import http.client
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from conftest import MEDIA, Run
from mien import Recognizer
from mien.errors import ConfigError, ModelFileError
from mien.serialize import face_values

pytest.importorskip("fastapi", reason="needs the extra web")

from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from mien.apps.web import live, page, readers
from mien.apps.web.app import create_app
from mien.apps.web.export import export_page
from mien.apps.web.origin import LOCAL_HOSTS
from mien.apps.web.schema import Prediction
from mien.apps.web.spec import Limits, WebSpec, open_bundles

PORTRAIT = MEDIA / "astronaut.jpg"
JPEG = {"Content-Type": "image/jpeg"}
FORM = {"Content-Type": "multipart/form-data; boundary=x"}


def make_spec(api_key: str = "", **limits: float) -> WebSpec:
    return WebSpec(open_bundles(()), "haar", may_fetch=False, workers=1, api_key=api_key, limits=Limits(**limits))


@contextmanager
def serving(api_key: str = "", **limits: float) -> Iterator[TestClient]:
    with TestClient(create_app(make_spec(api_key, **limits)), raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


@pytest.fixture
def client() -> Iterator[TestClient]:
    with serving() as client:
        yield client


def picture(width: int = 64, height: int = 64, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height)).save(file, kind)
    return file.getvalue()


# --- pictures


@pytest.mark.parametrize("file", ["float32", "int8"])
@pytest.mark.parametrize("way", ["raw", "form"])
def test_reads_what_the_recognizer_reads(client, way, file):
    content = PORTRAIT.read_bytes()
    sent = (
        {"content": content, "headers": JPEG}
        if way == "raw"
        else {"files": {"other": b"no", "file": ("../me\x07.jpg", content, "image/jpeg")}}
    )
    answer = client.post("/v1/predict", params={"model": "mien_s", "file": file}, **sent)
    assert answer.status_code == 200
    values = answer.json()
    assert Prediction.model_validate(values).model_dump(mode="json") == values
    recognizer = Recognizer(file=file, detector="haar")
    (result,) = values["results"]
    assert result["source"] == ("upload" if way == "raw" else "me%07.jpg")
    assert (result["width"], result["height"], values["errors"]) == (512, 512, [])
    assert result["faces"] == [face_values(face) for face in recognizer(PORTRAIT)]
    assert len(result["faces"]) == 1


def test_no_face_is_an_empty_list(client):
    answer = client.post("/v1/predict", content=picture(), headers={"Content-Type": "image/png"})
    assert answer.json()["results"] == [{"source": "upload", "width": 64, "height": 64, "faces": []}]


REFUSALS = [
    (400, {"content": b"", "headers": JPEG}, {}, "empty"),
    (400, {"content": b"no picture", "headers": JPEG}, {}, "not a picture"),
    (400, {"content": picture(8, 8), "headers": JPEG}, {}, "at least 16x16"),
    (400, {"content": PORTRAIT.read_bytes()[:9000], "headers": JPEG}, {}, "damaged or cut short"),
    (400, {"content": b"%!PS-Adobe-3.0 EPSF-3.0\n", "headers": JPEG}, {}, "not a picture"),
    (400, {"content": b"--x\r\n", "headers": FORM}, {}, "form"),
    (400, {"content": b"junk", "headers": FORM}, {}, "form"),
    (400, {"content": b"--x\r\n\r\n\r\n" * 101, "headers": FORM}, {}, "more than 100 parts"),
    (400, {"content": b"", "headers": {"Content-Type": "multipart/form-data"}}, {}, "form"),
    (400, {"files": {"picture": picture()}}, {}, "no file 'file'"),
    (413, {"content": picture(), "headers": JPEG}, {"max_bytes": 50}, "more than 50 bytes"),
    (413, {"files": {"file": picture()}}, {"max_bytes": 50}, "more than 50 bytes"),
    (413, {"content": picture(), "headers": JPEG}, {"max_pixels": 4000}, "more than 0.004 megapixels"),
    (415, {"content": picture(), "headers": {"Content-Type": "image/svg+xml"}}, {}, "'image/svg+xml' is not read here"),
    (415, {"content": picture()}, {}, "'' is not read here"),
    (422, {"content": picture(), "headers": JPEG, "params": {"model": "nobody"}}, {}, "model: "),
    (422, {"content": picture(), "headers": JPEG, "params": {"file": "nothing"}}, {}, "file: "),
]


@pytest.mark.parametrize(("status", "sent", "limits", "told"), REFUSALS)
def test_refuses_with_a_reason(status, sent, limits, told):
    with serving(**limits) as client:
        answer = client.post("/v1/predict", **sent)
        assert answer.status_code == status
        assert told in answer.json()["error"]
        check_refusal(answer)
        assert str(status) in client.get("/openapi.json").json()["paths"]["/v1/predict"]["post"]["responses"]


def check_refusal(answer) -> None:
    assert set(answer.json()) == {"error", "request_id"}
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "0x" not in answer.json()["error"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        *(("GET", "/healthz", 200), ("GET", "/docs", 200), ("GET", "/metrics", 200), ("GET", "/mien.json", 200)),
        *(("HEAD", "/mien.json", 200), ("HEAD", "/", 307), ("GET", "/", 307)),
        *(("GET", "/nothing", 404), ("GET", "/v1/predict", 405), ("POST", "/v1/predict", 415)),
    ],
)
def test_every_answer_has_an_id_and_the_headers(client, method, path, status):
    answer = client.request(method, path)
    assert answer.status_code == status
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["x-request-id"])
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert (answer.headers["x-content-type-options"], answer.headers["referrer-policy"]) == ("nosniff", "no-referrer")
    if status == 405:
        assert answer.headers["allow"] == "POST"
    if status >= 400:
        check_refusal(answer)


@pytest.mark.parametrize(("given", "is_kept"), [("my-id.7", True), ("a" * 65, False), ('a"b', False), ("", False)])
def test_a_harmless_id_of_the_client_is_kept(client, given, is_kept):
    assert (client.get("/healthz", headers={"X-Request-ID": given}).headers["x-request-id"] == given) == is_kept


def test_an_error_of_ours_has_the_same_shape(client, monkeypatch):
    def fail(*_):
        raise RuntimeError("secret")

    monkeypatch.setattr(readers, "decode_picture", fail)
    answer = client.post("/v1/predict", content=picture(), headers=JPEG)
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "content-security-policy" in answer.headers
    check_refusal(answer)
    assert 'route="/v1/predict",status="500"} 1.0' in client.get("/metrics").text


@pytest.mark.parametrize("path", ["/v1/models", "/metrics"])
@pytest.mark.parametrize(("given", "status"), [(None, 401), ("wrong", 401), ("é", 401), ("a key", 200)])
def test_the_key_is_asked_for(path, given, status):
    with serving(api_key="a key") as client:
        headers = {} if given is None else {"X-API-Key": given.encode()}
        answer = client.get(path, headers=headers)
        assert answer.status_code == status
        assert client.post("/v1/predict", content=picture(), headers=JPEG | headers).status_code == status
        assert client.get("/healthz").status_code == client.get("/mien.json").status_code == 200
        if status == 401:
            assert answer.headers["www-authenticate"] == "APIKey"
            check_refusal(answer)


def test_models_are_those_of_the_cards(client):
    models, cards = client.get("/v1/models").json()["models"], [bundle.card for bundle in open_bundles(())]
    assert [(model["name"], model["labels"]) for model in models] == [(card.name, list(card.labels)) for card in cards]
    assert [model["name"] for model in models if model["default"]] == ["mien_s"]
    assert [[one["sha256"] for one in model["files"]] for model in models] == [
        [entry.sha256 for entry in card.files.values()] for card in cards
    ]


def test_figures_count_what_was_answered(client):
    client.post("/v1/predict", content=PORTRAIT.read_bytes(), headers=JPEG)
    client.request("BREW", "/nothing/of/mine")
    text = client.get("/metrics").text
    for line in (
        'mien_requests_total{method="POST",route="/v1/predict",status="200"} 1.0',
        "mien_faces_total 1.0",
        "mien_requests_in_progress 1.0",
    ):
        assert line in text
    assert 'method="other",route="(none)"' in text
    assert "/nothing" not in text


def test_the_reference_lists_all_and_runs_nothing(client):
    text = client.get("/docs").text
    assert all(path in text for path in client.get("/openapi.json").json()["paths"])
    assert "<script" not in text


def test_threads_end_with_the_server():
    with serving():
        assert any(thread.name.startswith("mien web") for thread in threading.enumerate())
    assert not any(thread.name.startswith("mien web") for thread in threading.enumerate())


# --- slow clients and slow pictures


async def ask(app, messages: AsyncIterator[dict]) -> tuple[int, dict[str, str], dict]:
    """Send messages of a server to the application; return status, headers and JSON."""
    sent = []

    async def receive():
        return await anext(messages)

    async def send(message):
        sent.append(message)

    headers = [(b"content-type", b"image/jpeg")]
    await app({"type": "http", "method": "POST", "path": "/v1/predict", "query_string": b"", "headers": headers}, receive, send)
    start, body = sent
    return start["status"], {key.decode(): value.decode() for key, value in start["headers"]}, json.loads(body["body"])


async def half_a_body(leaves: asyncio.Event, begun: list[None]) -> AsyncIterator[dict]:
    begun.append(None)
    yield {"type": "http.request", "body": b"half a picture", "more_body": True}
    await leaves.wait()
    yield {"type": "http.disconnect"}


def test_a_body_that_does_not_arrive_is_not_waited_for():
    async def run():
        return await ask(create_app(make_spec(upload_timeout_s=0.05)), half_a_body(asyncio.Event(), []))

    status, headers, values = asyncio.run(run())
    assert (status, headers["connection"]) == (408, "close")
    assert "within 0.05 s" in values["error"]


def test_uploads_beyond_what_may_wait_are_told_to_come_back(caplog):
    """Whoever is let in is so before the body is read, and out again when the client leaves, which is no error of ours."""

    async def run():
        app, leaves, begun = create_app(make_spec(max_waiting=1)), asyncio.Event(), []
        uploading = [asyncio.create_task(ask(app, half_a_body(leaves, begun))) for _ in range(2)]
        while len(begun) < 2:
            await asyncio.sleep(0)
        refused = await ask(app, half_a_body(leaves, begun))
        assert len(begun) == 2  # its body was not asked for
        leaves.set()
        left = await asyncio.gather(*uploading)
        return refused, [*left, await ask(app, half_a_body(leaves, begun))]

    (status, headers, values), left = asyncio.run(run())
    assert (status, headers["retry-after"]) == (503, "1")
    assert set(values) == {"error", "request_id"}
    assert [status for status, _, _ in left] == [400] * 3
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(("max_waiting", "statuses"), [(0, [504, 503, 503]), (1, [504, 504, 504])])
def test_a_picture_that_takes_too_long_is_given_up_but_counts_while_a_thread_reads_it(monkeypatch, max_waiting, statuses):
    """One thread; what waits behind a picture that was given up is taken out of the queue by its own time-out."""
    goes_on, decode = threading.Event(), readers.decode_picture

    def decode_late(*args):
        goes_on.wait(30)
        return decode(*args)

    monkeypatch.setattr(readers, "decode_picture", decode_late)
    with serving(max_waiting=max_waiting, reading_timeout_s=0.1) as client:
        try:
            answers = [client.post("/v1/predict", content=picture(), headers=JPEG) for _ in statuses]
        finally:
            goes_on.set()
        assert [answer.status_code for answer in answers] == statuses
        for answer in answers:
            assert answer.headers.get("retry-after") == ("1" if answer.status_code == 503 else None)
            check_refusal(answer)


# --- live connections


def test_a_live_connection_follows_faces_and_survives_wrong_frames(client):
    content = PORTRAIT.read_bytes()
    with client.websocket_connect("/v1/stream") as connection:
        connection.send_bytes(content)
        first = connection.receive_json()
        connection.send_text("hello")
        assert "as one binary message" in connection.receive_json()["error"]
        connection.send_bytes(b"no picture")
        wrong = connection.receive_json()
        connection.send_bytes(content)
        second = connection.receive_json()
        assert "mien_streams 1.0" in client.get("/metrics").text
    assert (wrong["frame"], "not a picture" in wrong["error"]) == (1, True)
    assert [first["frame"], second["frame"]] == [0, 2]
    assert [first["width"], first["height"], first["num_dropped"]] == [512, 512, 0]
    assert first["faces"][0]["track_id"] == second["faces"][0]["track_id"] >= 0
    assert second["time_s"] > first["time_s"]
    text = client.get("/metrics").text
    assert "mien_streams 0.0" in text
    assert ('mien_frames_total{what="received"} 3.0' in text, 'mien_frames_total{what="read"} 2.0' in text) == (True, True)


def test_only_the_newest_frame_waits_and_the_others_are_counted(client, monkeypatch):
    goes_on, decode = threading.Event(), live.decode_picture

    def decode_late(*args):
        goes_on.wait(30)
        return decode(*args)

    monkeypatch.setattr(live, "decode_picture", decode_late)
    with client.websocket_connect("/v1/stream") as connection:
        try:
            for wait in (True, False, False, False):
                connection.send_bytes(picture())
                if wait:
                    connection.send_text("answered when the frame was received")
                    connection.receive_json()
            connection.send_text("so were these")
            connection.receive_json()
        finally:
            goes_on.set()
        answers = [connection.receive_json() for _ in range(2)]
    assert [(answer["frame"], answer["num_dropped"]) for answer in answers] == [(0, 0), (3, 2)]
    assert 'mien_frames_total{what="dropped"} 2.0' in client.get("/metrics").text


@pytest.mark.parametrize(
    ("query", "headers", "is_let_in"),
    [
        ("", {}, False),
        ("?key=wrong", {}, False),
        ("?key=a%20key", {}, True),
        ("", {"X-API-Key": "a key"}, True),
        ("?key=a%20key", {"Origin": "http://testserver"}, True),
        ("?key=a%20key", {"Origin": "https://elsewhere.example"}, False),
        ("?key=a%20key", {"Origin": "null"}, False),
        ("?key=a%20key", {"Origin": "http://["}, False),
    ],
)
def test_who_may_open_a_live_connection(query, headers, is_let_in):
    with serving(api_key="a key") as client:
        if is_let_in:
            with client.websocket_connect(f"/v1/stream{query}", headers=headers):
                return
        with pytest.raises(WebSocketDisconnect), client.websocket_connect(f"/v1/stream{query}", headers=headers):
            pass


def close_code(connection) -> int:
    with pytest.raises(WebSocketDisconnect) as closed:
        connection.receive_json()
    return closed.value.code


def test_a_key_that_nobody_asked_for_does_no_harm(client):
    with client.websocket_connect("/v1/stream?key=any") as connection:
        connection.send_text("")
        assert "error" in connection.receive_json()


def test_live_connections_beyond_the_limit_are_told_to_come_back():
    with serving(max_streams=1) as client, client.websocket_connect("/v1/stream"), client.websocket_connect("/v1/stream") as second:
        assert close_code(second) == live.TRY_AGAIN_LATER


@pytest.mark.parametrize(
    ("query", "limits", "code"),
    [("?model=nobody", {}, live.NOT_ALLOWED), ("?file=none", {}, live.NOT_ALLOWED), ("", {"idle_timeout_s": 0.05}, live.GOING_AWAY)],
)
def test_live_connections_are_closed_with_a_code(query, limits, code):
    with serving(**limits) as client, client.websocket_connect(f"/v1/stream{query}") as connection:
        assert close_code(connection) == code


def test_a_live_connection_that_sends_everything_but_frames_is_closed():
    with serving(idle_timeout_s=0.3) as client, client.websocket_connect("/v1/stream") as connection:
        for _ in range(20):
            connection.send_text("no frame")
            message = connection.receive()
            if message["type"] == "websocket.close":
                break
            time.sleep(0.05)
        assert message["code"] == live.GOING_AWAY


def test_a_live_connection_without_a_network_ends(client, monkeypatch):
    def fail(*_):
        raise ModelFileError("gone")

    codes, is_closed = [], threading.Event()

    async def close(_, code, reason):  # the test client drops what it was sent once the service has failed
        codes.append(code)
        is_closed.set()

    monkeypatch.setattr(live, "make_recognizer", fail)
    monkeypatch.setattr(live.WebSocket, "close", close)
    connection = client.websocket_connect("/v1/stream").__enter__()
    connection.send_bytes(picture())
    is_closed.wait(30)
    with pytest.raises(ModelFileError):  # and logged by the server
        connection.__exit__(None, None, None)
    assert codes == [live.INTERNAL_ERROR]
    assert "mien_streams 0.0" in client.get("/metrics").text


# --- the page's files


@pytest.fixture
def built_page(tmp_path, monkeypatch) -> Path:
    """A page as `npm run build` would leave it."""
    folder = tmp_path / "page"
    (folder / "litert").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>")
    (folder / page.RUNTIME_LOADER).write_text("export {}")
    (folder / "litert" / "some.wasm.gz").write_bytes(gzip.compress(b"\0asm"))
    monkeypatch.setattr(page, "PAGE", folder)
    return folder


@pytest.mark.parametrize(
    "path",
    [
        *("/../pyproject.toml", "/%2e%2e/%2e%2e/pyproject.toml", "/..%2f..%2fpyproject.toml", "/litert/../../app.py", "//etc/passwd"),
        *("/bundles/mien_s/..%2f..%2fcard.json", "/litert/", "/bundles", "/index.html%00", "/litert/some.wasm.gz"),
    ],
)
def test_only_listed_files_are_served(built_page, path):
    with serving() as client:
        assert client.get(path).status_code == 404


def test_every_listed_file_is_served(built_page):
    with serving() as client:
        names = client.get("/files.json").json()
        assert {"index.html", "litert/some.wasm", "mien.json", "files.json", "bundles/mien_s/card.json"} <= set(names)
        for name in names:
            assert client.get(f"/{name}").status_code == 200
        for encoding in ("gzip", "identity"):
            answer = client.get("/litert/some.wasm", headers={"Accept-Encoding": encoding})
            assert (answer.content, answer.headers["content-type"]) == (b"\0asm", "application/wasm")
            assert answer.headers.get("content-encoding", "identity") == encoding
            for tags in (answer.headers["etag"], f'"other", W/{answer.headers["etag"]}', "*"):
                again = client.get("/litert/some.wasm", headers={"Accept-Encoding": encoding, "If-None-Match": tags})
                assert (again.status_code, again.content) == (304, b"")
        refused = client.get("/litert/some.wasm", headers={"Accept-Encoding": "br, gzip;q=0", "If-None-Match": '"other"'})
        assert (refused.status_code, refused.headers.get("content-encoding")) == (200, None)


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/v1/models", "/index.html"])
def test_whoever_looks_without_reading_is_answered(built_page, path):
    with serving() as client:
        answer = client.head(path)
        assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("api_key", ["", "a key"])
def test_the_page_is_told_why_it_cannot_read_by_itself(built_page, api_key):
    with serving(api_key) as client:
        facts = client.get("/mien.json").json()
    assert (facts["has_server"], facts["on_device"], facts["needs_key"]) == (True, False, bool(api_key))
    assert "no face detector for browsers" in facts["not_on_device_because"]
    assert facts["bundles"][0] == {"name": "mien_s", "files": ["float32", "int8"], "quick_file": "int8"}


@pytest.mark.parametrize(
    ("host", "site", "status"),
    [
        ("127.0.0.1:8000", "", 200),
        ("localhost", "same-origin", 200),
        ("LOCALHOST.:8000", "", 200),
        ("[::1]:8000", "none", 200),
        ("[::1]", "", 200),
        ("evil.example", "", 421),
        ("evil.example:8000", "same-origin", 421),
        ("127.0.0.1:8000", "cross-site", 403),
        ("127.0.0.1:8000", "http://127.0.0.1:8000", 200),
        ("127.0.0.1:8000", "http://evil.example", 403),
        ("127.0.0.1:8000", "null", 403),
        ("127.0.0.1:8000", "http://[", 403),
    ],
)
def test_only_its_own_page_may_ask_from_a_browser(host, site, status):
    with TestClient(create_app(replace(make_spec(), hosts=LOCAL_HOSTS)), raise_server_exceptions=False) as client:
        header = "Sec-Fetch-Site" if site.replace("-", "").isalpha() and site != "null" else "Origin"
        headers = {"Host": host, "Content-Type": "image/png"} | ({header: site} if site else {})
        answer = client.post("/v1/predict", content=picture(), headers=headers)
        assert answer.status_code == status
        if status != 200:
            assert set(answer.json()) == {"error", "request_id"}
            assert answer.json()["request_id"] == answer.headers["x-request-id"]
            with pytest.raises(WebSocketDisconnect), client.websocket_connect("/v1/stream", headers=headers):
                pass


def test_exports_a_page_that_reads_by_itself(built_page, detector_cache, tmp_path):
    folder = tmp_path / "site"
    size = export_page(make_spec(), folder)
    written = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert b"content-security-policy: default-src 'none'" in written["_headers"]
    assert sorted(written.keys() - {"_headers"}) == json.loads(written["files.json"])
    assert size == sum(map(len, written.values()))
    assert written["litert/some.wasm"] == b"\0asm"
    facts = json.loads(written["mien.json"])
    assert (facts["on_device"], facts["has_server"]) == (True, False)
    assert facts["detector"]["path"] in written
    with pytest.raises(ConfigError, match="is there already"):
        export_page(make_spec(), folder)


def test_exports_no_page_that_could_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(page, "PAGE", tmp_path / "nothing")
    with pytest.raises(ModelFileError, match="without the browser's runtime"):
        export_page(make_spec(), tmp_path / "site")
    assert not (tmp_path / "site").exists()


# --- the command


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--port", "TAKEN"], "cannot be listened on"),
        (["--host", "no.such.host.invalid"], "cannot be listened on"),
        (["--host", "0.0.0.0", "--port", "0"], "Name a --port"),
        (["--port", "0", "--tls-cert", "bad.pem"], "belong together"),
        (["--port", "0", "--tls-key", "bad.pem"], "belong together"),
        (["--port", "0", "--tls-cert", "bad.pem", "--tls-key", "bad.pem"], "cannot be used"),
        (["--port", "0", "--tls-cert", "none.pem", "--tls-key", "none.pem"], "cannot be used"),
        (["--port", "0", "--model", "nobody"], "'nobody' is unknown"),
        (["--port", "0", "--model", "mien_s", "--model", "mien_s"], "Two bundles are called 'mien_s'"),
        (["--port", "0", "--detector", "yunet", "--detector-model", "bad.pem"], "bad.pem"),
        (["--export", "."], "is there already"),
    ],
)
def test_the_command_tells_mistakes_in_one_line(run: Run, tmp_path, taken_port, options, told):
    (tmp_path / "bad.pem").write_text("no certificate")
    status, out, err = run("web", "--detector", "haar", *(str(taken_port) if option == "TAKEN" else option for option in options))
    *notes, line = err.splitlines()
    assert (status, out) == (2, "")
    assert line.startswith("mien: ")
    assert told in line
    assert all("MIEN_API_KEY" in note for note in notes)


def test_a_process_answers_what_is_in_flight_when_it_is_stopped(tmp_path):
    command = [sys.executable, "-m", "mien", "web", "--detector", "haar", "--port", "0", "--workers", "1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=os.environ) as process:
        try:
            port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", process.stderr.readline())[1])
            content = PORTRAIT.read_bytes()
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.putrequest("POST", "/v1/predict")
            connection.putheader("Content-Type", "image/jpeg")
            connection.putheader("Content-Length", str(len(content)))
            connection.endheaders(content[:1000])
            while "mien_requests_in_progress 2.0" not in get(port, "/metrics"):
                pass
            process.send_signal(signal.SIGTERM)
            while is_listening(port):
                pass
            connection.send(content[1000:])
            answer = connection.getresponse()
            assert (answer.status, len(json.loads(answer.read())["results"][0]["faces"])) == (200, 1)
            connection.close()
            assert process.wait(60) == 0
            lines = [json.loads(line) for line in process.stderr.read().splitlines()]
        finally:
            process.kill()
    assert lines[-1] | {"ms": 0, "request_id": ""} == {
        **{"event": "request", "request_id": "", "method": "POST", "route": "/v1/predict", "status": 200, "ms": 0, "bytes": len(content)}
    }


def get(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def is_listening(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 60):
            return True
    except ConnectionError:  # refused, or reset where it ends just now
        return False
