"""BlazeFace (Bazarevsky et al. 2019), short and full range, through LiteRT.

The networks answer for a fixed grid of anchors, the SSD anchors of MediaPipe's published graphs: all of size 1 and
centred in their cells, so that decoding is an offset from a cell's centre. Overlapping answers are averaged, weighted by
their scores, which steadies boxes and points over time (section 3 of the paper).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mien.errors import ModelFileError
from mien.geometry import coverage, overlap
from mien.runtime.litert import LiteRTNetwork
from mien.types import Face, Float, Policy, UInt8

SCORE_THRESHOLD = 0.6
# Tiles show parts of things, some of which look a little like faces.
TILE_SCORE_THRESHOLD = 0.7
# Smaller answers lie below what the networks were made for, and are noise.
MIN_FACE_PX = 16
OVERLAP_THRESHOLD = 0.3
# Tiles cut faces at their borders: a box mostly inside a surer one is the same face.
COVERAGE_THRESHOLD = 0.6
_LOGIT_LIMIT = 100.0


@dataclass(frozen=True)
class BlazeFaceSpec:
    """One published variant."""

    input_side: int
    strides_and_anchors: tuple[tuple[int, int], ...]
    """(stride in input pixels, anchors per cell), in the order of the network's rows."""


SHORT_RANGE = BlazeFaceSpec(128, ((8, 2), (16, 6)))
FULL_RANGE = BlazeFaceSpec(192, ((4, 1),))


# On pictures full range also looks at tiles of a half and a quarter, for small faces.
TILE_LEVELS: dict[Policy, int] = {"picture": 3, "camera": 1}


def create_short_range(model_path: Path, policy: Policy, threads: int) -> "BlazeFaceDetector":
    """Make the short-range detector; see ``BlazeFaceDetector``."""
    return BlazeFaceDetector(model_path, SHORT_RANGE, threads=threads)


def create_full_range(model_path: Path, policy: Policy, threads: int) -> "BlazeFaceDetector":
    """Make the full-range detector for a policy; see ``BlazeFaceDetector``."""
    return BlazeFaceDetector(model_path, FULL_RANGE, TILE_LEVELS[policy], threads)


class BlazeFaceDetector:
    """Finds faces turned by up to a quarter in the plane, 32 (short range) or 24 (full range) pixels high in the network's input.

    Args:
        tile_levels: 1 looks at the whole picture only; each further level halves the tiles, to find smaller faces.

    Raises:
        ModelFileError: the file is missing or not this variant.
    """

    def __init__(self, model_path: Path, spec: BlazeFaceSpec, tile_levels: int = 1, threads: int = 1) -> None:
        self._network = LiteRTNetwork(model_path, threads)
        self._anchors = anchor_centers(spec)
        self._spec = spec
        self._tile_levels = tile_levels
        shapes = {shape[-1]: shape for shape in self._network.output_shapes}
        expected = {16: (1, len(self._anchors), 16), 1: (1, len(self._anchors), 1)}
        if self._network.input_shape != (1, spec.input_side, spec.input_side, 3) or shapes != expected:
            raise ModelFileError(
                f"{model_path}: not this BlazeFace variant. Expected an input of {spec.input_side}x{spec.input_side} and "
                f"{len(self._anchors)} anchors, got {self._network.input_shape} and {self._network.output_shapes}."
            )

    def __call__(self, image: UInt8) -> list[Face]:
        """Return the faces of an (H, W, 3) RGB picture, the surest first."""
        height, width = image.shape[:2]
        whole, *parts = tiles(height, width, self._tile_levels, self._spec.input_side)
        rows = [self._detect_tile(image, *whole, SCORE_THRESHOLD)]
        rows += [self._detect_tile(image, *part, TILE_SCORE_THRESHOLD) for part in parts]
        return merge(np.concatenate(rows))

    def _detect_tile(self, image: UInt8, x: int, y: int, side: int, threshold: float) -> Float:
        """Return (n, 13) rows (box, 4 landmarks, score) in pixels of the picture, of one square of it."""
        input_side = self._spec.input_side
        part = image[max(y, 0) : y + side, max(x, 0) : x + side]
        scale = input_side / side
        left, top = round(max(-x, 0) * scale), round(max(-y, 0) * scale)
        width = min(max(1, round(part.shape[1] * scale)), input_side - left)
        height = min(max(1, round(part.shape[0] * scale)), input_side - top)
        canvas = np.zeros((input_side, input_side, 3), np.uint8)
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        canvas[top : top + height, left : left + width] = cv2.resize(part, (width, height), interpolation=interpolation)
        outputs = {output.shape[-1]: output[0] for output in self._network(canvas[np.newaxis] * np.float32(2 / 255) - np.float32(1))}
        rows = decode(outputs[16], outputs[1][:, 0], self._anchors, threshold)
        # Back by the sizes that rounding really gave, so that points do not drift.
        rows[:, 0:12:2] = (rows[:, 0:12:2] - left) * (part.shape[1] / width) + max(x, 0)
        rows[:, 1:12:2] = (rows[:, 1:12:2] - top) * (part.shape[0] / height) + max(y, 0)
        return rows


