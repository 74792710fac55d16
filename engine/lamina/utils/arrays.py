"""Arrays of classes and of numbers made ready for training."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn.functional import one_hot

from lamina.errors import ConfigError
from lamina.text import Text


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """One-hot rows of integer classes; a last axis of size 1 is dropped first.

    Args:
        x: Integers from 0 on: an array, nested lists, or a tensor (then the result is one too).
        num_classes: Length of a row; the largest class plus one when left out.

    Raises:
        ConfigError: If a class is no number, negative or not below `num_classes`.

    >>> to_categorical([0, 2], num_classes=3)
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    is_tensor = isinstance(x, torch.Tensor)
    given = np.asarray(x.detach().cpu() if is_tensor else x)
    if given.dtype.kind not in "biuf":
        raise ConfigError(
            Text(
                f"to_categorical: classes must be numbers, got an array of {given.dtype}. Number them first, with "
                "StringLookup or numpy.unique(x, return_inverse=True).",
                f"to_categorical：类别必须是数字，实际为 {given.dtype} 数组。"
                "请先用 StringLookup 或 numpy.unique(x, return_inverse=True) 编号。",
            )
        )
    classes = given.astype(np.int64)
    if classes.ndim > 1 and classes.shape[-1] == 1:
        classes = classes[..., 0]
    count = num_classes or int(classes.max(initial=-1)) + 1
    if classes.size and not 0 <= classes.min() <= classes.max() < count:
        raise ConfigError(
            Text(
                f"to_categorical: classes run from {classes.min()} to {classes.max()}, "
                f"but must lie in [0, {count}).",
                f"to_categorical：类别取值为 {classes.min()} 到 {classes.max()}，应在 [0, {count}) 内。",
            )
        )
    if is_tensor:
        return one_hot(torch.from_numpy(classes).to(x.device), count).to(torch.float32)
    return np.eye(count)[classes]


def normalize(x: Any, axis: int = -1, order: float = 2) -> Any:
    """The array divided by its norm along an axis; where the norm is 0, nothing changes.

    Args:
        x: Numbers: an array, nested lists, or a tensor (then the result is one too).
        axis: Axis along which each vector gets length 1.
        order: Order of the norm: 1, 2, infinity …

    >>> normalize([[3.0, 4.0], [0.0, 0.0]])
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    if isinstance(x, torch.Tensor):
        length = torch.linalg.vector_norm(x, order, axis, keepdim=True)
        return x / length.where(length != 0, torch.ones_like(length))
    values = np.asarray(x)
    norm = np.linalg.norm(values, order, axis, keepdims=True)
    normalized: np.ndarray[Any, Any] = values / np.where(norm == 0, 1, norm)
    return normalized
