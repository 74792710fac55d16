"""Masks, states and dropout of recurrent layers, against real Keras."""

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
from lamina.calls import mask_of
from lamina.errors import ConfigError, ShapeError
from lamina.layers.recurrent import steps
from lamina.seeds import set_random_seed
from lamina.training import captured

NAMES = ["LSTM", "GRU", "SimpleRNN"]
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


@st.composite
def configs(draw: st.DrawFn, name: str) -> dict[str, Any]:
    config = {
        "units": draw(st.integers(1, 4)),
        "activation": draw(st.sampled_from(["tanh", "relu"])),
        "use_bias": draw(st.booleans()),
        "return_sequences": draw(st.booleans()),
        "return_state": draw(st.booleans()),
        "go_backwards": draw(st.booleans()),
        "zero_output_for_mask": draw(st.booleans()),
    }
    if name == "GRU":
        config["reset_after"] = draw(st.booleans())
    return config


def flat(value: Any) -> list[torch.Tensor]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def pair(name: str, config: dict[str, Any], features: int, seed: int) -> tuple[Any, Any]:
    """The layer of Keras and ours with the same weights."""
    random = np.random.default_rng(seed)
    ours = getattr(layers, name)(**config)
    theirs = getattr(keras.layers, name)(**{**config, "stateful": False})
    theirs.build((None, 5, features))
    ours.build((None, 5, features))
    values = [random.uniform(-0.8, 0.8, w.shape).astype("float32") for w in theirs.weights]
    theirs.set_weights(values)
    ours.set_weights(values)
    return theirs, ours


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_masks_and_states(name: str, data: st.DataObject) -> None:
    config = data.draw(configs(name))
    seed = data.draw(st.integers(0, 1000))
    random = np.random.default_rng(seed)
    theirs, ours = pair(name, config, 3, seed)
    x = random.normal(size=(4, 5, 3)).astype("float32")
    mask = random.integers(0, 2, (4, 5)).astype(bool) if data.draw(st.booleans()) else None
    states = None
    if data.draw(st.booleans()):
        states = [
            random.normal(size=(4, config["units"])).astype("float32") for _ in ours.state_size
        ]
    given_mask = None if mask is None else torch.tensor(mask)
    expected = theirs(
        torch.tensor(x),
        mask=given_mask,
        initial_state=None if states is None else [torch.tensor(s) for s in states],
    )
    expected = [value.detach() for value in flat(expected)]
    eager = flat(ours(x, mask=given_mask, initial_state=states))
    assert len(eager) == len(expected) == ours.outputs_count
    for a, b in zip(eager, expected, strict=True):
        torch.testing.assert_close(a.detach(), b.contiguous(), **CLOSE)

    inputs = [lamina.Input((5, 3))]
    batches = [x]
    options: dict[str, Any] = {}
    if states is not None:
        options["initial_state"] = [lamina.Input((config["units"],)) for _ in states]
        inputs.extend(options["initial_state"])
        batches.extend(states)
    if mask is not None:
        options["mask"] = lamina.Input((5,), dtype="bool")
        inputs.append(options["mask"])
        batches.append(mask)
    outputs = ours(inputs[0], **options)
    assert [len(o.shape) for o in flat(outputs)] == [e.dim() for e in expected]
    traced = lamina.Model(inputs, outputs).predict(
        batches if len(batches) > 1 else batches[0], verbose=0
    )
    for a, b in zip(flat(traced), expected, strict=True):
        torch.testing.assert_close(torch.as_tensor(a), b.contiguous(), **CLOSE)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("first", ["Embedding", "Masking"])
def test_masks_reach_recurrent_layers_and_the_loss(name: str, first: str) -> None:
    def build(api: Any) -> Any:
        if first == "Embedding":
            x = api.Input((6,), dtype="int32")
            h = api.layers.Embedding(9, 4, mask_zero=True)(x)
        else:
            x = api.Input((6, 2))
            h = api.layers.Masking(0.5)(x)
        h = getattr(api.layers, name)(4, return_sequences=True)(h)
        h = getattr(api.layers, name)(3)(h)
        return api.Model(x, api.layers.Dense(2)(h))

    random = np.random.default_rng(1)
    if first == "Embedding":
        x = random.integers(0, 4, (16, 6)).astype("int32")
    else:
        x = random.normal(size=(16, 6, 2)).astype("float32")
        x[random.random((16, 6)) < 0.5] = 0.5
    y = random.normal(size=(16, 2)).astype("float32")
    ours, theirs = build(lamina), build(keras)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), **CLOSE)
    for model in (ours, theirs):
        model.compile("sgd", "mse")
        model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def masks(kind: str, batch: int, time: int) -> torch.Tensor:
    random = np.random.default_rng(7)
    lengths = random.integers(0, time + 1, (batch, 1))
    if kind == "holes":
        mask = random.integers(0, 2, (batch, time)).astype(bool)
    else:
        mask = np.arange(time)[None] < lengths
        mask = mask[:, ::-1].copy() if kind == "left" else mask
    mask[0], mask[1] = False, True
    return torch.tensor(mask)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["right", "left", "holes"])
