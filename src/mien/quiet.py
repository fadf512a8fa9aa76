"""Silence for C++ libraries that write banners to standard error themselves and offer Python no switch."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Send the process's standard error nowhere for a moment; Python exceptions still pass.

    Only around loading TensorFlow or LiteRT: whatever else writes there meanwhile is lost.
    """
    saved, sink = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(sink)
