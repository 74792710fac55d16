"""Masks, shares and dropout of attention layers, against real Keras: at once, in a model, in a file."""

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
from lamina.seeds import set_random_seed

pytestmark = pytest.mark.filterwarnings("ignore:(?s).*does not support masking:UserWarning")
CLOSE = {"rtol": 1e-4, "atol": 1e-5}
CONFIGS: dict[str, dict[str, Any]] = {
    "MultiHeadAttention": {"num_heads": 2, "key_dim": 3},
    "GroupQueryAttention": {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2},
    "Attention": {"use_scale": True},
    "AdditiveAttention": {},
}
HEADS = list(CONFIGS)[:2]


def pair(name: str, config: dict[str, Any], shapes: list[tuple[int, ...]], seed: int = 0) -> Any:
    """The layer of Keras and ours with the same weights."""
    theirs, ours = getattr(keras.layers, name)(**config), getattr(layers, name)(**config)
    if name in HEADS:
        theirs.build(*shapes)
    else:
        theirs.build(shapes)
    ours.make_weights(*shapes)
    random = np.random.default_rng(seed)
    weights = [random.uniform(-1, 1, w.shape).astype("float32") for w in theirs.weights]
    for layer in (theirs, ours):
        layer.set_weights(weights)
    return theirs, ours


def call(layer: Any, tensors: list[Any], **options: Any) -> Any:
    return (
        layer(*tensors, **options)
        if type(layer).__name__.startswith(("Multi", "Group"))
        else layer(tensors, **options)
    )


def flat(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


@pytest.mark.parametrize("name", CONFIGS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_calls_with_masks_and_shares(name: str, data: st.DataObject) -> None:
    random = np.random.default_rng(data.draw(st.integers(0, 1000)))
    config = {**CONFIGS[name], "dropout": data.draw(st.sampled_from([0.0, 0.5]))}
    if name in HEADS:
        config["sliding_window"] = data.draw(st.none() | st.just(2))
    shapes = [(3, 4, 5), (3, 6, 5)]
    theirs, ours = pair(name, config, shapes)
    batches = [random.normal(size=shape).astype("float32") for shape in shapes]
    options: dict[str, Any] = {
        "use_causal_mask": data.draw(st.booleans()),
        "return_attention_scores": data.draw(st.booleans()),
    }
    if name in HEADS and data.draw(st.booleans()):
        options["attention_mask"] = random.random((3, 4, 6)) < 0.6
    carried = [
        random.random(shape[:2]) < 0.6 if data.draw(st.booleans()) else None for shape in shapes
    ]
    given = [torch.tensor(x) for x in batches], [torch.tensor(x) for x in batches]
    for tensors in given:
        for x, mask in zip(tensors, carried, strict=True):
            if mask is not None:
                x._keras_mask = torch.tensor(mask)
    of_keras = {k: torch.tensor(v) if k == "attention_mask" else v for k, v in options.items()}
    expected = call(theirs, given[0], **of_keras)
    got = call(ours, given[1], **options)
    assert len(flat(got)) == len(flat(expected))
    for a, b in zip(flat(got), flat(expected), strict=True):
        torch.testing.assert_close(a.detach(), b.detach().contiguous(), **CLOSE)
    assert (mask_of(flat(got)[0]) is None) == (carried[0] is None)

    symbols = [lamina.Input(shape[1:]) for shape in shapes]
    masked = [
        x if mask is None else layers.Masking(7.0)(x)
        for x, mask in zip(symbols, carried, strict=True)
    ]
    inputs, more = list(symbols), [*batches]
    for x, mask in zip(more, carried, strict=True):
        if mask is not None:
            x[~mask] = 7.0
    if "attention_mask" in options:
        inputs.append(lamina.Input((4, 6), dtype="bool"))
        more.append(options["attention_mask"])
        options["attention_mask"] = inputs[-1]
    outputs = flat(call(ours, masked, **options))
    found = flat(lamina.Model(inputs, outputs).predict(more, verbose=0))
    for a, b in zip(found, outputs, strict=True):
        assert a.shape[1:] == b.shape[1:]
    if not any(mask is not None for mask in carried):
        for a, b in zip(found, flat(expected), strict=True):
            np.testing.assert_allclose(a, b.detach(), **CLOSE)


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_masks_of_embeddings_reach_attention_and_pass_on(name: str, dropout: float) -> None:
    def build(api: Any) -> Any:
        tokens, other = api.Input((6,), dtype="int32"), api.Input((5,), dtype="int32")
        table = api.layers.Embedding(9, 4, mask_zero=True)
        x, y = table(tokens), table(other)
        layer = getattr(api.layers, name)(**CONFIGS[name], dropout=dropout)
        h = call(layer, [x, y], use_causal_mask=True)
        return api.Model([tokens, other], api.layers.LSTM(3)(h))

    random = np.random.default_rng(1)
    x = [
        random.integers(0, 4, (8, 6)).astype("int32"),
        random.integers(0, 4, (8, 5)).astype("int32"),
    ]
    ours, theirs = build(lamina), build(keras)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), **CLOSE)


