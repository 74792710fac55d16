"""Windows of a series as batches."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch

from lamina.errors import ConfigError
from lamina.text import Text
from lamina.utils.batches import Batches


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: Literal["tf", "grain"] = "tf",  # noqa: A002 - Keras' name; batches are tensors either way
) -> Batches:
    """Batches of windows over consecutive time steps, with the target of each window's start.

    Args:
        data: Time steps on the first axis.
        targets: One for each window start, or None for windows alone.
        sequence_length: Steps in a window.
        sequence_stride: Steps between the starts of two windows.
        sampling_rate: Steps between two entries of a window.
        batch_size: Windows in a batch; None gives single windows.
        shuffle: Whether each pass has an order of its own.
        seed: Decides the orders.
        start_index: Steps before this one are not used.
        end_index: Nor are this one and later ones.
        format: Taken as in Keras.

    Raises:
        ConfigError: If a number is out of its range.

    >>> windows = timeseries_dataset_from_array(
    ...     list(range(6)), None, sequence_length=3, batch_size=2
    ... )
    >>> [batch.tolist() for batch in windows]
    [[[0, 1, 2], [1, 2, 3]], [[2, 3, 4], [3, 4, 5]]]
    """
    if format not in ("tf", "grain"):
        raise ConfigError(
            Text(
                f'timeseries_dataset_from_array: format must be "tf" or "grain", got {format!r}.',
                f"timeseries_dataset_from_array：format 应为“tf”或“grain”，实际为 {format!r}。",
            ),
            field="format",
        )
    series = np.asarray(data)
    count = len(series)
    for name, value in (("start_index", start_index), ("end_index", end_index)):
        low = 0 if name == "start_index" else 1
        if value is not None and not low <= value <= count:
            raise _out_of(name, value, low, count)
    for name, value in (
        ("sequence_length", sequence_length),
        ("sequence_stride", sequence_stride),
        ("sampling_rate", sampling_rate),
    ):
        if not 0 < value <= max(count, 1):
            raise _out_of(name, value, 1, count)
    start, end = start_index or 0, count if end_index is None else end_index
    if end <= start:
        raise _out_of("end_index", end, start + 1, count)
    labels = None if targets is None else np.asarray(targets)
    if labels is not None:
        labels = labels[start:end]
    last = end - start - (sequence_length - 1) * sampling_rate
    if labels is not None:
        last = min(last, len(labels))
    starts = np.arange(0, max(last, 0), sequence_stride)
    return _Windows(
        series[start:end], labels, starts, np.arange(sequence_length) * sampling_rate,
        batch_size=batch_size, shuffle=shuffle, seed=seed,
    )  # fmt: skip


class _Windows(Batches):
    def __init__(
        self,
        series: np.ndarray,
        labels: np.ndarray | None,
        starts: np.ndarray,
        offsets: np.ndarray,
        **kwargs: Any,
    ) -> None:
        super().__init__(len(starts), **kwargs)
        self.series, self.labels, self.starts, self.offsets = series, labels, starts, offsets

    def samples(self, rows: np.ndarray) -> Any:
        starts = self.starts[rows]
        windows = torch.as_tensor(self.series[starts[:, None] + self.offsets])
        if self.labels is None:
            return windows
        return windows, torch.as_tensor(self.labels[starts])


def _out_of(name: str, value: int, low: int, high: int) -> ConfigError:
    return ConfigError(
        Text(
            f"timeseries_dataset_from_array: {name} must lie in [{low}, {high}] for these data, got {value}.",
            f"timeseries_dataset_from_array：对于该数据，{name} 应在 [{low}, {high}] 内，实际为 {value}。",
        ),
        field=name,
    )
