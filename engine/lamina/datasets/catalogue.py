"""The data sets that the studio offers, each declared once: content, origin and reader.

A data set is one file of this folder that registers a `DatasetSpec`; nothing else names it.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from lamina.datasets.sources import Cancelled, Progress
from lamina.datasets.storage import DownloadFailedError, FetchedFiles, Storage
from lamina.errors import DatasetError
from lamina.registry import Registry
from lamina.text import Text, size_text


@dataclass(frozen=True)
class ClassTarget:
    """The target is one of these classes, stored as its index."""

    classes: tuple[str, ...]


@dataclass(frozen=True)
class ValueTarget:
    """The target is an array of numbers of this shape (without the batch); () for one number."""

    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class Splits:
    """A data set in memory.

    Images are uint8 (samples, height, width, channels), tables float32 (samples, columns), classes
    integers.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


@dataclass(frozen=True)
class DatasetSpec:
    """One data set of the studio.

    Args:
        input_shape: Of one sample as the model sees it, images as (height, width, channels).
        reader: Reads the parts from the storage, checked.
        full_scale: The stored value that `prepare` turns into 1.0.
        standardize: Whether `prepare` gives each column of a table mean 0 and deviation 1, as they
            are in the train part.
        columns: Names of the columns of a table.
    """

    id: str
    title: Text
    summary: Text
    kind: Literal["image", "table"]
    input_shape: tuple[int, ...]
    target: ClassTarget | ValueTarget
    n_train: int
    n_test: int
    license: str
    source: Text
    storage: Storage
    reader: Callable[[Storage], Splits] = field(repr=False)
    full_scale: float = 1.0
    standardize: bool = False
    columns: tuple[Text, ...] = ()

    @property
    def download_bytes(self) -> int:
        return self.storage.download_bytes

    @property
    def needs_download(self) -> bool:
        """Whether a machine that never had it must fetch it; `is_on_disk` tells of this machine."""
        return self.download_bytes > 0

    @property
    def value_range(self) -> tuple[float, float] | None:
        """Least and greatest value of what `prepare` gives; None where that depends on the data."""
        return (0.0, 1.0) if self.kind == "image" else None

    def is_on_disk(self) -> bool:
        return self.storage.is_present()

    def download(
        self,
        progress: Progress = lambda _received, _total: None,
        cancelled: Cancelled = lambda: False,
    ) -> None:
        """Bring the data onto this machine; returns at once when it is here.

        Args:
            progress: Called with (bytes received, bytes in all) as they arrive; starts
                over when the next source is tried.
            cancelled: Asked many times a second; True stops and leaves nothing behind.

        Raises:
            DownloadCancelledError: If `cancelled` said yes.
            DatasetError: If it cannot be had; the message says what works without a network.
        """
        _download(self.storage, progress, cancelled)

    def load(self) -> Splits:
        """The whole data set, raw. Call `download` first.

        Raises:
            DatasetError: If a file is missing or is not the original.
        """
        return self.reader(self.storage)

    def prepare(self, x: npt.ArrayLike) -> np.ndarray:
        """Raw samples as the model sees them: float32 of `input_shape`, images in [0, 1].

        A data set whose columns are standardized must be on disk.

        Args:
            x: Samples as in `load()`; images may come without the axis of a single channel.

        Raises:
            DatasetError: If the samples are not numbers of that shape.
        """
        samples = self._numbers(x)
        if samples.shape[1:] == self.input_shape[:-1] and self.input_shape[-1] == 1:
            samples = samples[..., None]
        if samples.shape[1:] != self.input_shape:
            raise DatasetError(
                Text(
                    f"A sample of {self.id} has the shape {self.input_shape}; "
                    f"these have {samples.shape[1:]}.",
                    f"{self.id} 的样本形状应为 {self.input_shape}，收到的是 {samples.shape[1:]}。",
                )
            )
        if self.standardize:
            center, spread = self._columns_of_train
            standardized: np.ndarray = (samples.astype(np.float32) - center) / spread
            return standardized
        return samples.astype(np.float32) / np.float32(self.full_scale)

    @cached_property
    def _columns_of_train(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of each column; a constant column keeps its unit."""
        train = self.load().x_train.astype(np.float64)
        center, spread = train.mean(axis=0), train.std(axis=0)
        spread[spread == 0] = 1
        return center.astype(np.float32), spread.astype(np.float32)

    def _numbers(self, x: npt.ArrayLike) -> np.ndarray:
        try:
            samples = np.asarray(x)
        except ValueError as error:  # lists of different lengths
            raise DatasetError(
                Text(
                    f"The samples are not all of the same shape: {error}.",
                    f"各样本的形状不一致：{error}。",
                )
            ) from error
        if samples.dtype.kind not in "buif":
            raise DatasetError(
                Text(
                    f"The samples must be numbers, not {samples.dtype}.",
                    f"样本必须是数字，而不是 {samples.dtype}。",
                )
            )
        return samples


def bring(files: FetchedFiles) -> FetchedFiles:
    """The files, downloaded for a script when they are not here; a line on standard error says so.

    Raises:
        DatasetError: If they cannot be had.
    """
    if not files.is_present():
        size = size_text(files.download_bytes)
        sys.stderr.write(f"Downloading {files.id} ({size}) to {files.folder}\n")
        _download(files, lambda _received, _total: None, lambda: False)
    return files


def _download(storage: Storage, progress: Progress, cancelled: Cancelled) -> None:
    try:
        storage.download(progress, cancelled)
    except DownloadFailedError as failure:
        offline = [spec.id for spec in DATASETS if not spec.needs_download]
        raise DownloadFailedError(
            Text(
                f"{failure.text.en}. Datasets that need no network: {', '.join(offline)}.",
                f"{failure.text.zh}。无需网络的数据集：{'、'.join(offline)}。",
            ),
            failure.reasons,
        ) from failure


DATASETS: Registry[DatasetSpec] = Registry("dataset", "数据集")