def anchor_centers(spec: BlazeFaceSpec) -> Float:
    """Return (A, 2) centres of the anchors in input pixels, row by row, in the order of the network's answers."""
    centers = []
    for stride, num_anchors in spec.strides_and_anchors:
        cells = (np.arange(spec.input_side // stride) + 0.5) * stride
        ys, xs = np.meshgrid(cells, cells, indexing="ij")
        centers.append(np.repeat(np.stack([xs.ravel(), ys.ravel()], axis=1), num_anchors, axis=0))
    return np.concatenate(centers)


def decode(regressors: Float, logits: Float, anchors: Float, threshold: float) -> Float:
    """Return the answers above a threshold as (n, 13) rows: box (x1 y1 x2 y2), 4 landmarks (x y), score.

    Args:
        regressors: (A, 16) box centre and size, then six points, relative to the anchor's centre, in input pixels.
        logits: (A,) before the sigmoid.
    """
    scores = 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -_LOGIT_LIMIT, _LOGIT_LIMIT)))
    chosen = (scores >= threshold) & (regressors[:, 3] >= MIN_FACE_PX)
    values, centers = regressors[chosen].astype(np.float64), anchors[chosen]
    middle, size = values[:, :2] + centers, values[:, 2:4]
    # Of the six points, the last two are the ears.
    points = values[:, 4:12].reshape(-1, 4, 2) + centers[:, np.newaxis]
    return np.column_stack([middle - size / 2, middle + size / 2, points.reshape(-1, 8), scores[chosen]])


def merge(rows: Float) -> list[Face]:
    """Turn overlapping answers into one face each, the average weighted by score, the surest first."""
    rest = rows[np.argsort(-rows[:, 12])]
    faces = []
    while len(rest):
        shared = overlap(rest[0, :4], rest[:, :4])
        same = (shared > OVERLAP_THRESHOLD) | (coverage(rest[0, :4], rest[:, :4]) > COVERAGE_THRESHOLD)
        group = rest[shared > OVERLAP_THRESHOLD]
        mean = np.average(group[:, :12], axis=0, weights=group[:, 12])
        faces.append(Face(mean[:4], mean[4:].reshape(4, 2), confidence=float(rest[0, 12])))
        rest = rest[~same]
    return faces


def tiles(height: int, width: int, levels: int, min_side: int) -> Sequence[tuple[int, int, int]]:
    """Return squares (x, y, side) that cover a picture: one around all of it, then halved at each further level.

    The squares of a level overlap by a quarter at least, so that a face cut by one lies whole in its neighbour. Levels
    whose squares would be smaller than ``min_side`` are left out: enlarging shows nothing new.
    """
    longer = max(height, width)
    squares = [((width - longer) // 2, (height - longer) // 2, longer)]
    for level in range(1, levels):
        side = round(longer / 2**level * 1.15)
        if side < min_side:
            break
        xs, ys = _starts(width, side), _starts(height, side)
        squares += [(x, y, side) for y in ys for x in xs]
    return squares


def _starts(length: int, side: int, shared: float = 0.25) -> list[int]:
    """Return evenly spaced starts of stretches of ``side`` that cover ``length`` and overlap by ``shared`` at least."""
    if length <= side:
        return [(length - side) // 2]
    count = int(np.ceil((length - side) / (side * (1 - shared)))) + 1
    return [round(start) for start in np.linspace(0, length - side, count)]
