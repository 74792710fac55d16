"""A viewer: a cursor into a log, and the frames that bring its owner up to the head.

It holds no queue. Whatever the owner has not been sent is read when its turn comes, so that a slow
one costs no memory: it simply gets everything that it missed as one coalesced frame.
"""

from collections.abc import Iterable, Iterator, Sequence

import orjson

from lamina_studio.live.frames import ResetFrame, RunPlace, SubFrame, SubOkFrame, ViewWanted, text
from lamina_studio.live.source import Gone, Source
from lamina_studio.runs.series import Buckets, View
from lamina_studio.runs.tail import Entry

MAX_EVENTS = 2000
MAX_BYTES = 256 * 1024
MAX_OTHERS = 1000
POINTS_PER_PART = 5000


class Viewer:
    """One subscription.

    Args:
        wanted: The frame that asked for it.
        source: The log that it reads.
    """

    def __init__(self, wanted: SubFrame, source: Source) -> None:
        self.id = wanted.id
        self.source = source
        self._view = _view(wanted.view)
        self._last = 0
        self._wants_snapshot = True
        self._opening = self._open(wanted)

    @property
    def is_behind(self) -> bool:
        """Whether there is anything to send."""
        return self._wants_snapshot or self._last < self.source.tail.head

    def look_at(self, view: ViewWanted) -> None:
        """Show another part of the curves from now on."""
        self._view = _view(view)
        self._wants_snapshot = True

    def opening(self) -> list[str]:
        """The frames that answer the subscription."""
        return self._opening

    def _open(self, wanted: SubFrame) -> list[str]:
        tail, since = self.source.tail, wanted.since
        reset: list[str] = []
        if since is not None and since.log != tail.log:
            reset = [self._reset("log")]
        elif since is not None and since.seq > tail.head:
            reset = [self._reset("gap")]
        elif since is not None:
            self._last, self._wants_snapshot = since.seq, False
        place = self.source.place
        frame = SubOkFrame(
            id=self.id,
            log=tail.log,
            head=tail.head,
            mode="snapshot" if self._wants_snapshot else "resume",
            run=None if place is None else RunPlace.model_validate(place),
        )
        return [text(frame), *reset]

    def _reset(self, reason: str) -> str:
        return text(ResetFrame.model_validate({"id": self.id, "reason": reason}))

    async def frames(self) -> list[str]:
        """The next frames: a snapshot, or one delta or coalesced frame."""
        try:
            return await (self._snapshot() if self._wants_snapshot else self._news())
        except Gone:
            self._wants_snapshot = True
            return [self._reset("retention"), *await self._snapshot()]

    async def _snapshot(self) -> list[str]:
        curves, at = await self.source.snapshot(self._view)
        self._wants_snapshot = False
        self._last = at
        parts = list(_parts(curves)) or [[]]
        return [
            orjson.dumps(
                {
                    "type": "snapshot",
                    "id": self.id,
                    "log": self.source.tail.log,
                    "at": at,
                    "part": number,
                    "last": number == len(parts) - 1,
                    "series": part,
                }
            ).decode()
            for number, part in enumerate(parts)
        ]

    async def _news(self) -> list[str]:
        if self.source.tail.head - self._last <= MAX_EVENTS:
            entries = await self.source.after(self._last, MAX_EVENTS)
            if sum(len(entry.encoded) for entry in entries) <= MAX_BYTES:
                return [self._delta(entries)] if entries else []
        return [await self._coalesced()]

    def _delta(self, entries: Sequence[Entry]) -> str:
        start = {"type": "delta", **self._stretch(entries[-1].seq)}
        return _joined(start, entries)

    async def _coalesced(self) -> str:
        digest = await self.source.digest(self._last, self._view, MAX_OTHERS)
        start = {"type": "coalesced", **self._stretch(digest.to), "series": digest.series}
        return _joined(start, digest.others)

    def _stretch(self, to: int) -> dict[str, object]:
        start, self._last = self._last, to
        return {"id": self.id, "log": self.source.tail.log, "from": start, "to": to}


def _joined(start: dict[str, object], entries: Iterable[Entry]) -> str:
    """A frame whose events are the bytes that were encoded once, for all viewers."""
    events = b",".join(entry.encoded for entry in entries)
    return (orjson.dumps(start)[:-1] + b',"events":[' + events + b"]}").decode()


def _parts(curves: Sequence[Buckets]) -> Iterator[list[Buckets]]:
    part: list[Buckets] = []
    for curve in curves:
        if part and sum(len(other.x) for other in part) + len(curve.x) > POINTS_PER_PART:
            yield part
            part = []
        part.append(curve)
    if part:
        yield part


def _view(wanted: ViewWanted | None) -> View:
    if wanted is None:
        return View()
    keys = None if wanted.keys is None else frozenset(wanted.keys)
    return View(keys, wanted.x, wanted.from_, wanted.to, wanted.max_points)
