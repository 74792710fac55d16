"""Boston housing: 506 districts of the 1970s by 13 measures, as packed for Keras.

One of its columns was built on the share of black people living there; use it to talk about that,
and `california_housing` to learn regression. For this reason it is not in the studio.
"""

import numpy as np

from lamina.datasets.catalogue import bring
from lamina.datasets.keras_files import Pairs, keras_file, shuffled, split_off
from lamina.datasets.npz import read_npz
from lamina.datasets.sources import DataFile

__all__ = ["load_data"]

TABLE = DataFile(
    "boston_housing.npz",
    size=57_026,
    sha256="f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5",
)
FILES = keras_file("boston_housing", TABLE)


def load_data(
    path: str = "boston_housing.npz",  # noqa: ARG001 - see below
    test_split: float = 0.2,
    seed: int = 113,
) -> Pairs:
    """`(x_train, y_train), (x_test, y_test)`: 13 measures, and the median price in 1,000 dollars.

    Args:
        path: Taken for the sake of Keras scripts; the file lies in
            `$LAMINA_DATASETS/boston_housing`.
        test_split: Share of the districts that are for testing.
        seed: Decides the order.

    Raises:
        DatasetError: If the data is not here and cannot be fetched.
    """
    arrays = read_npz(bring(FILES).read(TABLE.name), ["x", "y"], TABLE.name)
    return split_off(test_split, *shuffled(np.random.RandomState(seed), *arrays))
