"""Who is who over time: faces of consecutive frames, joined into tracks.

A track moves at constant velocity between two sightings. Faces of a frame belong to the tracks whose predicted place,
size and looks cost least, over all pairs at once (``mien.assignment``). Looks are a small grey patch of the face with
its eyes level, which settles who is who when two faces cross and one was hidden for a while. A face that joins a track and does not
look like it is *doubted*: it may be half hidden, or somebody else; who still does not a moment later gets an identity of their own.

A track is *tentative* until it is detected a second time, then *confirmed*. A tentative one that is missed is
forgotten at once; a confirmed one is *lost*: it keeps its identity for a while, and is not shown.

The detector need not see every frame. In between, confirmed faces are followed by their own pixels
(``mien.following``). All parameters are in seconds, so that they fit any frame rate, steady or not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mien.assignment import FORBIDDEN, assign
from mien.errors import ConfigError
from mien.following import Anchor, Placement, face_at, follow, make_anchor
from mien.types import Detector, Face, Float, UInt8


@dataclass(frozen=True)
class TrackingSpec:
    """How faces are joined into tracks, and when the detector looks."""

    keep_lost_s: float = 2.0
    """How long a face that is not seen keeps its identity; one that is seen in every frame keeps it at any frame rate."""
    longest_step_s: float = 10.0
    """Frames further apart, as after a computer slept, have nothing to do with each other; ``keep_lost_s`` counts where it is longer."""
    detect_every_s: float = 0.5
    """The detector looks at least this often; a new face is found this late at most."""
    follow_at_most_s: float = 1.0
    """A face that the detector misses is followed for so long since it was last detected."""
    detect_every_frame: bool = False
    """Ask the detector on every frame and follow nothing in between."""
    min_likeness: float = 0.8
    """A followed face whose patch is less like the detected one (-1..1) calls the detector."""
    fast_sides_per_s: float = 3.0
    """A face that moves by more of its own sides per second calls the detector."""
    max_jump_sides: float = 0.8
    """A face this far from its predicted place, in sides, is another one; twice as far after a gap of ``keep_lost_s``."""
    max_size_ratio: float = 1.6
    """A face that is larger or smaller than this times its track is another one."""
    looks_weight: float = 2.0
    """What looks cost against distance in sides: unlike faces (likeness 0) cost this much more than the same (1)."""
    stranger_below: float = 0.4
    """A face less like a track than this (-1..1) is doubted; ``mien benchmark stream --only likeness`` tells how many are."""
    doubt_s: float = 0.5
    """Who is doubted for so long, while nobody stands near enough to hide them, is somebody else."""
    cut_below: float = 0.2
    """Two frames less alike (-1..1) than this are different shots of a film, and their faces different people."""

    def __post_init__(self) -> None:
        for name in (
            "keep_lost_s",
            "longest_step_s",
            "detect_every_s",
            "follow_at_most_s",
            "doubt_s",
            "fast_sides_per_s",
            "max_jump_sides",
            "looks_weight",
        ):
            if not getattr(self, name) >= 0:  # NaN fails, too
                raise ConfigError(f"{name} must be 0 or more, got {getattr(self, name)}")
        if not self.max_size_ratio >= 1:
            raise ConfigError(f"max_size_ratio must be 1 or more, got {self.max_size_ratio}")
        for name in ("min_likeness", "stranger_below", "cut_below"):
            if not -1 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} must lie in -1..1, got {getattr(self, name)}")


@dataclass(frozen=True, eq=False)
class Tracked:
    """A face seen in this frame, with its identity."""

    face: Face
    track_id: int
    is_confirmed: bool
    """Detected twice at least."""


@dataclass(eq=False)
class _Track:
    """What is remembered of one face."""

    track_id: int
    anchor: Anchor
    placement: Placement
    seen_s: float
    detected_s: float
    velocity: complex = 0j
    """Pixels per second."""
    is_confirmed: bool = False
    descriptor: Float = field(default_factory=lambda: np.zeros(0))
    """Looks, averaged over the sightings."""
    doubted_since_s: float = np.inf
    """Since when it has looked like somebody else; infinite where it does not."""
    looks_before: tuple[Float, ...] = ()
    """Of one that is doubted: what it looked like before."""

    def predicted(self, time_s: float) -> Placement:
        """Return where the face should be; the motion fades out when nothing is seen."""
        gap_s = max(0.0, time_s - self.seen_s)
        return self.placement.moved(self.velocity * _FADING_S * (1 - float(np.exp(-gap_s / _FADING_S))))

    def see(self, placement: Placement, time_s: float) -> None:
        """Move to where the face was seen."""
        gap_s = time_s - self.seen_s
        if gap_s > 0:
            share = 1 - float(np.exp(-gap_s / _VELOCITY_MEMORY_S))
            self.velocity += share * ((placement.center - self.placement.center) / gap_s - self.velocity)
        self.placement, self.seen_s = placement, time_s


_FADING_S = 1.0
_VELOCITY_MEMORY_S = 0.25
_LOOKS_MEMORY = 0.8
_LEAST_CUT_LEVELS = 15.0
_LONGEST_FLASH_S = 0.25
_UNPAIRED_COST = 4.5
"""A track and a face that cost as much to join stay apart, and so do pairs that cost others more than that."""
_HIDING_SIDES = 1.3
"""Whose middle is nearer than so many sides may hide a face."""


@dataclass(frozen=True, eq=False)
class _Shot:
    """The faces of a shot that seems to have ended, and its last glance: a flash of light looks like a cut for a moment."""

    tracks: list[_Track]
    glance: Float
    ended_s: float


def glance_at(image: UInt8) -> Float:
    """Return some hundred grey levels, evenly spread over a picture."""
    height, width = image.shape[:2]
    return image[height // 48 :: max(1, height // 24), width // 64 :: max(1, width // 32), 1].astype(np.float64).ravel()


def is_cut(before: Float, after: Float, below: float) -> bool:
    """Say whether two glances are of different shots: hardly alike (-1..1), and by more than noise makes them."""
    if before.shape != after.shape or float(np.abs(after - before).mean()) < _LEAST_CUT_LEVELS:
        return False
    one, other = before - before.mean(), after - after.mean()
    return float(one @ other) < below * float(np.linalg.norm(one) * np.linalg.norm(other))


class FaceTracker:
    """Detects or follows the faces of consecutive frames, and says who is who.

    Args:
        detect: Asked as often as ``spec`` wants.
    """

    def __init__(self, detect: Detector, spec: TrackingSpec) -> None:
        self._detect, self._spec = detect, spec
        self._tracks: list[_Track] = []
        self._next_id = 0
        self._detected_s = self._last_s = -np.inf
        self._glance: Float = np.zeros(0)
        self._shot_before: _Shot | None = None
        self.num_detections = 0
        """How often the detector was asked."""

    @property
    def known_ids(self) -> frozenset[int]:
        """Tracks that are not forgotten; those not seen in the last frame are among them."""
        before = self._shot_before.tracks if self._shot_before else []
        return frozenset(track.track_id for track in (*self._tracks, *before))

    def reset(self) -> None:
        """Forget all faces: what comes next has nothing to do with what was. Identities go on counting."""
        self._tracks, self._detected_s, self._glance, self._shot_before = [], -np.inf, np.zeros(0), None

    def __call__(self, image: UInt8, time_s: float) -> list[Tracked]:
        """Return the faces seen in an (H, W, 3) RGB frame, in the order of their identities.

        Args:
            time_s: Seconds on the source's clock; never before the last frame's.
        """
        self._meet_cuts(glance_at(image), time_s)
        self._tracks = [track for track in self._tracks if self._is_kept(track, time_s)]
        visible = [track for track in self._tracks if track.seen_s == self._last_s]
        self._last_s = time_s
        followed: dict[int, tuple[Placement, float]] = {}
        is_due = self._is_due(visible, time_s)
        if not self._spec.detect_every_frame:
            followed = self._follow(visible, image, time_s)
            is_due = is_due or len(followed) < len(visible)
        seen = self._match(image, time_s) if is_due else []
        matched = {tracked.track_id for tracked in seen}
        seen += self._keep_followed([track for track in visible if track.track_id not in matched], followed, time_s)
        return sorted(seen, key=lambda tracked: tracked.track_id)

    def _meet_cuts(self, glance: Float, time_s: float) -> None:
        """Start anew after a cut; where the shot before it is back at once, so are its faces."""
        before = self._shot_before
        if before and time_s - before.ended_s > _LONGEST_FLASH_S:
            before = None
        if is_cut(self._glance, glance, self._spec.cut_below):
            is_back = before is not None and not is_cut(before.glance, glance, self._spec.cut_below)
            tracks = before.tracks if before and is_back else []
            before = None if is_back else before or _Shot(self._tracks, self._glance, time_s)
            self._tracks, self._detected_s = tracks, -np.inf
        self._glance, self._shot_before = glance, before

    def _is_kept(self, track: _Track, time_s: float) -> bool:
        """Say whether a face is still known: lost for a short while, or in the last frame, however slowly frames come."""
        keep_s = self._spec.keep_lost_s
        if track.seen_s == self._last_s:
            keep_s = max(keep_s, self._spec.longest_step_s)
        return time_s - track.seen_s <= keep_s

    def _is_due(self, visible: Sequence[_Track], time_s: float) -> bool:
        spec = self._spec
        if spec.detect_every_frame or not visible or time_s - self._detected_s >= spec.detect_every_s:
            return True
        if len(visible) < len(self._tracks):  # somebody was lost, and may come back in any frame
            return True
        if any(np.isfinite(track.doubted_since_s) for track in visible):
            return True
        return any(not track.is_confirmed or abs(track.velocity) > spec.fast_sides_per_s * track.placement.side for track in visible)

    def _follow(self, visible: Sequence[_Track], image: UInt8, time_s: float) -> dict[int, tuple[Placement, float]]:
        """Return where the faces are that can be followed, by track."""
        found = {}
        for track in visible:
            if not track.is_confirmed or time_s - track.detected_s > self._spec.follow_at_most_s:
                continue
            place = follow(track.anchor, image, track.predicted(time_s))
            if place is not None and place[1] >= self._spec.min_likeness:
                found[track.track_id] = place
        return found

    def _keep_followed(self, visible: Sequence[_Track], followed: dict[int, tuple[Placement, float]], time_s: float) -> list[Tracked]:
        """Return the faces that were followed and not detected as well."""
        kept = []
        for track in visible:
            if track.track_id not in followed:
                continue
            placement, _ = followed[track.track_id]
            track.see(placement, time_s)
            kept.append(Tracked(face_at(track.anchor, placement), track.track_id, track.is_confirmed))
        return kept

    def _match(self, image: UInt8, time_s: float) -> list[Tracked]:
        """Detect, and give every face its track or a new one."""
        self._detected_s = time_s
        self.num_detections += 1
        anchors = [make_anchor(image, face) for face in self._detect(image)]
        pairs = assign(self._costs(anchors, time_s), _UNPAIRED_COST)
        tracks = {column: self._tracks[row] for row, column in pairs}
        seen = []
        for column, anchor in enumerate(anchors):
            track = tracks.get(column)
            if track is None:
                track = self._open(anchor, time_s)
            else:
                may_be_hidden = self._may_be_hidden(track, anchor, time_s)
                self._judge(track, anchor, time_s, may_be_hidden)
                self._update(track, anchor, time_s, may_be_hidden)
            seen.append(Tracked(anchor.face, track.track_id, track.is_confirmed))
        self._tracks = [track for track in self._tracks if track.is_confirmed or track.seen_s == time_s]
        return seen

    def _costs(self, anchors: Sequence[Anchor], time_s: float) -> Float:
        """Return (tracks, faces) costs, forbidden where distance or size say that it is somebody else."""
        spec = self._spec
        costs = np.full((len(self._tracks), len(anchors)), FORBIDDEN)
        for row, track in enumerate(self._tracks):
            place = track.predicted(time_s)
            gap = min(1.0, (time_s - track.seen_s) / spec.keep_lost_s) if spec.keep_lost_s else 0.0
            for column, anchor in enumerate(anchors):
                distance = abs(anchor.placement.center - place.center) / min(place.side, anchor.placement.side)
                ratio = abs(np.log(anchor.placement.side / place.side))
                if distance > spec.max_jump_sides * (1 + gap) or ratio > np.log(spec.max_size_ratio):
                    continue
                likeness = max(float(track.descriptor @ anchor.descriptor), float(track.anchor.descriptor @ anchor.descriptor))
                costs[row, column] = distance + ratio + spec.looks_weight * (1 - likeness)
        return costs

    def _may_be_hidden(self, track: _Track, anchor: Anchor, time_s: float) -> bool:
        """Say whether somebody else stands near enough to hide a part of a face."""
        reach = _HIDING_SIDES * anchor.placement.side
        others = (other.predicted(time_s).center for other in self._tracks if other is not track)
        return any(abs(center - anchor.placement.center) < reach for center in others)

    def _judge(self, track: _Track, anchor: Anchor, time_s: float, may_be_hidden: bool) -> None:
        """Doubt a face that does not look like its track, clear one that does again, and give who is doubted for long an identity."""
        before = track.looks_before or (track.descriptor, track.anchor.descriptor)
        if max(float(looks @ anchor.descriptor) for looks in before) >= self._spec.stranger_below:
            track.doubted_since_s, track.looks_before = np.inf, ()
            return
        track.looks_before = before
        if np.isinf(track.doubted_since_s) or may_be_hidden:
            track.doubted_since_s = time_s
        elif time_s - track.doubted_since_s >= self._spec.doubt_s:
            track.track_id = self._next_id
            self._next_id += 1
            track.descriptor, track.doubted_since_s, track.looks_before = anchor.descriptor, np.inf, ()

    def _open(self, anchor: Anchor, time_s: float) -> _Track:
        track = _Track(self._next_id, anchor, anchor.placement, time_s, time_s, descriptor=anchor.descriptor)
        self._next_id += 1
        self._tracks.append(track)
        return track

    def _update(self, track: _Track, anchor: Anchor, time_s: float, may_be_hidden: bool) -> None:
        track.see(anchor.placement, time_s)
        track.anchor, track.detected_s, track.is_confirmed = anchor, time_s, True
        if track.looks_before or may_be_hidden:  # this may not be what it looks like
            return
        mixed = _LOOKS_MEMORY * track.descriptor + (1 - _LOOKS_MEMORY) * anchor.descriptor
        track.descriptor = mixed / max(float(np.linalg.norm(mixed)), 1e-9)
