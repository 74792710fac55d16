"""Masks pass through the layers that pass them in Keras, and count where they count there."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

import lamina
from lamina.layer import LAYERS
from lamina.layers.core.input import InputLayer

TOKENS = np.array([[1, 2, 0, 3, 0, 0], [4, 5, 3, 2, 1, 0], [0, 2, 1, 4, 0, 0]])
NO_DEFAULT: dict[str, dict[str, Any]] = {
    "Activation": {"activation": "relu"},
    "Dense": {"units": 2},
    "Rescaling": {"scale": 2},
    "Dot": {"axes": 1},
    "GaussianNoise": {"stddev": 0.1},
}


def several_ways(k: Any) -> Any:
    """A model in which a mask passes through many layers to where it counts."""
    tokens = k.Input(shape=(6,), dtype="int32")
    x = k.layers.Embedding(6, 5, mask_zero=True)(tokens)
    x = k.layers.Dense(6, activation="relu")(k.layers.Dropout(0.3)(x))
    x = k.layers.BatchNormalization()(k.layers.LayerNormalization()(x))
    y = k.layers.LeakyReLU()(k.layers.Dense(6)(x))
    x = k.layers.Add()([x, y])
    recurrent = k.layers.LSTM(4)(k.layers.Concatenate()([x, y]))
    mean = k.layers.GlobalAveragePooling1D()(x)
    model = k.Model(tokens, [recurrent, mean, k.layers.Dense(2)(x)])
    model.compile("sgd", ["mse"] * 3)
    return model


def test_masks_count_behind_layers_that_pass_them():
    theirs, ours = several_ways(keras), several_ways(lamina)
    ours.set_weights(theirs.get_weights())
    for a, b in zip(ours.predict(TOKENS), theirs.predict(TOKENS, verbose=0), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    random = np.random.default_rng(1)
    targets = [random.normal(size=size).astype("float32") for size in ((3, 4), (3, 6), (3, 6, 2))]
    np.testing.assert_allclose(
        ours.evaluate(TOKENS, targets, verbose=0),
        theirs.evaluate(TOKENS, targets, verbose=0),
        rtol=1e-5,
    )


def test_batch_normalization_learns_from_what_counts():
    def make(k: Any) -> Any:
        layers = [k.layers.Embedding(6, 5, mask_zero=True), k.layers.BatchNormalization()]
        model = k.Sequential([k.layers.Input((6,), dtype="int32"), *layers, k.layers.LSTM(2)])
        model.compile("sgd", "mse")
        return model

    theirs, ours = make(keras), make(lamina)
    ours.set_weights(theirs.get_weights())
    for model in (theirs, ours):
        model.fit(TOKENS, np.ones((3, 2)), epochs=3, shuffle=False, verbose=0)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", [n for n in LAYERS.names() if hasattr(keras.layers, n)])
def test_the_same_layers_pass_masks(name: str):
    config = NO_DEFAULT.get(name, {})
    try:
        theirs = getattr(keras.layers, name)(**config)
        ours = LAYERS.get(name)(**config)
    except (TypeError, ValueError, ImportError):
        pytest.skip("needs more arguments, or TensorFlow")
    if not isinstance(ours, InputLayer):
        assert ours.supports_masking == theirs.supports_masking
