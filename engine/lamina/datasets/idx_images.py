"""Grey images with labels in four IDX files, as MNIST has them, and those that take its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lamina.datasets.catalogue import Splits
from lamina.datasets.idx import parse_idx
from lamina.datasets.keras_files import Pairs
from lamina.datasets.sources import DataFile
from lamina.datasets.storage import Storage


def read_pairs(
    storage: Storage,
    files: Sequence[DataFile],
    unpack: Callable[[bytes, str], bytes] = lambda data, _name: data,
) -> Pairs:
    """The arrays in the files of a storage.

    Args:
        storage: Where they lie.
        files: Images and labels for training, then for testing.
        unpack: The content of a file, from its bytes and its name.
    """
    # Copies, because scripts write into their arrays and bytes cannot be written.
    x_train, y_train, x_test, y_test = (
        parse_idx(unpack(storage.read(file.name), file.name), file.name).copy() for file in files
    )
    return (x_train, y_train), (x_test, y_test)


def with_channel(pairs: Pairs) -> Splits:
    """The arrays as the studio has them: (n, height, width, 1) and labels of int64."""
    (x_train, y_train), (x_test, y_test) = pairs
    return Splits(
        x_train[..., None], y_train.astype(np.int64), x_test[..., None], y_test.astype(np.int64)
    )
