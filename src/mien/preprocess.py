"""The one preprocessing: from pixels to a network's input, for training, calibration, evaluation and inference.

Every step is exact arithmetic that another language can repeat (the browser does):

1. luma: ``floor(.299 R + .587 G + .114 B + .5)``, when the network wants grey;
2. area reduction: when the wanted square is more than twice the input size, the picture is first averaged
   over k x k blocks, k the largest integer that keeps the square at least as large as the input. The blocks start at
   the top left of the square's neighbourhood: its centre minus (0.75 sides + 2), rounded down, within the picture;
   partial blocks at the other end repeat the edge;
3. one bilinear sample per output pixel; outside the picture the nearest edge pixel is taken;
4. where the spec says so, the histogram of the grey crop is equalised;
5. ``(pixel * scale - mean) / std`` in float32.

With ``center_share`` below 1, the middle of a face crop is what steps 2 and 3 see.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from mien.errors import SourceError
from mien.types import Float, UInt8

GRAY = ("gray", "gray_rgb")
"""Colours of a network's input that know no colours."""
Float32 = npt.NDArray[np.float32]

_WAYS_TO_UINT8 = {"f": "Floats in 0..1: (255 * picture).round().astype('uint8').", "u": "16 bits: (picture // 257).astype('uint8')."}
_WAYS_TO_3_CHANNELS = {4: " Drop the fourth channel: picture[..., :3].", 1: " Drop the last axis: picture[..., 0]."}


@dataclass(frozen=True)
class PreprocessSpec:
    """How pixels become a network's input; stored in the card of every bundle."""

    color: str
    """``gray``, ``rgb``, or ``gray_rgb``: grey, repeated to three channels, for networks that take colour."""
    size_hw: tuple[int, int]
    """Height and width of the input, in pixels; mien's networks are square."""
    mean: tuple[float, ...]
    """Per channel, after scaling."""
    std: tuple[float, ...]
    """Per channel, after scaling."""
    scale: float = 1 / 255
    interpolation: str = "area_then_bilinear"
    center_share: float = 1.0
    """Share of the face crop's side, around its middle, that the network sees; below 1 for one trained on smaller crops."""
    histogram: str = "keep"
    """``keep``, or ``equalize`` the grey levels of every crop."""

    def __post_init__(self) -> None:
        if self.color not in ("gray", "rgb", "gray_rgb"):
            raise ValueError(f"color must be 'gray', 'rgb' or 'gray_rgb', got {self.color!r}")
        if len(self.mean) != self.channels or len(self.std) != self.channels:
            raise ValueError(f"mean and std need {self.channels} values for {self.color!r}, got {self.mean} and {self.std}")
        if not all(0 < value < np.inf for value in (*self.std, self.scale)):
            raise ValueError(f"std and scale must be above 0, got {self.std} and {self.scale}")
        if not np.isfinite(self.mean).all():
            raise ValueError(f"mean must be finite, got {self.mean}")
        if self.interpolation != "area_then_bilinear":
            raise ValueError(f"interpolation must be 'area_then_bilinear', got {self.interpolation!r}")
        if not 0 < self.center_share <= 1:
            raise ValueError(f"center_share must lie in 0..1, got {self.center_share}")
        if self.histogram not in ("keep", "equalize"):
            raise ValueError(f"histogram must be 'keep' or 'equalize', got {self.histogram!r}")
        if self.histogram == "equalize" and self.color != "gray":
            raise ValueError("histogram = 'equalize' needs color = 'gray'")
        height, width = self.size_hw
        if height != width or height < 1:
            raise ValueError(f"size_hw must be square and positive, got {self.size_hw}")

    @property
    def channels(self) -> int:
        """1 for grey, 3 for RGB and repeated grey."""
        return 1 if self.color == "gray" else 3

    @property
    def side(self) -> int:
        """Side of the square input, in pixels."""
        return self.size_hw[0]

    @property
    def face_side(self) -> int:
        """Side of the whole face, in pixels, of which the input is the middle."""
        return round(self.side / self.center_share)


@dataclass(frozen=True)
class Square:
    """A turned square in a picture, in pixels; pixel (0, 0) spans 0..1, so its centre is (0.5, 0.5)."""

    center_xy: tuple[float, float]
    side: float
    angle_rad: float = 0.0
    """Direction of the square's x axis in the picture; positive turns clockwise on screen."""


