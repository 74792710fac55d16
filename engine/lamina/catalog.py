"""The catalogue: everything that can stand in a graph or training document, with its parameters as JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import lamina.layers  # noqa: F401 - fills the registry
from lamina.callbacks import CALLBACKS
from lamina.errors import LaminaError
from lamina.fields import Declared
from lamina.layer import GROUPS, LAYERS, Layer, Shape
from lamina.losses import LOSSES
from lamina.metrics import METRICS
from lamina.optimizers import OPTIMIZERS
from lamina.optimizers.schedules import SCHEDULES
from lamina.registry import Registry

RANKS, SIDE, CHANNELS = range(1, 7), 32, (3, 32)
"""Tensors that layers are tried on: as many axes, with sides and channels of these sizes."""


def catalog() -> dict[str, Any]:
    """All of it, as JSON data."""
    layers = [
        {**_entry(name, cls), "ports": cls.ports.to_json(), "ranks": ranks_of(cls)}
        for name, cls in LAYERS.items()
    ]
    order = list(GROUPS)
    return {
        "version": version("lamina"),
        "groups": [{"id": key, "label": label.to_json()} for key, label in GROUPS.items()],
        "layers": sorted(layers, key=lambda entry: order.index(entry["group"])),
        "losses": _entries(LOSSES),
        "metrics": _entries(METRICS),
        "optimizers": _entries(OPTIMIZERS),
        "schedules": _entries(SCHEDULES),
        "callbacks": _entries(CALLBACKS),
    }


def _entries(registry: Registry[Any]) -> list[Mapping[str, Any]]:
    return [{**_entry(name, cls), "ports": None, "ranks": None} for name, cls in registry.items()]


def ranks_of(cls: type[Layer]) -> list[int]:
    """Numbers of axes, with the batch, of tensors that a new layer of this type can take.

    It is tried: with the parameters that forms begin with, on channels of colours and on many.
    """
    fields = cls.declared_fields
    start = {name: spec.suggest for name, spec in fields.items() if spec.suggest is not None}
    new, count = cls(**start), cls.ports.least_inputs
    return [
        rank
        for rank in RANKS
        if count and any(_takes(new, _shape(rank, channels), count) for channels in CHANNELS)
    ]


def _shape(rank: int, channels: int) -> Shape:
    sizes = (SIDE,) * (rank - 2)
    return (None, *sizes, channels)[:rank]


def _takes(new: Layer, shape: Shape, count: int) -> bool:
    try:
        new.output_shapes(*(shape,) * count)
        list(new.weights_for(*(shape,) * count))
    except LaminaError:
        return False
    return True


def _entry(name: str, cls: type[Declared]) -> dict[str, Any]:
    return {
        "name": name,
        "group": cls.group,
        "summary": cls.summary.to_json(),
        "parameters": cls.json_schema(),
    }
