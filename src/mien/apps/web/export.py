"""The page as a folder of files, for any host that speaks HTTPS."""

import json
from pathlib import Path

from mien.apps.web.page import Asset, page_assets
from mien.apps.web.spec import WebSpec
from mien.apps.web.watch import HEADERS
from mien.atomic import atomic_path
from mien.errors import ConfigError, ModelFileError

HEADERS_FILE = "_headers"
"""Some hosts (Netlify, Cloudflare Pages) send what stands in a file of this name; for others it says what to send."""


def headers_text() -> str:
    """Return the headers that every file of the page should be sent with: a worker takes its policy from its own answer."""
    return "/*\n" + "".join(f"  {name}: {value}\n" for name, value in HEADERS.items())


def export_page(spec: WebSpec, folder: Path) -> int:
    """Write the page with runtime, detector and bundles; return the number of bytes.

    Raises:
        ConfigError: the folder is there and not empty.
        ModelFileError: the page could not read faces by itself, and there is no server beside it.
        OutputError: it cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder}: is there already. Name a folder that is new or empty.")
    assets = page_assets(spec, has_server=False)
    assets[HEADERS_FILE] = Asset(headers_text().encode(), "text/plain")
    _check_runs_alone(assets["mien.json"].plain())
    size = 0
    for name, asset in assets.items():
        content = asset.plain()
        with atomic_path(folder / name) as temporary:
            temporary.write_bytes(content)
        size += len(content)
    return size


def _check_runs_alone(facts: bytes) -> None:
    values = json.loads(facts)
    if not values["on_device"]:
        raise ModelFileError(f"A page by itself must read faces in the browser, and cannot: {values['not_on_device_because']}.")
