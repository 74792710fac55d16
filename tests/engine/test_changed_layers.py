"""A parameter of a layer that is set anew holds from then on, in programs that were compiled before as well."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

import lamina
from lamina.errors import ConfigError

X = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")


def classifier(k: Any) -> Any:
    x = k.Input((4,))
    hidden = k.layers.Dense(5, activation="relu", kernel_initializer="ones")(x)
    model = k.Model(x, k.layers.Dense(3, activation="softmax", name="head")(hidden))
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(size=w.shape) for w in model.weights])
    return model


@pytest.mark.parametrize("used_before", [False, True])
@pytest.mark.parametrize("value", [None, "linear", "tanh", lambda x: 2 * x])
def test_another_activation(value: Any, used_before: bool):
    results = []
    for k in (keras, lamina):
        model = classifier(k)
        if used_before:
            model.predict(X, verbose=0)
            model(X)
        model.layers[-1].activation = k.activations.get(value) if value != "linear" else None
        results.append([model.predict(X, verbose=0), k.ops.convert_to_numpy(model(X))])
    np.testing.assert_allclose(results[0], results[1], rtol=1e-5, atol=1e-6)


def test_names_are_understood():
    model = classifier(lamina)
    probabilities = model.predict(X, verbose=0)
    model.get_layer("head").activation = None
    logits = model.predict(X, verbose=0)
    model.get_layer("head").activation = "softmax"
    np.testing.assert_array_equal(model.predict(X, verbose=0), probabilities)
    assert np.abs(logits - probabilities).max() > 0.1
    with pytest.raises(ConfigError, match='no activation "sofmax"'):
        model.get_layer("head").activation = "sofmax"


def test_in_a_model_within_a_model():
    inner = classifier(lamina)
    x = lamina.Input((4,))
    model = lamina.Model(x, inner(x))
    model.predict(X, verbose=0)
    inner.layers[-1].activation = None
    np.testing.assert_allclose(
        model.predict(X, verbose=0), inner.predict(X, verbose=0), rtol=1e-5, atol=1e-6
    )
    assert np.abs(model.predict(X, verbose=0).sum(axis=-1) - 1).max() > 0.1


def test_training_goes_on_with_it():
    """Long trainings capture a step; one captured before must not be repeated."""
    weights = []
    for k in (keras, lamina):
        model = classifier(k)
        model.compile("sgd", "mse")
        y = np.tile([[0.0, 1.0, 0.0]], (96, 1))
        x = np.tile(X, (16, 1))
        model.fit(x, y, batch_size=2, epochs=2, shuffle=False, verbose=0)
        model.layers[1].activation = k.activations.tanh
        model.fit(x, y, batch_size=2, epochs=2, shuffle=False, verbose=0)
        weights.append(model.get_weights())
    for theirs, ours in zip(*weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)


def test_what_stays_the_same_compiles_nothing_anew():
    model = classifier(lamina)
    before = model.program(training=False)
    model.layers[-1].activation = model.layers[-1].activation
    assert model.program(training=False) is before
    model.layers[-1].activation = "tanh"
    assert model.program(training=False) is not before
