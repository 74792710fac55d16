"""The hot end of an event log: the newest entries, each encoded once, and who waits for more."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

MAX_ENTRIES = 8192
MAX_BYTES = 4 * 2**20


@dataclass(frozen=True)
class Entry:
    """One event of a log."""

    seq: int
    attempt: int
    kind: str
    step: int
    epoch: int
    t_ms: int
    body: dict[str, Any]

    def fields(self) -> dict[str, Any]:
        """Everything in it, in the order in which it travels."""
        return {
            "seq": self.seq,
            "attempt": self.attempt,
            "kind": self.kind,
            "step": self.step,
            "epoch": self.epoch,
            "t_ms": self.t_ms,
            "body": self.body,
        }

    @cached_property
    def encoded(self) -> bytes:
        """The JSON that every viewer gets, made once.

        A copy of just its length: what orjson returns holds the kilobytes that it wrote into.
        """
        return bytes(memoryview(orjson.dumps(self.fields())))


class Tail:
    """A bounded ring of a log's newest entries.

    Args:
        log: Identity of the log.
        head: `seq` of its newest entry, which the ring need not hold.
    """

    def __init__(self, log: str, head: int = 0) -> None:
        self.log = log
        self.head = head
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._watchers: set[Callable[[], None]] = set()

    @property
    def is_watched(self) -> bool:
        return bool(self._watchers)

    def watch(self, wake: Callable[[], None]) -> None:
        """Call `wake` whenever the head moves, until `unwatch`."""
        self._watchers.add(wake)

    def unwatch(self, wake: Callable[[], None]) -> None:
        self._watchers.discard(wake)

    def extend(self, entries: Sequence[Entry]) -> list[Entry]:
        """Append what is newer than the head and wake the watchers; returns what was appended.

        Entries that do not continue the ring empty it first: readers then find the gap in the
        database.
        """
        new = [entry for entry in entries if entry.seq > self.head]
        if not new:
            return []
        if new[0].seq != self.head + 1:
            self._entries.clear()
            self._bytes = 0
        for entry in new:
            self._entries.append(entry)
            self._bytes += len(entry.encoded)
        while len(self._entries) > MAX_ENTRIES or self._bytes > MAX_BYTES:
            self._bytes -= len(self._entries.popleft().encoded)
        self.head = new[-1].seq
        for wake in tuple(self._watchers):
            wake()
        return new

    def after(self, seq: int, limit: int) -> list[Entry] | None:
        """At most `limit` entries behind `seq`; None when the ring no longer reaches back so far."""
        if seq >= self.head:
            return []
        if not self._entries or self._entries[0].seq > seq + 1:
            return None
        start = seq + 1 - self._entries[0].seq
        end = min(start + limit, len(self._entries))
        return [self._entries[index] for index in range(start, end)]
