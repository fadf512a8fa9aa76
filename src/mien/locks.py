"""Files that one process holds at a time."""

import sys
from typing import BinaryIO


def lock(file: BinaryIO) -> bool:
    """Lock a file until it is closed; return False where another process holds it, and on Windows, where files in use cannot be moved."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True
