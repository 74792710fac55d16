"""What happens while a computation is recorded, noted by those to whom it happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Generic, TypeVar

T = TypeVar("T")


class Notes(Generic[T]):
    """A list that is there only while somebody takes notes.

    Args:
        name: What is noted.
    """

    def __init__(self, name: str) -> None:
        self._taken: ContextVar[list[T] | None] = ContextVar(name, default=None)

    @property
    def are_taken(self) -> bool:
        return self._taken.get() is not None

    def add(self, note: T) -> None:
        """Note it, where notes are taken."""
        taken = self._taken.get()
        if taken is not None:
            taken.append(note)

    @contextmanager
    def taking(self) -> Iterator[list[T]]:
        """The notes of what happens within."""
        notes: list[T] = []
        token = self._taken.set(notes)
        try:
            yield notes
        finally:
            self._taken.reset(token)


READS: Notes[str] = Notes("reads")
"""Numbers that are read though they change from step to step."""
