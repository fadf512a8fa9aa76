"""From a picture to readings: detect, cut, classify."""

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from mien.alignment import AlignmentSpec, cut_face
from mien.card import DEFAULT_BUNDLE, Bundle, open_trained
from mien.detection.catalog import NamedDetector, create_detector
from mien.errors import ConfigError, SourceError
from mien.labels import LabelSet
from mien.pictures import PictureSource, read_picture
from mien.preprocess import PreprocessSpec, check_frame, check_picture
from mien.runtime.classifier import BundleClassifier, with_mirror_images
from mien.types import Classifier, Detector, Face, Float, Policy, Reading, UInt8


@dataclass(frozen=True)
class Pipeline:
    """The stages between a frame and its readings; each is a plain callable."""

    detect: Detector
    classify: Classifier
    labels: LabelSet
    alignment: AlignmentSpec
    preprocess: PreprocessSpec
    abstain_below: float = 0.0

    def __call__(self, image: UInt8) -> list[Reading]:
        """Return one reading per face of an (H, W, 3) RGB picture, the surest detection first.

        Raises:
            SourceError: the picture is not that.
        """
        check_frame(image)
        return self.read_faces(image, self.detect(image))

    def read_faces(self, image: UInt8, faces: Sequence[Face]) -> list[Reading]:
        """Return one reading per face that was found in an (H, W, 3) RGB picture, in their order."""
        crops = [cut_face(image, face, self.alignment, self.preprocess) for face in faces]
        scores = self.classify(crops)
        return [self.read(face, row, int(np.argmax(row))) for face, row in zip(faces, scores, strict=True)]

    def read(self, face: Face, scores: Float, shown: int, track_id: int = -1) -> Reading:
        """Return the reading of a face.

        Args:
            scores: (K,) in label order.
            shown: Index of the label that is named.
        """
        return Reading(
            box_xyxy=face.box_xyxy,
            landmarks_xy=face.landmarks_xy,
            detection_confidence=face.confidence,
            expression=self.labels[shown],
            probability=float(scores[shown]),
            scores=scores,
            uncertain=bool(scores[shown] < self.abstain_below),
            labels=self.labels,
            track_id=track_id,
        )


class HasPipeline(Protocol):
    """What a ``PartReader`` and a ``Watcher`` need of a recogniser."""

    pipeline: Pipeline


def _check_faces(faces: object, whose: str) -> Sequence[Face]:
    """Return faces that mien did not find, or raise ConfigError."""
    if not isinstance(faces, Sequence) or not all(isinstance(face, Face) for face in faces):
        raise ConfigError(
            f"{whose}: expected a sequence of mien.Face, got {faces!r:.80}. Of boxes, Face.of_box and Face.of_xywh make them."
        )
    return faces


def _checked(detect: Detector) -> Detector:
    return lambda image: _check_faces(detect(image), "The detector's answer")


def _check_threads(threads: int) -> int:
    """Return a plain int, of NumPy's too, or raise ConfigError; runtimes blame their file, or take nonsense silently."""
    try:
        number = operator.index(threads)
    except TypeError:
        number = 0
    if number < 1:
        raise ConfigError(f"threads must be a whole number from 1, got {threads!r}.")
    return number


