"""The page in a real browser: what it reads, what it asks whom, and what it says when something is missing."""

import base64
import csv
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import mien
from conftest import DETECTOR_FILES, MEDIA, REPOSITORY, Run
from mien.alignment import cut_face
from mien.labels import FER7
from mien.pictures import read_picture
from mien.serialize import column_names
from mien.types import Face
from page_server import ASK_WORKER, CHROMIUM, RUNTIME, chromium, serving, serving_folder, write_camera_clip, write_webm

pytest.importorskip("fastapi")
pytest.importorskip("playwright")
if not CHROMIUM:
    pytest.skip("needs Chromium (Debian: apt install chromium)", allow_module_level=True)

TIMEOUT_MS = 60_000
# LiteRT tells of its own start on the console's error channel; a missing GPU is no error.
HARMLESS = ("INFO:", "WARNING:", "GPU adapter", "Created TensorFlow Lite", "[DOM]")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("camera") / "clip.mjpeg"
    write_camera_clip(MEDIA / "clip.mp4", path)
    return path


@pytest.fixture(scope="module")
def engine() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(engine: Any, clip: Path) -> Iterator[Any]:
    with chromium(engine, clip) as opened:
        yield opened


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server whose page reads faces in the browser."""
    if not RUNTIME.is_file():
        pytest.skip("needs the page's runtime (npm --prefix web ci && npm --prefix web run build)")
    if not DETECTOR_FILES["blazeface"].is_file():
        pytest.skip(f"needs {DETECTOR_FILES['blazeface']}")
    cache = tmp_path_factory.mktemp("cache")
    shutil.copy(DETECTOR_FILES["blazeface"], cache)
    with serving(cache, "--detector", "blazeface") as address:
        yield address


@pytest.fixture(scope="module")
def bare_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server without a face detector for the browser: the page must ask it."""
    with serving(tmp_path_factory.mktemp("empty"), "--detector", "haar", "--model", "mien_s") as address:
        yield address


class Visit:
    """A page of its own, and everything it asked for and complained of."""

    def __init__(self, browser: Any, address: str, **context: Any) -> None:
        self.context = browser.new_context(**context)
        self.page = self.context.new_page()
        self.page.set_default_timeout(TIMEOUT_MS)
        self.hosts: set[str] = set()
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._hear)
        self.page.goto(address)

    def _hear(self, message: Any) -> None:
        if message.type == "error" and not any(mark in message.text for mark in HARMLESS):
            self.complaints.append(message.text)

    def ready(self) -> "Visit":
        self.page.wait_for_selector("#camera:not([disabled])")
        return self

    def text(self, selector: str) -> str:
        return str(self.page.inner_text(selector))

    def wait(self, condition: str) -> None:
        # Playwright's own wait_for_function evaluates text in the page, which the page's security policy forbids.
        for _ in range(TIMEOUT_MS // 100):
            if self.page.evaluate(condition):
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"never true: {condition}; message: {self.text('#message')!r}")


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Visit]]:
    visits: list[Visit] = []

    def open_page(address: str, **context: Any) -> Visit:
        visits.append(Visit(browser, address, **context))
        return visits[-1]

    yield open_page
    for one in visits:
        one.context.close()


ROWS_COME = "Number(document.getElementById('rows').textContent) > 5"
SAYS_SOMETHING = "document.getElementById('figures').textContent !== ''"


@pytest.mark.parametrize("file", ["float32", "int8"])
def test_browser_and_python_agree_on_identical_crops(server: str, visit: Callable[..., Visit], file: str) -> None:
    recognizer = mien.Recognizer(file=file, detector="haar")
    rng = np.random.default_rng(0)
    image = read_picture(MEDIA / "astronaut.jpg")
    face = recognizer(image)[0]
    spec = recognizer.bundle.card
    crops = [cut_face(image, Face(face.box_xyxy, face.landmarks_xy, 1.0), spec.alignment, spec.preprocess)]
    crops += [rng.integers(0, 256, (48, 48), np.uint8) for _ in range(20)]
    values = {"bundle": "mien_s", "file": file, "crops": [crop.ravel().tolist() for crop in crops], "picture": None}
    answer = visit(server).ready().page.evaluate(ASK_WORKER, values)
    expected = recognizer.classify(crops)
    assert np.abs(np.array(answer["scores"]) - expected).max() <= 1e-3
    assert np.array_equal(np.argmax(answer["scores"], axis=1), expected.argmax(axis=1))


