"""Reading still pictures: upright, 8-bit, RGB, or a clear error."""

import io
import os
import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from mien.errors import SourceError, TooLargeError, TooSmallError
from mien.preprocess import check_picture
from mien.types import UInt8

PictureSource = str | Path | bytes | UInt8 | Image.Image

SUFFIXES = frozenset({".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif"})
VIDEO_SUFFIXES = frozenset({".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mjpeg"})
FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF")
"""What is decoded of bytes from elsewhere; Pillow knows more, some of which start other programs."""
MAX_PIXELS = 120_000_000
MIN_SIDE_PX = 16
LONGEST_NAME = 200
"""Letters of a name that a message repeats."""

# Pillow warns of what `_check_size` refuses, and of harmless oddities in metadata. Once and for these alone: to switch warnings off around
# a call is not safe where threads read pictures.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

ORIENTATION_TAG = 0x0112
# What undoes each EXIF orientation; 1 is upright.
TURN_OF_ORIENTATION = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_picture(source: "PictureSource") -> UInt8:
    """Return a picture as (H, W, 3) RGB, turned upright by its EXIF orientation.

    Args:
        source: Path of a file, the content of one, array (H, W, 3) RGB or (H, W) grey in uint8, or PIL picture. Of an
            animation the first frame is read. 16-bit grey is reduced to 8 bits; transparency is dropped.

    Raises:
        SourceError: not a readable picture, or smaller than 16 pixels or larger than 120 megapixels.
    """
    if isinstance(source, np.ndarray):
        check_picture(source)
        _check_size(source.shape[1], source.shape[0], "The array", MAX_PIXELS)
        return np.repeat(source[..., np.newaxis], 3, axis=2) if source.ndim == 2 else source
    if isinstance(source, Image.Image):
        return _decode_safely(source, "The picture", MAX_PIXELS)
    if isinstance(source, bytes):
        return decode_picture(source, MAX_PIXELS)
    if not isinstance(source, str | os.PathLike):
        got = "None, which OpenCV returns where it could not read" if source is None else type(source).__name__
        raise SourceError(f"Expected a picture's path or bytes, an array or a PIL picture, got {got}.")
    check_local(str(source))
    path = Path(source)
    try:
        if path.is_dir():
            raise SourceError(f"{path}: is a folder. Expected a picture.")
        if path.stat().st_size == 0:
            raise SourceError(f"{path}: is empty (0 bytes). Expected a picture.")
    except (OSError, ValueError) as error:  # ValueError: a zero inside the name
        raise SourceError(f"{short(str(path))}: cannot be opened ({getattr(error, 'strerror', None) or error}).") from error
    return _decode_safely(path, str(path), MAX_PIXELS)


def check_local(name: str) -> None:
    """Raise SourceError for an address or a picture in text, which are no files."""
    if "://" in name[:12] or name.startswith("data:"):
        raise SourceError(f"{short(name)}: is no file. Fetch or decode the picture first, and give its bytes.")


def short(name: str) -> str:
    """Return a name as messages show it."""
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}..."


def decode_picture(content: bytes, max_pixels: int) -> UInt8:
    """Return a picture that came as bytes, as (H, W, 3) RGB, turned upright; see ``read_picture``.

    Nothing is decoded before its size is known to be allowed.

    Raises:
        TooLargeError: it has more pixels than that.
        SourceError: not one of ``FORMATS``, damaged, or smaller than 16 pixels.
    """
    if not content:
        raise SourceError("The picture is empty (0 bytes). Expected a picture.")
    return _decode_safely(io.BytesIO(content), "The picture", max_pixels)


