"""MediaPipe's face mesh: 468 points on a face that a detector has found (arXiv 1907.06724)."""

from pathlib import Path

import numpy as np

from mien import hub
from mien.alignment import AlignmentSpec, face_square
from mien.errors import ModelFileError
from mien.preprocess import PreprocessSpec, cut, normalize
from mien.runtime.litert import LiteRTNetwork
from mien.types import Face, Float, UInt8

NUM_POINTS = 468
MIN_PRESENCE = 0.5
_INPUT = PreprocessSpec(color="rgb", size_hw=(192, 192), mean=(0.0,) * 3, std=(1.0,) * 3)
# The network was trained on squares half as wide again as the detector's box, with level eyes.
_FRAME = AlignmentSpec(eye_distances=3.4, center_below_eyes=0.55)

OUTLINES: dict[str, tuple[int, ...]] = {
    "right_eye": (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    "left_eye": (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249),
    "nose": (168, 417, 465, 343, 437, 420, 278, 327, 2, 98, 48, 198, 217, 114, 245, 193),
    "mouth": (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146),
    "face": (
        *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
        *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
    ),
}
"""Points around each part, in order; right and left are the person's own."""


class FaceMesh:
    """Finds 468 points on a face. Not safe to share between threads.

    Args:
        model_path: The mesh's file; fetched on first use where it is not given.

    Raises:
        ModelFileError: the file is missing, foreign or cannot be fetched.
    """

    def __init__(self, model_path: Path | None = None, threads: int = 1, may_fetch: bool = True) -> None:
        path = model_path or (hub.fetch("face_mesh") if may_fetch else hub.cached("face_mesh"))
        if path is None:
            raise ModelFileError(f"{hub.ROWS['face_mesh'].file_name} is not in {hub.cache_dir()}.")
        self._network = LiteRTNetwork(path, threads)
        sizes = sorted(int(np.prod(shape)) for shape in self._network.output_shapes)
        if self._network.input_shape != (1, 192, 192, 3) or sizes != [1, 3 * NUM_POINTS]:
            raise ModelFileError(f"{path}: not the face mesh. Expected 192x192 RGB in, 468 points and one score out.")

    def __call__(self, image: UInt8, face: Face) -> Float | None:
        """Return (468, 2) points in pixels of the (H, W, 3) RGB picture, or None where the network sees no face."""
        square = face_square(face, _FRAME)
        values = normalize(cut(image, square, _INPUT), _INPUT)[np.newaxis]
        outputs = {output.size: output.ravel() for output in self._network(values)}
        presence = 1 / (1 + np.exp(-float(outputs[1][0])))
        if presence < MIN_PRESENCE:
            return None
        right_down = (outputs[3 * NUM_POINTS].reshape(NUM_POINTS, 3)[:, :2] / _INPUT.side - 0.5) * square.side
        cos, sin = np.cos(square.angle_rad), np.sin(square.angle_rad)
        points: Float = right_down @ np.array([[cos, sin], [-sin, cos]]) + np.array(square.center_xy)
        return points
