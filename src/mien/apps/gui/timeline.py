"""The last seconds of the face that is described: each class's share, stacked."""

import tkinter as tk
from typing import Literal

from PIL import Image, ImageTk

from mien.apps.gui.history import History
from mien.apps.gui.style import FAINT, LINE, SURFACE, Scale


class Timeline(tk.Canvas):
    """Draws a history; the newest moment is at the right, and where no face was seen it is empty."""

    def __init__(self, parent: tk.Misc, scale: Scale) -> None:
        super().__init__(parent, background=SURFACE, highlightthickness=scale(1), highlightbackground=LINE, height=scale(110))
        self._scale = scale
        self._photo: ImageTk.PhotoImage | None = None
        self._image = self.create_image(0, 0, anchor="nw")

    def show(self, history: History) -> None:
        """Draw the last seconds."""
        left, right, top, bottom = (self._scale(length) for length in (44, 14, 8, 22))
        width, height = self.winfo_width() - left - right, self.winfo_height() - top - bottom
        if width < 2 or height < 2:
            return
        picture = Image.fromarray(history.draw(width, height))
        if self._photo is not None and (self._photo.width(), self._photo.height()) == (width, height):
            self._photo.paste(picture)
        else:
            self._photo = ImageTk.PhotoImage(picture, master=self)
            self.itemconfigure(self._image, image=self._photo)
            self.coords(self._image, left, top)
            self._draw_axes(history.span_s, left, top, width, height)

    def _draw_axes(self, span_s: float, left: int, top: int, width: int, height: int) -> None:
        self.delete("axes")
        gap = self._scale(4)
        for share in (0.0, 0.5, 1.0):
            y = top + (1 - share) * height
            anchor: Literal["se", "e", "ne"] = "e" if share == 0.5 else ("se" if share == 0 else "ne")
            self.create_text(left - gap, y, text=f"{100 * share:.0f} %", anchor=anchor, fill=FAINT, font="MienSmall", tags="axes")
        for share in (0.0, 1 / 3, 2 / 3, 1.0):
            x = left + share * width
            ago_s = span_s * (1 - share)
            text = f"-{ago_s:.0f} s" if ago_s else "now"
            side: Literal["nw", "n", "ne"] = "ne" if not ago_s else ("nw" if not share else "n")
            self.create_text(x, top + height + gap, text=text, anchor=side, fill=FAINT, font="MienSmall", tags="axes")
        self.create_rectangle(left - 1, top - 1, left + width, top + height, outline=LINE, tags="axes")
