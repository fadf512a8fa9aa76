"""What the window shows and what its buttons do, without a window.

Every method is called in the window's thread and returns at once. Work is done by one worker thread and, while a source
plays, by the engine's session; ``poll`` brings in what came of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from mien.apps.gui.live import INSTALLED, Live, Tools
from mien.apps.gui.loading import Loaded, files_of
from mien.apps.gui.messages import Board, Tone
from mien.apps.gui.readers import ModelChoice, View
from mien.apps.gui.saving import save_picture, save_readings, save_snapshot
from mien.apps.gui.worker import Worker
from mien.card import open_bundle
from mien.errors import MienError
from mien.pictures import SUFFIXES, read_picture
from mien.types import PartReading, Reading, UInt8

Mode = Literal["complete", "parts"]
CLOSE_TIMEOUT_S = 0.6
MAX_COMPARED = 3
"""Models side by side; the bars of more cannot be read."""


@dataclass(frozen=True)
class Picture:
    """What is to be read."""

    name: str
    load: Callable[[], UInt8]
    """Gives (H, W, 3) RGB; called in the worker's thread."""


class Model:
    """The state of the window.

    Args:
        models: Listed for choice; the first is chosen.
        snapshots: Folder of snapshots.
    """

    def __init__(self, models: Sequence[ModelChoice], detector: str, snapshots: Path, tools: Tools = INSTALLED) -> None:
        self.models: tuple[ModelChoice, ...] = tuple(models)
        self.chosen: tuple[ModelChoice, ...] = self.models[:1]
        self.detector = detector
        self.mode: Mode = "complete"
        self.view: View | None = None
        self.parts: tuple[PartReading, ...] = ()
        self.board = Board("Select an image, or start live video.")
        self._snapshots = snapshots
        self._worker = Worker()
        self._loaded = Loaded(tools.make_reader, tools.make_part_reader)
        self.live = Live(self._worker, self._loaded, self.board, tools)
        self._generation = 0
        self._awaited: Picture | None = None
        self._selected = 0
        self._awaits_parts = False

    @property
    def is_busy(self) -> bool:
        """Whether work is under way beside the window."""
        return self._worker.is_busy

    @property
    def is_live(self) -> bool:
        """Whether a source plays, or is being opened."""
        return self.live.source is not None

    @property
    def num_faces(self) -> int:
        """Faces in the view."""
        return len(self.view.result.faces) if self.view else 0

    @property
    def face(self) -> int:
        """Index of the face that is described."""
        return self.live.face if self.is_live else min(self._selected, max(0, self.num_faces - 1))

    @property
    def reading(self) -> Reading | None:
        """The first model's reading of that face; None without a face."""
        return self.view.result.faces[self.face] if self.view and self.num_faces else None

    def tell_later(self, text: str, tone: Tone) -> None:
        """Show a line with the next ``poll``; for other threads."""
        self._worker.say(lambda: self.board.tell(text, tone))

    def open(self, source: str) -> None:
        """Read a picture, or play a video, camera number or address."""
        if Path(source).suffix.lower() in SUFFIXES:
            self.open_picture(Path(source))
        else:
            self.start_live(source)

    def open_picture(self, path: Path) -> None:
        """Read a picture."""
        self.stop_live()
        self._selected = 0
        self._awaited = Picture(str(path), lambda: read_picture(path))
        self._ask_for_view(self._awaited)

    def start_live(self, source: str | int) -> None:
        """Play a video file, camera or address; what played before ends."""
        self._generation += 1
        self.view, self.parts, self._awaited = None, (), None
        self.live.start(source, self.chosen, self.detector)

    def stop_live(self) -> None:
        """Stop what plays; its last frame stays, to be read again or saved."""
        if self.is_live:
            self._selected = self.face
            self.live.stop()
            self._stay()

    def complete(self) -> None:
        """Read whole faces: those of a picture once more, of what plays from now on."""
        self.mode, self.parts = "complete", ()
        self._read_again()

    def read_parts(self) -> None:
        """Read the parts of the face that is described; of what plays from now on."""
        self.mode, self.parts = "parts", ()
        if self._awaited is not None:  # its parts are read with it
            return
        if self.view is None:
            self._nothing_to("read")
        else:
            self._ask_for_parts(self.view)

    def choose_models(self, models: Sequence[ModelChoice]) -> None:
        """Read with these, the first of which finds the faces; what is shown is read again."""
        if not models:
            self.board.tell("At least one model is needed.", "warning")
        elif len(models) > MAX_COMPARED:
            self.board.tell(f"At most {MAX_COMPARED} models are compared. Leave one out first.", "warning")
        elif tuple(models) != self.chosen:
            self.chosen = tuple(models)
            self._choice_changed()

    def choose_detector(self, name: str) -> None:
        """Find faces with this; what is shown is read again."""
        if name != self.detector:
            self.detector = name
            self._choice_changed()

    def add_bundle(self, folder: Path) -> None:
        """List the files of a bundle, and compare its first one with those chosen."""

        def done(found: tuple[ModelChoice, ...]) -> None:
            self.models += tuple(model for model in found if model not in self.models)
            self.board.tell(f"{folder.name} is listed, and compared.")
            self.choose_models([*self.chosen, *(model for model in found[:1] if model not in self.chosen)])

        self._worker.submit(lambda: files_of(open_bundle(folder)), done, self.board.fail)

    def select(self, face: int) -> None:
        """Describe another face of the view; after the last comes the first."""
        if self.view is None or not self.num_faces:
            return
        self._selected, self.parts = face % self.num_faces, ()
        if self.is_live:
            self.live.follow(self._selected)
        elif self.mode == "parts":
            self._ask_for_parts(self.view)

    def save_picture(self, path: Path) -> None:
        """Write the annotated picture or frame."""
        self._save(lambda view, parts: save_picture(path, view, parts))

    def snapshot(self, time: datetime) -> None:
        """Write the annotated frame into the folder of snapshots."""
        self._save(lambda view, parts: save_snapshot(self._snapshots, view, parts, time))

    def save_readings(self, path: Path) -> None:
        """Write the readings of a picture; of what plays, from now on until it is stopped."""
        if self.view is None or not self.is_live:
            self._save(lambda view, _: save_readings(path, view))
            return
        try:
            self.live.record(path, self.view)
        except MienError as error:
            self.board.fail(str(error))

    def poll(self) -> None:
        """Bring in what the threads did; never waits."""
        self._worker.poll()
        if not self.is_live:
            return
        self.live.poll()
        if self.live.view is None:
            return
        self.view = self.live.view
        if not self.num_faces:
            self.parts = ()
        elif not self.is_live:
            self._stay()
        elif self.mode == "parts" and not self._awaits_parts:
            self._ask_for_parts(self.view)

    def close(self) -> None:
        """End everything, in less than a second; a thread that hangs is left behind."""
        self.live.close(CLOSE_TIMEOUT_S)
        self._worker.close(CLOSE_TIMEOUT_S / 2)

    def _stay(self) -> None:
        """Read the parts of the last frame, which stays: those that are shown may be of one before it."""
        if self.mode == "parts" and self.view is not None and self.num_faces:
            self._ask_for_parts(self.view)

    def _choice_changed(self) -> None:
        if self.live.source is not None:
            self.start_live(self.live.source)
        elif self._awaited or self.view:
            self._read_again()

    def _read_again(self) -> None:
        """Read what was asked for last, whether it is shown already or still awaited."""
        view = self.view
        if self._awaited is not None:
            self._ask_for_view(self._awaited)
        elif view is None:
            self._nothing_to("read")
        elif not self.is_live:
            self._ask_for_view(Picture(view.name, lambda: view.result.image))

    def _ask_for_view(self, picture: Picture) -> None:
        self._generation += 1
        generation, models, detector = self._generation, self.chosen, self.detector
        self.board.tell(f"Reading {Path(picture.name).name} ...")

        def read() -> View:
            return self._loaded.readers(models, detector, "picture").read(picture.load(), picture.name)

        def failed(message: str) -> None:
            if generation != self._generation:
                return
            if self.view and self.view.name != picture.name:  # a reading beside the wrong name would mislead
                self.view, self.parts = None, ()
            self.board.fail(message)

        def done(view: View) -> None:
            if generation != self._generation:
                return
            self.view, self.parts, self._awaited = view, (), None
            self.board.tell(f"{Path(view.name).name}: {_count(self.num_faces)}.")
            if self.mode == "parts":
                self._ask_for_parts(view)

        self._worker.submit(read, done, failed)

    def _ask_for_parts(self, view: View) -> None:
        if not view.result.faces:
            self.board.tell("No face is found here, so there are no parts to read.", "warning")
            return
        face, model, detector, generation = self.face, self.chosen[0], self.detector, self._generation
        self._awaits_parts = True

        def done(parts: tuple[PartReading, ...]) -> None:
            self._awaits_parts = False
            if self.mode == "parts" and generation == self._generation and (self.is_live or (self.view is view and self.face == face)):
                self.parts = parts

        def failed(message: str) -> None:
            self._awaits_parts = False
            self.mode = "complete"
            self.board.fail(message)

        self._worker.submit(lambda: self._loaded.parts(model, detector, view, face), done, failed)

    def _save(self, write: Callable[[View, tuple[PartReading, ...]], Path | tuple[Path, ...]]) -> None:
        view, parts = self.view, self.parts
        if view is None:
            self._nothing_to("save")
            return

        def done(paths: Path | tuple[Path, ...]) -> None:
            named = paths if isinstance(paths, tuple) else (paths,)
            self.board.tell(f"Saved: {', '.join(map(str, named))}")

        self._worker.submit(lambda: write(view, parts), done, self.board.fail)

    def _nothing_to(self, what: str) -> None:
        if not self.is_live:
            self.board.tell(f"There is nothing to {what} yet. Select an image, or start live video.", "warning")


def _count(num_faces: int) -> str:
    return {0: "no face found", 1: "1 face"}.get(num_faces, f"{num_faces} faces")