@pytest.mark.parametrize("name", ["Attention", "AdditiveAttention"])
def test_masks_as_a_list(name: str) -> None:
    shapes = [(2, 3, 4), (2, 5, 4)]
    theirs, ours = pair(name, CONFIGS[name], shapes)
    random = np.random.default_rng(3)
    tensors = [torch.tensor(random.normal(size=s), dtype=torch.float32) for s in shapes]
    masks = [torch.tensor(random.random(s[:2]) < 0.5) for s in shapes]
    expected = theirs(tensors, mask=masks).detach()
    torch.testing.assert_close(ours(tensors, masks).detach(), expected, **CLOSE)
    symbols = [lamina.Input(s[1:]) for s in shapes]
    of_masks = [lamina.Input(s[1:2], dtype="bool") for s in shapes]
    model = lamina.Model([*symbols, *of_masks], ours(symbols, mask=of_masks))
    got = model.predict([x.numpy() for x in (*tensors, *masks)], verbose=0)
    np.testing.assert_allclose(got, expected, **CLOSE)


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("seed", [None, 4])
def test_dropout_drops_shares_while_training(name: str, seed: int | None) -> None:
    config = {**CONFIGS[name], "dropout": 0.5, "seed": seed}
    layer = getattr(layers, name)(**config)
    x = torch.randn(4, 6, 5)
    plain = call(layer, [x, x]).detach()
    torch.testing.assert_close(call(layer, [x, x]).detach(), plain)
    set_random_seed(1)
    noisy = call(layer, [x, x], training=True)
    assert not torch.allclose(noisy, plain)
    assert not torch.allclose(call(layer, [x, x], training=True), noisy)
    if seed is not None:
        again = getattr(layers, name)(**config)
        again.make_weights(x.shape, x.shape)
        again.set_weights(layer.get_weights())
        torch.testing.assert_close(call(again, [x, x], training=True), noisy)
    noisy.square().sum().backward()
    assert all(w.value.grad is not None for w in layer.weights)


@pytest.mark.parametrize("name", CONFIGS)
def test_files_travel_both_ways(name: str, tmp_path: Any) -> None:
    config = {**CONFIGS[name], "dropout": 0.2}
    if name in HEADS:
        config |= {"use_gate": True, "sliding_window": 3, "seed": 5}
    if name == "MultiHeadAttention":
        config |= {"output_shape": (6,), "value_dim": 2, "attention_axes": (1,)}

    def build(api: Any) -> Any:
        x, y = api.Input((4, 5)), api.Input((6, 5))
        return api.Model([x, y], call(getattr(api.layers, name)(**config), [x, y]))

    random = np.random.default_rng(2)
    x = [random.normal(size=(3, n, 5)).astype("float32") for n in (4, 6)]
    for api, other in ((lamina, keras), (keras, lamina)):
        model = build(api)
        model.set_weights([random.uniform(-1, 1, w.shape) for w in model.get_weights()])
        model.save(tmp_path / "model.keras")
        again = other.models.load_model(tmp_path / "model.keras")
        np.testing.assert_allclose(
            again.predict(x, verbose=0), model.predict(x, verbose=0), **CLOSE
        )


def test_what_does_not_fit_is_said_in_words() -> None:
    with pytest.raises(ShapeError, match="a key for each value"):
        layers.MultiHeadAttention(2, 3)(np.ones((2, 3, 4)), np.ones((2, 4, 4)), np.ones((2, 5, 4)))
    with pytest.raises(ShapeError, match="as many features"):
        layers.Attention()([np.ones((2, 3, 4)), np.ones((2, 3, 5))])
    with pytest.raises(ShapeError, match=r"attention_axes \(3,\)"):
        layers.MultiHeadAttention(2, 3, attention_axes=3)(np.ones((2, 3, 4)), np.ones((2, 3, 4)))
    with pytest.raises(ConfigError, match="must divide num_query_heads"):
        layers.GroupQueryAttention(2, 3, 2)
    with pytest.raises(ConfigError, match="got 1"):
        layers.Attention()(lamina.Input((3, 4)))
    assert layers.GroupedQueryAttention is layers.GroupQueryAttention


@pytest.mark.parametrize("name", HEADS)
def test_flags_may_be_numbers(name: str) -> None:
    x = np.random.default_rng(0).normal(size=(2, 4, 6)).astype("float32")
    layer = getattr(layers, name)(**CONFIGS[name])
    expected = layer(x, x, use_causal_mask=True)
    np.testing.assert_array_equal(layer(x, x, use_causal_mask=1).detach(), expected.detach())
