"""Drawing readings onto pictures."""

import colorsys
import unicodedata
import zlib
from collections.abc import Sequence

import cv2
import numpy as np

from mien.types import PartReading, Reading, UInt8

# RGB; told apart by people with red-green blindness too (Okabe & Ito 2008).
COLORS_RGB: dict[str, tuple[int, int, int]] = {
    "angry": (213, 94, 0),
    "disgust": (0, 158, 115),
    "fear": (204, 121, 167),
    "happy": (240, 228, 66),
    "sad": (0, 114, 178),
    "surprise": (86, 180, 233),
    "neutral": (200, 200, 200),
    "contempt": (230, 159, 0),
}
_HUES = 360
_UNCERTAIN_RGB = (140, 140, 140)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_DARK_RGB = (20, 20, 20)


def color_of(expression: str) -> tuple[int, int, int]:
    """Return an expression's colour, RGB; that of a name mien does not know is drawn from the name, so that it is the same everywhere."""
    known = COLORS_RGB.get(expression)
    if known is not None:
        return known
    red, green, blue = colorsys.hls_to_rgb(zlib.crc32(expression.encode()) % _HUES / _HUES, 0.6, 0.5)
    return round(255 * red), round(255 * green), round(255 * blue)


def draw(image: UInt8, readings: Sequence[Reading], parts: Sequence[Sequence[PartReading]] = ()) -> UInt8:
    """Return a copy of an (H, W, 3) RGB picture with a box, the eyes and a label for every reading.

    An uncertain reading is grey and carries a question mark.

    Args:
        parts: Of every face, outlined in the colour of what each shows alone.
    """
    canvas = np.ascontiguousarray(image).copy()
    for part in (part for of_face in parts for part in of_face):
        outline = np.round(part.outline_xy).astype(np.int32)
        cv2.polylines(canvas, [outline], isClosed=True, color=color_of(part.expression), thickness=_line_px(canvas), lineType=cv2.LINE_AA)
    for reading in readings:
        _draw_one(canvas, reading)
    return canvas


def _line_px(canvas: UInt8) -> int:
    """Return how thick lines are; line and letter sizes follow the picture."""
    return max(1, round(float(max(canvas.shape[:2])) / 400))


def _draw_one(canvas: UInt8, reading: Reading) -> None:
    x1, y1, x2, y2 = (round(float(value)) for value in reading.box_xyxy)
    line = _line_px(canvas)
    color = _UNCERTAIN_RGB if reading.uncertain else color_of(reading.expression)
    cv2.rectangle(canvas, (x1, y1), (x2, y2), color, line, cv2.LINE_AA)
    for x, y in reading.landmarks_xy:
        cv2.circle(canvas, (round(float(x)), round(float(y))), line, color, -1, cv2.LINE_AA)
    _draw_label(canvas, _label_of(reading), (x1, y1), color, line)


def _label_of(reading: Reading) -> str:
    mark = "?" if reading.uncertain else ""
    identity = f"#{reading.track_id} " if reading.track_id >= 0 else ""
    return _without_accents(f"{identity}{reading.expression}{mark} {reading.probability:.0%}")


def _without_accents(text: str) -> str:
    """Return text in the letters that OpenCV draws; what is no Latin letter becomes a question mark."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return plain.encode("ascii", "replace").decode()


def _draw_label(canvas: UInt8, text: str, left_top: tuple[int, int], color: tuple[int, int, int], line: int) -> None:
    """Write dark text on a filled strip above the box, or inside it where there is no room above."""
    left, top = left_top
    scale = max(0.4, max(canvas.shape[:2]) / 1100)
    stroke = max(1, round(scale * 1.3))
    (text_width, text_height), below = cv2.getTextSize(text, _FONT, scale, stroke)
    strip = text_height + below + 2 * line
    left = int(np.clip(left - line // 2, 0, max(0, canvas.shape[1] - text_width - 2 * line)))
    top = top - strip if top >= strip else max(0, top)
    cv2.rectangle(canvas, (left, top), (left + text_width + 2 * line, top + strip), color, -1)
    cv2.putText(canvas, text, (left + line, top + line + text_height), _FONT, scale, _DARK_RGB, stroke, cv2.LINE_AA)
