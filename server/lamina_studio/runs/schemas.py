"""Runs on the wire."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from lamina_studio.ids import Id
from lamina_studio.runs.events import RunEvent, Scores
from lamina_studio.runs.numbers import WireNumber
from lamina_studio.runs.states import Reason, RunState
from lamina_studio.runs.tables import RunRow
from lamina_studio.schemas import (
    FilledLabel,
    JsonObject,
    Label,
    LocalText,
    Page,
    Time,
    WireModel,
    clean_text,
)

Note = Annotated[str, Field(max_length=20_000), AfterValidator(clean_text)]
Part = Literal["train", "validation", "test"]


def _distinct(tags: list[str]) -> list[str]:
    if len(set(tags)) < len(tags):
        raise ValueError("must not name the same tag twice")
    return tags


Tags = Annotated[list[FilledLabel], Field(max_length=50), AfterValidator(_distinct)]
LARGEST_VERSION = 2**31 - 1


class RunIn(BaseModel):
    """What to train: documents, or a saved model, and how to train it."""

    model_config = ConfigDict(extra="forbid")

    name: Label | None = None
    graph: JsonObject | None = None
    model: Id | None = Field(None, description="A saved model instead of `graph`.")
    version: int | None = Field(
        None, ge=1, le=LARGEST_VERSION, description="Of `model`; the newest if unset."
    )
    training: JsonObject

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.graph is None) == (self.model is None):
            raise ValueError("give either `graph` or `model`")
        if self.version is not None and self.model is None:
            raise ValueError("`version` belongs to `model`")
        return self


class RunPatch(BaseModel):
    """What people write on a run. What is absent stays as it is."""

    model_config = ConfigDict(extra="forbid")

    name: FilledLabel | None = None
    note: Note | None = None
    tags: Tags | None = None


class Run(WireModel):
    """A run as lists show it."""

    id: str
    name: str
    note: str
    tags: list[str]
    state: RunState
    reason: Reason | None
    message: LocalText | None = Field(
        description="Why the run ended and what to do next; null while it lives."
    )
    attempt: int
    model_id: str | None
    model_version: int | None
    graph_name: str
    fingerprint: str
    dataset: str | None
    epochs: int | None
    epoch: int
    step: int
    steps_per_epoch: int | None
    samples_per_second: float | None
    seconds_left: float | None
    created_at: Time
    started_at: Time | None
    ended_at: Time | None
    last: dict[str, WireNumber] = Field(description="The newest number of each curve.")
    test: Scores | None
    environment: dict[str, Any]


class RunDetail(Run):
    """A run with its frozen documents and its place in the log."""

    graph: dict[str, Any]
    training: dict[str, Any]
    log: str = Field(description="Identity of the run's event log.")
    head: int = Field(description="`seq` of the newest event.")


class RunPage(Page[Run]):
    """Runs, newest first."""


def as_listed(run: RunRow) -> dict[str, Any]:
    """A run as the list shows it, ready for JSON."""
    return Run.model_validate(run).model_dump(mode="json")


class RunEventPage(WireModel):
    """A part of a run's log."""

    items: list[RunEvent]
    next: int | None = Field(description="Give it as `after` to read on; null at the head.")


class SeriesBuckets(WireModel):
    """One curve in buckets of equal width on the x axis; the columns have equal length."""

    key: str
    bucket: int = Field(description="Width in units of x, a power of two; 1 means raw points.")
    n: list[int]
    x: list[int] = Field(description="Where each bucket begins: a multiple of its width.")
    last: list[WireNumber]
    min: list[WireNumber]
    max: list[WireNumber]


class RunSeries(WireModel):
    """Curves of a run."""

    log: str
    at: int = Field(description="`seq` through which the curves are complete.")
    series: list[SeriesBuckets]


class Artifact(WireModel):
    """A file that a run left."""

    name: str
    kind: str
    bytes: int
    sha256: str
    verified: bool = Field(description="It was loaded in a clean process and predicts the same.")


class ArtifactPage(Page[Artifact]):
    """The files that a run left."""


class PredictIn(BaseModel):
    """Samples for a model, all at once."""

    model_config = ConfigDict(extra="forbid")

    inputs: list[Any] | dict[str, list[Any]] = Field(
        description="An array of samples, or one per input id, as the dataset yields them: "
        "pictures in [0, 1]. Whole numbers above 1 are taken for pixels of 0 to 255 and prepared "
        "as the dataset prepares them."
    )


class Prediction(WireModel):
    """What the model says, per output node."""

    outputs: dict[str, list[Any]]
    classes: list[str] | None


class EvaluateIn(BaseModel):
    """Which part of the data to score the model on."""

    model_config = ConfigDict(extra="forbid")

    split: Part = "test"
