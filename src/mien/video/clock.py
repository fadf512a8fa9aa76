"""The source's clock, mended where it is broken."""

import numpy as np

FALLBACK_RATE = 25.0
"""Frames per second of a source that names neither times nor a rate."""


class FrameClock:
    """Times of consecutive frames that always go forward.

    Args:
        frames_per_second: Of the source, 0 where it does not say.
    """

    def __init__(self, frames_per_second: float) -> None:
        is_known = np.isfinite(frames_per_second) and frames_per_second > 0
        self._interval_s = 1 / (frames_per_second if is_known else FALLBACK_RATE)
        self._last_s: float | None = None

    def next(self, time_s: float | None) -> float:
        """Return the time of the next frame: its own, or one interval after the last where it has none or goes back."""
        if time_s is not None and np.isfinite(time_s) and time_s > (-1e-9 if self._last_s is None else self._last_s):
            self._last_s = float(time_s)
        else:
            self._last_s = 0.0 if self._last_s is None else self._last_s + self._interval_s
        return self._last_s
