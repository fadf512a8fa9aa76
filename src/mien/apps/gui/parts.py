"""The readings of a face's parts."""

import math
import tkinter as tk
from collections.abc import Sequence

from mien.apps.gui.style import FAINT, INK, LINE, SURFACE, Scale, to_hex
from mien.overlay import color_of
from mien.types import PartReading

NOTE = "alone: what is read when only this part is visible. hidden: what becomes of the whole face's reading without it."


class PartsPanel(tk.Canvas):
    """For every part: its own reading, how often that is right, and what hiding it takes from the face."""

    def __init__(self, parent: tk.Misc, scale: Scale) -> None:
        super().__init__(
            parent, background=SURFACE, highlightthickness=scale(1), highlightbackground=LINE, height=scale(240), width=scale(330)
        )
        self._scale = scale
        self._parts: Sequence[PartReading] = ()
        self._hint = ""
        self.bind("<Configure>", lambda _: self._draw())

    def show(self, parts: Sequence[PartReading], hint: str) -> None:
        """Draw the parts; without any, the hint."""
        self._parts, self._hint = parts, hint
        self._draw()

    def _draw(self) -> None:
        self.delete("all")
        pad, width = self._scale(8), self.winfo_width()
        if not self._parts:
            self.create_text(width // 2, self._scale(60), text=self._hint, fill=FAINT, width=width - 2 * pad, justify="center")
            return
        row = self._scale(54)
        for index, part in enumerate(self._parts):
            self._draw_part(part, pad + index * row, width, pad)
        self.create_text(pad, pad + len(self._parts) * row, text=NOTE, anchor="nw", fill=FAINT, width=width - 2 * pad, font="MienSmall")

    def _draw_part(self, part: PartReading, top: int, width: int, pad: int) -> None:
        name, line = part.name.replace("_", " "), self._scale(18)
        self.create_text(pad, top, text=name, anchor="nw", fill=INK, font="MienStrong")
        answer = f"alone: {part.expression} {round(100 * part.probability)} %"
        self.create_text(self._scale(96), top, text=answer, anchor="nw", fill=INK)
        left, right = self._scale(230), width - pad
        if right > left:
            length = round((right - left) * part.probability)
            self.create_rectangle(left, top + pad // 4, right, top + line - pad // 4, fill="#eceff3", outline="")
            self.create_rectangle(
                left, top + pad // 4, left + length, top + line - pad // 4, fill=to_hex(color_of(part.expression)), outline=""
            )
        self.create_text(
            self._scale(96), top + line, text=describe_part(part), anchor="nw", fill=FAINT, font="MienSmall", width=width - self._scale(104)
        )


def describe_part(part: PartReading) -> str:
    """Return how far the part's reading can be trusted, and what hiding it does."""
    accuracy = "not measured" if math.isnan(part.accuracy) else f"{100 * part.accuracy:.0f} % of test faces"
    return f"right alone: {accuracy}\nhidden: the face's probability {-100 * part.evidence:+.0f} points"
