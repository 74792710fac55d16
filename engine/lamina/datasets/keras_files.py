"""Where the files lie that were packed for Keras, and how its loaders cut and shuffle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamina.datasets.sources import ConfiguredMirror, DataFile, Mirror, Source
from lamina.datasets.storage import FetchedFiles
from lamina.errors import ConfigError, DatasetError
from lamina.text import Text

PUBLIC = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"

Pairs = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""`(x_train, y_train), (x_test, y_test)`."""


def sources(folder: str, *public: str) -> tuple[Source, ...]:
    """The configured mirror, then the public addresses in this order."""
    return (ConfiguredMirror(folder), *(Mirror(address) for address in public))


def keras_file(folder: str, file: DataFile) -> FetchedFiles:
    """One file that Keras' own storage serves."""
    return FetchedFiles(folder, (file,), sources(folder, PUBLIC))


def shuffled(
    random: np.random.RandomState, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Samples and targets in the order that Keras gives them."""
    if len(x) != len(y):
        raise DatasetError(
            Text(
                f"The file holds {len(x)} samples and {len(y)} targets.",
                f"文件中有 {len(x)} 个样本和 {len(y)} 个目标。",
            )
        )
    rows = np.arange(len(x))
    random.shuffle(rows)
    return x[rows], y[rows]


def split_off(test_split: float, x: np.ndarray, y: np.ndarray) -> Pairs:
    """The first samples for training, the share at the end for testing.

    Raises:
        ConfigError: If the share is not in [0, 1).
    """
    if not 0 <= test_split < 1:
        raise ConfigError(
            Text(
                f"test_split must lie in [0, 1), got {test_split}.",
                f"test_split 应在 [0, 1) 内，实际为 {test_split}。",
            ),
            field="test_split",
        )
    at = int(len(x) * (1 - test_split))
    return (x[:at].copy(), y[:at].copy()), (x[at:].copy(), y[at:].copy())


def mark_words(
    texts: Sequence[list[int]], start_char: int | None, index_from: int | None
) -> list[list[int]]:
    """Word numbers moved up by `index_from`, with the start sign before each text."""
    if start_char is not None:
        return [[start_char, *(word + (index_from or 0) for word in text)] for text in texts]
    return [[word + (index_from or 0) for word in text] for text in texts]


def keep_shorter(
    maxlen: int, texts: list[list[int]], labels: np.ndarray
) -> tuple[list[list[int]], np.ndarray]:
    """The texts of fewer than `maxlen` words, with their labels."""
    kept = [index for index, text in enumerate(texts) if len(text) < maxlen]
    return [texts[index] for index in kept], labels[kept]


def limit_words(
    texts: list[list[int]], num_words: int | None, skip_top: int, oov_char: int | None
) -> list[list[int]]:
    """Words outside [skip_top, num_words) as `oov_char`, or left out where that is None."""
    most = num_words or max(max(text, default=0) for text in texts)
    if oov_char is None:
        return [[word for word in text if skip_top <= word < most] for text in texts]
    return [[word if skip_top <= word < most else oov_char for word in text] for text in texts]
