"""The window: widgets that show the model and call it. It looks at the model many times a second and never waits."""

import tkinter as tk
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from tkinter import filedialog, ttk

from mien.apps.gui.bars import Bars
from mien.apps.gui.choices import VIDEO_SUFFIXES, Choices
from mien.apps.gui.messages import Message, describe
from mien.apps.gui.model import Model
from mien.apps.gui.notice import Notice
from mien.apps.gui.parts import PartsPanel
from mien.apps.gui.picture import PictureCanvas, title_of
from mien.apps.gui.style import INK, UNCERTAIN, Scale, press
from mien.apps.gui.timeline import Timeline
from mien.pictures import SUFFIXES

POLL_MS = 30
_TIMELINE_EVERY = 4
_BUSY_AFTER = 6
"""Looks at the model after which work that goes on is shown."""
_PICTURE_TYPES = (("Pictures", " ".join(f"*{suffix} *{suffix.upper()}" for suffix in sorted(SUFFIXES))), ("All files", "*"))


class Window(ttk.Frame):
    """Everything inside the top level window.

    Args:
        on_close: Ends the program.
    """

    def __init__(self, root: tk.Tk, model: Model, scale: Scale, on_close: Callable[[], None]) -> None:
        super().__init__(root, padding=scale(10))
        self._root, self._model, self._scale, self._on_close = root, model, scale, on_close
        self.columnconfigure(0, weight=1)
        self.rowconfigure(1, weight=1)
        self._make_toolbar()
        self._make_body()
        self._make_foot()
        self._bind_keys(root)
        self._about: tk.Toplevel | None = None
        self._drawn: tuple[object, ...] = ()
        self._said: Message | None = None
        self._busy_ticks = 0
        self._tick = 0
        self._poll()

    # Building.

    def _make_toolbar(self) -> None:
        bar = ttk.Frame(self)
        bar.grid(sticky="ew", pady=(0, self._scale(8)))
        model = self._model
        self.buttons = {
            "image": ttk.Button(bar, text="Select image", underline=7, command=self.select_image),
            "live": ttk.Button(bar, text="Live video", underline=0, command=self.toggle_live),
            "parts": ttk.Button(bar, text="Parts predict", underline=0, command=model.read_parts),
            "complete": ttk.Button(bar, text="Complete predict", underline=0, command=model.complete),
            "close": ttk.Button(bar, text="Close", underline=4, command=self._on_close),
        }
        for button in self.buttons.values():
            button.pack(side="left", padx=(0, self._scale(6)))
        ttk.Button(bar, text="About", command=self.show_notice).pack(side="right")
        self._busy = ttk.Progressbar(bar, mode="indeterminate", length=self._scale(80))

    def _make_body(self) -> None:
        body = ttk.Panedwindow(self, orient="horizontal")
        body.grid(sticky="nsew")
        left, right = ttk.Frame(body), ttk.Frame(body)
        body.add(left, weight=1)
        body.add(right)
        left.columnconfigure(0, weight=1)
        left.rowconfigure(0, weight=1)
        self.picture = PictureCanvas(left, self._scale, self._model.select, lambda step: self._model.select(self._model.face + step))
        self.picture.configure(width=self._scale(560), height=self._scale(420))
        self.picture.grid(sticky="nsew")
        self.timeline = Timeline(left, self._scale)
        self.timeline.grid(row=1, sticky="ew", pady=(self._scale(6), 0))
        self.timeline.grid_remove()
        right.columnconfigure(0, weight=1)
        right.rowconfigure(2, weight=1)
        right.configure(padding=(self._scale(8), 0, 0, 0))
        self.choices = Choices(right, self._model, self._scale)
        self.choices.source.bind("<Return>", lambda _: self.start_live())
        self.choices.grid(sticky="ew")
        self._heading = ttk.Label(right, style="Strong.TLabel")
        self._heading.grid(sticky="w", pady=(self._scale(10), self._scale(4)))
        self.bars, self.parts = Bars(right, self._scale), PartsPanel(right, self._scale)
        for panel in (self.bars, self.parts):
            panel.grid(row=2, sticky="nsew")

    def _make_foot(self) -> None:
        foot = ttk.Frame(self)
        foot.grid(sticky="ew", pady=(self._scale(8), 0))
        foot.columnconfigure(1, weight=1)
        self.result = ttk.Label(foot, style="Result.TLabel")
        self.result.grid(row=0, column=0, sticky="w")
        self._which = ttk.Label(foot, style="Faint.TLabel")
        self._which.grid(row=0, column=1, sticky="w", padx=self._scale(12))
        saves = ttk.Frame(foot)
        saves.grid(row=0, column=2, sticky="e")
        self.saves = {
            "picture": ttk.Button(saves, text="Save picture ...", underline=2, command=self.save_picture),
            "readings": ttk.Button(saves, text="Save readings ...", underline=5, command=self.save_readings),
            "snapshot": ttk.Button(saves, text="Snapshot", underline=1, command=lambda: self._model.snapshot(datetime.now())),
        }
        for button in self.saves.values():
            button.pack(side="left", padx=(self._scale(6), 0))
        line = ttk.Frame(self)
        line.grid(sticky="ew", pady=(self._scale(6), 0))
        line.columnconfigure(0, weight=1)
        self.message = ttk.Label(line, style="note.TLabel", anchor="w", justify="left")
        self.message.grid(row=0, column=0, sticky="ew")
        self.message.bind("<Configure>", lambda event: self.message.configure(wraplength=max(100, event.width - self._scale(20))))
        self._statistics = ttk.Label(line, style="Faint.TLabel")
        self._statistics.grid(row=0, column=1, sticky="e", padx=(self._scale(8), 0))

    def _bind_keys(self, root: tk.Tk) -> None:
        """Accelerators: with Control (Command on macOS), and Alt with the underlined letters."""
        key = "Command" if root.tk.call("tk", "windowingsystem") == "aqua" else "Control"
        buttons, saves = self.buttons, self.saves
        pressed = {
            "o": buttons["image"], "l": buttons["live"], "p": buttons["parts"], "r": buttons["complete"], "w": buttons["close"],
            "q": buttons["close"], "s": saves["picture"], "e": saves["readings"], "t": saves["snapshot"],
        }  # fmt: skip
        for letter, button in pressed.items():
            root.bind(f"<{key}-{letter}>", lambda _, button=button: press(button))  # type: ignore[misc]
        for button in (*buttons.values(), *saves.values()):
            letter = str(button.cget("text"))[int(str(button.cget("underline")))].lower()
            root.bind(f"<Alt-{letter}>", lambda _, button=button: press(button))  # type: ignore[misc]
        root.bind("<F1>", lambda _: self.show_notice())

    # What needs a dialogue.

    def select_image(self) -> None:
        """Ask for a picture and read it."""
        if path := filedialog.askopenfilename(parent=self, title="Select image", filetypes=_PICTURE_TYPES):
            if Path(path).suffix.lower() in VIDEO_SUFFIXES:
                self.choices.source.set(path)
                self._model.start_live(path)
            else:
                self._model.open_picture(Path(path))

    def toggle_live(self) -> None:
        """Start what the chooser names, or stop what plays."""
        if self._model.is_live:
            self._model.stop_live()
        else:
            self.start_live()

    def start_live(self) -> None:
        """Start what the chooser names."""
        if source := self.choices.source.get().strip():
            self._model.open(source)
        else:
            self._model.board.tell("Name a camera number or a video file first.", "warning")

    def save_picture(self) -> None:
        """Ask for a name and write the annotated picture."""
        if path := filedialog.asksaveasfilename(parent=self, title="Save picture", defaultextension=".png", initialfile="mien.png"):
            self._model.save_picture(Path(path))

    def save_readings(self) -> None:
        """Ask for a name and write the readings; while they are being written, stop."""
        if self._model.live.is_recording:
            self._model.live.stop_recording()
        elif path := filedialog.asksaveasfilename(parent=self, title="Save readings", defaultextension=".csv", initialfile="mien.csv"):
            self._model.save_readings(Path(path))

    def show_notice(self) -> None:
        """Show what readings can and cannot say, once more."""
        if self._about is not None and self._about.winfo_exists():
            self._about.lift()
            return
        self._about = window = tk.Toplevel(self._root)
        window.title("About mien")
        window.transient(self._root)
        notice = Notice(window, self._scale, window.destroy, None)
        notice.pack(fill="both", expand=True)
        notice.accept.focus_set()
        window.bind("<Escape>", lambda _: window.destroy())

    # Showing.

    def _poll(self) -> None:
        try:
            self._model.poll()
            self._show()
        except Exception as error:  # noqa: BLE001 - told in the window
            self._model.board.fail(describe(error))
        self._tick += 1
        self._timer = self.after(POLL_MS, self._poll)

    def stop(self) -> None:
        """Look at the model no more."""
        self.after_cancel(self._timer)

    def _show(self) -> None:
        model = self._model
        self.choices.refresh()
        self._show_message()
        self._show_buttons()
        state = (model.view, model.parts, model.face, model.mode, model.is_live)
        if len(state) != len(self._drawn) or any(new is not old for new, old in zip(state, self._drawn, strict=True)):
            self._drawn = state
            self._show_view()
        if model.is_live and model.live.history and self._tick % _TIMELINE_EVERY == 0:
            self.timeline.grid()
            self.timeline.show(model.live.history)
        elif not model.is_live and model.live.view is not model.view:
            self.timeline.grid_remove()

    def _show_view(self) -> None:
        model = self._model
        hint = "Opening ..." if model.is_live else "Select an image,\nor start live video"
        self.picture.show(model.view, model.parts, model.face, hint)
        if model.mode == "parts":
            self._heading.configure(text="Parts predict")
            self.parts.show(model.parts, "The parts of the face appear here.")
            self.bars.grid_remove()
            self.parts.grid()
        else:
            self._heading.configure(text="Complete predict")
            self.bars.show(model.view.columns if model.view else (), model.face)
            self.parts.grid_remove()
            self.bars.grid()
        reading = model.reading
        if reading is None:
            self.result.configure(text="no face" if model.view else "-", foreground=UNCERTAIN)
        else:
            ink = UNCERTAIN if reading.uncertain else INK
            self.result.configure(text=f"{title_of(reading)} {round(100 * reading.probability)} %", foreground=ink)
        self._which.configure(text=self._describe_face())

    def _describe_face(self) -> str:
        model = self._model
        if model.reading is None:
            return ""
        unsure = "not sure" if model.reading.uncertain else ""
        which = f"face {model.face + 1} of {model.num_faces} (click one, or arrow keys)" if model.num_faces > 1 else ""
        return "   ".join(text for text in (unsure, which) if text)

    def _show_message(self) -> None:
        message = self._model.board.message
        if message is not self._said:
            self._said = message
            self.message.configure(text=message.text, style=f"{message.tone}.TLabel")
        self._statistics.configure(text=self._model.live.statistics)

    def _show_buttons(self) -> None:
        model = self._model
        self.buttons["live"].configure(text="Stop video" if model.is_live else "Live video", underline=-1 if model.is_live else 0)
        self.saves["readings"].configure(text="Stop saving" if model.live.is_recording else "Save readings ...")
        self.saves["snapshot"].state(["!disabled" if model.is_live and model.view else "disabled"])
        for name in ("picture", "readings"):
            self.saves[name].state(["!disabled" if model.view else "disabled"])
        self._busy_ticks = self._busy_ticks + 1 if model.is_busy and not (model.is_live and model.view) else 0
        if self._busy_ticks == _BUSY_AFTER:
            self._busy.pack(side="left", padx=self._scale(12))
            self._busy.start(40)
        elif not self._busy_ticks and self._busy.winfo_ismapped():
            self._busy.stop()
            self._busy.pack_forget()
