"""The catalogue on the wire."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from lamina_studio.schemas import LocalText, WireModel


class InputPorts(WireModel):
    """How many inputs a layer takes."""

    min: int
    max: int | None = Field(description="null: any number.")


class Ports(WireModel):
    """What can be connected to a layer."""

    inputs: InputPorts
    outputs: int


class CatalogEntry(WireModel):
    """One layer, loss, metric, optimizer, schedule or callback."""

    name: str
    group: str
    summary: LocalText
    parameters: dict[str, Any] = Field(
        description="JSON Schema of the configuration; each property has `x-label`, `x-doc` and `x-widget`."
    )
    ports: Ports | None = None
    ranks: list[int] | None = Field(
        default=None,
        description="Of a layer: numbers of axes, with the batch, of tensors that a new one can take.",
    )


class CatalogGroup(WireModel):
    """A section of the palette."""

    id: str
    label: LocalText


class Catalog(WireModel):
    """Everything a graph or a training document can name."""

    version: str
    groups: list[CatalogGroup]
    layers: list[CatalogEntry]
    losses: list[CatalogEntry]
    metrics: list[CatalogEntry]
    optimizers: list[CatalogEntry]
    schedules: list[CatalogEntry]
    callbacks: list[CatalogEntry]
