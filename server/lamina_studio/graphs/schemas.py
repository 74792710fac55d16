"""Checking and code generation on the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from lamina_studio.schemas import GraphProblem, JsonObject, WireModel


class CheckIn(BaseModel):
    """Documents to check. They may be half built: whatever is wrong becomes a problem."""

    graph: JsonObject
    training: JsonObject | None = None


class NodeReport(WireModel):
    """What is known about one node."""

    output_shape: list[int | None] | None = Field(
        description="With the batch axis first, which is null."
    )
    dtype: str | None
    parameters: int
    trainable_parameters: int
    macs: int | None = Field(description="Multiplications and additions for one sample.")
    bytes: int | None = Field(description="Size of the output for one sample.")


class Totals(WireModel):
    """Sums over the graph."""

    parameters: int
    trainable_parameters: int
    macs: int
    bytes: int


class CheckOut(WireModel):
    """All that is wrong with the documents, and all that is known about each node."""

    problems: list[GraphProblem]
    nodes: dict[str, NodeReport]
    totals: Totals
    fingerprint: str | None = Field(
        description="Identity of the graph; null while a layer cannot be."
    )


class CodeIn(BaseModel):
    """A graph to write as source code."""

    graph: JsonObject
    style: Literal["keras", "pytorch"] = "keras"


class CodeOut(WireModel):
    """A Python file that builds the same model."""

    style: Literal["keras", "pytorch"]
    source: str
