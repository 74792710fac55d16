"""The one way to change a run: its new state and the events that tell of it, in one transaction.

A change is a compare-and-set on (state, version, attempt): it is refused when anything else
changed the run since it was read. `seq` is given here, dense from 1. Only after the commit is the
feed told, so that no viewer ever sees what a crash could take back.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from lamina.text import Text
from lamina_studio.database import after_commit, utc_now
from lamina_studio.runs.errors import RunChanged
from lamina_studio.runs.feed import Feed
from lamina_studio.runs.repository import RunLog
from lamina_studio.runs.schemas import as_listed
from lamina_studio.runs.states import ENDED, Reason, RunState, may_follow
from lamina_studio.runs.tables import RunRow
from lamina_studio.runs.tail import Entry


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event before it has its place; `wseq` is its number in the spool, if it comes from one."""

    kind: str
    body: dict[str, Any]
    step: int
    epoch: int
    t_ms: int
    wseq: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """New values of a run's columns, and the events that tell of them."""

    values: dict[str, Any]
    events: Sequence[NewEvent]


def transition(
    run: RunRow, state: RunState, *, reason: Reason | None = None, message: Text | None = None
) -> Change:
    """The change of a run to another state, told by the server itself."""
    assert may_follow(RunState(run.state), state), f"{run.state} -> {state}"
    text = None if message is None else message.to_json()
    values: dict[str, Any] = {"state": state.value, "reason": reason, "message": text}
    if state in ENDED:
        values |= {"ended_at": utc_now(), "seconds_left": None}
    body = {"state": state.value, "reason": reason, "message": text}
    now_ms = time.time_ns() // 1_000_000
    return Change(values, [NewEvent("state", body, run.step, run.epoch, now_ms)])


def record(session: Session, feed: Feed, run: RunRow, change: Change) -> None:
    """Apply a change to a run within the session's transaction.

    Raises:
        RunChanged: If the run is no longer as `run` says. Nothing was written.
    """
    runs = RunLog(session)
    before, attempt = run.head, change.values.get("attempt", run.attempt)
    told_state = run.state
    if not runs.swap(run, {**change.values, "head": before + len(change.events)}):
        raise RunChanged(run.id)
    entries = [
        Entry(before + 1 + index, attempt, new.kind, new.step, new.epoch, new.t_ms, new.body)
        for index, new in enumerate(change.events)
    ]
    if entries:
        rows = [
            {**entry.fields(), "wseq": new.wseq}
            for entry, new in zip(entries, change.events, strict=True)
        ]
        runs.add_events(run.id, rows)
    state = {"state": run.state, "attempt": run.attempt, "step": run.step}
    item = as_listed(run) if run.state != told_state and feed.runs.is_watched else None

    def publish() -> None:
        feed.publish(run.id, entries, state)
        if item is not None:
            feed.announce(item)

    after_commit(session, publish)
