"""Targets that may be left out: those of outputs which have no loss and no metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from lamina.training.arrays import to_target
from lamina.training.loss_nest import is_one, place_losses, slots_of
from lamina.training.protocols import TrainableModel


def filled(model: TrainableModel, y: Any) -> Any:
    """The targets with empty ones for the outputs that need none, where those were left out.

    Gives back what it was given where nothing is missing, or what is missing is needed.
    """
    names = model.target_names
    if len(names) < 2 or not _is_short(y, names):
        return y
    needed = _needed(model, names)
    if isinstance(y, Mapping):
        given = {name: y[name] for name in names if name in y}
    else:
        values = list(y) if isinstance(y, (list, tuple)) and len(needed) > 1 else [y]
        given = dict(zip(needed, values, strict=True)) if len(values) == len(needed) else {}
    if not given or not set(needed) <= set(given):
        return y
    empty = torch.zeros(len(to_target(next(iter(given.values())))), 0)
    return {name: given.get(name, empty) for name in names}


def _is_short(y: Any, names: list[str]) -> bool:
    if isinstance(y, Mapping):
        return not set(names) <= set(y)
    return not isinstance(y, (list, tuple)) or len(y) < len(names)


def _needed(model: TrainableModel, names: list[str]) -> list[str]:
    """The outputs that have a loss or a metric."""
    given = model.compiled_with
    placed = place_losses(given.get("loss"), None, model.output_nest, names)
    found = {names[index] for one in placed for index in slots_of(one.nest)}
    for kind in ("metrics", "weighted_metrics"):
        found |= _watched(given.get(kind), names)
    return [name for name in names if name in found]


def _watched(metrics: Any, names: list[str]) -> set[str]:
    if isinstance(metrics, Mapping):
        return {name for name in names if metrics.get(name)}
    if is_one(metrics) or len(metrics) != len(names):
        return set()
    return {name for name, each in zip(names, metrics, strict=True) if each}
