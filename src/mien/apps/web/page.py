"""The page's files: what ``web/`` built, the bundles, the browser's face detector, and one JSON file that tells the page of them.

The same list is served by ``mien web`` and written by ``mien web --export``. Addresses are relative to the page, so that it works in
any folder of any host.
"""

import gzip
import hashlib
import json
import logging
import mimetypes
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from mien import __version__, hub
from mien.alignment import MIN_EYE_DISTANCE_OF_BOX, MIN_EYE_DISTANCE_PX
from mien.apps.web.spec import WebSpec
from mien.card import CARD_NAME, Bundle
from mien.detection import blazeface
from mien.errors import MienError
from mien.pictures import MAX_PIXELS, MIN_SIDE_PX
from mien.runtime.batch import fix_batch
from mien.smoothing import SmoothingSpec
from mien.tracking import TrackingSpec

log = logging.getLogger("mien")

PAGE = Path(str(files("mien") / "apps" / "web" / "page"))
"""Built by ``npm run build`` in ``web/``. The browser's runtime, ``litert/``, is built too and not kept in git."""
RUNTIME_LOADER = "litert/core.js"
DETECTOR = "blazeface"
NO_DETECTOR = "this server has no face detector for browsers (`mien predict --detector blazeface PICTURE` fetches it)"
NO_FILES = "none of the models has a LiteRT file with float32 input and output"
WORKER = "sw.js"
TRACKING_FACTS = ("keep_lost_s", "longest_step_s", "max_jump_sides", "max_size_ratio", "cut_below")
"""What the page's tracker, which knows place and size alone, shares with Python's."""
NO_RUNTIME = "this copy of mien was installed without the browser's runtime (npm --prefix web ci && npm --prefix web run build)"
TYPES = {
    ".js": "text/javascript",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".tflite": "application/octet-stream",
}


@dataclass(frozen=True)
class Asset:
    """One file of the page."""

    content: Path | bytes
    media_type: str
    is_gzipped: bool = False

    def stored(self) -> bytes:
        """Return what lies on the disk."""
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()

    def plain(self) -> bytes:
        """Return the content itself."""
        return gzip.decompress(self.stored()) if self.is_gzipped else self.stored()


def page_assets(spec: WebSpec, has_server: bool) -> dict[str, Asset]:
    """Return every file of the page by its address.

    Args:
        has_server: Whether REST and live connections are beside it.
    """
    assets = {}
    for path in sorted(path for path in PAGE.rglob("*") if path.is_file()):
        name = path.relative_to(PAGE).as_posix()
        is_gzipped = name.endswith(".wasm.gz")
        name = name.removesuffix(".gz") if is_gzipped else name
        assets[name] = Asset(path, _media_type(name), is_gzipped)
    for bundle in browser_bundles(spec):
        folder = f"bundles/{bundle.card.name}"
        assets[f"{folder}/{CARD_NAME}"] = Asset(bundle.folder / CARD_NAME, "application/json")
        for name, entry in _browser_files(bundle.card.files).items():
            # Verified, and with a batch of one where it was exported before mien wrote it so.
            assets[f"{folder}/{entry.path}"] = Asset(fix_batch(bundle.file(name).read_bytes()), TYPES[".tflite"])
    detector, problem = _detector(spec)
    if detector:
        assets[f"models/{detector.name}"] = Asset(detector, TYPES[".tflite"])
    if RUNTIME_LOADER not in assets:
        problem = NO_RUNTIME
    if not browser_bundles(spec):
        problem = NO_FILES
    facts = _facts(spec, has_server, detector, problem)
    assets["mien.json"] = Asset(json.dumps(facts).encode(), "application/json")
    assets["files.json"] = Asset(json.dumps(sorted([*assets, "files.json"])).encode(), "application/json")  # for use without network
    if WORKER in assets:
        assets[WORKER] = Asset(_versioned(assets), TYPES[".js"])
    return assets


def _versioned(assets: Mapping[str, Asset]) -> bytes:
    """Return the service worker with a version that changes when any file does: browsers look for a new one by its bytes."""
    digest = hashlib.sha256()
    for name, asset in sorted(assets.items()):
        digest.update(name.encode() + hashlib.sha256(asset.stored()).digest())
    return f"const VERSION = '{digest.hexdigest()[:16]}'\n".encode() + assets[WORKER].plain()


