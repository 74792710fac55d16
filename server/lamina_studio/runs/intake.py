"""What the records of a spool mean for a run. Plain logic: no database, no files, no clock."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from lamina_studio.runs.journal import Change, NewEvent
from lamina_studio.runs.states import ENDED, RunState, may_follow
from lamina_studio.runs.tables import ArtifactRow, RunRow

logger = logging.getLogger(__name__)


class Intake:
    """Turns records of one attempt into one change of the run.

    A record that was taken in before (its `wseq` says so) changes nothing, and neither does one
    that follows the end of the run.

    Args:
        run: The run as it is; not modified.
        now: Time for `started_at`, `ended_at` and the artifacts.

    Attributes:
        artifacts: Files that the records tell of.
        silence_ms: Until when the next heartbeat is due, from now; None if no heartbeat came.
    """

    def __init__(self, run: RunRow, now: datetime) -> None:
        self.artifacts: list[ArtifactRow] = []
        self.silence_ms: int | None = None
        self._run = run
        self._now = now
        self._state = RunState(run.state)
        self._wseq = run.wseq
        self._events: list[NewEvent] = []
        self._values: dict[str, Any] = {}
        self._last = dict(run.last)

    def take(self, payloads: Sequence[bytes]) -> None:
        """Take in records in the order of the spool."""
        for payload in payloads:
            try:
                record = orjson.loads(payload)
            except orjson.JSONDecodeError:
                logger.warning("run %s: a record of its spool is not JSON", self._run.id)
                continue
            if record["kind"] == "heartbeat":
                self._beat(record)
            elif record["wseq"] > self._wseq and self._state not in ENDED:
                self._wseq = record["wseq"]
                self._take(NewEvent(**record))

    def change(self, spool_offset: int) -> Change:
        """All of it, as one change."""
        values = {**self._values, "wseq": self._wseq, "spool_offset": spool_offset}
        if self._last != self._run.last:
            values["last"] = self._last
        return Change(values, self._events)

    def _beat(self, record: dict[str, Any]) -> None:
        self.silence_ms = record["due_ms"]
        if self._state not in ENDED:
            for name in ("samples_per_second", "seconds_left"):
                if name in record:
                    self._values[name] = record[name]

    def _take(self, event: NewEvent) -> None:
        if event.kind == "metrics":
            self._last.update(event.body)
            self._values |= {"step": event.step, "epoch": event.epoch}
        elif event.kind == "state":
            event = self._enter(event)
        elif event.kind == "system":
            self._values |= {
                name: event.body[name] for name in ("environment", "test") if name in event.body
            }
        elif event.kind == "artifact":
            row = ArtifactRow(**event.body, run_id=self._run.id, created_at=self._now)
            self.artifacts.append(row)
        self._events.append(event)

    def _enter(self, event: NewEvent) -> NewEvent:
        wanted = RunState(event.body["state"])
        if may_follow(self._state, wanted):
            self._state = wanted
        for name in ("epochs", "steps_per_epoch"):
            if name in event.body:
                self._values[name] = event.body[name]
        self._values["state"] = self._state.value
        if wanted is RunState.RUNNING:
            self._values["started_at"] = self._now
        if self._state in ENDED:
            self._values |= {
                "reason": event.body["reason"],
                "message": event.body["message"],
                "ended_at": self._now,
                "seconds_left": None,
            }
        # A run that was asked to stop stays STOPPING although its trainer has just begun.
        ending = {"reason": None, "message": None}
        return replace(event, body={**ending, **event.body, "state": self._state.value})
