"""One process at a time: a file lock, which the system releases however its holder ends."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

POLL_S = 0.1


@contextmanager
def locked(path: Path, cancelled: Callable[[], bool]) -> Iterator[bool]:
    """Hold the lock at `path`, waiting as long as `cancelled` says no; yields whether it is held.

    The file itself stays: removing it would let two processes lock two files of the same name.
    """
    with path.open("a") as file:
        held = _try_lock(file.fileno())
        while not held and not cancelled():
            time.sleep(POLL_S)
            held = _try_lock(file.fileno())
        yield held  # closing the file releases the lock


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
