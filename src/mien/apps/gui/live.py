"""What plays: a source, what is seen in it, its timeline, and the readings that are written."""

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mien.apps.gui.history import History
from mien.apps.gui.loading import Loaded, MakePartReader, make_recognizer
from mien.apps.gui.messages import Board, describe
from mien.apps.gui.player import MakeSession, Player, PlayerClock, make_live_session
from mien.apps.gui.readers import MakeReader, ModelChoice, View
from mien.apps.gui.saving import Recording
from mien.apps.gui.worker import Worker
from mien.errors import MienError
from mien.parts import PartReader
from mien.types import Float, Reading

JOIN_TIMEOUT_S = 5.0
"""The next player waits so long for the one before it, whose models it uses."""
AWAY_S = 3.0
"""A face that is not there for longer is given up for another; so long the timeline has a gap."""


@dataclass(frozen=True)
class Tools:
    """What the window works with; tests bring their own."""

    make_reader: MakeReader = make_recognizer
    make_part_reader: MakePartReader = PartReader
    make_session: MakeSession = make_live_session
    clock: PlayerClock | None = None


INSTALLED = Tools()


class Live:
    """Plays one source at a time. Every method returns at once; ``poll`` brings in what came."""

    def __init__(self, worker: Worker, loaded: Loaded, board: Board, tools: Tools) -> None:
        self._worker, self._loaded, self._board, self._tools = worker, loaded, board, tools
        self.source: str | int | None = None
        """None while nothing plays."""
        self.view: View | None = None
        self.history: History | None = None
        self.repeats = False
        """A file begins again when it has ended."""
        self.track_id = -1
        """The face that is described; another one while it is not there."""
        self._choice: tuple[tuple[ModelChoice, ...], str] = ((), "")
        self._player: Player | None = None
        self._before: Player | None = None
        self._recording: Recording | None = None
        self._generation = 0
        self._offset_s = 0.0
        self._last_s = 0.0
        self._seen_s = 0.0
        self._saved = ""

    @property
    def is_recording(self) -> bool:
        """Whether readings are being written."""
        return self._recording is not None

    @property
    def face(self) -> int:
        """Index of the face that is described."""
        tracks = [reading.track_id for reading in self.view.result.faces] if self.view else []
        return tracks.index(self.track_id) if self.track_id in tracks else 0

    @property
    def statistics(self) -> str:
        """How it plays; empty while nothing does."""
        if self._player is None or self.view is None:
            return ""
        counts, info = self._player.session.statistics, self._player.session.info
        rate = f"{self.view.result.time_s:.1f} s   {counts.frames_per_second:.0f} fps"
        if info is None or not info.is_live:
            return rate
        return f"{rate}   {1000 * counts.latency_p50_s:.0f} ms   {counts.num_dropped} dropped"

    def start(self, source: str | int, models: Sequence[ModelChoice], detector: str) -> None:
        """Play a video file, camera or address; what played before ends."""
        self._saved = self.stop_recording()
        self.stop()
        self.source, self._choice = source, (tuple(models), detector)
        self.view, self.history = None, None
        self.track_id, self._offset_s, self._last_s, self._seen_s = -1, 0.0, 0.0, 0.0
        self._board.tell(f"Opening {name_of(source)} ... {self._saved}".rstrip())
        self._ask_for_player(source)

    def stop(self, text: str = "Stopped.") -> None:
        """Stop what plays; its last view stays."""
        if self.source is None:
            return
        self.source = None
        self._generation += 1
        self._retire(self._player)
        self._player = None
        self._board.tell(text)
        self.stop_recording()

    def follow(self, face: int) -> None:
        """Describe another face of the view, with a timeline of its own."""
        if self.view and self.history:
            self.track_id = self.view.result.faces[face].track_id
            self.history = History(self.history.labels, self.history.span_s)

    def record(self, path: Path, view: View) -> None:
        """Write the readings from now on.

        Raises:
            MienError: the file cannot be written.
        """
        self.stop_recording()
        self._recording = Recording(path, view)
        if self._player:
            self._player.record(self._recording)
        self._board.tell(f"Writing readings to {self._recording.paths[0]} until stopped.")

    def stop_recording(self) -> str:
        """Finish the readings; return what was said of them, empty where none were written."""
        recording, self._recording = self._recording, None
        if recording is None:
            return ""
        if self._player:
            self._player.record(None)
        try:
            recording.close()
        except MienError as error:
            self._board.fail(str(error))
            return str(error)
        said = f"Saved: {', '.join(map(str, recording.paths))}"
        self._board.tell(said)
        return said

    def poll(self) -> None:
        """Bring in what came; never waits."""
        player = self._player
        if player is None:
            return
        self._take_views(player)
        if message := player.take_recording_error():
            self.stop_recording()
            self._board.fail(message)
        if not player.is_running:
            self._ended(player)

    def close(self, timeout_s: float) -> None:
        """Stop, and wait so long for it at most."""
        self.stop()
        if self._before:
            self._before.join(timeout_s)

    def _retire(self, player: Player | None) -> None:
        if player:
            player.stop()
            self._before = player

    def _ask_for_player(self, source: str | int) -> None:
        """Start a player once the one before it has ended, since they share models."""
        self._generation += 1
        generation, (models, detector), before = self._generation, self._choice, self._before

        def start() -> Player:
            if before and not before.join(JOIN_TIMEOUT_S):
                self._loaded.forget("camera")
            gc.collect()  # sessions are held by cycles, and hold frames: a file that plays again would pile them up
            player = Player(source, self._loaded.readers(models, detector, "camera"), self._tools.make_session, self._tools.clock)
            player.session.start()
            return player

        def done(player: Player) -> None:
            if generation == self._generation:
                self._player = player
                player.record(self._recording)
            else:
                self._retire(player)

        def failed(message: str) -> None:
            if generation == self._generation:
                self.stop()
                self._board.fail(message)

        self._worker.submit(start, done, failed)

    def _take_views(self, player: Player) -> None:
        view, seen = player.newest()
        if view is None:
            return
        if self.view is None or self.history is None:
            self._board.tell(f"Playing {player.name}. {self._saved}".rstrip())
            self.history = History(tuple(view.columns[0].labels))
        self.view = view
        for time_s, faces in seen:
            self._last_s = self._offset_s + time_s
            self.history.add(self._last_s, self._scores_of_followed(faces))

    def _scores_of_followed(self, faces: Sequence[Reading]) -> Float | None:
        """Return the scores of the face that is described, None where it is not there; after a while, it is another one."""
        face = next((face for face in faces if face.track_id == self.track_id), None)
        if face is None and faces and (self.track_id < 0 or self._last_s - self._seen_s > AWAY_S):
            face = faces[0]
            if self.track_id >= 0 and self.history:
                self.history = History(self.history.labels, self.history.span_s)
            self.track_id = face.track_id
        if face is None:
            return None
        self._seen_s = self._last_s
        return face.scores

    def _ended(self, player: Player) -> None:
        """The source is over: begin again, or say why."""
        source, error = self.source, player.session.error
        if error is not None:
            self.stop()
            self._board.fail(describe(error))
        elif self.repeats and source is not None:
            self.stop_recording()  # of the file once: its frames and times come again
            self._retire(player)
            self._player = None
            self._offset_s, self.track_id = self._last_s, -1
            self._ask_for_player(source)
        else:
            self.stop("The video has ended.")


def name_of(source: str | int) -> str:
    """Return what a person calls a source."""
    return f"camera {source}" if str(source).isdecimal() else str(source)
