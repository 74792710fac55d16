"""`class_weight`: the same weights as Keras gives, and what it may not be."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

import lamina
from lamina.errors import ConfigError
from lamina.training.class_weights import class_weights

RANDOM = np.random.default_rng(4)
X = RANDOM.normal(size=(24, 4)).astype("float32")
CLASSES = RANDOM.integers(0, 3, 24)
ONE_HOT = np.eye(3, dtype="float32")[CLASSES]


def model(
    lib: Any, units: int = 3, loss: str = "sparse_categorical_crossentropy", head: Any = "softmax"
) -> Any:
    made = lib.Sequential([lib.Input((4,)), lib.layers.Dense(units, activation=head)])
    made.compile(lib.optimizers.SGD(0.1), loss)
    made.set_weights([np.linspace(-1, 1, 4 * units).reshape(4, units), np.zeros(units)])
    return made


@pytest.mark.parametrize(
    ("units", "loss", "head", "y", "weights"),
    [
        (3, "sparse_categorical_crossentropy", "softmax", CLASSES, {0: 0.5, 2: 3}),
        (3, "sparse_categorical_crossentropy", "softmax", CLASSES, {np.int64(1): 2.0, 2.0: 0}),
        (3, "categorical_crossentropy", "softmax", ONE_HOT, {1: 4.0}),
        (3, "categorical_crossentropy", "softmax", ONE_HOT, {}),
        (1, "binary_crossentropy", "sigmoid", (CLASSES > 1) * 1.0, {0: 1.0, 1: 5.0}),
        (1, "hinge", None, np.sign(CLASSES - 0.5), {-1: 0.25, 1: 2.0}),
        (1, "mse", None, CLASSES * 1000, {1000: 3.0}),
    ],
)
def test_trains_as_keras_does(units, loss, head, y, weights):
    trained = []
    for lib in (lamina, keras):
        made = model(lib, units, loss, head)
        made.fit(X, y, class_weight=weights, batch_size=8, shuffle=False, verbose=0)
        trained.append(made.get_weights())
    for ours, theirs in zip(*trained, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_a_large_class_number_takes_no_large_table():
    targets = torch.tensor([0, 10**15, 5])
    assert class_weights(targets, {10**15: 3.0, 7: 2.0}).tolist() == [1.0, 3.0, 1.0]


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([1.0, 2.0, 3.0], r"dict of class numbers .*got list.*dict\(enumerate\(weights\)\)"),
        (np.ones(3), "got ndarray"),
        ("balanced", "got str"),
        ({"a": 1.0}, "keys of class_weight are class numbers.*got 'a'"),
        ({0.5: 1.0}, "keys of class_weight are class numbers.*got 0.5"),
        ({None: 1.0}, "keys of class_weight are class numbers.*got None"),
        ({3: 1.0}, "names class 3, but there are 3 classes, numbered 0 to 2"),
        ({-1: 1.0}, "names class -1, but there are 3 classes"),
        ({0: -1.0}, "class 0 must be a number from 0 on, got -1.0"),
        ({0: float("nan")}, "class 0 must be a number from 0 on, got nan"),
        ({0: float("inf")}, "class 0 must be a number from 0 on, got inf"),
        ({0: "2"}, "class 0 must be a number from 0 on, got '2'"),
        ({0: [1, 2]}, "class 0 must be a number from 0 on"),
    ],
)
def test_what_it_may_not_be(weights, said):
    for y, loss in (
        (CLASSES, "sparse_categorical_crossentropy"),
        (ONE_HOT, "categorical_crossentropy"),
    ):
        made = model(lamina, loss=loss)
        for call in (
            lambda made=made, y=y: made.fit(X, y, class_weight=weights, verbose=0),
            lambda made=made, y=y: made.fit(iter([(X, y)]), class_weight=weights, verbose=0),
            lambda made=made, y=y: made.train_on_batch(X, y, class_weight=weights),
        ):
            with pytest.raises(ConfigError, match=said) as caught:
                call()
            assert caught.value.field == "class_weight"
