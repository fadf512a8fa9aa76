"""A window that shows annotated frames (Tk, in Python's standard library)."""

import time
from types import TracebackType
from typing import Any

from PIL import Image

from mien.errors import OutputError
from mien.overlay import draw
from mien.sinks.base import Sink
from mien.types import FrameResult

_SHORTEST_S = 1 / 30


class WindowSink(Sink):
    """Shows the newest frame, 30 times a second at most. All calls must come from one thread, on macOS the main one.

    Raises:
        OutputError: there is no display, or this Python has no Tk.
    """

    def __init__(self, title: str) -> None:
        try:
            import tkinter

            from PIL import ImageTk
        except ImportError as error:
            raise OutputError("No window can be opened: this Python has no Tk (Debian, Ubuntu: apt install python3-tk).") from error
        self._make_photo, self._tk_error = ImageTk.PhotoImage, tkinter.TclError
        try:
            self._root: Any = tkinter.Tk()
        except tkinter.TclError as error:
            raise OutputError(f"No window can be opened ({error}). Run it on a desktop, or with --no-show.") from error
        self._root.title(title)
        self._label: Any = tkinter.Label(self._root, borderwidth=0)
        self._label.pack()
        self._is_open = True
        self._root.protocol("WM_DELETE_WINDOW", self._close)
        self._shown_s = 0.0

    def write(self, result: FrameResult) -> None:
        """Show one frame.

        Raises:
            OutputError: the window was closed.
        """
        if self._is_open and time.monotonic() - self._shown_s >= _SHORTEST_S:
            self._show(result)
        if not self._is_open:
            raise OutputError("The window was closed; nothing is shown any more.")

    def _show(self, result: FrameResult) -> None:
        self._shown_s = time.monotonic()
        try:
            photo = self._make_photo(Image.fromarray(draw(result.image, result.faces)), master=self._root)
            self._label.configure(image=photo)
            self._label.image = photo  # Tk itself keeps no reference
            self._root.update()
        except self._tk_error:
            self._is_open = False

    def _close(self) -> None:
        self._is_open = False
        self._root.destroy()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._is_open:
            self._close()
