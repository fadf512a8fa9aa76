"""YuNet (Wu et al. 2023) through OpenCV's own class: the best of the four on pictures and on turned faces."""

from pathlib import Path

import cv2
import numpy as np

from mien.detection.resize import reduce_to
from mien.errors import ModelFileError
from mien.types import Face, Policy, UInt8

# OpenCV's default of 0.9 loses three quarters of the faces turned by 45 degrees.
SCORE_THRESHOLD = 0.7
OVERLAP_THRESHOLD = 0.3
# Below this OpenCV 4.14 returns boxes of random size with confidence 1; such pictures are padded with black.
MIN_SIDE_PX = 64


MAX_SIDE_PX: dict[Policy, int] = {"picture": 1280, "camera": 320}


def create(model_path: Path, policy: Policy, threads: int) -> "YuNetDetector":
    """Make the detector for a policy; see ``YuNetDetector``."""
    return YuNetDetector(model_path, MAX_SIDE_PX[policy])


class YuNetDetector:
    """Finds faces of 24 pixels and more in the reduced picture.

    Args:
        max_side_px: The picture is reduced so that its longer side is at most this; it is never enlarged.

    Raises:
        ModelFileError: the file is missing or no YuNet.
    """

    def __init__(self, model_path: Path, max_side_px: int) -> None:
        try:
            # From memory, since OpenCV's own file access knows no names beyond ASCII on Windows.
            content = np.frombuffer(model_path.read_bytes(), np.uint8)
            self._network = cv2.FaceDetectorYN.create(
                "onnx", content, np.empty(0, np.uint8), (320, 320), SCORE_THRESHOLD, OVERLAP_THRESHOLD
            )
            # A foreign ONNX file loads, and fails only when it runs.
            self._network.detect(np.zeros((320, 320, 3), np.uint8))
        except (cv2.error, OSError) as error:
            raise ModelFileError(
                f"{model_path}: not a readable YuNet model. Expected OpenCV Zoo's face_detection_yunet .onnx file."
            ) from error
        self._max_side_px = max_side_px

    def __call__(self, image: UInt8) -> list[Face]:
        """Return the faces of an (H, W, 3) RGB picture, the surest first."""
        picture, scale = reduce_to(image, self._max_side_px)
        below, beside = (max(0, MIN_SIDE_PX - side) for side in picture.shape[:2])
        if below or beside:
            picture = cv2.copyMakeBorder(picture, 0, below, 0, beside, cv2.BORDER_CONSTANT).astype(np.uint8, copy=False)
        height, width = picture.shape[:2]
        self._network.setInputSize((width, height))
        _, rows = self._network.detect(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        if rows is None:
            return []
        faces = [_face_of(row.astype(np.float64), scale) for row in rows]
        return sorted(faces, key=lambda face: -face.confidence)


def _face_of(row: np.ndarray, scale: float) -> Face:
    """Read one of OpenCV's rows: x, y, w, h, right eye, left eye, nose, right and left mouth corner, score."""
    x, y, width, height = row[:4]
    points = row[4:14].reshape(5, 2)
    landmarks = np.stack([points[0], points[1], points[2], (points[3] + points[4]) / 2])
    box = np.array([x, y, x + width, y + height])
    return Face(box / scale, landmarks / scale, confidence=float(np.clip(row[14], 0, 1)))
