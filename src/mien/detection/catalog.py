"""The face detectors: one row each, and the policies that pick among them.

The sizes and orders of the policies follow measurements on 19 pictures with 50 faces (docs/detectors.md).
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import get_args

from mien import hub
from mien.detection.turns import find_in_any_turn
from mien.errors import ConfigError, ModelFileError, OutputError, UnknownNameError
from mien.types import Detector, Face, Policy, UInt8

log = logging.getLogger("mien")


@dataclass(frozen=True)
class DetectorRow:
    """One detector: what it finds, the file it needs, and how it is made."""

    name: str
    model: str
    """Row of ``mien.hub``; empty when nothing is fetched."""
    factory: str
    """``module:function``, called with (model path or None, policy, threads)."""
    finds: str
    license: str
    paper: str


DETECTORS: dict[str, DetectorRow] = {
    row.name: row
    for row in (
        DetectorRow(
            name="yunet",
            model="yunet",
            factory="mien.detection.yunet:create",
            finds="faces of 24 px and more in a picture of at most 1280 px (camera: 320), turns to 45 degrees and more",
            license="MIT",
            paper="doi 10.1007/s11633-023-1423-y",
        ),
        DetectorRow(
            name="blazeface",
            model="blazeface",
            factory="mien.detection.blazeface:create_short_range",
            finds="near faces: a quarter of the longer side and more, quarter turns too",
            license="Apache-2.0",
            paper="arXiv 1907.05047",
        ),
        DetectorRow(
            name="blazeface_full",
            model="blazeface_full",
            factory="mien.detection.blazeface:create_full_range",
            finds="faces of an eighth of the longer side (pictures: in tiles, a thirtieth), turns to 45 degrees",
            license="Apache-2.0",
            paper="arXiv 1907.05047",
        ),
        DetectorRow(
            name="haar",
            model="",
            factory="mien.detection.haar:create",
            finds="upright frontal faces of 30 px and more in a picture of at most 640 px (camera: 80 px)",
            license="Apache-2.0 (OpenCV)",
            paper="Viola & Jones 2001",
        ),
    )
}


class NamedDetector:
    """A detector that tells its name. Threads may share it: they take turns, since detectors keep buffers between calls."""

    def __init__(self, name: str, find: Detector) -> None:
        self.name = name
        self._find = find
        self._turn = threading.Lock()

    def __call__(self, image: UInt8) -> Sequence[Face]:
        """Return the faces of an (H, W, 3) RGB picture."""
        with self._turn:
            return self._find(image)


AUTO = "auto"
NAMES = (AUTO, *DETECTORS)
POLICIES: tuple[str, ...] = get_args(Policy)


def create_detector(
    name: str = AUTO, policy: Policy = "picture", model_path: Path | None = None, threads: int = 1, may_fetch: bool = True
) -> NamedDetector:
    """Make a detector by name.

    Args:
        model_path: Use this model file instead of the fetched one; not with ``auto``.
        threads: CPU threads of BlazeFace; YuNet and Haar use OpenCV's own (``cv2.setNumThreads``).
        may_fetch: Whether a missing model file may be downloaded.

    Raises:
        UnknownNameError: no such detector or policy.
        ConfigError: ``auto`` was given a model file.
        ModelFileError: its model file is missing, foreign or cannot be fetched.
    """
    if policy not in POLICIES:
        raise UnknownNameError("Policy", str(policy), POLICIES)
    if not isinstance(name, str) or name not in NAMES:
        raise UnknownNameError("Detector", str(name), NAMES, "mien detectors")
    if name == AUTO:
        if model_path is not None:
            raise ConfigError("A detector's model file needs the name of its detector, for instance yunet, and not auto.")
        return _create_auto(policy, threads, may_fetch)
    row = DETECTORS[name]
    path = model_path if model_path or not row.model else _model_file(row.model, may_fetch)
    module_name, function_name = row.factory.split(":")
    return NamedDetector(name, getattr(import_module(module_name), function_name)(path, policy, threads))


def _model_file(row_name: str, may_fetch: bool) -> Path:
    if may_fetch:
        return hub.fetch(row_name)
    path = hub.cached(row_name)
    if path is None:
        raise ModelFileError(f"{hub.ROWS[row_name].file_name} is not in {hub.cache_dir()}.")
    return path


def _first_that_finds(detectors: Sequence[NamedDetector]) -> NamedDetector:
    """Return a detector that asks others in turn until one finds a face."""

    def find(image: UInt8) -> Sequence[Face]:
        return next((faces for detector in detectors if (faces := detector(image))), [])

    return NamedDetector(" or ".join(detector.name for detector in detectors), find)


def _create_auto(policy: Policy, threads: int, may_fetch: bool) -> NamedDetector:
    """Take YuNet, else BlazeFace, else Haar; say in one line when the first choice is not to be had.

    On pictures YuNet also looks for faces in quarter turns, and short range follows it, for faces that fill the picture and are cut by its
    border.
    """
    reasons: list[str] = []

    def available(*names: str) -> list[NamedDetector]:
        found = []
        for name in names:
            try:
                found.append(create_detector(name, policy, threads=threads, may_fetch=may_fetch))
            except (ModelFileError, OutputError) as error:
                reasons.append(str(error))
        return found

    # Where fetching is not allowed, what is here is what was asked for.
    level = logging.WARNING if may_fetch else logging.INFO
    yunet = available("yunet")
    if yunet:
        if policy == "camera":
            return yunet[0]
        turned = NamedDetector("yunet", find_in_any_turn(yunet[0]))
        return _first_that_finds([turned, *available("blazeface")])
    blazeface = available("blazeface_full", "blazeface") if policy == "picture" else available("blazeface", "blazeface_full")
    if blazeface:
        log.log(level, "Detector: falling back to BlazeFace. %s", reasons[0])
        return _first_that_finds(blazeface)
    log.log(level, "Detector: falling back to Haar (upright frontal faces only). %s", " ".join(dict.fromkeys(reasons)))
    from mien.detection.haar import create_for_auto

    return NamedDetector("haar", create_for_auto(policy))
