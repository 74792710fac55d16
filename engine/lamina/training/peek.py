"""A look at the first batch of data, for a model that learns the shape of its input from it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from torch import Tensor
from torch.utils.data import Dataset

from lamina.training.sources import unpack


def first_batch(x: Any) -> tuple[Any, Any]:
    """The inputs of the first batch, and the data, which still has that batch.

    Args:
        x: Arrays (also in lists or dicts), a generator, a dataset of batches, or a torch Dataset or DataLoader.
    """
    if isinstance(x, (Tensor, Mapping, list, tuple)) or hasattr(x, "__array__"):
        return x, x
    if isinstance(x, Dataset) and hasattr(x, "__getitem__"):
        return _with_batch(unpack(x[0])[0]), x
    if hasattr(x, "__next__"):
        first = next(x, None)
        return unpack(first)[0], itertools.chain([first], x)
    if hasattr(x, "__len__") and hasattr(x, "__getitem__"):
        return unpack(x[0])[0], x
    return unpack(next(iter(x)))[0], x


def _with_batch(sample: Any) -> Any:
    """One sample as a batch of one."""
    if isinstance(sample, Mapping):
        return {key: _with_batch(value) for key, value in sample.items()}
    if isinstance(sample, (list, tuple)):
        return [_with_batch(value) for value in sample]
    return sample[None]
