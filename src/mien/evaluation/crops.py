"""How the faces of a data set are cut: its own pictures as they are, or found and cut as the pipeline does."""

import logging
from dataclasses import dataclass

import numpy as np

from mien.alignment import AlignmentSpec, cut_face
from mien.data.manifest import Manifest, Sample
from mien.data.photographs import describe_photographs
from mien.detection.catalog import create_detector
from mien.errors import ConfigError, TooSmallError
from mien.evaluation.evaluate import CropOf
from mien.pictures import MIN_SIDE_PX, read_picture
from mien.preprocess import PreprocessSpec
from mien.types import Detector, Face, UInt8

log = logging.getLogger("mien")

DIRECT, DETECT, BY_DATASET = "direct", "detect", "auto"
WHOLE = "whole"
"""What the manifest of a data set says whose pictures show more than the face."""
EVALUATION_DETECTOR = "yunet"
"""One named detector, never the best that happens to be here: a figure must be the same on every machine."""


class FaceFinder:
    """Finds the surest face of each sample, once, however many models cut it."""

    def __init__(self, detect: Detector) -> None:
        self._detect = detect
        self._found: dict[tuple[str, int], Face | None] = {}

    def __call__(self, sample: Sample) -> tuple[UInt8, Face | None]:
        """Return the picture (H, W, 3), as far as the data set says it is this sample's, and its surest face; none in a tiny picture.

        Raises:
            SourceError: the picture cannot be read.
        """
        try:
            picture = read_picture(sample.image if sample.crop_xyxy is None else sample.pixels())
        except TooSmallError:
            return np.zeros((MIN_SIDE_PX, MIN_SIDE_PX, 3), np.uint8), None
        key = (sample.split, sample.row)
        if key not in self._found:
            faces = self._detect(picture)
            self._found[key] = faces[0] if faces else None
        return picture, self._found[key]


@dataclass(frozen=True)
class DetectedCrops:
    """Cuts the surest face of a sample as the pipeline does; None where none is found."""

    find: FaceFinder
    alignment: AlignmentSpec
    preprocess: PreprocessSpec

    def __call__(self, sample: Sample) -> UInt8 | None:
        """Return the crop in the network's size and colour.

        Raises:
            SourceError: the picture cannot be read.
        """
        picture, face = self.find(sample)
        return None if face is None else cut_face(picture, face, self.alignment, self.preprocess)


@dataclass(frozen=True)
class Crops:
    """A way to cut the faces of one data set, for any model."""

    name: str
    """Printed beside every figure: ``direct``, ``whole`` or ``detected (yunet)``."""
    find: FaceFinder | None

    def crop_of(self, alignment: AlignmentSpec, preprocess: PreprocessSpec) -> CropOf:
        """Return the function that cuts for one model."""
        return DetectedCrops(self.find, alignment, preprocess) if self.find else Sample.pixels


def choose_crops(manifest: Manifest, crops: str = BY_DATASET, detector: str = EVALUATION_DETECTOR, threads: int = 1) -> Crops:
    """Return how the faces of a data set are cut.

    Args:
        crops: ``direct``, ``detect``, or ``auto``: ``detect`` where the data set's pictures show more than the face.

    Raises:
        ConfigError: no such way to cut.
        UnknownNameError: no such detector.
        ModelFileError: the detector's model file cannot be had.
    """
    if crops not in (DIRECT, DETECT, BY_DATASET):
        raise ConfigError(f"--crops {crops!r}: expected {DIRECT}, {DETECT} or {BY_DATASET}.")
    if crops == DIRECT or (crops == BY_DATASET and manifest.crops != WHOLE):
        if crops == BY_DATASET and (line := describe_photographs(manifest)):
            log.warning("%s", line)
        return Crops(manifest.crops, None)
    return Crops(f"detected ({detector})", FaceFinder(create_detector(detector, threads=threads)))
