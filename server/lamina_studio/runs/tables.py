"""What the database keeps of runs: the run, its event log, and the files that it left.

`head` is the last committed `seq` of the run's log. `spool_offset` and `wseq` say how far the
spool of the current attempt has been taken in; they change in the transaction that inserts the
events, so taking in the same records twice changes nothing.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lamina_studio.database import Base, Json, UtcDateTime
from lamina_studio.runs.states import RunState


class RunRow(Base):
    """One training of one frozen graph and training document."""

    __tablename__ = "runs"
    __table_args__ = (
        Index("ix_runs_created_at_id", "created_at", "id"),
        Index("ix_runs_state_queued_at", "state", "queued_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(Text, default="")
    tags: Mapped[list[str]] = mapped_column(Json, default=list)

    state: Mapped[str] = mapped_column(String(16), default=RunState.QUEUED.value)
    reason: Mapped[str | None] = mapped_column(String(32))
    message: Mapped[dict[str, str] | None] = mapped_column(Json)
    attempt: Mapped[int] = mapped_column(Integer, default=0)
    version: Mapped[int] = mapped_column(Integer, default=0)  # one more with every change

    log: Mapped[str] = mapped_column(String(32))
    head: Mapped[int] = mapped_column(BigInteger, default=0)
    wseq: Mapped[int] = mapped_column(BigInteger, default=0)
    spool_offset: Mapped[int] = mapped_column(BigInteger, default=0)

    model_id: Mapped[str | None] = mapped_column(String(64), index=True)
    model_version: Mapped[int | None] = mapped_column(Integer)
    graph_name: Mapped[str] = mapped_column(String(200))
    fingerprint: Mapped[str] = mapped_column(String(64))
    dataset: Mapped[str | None] = mapped_column(String(200))
    graph: Mapped[dict[str, Any]] = mapped_column(Json, deferred=True, deferred_raiseload=True)
    training: Mapped[dict[str, Any]] = mapped_column(Json, deferred=True, deferred_raiseload=True)

    epochs: Mapped[int | None] = mapped_column(Integer)
    epoch: Mapped[int] = mapped_column(Integer, default=0)
    step: Mapped[int] = mapped_column(BigInteger, default=0)
    steps_per_epoch: Mapped[int | None] = mapped_column(Integer)
    samples_per_second: Mapped[float | None]
    seconds_left: Mapped[float | None]
    last: Mapped[dict[str, float | str]] = mapped_column(Json, default=dict)
    test: Mapped[dict[str, Any] | None] = mapped_column(Json)
    environment: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)

    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    idempotency_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    request_hash: Mapped[str] = mapped_column(String(64))


class RunEventRow(Base):
    """One entry of a run's log; `wseq` is null for events that the server itself wrote."""

    __tablename__ = "run_event"
    __table_args__ = (UniqueConstraint("run_id", "attempt", "wseq"),)

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    attempt: Mapped[int] = mapped_column(Integer)
    wseq: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(16))
    step: Mapped[int] = mapped_column(BigInteger)
    epoch: Mapped[int] = mapped_column(Integer)
    t_ms: Mapped[int] = mapped_column(BigInteger)
    body: Mapped[dict[str, Any]] = mapped_column(Json)


class ArtifactRow(Base):
    """A file that a run left, in the run's folder under its `name`."""

    __tablename__ = "artifacts"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    verified: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