@pytest.mark.parametrize("name", ["astronaut", "grace_hopper"])
def test_browser_and_python_agree_from_the_same_png(
    server: str, visit: Callable[..., Visit], detector_cache: Path, tmp_path: Path, name: str
) -> None:
    path = tmp_path / f"{name}.png"
    Image.open(MEDIA / f"{name}.jpg").save(path)
    picture = base64.b64encode(path.read_bytes()).decode()
    values = {"bundle": "mien_s", "file": "float32", "crops": [], "picture": picture}
    result = visit(server).ready().page.evaluate(ASK_WORKER, values)["result"]
    expected = mien.Recognizer(detector="blazeface")(path)
    assert len(result["faces"]) == len(expected) == 1
    found, wanted = result["faces"][0], expected[0]
    assert found["expression"] == wanted.expression
    assert list(found["scores"].values()) == pytest.approx(wanted.scores.tolist(), abs=1e-2)
    assert found["box_xyxy"] == pytest.approx(wanted.box_xyxy.tolist(), abs=1.0)
    assert found["landmarks_xy"] == [pytest.approx(point, abs=1.0) for point in wanted.landmarks_xy.tolist()]


def test_a_picture_is_read_on_the_device(server: str, visit: Callable[..., Visit]) -> None:
    opened = visit(server).ready()
    opened.page.set_input_files("#file", MEDIA / "astronaut.jpg")
    opened.wait(SAYS_SOMETHING)
    assert opened.text("#expression") == "happy"
    assert opened.text("#where") == "Reads on this device"
    assert "512 \N{MULTIPLICATION SIGN} 512 pixels" in opened.text("#figures")
    assert opened.hosts == {server.split("/")[2]}
    assert opened.complaints == []


def save_portraits(path: Path, *names: str) -> Path:
    """Write portraits side by side, close enough for the page's detector."""
    parts = [np.asarray(Image.open(MEDIA / name).convert("RGB").crop((100, 0, 400, 300))) for name in names]
    Image.fromarray(np.concatenate(parts, axis=1)).save(path)
    return path


