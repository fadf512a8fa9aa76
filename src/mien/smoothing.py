"""Steady labels: probabilities averaged over time for each face, and a shown label that does not flicker.

Scores are averaged exponentially in seconds, so that any frame rate, steady or not, gives the same answer. The label
that is shown changes when another one's averaged score leads by ``margin``, or when others, whichever, have led without a
break for ``hold_s``. So ``expression`` is the label with the highest averaged score, except that it may trail for at most
``hold_s``, or until the next frame where that comes later, behind one that leads by less than ``margin``. ``probability``
is the averaged score of ``expression``, and ``uncertain`` follows from it.

Only faces that are seen are read: nothing is made up for a frame where a face is hidden.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from mien.errors import ConfigError
from mien.types import Float


@dataclass(frozen=True)
class SmoothingSpec:
    """How steady labels are."""

    time_constant_s: float = 0.2
    """A change of the scores is taken over by 63 % within this time; 0 takes it over at once."""
    margin: float = 0.1
    """Another label is shown at once where its averaged score leads by this much."""
    hold_s: float = 0.25
    """Another label is shown after the shown one has been behind for so long, by however little."""

    def __post_init__(self) -> None:
        if not all(value >= 0 for value in (self.time_constant_s, self.margin, self.hold_s)):  # NaN fails, too
            raise ConfigError(f"time_constant_s, margin and hold_s must be 0 or more, got {self}.")


@dataclass(eq=False)
class _Memory:
    """What is remembered of one face."""

    scores: Float
    time_s: float
    shown: int
    behind_since_s: float = np.inf
    """When another label than the shown one took the lead; infinite while it leads."""


class Smoother:
    """Averages the scores of every track and picks the label to show."""

    def __init__(self, spec: SmoothingSpec) -> None:
        self._spec = spec
        self._memories: dict[int, _Memory] = {}

    def __call__(self, track_id: int, scores: Float, time_s: float) -> tuple[Float, int]:
        """Return a track's averaged scores (K,), and the index of the label to show.

        Args:
            scores: (K,) of this frame; sums to 1.
            time_s: Seconds on the source's clock.
        """
        memory = self._memories.get(track_id)
        if memory is None:
            best = int(np.argmax(scores))
            memory = self._memories[track_id] = _Memory(scores, time_s, best)
            return scores, best
        memory.scores = memory.scores + self._share(time_s - memory.time_s) * (scores - memory.scores)
        memory.time_s = time_s
        self._pick(memory)
        return memory.scores, memory.shown

    def forget_all_but(self, track_ids: Collection[int]) -> None:
        """Forget the tracks that are not among these."""
        self._memories = {track_id: memory for track_id, memory in self._memories.items() if track_id in track_ids}

    def forget_before(self, time_s: float) -> None:
        """Forget the tracks that were last seen earlier than this."""
        self._memories = {track_id: memory for track_id, memory in self._memories.items() if memory.time_s >= time_s}

    def _share(self, passed_s: float) -> float:
        """Return how much of the newest scores is taken over."""
        if self._spec.time_constant_s == 0:
            return 1.0
        return 1 - float(np.exp(-max(0.0, passed_s) / self._spec.time_constant_s))

    def _pick(self, memory: _Memory) -> None:
        leader = int(np.argmax(memory.scores))
        lead = float(memory.scores[leader] - memory.scores[memory.shown])
        memory.behind_since_s = min(memory.behind_since_s, memory.time_s)
        if leader == memory.shown or lead >= self._spec.margin or memory.time_s - memory.behind_since_s >= self._spec.hold_s:
            memory.shown, memory.behind_since_s = leader, np.inf
