"""Targets of a data set in the form that a loss wants."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.datasets.catalogue import ClassTarget, DatasetSpec
from lamina.losses.loss import TargetKind


def encode_targets(
    y: np.ndarray[Any, Any], spec: DatasetSpec, kind: TargetKind, units: int | None
) -> np.ndarray[Any, Any]:
    """Targets as the model's output and the loss need them.

    Args:
        y: Targets as the data set stores them: class numbers, or values.
        kind: What the loss wants.
        units: Size of the output's last axis.

    Returns:
        One-hot rows (samples, classes), class numbers (samples,), zeros and ones (samples, 1), or values.
    """
    if isinstance(spec.target, ClassTarget):
        classes = y.astype(np.int64).reshape(-1)
        if kind == "index":
            return classes
        if kind == "one_hot" or units == len(spec.target.classes):
            return np.eye(len(spec.target.classes), dtype=np.float32)[classes]
        return classes.astype(np.float32)[:, None]
    values = y.astype(np.float32)
    return values[:, None] if values.ndim == 1 else values
