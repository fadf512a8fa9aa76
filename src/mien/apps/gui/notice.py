"""What readings can and cannot say: shown before the first use, and remembered once it was accepted."""

import json
import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from tkinter import ttk

from mien.apps.gui.style import Scale

TITLE = "Before you begin"
PARAGRAPHS = (
    "mien names the expression a face shows. It does not know what a person feels, thinks or intends: the same face can mean many "
    "things, and people show the same feeling in different ways.",
    "Readings are estimates and are often wrong. A grey one with a question mark is one the model itself is not sure of; a sure one "
    "can be wrong as well, and faces unlike those it learned from are read worse.",
    "Ask people before you look at them, and decide nothing about anyone by a reading. In some places, as at work and at school "
    "in the European Union, inferring emotions is forbidden.",
    "Pictures and video stay on this computer. Nothing is sent anywhere, and nothing is stored unless you press Save or Snapshot.",
)
VERSION = 1
"""Of the text; people who accepted an older one are asked again."""


def is_accepted(path: Path) -> bool:
    """Say whether this text was accepted before."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(values, dict) and values.get("notice_accepted") == VERSION


def remember(path: Path) -> None:
    """Write down that this text was accepted.

    Raises:
        OutputError: the file cannot be written.
    """
    from mien.atomic import write_text

    write_text(path, json.dumps({"notice_accepted": VERSION}) + "\n")


class Notice(ttk.Frame):
    """The text, and one or two buttons."""

    def __init__(self, parent: tk.Misc, scale: Scale, accept: Callable[[], None], refuse: Callable[[], None] | None) -> None:
        super().__init__(parent, padding=scale(28))
        self.columnconfigure(0, weight=1)
        ttk.Label(self, text=TITLE, style="Title.TLabel").grid(sticky="w", pady=(0, scale(12)))
        texts = [ttk.Label(self, text=text, wraplength=scale(560), justify="left") for text in PARAGRAPHS]
        for text in texts:
            text.grid(sticky="w", pady=scale(5))
        row = ttk.Frame(self)
        row.grid(sticky="e", pady=(scale(16), 0))
        if refuse is not None:
            ttk.Button(row, text="Close", command=refuse).pack(side="left", padx=scale(8))
        self.accept = ttk.Button(row, text="I understand" if refuse else "Close", command=accept)
        self.accept.pack(side="left")
