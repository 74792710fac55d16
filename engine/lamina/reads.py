"""Numbers that change from step to step, and whether a recording has read one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_NOTED: ContextVar[list[str] | None] = ContextVar("noted_reads", default=None)


def read(what: str) -> None:
    """Say that a number which changes from step to step is read."""
    noted = _NOTED.get()
    if noted is not None:
        noted.append(what)


@contextmanager
def noting_reads() -> Iterator[list[str]]:
    """A list of what is read within."""
    noted: list[str] = []
    token = _NOTED.set(noted)
    try:
        yield noted
    finally:
        _NOTED.reset(token)
