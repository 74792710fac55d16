"""The entries of a run's event log, as clients see them: one tagged type per kind.

`seq` is dense from 1 within a run and is the order of everything. Steps and epochs count from 1
over the whole run and are 0 before the first. `t_ms` is the Unix time in milliseconds at which the
trainer (or, for the server's own entries, the server) saw it happen.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from lamina_studio.runs.numbers import WireNumber
from lamina_studio.runs.states import Reason, RunState
from lamina_studio.schemas import LocalText, WireModel

KINDS = frozenset(
    {"metrics", "state", "log", "system", "artifact", "alert", "rewind", "knob", "diagnosis"}
)
"""Every kind that a log may hold; those without a type below are not written yet."""


class _Event(WireModel):
    seq: int = Field(description="Place in the run's log, dense from 1.")
    attempt: int
    step: int
    epoch: int
    t_ms: int = Field(description="Unix time in milliseconds.")


class MetricsEvent(_Event):
    """Numbers of one step (`batch/…` and the running mean `running/…`), epoch or test."""

    kind: Literal["metrics"]
    body: dict[str, WireNumber]


class StateBody(BaseModel):
    """A new state. The keys after `message` come with RUNNING only."""

    state: RunState
    reason: Reason | None
    message: LocalText | None
    epochs: int | None = None
    steps_per_epoch: int | None = None


class StateEvent(_Event):
    """The run changed its state."""

    kind: Literal["state"]
    body: StateBody


class LogBody(WireModel):
    """One line, as the logging module ranks it.

    `message` holds the whole line in both languages where the studio itself speaks, and is absent where a
    library does. `text` always holds it in English.
    """

    level: str
    text: str
    message: LocalText | None = None


class LogEvent(_Event):
    """A line for people."""

    kind: Literal["log"]
    body: LogBody


class Download(WireModel):
    """How far the download of a dataset has come, in bytes."""

    dataset: str
    received: int
    total: int


class Scores(WireModel):
    """The model's scores on one part of the data, over `n` examples."""

    loss: WireNumber
    metrics: dict[str, WireNumber]
    n: int


class SystemBody(BaseModel):
    """One of these facts; the others are absent."""

    download: Download | None = None
    environment: dict[str, Any] | None = None
    test: Scores | None = None


class SystemEvent(_Event):
    """A fact about how the training goes."""

    kind: Literal["system"]
    body: SystemBody


class ArtifactBody(WireModel):
    """A file, complete and on the disk."""

    name: str
    kind: str
    bytes: int
    sha256: str


class ArtifactEvent(_Event):
    """The run left a file."""

    kind: Literal["artifact"]
    body: ArtifactBody


class AlertBody(WireModel):
    """What is the matter, for programs and for people."""

    code: str
    message: LocalText


class AlertEvent(_Event):
    """Something that a person should look at; the training goes on."""

    kind: Literal["alert"]
    body: AlertBody


RunEvent = Annotated[
    MetricsEvent | StateEvent | LogEvent | SystemEvent | ArtifactEvent | AlertEvent,
    Field(discriminator="kind"),
]
