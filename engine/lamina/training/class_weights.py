"""`class_weight`: one weight for each class, as one weight for each sample."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from lamina.errors import ConfigError, WrongTypeError
from lamina.text import Text


def class_weights(
    targets: Tensor, class_weight: Mapping[int, float], classes: int | None = None
) -> Tensor:
    """One weight per sample from a weight per class; 1 for classes that are not named.

    Args:
        targets: Class numbers, or one row per sample whose largest entry is the class.
        class_weight: Weights by class number.
        classes: How many the model tells apart, where it has an output for each.

    Raises:
        ConfigError: If it is no dict of class numbers and weights, or names a class that there is not.
    """
    by_class = _checked(class_weight)
    if targets.ndim > 1:
        if targets.shape[-1] != 1:
            classes, targets = targets.shape[-1], targets.argmax(-1)
        else:
            targets = targets.squeeze(-1)
    if classes is not None:
        _need_classes(by_class, classes)
    if not by_class:
        return torch.ones_like(targets, dtype=torch.float32)
    numbers = targets.round().long()
    known = torch.tensor(sorted(by_class), device=numbers.device)
    weights = torch.tensor([by_class[label] for label in sorted(by_class)], device=numbers.device)
    at = torch.searchsorted(known, numbers.contiguous()).clamp(max=len(known) - 1)
    return weights[at].where(known[at] == numbers, 1.0)


def _checked(class_weight: Any) -> dict[int, float]:
    """The weights by class number."""
    if not isinstance(class_weight, Mapping):
        raise WrongTypeError(
            Text(
                "class_weight must be a dict of class numbers and weights, such as {0: 1.0, 1: 2.5}, got "
                f"{type(class_weight).__name__}. For weights in the order of the classes pass "
                "dict(enumerate(weights)).",
                "class_weight 应为“类别编号: 权重”的字典，如 {0: 1.0, 1: 2.5}，实际为 "
                f"{type(class_weight).__name__}。若权重按类别顺序排列，请传入 dict(enumerate(weights))。",
            ),
            field="class_weight",
        )
    return {_number(label): _weight(label, weight) for label, weight in class_weight.items()}


def _number(label: Any) -> int:
    try:
        number = int(label)
        if isinstance(label, str) or number != label or abs(number) >= 1 << 63:
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise ConfigError(
            Text(
                f"The keys of class_weight are class numbers, 0, 1, 2 …, got {label!r}. For classes with names, or for "
                "weights of each output, pass sample_weight.",
                f"class_weight 的键应为类别编号 0、1、2……，实际为 {label!r}。"
                "若类别以名称表示，或各输出权重不同，请传入 sample_weight。",
            ),
            field="class_weight",
        ) from None
    return number


def _weight(label: Any, weight: Any) -> float:
    try:
        number = float(weight)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(weight, str) or not (math.isfinite(number) and number >= 0):
        raise ConfigError(
            Text(
                f"class_weight of class {label} must be a number from 0 on, got {weight!r}.",
                f"class_weight 中类别 {label} 的权重应为不小于 0 的数，实际为 {weight!r}。",
            ),
            field="class_weight",
        )
    return number


def _need_classes(by_class: Mapping[int, float], classes: int) -> None:
    """Raise for a class that the model does not tell apart."""
    unknown = [label for label in by_class if not 0 <= label < classes]
    if unknown:
        raise ConfigError(
            Text(
                f"class_weight names class {unknown[0]}, but there are {classes} classes, numbered 0 to {classes - 1}. "
                "Name those.",
                f"class_weight 指定了类别 {unknown[0]}，但共有 {classes} 个类别，编号 0 到 {classes - 1}。请使用这些编号。",
            ),
            field="class_weight",
        )
