"""Outputs without a loss and metrics need no targets, as in Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

import lamina
from lamina.errors import ConfigError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 4)).astype("float32")
Y = RNG.normal(size=(12, 2)).astype("float32")


def model_of(k: Any, named: bool) -> Any:
    x = k.Input((4,))
    a, b = k.layers.Dense(2, name="a")(x), k.layers.Dense(3, name="b")(x)
    model = k.Model(x, {"a": a, "b": b} if named else [a, b])
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(size=w.shape) for w in model.weights])
    return model


CASES: dict[str, tuple[bool, dict[str, Any], Any]] = {
    "one array": (False, {"loss": ["mse", None]}, Y),
    "a dict": (True, {"loss": {"a": "mse"}}, {"a": Y}),
    "a dict with None": (True, {"loss": {"a": "mse", "b": None}}, {"a": Y}),
    "with metrics": (True, {"loss": {"a": "mse"}, "metrics": {"a": ["mae"]}}, {"a": Y}),
}


@pytest.mark.filterwarnings("ignore:Gradients do not exist")
@pytest.mark.parametrize("case", CASES)
def test_equals_keras(case: str):
    named, arguments, y = CASES[case]
    histories = []
    for k in (keras, lamina):
        model = model_of(k, named)
        model.compile("sgd", **arguments)
        if k is keras and case in ("a dict with None", "with metrics"):  # Keras wants both here
            y_given: Any = {**y, "b": np.zeros((12, 3), "float32")}
        else:
            y_given = y
        history = model.fit(
            X, y_given, batch_size=4, epochs=2, shuffle=False, verbose=0, validation_split=0.25
        )
        histories.append(history.history)
    theirs, ours = histories
    assert {name for name in ours if "b_" not in name} <= set(theirs)
    np.testing.assert_allclose(ours["loss"], theirs["loss"], rtol=1e-5)
    np.testing.assert_allclose(ours["val_loss"], theirs["val_loss"], rtol=1e-5)


def test_batches_may_leave_them_out_too():
    model = model_of(lamina, named=True)
    model.compile("sgd", loss={"b": "mse"})
    wanted = np.ones((12, 3), "float32")
    batches = [(X[:4], {"b": wanted[:4]}), (X[4:8], {"b": wanted[4:8]})]
    streamed = model.evaluate(iter(batches), verbose=0)
    whole = model.evaluate(X[:8], {"a": Y[:8], "b": wanted[:8]}, batch_size=4, verbose=0)
    np.testing.assert_allclose(streamed, whole, rtol=1e-6)


def test_what_has_a_loss_or_a_metric_needs_its_targets():
    model = model_of(lamina, named=True)
    model.compile("sgd", loss={"a": "mse", "b": "mse"})
    with pytest.raises(ConfigError, match="No targets for b; given: a"):
        model.fit(X, {"a": Y}, verbose=0)
    model.compile("sgd", loss={"a": "mse"}, metrics={"b": ["mae"]})
    with pytest.raises(ConfigError, match="No targets for b; given: a"):
        model.fit(X, {"a": Y}, verbose=0)
    model = model_of(lamina, named=False)
    model.compile("sgd", loss="mse")
    with pytest.raises(ConfigError, match="The model has 2"):
        model.fit(X, Y, verbose=0)
