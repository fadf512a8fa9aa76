"""What a person chooses: models, detector, and the source of live video."""

import tkinter as tk
from pathlib import Path
from tkinter import filedialog, ttk

from mien.apps.gui.model import Model
from mien.apps.gui.style import ACCENT, INK, LINE, SURFACE, Scale
from mien.detection.catalog import NAMES as DETECTORS

VIDEO_SUFFIXES = (".mp4", ".avi", ".mkv", ".mov", ".webm", ".m4v")
_VIDEO_TYPES = (("Videos", " ".join(f"*{suffix}" for suffix in VIDEO_SUFFIXES)), ("All files", "*"))
_CHOSEN, _OPEN = "\u2611", "\u2610"  # ballot boxes
_LISTED_ROWS = 4


class Choices(ttk.Frame):
    """The choosers. The first model that is ticked finds the faces; further ones are compared with it."""

    def __init__(self, parent: tk.Misc, model: Model, scale: Scale) -> None:
        super().__init__(parent)
        self._model = model
        self.columnconfigure(1, weight=1)
        self._listed: tuple[object, object] = ((), ())
        gap = scale(6)
        ttk.Label(self, text="Models").grid(row=0, column=0, sticky="nw", padx=(0, gap))
        self.models = self._make_list(scale)
        self.models.grid(row=0, column=1, sticky="ew")
        self.add = ttk.Button(self, text="Add ...", width=8, command=self.add_bundle)
        self.add.grid(row=0, column=2, sticky="ne", padx=(gap, 0))
        ttk.Label(self, text="Detector").grid(row=1, column=0, sticky="w", padx=(0, gap), pady=(gap, 0))
        self.detector = ttk.Combobox(self, values=DETECTORS, state="readonly", width=16)
        self.detector.set(model.detector)
        self.detector.bind("<<ComboboxSelected>>", lambda _: model.choose_detector(self.detector.get()))
        self.detector.grid(row=1, column=1, columnspan=2, sticky="ew", pady=(gap, 0))
        ttk.Label(self, text="Live from").grid(row=2, column=0, sticky="w", padx=(0, gap), pady=(gap, 0))
        self.source = ttk.Combobox(self, values=("0", "1", "2"), width=16)
        self.source.set("0")
        self.source.grid(row=2, column=1, sticky="ew", pady=(gap, 0))
        self.browse = ttk.Button(self, text="File ...", width=8, command=self.choose_video)
        self.browse.grid(row=2, column=2, padx=(gap, 0), pady=(gap, 0))
        self._repeats = tk.BooleanVar(self, model.live.repeats)
        self.repeat = ttk.Checkbutton(self, text="Play files again and again", variable=self._repeats, command=self._set_repeat)
        self.repeat.grid(row=3, column=1, columnspan=2, sticky="w")

    def _make_list(self, scale: Scale) -> tk.Listbox:
        made = tk.Listbox(
            self, height=_LISTED_ROWS, activestyle="underline", exportselection=False, background=SURFACE, foreground=INK, relief="flat",
            highlightthickness=scale(1), highlightbackground=LINE, highlightcolor=ACCENT, selectbackground=SURFACE, selectforeground=INK,
            borderwidth=0, width=22,
        )  # fmt: skip
        made.bind("<Button-1>", self._click)
        made.bind("<space>", lambda _: self._toggle(made.index("active")))
        made.bind("<Return>", lambda _: self._toggle(made.index("active")))
        return made

    def refresh(self) -> None:
        """Show what is listed and chosen now."""
        now = (self._model.models, self._model.chosen)
        if now == self._listed:
            return
        self._listed = now
        active = self.models.index("active")
        self.models.delete(0, "end")
        for model in self._model.models:
            self.models.insert("end", f"{_CHOSEN if model in self._model.chosen else _OPEN} {model.title}")
        self.models.configure(height=min(_LISTED_ROWS, max(2, len(self._model.models))))
        self.models.activate(active)

    def add_bundle(self) -> None:
        """Ask for the folder of a bundle."""
        if folder := filedialog.askdirectory(parent=self, title="Folder of a bundle (it holds card.json)", mustexist=True):
            self._model.add_bundle(Path(folder))

    def choose_video(self) -> None:
        """Ask for a video file and play it."""
        if path := filedialog.askopenfilename(parent=self, title="Video", filetypes=_VIDEO_TYPES):
            self.source.set(path)
            self._model.start_live(path)

    def _click(self, event: "tk.Event[tk.Listbox]") -> str:
        self.models.focus_set()
        if self.models.size():
            index = int(self.tk.call(self.models, "nearest", event.y))
            self.models.activate(index)
            self._toggle(index)
        return "break"

    def _toggle(self, index: int) -> None:
        listed, chosen = self._model.models, self._model.chosen
        if index < len(listed):
            wanted = {*chosen} ^ {listed[index]}
            self._model.choose_models([model for model in listed if model in wanted])

    def _set_repeat(self) -> None:
        self._model.live.repeats = self._repeats.get()
