"""The catalogue: everything that can stand in a graph or training document, with its parameters as JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import lamina.layers  # noqa: F401 - fills the registry
from lamina.callbacks import CALLBACKS
from lamina.fields import Declared
from lamina.layer import GROUPS, LAYERS
from lamina.losses import LOSSES
from lamina.metrics import METRICS
from lamina.optimizers import OPTIMIZERS
from lamina.optimizers.schedules import SCHEDULES
from lamina.registry import Registry


def catalog() -> dict[str, Any]:
    """All of it, as JSON data."""
    layers = [{**_entry(name, cls), "ports": cls.ports.to_json()} for name, cls in LAYERS.items()]
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
    return [{**_entry(name, cls), "ports": None} for name, cls in registry.items()]


def _entry(name: str, cls: type[Declared]) -> dict[str, Any]:
    return {
        "name": name,
        "group": cls.group,
        "summary": cls.summary.to_json(),
        "parameters": cls.json_schema(),
    }
