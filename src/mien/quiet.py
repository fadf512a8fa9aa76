"""Silence for C++ libraries that write banners to standard error themselves and offer Python no switch."""

import io
import logging
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

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


@contextmanager
def silenced() -> Iterator[None]:
    """Keep prints, bars, warnings and log lines of talkative libraries out of the terminal as well; their errors still raise."""
    with quiet_stderr(), warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        previous = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(previous)
