"""Masks, states, dropout and files of ConvLSTM layers, against real Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import lamina
from lamina import layers
from lamina.errors import ConfigError, ShapeError

CLOSE = {"rtol": 1e-4, "atol": 1e-5}
SIZES = {1: (5,), 2: (5, 4), 3: (4, 3, 3)}


def pair(rank: int, config: dict[str, Any], shape: tuple[int, ...]) -> tuple[Any, Any]:
    """The layer of Keras and ours with the same weights."""
    theirs = getattr(keras.layers, f"ConvLSTM{rank}D")(**{**config, "stateful": False})
    ours = getattr(layers, f"ConvLSTM{rank}D")(**config)
    theirs.build((None, *shape))
    ours.build((None, *shape))
    random = np.random.default_rng(rank)
    values = [random.uniform(-0.8, 0.8, w.shape).astype("float32") for w in theirs.weights]
    theirs.set_weights(values)
    ours.set_weights(values)
    return theirs, ours


@pytest.mark.parametrize("rank", SIZES)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_masks_and_states(rank: int, data: st.DataObject) -> None:
    config = {
        "filters": data.draw(st.integers(1, 3)),
        "kernel_size": 2,
        "padding": data.draw(st.sampled_from(["same", "valid"])),
        "strides": data.draw(st.sampled_from([1, 2])),
        "recurrent_dropout": data.draw(st.sampled_from([0.0, 0.2])),
        **{
            name: data.draw(st.booleans())
            for name in ("return_sequences", "return_state", "go_backwards", "use_bias")
        },
        "zero_output_for_mask": data.draw(st.booleans()),
    }
    shape = (4, *SIZES[rank], 2)
    theirs, ours = pair(rank, config, shape)
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    x = random.normal(size=(3, *shape)).astype("float32")
    options: dict[str, Any] = {}
    if data.draw(st.booleans()):
        options["mask"] = torch.tensor(random.random((3, 4)) < 0.6)
    if data.draw(st.booleans()):
        options["initial_state"] = [
            torch.tensor(random.normal(size=(3, *ours.state_shape)), dtype=torch.float32)
            for _ in range(2)
        ]
    expected, got = theirs(torch.tensor(x), **options), ours(x, **options)
    for a, b in zip(
        got if config["return_state"] else [got],
        expected if config["return_state"] else [expected],
        strict=True,
    ):
        torch.testing.assert_close(a.detach(), b.detach().contiguous(), **CLOSE)


def test_a_stateful_layer_goes_on_where_it_ended() -> None:
    config = {"filters": 2, "kernel_size": 3, "padding": "same", "return_sequences": True}
    _, whole = pair(2, config, (6, 4, 4, 2))
    _, pieces = pair(2, {**config, "stateful": True}, (3, 4, 4, 2))
    x = np.random.default_rng(3).normal(size=(2, 6, 4, 4, 2)).astype("float32")
    model = lamina.Model(i := lamina.Input((3, 4, 4, 2)), pieces(i))
    for _ in range(2):
        got = [model.predict(part, verbose=0) for part in (x[:, :3], x[:, 3:])]
        np.testing.assert_allclose(np.concatenate(got, 1), whole(x).detach(), **CLOSE)
        pieces.reset_state()


@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize("rates", [(0.5, 0.0), (0.0, 0.5), (0.4, 0.4)])
def test_dropout_is_the_same_at_each_step(seed: int | None, rates: tuple[float, float]) -> None:
    layer = layers.ConvLSTM1D(
        4, 3, dropout=rates[0], recurrent_dropout=rates[1], seed=seed, return_sequences=True
    )
    x = np.ones((8, 3, 5, 2), "float32")
    plain, noisy = layer(x), layer(x, training=True)
    # the first step sees dropped inputs, and no state
    assert torch.allclose(noisy[:, 0], plain[:, 0], atol=1e-6) == (rates[0] == 0)
    assert not torch.allclose(noisy[:, 1], plain[:, 1], atol=1e-4)
    assert not torch.allclose(layer(x, training=True), noisy)
    noisy.sum().backward()
    assert all(w.value.grad is not None for w in layer.weights)


def test_files_travel_both_ways_and_training_is_the_same(tmp_path: Any) -> None:
    def build(api: Any) -> Any:
        x = api.Input((3, 5, 4, 2))
        h = api.layers.ConvLSTM2D(3, 2, return_sequences=True, unit_forget_bias=False)(x)
        h = api.layers.ConvLSTM2D(2, (1, 2), padding="same", recurrent_activation="tanh")(h)
        return api.Model(x, api.layers.Flatten()(h))

    random = np.random.default_rng(2)
    x = random.normal(size=(8, 3, 5, 4, 2)).astype("float32")
    y = random.normal(size=(8, 24)).astype("float32")
    ours, theirs = build(lamina), build(keras)
    theirs.set_weights(ours.get_weights())
    for model in (ours, theirs):
        model.compile("sgd", "mse")
        model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
    for model, other in ((ours, keras), (theirs, lamina)):
        model.save(tmp_path / "model.keras")
        again = other.models.load_model(tmp_path / "model.keras")
        np.testing.assert_allclose(
            again.predict(x, verbose=0), model.predict(x, verbose=0), **CLOSE
        )


def test_what_does_not_fit_is_said_in_words() -> None:
    with pytest.raises(ShapeError, match="batch, time, height, width, channels"):
        layers.ConvLSTM2D(2, 3)(np.ones((2, 5, 5, 1), "float32"))
    with pytest.raises(ShapeError, match="needs to know the size"):
        layers.ConvLSTM1D(2, 3)(lamina.Input((3, None, 2)))
    with pytest.raises(ConfigError, match="strides and dilation_rate"):
        layers.ConvLSTM2D(2, 3, strides=2, dilation_rate=2)
    layer = layers.ConvLSTM1D(2, 1)
    layer(np.ones((2, 3, 5, 1), "float32"))
    with pytest.raises(ShapeError, match=r"is \(batch, 5, 2\), got \(2, 2\)"):
        layer(np.ones((2, 3, 5, 1), "float32"), initial_state=[np.ones((2, 2))] * 2)
