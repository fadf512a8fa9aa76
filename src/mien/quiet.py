"""Silence for C++ libraries that write banners to standard error themselves and offer Python no switch."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Reentrant: building a network may load another.
_lock = threading.RLock()


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Send the process's standard error nowhere for a moment; Python exceptions still pass.

    Only around loading TensorFlow or LiteRT: whatever else writes there meanwhile is lost. One thread at a time.
    """
    with _lock:
        try:
            saved = os.dup(2)
        except OSError:  # no standard error, as under pythonw: nothing to silence
            yield
            return
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 2)
        os.close(sink)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