def test_another_model_reads_the_picture_again_and_nothing_of_before_stays(
    server: str, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    both = save_portraits(tmp_path / "both.png", "astronaut.jpg", "grace_hopper.jpg")
    opened = visit(server).ready()
    opened.page.set_input_files("#file", both)
    opened.wait(SAYS_SOMETHING)
    opened.page.click("#faces button[aria-pressed=false]")
    opened.page.select_option("#model", "mien_xs/float32")
    opened.ready().wait(SAYS_SOMETHING)
    assert opened.page.get_attribute("#faces button:first-child", "aria-pressed") == "true"
    opened.page.click("text=Save readings")
    with opened.page.expect_download() as download:
        opened.page.click("#json")
    values = json.loads(download.value.path().read_text())
    assert (values["model"], len(values["rows"])) == ("mien_xs/float32", 2)
    first = opened.text("#bars")
    Image.new("RGB", (8, 8)).save(tmp_path / "tiny.png")
    opened.page.set_input_files("#file", tmp_path / "tiny.png")
    opened.wait("document.getElementById('message').textContent.includes('tiny.png: is 8x8 pixels')")
    assert (opened.text("#expression"), opened.text("#figures"), opened.text("#rows")) == ("\N{EN DASH}", "", "0")
    assert opened.page.is_disabled("#snapshot")
    assert opened.text("#bars") != first
    opened.page.set_input_files("#file", both)
    opened.wait(SAYS_SOMETHING)
    assert opened.text("#bars") == first
    assert opened.complaints == []


def test_the_camera_starts_after_consent_and_readings_can_be_saved(server: str, visit: Callable[..., Visit], tmp_path: Path) -> None:
    opened = visit(server, permissions=["camera"]).ready()
    opened.page.click("#camera")
    opened.page.wait_for_selector("#notice[open]")
    opened.page.click("#notice button[value=no]")
    assert not opened.page.is_visible("#stop")
    opened.page.click("#camera")
    opened.page.click("#notice button[value=yes]")
    opened.wait("Number(document.getElementById('rows').textContent) > 20")
    assert "frames/s" in opened.text("#figures")
    opened.page.click("#stop")
    assert opened.page.is_visible("#picture")  # the last frame stays
    opened.page.click("text=Save readings")
    saved = {}
    for kind in ("csv", "json"):
        with opened.page.expect_download() as download:
            opened.page.click(f"#{kind}")
        saved[kind] = tmp_path / f"readings.{kind}"
        download.value.save_as(saved[kind])
    with saved["csv"].open(newline="") as file:
        columns, *rows = csv.reader(file)
    assert columns == column_names(FER7)
    seen = [row for row in rows if row[3] != "-1"]
    assert len(seen) > 10
    assert {row[0] for row in rows} == {"camera"}
    assert all(sum(map(float, row[-7:])) == pytest.approx(1, abs=1e-4) for row in seen)
    assert len({row[4] for row in seen}) < len(seen) / 2  # identities hold from frame to frame, and change at cuts
    values = json.loads(saved["json"].read_text())
    assert (values["source"], values["model"], values["columns"]) == ("camera", "mien_s/int8", columns)
    assert [list(map(str, row)) for row in values["rows"]] == rows
    assert len(values["frames"]) == len({row[1] for row in rows})
    assert opened.hosts == {server.split("/")[2]}
    assert opened.complaints == []


def test_webgpu_can_be_chosen_where_there_is_an_adapter(engine: Any, server: str) -> None:
    software = ("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan", "--use-vulkan=swiftshader")
    with chromium(engine, options=software) as opened_browser:
        opened = Visit(opened_browser, server).ready()
        if not opened.page.is_visible("#accelerator-row"):
            pytest.skip("this Chromium has no software adapter for WebGPU")
        opened.page.select_option("#model", "mien_s/float32")
        opened.ready().page.select_option("#accelerator", "webgpu")
        opened.ready().page.set_input_files("#file", MEDIA / "astronaut.jpg")
        opened.wait(SAYS_SOMETHING)
        assert opened.text("#expression") == "happy"
        assert opened.text("#where") == "Reads on this device, with WebGPU"
        assert opened.text("#message") == ""
        assert opened.complaints == []


def start_camera(opened: Visit) -> None:
    opened.page.click("#camera")
    opened.page.click("#notice button[value=yes]")
    opened.wait(ROWS_COME)


def test_another_model_goes_on_with_the_same_source(server: str, visit: Callable[..., Visit]) -> None:
    opened = visit(server, permissions=["camera"]).ready()
    start_camera(opened)
    for name in ("mien_s/float32", "mien_s/int8", "mien_s/float32"):  # the last one counts, however quickly they follow
        opened.page.select_option("#model", name)
    opened.ready().wait(ROWS_COME)
    opened.page.dblclick("#camera")  # twice, and one camera remains
    opened.wait(ROWS_COME)
    opened.page.click("#stop")
    assert opened.page.evaluate("document.getElementById('video').srcObject") is None
    assert opened.text("#message") == ""
    assert opened.complaints == []


def test_live_video_stops_before_its_frames_would_go_to_the_server(server: str, visit: Callable[..., Visit]) -> None:
    opened = visit(server, permissions=["camera"], service_workers="block").ready()  # or the model would come from its cache
    start_camera(opened)
    opened.context.route("**/bundles/**", lambda route: route.abort())
    opened.page.select_option("#model", "mien_s/float32")
    opened.wait("document.getElementById('message').textContent.includes('would now be sent')")
    assert not opened.page.is_visible("#stop")
    opened.page.click("#camera")
    assert "sent to the server" in opened.text("#notice")


def test_a_video_plays_to_its_end_and_its_last_frame_stays(server: str, visit: Callable[..., Visit], tmp_path: Path) -> None:
    pytest.importorskip("av")
    num_frames = write_webm(MEDIA / "clip.mp4", tmp_path / "clip.webm")
    opened = visit(server).ready()
    opened.page.set_input_files("#file", tmp_path / "clip.webm")
    opened.wait("!document.getElementById('stop').hidden")
    opened.wait("document.getElementById('stop').hidden")
    opened.page.click("text=Save readings")
    rows, skipped = int(opened.text("#rows")), int(opened.text("#figures").rpartition(" frames skipped")[0].rpartition(" ")[2])
    assert 5 < rows + skipped <= num_frames * 2  # one face in most frames, two in some
    assert opened.page.is_visible("#picture")
    with opened.page.expect_download() as download:
        opened.page.click("#snapshot")
    with Image.open(download.value.path()) as snapshot:
        assert np.asarray(snapshot.convert("L")).std() > 20  # a picture, and not boxes alone
    assert opened.text("#message") == ""
    assert opened.complaints == []


def test_a_camera_that_is_refused_is_told(server: str, visit: Callable[..., Visit]) -> None:
    opened = visit(server).ready()
    opened.page.click("#camera")
    opened.page.click("#notice button[value=yes]")
    opened.wait("document.getElementById('message').textContent !== ''")
    assert "may not be used" in opened.text("#message")


@pytest.mark.parametrize(("name", "content"), [("torn.jpg", b"\xff\xd8\xff\xe0torn"), ("empty.png", b""), ("not.mp4", b"no video")])
def test_a_file_that_cannot_be_read_is_told(server: str, visit: Callable[..., Visit], tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    opened = visit(server).ready()
    opened.page.set_input_files("#file", tmp_path / name)
    opened.wait("document.getElementById('message').textContent !== ''")
    assert name in opened.text("#message")
    opened.page.set_input_files("#file", MEDIA / "astronaut.jpg")
    opened.wait("document.getElementById('expression').textContent === 'happy'")


def test_the_page_works_without_network_after_the_first_visit(server: str, visit: Callable[..., Visit]) -> None:
    opened = visit(server).ready()
    opened.page.evaluate("navigator.serviceWorker.ready")
    opened.context.set_offline(True)
    opened.page.reload()
    opened.ready()
    opened.page.set_input_files("#file", MEDIA / "astronaut.jpg")
    opened.wait("document.getElementById('expression').textContent === 'happy'")
    assert opened.text("#where") == "Reads on this device"


def test_without_the_runtime_the_server_reads_and_the_page_says_so(bare_server: str, visit: Callable[..., Visit]) -> None:
    opened = visit(bare_server, permissions=["camera"]).ready()
    assert "Reads on the server" in opened.text("#where")
    opened.page.set_input_files("#file", MEDIA / "astronaut.jpg")
    assert "sent to the server" in opened.text("#notice")  # before anything is sent
    opened.page.click("#notice button[value=yes]")
    opened.wait("document.getElementById('expression').textContent === 'happy'")
    opened.page.click("#camera")
    opened.wait("Number(document.getElementById('rows').textContent) > 5")
    assert "there and back" in opened.text("#figures")
    assert opened.hosts == {bare_server.split("/")[2]}
    assert opened.complaints == []


def test_a_server_with_a_key_is_read_once_the_key_is_given(visit: Callable[..., Visit], tmp_path: Path) -> None:
    with serving(tmp_path, "--detector", "haar", api_key="open sesame") as address:
        opened = visit(address, permissions=["camera"])
        opened.wait("document.getElementById('message').textContent.includes('asks for a key')")
        opened.page.fill("#key", "wrong")
        opened.page.press("#key", "Enter")
        opened.wait("document.getElementById('message').textContent.includes('asks for a key')")
        opened.page.fill("#key", "open sesame")
        opened.page.press("#key", "Enter")
        opened.ready()
        opened.page.set_input_files("#file", MEDIA / "astronaut.jpg")
        opened.page.click("#notice button[value=yes]")
        opened.wait("document.getElementById('expression').textContent === 'happy'")
        opened.page.click("#camera")
        opened.wait(ROWS_COME)


def test_the_page_fits_a_small_phone_and_can_be_used_with_the_keyboard(server: str, visit: Callable[..., Visit]) -> None:
    opened = visit(server, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True).ready()
    opened.page.set_input_files("#file", MEDIA / "astronaut.jpg")
    opened.wait(SAYS_SOMETHING)
    for address in (server, f"{server}benchmark.html", f"{server}docs"):
        opened.page.goto(address)
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= 360
    opened.page.goto(server)
    opened.ready()
    reached = set()
    for _ in range(20):
        opened.page.keyboard.press("Tab")
        reached.add(opened.page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert {"camera", "file", "model", "device", "mirror"} <= reached
    unnamed = opened.page.evaluate("""[...document.querySelectorAll('button, input, select')]
        .filter((one) => !one.closest('[hidden]') && !one.textContent && !one.labels?.length && !one.ariaLabel).map((one) => one.id)""")
    assert unnamed == []


def test_the_benchmark_page_is_read_by_the_command_line(server: str, visit: Callable[..., Visit], tmp_path: Path, run: Run) -> None:
    opened = visit(f"{server}benchmark.html")
    opened.page.wait_for_selector("#run:not([disabled])")
    opened.page.click("#run")
    opened.page.wait_for_selector("#json:not([disabled])")
    with opened.page.expect_download() as download:
        opened.page.click("#json")
    path, record = tmp_path / "phone.json", tmp_path / "records.jsonl"
    download.value.save_as(path)
    status, out, err = run("benchmark", "browser", path, "--record", record, "--json")
    assert (status, err) == (0, "")
    rows = json.loads(out)["results"][0]["rows"]
    assert [row["candidate"] for row in rows][:2] == ["mien_s:float32", "mien_s:int8"], "the default first, then the others"
    assert all(row["shipped"] for row in rows)
    assert json.loads(record.read_text())["kind"] == "benchmark browser"
    page_average = json.loads(path.read_text())["rows"][0]["average_ms"]
    assert rows[0]["average_ms"] == pytest.approx(page_average)
    assert run("benchmark", "browser", path)[1].count("mien_s:") == 2
    assert opened.complaints == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "something"}, "no result"),
        ({"version": 2}, "Upgrade"),
        ({"rows": []}, "lacks"),
        ({"rows": [{"bundle": "x"}]}, "a row lacks"),
        ({"rows": [{"bundle": "x", "file": "y", "runs": [[1, 2]], "load_ms": 1, "first_ms": 1, "bytes": 1, "sha256": ""}]}, "10 x 35"),
        ({"rows": [{"bundle": "x", "file": "y", "runs": [], "load_ms": "1", "first_ms": 1, "bytes": 1, "sha256": ""}]}, "must be numbers"),
        ({"rows": [{"bundle": "x", "file": "y", "runs": [["a"]], "load_ms": 1, "first_ms": 1, "bytes": 1, "sha256": ""}]}, "no table"),
    ],
)
def test_a_foreign_benchmark_file_is_refused(run: Run, tmp_path: Path, change: dict[str, Any], told: str) -> None:
    path = tmp_path / "foreign.json"
    path.write_text(json.dumps({"kind": "mien browser benchmark", "version": 1, "protocol": {}, "device": {}, "rows": [{}]} | change))
    status, _, err = run("benchmark", "browser", path)
    assert status == 2
    assert told in err


