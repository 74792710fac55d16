"""Seeds: the same script gives the same model, also twice in one process."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.layers import Dense, Input
from lamina.model import Sequential
from lamina.seeds import set_random_seed


def build() -> list[np.ndarray]:
    return Sequential([Input((4,)), Dense(3), Dense(3), Dense(2, name="named")]).get_weights()


def test_the_same_seed_begins_with_the_same_weights_again() -> None:
    set_random_seed(7)
    first = build()
    set_random_seed(7)
    second = build()
    third = build()
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first[0], third[0]), (
        "another model of the same script has other weights"
    )


def test_layers_of_one_model_differ() -> None:
    set_random_seed(7)
    kernels = [w for w in build() if w.shape == (3, 3)]
    assert len(kernels) == 1
    model = Sequential([Input((3,)), Dense(3), Dense(3)])
    assert not np.array_equal(*(w for w in model.get_weights() if w.ndim == 2))


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_every_seed_of_the_document_will_do(seed: int) -> None:
    set_random_seed(seed)
    assert build()
