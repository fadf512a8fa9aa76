"""The scores of one face: a bar for every class, a column for every model."""

import tkinter as tk
from collections.abc import Sequence
from dataclasses import dataclass
from tkinter import font

from mien.apps.gui.picture import title_of
from mien.apps.gui.readers import Column
from mien.apps.gui.style import FAINT, INK, LINE, SURFACE, UNCERTAIN, Scale, to_hex
from mien.overlay import color_of

_ROW = 24
_PAD = 8
_TROUGH = "#eceff3"


@dataclass(frozen=True)
class _Place:
    """Where one column stands, in pixels."""

    left: int
    width: int


class Bars(tk.Canvas):
    """Bars for all classes of all models, so that the same face's readings stand next to each other."""

    def __init__(self, parent: tk.Misc, scale: Scale) -> None:
        super().__init__(
            parent, background=SURFACE, highlightthickness=scale(1), highlightbackground=LINE, height=scale(240), width=scale(330)
        )
        self._scale = scale
        self._columns: Sequence[Column] = ()
        self._face = 0
        self.bind("<Configure>", lambda _: self._draw())

    def show(self, columns: Sequence[Column], face: int) -> None:
        """Draw the readings of a face."""
        self._columns, self._face = columns, face
        self._draw()

    def _draw(self) -> None:
        self.delete("all")
        shown = [column for column in self._columns if self._face < len(column.readings)]
        if not shown:
            text = "no face found" if self._columns else "Bars for every expression appear here."
            self.create_text(self.winfo_width() // 2, self._scale(60), text=text, fill=FAINT, width=self.winfo_width() - self._scale(20))
            return
        labels = list(dict.fromkeys(label for column in shown for label in column.labels))
        pad = self._scale(_PAD)
        swatch = self._scale(12)
        name_width = max(font.nametofont("TkDefaultFont", self).measure(label) for label in labels) + swatch + 5 * pad // 2
        width = (self.winfo_width() - name_width - pad) // len(shown)
        top = self._scale(46 if len(shown) < 3 else 76)  # narrow columns: titles and answers in two lines
        row = min(self._scale(_ROW), max(1, (self.winfo_height() - top - pad) // len(labels)))
        for index, label in enumerate(labels):
            y = top + index * row + row // 2
            half = swatch // 2
            self.create_rectangle(pad, y - half, pad + swatch, y + half, fill=to_hex(color_of(label)), outline=FAINT)
            self.create_text(pad + swatch + pad // 2, y, text=label, anchor="w", fill=INK)
        for number, column in enumerate(shown):
            self._draw_column(column, labels, _Place(name_width + number * width, width - pad), top, row)

    def _draw_column(self, column: Column, labels: Sequence[str], place: _Place, top: int, row: int) -> None:
        reading = column.readings[self._face]
        ink = UNCERTAIN if reading.uncertain else INK
        pad = self._scale(_PAD)
        self.create_text(place.left, pad, text=column.title, anchor="nw", fill=FAINT, width=place.width, font="MienSmall")
        percent = f"{round(100 * reading.probability)} %"
        strong = font.nametofont("MienStrong", self)
        is_narrow = strong.measure(f"{title_of(reading)} {percent}") > place.width
        answer = title_of(reading) + ("\n" if is_narrow else " ") + percent
        self.create_text(place.left, top - self._scale(2), text=answer, anchor="sw", fill=ink, font="MienStrong")
        number_width = font.nametofont("TkDefaultFont", self).measure("100 %")
        length = max(1, place.width - number_width - pad // 2)
        half = max(1, row // 2 - self._scale(4))
        for index, label in enumerate(labels):
            y = top + index * row + row // 2
            if label not in column.labels:
                self.create_text(place.left, y, text="not a class", anchor="w", fill=FAINT, font="MienSmall")
                continue
            score = float(reading.scores[list(column.labels).index(label)])
            color = UNCERTAIN if reading.uncertain else to_hex(color_of(label))
            self.create_rectangle(place.left, y - half, place.left + length, y + half, fill=_TROUGH, outline="")
            self.create_rectangle(place.left, y - half, place.left + round(length * score), y + half, fill=color, outline=FAINT)
            text = f"{round(100 * score)} %"
            is_shown = label == reading.expression
            self.create_text(
                place.left + place.width, y, text=text, anchor="e", fill=ink, font="MienStrong" if is_shown else "TkDefaultFont"
            )
