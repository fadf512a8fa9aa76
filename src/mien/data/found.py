"""Faces of a data set as detectors find and cut them, which is how a network meets faces once it is in use.

A data set's pictures show hardly more than the face, so each is pasted into a larger scene first. The same scenes measure what a cut costs
(``mien benchmark framing``).
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import cv2
import numpy as np
import numpy.typing as npt

from mien.alignment import AlignmentSpec, cut_face
from mien.atomic import atomic_path
from mien.data.manifest import Manifest, Sample
from mien.detection.catalog import DETECTORS, create_detector
from mien.errors import SourceError
from mien.preprocess import PreprocessSpec
from mien.types import Detector, Face, OnProgress, UInt8

SCENE_WH = (640, 480)
FACE_SIDES_PX = (144, 240)
SEED = 1
"""Of the scenes that training faces are pasted into."""
CHUNK = 1024
"""Faces per file; an interrupted session repeats at most one."""

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class FoundSpec:
    """How often training shows a face as a detector cuts it, in place of the data set's own picture."""

    probability: float = 0.0
    detectors: tuple[str, ...] = ("yunet", "blazeface")
    """One of those that find the face is drawn anew each time; a face that none finds is shown as it is."""

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability must lie in 0..1, got {self.probability}")
        unknown = sorted(set(self.detectors) - set(DETECTORS))
        if unknown or not self.detectors:
            raise ValueError(f"detectors must be one or more of {', '.join(DETECTORS)}, got {list(self.detectors)}")


Found = dict[int, list[UInt8]]
"""Position of a sample to its cut faces, one per detector that finds it."""


def paste(face: UInt8, rng: np.random.Generator) -> tuple[UInt8, tuple[float, float], float]:
    """Return an RGB scene with the face enlarged somewhere in it, its corner and its side.

    The background repeats the face's border, blurred: hair and shoulders go on, as they do around real faces.

    Args:
        face: (h, w) grey or (h, w, 3) RGB; one that is not square is stretched, as it is for a network.
    """
    width, height = SCENE_WH
    side = int(rng.integers(FACE_SIDES_PX[0], FACE_SIDES_PX[1] + 1))
    x, y = int(rng.integers(0, width - side + 1)), int(rng.integers(0, height - side + 1))
    large = cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC)
    scene = cv2.copyMakeBorder(large, y, height - side - y, x, width - side - x, cv2.BORDER_REPLICATE)
    # A wide blur looks the same at a quarter of the size, and takes a tenth of the time.
    small = cv2.GaussianBlur(cv2.resize(scene, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA), (0, 0), side / 48)
    scene = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    scene[y : y + side, x : x + side] = large
    coloured = np.repeat(scene[..., np.newaxis], 3, axis=2) if scene.ndim == 2 else scene
    return coloured.astype(np.uint8, copy=False), (x, y), side


def face_at(faces: Sequence[Face], corner_xy: tuple[float, float], side: float) -> Face | None:
    """Return the surest face whose box is centred inside the pasted one."""
    for face in faces:
        center = (face.box_xyxy[:2] + face.box_xyxy[2:]) / 2 - np.array(corner_xy)
        if (center > 0).all() and (center < side).all():
            return face
    return None


def find_crops(manifest: Manifest, detectors: Sequence[str], preprocess: PreprocessSpec, folder: Path, on_progress: OnProgress) -> Found:
    """Return every sample's face as each detector cuts it, from ``folder`` as far as it is there.

    Args:
        folder: Receives one file per chunk, under a name that says what it belongs to.
        on_progress: Called with (pictures done, pictures in all).

    Raises:
        ModelFileError: a detector's model file cannot be had.
        SourceError: no face is found at all.
        DataError: a picture cannot be read.
        OutputError: the folder cannot be written, or the disk is full.
    """
    about = f"{detectors} {SCENE_WH} {FACE_SIDES_PX} {SEED} {AlignmentSpec()} {preprocess}"
    key = hashlib.sha256(about.encode() + manifest.sha256.encode()).hexdigest()[:16]
    found: Found = {}
    for start in range(0, len(manifest), CHUNK):
        path, samples = folder / f"{key}-{start:07d}.npz", manifest.samples[start : start + CHUNK]
        stored = _read(path)
        if stored is None:

            def advance(done: int, before: int = start) -> None:
                on_progress(before + done, len(manifest))

            detect = [create_detector(name, policy="camera") for name in detectors]
            indices, crops = _find(samples, start, detect, preprocess, advance)
            with atomic_path(path) as temporary, temporary.open("wb") as file:
                np.savez(file, indices=indices, crops=crops)
            stored = {"indices": indices, "crops": crops}
        for index, crop in zip(stored["indices"].tolist(), stored["crops"], strict=True):
            found.setdefault(index, []).append(crop)
        on_progress(start + len(samples), len(manifest))
    if not found:
        raise SourceError(f"{' and '.join(detectors)} find none of {len(manifest)} faces; take other found.detectors.")
    return found


def _read(path: Path) -> "dict[str, np.ndarray] | None":
    """Return the arrays of a file; None where it is missing or damaged, and has to be made anew."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in ("indices", "crops")}
    except (OSError, ValueError, EOFError, KeyError, BadZipFile):
        return None


def _find(
    samples: Sequence[Sample], start: int, detect: Sequence[Detector], preprocess: PreprocessSpec, on_progress: Callable[[int], None]
) -> tuple[Indices, UInt8]:
    """Return the positions of the faces that are found, once per detector that finds them, and their (n, s, s) or (n, s, s, 3) crops.

    Args:
        start: Position of the first sample in the data set, which the scenes depend on.
    """
    indices: list[int] = []
    crops: list[UInt8] = []
    for index, sample in enumerate(samples, start):
        scene, corner_xy, side = paste(sample.pixels(), np.random.default_rng((SEED, index)))
        faces = [face_at(find(scene), corner_xy, side) for find in detect]
        crops += [cut_face(scene, face, AlignmentSpec(), preprocess) for face in faces if face is not None]
        indices += [index] * (len(crops) - len(indices))
        on_progress(index - start + 1)
    shape = (preprocess.face_side, preprocess.face_side) + ((3,) if preprocess.channels == 3 else ())
    return np.array(indices, np.int64), np.array(crops, np.uint8).reshape(-1, *shape)
