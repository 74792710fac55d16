"""The frames of protocol `lamina.v1`: one tagged type each, as text JSON.

A viewer keeps `(log, last)` per subscription. It applies a frame only if `id` is current, `log` is
equal and `from == last`, then sets `last = to`; it ignores a frame whose `to <= last`; on anything
else it subscribes again with `since`. Where a field may be null, null says "not limited" or "from
the start"; leaving it out means the same.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from lamina_studio.runs.events import RunEvent
from lamina_studio.runs.numbers import WireNumber
from lamina_studio.runs.schemas import Run, SeriesBuckets
from lamina_studio.runs.series import Axis
from lamina_studio.runs.states import RunState
from lamina_studio.schemas import WireModel

VERSION = 1
MAX_POINTS = 20_000

SubId = Annotated[str | int, Field(description="Chosen by the client, one per subscription.")]


# ------------------------------------------------------------------------------ from the client


class _ClientFrame(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class HelloFrame(_ClientFrame):
    """The first frame of a client."""

    type: Literal["hello"]
    v: Literal[1, "1", "lamina.v1"]
    client: str | None = Field(None, max_length=200, description="Who it is, for the log.")
    max_hz: float | None = Field(None, gt=0, description="Most frames per second it wants.")


class Since(_ClientFrame):
    """How far a viewer has come."""

    log: str = Field(max_length=64)
    seq: int = Field(ge=0, lt=2**63)


class ViewWanted(_ClientFrame):
    """Which curves a viewer shows; it shapes snapshots and coalesced frames, never deltas."""

    keys: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=500)] | None = (
        None
    )
    x: Axis = "step"
    from_: float | None = Field(None, alias="from")
    to: float | None = None
    max_points: int = Field(1000, ge=1, le=MAX_POINTS)


class SubFrame(_ClientFrame):
    """Subscribe; with `since` only what is missing is sent, if the log still has it."""

    type: Literal["sub"]
    id: SubId
    channel: str = Field(max_length=100, description="`run:<id>` or `runs`.")
    since: Since | None = None
    view: ViewWanted | None = None


class ViewFrame(_ClientFrame):
    """Look at another part of the curves; a snapshot under the same id answers."""

    type: Literal["view"]
    id: SubId
    view: ViewWanted


class AckFrame(_ClientFrame):
    """What the viewer has applied; informative, the server needs none."""

    type: Literal["ack"]
    id: SubId
    seq: int = Field(0, ge=0, lt=2**63)


class UnsubFrame(_ClientFrame):
    """End a subscription."""

    type: Literal["unsub"]
    id: SubId


class _Beat(BaseModel):
    t: float | None = Field(None, description="Of the sender's clock; a pong returns it.")
    heads: dict[str, int] = Field({}, description="The newest `seq` per subscription id.")


class ClientPing(_Beat):
    """Asks the server for a sign of life."""

    type: Literal["ping"]


class ClientPong(_Beat):
    """The answer to the server's ping."""

    type: Literal["pong"]


ClientFrame = Annotated[
    HelloFrame | SubFrame | ViewFrame | AckFrame | UnsubFrame | ClientPing | ClientPong,
    Field(discriminator="type"),
]
CLIENT_FRAME: TypeAdapter[ClientFrame] = TypeAdapter(ClientFrame)


# ------------------------------------------------------------------------------ from the server


class WelcomeFrame(WireModel):
    """The answer to `hello`."""

    type: Literal["welcome"] = "welcome"
    v: int = VERSION
    boot: str = Field(description="Identity of this life of the server.")
    heartbeat_ms: int = Field(description="A frame, if only a ping, comes at least this often.")
    now_ms: int = Field(description="The server's Unix time in milliseconds.")


class RunPlace(WireModel):
    """Where a run stands."""

    state: RunState
    attempt: int
    step: int


class SubOkFrame(WireModel):
    """A subscription began."""

    type: Literal["sub_ok"] = "sub_ok"
    id: SubId
    log: str
    head: int
    mode: Literal["resume", "snapshot"]
    run: RunPlace | None = Field(description="Null on the channel `runs`.")


class SnapshotFrame(WireModel):
    """The curves through `at`, in one or more parts; apply them with the last part."""

    type: Literal["snapshot"] = "snapshot"
    id: SubId
    log: str
    at: int
    part: int
    last: bool
    series: list[SeriesBuckets]


class RunsChangeBody(WireModel):
    """A run as the list shows it, after a change."""

    run: Run


class RunsChangeEvent(WireModel):
    """On the channel `runs`: a run changed its state or moved on."""

    seq: int
    attempt: int
    kind: Literal["state"]
    step: int
    epoch: int
    t_ms: int
    body: RunsChangeBody


class DeltaFrame(WireModel):
    """Every event in (from, to], in order."""

    type: Literal["delta"] = "delta"
    id: SubId
    log: str
    from_: int = Field(alias="from")
    to: int
    events: list[RunEvent] | list[RunsChangeEvent]


class SeriesSummary(WireModel):
    """All points of one curve in (from, to], as one bucket."""

    key: str
    n: int
    first: WireNumber
    last: WireNumber
    min: WireNumber
    max: WireNumber
    x_last: int


class CoalescedFrame(WireModel):
    """Many events at once: curves are summarized, every other event in (from, to] is there."""

    type: Literal["coalesced"] = "coalesced"
    id: SubId
    log: str
    from_: int = Field(alias="from")
    to: int
    series: list[SeriesSummary]
    events: list[RunEvent] | list[RunsChangeEvent]


class ResetFrame(WireModel):
    """What the viewer has no longer fits; a snapshot follows."""

    type: Literal["reset"] = "reset"
    id: SubId
    reason: Literal["log", "gap", "retention"]


class PingFrame(_Beat, WireModel):
    """Says that the server lives, and the head of each subscription."""

    type: Literal["ping"] = "ping"


class PongFrame(_Beat, WireModel):
    """The answer to a ping."""

    type: Literal["pong"] = "pong"


class ErrorFrame(WireModel):
    """Something in a client's frame could not be done."""

    type: Literal["error"] = "error"
    id: SubId | None = None
    code: Literal["bad_frame", "not_found", "too_many", "bad_channel", "unknown_id"]
    message: str
    retry: bool = Field(description="Whether the same frame may succeed later.")


ServerFrame = Annotated[
    WelcomeFrame
    | SubOkFrame
    | SnapshotFrame
    | DeltaFrame
    | CoalescedFrame
    | ResetFrame
    | PingFrame
    | PongFrame
    | ErrorFrame,
    Field(discriminator="type"),
]


def text(frame: WireModel) -> str:
    """A small frame as it travels. Deltas and snapshots are joined from bytes instead."""
    return frame.model_dump_json()
