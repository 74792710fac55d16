"""One studio per home folder: a lock that ends with its process, and says where it answers."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from lamina_studio.errors import ConfigurationError
from lamina_studio.invocation import to_type
from lamina_studio.settings import Settings

WAIT_FOR_PREDECESSOR_S = 5.0
_POLL_S = 0.1


def _lock_path(home: Path) -> Path:
    return home / "studio.lock"


@contextmanager
def locked_home(home: Path, address: str) -> Iterator[None]:
    """Hold the home folder for a studio that answers at `address`.

    A studio that is just shutting down is waited for.

    Raises:
        ConfigurationError: If another studio holds it.
    """
    descriptor = os.open(_lock_path(home), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _lock_in_time(descriptor):
            raise _already_runs(home, _read_address(home) or "another address")
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"address": address, "pid": os.getpid()}).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def refuse_second(home: Path) -> None:
    """Say at once that a studio has this home folder, unless it is just shutting down.

    Raises:
        ConfigurationError: If a studio holds it and still takes connections.
    """
    address = running_address(home)
    if address is None:
        return
    place = urlsplit(address)
    with suppress(OSError):
        socket.create_connection((place.hostname, place.port), timeout=1).close()
        raise _already_runs(home, address)


def _already_runs(home: Path, address: str) -> ConfigurationError:
    is_usual = home == Settings.usual_home()
    link = to_type("link", *(() if is_usual else ("--home", str(home))))
    return ConfigurationError(
        f"The studio already runs at {address}; `{link}` prints an address that opens it."
    )


def running_address(home: Path) -> str | None:
    """Where the studio of this home folder answers; None if none is running."""
    try:
        descriptor = os.open(_lock_path(home), os.O_RDWR)
    except OSError:
        return None
    try:
        return None if _try_lock(descriptor) else _read_address(home)
    finally:
        os.close(descriptor)


def _lock_in_time(descriptor: int) -> bool:
    deadline = time.monotonic() + WAIT_FOR_PREDECESSOR_S
    while not _try_lock(descriptor):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_address(home: Path) -> str | None:
    try:
        address = json.loads(_lock_path(home).read_text(encoding="utf-8"))["address"]
    except (OSError, ValueError, KeyError):
        return None
    return str(address)