def test_an_exported_page_works_in_a_folder_of_another_server(
    server: str, visit: Callable[..., Visit], detector_cache: Path, tmp_path: Path, run: Run
) -> None:
    folder = tmp_path / "site" / "deep" / "mien"
    assert run("web", "--export", folder)[0] == 0
    with serving_folder(tmp_path / "site") as address:
        opened = visit(f"{address}deep/mien/index.html").ready()
        opened.page.set_input_files("#file", MEDIA / "astronaut.jpg")
        opened.wait("document.getElementById('expression').textContent === 'happy'")
        assert opened.text("#where") == "Reads on this device"
        assert not opened.page.is_visible("#docs")
        assert opened.complaints == []


def test_the_built_page_is_that_of_its_source(tmp_path: Path) -> None:
    """What stands in git was built from what stands in web/; `npm run build` makes it anew."""
    import subprocess

    web = REPOSITORY / "web"
    if shutil.which("npx") is None or not (web / "node_modules").is_dir():
        pytest.skip("needs npm and web/node_modules (npm --prefix web ci)")
    built = tmp_path / "page"
    command = ["npx", "vite", "build", "--outDir", str(built), "--logLevel", "error"]
    subprocess.run(command, cwd=web, check=True, capture_output=True)
    kept = REPOSITORY / "src" / "mien" / "apps" / "web" / "page"
    files = sorted(path.relative_to(built) for path in built.rglob("*") if path.is_file() and "litert" not in path.parts)
    assert files == sorted(path.relative_to(kept) for path in kept.rglob("*") if path.is_file() and "litert" not in path.parts)
    for path in files:
        assert (built / path).read_bytes() == (kept / path).read_bytes(), f"{path}: run npm --prefix web run build"
