"""The face detectors: one row each, and the policies that pick among them.

The sizes and orders of the policies follow measurements on 19 pictures with 50 faces (docs/detectors.md).
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mien import hub
from mien.errors import ModelFileError, OutputError, UnknownNameError
from mien.types import Detector, Face, UInt8

Policy = Literal["picture", "camera"]
"""``picture``: find all faces, time matters little. ``camera``: near faces, every frame."""

log = logging.getLogger("mien")


@dataclass(frozen=True)
class DetectorRow:
    """One detector: what it finds, and the file it needs."""

    name: str
    model: str
    """Row of ``mien.hub``; empty when nothing is fetched."""
    finds: str
    license: str
    paper: str


DETECTORS: dict[str, DetectorRow] = {
    row.name: row
    for row in (
        DetectorRow(
            "yunet",
            "yunet",
            "faces of 24 px and more in a picture of at most 1280 px (camera: 320), any turn to 45 degrees",
            "MIT",
            "doi 10.1007/s11633-023-1423-y",
        ),
        DetectorRow(
            "blazeface", "blazeface", "near faces: a quarter of the longer side and more, any turn", "Apache-2.0", "arXiv 1907.05047"
        ),
        DetectorRow(
            "blazeface_full",
            "blazeface_full",
            "faces of an eighth of the longer side (pictures: in tiles, a thirtieth), turns to 45 degrees",
            "Apache-2.0",
            "arXiv 1907.05047",
        ),
        DetectorRow(
            "haar",
            "",
            "upright frontal faces of 30 px and more in a picture of at most 640 px (camera: 80 px)",
            "Apache-2.0 (OpenCV)",
            "Viola & Jones 2001",
        ),
        DetectorRow("auto", "", "picks by what is present or can be fetched, and by picture or camera", "", ""),
    )
}


def create_detector(
    name: str = "auto", policy: Policy = "picture", model_path: Path | None = None, threads: int = 1, may_fetch: bool = True
) -> Detector:
    """Make a detector by name.

    Args:
        model_path: Use this model file instead of the fetched one; not with ``auto``.
        may_fetch: Whether a missing model file may be downloaded.

    Raises:
        UnknownNameError: no such detector.
        ModelFileError: its model file is missing, foreign or cannot be fetched.
    """
    if name not in DETECTORS:
        raise UnknownNameError("Detector", name, DETECTORS, "mien detectors")
    if name == "auto":
        if model_path is not None:
            raise ModelFileError("A detector model file needs the detector's name beside it, for instance --detector yunet.")
        return _create_auto(policy, threads, may_fetch)
    row = DETECTORS[name]
    path = model_path if model_path or not row.model else _model_file(row.model, may_fetch)
    return _FACTORIES[name](path, policy, threads)


def _model_file(row_name: str, may_fetch: bool) -> Path:
    if may_fetch:
        return hub.fetch(row_name)
    path = hub.cached(row_name)
    if path is None:
        raise ModelFileError(f"{hub.ROWS[row_name].file_name} is not in {hub.cache_dir()}.")
    return path


def _haar(path: Path | None, policy: Policy, threads: int) -> Detector:
    from mien.detection.haar import HaarDetector

    return HaarDetector(max_side_px=640, min_face_px=30 if policy == "picture" else 80, model_path=path)


def _yunet(path: Path | None, policy: Policy, threads: int) -> Detector:
    from mien.detection.yunet import YuNetDetector

    return YuNetDetector(_required(path), max_side_px=1280 if policy == "picture" else 320)


def _blazeface(path: Path | None, policy: Policy, threads: int) -> Detector:
    from mien.detection.blazeface import SHORT_RANGE, BlazeFaceDetector

    return BlazeFaceDetector(_required(path), SHORT_RANGE, threads=threads)


def _blazeface_full(path: Path | None, policy: Policy, threads: int) -> Detector:
    from mien.detection.blazeface import FULL_RANGE, BlazeFaceDetector

    return BlazeFaceDetector(_required(path), FULL_RANGE, tile_levels=3 if policy == "picture" else 1, threads=threads)


_FACTORIES: dict[str, Callable[[Path | None, Policy, int], Detector]] = {
    "haar": _haar,
    "yunet": _yunet,
    "blazeface": _blazeface,
    "blazeface_full": _blazeface_full,
}


def _required(path: Path | None) -> Path:
    if path is None:
        raise ModelFileError("This detector needs a model file. Give one with --detector-model.")
    return path


class FirstThatFinds:
    """Asks detectors in turn until one finds a face."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._detectors = detectors

    def __call__(self, image: UInt8) -> Sequence[Face]:
        """Return the faces of an (H, W, 3) RGB picture."""
        for detector in self._detectors:
            faces = detector(image)
            if faces:
                return faces
        return []


def _create_auto(policy: Policy, threads: int, may_fetch: bool) -> Detector:
    """Prefer YuNet, then BlazeFace, then Haar; say in one line when the preferred one is not to be had."""
    yunet, why_no_yunet = _try_create("yunet", policy, threads, may_fetch)
    # Where fetching is not allowed, what is here is what was asked for.
    level = logging.WARNING if may_fetch else logging.INFO
    # BlazeFace helps YuNet only when it is here already; without YuNet it is worth a download.
    fetch_blaze = may_fetch and yunet is None
    short, _ = _try_create("blazeface", policy, threads, fetch_blaze)
    if yunet is not None:
        # Faces that fill a picture are cut by its border; short range knows those.
        return FirstThatFinds([yunet, short]) if policy == "picture" and short is not None else yunet
    full, why_no_full = _try_create("blazeface_full", policy, threads, fetch_blaze and short is not None)
    if full is not None and short is not None:
        log.log(level, "Detector: falling back to BlazeFace. %s", why_no_yunet)
        return full if policy == "picture" else FirstThatFinds([short, full])
    log.log(level, "Detector: falling back to Haar (upright frontal faces only). %s %s", why_no_yunet, why_no_full)
    from mien.detection.haar import HaarDetector

    return HaarDetector(max_side_px=640, min_face_px=30 if policy == "picture" else 80, try_turns=policy == "picture")


def _try_create(name: str, policy: Policy, threads: int, may_fetch: bool) -> tuple[Detector | None, str]:
    """Return the detector, or None and the reason why it cannot be had."""
    try:
        return create_detector(name, policy, threads=threads, may_fetch=may_fetch), ""
    except (ModelFileError, OutputError) as error:
        return None, str(error)
