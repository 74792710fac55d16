"""What layers learn from before training: the batches of whatever a user hands to `adapt`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from lamina.errors import ConfigError
from lamina.text import Text


def is_array(data: Any) -> bool:
    """Whether it is one array or tensor, and not something that yields batches."""
    return hasattr(data, "__array__") and hasattr(data, "shape")


def batches_of(data: Any, owner: Any, steps: int | None = None) -> Iterator[Any]:
    """The inputs of each batch: of an array there is one; targets beside them are left out.

    Args:
        data: An array or tensor, a data set of batches (by number or as an iterator), or a list of batches.
        owner: The layer that adapts, for messages.
        steps: Batches to read at most.

    Raises:
        ConfigError: If there is nothing to read.
    """
    if is_array(data):
        yield data
        return
    if hasattr(data, "__getitem__") and hasattr(data, "__len__") and not hasattr(data, "__iter__"):
        batches: Any = (data[index] for index in range(len(data)))
    elif hasattr(data, "__iter__"):
        batches = iter(data)
    else:
        raise _unusable(owner, f"{type(data).__name__}")
    count = 0
    for batch in islice(batches, steps):
        count += 1
        yield batch[0] if isinstance(batch, tuple) else batch
    if not count:
        raise _unusable(owner, f"an empty {type(data).__name__}")


def _unusable(owner: Any, given: str) -> ConfigError:
    name = f'{type(owner).__name__} "{owner.name}"'
    return ConfigError(
        Text(
            f"{name}.adapt needs an array, a dataset of batches or an iterable of arrays, got {given}.",
            f"{name} 的 adapt 需要数组、批次数据集或数组的可迭代对象，实际为 {given}。",
        )
    )
