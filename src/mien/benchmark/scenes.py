"""The frames that whole-frame measurements look at: composed from the two shipped portraits, the same on every machine.

One face fills a webcam's picture as that of a person at a desk does. More faces stand in the tiles of a video call, some
mirrored, some darker, none the same size. No face is the astronaut's suit: full of edges, badges and a helmet, since a bare
wall would flatter detectors that give up early.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np

from mien.errors import UnknownNameError
from mien.pictures import read_picture
from mien.types import UInt8

SIZES_WH: dict[str, tuple[int, int]] = {"480p": (640, 480), "720p": (1280, 720), "1080p": (1920, 1080)}
# Where faces stand in the portraits, by eye: middle and height from chin to hair, in pixels.
_FACES = {"astronaut.jpg": ((223, 120), 115), "grace_hopper.jpg": ((267, 230), 215)}
_WITHOUT_FACE = ("astronaut.jpg", (256, 355), 290)
_LONE_FACE_CENTER_XY = (256, 152)
"""Of the frame, in the portrait: the face stands left of the middle and above it, and the portrait fills the frame."""
_LONE_FACE_SHARE = 0.38
"""Of the frame's height, for the face of a single person."""
_TILE_FACE_SHARE = 0.6
"""Of a tile's height."""


@dataclass(frozen=True, eq=False)
class Scene:
    """One frame to measure."""

    size: str
    """``480p``, ``720p`` or ``1080p``."""
    num_faces: int
    image: UInt8
    """(H, W, 3) RGB."""

    @property
    def name(self) -> str:
        """For instance ``480p-5``."""
        return f"{self.size}-{self.num_faces}"


def make_scene(size: str, num_faces: int) -> Scene:
    """Compose a frame with ``num_faces`` faces.

    Raises:
        UnknownNameError: no such size.
    """
    if size not in SIZES_WH:
        raise UnknownNameError("Frame size", size, SIZES_WH)
    width, height = SIZES_WH[size]
    name, center_xy, region_height = _WITHOUT_FACE
    if num_faces == 0:
        image = _view(name, center_xy, height / region_height, (width, height))
    elif num_faces == 1:
        scale = _LONE_FACE_SHARE * height / _FACES["astronaut.jpg"][1]
        image = _view("astronaut.jpg", _LONE_FACE_CENTER_XY, scale, (width, height))
    else:
        image = _gallery(num_faces, (width, height))
    return Scene(size, num_faces, image)


def _gallery(num_faces: int, size_wh: tuple[int, int]) -> UInt8:
    """Return a frame of equal tiles with one portrait each; tiles that are left over show no face."""
    columns = int(np.ceil(np.sqrt(num_faces)))
    rows = int(np.ceil(num_faces / columns))
    xs = np.linspace(0, size_wh[0], columns + 1).round().astype(int)
    ys = np.linspace(0, size_wh[1], rows + 1).round().astype(int)
    image = np.empty((size_wh[1], size_wh[0], 3), np.uint8)
    for index in range(rows * columns):
        row, column = divmod(index, columns)
        part = image[ys[row] : ys[row + 1], xs[column] : xs[column + 1]]
        part[:] = _tile(index, index < num_faces, (part.shape[1], part.shape[0]))
    return image


def _tile(index: int, has_face: bool, size_wh: tuple[int, int]) -> UInt8:
    """Return one tile, which differs from its neighbours in person, side, size and light."""
    if not has_face:
        name, center_xy, region_height = _WITHOUT_FACE
        return _view(name, center_xy, size_wh[1] / region_height, size_wh)
    name = list(_FACES)[index % 2]
    center_xy, face_height = _FACES[name]
    size_share = (1.0, 0.9, 1.1)[index % 3]
    tile = _view(name, center_xy, _TILE_FACE_SHARE * size_share * size_wh[1] / face_height, size_wh)
    if index % 4 >= 2:
        tile = tile[:, ::-1]
    return cv2.convertScaleAbs(tile, alpha=(1.0, 0.85, 0.7)[index // 2 % 3]).astype(np.uint8, copy=False)


def _view(name: str, center_xy: tuple[int, int], scale: float, size_wh: tuple[int, int]) -> UInt8:
    """Return a portrait seen through a window: scaled, with one of its points in the middle; borders are mirrored."""
    portrait = _portrait(name)
    matrix = np.array([[scale, 0, size_wh[0] / 2 - scale * center_xy[0]], [0, scale, size_wh[1] / 2 - scale * center_xy[1]]])
    if scale < 1:  # bilinear sampling alone would leave jagged edges
        blur = 0.4 / scale
        portrait = cv2.GaussianBlur(portrait, (0, 0), blur).astype(np.uint8, copy=False)
    return cv2.warpAffine(portrait, matrix, size_wh, borderMode=cv2.BORDER_REFLECT_101).astype(np.uint8, copy=False)


@cache
def _portrait(name: str) -> UInt8:
    return read_picture(Path(str(files("mien") / "media" / name)))
