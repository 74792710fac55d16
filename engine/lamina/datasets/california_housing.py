"""California housing: 20,640 districts of the census of 1990 by 8 measures, as packed for Keras."""

from typing import Literal

import numpy as np

from lamina.datasets.catalogue import DATASETS, DatasetSpec, Splits, ValueTarget, bring
from lamina.datasets.keras_files import Pairs, keras_file, shuffled, split_off
from lamina.datasets.npz import read_npz
from lamina.datasets.sources import DataFile
from lamina.datasets.storage import Storage
from lamina.errors import ConfigError
from lamina.text import Text

__all__ = ["load_data"]

TABLE = DataFile(
    "california_housing.npz",
    size=743_530,
    sha256="1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f",
)
FILES = keras_file("california_housing", TABLE)
SMALL = 600
SEED = 113
TEST_SPLIT = 0.2
DOLLARS = 100_000.0
"""The unit of the studio's target, so that a loss is near 1."""


def read_raw(storage: Storage, count: int | None, test_split: float, seed: int) -> Pairs:
    """The first `count` districts in a file of a storage, shuffled and cut as in Keras."""
    x, y = read_npz(storage.read(TABLE.name), ["x", "y"], TABLE.name)
    return split_off(test_split, *shuffled(np.random.RandomState(seed), x[:count], y[:count]))


def read_splits(storage: Storage) -> Splits:
    """The arrays as the studio has them: prices in 100,000 dollars."""
    (x_train, y_train), (x_test, y_test) = read_raw(storage, None, TEST_SPLIT, SEED)
    return Splits(
        x_train.astype(np.float32),
        (y_train / DOLLARS).astype(np.float32).reshape(-1),
        x_test.astype(np.float32),
        (y_test / DOLLARS).astype(np.float32).reshape(-1),
    )


SPEC = DATASETS.register(
    DatasetSpec(
        id="california_housing",
        title=Text("California housing", "加州房价"),
        summary=Text(
            "20,640 districts by eight measures; the target is the median price of a house in "
            "100,000 dollars.",
            "20,640 个地区的八项指标；目标为房价中位数，单位为 10 万美元。",
        ),
        kind="table",
        input_shape=(8,),
        target=ValueTarget(),
        n_train=16_512,
        n_test=4_128,
        license="Not stated by its authors",
        source=Text(
            "R. K. Pace, R. Barry: Sparse Spatial Autoregressions (1997), census of 1990; StatLib",
            "R. K. Pace, R. Barry: Sparse Spatial Autoregressions (1997)，1990 年人口普查；StatLib",
        ),
        storage=FILES,
        reader=read_splits,
        standardize=True,
        columns=tuple(Text(f"measure {i}", f"指标 {i}") for i in range(1, 9)),
    ),
    name="california_housing",
)


def load_data(
    version: Literal["small", "large"] = "large",
    path: str = "california_housing.npz",  # noqa: ARG001 - see below
    test_split: float = TEST_SPLIT,
    seed: int = SEED,
) -> Pairs:
    """`(x_train, y_train), (x_test, y_test)`: 8 measures, and the median price in dollars.

    Args:
        version: "large" for all 20,640 districts, "small" for the first 600.
        path: Taken for the sake of Keras scripts; the file lies in
            `$LAMINA_DATASETS/california_housing`.
        test_split: Share of the districts that are for testing.
        seed: Decides the order.

    Raises:
        DatasetError: If the data is not here and cannot be fetched.
    """
    if version not in ("small", "large"):
        raise ConfigError(
            Text(
                f'version must be "small" or "large", got {version!r}.',
                f"version 应为“small”或“large”，实际为 {version!r}。",
            ),
            field="version",
        )
    return read_raw(bring(FILES), SMALL if version == "small" else None, test_split, seed)