def _decode_safely(source: Path | Image.Image | io.BytesIO, name: str, max_pixels: int) -> UInt8:
    """Decode, and turn whatever Pillow raises into one error with one line."""
    try:
        if isinstance(source, Image.Image):
            return _decode(source, name, max_pixels)
        with Image.open(source, formats=FORMATS if isinstance(source, io.BytesIO) else None) as picture:
            return _decode(picture, name, max_pixels)
    except SourceError:
        raise
    except PermissionError as error:
        raise forbidden(name) from error
    except UnidentifiedImageError as error:
        hint = f" `mien stream {short(name)}` reads videos." if Path(name).suffix.lower() in VIDEO_SUFFIXES else ""
        raise SourceError(f"{short(name)}: not a picture mien can read. Expected one of {', '.join(sorted(SUFFIXES))}.{hint}") from error
    except Image.DecompressionBombError as error:
        raise TooLargeError(f"{name}: has more than {max_pixels // 1_000_000} megapixels. Reduce it first.") from error
    except Exception as error:  # on damaged files Pillow's decoders raise a dozen kinds of errors
        raise SourceError(f"{name}: the picture is damaged or cut short ({type(error).__name__}: {error}).") from error


def forbidden(name: str) -> SourceError:
    """Return the error for a file that this user may not read."""
    return SourceError(f"{name}: may not be read by this user (permission denied). Change its permissions, or copy it.")


def _check_size(width: int, height: int, name: str, max_pixels: int) -> None:
    if min(width, height) < MIN_SIDE_PX:
        raise TooSmallError(f"{name}: is {width}x{height} pixels. A picture needs at least {MIN_SIDE_PX}x{MIN_SIDE_PX}.")
    if width * height > max_pixels:
        raise TooLargeError(f"{name}: is {width}x{height} pixels, more than {max_pixels / 1e6:g} megapixels. Reduce it first.")


def _decode(picture: Image.Image, name: str, max_pixels: int) -> UInt8:
    _check_size(*picture.size, name, max_pixels)
    upright = _turn_upright(picture)
    if upright.mode.startswith("I;16"):
        return _grey_to_rgb(np.asarray(upright).astype(np.float64) / 257)
    if upright.mode in ("I", "F"):
        return _grey_to_rgb(_wide_to_8_bit(np.asarray(upright, np.float64), upright.mode, name))
    return np.array(upright.convert("RGB"), np.uint8)


def _turn_upright(picture: Image.Image) -> Image.Image:
    """Apply the EXIF orientation."""
    picture.load()  # first, since Pillow turns TIFF itself when it loads, and then takes the tag away
    turn = TURN_OF_ORIENTATION.get(_orientation(picture))
    return picture if turn is None else picture.transpose(turn)


def _orientation(picture: Image.Image) -> int:
    """Return the EXIF orientation; metadata that cannot be read leave the picture as it is."""
    try:
        return int(picture.getexif().get(ORIENTATION_TAG, 1))
    except (OSError, ValueError, TypeError, SyntaxError, AttributeError, struct.error):
        return 1


def orientation_of(content: bytes) -> int:
    """Return the EXIF orientation (1 to 8) that a picture's bytes tell, for a decoder that does not turn; 1 where they tell none."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return _orientation(picture)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, struct.error):  # of kinds that Pillow does not know, too
        return 1


def turn_upright(pixels: UInt8, orientation: int) -> UInt8:
    """Return (h, w) or (h, w, C) pixels turned as an EXIF orientation says."""
    if orientation not in TURN_OF_ORIENTATION:
        return pixels
    if orientation >= 5:  # rows are columns
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _wide_to_8_bit(values: "np.ndarray[Any, Any]", mode: str, name: str) -> "np.ndarray[Any, Any]":
    """Bring 32-bit values to 0..255: floats in 0..1, integers in 0..65535, or in 0..255 where none is larger."""
    if not np.isfinite(values).all():
        raise SourceError(f"{name}: holds values that are no numbers (NaN or infinite). Expected finite pixels.")
    limit = 1.0 if mode == "F" else 255.0 if values.max() <= 255 else 65535.0  # a 16-bit picture that dark shows nothing
    if values.min() < 0 or values.max() > limit:
        raise SourceError(f"{name}: 32-bit pixels must lie in 0..{limit:g}, got {values.min():g}..{values.max():g}. Save it with 8 bits.")
    return values / limit * 255


def _grey_to_rgb(values: "np.ndarray[Any, Any]") -> UInt8:
    grey = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return np.repeat(grey[..., np.newaxis], 3, axis=2)
