"""What the functions of losses and metrics do with their arguments before they compute."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from lamina.devices import elsewhere
from lamina.errors import ConfigError, ShapeError
from lamina.losses.reduction import match_ranks
from lamina.text import Text

HALVES = (torch.float16, torch.bfloat16)

ArrayLike: TypeAlias = Tensor | np.ndarray[Any, Any] | Sequence[Any] | float
"""What the functions take: tensors, arrays, nested lists, numbers."""


def matched(
    y_true: ArrayLike, y_pred: ArrayLike, *, same_shape: bool = False
) -> tuple[Tensor, Tensor]:
    """Targets and predictions as tensors of one floating-point type and one rank.

    Args:
        y_true: Tensors, arrays or nested lists, as `y_pred`.
        y_pred: Decides the type and the device.
        same_shape: Refuse what would only be broadcast.

    Raises:
        ShapeError: If the shapes do not go together.
    """
    y_pred = as_float_tensor(y_pred)
    y_true = as_tensor(y_true, y_pred.device)
    if y_true.dtype != y_pred.dtype:
        y_true = y_true.to(y_pred.dtype)
    if y_true.shape == y_pred.shape:
        return y_true, y_pred
    y_true, y_pred = match_ranks(y_true, y_pred)
    if y_true.shape != y_pred.shape and (same_shape or not _broadcast(y_true, y_pred)):
        raise unlike(y_true, y_pred)
    return y_true, y_pred


def unlike(y_true: Tensor, y_pred: Tensor) -> ShapeError:
    """The error for targets and predictions whose shapes do not go together."""
    given, wanted = tuple(y_true.shape), tuple(y_pred.shape)
    return ShapeError(
        Text(
            f"The targets {given} and the predictions {wanted} do not have the same shape. "
            "Change the last layer or reshape the targets.",
            f"目标 {given} 与预测值 {wanted} 的形状不同。请修改最后一层或调整目标的形状。",
        )
    )


def need_two_arguments(function: Any, what: str) -> None:
    """Raise a `ConfigError` unless a function of a user's own can be called with (y_true, y_pred)."""
    try:
        inspect.signature(function).bind(None, None)
    except ValueError:  # nobody knows its signature
        return
    except TypeError as error:
        name = getattr(function, "__name__", repr(function))
        raise ConfigError(
            Text(
                f"A {what} is a function of (y_true, y_pred), but {name} cannot be called with two values: {error}.",
                f"{what} 应为 (y_true, y_pred) 的函数，但 {name} 无法用两个值调用：{error}。",
            ),
            field=what,
        ) from error


def _broadcast(first: Tensor, second: Tensor) -> bool:
    try:
        torch.broadcast_shapes(first.shape, second.shape)  # type: ignore[no-untyped-call]
    except RuntimeError:
        return False
    return True


def as_tensor(value: Any, device: torch.device | None = None) -> Tensor:
    """Anything array-like as a tensor, without a copy where there is nothing to convert."""
    if isinstance(value, Tensor):
        return value if device is None or value.device == device else value.to(device)
    array = np.asarray(value)
    if array.dtype.kind in "OUSmM":
        raise ConfigError(
            Text(
                f"Targets, predictions and weights must be numbers, got an array of {array.dtype}.",
                f"目标、预测值和权重必须是数值，实际为 {array.dtype} 数组。",
            )
        )
    return torch.as_tensor(array, device=elsewhere() if device is None else device)


def in_full(tensor: Tensor) -> Tensor:
    """A tensor of half precision in float32, in which losses and metrics are computed."""
    return tensor.float() if tensor.dtype in HALVES else tensor


def as_float_tensor(value: Any, dtype: str | None = None) -> Tensor:
    """Predictions as floats: in `dtype`, else as they are, and float32 for whole numbers and Python numbers."""
    tensor = as_tensor(value)
    if dtype is not None:
        return tensor.to(getattr(torch, dtype))
    if not tensor.is_floating_point() or not isinstance(value, (Tensor, np.ndarray, np.generic)):
        return tensor.to(torch.float32)
    return tensor
