"""RNN and its cells, Bidirectional and TimeDistributed, against real Keras."""

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
from lamina.errors import ConfigError

CLOSE = {"rtol": 1e-4, "atol": 1e-5}
CELLS = ["LSTMCell", "GRUCell", "SimpleRNNCell"]


class OursMinimal(lamina.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = units

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.recurrent = self.add_weight(shape=(self.units, self.units), name="recurrent")

    def call(self, inputs, states):
        output = torch.matmul(inputs, self.kernel) + torch.matmul(states[0], self.recurrent)
        return output, [output]


class TheirsMinimal(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = units

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.recurrent = self.add_weight(shape=(self.units, self.units), name="recurrent")

    def call(self, inputs, states):
        output = keras.ops.matmul(inputs, self.kernel) + keras.ops.matmul(states[0], self.recurrent)
        return output, [output]


def flat(value: Any) -> list[torch.Tensor]:
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in flat(item)]
    return [value]


def same(ours: Any, theirs: Any, x: Any, seed: int, **options: Any) -> None:
    """Both give the same with the same weights, called and as models."""
    random = np.random.default_rng(seed)
    theirs.build(x.shape)
    ours(x)
    values = [random.uniform(0.1, 0.8, w.shape).astype("float32") for w in theirs.weights]
    theirs.set_weights(values)
    ours.set_weights(values)
    tensors = {k: v for k, v in options.items() if v is not None}
    expected = flat(theirs(torch.tensor(x), **tensors))
    actual = flat(ours(x, **tensors))
    assert len(actual) == len(expected)
    for a, b in zip(actual, expected, strict=True):
        torch.testing.assert_close(a.detach(), b.detach().contiguous(), **CLOSE)
    if not tensors:
        i = lamina.Input(x.shape[1:])
        outputs = ours(i)
        traced = lamina.Model(i, flat(outputs)).predict(x, verbose=0)
        for a, b in zip(flat(traced), expected, strict=True):
            np.testing.assert_allclose(a, b.detach(), **CLOSE)


def cell_of(api: Any, kind: str, units: int, options: dict[str, Any]) -> Any:
    if kind == "own":
        return OursMinimal(units) if api is layers else TheirsMinimal(units)
    if kind == "stacked":
        return api.StackedRNNCells(
            [api.LSTMCell(units), api.GRUCell(units + 1), api.SimpleRNNCell(units)]
        )
    return getattr(api, kind)(units, **options)


@pytest.mark.parametrize("kind", [*CELLS, "stacked", "own"])
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_rnn(kind: str, data: st.DataObject) -> None:
    flags = ("return_sequences", "return_state", "go_backwards", "zero_output_for_mask")
    config = {flag: data.draw(st.booleans()) for flag in flags}
    options: dict[str, Any] = {"use_bias": data.draw(st.booleans())}
    if kind == "GRUCell":
        options["reset_after"] = data.draw(st.booleans())
    units, seed = data.draw(st.integers(1, 4)), data.draw(st.integers(0, 100))
    random = np.random.default_rng(seed)
    x = random.normal(size=(3, 4, 2)).astype("float32")
    mask = torch.tensor(random.integers(0, 2, (3, 4)).astype(bool))
    ours = layers.RNN(cell_of(layers, kind, units, options), **config)
    theirs = keras.layers.RNN(cell_of(keras.layers, kind, units, options), **config)
    stacked_mask = kind == "stacked"  # Keras mixes up nested states there
    same(
        ours, theirs, x, seed, mask=mask if data.draw(st.booleans()) and not stacked_mask else None
    )


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])
def test_a_cell_in_rnn_is_the_layer(name: str) -> None:
    whole = getattr(layers, name)(3, return_sequences=True)
    steps = layers.RNN(getattr(layers, f"{name}Cell")(3), return_sequences=True)
    x = np.random.default_rng(0).normal(size=(2, 5, 4)).astype("float32")
    whole(x)
    steps(x)
    steps.set_weights(whole.get_weights())
    torch.testing.assert_close(steps(x), whole(x), **CLOSE)
    initial = [torch.ones(2, 3) for _ in whole.state_size]
    torch.testing.assert_close(
        steps(x, initial_state=initial), whole(x, initial_state=initial), **CLOSE
    )
    again = layers.RNN.from_config(steps.get_config())
    again(x)
    again.set_weights(whole.get_weights())
    torch.testing.assert_close(again(x), whole(x), **CLOSE)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("recurrent", [0.0, 0.5])
def test_dropout_of_cells(name: str, recurrent: float) -> None:
    layer = layers.RNN(getattr(layers, name)(6, dropout=0.5, recurrent_dropout=recurrent, seed=3))
    x = np.ones((8, 4, 3), "float32")
    plain = layer(x)
    torch.testing.assert_close(layer(x), plain)
    first, second = layer(x, training=True), layer(x, training=True)
    assert not torch.allclose(first, plain)
    assert not torch.allclose(first, second)


