"""Arrays of classes and of numbers made ready for training."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn.functional import one_hot


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """One-hot rows of integer classes; a last axis of size 1 is dropped first.

    Args:
        x: Integers from 0 on: an array, nested lists, or a tensor (then the result is one too).
        num_classes: Length of a row; the largest class plus one when left out.

    Raises:
        ValueError: If a class is negative or not below `num_classes`.

    >>> to_categorical([0, 2], num_classes=3)
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    is_tensor = isinstance(x, torch.Tensor)
    classes = np.asarray(x.detach().cpu() if is_tensor else x).astype(np.int64)
    if classes.ndim > 1 and classes.shape[-1] == 1:
        classes = classes[..., 0]
    count = num_classes or int(classes.max(initial=-1)) + 1
    if classes.size and not 0 <= classes.min() <= classes.max() < count:
        raise ValueError(
            f"to_categorical: classes run from {classes.min()} to {classes.max()}, "
            f"but must lie in [0, {count})."
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