def prepare(crops: Sequence[UInt8], spec: PreprocessSpec) -> Float32:
    """Turn faces that are already cut out into a network's input.

    Args:
        crops: N pictures, each (h, w) grey or (h, w, 3) RGB; a rectangle is stretched to the square.

    Returns:
        (N, H, W, C) float32, normalised.

    Raises:
        SourceError: a crop has another shape or is not uint8.
    """
    inputs = np.empty((len(crops), spec.side, spec.side, spec.channels), np.float32)
    for index, crop in enumerate(crops):
        sized = fit(_thin(crop, spec.color), spec.side, spec.center_share)
        inputs[index] = normalize(to_color(sized, spec.color), spec)
    return inputs


def _thin(crop: UInt8, color: str) -> UInt8:
    """Return ``crop`` checked and in as few channels as ``color`` needs; grey is resized before it is repeated."""
    check_picture(crop)
    return luma(crop) if color in GRAY and crop.ndim == 3 else crop


def normalize(pixels: UInt8, spec: PreprocessSpec) -> Float32:
    """Return ``(pixels * scale - mean) / std`` as (..., C) float32; grey pixels gain a channel axis.

    Args:
        pixels: (..., h, w) grey or (..., h, w, 3) RGB. Where the spec says so, each grey picture is equalised first.
    """
    if spec.histogram == "equalize":
        pixels = equalize(pixels)
    values = pixels[..., np.newaxis] if spec.color == "gray" else pixels
    mean, std = np.array(spec.mean, np.float32), np.array(spec.std, np.float32)
    scaled: Float32 = (values.astype(np.float32) * np.float32(spec.scale) - mean) / std
    return scaled


def equalize(pixels: UInt8) -> UInt8:
    """Return grey pictures (..., h, w) whose levels are spread evenly: ``round(255 * (F - F0) / (1 - F0))``.

    F is the share of pixels up to a level, F0 that of the darkest level present; a picture of one level stays as it is.
    """
    if pixels.ndim > 2:
        return np.stack([equalize(picture) for picture in pixels])
    counts = np.bincount(pixels.ravel(), minlength=256)
    below = np.cumsum(counts)
    darkest = below[counts > 0][0]
    if darkest == pixels.size:
        return pixels
    levels = np.floor(255 * np.maximum(below - darkest, 0) / (pixels.size - darkest) + 0.5).astype(np.uint8)
    spread: UInt8 = levels[pixels]
    return spread


def to_color(picture: UInt8, color: str) -> UInt8:
    """Return ``picture`` as grey (h, w), or RGB or repeated grey (h, w, 3).

    Raises:
        SourceError: the picture is neither (h, w) nor (h, w, 3) uint8, or is empty.
    """
    check_picture(picture)
    if color in GRAY and picture.ndim == 3:
        picture = luma(picture)
    if color == "gray":
        return picture
    return np.repeat(picture[..., np.newaxis], 3, axis=2) if picture.ndim == 2 else picture


def check_picture(picture: UInt8) -> None:
    """Raise SourceError unless ``picture`` is uint8, (h, w) or (h, w, 3), and not empty."""
    if picture is None:
        raise SourceError("Expected a NumPy array, got None, which OpenCV returns where it could not read.")
    if not isinstance(picture, np.ndarray):
        raise SourceError(f"Expected a NumPy array, got {type(picture).__name__}.")
    if picture.dtype != np.uint8:
        way = _WAYS_TO_UINT8.get(picture.dtype.kind, "Scale and convert them.")
        raise SourceError(f"Expected uint8 pixels in 0..255, got {picture.dtype}. {way}")
    if picture.ndim not in (2, 3) or (picture.ndim == 3 and picture.shape[2] != 3):
        way = _WAYS_TO_3_CHANNELS.get(picture.shape[2], "") if picture.ndim == 3 else ""
        raise SourceError(f"Expected a picture of shape (h, w) or (h, w, 3), got {picture.shape}.{way}")
    if picture.size == 0:
        raise SourceError(f"Expected a picture with pixels, got shape {picture.shape}.")


def check_frame(image: UInt8) -> None:
    """Raise SourceError unless ``image`` is uint8 of shape (h, w, 3), and not empty."""
    check_picture(image)
    if image.ndim != 3:
        raise SourceError(f"Expected RGB of shape (h, w, 3), got {image.shape}. Grey becomes it by np.repeat(grey[..., None], 3, axis=2).")


