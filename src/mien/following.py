"""Following a face from frame to frame without detecting it: by the motion of its own pixels.

The face is kept as it was when it was last detected: a small upright grey patch. In a new frame the same patch is
cut where the face should be, and optical flow on a grid of points says how far it is off. Since every frame is
compared with the detected one and not with its neighbour, errors do not add up; and how much the two patches are
alike says whether the face is still there.

Places are complex numbers, x + iy, and a patch lies in its picture by ``scale_turn * z + shift``: turning, scaling and
joining motions are then plain products.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from mien.alignment import AlignmentSpec, face_square
from mien.types import Face, Float, UInt8

SIDE_PX = 64
_HALF_PIXEL = 0.5 + 0.5j
_CENTER = complex(SIDE_PX / 2, SIDE_PX / 2)
_FRAMING = AlignmentSpec()
# The grid stays clear of the patch's border, where the background shows.
_GRID = np.linspace(14, SIDE_PX - 15, 4)
_POINTS = np.stack(np.meshgrid(_GRID, _GRID), axis=-1).reshape(-1, 1, 2).astype(np.float32)
_POINTS_COMPLEX = _POINTS[:, 0, 0] + 1j * _POINTS[:, 0, 1] + _HALF_PIXEL
_WINDOW_PX = (11, 11)
_PYRAMID_LEVELS = 2
MIN_POINTS = 7
MAX_RESIDUAL_PX = 2.0
DESCRIPTOR_SIDE = 16


@dataclass(frozen=True)
class Placement:
    """Where a patch lies in a picture: pixel z of the patch is pixel ``scale_turn * z + shift`` of the picture."""

    scale_turn: complex
    shift: complex

    @property
    def center(self) -> complex:
        """The patch's middle, in pixels of the picture."""
        return self.scale_turn * _CENTER + self.shift

    @property
    def side(self) -> float:
        """The patch's side, in pixels of the picture."""
        return abs(self.scale_turn) * SIDE_PX

    def moved(self, by: complex) -> "Placement":
        """Return the placement shifted by so many pixels of the picture."""
        return replace(self, shift=self.shift + by)


@dataclass(frozen=True, eq=False)
class Anchor:
    """A face as it was detected, to be found again."""

    face: Face
    patch: UInt8
    """(64, 64) grey, eyes level, framed as for the classifier."""
    placement: Placement
    descriptor: Float
    """(256,) the patch, small, with mean 0 and length 1: products of two say how much they are alike, -1..1."""


def make_anchor(image: UInt8, face: Face) -> Anchor:
    """Keep what a detected face looks like."""
    placement = placement_of(face)
    patch = sample_patch(image, placement)
    return Anchor(face, patch, placement, describe(patch))


def placement_of(face: Face) -> Placement:
    """Return where the patch of a face lies."""
    square = face_square(face, _FRAMING)
    scale_turn = complex(square.side / SIDE_PX * np.exp(1j * square.angle_rad))
    return Placement(scale_turn, complex(*square.center_xy) - scale_turn * _CENTER)


def sample_patch(image: UInt8, placement: Placement) -> UInt8:
    """Return the (64, 64) grey patch that lies there; outside the picture its edge goes on."""
    a, b = placement.scale_turn, placement.scale_turn * _HALF_PIXEL + placement.shift - _HALF_PIXEL
    matrix = np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    patch = cv2.warpAffine(image, matrix, (SIDE_PX, SIDE_PX), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


def describe(patch: UInt8) -> Float:
    """Return (256,) values of a patch that do not change with brightness and contrast."""
    small = cv2.resize(patch, (DESCRIPTOR_SIDE, DESCRIPTOR_SIDE), interpolation=cv2.INTER_AREA).astype(np.float64).ravel()
    small -= small.mean()
    descriptor: Float = small / max(float(np.linalg.norm(small)), 1e-9)
    return descriptor


def follow(anchor: Anchor, image: UInt8, guess: Placement) -> tuple[Placement, float] | None:
    """Find an anchored face near ``guess``; return where it lies and how much it is alike, or None where it is not to be found.

    The face may have moved by a fifth of its size from the guess.
    """
    seen = sample_patch(image, guess)
    start = np.empty_like(_POINTS)
    ends, is_found, _ = cv2.calcOpticalFlowPyrLK(anchor.patch, seen, _POINTS, start, winSize=_WINDOW_PX, maxLevel=_PYRAMID_LEVELS)
    chosen = is_found[:, 0] == 1
    if chosen.sum() < MIN_POINTS:
        return None
    targets = ends[chosen, 0, 0] + 1j * ends[chosen, 0, 1] + _HALF_PIXEL
    motion = _fit_motion(_POINTS_COMPLEX[chosen], targets)
    if motion is None:
        return None
    turn, shift = motion
    placement = Placement(guess.scale_turn * turn, guess.scale_turn * shift + guess.shift)
    likeness = float(anchor.descriptor @ describe(sample_patch(image, placement)))
    return placement, likeness


def _fit_motion(starts: npt.NDArray[np.complex128], ends: npt.NDArray[np.complex128]) -> tuple[complex, complex] | None:
    """Return turn and shift of most points, after those that went elsewhere are left out."""
    turn, shift = _least_squares(starts, ends)
    residuals = np.abs(turn * starts + shift - ends)
    kept = residuals <= max(2 * float(np.median(residuals)), 0.3)
    if kept.sum() < MIN_POINTS:
        return None
    turn, shift = _least_squares(starts[kept], ends[kept])
    if float(np.median(np.abs(turn * starts[kept] + shift - ends[kept]))) > MAX_RESIDUAL_PX:
        return None
    return turn, shift


def _least_squares(starts: npt.NDArray[np.complex128], ends: npt.NDArray[np.complex128]) -> tuple[complex, complex]:
    start_mean, end_mean = starts.mean(), ends.mean()
    around = starts - start_mean
    turn = complex(np.vdot(around, ends - end_mean) / np.vdot(around, around).real)
    return turn, complex(end_mean - turn * start_mean)


def face_at(anchor: Anchor, placement: Placement) -> Face:
    """Return the anchored face, its box and landmarks moved to where its patch lies now."""
    turn = placement.scale_turn / anchor.placement.scale_turn
    shift = placement.shift - turn * anchor.placement.shift
    points = anchor.face.landmarks_xy
    moved = turn * (points[:, 0] + 1j * points[:, 1]) + shift
    x1, y1, x2, y2 = anchor.face.box_xyxy
    middle, half = turn * complex((x1 + x2) / 2, (y1 + y2) / 2) + shift, abs(turn) * np.array([x2 - x1, y2 - y1]) / 2
    center = np.array([middle.real, middle.imag])
    return Face(np.concatenate([center - half, center + half]), np.stack([moved.real, moved.imag], axis=1), anchor.face.confidence)
