"""``mien gui``: the desktop window."""

from typing import Annotated

import typer

from mien.apps.cli import console
from mien.errors import OutputError

NO_TK = (
    "No window can be opened: this Python has no Tk (Debian, Ubuntu: apt install python3-tk; macOS with Homebrew: brew install python-tk)."
)


def gui(
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="Shipped bundle, or the folder of one; several are compared side by side.")
    ] = None,
    file: console.File = "float32",
    detector: console.DetectorName = "auto",
    source: Annotated[str, typer.Option(help="Picture, video file, camera number or address to begin with.")] = "",
    scale: Annotated[int, typer.Option(min=0, max=400, metavar="PERCENT", help="Size of everything; 0 asks the screen.")] = 0,
) -> None:
    """Open the desktop window: pictures, live video, the whole face and its parts."""
    try:
        from mien.apps.gui.app import run_gui
    except ImportError as error:
        if error.name not in ("tkinter", "_tkinter"):
            raise
        raise OutputError(NO_TK) from error
    run_gui(tuple(model or ()), file, detector, source, scale)
