"""The picture, with boxes around faces and the outlines of parts."""

import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import font

import cv2
import numpy as np
from PIL import Image, ImageTk

from mien.apps.gui.readers import View
from mien.apps.gui.style import ACCENT_ON_DARK, STAGE, UNCERTAIN, Scale, to_hex
from mien.overlay import color_of
from mien.types import PartReading, Reading, UInt8

_HINT_INK = "#d5dae1"
_LABEL_INK = "#111111"


class PictureCanvas(tk.Canvas):
    """Shows a view as large as it fits.

    Args:
        on_select: Called with the index of a face that was clicked.
        on_step: Called with -1 or 1 for the arrow keys.
    """

    def __init__(self, parent: tk.Misc, scale: Scale, on_select: Callable[[int], None], on_step: Callable[[int], None]) -> None:
        super().__init__(
            parent, background=STAGE, highlightthickness=scale(2), highlightbackground=STAGE, highlightcolor=ACCENT_ON_DARK, takefocus=True
        )
        self._scale, self._on_select = scale, on_select
        self._photo: ImageTk.PhotoImage | None = None
        self._view: View | None = None
        self._parts: Sequence[PartReading] = ()
        self._face = 0
        self._zoom, self._left, self._top = 1.0, 0, 0
        self._image = self.create_image(0, 0, anchor="nw")
        self._hint = "Select an image,\nor start live video"
        self.bind("<Configure>", lambda _: self._draw())
        self.bind("<Button-1>", self._click)
        self.bind("<Left>", lambda _: on_step(-1))
        self.bind("<Right>", lambda _: on_step(1))

    def show(self, view: View | None, parts: Sequence[PartReading], face: int, hint: str) -> None:
        """Draw a view, with one face marked; without a view, the hint."""
        self._view, self._parts, self._face, self._hint = view, parts, face, hint
        self._draw()

    def _draw(self) -> None:
        self.delete("over")
        view = self._view
        width, height = self.winfo_width(), self.winfo_height()
        if width < 2 or height < 2:
            return
        if view is None:
            self.itemconfigure(self._image, image="")
            self._photo = None
            self.create_text(width // 2, height // 2, text=self._hint, fill=_HINT_INK, font="MienTitle", justify="center", tags="over")
            return
        self._place(view.shown, width, height)
        self._zoom *= view.scale
        for index, reading in enumerate(view.result.faces):
            self._draw_face(reading, index == self._face and len(view.result.faces) > 1)
        for part in self._parts:
            self._draw_part(part)

    def _place(self, image: UInt8, width: int, height: int) -> None:
        zoom = min(width / image.shape[1], height / image.shape[0])
        size_wh = (max(1, int(image.shape[1] * zoom)), max(1, int(image.shape[0] * zoom)))
        self._zoom, self._left, self._top = zoom, (width - size_wh[0]) // 2, (height - size_wh[1]) // 2
        resized = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR)
        picture = Image.fromarray(resized)
        if self._photo is not None and (self._photo.width(), self._photo.height()) == size_wh:
            self._photo.paste(picture)
        else:
            self._photo = ImageTk.PhotoImage(picture, master=self)
            self.itemconfigure(self._image, image=self._photo)
        self.coords(self._image, self._left, self._top)

    def _draw_face(self, reading: Reading, is_marked: bool) -> None:
        color = UNCERTAIN if reading.uncertain else to_hex(color_of(reading.expression))
        x1, y1, x2, y2 = self._to_canvas(reading.box_xyxy.reshape(2, 2)).ravel().tolist()
        line = self._scale(4 if is_marked else 2)
        self.create_rectangle(x1, y1, x2, y2, outline=color, width=line, tags="over")
        text = f"{title_of(reading)} {round(100 * reading.probability)} %"
        letters = font.nametofont("MienStrong", self)
        pad = self._scale(4)
        wide, high = letters.measure(text) + 2 * pad, letters.metrics("linespace") + pad
        left = float(np.clip(x1 - line / 2, 0, max(0, self.winfo_width() - wide)))
        top = y1 - high if y1 >= high else max(0.0, y1)
        self.create_rectangle(left, top, left + wide, top + high, fill=color, outline="", tags="over")
        ink = "#ffffff" if reading.uncertain or reading.expression == "sad" else _LABEL_INK
        self.create_text(left + pad, top + pad / 2, text=text, anchor="nw", font="MienStrong", fill=ink, tags="over")

    def _draw_part(self, part: PartReading) -> None:
        points = self._to_canvas(part.outline_xy)
        corners = points.ravel().tolist()
        self.create_polygon(corners, outline="#000000", fill="", width=self._scale(4), tags="over")
        self.create_polygon(corners, outline="#ffffff", fill="", width=self._scale(2), tags="over")

    def _to_canvas(
        self, points_xy: "np.ndarray[tuple[int, ...], np.dtype[np.floating]]"
    ) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
        return np.asarray(points_xy, np.float64) * self._zoom + (self._left, self._top)

    def _click(self, event: "tk.Event[tk.Canvas]") -> None:
        self.focus_set()
        faces = self._view.result.faces if self._view else ()
        for index, reading in enumerate(faces):
            x1, y1, x2, y2 = self._to_canvas(reading.box_xyxy.reshape(2, 2)).ravel()
            if x1 <= event.x <= x2 and y1 <= event.y <= y2:
                self._on_select(index)
                return


def title_of(reading: Reading) -> str:
    """Return the expression, with a question mark where the model is not sure."""
    return f"{reading.expression}{'?' if reading.uncertain else ''}"