def test_a_stateful_rnn_goes_on_where_it_ended() -> None:
    layer = layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], stateful=True)
    x = np.random.default_rng(3).normal(size=(4, 8, 2)).astype("float32")
    layer(lamina.Input((None, 2)))
    whole = layer(x)
    layer.reset_state()
    layer(x[:, :4])
    torch.testing.assert_close(layer(x[:, 4:]), whole)


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_bidirectional(name: str, data: st.DataObject) -> None:
    config = {
        "units": data.draw(st.integers(1, 4)),
        "return_sequences": data.draw(st.booleans()),
        "return_state": data.draw(st.booleans()),
    }
    mode = data.draw(st.sampled_from(["concat", "sum", "mul", "ave", None]))
    own = data.draw(st.booleans())
    seed = data.draw(st.integers(0, 100))
    random = np.random.default_rng(seed)
    x = random.normal(size=(3, 4, 2)).astype("float32")
    mask = torch.tensor(random.integers(0, 2, (3, 4)).astype(bool))

    def made(api: Any) -> Any:
        cls = getattr(api, name)
        backward = cls(activation="relu", go_backwards=True, **config) if own else None
        return api.Bidirectional(cls(**config), merge_mode=mode, backward_layer=backward)

    same(made(layers), made(keras.layers), x, seed, mask=mask if data.draw(st.booleans()) else None)


def test_one_seed_gives_both_directions_the_same_weights_again() -> None:
    def first_weights() -> list[np.ndarray]:
        lamina.utils.set_random_seed(1)
        layer = layers.Bidirectional(layers.LSTM(3))
        layer.build((None, 4, 2))
        return layer.get_weights()

    once, again = first_weights(), first_weights()
    for a, b in zip(once, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(once[0], once[3])


def test_bidirectional_trains_and_masks_like_keras() -> None:
    def build(api: Any) -> Any:
        x = api.Input((6,), dtype="int32")
        h = api.layers.Embedding(9, 4, mask_zero=True)(x)
        h = api.layers.Bidirectional(api.layers.LSTM(3, return_sequences=True))(h)
        h = api.layers.Bidirectional(api.layers.GRU(3), merge_mode="sum")(h)
        return api.Model(x, api.layers.Dense(2)(h))

    random = np.random.default_rng(1)
    x = random.integers(0, 4, (16, 6)).astype("int32")
    y = random.normal(size=(16, 2)).astype("float32")
    ours, theirs = build(lamina), build(keras)
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in theirs.get_weights()]
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), **CLOSE)
    for model in (ours, theirs):
        model.compile("sgd", "mse")
        model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def test_a_stateful_bidirectional_goes_on() -> None:
    layer = layers.Bidirectional(layers.GRU(3, stateful=True))
    layer(lamina.Input((None, 2)))
    x = np.random.default_rng(3).normal(size=(4, 8, 2)).astype("float32")
    assert layer.states is None
    first = layer(x)
    assert not torch.allclose(layer(x), first)
    layer.reset_state()
    torch.testing.assert_close(layer(x), first)


def test_bidirectional_again_from_its_configuration() -> None:
    layer = layers.Bidirectional(layers.GRU(3, return_sequences=True), merge_mode="mul")
    x = np.random.default_rng(0).normal(size=(2, 5, 4)).astype("float32")
    expected = layer(x)
    again = layers.Bidirectional.from_config(layer.get_config())
    again(x)
    again.set_weights(layer.get_weights())
    torch.testing.assert_close(again(x), expected)
    given = layers.Bidirectional(
        layers.GRU(3, return_sequences=True), "mul", weights=layer.get_weights()
    )
    torch.testing.assert_close(given(x), expected)


@pytest.mark.parametrize("inner", ["Dense", "Conv2D", "BatchNormalization", "LSTM"])
@pytest.mark.parametrize("training", [False, True])
def test_time_distributed(inner: str, training: bool) -> None:
    config, shape = {
        "Dense": ({"units": 3}, (4, 5, 2)),
        "Conv2D": ({"filters": 2, "kernel_size": 2}, (4, 3, 5, 4, 2)),
        "BatchNormalization": ({}, (4, 3, 2)),
        "LSTM": ({"units": 3}, (4, 3, 5, 2)),
    }[inner]
    x = np.random.default_rng(2).normal(size=shape).astype("float32")
    ours = layers.TimeDistributed(getattr(layers, inner)(**config))
    theirs = keras.layers.TimeDistributed(getattr(keras.layers, inner)(**config))
    same(ours, theirs, x, 4)
    a, b = ours(x, training=training), theirs(torch.tensor(x), training=training)
    torch.testing.assert_close(a.detach(), b.detach().contiguous(), **CLOSE)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    again = layers.TimeDistributed.from_config(ours.get_config())
    assert again(x).shape == a.shape


def test_what_does_not_fit_is_refused_in_words() -> None:
    with pytest.raises(ConfigError, match="needs cells"):
        layers.RNN(layers.Dense(3))
    with pytest.raises(ConfigError, match="merge_mode"):
        layers.Bidirectional(layers.LSTM(3), merge_mode="max")
    with pytest.raises(ConfigError, match="backwards"):
        layers.Bidirectional(layers.LSTM(3), backward_layer=layers.LSTM(3))
    with pytest.raises(ConfigError, match="return_state"):
        layers.Bidirectional(
            layers.LSTM(3), backward_layer=layers.LSTM(3, go_backwards=True, return_state=True)
        )
    with pytest.raises(ConfigError, match="recurrent"):
        layers.Bidirectional(layers.Dense(3))
    with pytest.raises(ConfigError, match="needs a layer"):
        layers.TimeDistributed(3)
