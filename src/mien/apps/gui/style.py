"""How the window looks: sizes that follow the screen, fonts, colours."""

import logging
import sys
import tkinter as tk
from tkinter import font, ttk

log = logging.getLogger("mien")

BACKGROUND = "#f4f5f7"
SURFACE = "#ffffff"
INK = "#1c2128"
FAINT = "#5a6472"
LINE = "#c3c9d1"
ACCENT = "#0b5cad"
ACCENT_ON_DARK = "#4da3ff"
UNCERTAIN = "#6b7280"
STAGE = "#22262c"
"""Behind pictures."""
TONES = {"note": (BACKGROUND, INK), "warning": ("#fff4ce", "#5c4300"), "error": ("#fde7e9", "#8a1020")}
"""Background and ink of each tone of a message; the inks have a contrast of 7 to 1 and more."""
_POINTS_PER_INCH, _USUAL_DPI = 72, 96
_TEXT_PT = 10
_FONTS = (("MienResult", 22, "bold"), ("MienTitle", 15, "bold"), ("MienStrong", _TEXT_PT, "bold"), ("MienSmall", 8, "normal"))


LEAST_WH = (760, 650)
"""Everything in the window can be seen at this size, in lengths of a usual screen."""


class Scale:
    """Turns lengths meant for a usual screen into pixels of this one.

    Args:
        percent: 0 asks the screen; never more than lets the window fit the screen.
    """

    def __init__(self, root: tk.Tk, percent: int = 0) -> None:
        if percent:
            fits = min(root.winfo_screenwidth() / LEAST_WH[0], root.winfo_screenheight() / LEAST_WH[1])
            if percent > 100 * fits:
                log.warning("This screen has room for %d %%; %d %% would cut the window off.", 100 * fits, percent)
            root.tk.call("tk", "scaling", min(percent / 100, fits) * _USUAL_DPI / _POINTS_PER_INCH)
        self.factor = max(0.5, float(root.tk.call("tk", "scaling")) * _POINTS_PER_INCH / _USUAL_DPI)

    def __call__(self, length: float) -> int:
        """Return pixels."""
        return max(1, round(length * self.factor))


def apply_style(root: tk.Tk, scale: Scale) -> None:
    """Set fonts and the theme."""
    for name in ("TkDefaultFont", "TkTextFont", "TkMenuFont", "TkHeadingFont", "TkCaptionFont"):
        font.nametofont(name, root).configure(size=_TEXT_PT)
    base = font.nametofont("TkDefaultFont", root).actual()
    for name, size, weight in _FONTS:
        root.tk.call("font", "create", name, "-family", base["family"], "-size", size, "-weight", weight)
    style = ttk.Style(root)
    if sys.platform not in ("win32", "darwin"):  # those have themes of their own
        style.theme_use("clam")
        _lighten(style, scale)
    root.configure(background=BACKGROUND)
    style.configure("Result.TLabel", font="MienResult")
    style.configure("Title.TLabel", font="MienTitle")
    style.configure("Strong.TLabel", font="MienStrong")
    style.configure("Faint.TLabel", foreground=FAINT)
    for tone, (background, ink) in TONES.items():
        style.configure(f"{tone}.TLabel", background=background, foreground=ink, padding=(scale(8), scale(4)))
    root.bind_class("TButton", "<Return>", lambda event: press(event.widget))  # beside the space bar
    root.option_add("*TCombobox*Listbox.font", "TkTextFont")


def _lighten(style: ttk.Style, scale: Scale) -> None:
    """Make the plain theme light, flat, as large as the screen asks for, and its focus easy to see."""
    style.configure(
        ".", background=BACKGROUND, foreground=INK, bordercolor=LINE, lightcolor=SURFACE, darkcolor=LINE, troughcolor="#e4e7eb",
        focuscolor=ACCENT, selectbackground=ACCENT, selectforeground=SURFACE, insertwidth=scale(1), arrowsize=scale(12),
    )  # fmt: skip
    style.configure("TButton", padding=(scale(10), scale(5)), background=SURFACE, focusthickness=scale(2))
    style.map(
        "TButton",
        background=[("disabled", BACKGROUND), ("pressed", "#d6e4f3"), ("active", "#eaf2fa")],
        bordercolor=[("focus", ACCENT)],
        foreground=[("disabled", "#9aa2ad")],
    )
    style.configure("TCombobox", padding=(scale(4), scale(3)), fieldbackground=SURFACE, arrowsize=scale(14))
    style.map("TCombobox", fieldbackground=[("readonly", SURFACE)], bordercolor=[("focus", ACCENT)], foreground=[("readonly", INK)])
    style.map("TCombobox", selectbackground=[("readonly", SURFACE)], selectforeground=[("readonly", INK)])
    style.configure("TCheckbutton", indicatorsize=scale(13), padding=scale(2), focusthickness=scale(2))
    style.map("TCheckbutton", background=[("active", BACKGROUND)])
    style.configure("TProgressbar", thickness=scale(6), background=ACCENT)
    style.configure("TPanedwindow", background=BACKGROUND)
    style.configure("Sash", sashthickness=scale(8))


def to_hex(color_rgb: tuple[int, int, int]) -> str:
    """Return a colour as Tk writes it."""
    return "#{:02x}{:02x}{:02x}".format(*color_rgb)


def press(button: tk.Misc) -> str:
    """Press a button as a click would, unless it is disabled; for keys."""
    if isinstance(button, ttk.Button) and button.instate(["!disabled"]):
        button.invoke()
    return "break"
