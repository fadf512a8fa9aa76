"""What happens to the faces of a stream: they appear, change their expression and leave."""

from collections.abc import Collection, Iterable

from mien.types import Event, Reading


class EventLog:
    """Compares each frame's readings with what was shown before."""

    def __init__(self) -> None:
        self._shown: dict[int, tuple[str, float]] = {}

    def update(self, readings: Iterable[Reading], known_ids: Collection[int], time_s: float) -> list[Event]:
        """Return what happened, in the order of the identities; faces that left come first.

        Args:
            readings: Of the faces seen in this frame and detected twice at least.
            known_ids: Tracks that are not forgotten; what was shown and is not among them has left.
            time_s: Of the frame.
        """
        gone = [track_id for track_id in self._shown if track_id not in known_ids]
        events = [Event("leaves", seen_s, track_id, shown) for track_id in gone for shown, seen_s in [self._shown.pop(track_id)]]
        for reading in readings:
            before = self._shown.get(reading.track_id)
            if before is None:
                events.append(Event("appears", time_s, reading.track_id, reading.expression))
            elif before[0] != reading.expression:
                events.append(Event("changes", time_s, reading.track_id, reading.expression, before[0]))
            self._shown[reading.track_id] = (reading.expression, time_s)
        return events