class Recognizer:
    """Finds the faces in pictures and reads their expressions.

    Threads may share one: they take turns. For speed, make one per thread.

    Attributes:
        bundle: The model with its card.
        file: Name of the file that runs.
        detector: Name of what finds the faces; of ``auto``, of what is at work here.
        pipeline: Its stages, for a ``Watcher``.

    Args:
        model: Name of a shipped bundle, or the folder of one.
        file: Which file of the bundle runs, for instance ``float32`` or ``int8``; ``quick`` takes int8 where there is one.
        detector: ``auto``, ``yunet``, ``blazeface``, ``blazeface_full`` or ``haar``; or your own, which takes an (H, W, 3) RGB
            picture and returns a ``Face`` for each one in it.
        detector_model: Model file of the detector, instead of the one mien fetches on first use.
        threads: CPU threads of each LiteRT network.
        policy: ``picture`` finds all faces, ``camera`` near ones in every frame.
        may_fetch: Whether a detector's missing model file may be downloaded.
        mirrored: Read every face and its mirror image, and take the mean score: steadier, at twice the work of the network.

    Raises:
        UnknownNameError: the catalog has no such bundle, file, detector or policy.
        ModelFileError: a model file is missing, foreign, damaged or cannot be fetched.
        ConfigError: the bundle's card is not valid, ``threads`` is not a number from 1, or a detector of your own was given a model file.
    """

    def __init__(
        self,
        model: str | Path = DEFAULT_BUNDLE,
        file: str = "float32",
        detector: str | Detector = "auto",
        detector_model: str | Path | None = None,
        threads: int = 1,
        policy: Policy = "picture",
        may_fetch: bool = True,
        mirrored: bool = False,
    ) -> None:
        self._made_of = (model, file, detector, detector_model, threads, policy, may_fetch, mirrored)
        threads = _check_threads(threads)
        self.bundle: Bundle = open_trained(model)
        card = self.bundle.card
        self.file = card.file_name(file)
        if callable(detector):
            if detector_model is not None:
                raise ConfigError("detector_model goes with the name of a detector; one of your own brings its model itself.")
            detect = NamedDetector("own", _checked(detector))
        else:
            detect = create_detector(detector, policy, Path(detector_model) if detector_model else None, threads, may_fetch)
        self.detector = detect.name
        classify: Classifier = BundleClassifier(self.bundle, self.file, threads)
        self.pipeline = Pipeline(
            detect=detect,
            classify=with_mirror_images(classify) if mirrored else classify,
            labels=card.labels,
            alignment=card.alignment,
            preprocess=card.preprocess,
            abstain_below=card.calibration.abstain_below,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies, and those in other processes, are made anew of the same arguments."""
        return type(self), self._made_of

    @property
    def labels(self) -> LabelSet:
        """Expression names, in the order of every ``scores``."""
        return self.bundle.card.labels

    def __call__(self, picture: PictureSource) -> list[Reading]:
        """Return one reading per face, the surest detection first; no face is an empty list.

        Args:
            picture: Path of a file, the bytes of one, array (H, W, 3) RGB or (H, W) grey in uint8, or PIL picture.

        Raises:
            SourceError: the picture cannot be read.
        """
        return self.pipeline(read_picture(picture))

    def read(self, picture: PictureSource, faces: Sequence[Face]) -> list[Reading]:
        """Return one reading per face that another detector found, in their order.

        Args:
            picture: As for calling the recogniser.
            faces: Their four points decide how a face is cut; see ``Face.of_box`` where only a box is known.

        Raises:
            SourceError: the picture cannot be read.
            ConfigError: something else than faces, or one that lies outside the picture.
        """
        image = read_picture(picture)
        height, width = image.shape[:2]
        for face in _check_faces(faces, "faces"):
            left, top, right, bottom = face.box_xyxy
            if left >= width or top >= height or right <= 0 or bottom <= 0:
                raise ConfigError(f"A face's box {face.box_xyxy.tolist()} lies outside the picture of {width}x{height} pixels.")
        return self.pipeline.read_faces(image, faces)

    def classify(self, crops: UInt8 | Sequence[UInt8]) -> Float:
        """Return (N, K) scores of faces that are already cut out; rows sum to 1.

        Args:
            crops: N faces, in a sequence or stacked; each (h, w) grey or (h, w, 3) RGB uint8, framed as ``bundle.card.alignment`` says:
                a square with the eyes level, its side in eye distances, its middle so many of them below the eyes. Square boxes of Haar
                or MediaPipe and the aligned faces of face recognition are framed nearly so. Give higher boxes to ``read``, and pictures
                that show more than the face to the recogniser itself.

        Raises:
            SourceError: a crop has another shape or type, or one face is given alone.
        """
        if isinstance(crops, np.ndarray) and (crops.ndim == 2 or (crops.ndim == 3 and crops.shape[-1] == 3)):
            raise SourceError(f"An array of shape {crops.shape} is one face. Put it in a list: classify([face]).")
        for crop in crops:
            check_picture(crop)
        return self.pipeline.classify(list(crops))