def luma(picture_rgb: UInt8) -> UInt8:
    """Return (h, w) grey from (h, w, 3) RGB, with the weights of ITU-R BT.601."""
    # OpenCV's fixed-point sum has 14 fractional bits: within one level of the exact one, and 20 times faster.
    return cv2.cvtColor(np.ascontiguousarray(picture_rgb), cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


def fit(picture: UInt8, side: int, share: float = 1.0) -> UInt8:
    """Stretch a whole picture, or the middle ``share`` of it, to (side, side), channels kept."""
    height, width = picture.shape[:2]
    if (height, width) == (side, side) and share == 1:
        return picture
    steps = ((np.arange(side) + 0.5) / side - 0.5) * share + 0.5
    seen = min(height, width) * share
    reduced, factor = _reduce(picture, max(1, int(seen // side)) if seen > 2 * side else 1)
    xs, ys = np.meshgrid(steps * width / factor, steps * height / factor)
    return sample_bilinear(reduced, xs, ys)


def cut(picture: UInt8, square: Square, spec: PreprocessSpec) -> UInt8:
    """Cut a turned square out of a picture, in the size and colour of a network's input.

    Args:
        picture: (h, w) grey or (h, w, 3) RGB.

    Returns:
        (H, W) grey or (H, W, 3) RGB; what lies outside the picture repeats its nearest edge pixel.
    """
    side = spec.side
    part, center_x, center_y = _neighbourhood(picture, square)
    part = to_color(part, spec.color)
    factor = int(square.side // side) if square.side > 2 * side else 1
    reduced, factor = _reduce(part, factor)
    steps = ((np.arange(side) + 0.5) / side - 0.5) * square.side / factor
    right, down = np.meshgrid(steps, steps)
    cos, sin = np.cos(square.angle_rad), np.sin(square.angle_rad)
    xs = center_x / factor + cos * right - sin * down
    ys = center_y / factor + sin * right + cos * down
    return sample_bilinear(reduced, xs, ys)


def _neighbourhood(picture: UInt8, square: Square) -> tuple[UInt8, float, float]:
    """Return the part of ``picture`` around ``square`` and the square's centre in it; the rest is never read."""
    height, width = picture.shape[:2]
    x, y = square.center_xy
    reach = square.side * 0.75 + 2  # half the diagonal is 0.71 sides
    left, right = _clip_range(x - reach, x + reach, width)
    top, bottom = _clip_range(y - reach, y + reach, height)
    return picture[top:bottom, left:right], x - left, y - top


def _clip_range(low: float, high: float, size: int) -> tuple[int, int]:
    """Return whole pixels that cover low..high, within 0..size and never empty."""
    start = min(max(int(np.floor(low)), 0), size - 1)
    return start, max(min(int(np.ceil(high)), size), start + 1)


def _reduce(picture: UInt8, factor: int) -> tuple[UInt8, int]:
    """Average over factor x factor blocks; the last, partial blocks repeat the edge. Returns the factor used."""
    if factor < 2:
        return picture, 1
    height, width = picture.shape[:2]
    below, beside = -height % factor, -width % factor
    if below or beside:
        picture = cv2.copyMakeBorder(picture, 0, below, 0, beside, cv2.BORDER_REPLICATE).astype(np.uint8, copy=False)
    size_wh = ((width + beside) // factor, (height + below) // factor)
    return cv2.resize(picture, size_wh, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False), factor


def sample_bilinear(picture: UInt8, xs: Float, ys: Float) -> UInt8:
    """Sample a picture at points in pixels, where (0.5, 0.5) is the centre of the first pixel.

    Args:
        picture: (h, w) or (h, w, C).
        xs, ys: (n, m) coordinates; outside the picture the nearest edge pixel counts.

    Returns:
        (n, m) or (n, m, C) uint8, rounded half up.
    """
    height, width = picture.shape[:2]
    x = np.minimum(np.maximum(xs - 0.5, 0), width - 1)
    y = np.minimum(np.maximum(ys - 0.5, 0), height - 1)
    x0, y0 = x.astype(np.intp), y.astype(np.intp)
    right, down = x - x0, y - y0
    # Positions in the flattened picture: gathering by one index is several times as fast as by two.
    corner = y0 * width + x0
    beside, below = (x0 < width - 1).astype(np.intp), np.where(y0 < height - 1, width, 0)
    pixels = np.ascontiguousarray(picture).reshape(height * width, *picture.shape[2:])
    if picture.ndim == 3:
        right, down = right[..., np.newaxis], down[..., np.newaxis]
    left = 1 - right
    upper = pixels.take(corner, axis=0) * left + pixels.take(corner + beside, axis=0) * right
    corner += below
    lower = pixels.take(corner, axis=0) * left + pixels.take(corner + beside, axis=0) * right
    mixed: UInt8 = (upper * (1 - down) + lower * down + 0.5).astype(np.uint8)
    return mixed