@pytest.mark.parametrize("zero_masked", [False, True])
@pytest.mark.parametrize("whole", [False, True])
def test_fused_kernels_skip_masked_steps(
    name: str, kind: str, zero_masked: bool, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outputs, states and all gradients are those of a loop over the steps, whatever the masked steps hold."""
    batch, time, units = 6, 9, 5
    mask = masks(kind, batch, time)
    layer = getattr(layers, name)(
        units, return_sequences=whole, return_state=True, zero_output_for_mask=zero_masked
    )
    torch.manual_seed(3)
    x = torch.randn(batch, time, 4)
    x[~mask] *= 1e4
    layer(x)
    for weight in layer.weights:
        weight.assign(torch.randn(weight.shape))
    states = [torch.randn(batch, units) for _ in layer.state_size]
    given = [x, *states]

    def results() -> list[torch.Tensor]:
        leaves = [tensor.clone().requires_grad_() for tensor in given]
        found = layer(leaves[0], mask=mask, initial_state=leaves[1:])
        torch.manual_seed(4)
        total = sum((y * torch.randn_like(y)).sum() for y in found)
        wanted = [*leaves, *(weight.value for weight in layer.weights)]
        return [*found, *torch.autograd.grad(total, wanted)]

    with monkeypatch.context() as patched:
        patched.setattr(steps, "run_steps", None)  # no loop over the steps
        fused = results()
    kind_of_step = {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "rnn"}[name]
    monkeypatch.setattr(steps, f"fused_masked_{kind_of_step}", stepwise(name, layer))
    for a, b in zip(fused, results(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)
    monkeypatch.undo()
    with torch.no_grad():
        for a, b in zip(fused, layer(x, mask=mask, initial_state=states), strict=False):
            torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)


def stepwise(name: str, layer: Any) -> Any:
    """The loop over the steps in the place of a fused kernel with a mask."""
    count, names = 4 + len(layer.state_size), ["tanh", "sigmoid"]
    options = {"LSTM": names, "GRU": [*names, True], "SimpleRNN": names[:1]}[name]
    loop = {
        "LSTM": steps.stepwise_lstm,
        "GRU": steps.stepwise_gru,
        "SimpleRNN": steps.stepwise_rnn,
    }[name]
    return lambda *args: loop(*args[:count], *options, *args[count : count + 2])


@pytest.mark.parametrize("name", NAMES)
def test_a_stateful_layer_with_a_mask_keeps_the_states_of_the_last_kept_step(name: str) -> None:
    _, plain = pair(name, {"units": 3, "stateful": True}, 2, 7)
    _, masked = pair(name, {"units": 3, "stateful": True}, 2, 7)
    x = torch.randn(2, 6, 2)
    mask = torch.tensor([[True, False, True, True, False, False]] * 2)
    for _ in range(2):
        torch.testing.assert_close(masked(x, mask=mask), plain(x[:, [0, 2, 3]]), **CLOSE)
    for a, b in zip(masked.states, plain.states, strict=True):
        torch.testing.assert_close(a, b, **CLOSE)


def test_only_sequences_pass_the_mask_on() -> None:
    tokens = np.array([[1, 2, 0], [3, 0, 0]])
    h = layers.Embedding(5, 3, mask_zero=True)(tokens)
    np.testing.assert_array_equal(mask_of(h), tokens != 0)
    sequences, state = layers.GRU(2, return_sequences=True, return_state=True)(h)
    np.testing.assert_array_equal(mask_of(sequences), tokens != 0)
    assert mask_of(state) is None
    assert mask_of(layers.GRU(2)(h)) is None
    assert mask_of(layers.Embedding(5, 3)(tokens)) is None


@pytest.mark.parametrize("rank", [2, 3, 4])
def test_masking_like_keras(rank: int) -> None:
    random = np.random.default_rng(rank)
    x = random.integers(0, 2, (3, 4, 2, 2)[:rank]).astype("float32")
    ours = layers.Masking(1.0)(x)
    theirs = keras.layers.Masking(1.0)(torch.tensor(x))
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(mask_of(ours), theirs._keras_mask)


@pytest.mark.parametrize("name", NAMES)
def test_a_stateful_layer_goes_on_where_it_ended(name: str) -> None:
    config = {"units": 3, "return_sequences": True}
    _, whole = pair(name, config, 2, 7)
    _, pieces = pair(name, {**config, "stateful": True}, 2, 7)
    x = np.random.default_rng(3).normal(size=(4, 8, 2)).astype("float32")
    expected = whole(x).detach()
    model = lamina.Model(i := lamina.Input((4, 2)), pieces(i))
    for _ in range(2):
        got = [model.predict(part, verbose=0) for part in (x[:, :4], x[:, 4:])]
        np.testing.assert_allclose(np.concatenate(got, 1), expected, **CLOSE)
        pieces.reset_state()
    assert not any(bool(state.any()) for state in pieces.states)
    with pytest.raises(ShapeError, match="4 samples"):
        pieces(x[:2, :4])
    pieces.forget_states()
    assert pieces(x[:2, :4]).shape == (2, 4, 3)


@pytest.mark.parametrize("name", NAMES)
def test_a_stateful_layer_predicts_like_keras_and_trains(name: str) -> None:
    random = np.random.default_rng(2)
    x, y = (random.normal(size=s).astype("float32") for s in ((12, 3, 2), (12, 4)))
    theirs = keras.Sequential(
        [keras.Input(batch_shape=(4, 3, 2)), getattr(keras.layers, name)(4, stateful=True)]
    )
    ours = lamina.Sequential([lamina.Input((3, 2)), getattr(layers, name)(4, stateful=True)])
    ours.set_weights(theirs.get_weights())
    a, b = (model.predict(x, batch_size=4, verbose=0) for model in (ours, theirs))
    np.testing.assert_allclose(a, b, **CLOSE)
    ours.compile("sgd", "mse")  # Keras cannot: it changes the states in place
    losses = ours.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("wrap", [lambda layer: layer, layers.Bidirectional], ids=["", "wrapped"])
@pytest.mark.parametrize("name", NAMES)
def test_in_a_long_training_each_batch_begins_where_the_last_one_ended(
    name: str, wrap: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captured, "WORTH_STEPS", 1)
    random = np.random.default_rng(2)
    x, y = (random.normal(size=(32, 5, n)).astype("float32") for n in (3, 2))
    found = []
    for run_eagerly in (True, False):
        set_random_seed(1)
        layer = wrap(getattr(layers, name)(4, stateful=True, return_sequences=True))
        model = lamina.Sequential([lamina.Input((5, 3)), layer, layers.Dense(2)])
        model.compile("sgd", "mse", run_eagerly=run_eagerly)
        fitted = model.fit(x, y, batch_size=8, epochs=5, shuffle=False, verbose=0)
        found.append(fitted.history["loss"])
    np.testing.assert_allclose(*found, rtol=1e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize("rates", [(0.5, 0.0), (0.0, 0.5), (0.5, 0.5)])
def test_dropout_is_the_same_at_each_step(
    name: str, seed: int | None, rates: tuple[float, float]
) -> None:
    dropout, recurrent = rates
    layer = getattr(layers, name)(
        6, dropout=dropout, recurrent_dropout=recurrent, seed=seed, return_sequences=True
    )
    plain = getattr(layers, name)(6, return_sequences=True)
    x = np.ones((64, 4, 3), "float32")
    plain(x)
    layer(x)
    layer.set_weights(plain.get_weights())
    torch.testing.assert_close(layer(x), plain(x))
    set_random_seed(1)
    noisy = layer(x, training=True)
    assert torch.isfinite(noisy).all()
    # the first step sees dropped inputs, and no state
    assert torch.allclose(noisy[:, 0], plain(x)[:, 0], atol=1e-6) == (dropout == 0)
    assert not torch.allclose(noisy[:, 1], plain(x)[:, 1], atol=1e-3)
    again = layer(x, training=True)
    assert not torch.allclose(noisy, again)
    noisy.sum().backward()
    assert all(w.value.grad is not None for w in layer.weights)


def test_recurrent_dropout_keeps_the_mean_of_a_linear_layer() -> None:
    layer = layers.SimpleRNN(3, activation="linear", recurrent_dropout=0.4, dropout=0.3)
    x = np.ones((20000, 2, 2), "float32")  # the same mask twice would not keep it
    plain = layer(x).detach()[0]
    set_random_seed(4)
    noisy = layer(x, training=True).detach().mean(0)
    torch.testing.assert_close(noisy, plain, rtol=0.05, atol=0.05)


def test_wrong_states_are_refused_in_words() -> None:
    with pytest.raises(ConfigError, match="has 2 states, got 1"):
        layers.LSTM(3)(np.ones((2, 4, 3)), initial_state=[np.ones((2, 3))])
    with pytest.raises(ShapeError, match=r"\(batch, 3\)"):
        layers.GRU(3)(np.ones((2, 4, 3)), initial_state=np.ones((2, 4)))
    with pytest.raises(ConfigError, match="lora_rank"):
        layers.Embedding(3, 4, lora_rank=2)


def test_what_changes_nothing_is_accepted() -> None:
    layer = layers.LSTM(3, unroll=True, use_cudnn=False, implementation=1)
    assert layer(np.ones((2, 4, 3))).shape == (2, 3)
    values = np.arange(6.0).reshape(3, 2)
    np.testing.assert_allclose(
        layers.Embedding(3, 2, weights=[values])(np.array([2])).detach(), [[4, 5]]
    )
