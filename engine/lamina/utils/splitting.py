"""One data set cut into two."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from lamina.errors import ConfigError
from lamina.text import Text
from lamina.utils.batches import ArrayBatches


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,  # noqa: ARG001 - both halves are read as they are asked for
) -> tuple[ArrayBatches, ArrayBatches]:
    """The samples of arrays, of a torch Dataset or of an iterable in two parts, sample by sample.

    Args:
        dataset: An array, a tuple or list of arrays of equal length, or an iterable of samples.
        left_size: Share in (0, 1) or number of samples of the first part; what the second leaves when left out.
        right_size: The same of the second part.
        shuffle: Whether to draw which samples go where.
        seed: Decides that order.
        preferred_backend: Taken as in Keras.

    Raises:
        ConfigError: If the sizes do not fit the data.

    >>> left, right = split_dataset(np.arange(5), left_size=0.6)
    >>> [int(sample) for sample in left], [int(sample) for sample in right]
    ([0, 1, 2], [3, 4])
    """
    columns, single = _columns(dataset)
    count = len(columns[0])
    left, right = _sizes(left_size, right_size, count)
    order = np.random.default_rng(seed).permutation(count) if shuffle else np.arange(count)
    parts = (order[:left], order[count - right :])
    first, second = (
        ArrayBatches(tuple(c[rows] for c in columns), single=single, batch_size=None)
        for rows in parts
    )
    return first, second


def _columns(dataset: Any) -> tuple[tuple[np.ndarray, ...], bool]:
    if isinstance(dataset, (np.ndarray, torch.Tensor)):
        return (np.asarray(dataset),), True
    if isinstance(dataset, (tuple, list)) and all(hasattr(each, "shape") for each in dataset):
        columns = tuple(np.asarray(each) for each in dataset)
        if len({len(column) for column in columns}) > 1:
            raise ConfigError(
                Text(
                    f"split_dataset: the arrays have {[len(c) for c in columns]} samples; they need equally many.",
                    f"split_dataset：各数组的样本数为 {[len(c) for c in columns]}，必须相同。",
                )
            )
        return columns, False
    samples = (
        [dataset[i] for i in range(len(dataset))]  # type: ignore[arg-type]
        if isinstance(dataset, Dataset)
        else list(dataset)
    )
    if not samples:
        raise ConfigError(Text("split_dataset: there are no samples.", "split_dataset：没有样本。"))
    if isinstance(samples[0], (tuple, list)):
        return tuple(
            np.stack([np.asarray(v) for v in c]) for c in zip(*samples, strict=True)
        ), False
    return (np.stack([np.asarray(sample) for sample in samples]),), True


def _sizes(left: float | None, right: float | None, count: int) -> tuple[int, int]:
    def number(size: Any) -> int | None:
        if size is None:
            return None
        ok = 0 < size < 1 if isinstance(size, float) else 0 < size < count
        if isinstance(size, bool) or not ok:
            raise ConfigError(
                Text(
                    f"split_dataset: a size is a share in (0, 1) or a number of samples below {count}, got {size}.",
                    f"split_dataset：大小应为 (0, 1) 内的比例或小于 {count} 的样本数，实际为 {size}。",
                )
            )
        return round(size * count) if isinstance(size, float) else int(size)

    first, second = number(left), number(right)
    if first is None and second is None:
        raise ConfigError(
            Text(
                "split_dataset needs left_size or right_size.",
                "split_dataset 需要 left_size 或 right_size。",
            )
        )
    if first is None:
        assert second is not None
        first = count - second
    if second is None:
        second = count - first
    if first + second > count or not first or not second:
        raise ConfigError(
            Text(
                f"split_dataset: {first} and {second} samples do not fit into {count}.",
                f"split_dataset：{first} 与 {second} 个样本超出总数 {count} 或有一部分为空。",
            )
        )
    return first, second
