"""``run_gui``: opens the window and closes it again."""

import contextlib
import ctypes
import logging
import sys
import tkinter as tk
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from platformdirs import user_config_path, user_pictures_path

from mien.apps.gui.live import INSTALLED, Tools
from mien.apps.gui.loading import files_of
from mien.apps.gui.messages import describe
from mien.apps.gui.model import Model
from mien.apps.gui.notice import Notice, is_accepted, remember
from mien.apps.gui.readers import ModelChoice
from mien.apps.gui.style import LEAST_WH, Scale, apply_style
from mien.apps.gui.window import Window
from mien.card import DEFAULT_BUNDLE, open_bundle, open_shipped, shipped_bundles
from mien.detection.catalog import NAMES
from mien.errors import OutputError, UnknownNameError
from mien.parts import PARTS_BUNDLE

TITLE = "mien"


def run_gui(
    models: tuple[str, ...] = (),
    file: str = "float32",
    detector: str = "auto",
    source: str = "",
    scale_percent: int = 0,
    tools: Tools = INSTALLED,
) -> None:
    """Open the window; return when it is closed.

    Args:
        models: Names of shipped bundles or folders of bundles, compared side by side; without any, the default one.
        file: Which file of each runs.
        source: Picture, video file, camera number or address to begin with.
        scale_percent: Size of everything; 0 asks the screen.

    Raises:
        MienError: a model or detector is unknown, or there is no display.
    """
    if detector not in NAMES:
        raise UnknownNameError("Detector", detector, NAMES, "mien detectors")
    listed, chosen = list_models(models or (DEFAULT_BUNDLE,), file)
    root = open_root()
    model = Model(listed, detector, user_pictures_path() / "mien", tools)
    model.choose_models(chosen)
    try:
        with _warnings_shown(model):
            app = Application(root, model, scale_percent, user_config_path("mien", appauthor=False) / "gui.json", source)
            root.mainloop()
            if app.is_interrupted:
                raise KeyboardInterrupt
    finally:
        model.close()


class Application:
    """The notice first where it is due, then the window."""

    def __init__(self, root: tk.Tk, model: Model, scale_percent: int, config_path: Path, source: str) -> None:
        self._root, self._model, self._config_path, self._source = root, model, config_path, source
        self._scale = Scale(root, scale_percent)
        self.window: Window | None = None
        self.is_interrupted = False
        """Whether Ctrl-C closed it."""
        apply_style(root, self._scale)
        root.title(TITLE)
        root.protocol("WM_DELETE_WINDOW", self.close)
        root.report_callback_exception = self._report
        self.notice: Notice | None = None
        if is_accepted(config_path):
            self._begin()
        else:
            self.notice = Notice(root, self._scale, self._accept, self.close)
            self.notice.pack(fill="both", expand=True)
            self.notice.accept.focus_set()

    def close(self) -> None:
        """End: the window goes at once, the threads within a second."""
        if self.window:
            self.window.stop()
        self._root.destroy()

    def _accept(self) -> None:
        try:
            remember(self._config_path)
        except OutputError as error:
            self._model.board.tell(f"The notice will be shown again: {error}", "warning")
        if self.notice:
            self.notice.destroy()
        self._begin()

    def _begin(self) -> None:
        scale, root = self._scale, self._root
        self.window = Window(root, self._model, scale, self.close)
        self.window.pack(fill="both", expand=True)
        width, height = min(scale(1040), root.winfo_screenwidth()), min(scale(720), root.winfo_screenheight())
        root.withdraw()  # shown again below, it is placed anew, as a whole on the screen
        root.geometry(f"{width}x{height}")
        root.minsize(*(min(scale(least), most) for least, most in zip(LEAST_WH, (width, height), strict=True)))
        root.deiconify()
        self.window.buttons["image"].focus_set()
        if self._source:
            self._model.open(self._source)
            if self._model.is_live:
                self.window.choices.source.set(self._source)

    def _report(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, KeyboardInterrupt):
            self.is_interrupted = True
            self.close()
        else:
            self._model.board.fail(describe(error))


def list_models(names: tuple[str, ...], file: str) -> tuple[list[ModelChoice], list[ModelChoice]]:
    """Return what is listed, shipped bundles included, and what is chosen.

    Raises:
        MienError: a bundle or file is unknown.
    """
    chosen = []
    listed: list[ModelChoice] = []
    for name in names:
        bundle = open_bundle(name)
        found = files_of(bundle)
        match = [choice for choice in found if choice.file == bundle.card.file_name(file)]
        if not match:
            raise UnknownNameError(f"{name}: file", file, [choice.file for choice in found])
        chosen += match
        listed += [choice for choice in found if choice not in listed]
    for name in (name for name in shipped_bundles() if name != PARTS_BUNDLE):  # that one reads parts, not faces
        listed += [choice for choice in files_of(open_shipped(name)) if choice not in listed]
    return listed, chosen


def open_root() -> tk.Tk:
    """Open an empty window.

    Raises:
        OutputError: there is no display.
    """
    if sys.platform == "win32":  # else Windows draws small and enlarges the pixels
        with contextlib.suppress(AttributeError, OSError):
            ctypes.windll.shcore.SetProcessDpiAwareness(1)
    try:
        return tk.Tk(className="Mien")
    except tk.TclError as error:
        raise OutputError(f"No window can be opened ({error}). Run it on a desktop, or use `mien predict` and `mien stream`.") from error


class _ToWindow(logging.Handler):
    """Shows what the library warns of."""

    def __init__(self, show: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._show = show

    def emit(self, record: logging.LogRecord) -> None:
        """Show one line."""
        self._show(record.getMessage())


@contextlib.contextmanager
def _warnings_shown(model: Model) -> Iterator[None]:
    handler = _ToWindow(lambda text: model.tell_later(text, "warning"))
    log = logging.getLogger("mien")
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
