"""What a face showed in the last seconds, as the timeline draws it."""

from collections import deque

import numpy as np

from mien.overlay import color_of
from mien.types import Float, UInt8

_EMPTY_RGB = (255, 255, 255)


class History:
    """The scores of the last seconds; older ones are forgotten.

    Args:
        span_s: How far back it reaches.
        bin_s: Scores within so many seconds are averaged.
    """

    def __init__(self, labels: tuple[str, ...], span_s: float = 30.0, bin_s: float = 0.1) -> None:
        self.labels, self.span_s, self.bin_s = labels, span_s, bin_s
        self.end_s = 0.0
        self._bins: deque[tuple[int, Float, int]] = deque()

    def add(self, time_s: float, scores: Float | None) -> None:
        """Take the (K,) scores of a frame, in order of time; None where the face was not seen."""
        if time_s < self.end_s - 1:  # the source began again
            self._bins.clear()
        self.end_s = time_s
        number = int(time_s / self.bin_s)
        while self._bins and self._bins[0][0] < number - self.span_s / self.bin_s:
            self._bins.popleft()
        if scores is None:
            return
        if self._bins and self._bins[-1][0] == number:
            _, total, count = self._bins[-1]
            self._bins[-1] = (number, total + scores, count + 1)
        else:
            self._bins.append((number, np.array(scores, np.float64), 1))

    def shares(self, num_columns: int) -> Float:
        """Return (num_columns, K) averaged scores, the newest last; a column without a face is NaN."""
        columns = np.full((num_columns, len(self.labels)), np.nan)
        if not self._bins:
            return columns
        start_s = self.end_s - self.span_s
        found = {number: total / count for number, total, count in self._bins}
        for column in range(num_columns):
            time_s = start_s + (column + 0.5) * self.span_s / num_columns
            scores = found.get(int(time_s // self.bin_s))
            if scores is None and int(time_s // self.bin_s) - 1 in found:  # a slow source leaves bins empty now and then
                scores = found[int(time_s // self.bin_s) - 1]
            if scores is not None:
                columns[column] = scores
        return columns

    def draw(self, width: int, height: int) -> UInt8:
        """Return an (H, W, 3) RGB picture: the labels' shares stacked from below, white where no face was seen."""
        shares = self.shares(width)
        limits = np.cumsum(shares, axis=1)  # (W, K)
        levels = 1 - (np.arange(height) + 0.5) / height  # top row first
        indices = (levels[:, np.newaxis, np.newaxis] > limits[np.newaxis]).sum(axis=2)  # NaN: 0, mended below
        indices = np.minimum(indices, len(self.labels) - 1)
        indices[:, np.isnan(limits[:, 0])] = len(self.labels)
        palette = np.array([*(color_of(label) for label in self.labels), _EMPTY_RGB], np.uint8)
        picture: UInt8 = palette[indices]
        return picture