def browser_bundles(spec: WebSpec) -> list[Bundle]:
    """Return the bundles with a file that runs in a browser."""
    return [bundle for bundle in spec.bundles if _browser_files(bundle.card.files)]


def _browser_files(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Return the files of a card that run in a browser: LiteRT, with float32 in and out."""
    return {name: entry for name, entry in entries.items() if entry.runtime == "litert" and name != "int8_io"}


def _detector(spec: WebSpec) -> tuple[Path | None, str]:
    """Return the browser's detector file, or why there is none."""
    try:
        path = hub.fetch(DETECTOR) if spec.may_fetch else hub.cached(DETECTOR)
    except MienError as error:
        log.warning("The page cannot read faces by itself. %s", error)  # said here alone: it names folders of this machine
        return None, NO_DETECTOR
    return path, "" if path else NO_DETECTOR


def _facts(spec: WebSpec, has_server: bool, detector: Path | None, problem: str) -> dict[str, Any]:
    """Return what the page must know; every number of the pipeline stands in Python once, and here on its way."""
    return {
        "mien": __version__,
        "has_server": has_server,
        "needs_key": bool(spec.api_key),
        "on_device": not problem,
        "not_on_device_because": problem,
        "bundles": [_offer(bundle, on_device=not problem) for bundle in (spec.bundles if problem else browser_bundles(spec))],
        "pictures": {"min_side_px": MIN_SIDE_PX, "max_pixels": MAX_PIXELS},
        "detector": {
            "path": f"models/{detector.name}" if detector else "",
            "input_side": blazeface.SHORT_RANGE.input_side,
            "strides_and_anchors": blazeface.SHORT_RANGE.strides_and_anchors,
            "score_threshold": blazeface.SCORE_THRESHOLD,
            "min_face_px": blazeface.MIN_FACE_PX,
            "overlap_threshold": blazeface.OVERLAP_THRESHOLD,
            "coverage_threshold": blazeface.COVERAGE_THRESHOLD,
        },
        "framing": {"min_eye_distance_px": MIN_EYE_DISTANCE_PX, "min_eye_distance_of_box": MIN_EYE_DISTANCE_OF_BOX},
        "smoothing": asdict(SmoothingSpec()),
        "tracking": {name: getattr(TrackingSpec(), name) for name in TRACKING_FACTS},
    }


def _offer(bundle: Bundle, on_device: bool) -> dict[str, Any]:
    """Return what the page may choose of a bundle; the server runs any file, a browser not."""
    files, quick = list(_browser_files(bundle.card.files) if on_device else bundle.card.files), bundle.card.quick_file
    return {"name": bundle.card.name, "files": files, "quick_file": quick if quick in files else files[0]}


def _media_type(name: str) -> str:
    return TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def add_page(app: FastAPI, spec: WebSpec) -> None:
    """Serve the page. Only listed files are served, so no path can lead elsewhere."""
    assets = page_assets(spec, has_server=True)

    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def home() -> RedirectResponse:
        return RedirectResponse("index.html")

    def add(name: str, asset: Asset) -> None:
        digest = hashlib.sha256(asset.stored()).hexdigest()[:20]

        def serve(request: Request) -> Response:
            as_stored = asset.is_gzipped and _takes_gzip(request.headers.get("accept-encoding", ""))
            # Asked for at every visit, sent only when it has changed.
            headers = {"Cache-Control": "no-cache", "Vary": "Accept-Encoding", "ETag": f'"{digest}{"-gzip" if as_stored else ""}"'}
            if _names(request.headers.get("if-none-match", ""), headers["ETag"]):
                return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
            if as_stored:
                headers["Content-Encoding"] = "gzip"
            return Response(asset.stored() if as_stored else asset.plain(), media_type=asset.media_type, headers=headers)

        app.add_api_route(f"/{name}", serve, methods=["GET", "HEAD"], include_in_schema=False)

    for name, asset in assets.items():
        add(name, asset)


def _takes_gzip(accept_encoding: str) -> bool:
    """Say whether a browser takes gzip; ``q=0`` refuses it (RFC 9110, 12.5.3)."""
    for one in accept_encoding.lower().split(","):
        name, _, weight = one.replace(" ", "").partition(";q=")
        if name == "gzip":
            return weight.strip("0.") != "" or not weight
    return False


def _names(if_none_match: str, etag: str) -> bool:
    """Say whether a browser has this version; proxies that compress make its tag a weak one (RFC 9110, 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or tags == ["*"]
