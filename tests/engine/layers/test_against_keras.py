"""Every layer against real Keras: the same weights and inputs give the same outputs and gradients."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina.layer import LAYERS
from lamina.layers import Input
from lamina.network import Network

ACTIVATIONS = st.sampled_from(
    ["linear", "relu", "tanh", "sigmoid", "gelu", "elu", "silu", "softplus"]
)
PAIR = st.tuples(st.integers(1, 3), st.integers(1, 3))
PADDING = st.sampled_from(["valid", "same"])
IMAGE = st.tuples(st.integers(6, 9), st.integers(6, 9), st.sampled_from([1, 2, 4]))

Config = dict[str, Any]
Case = tuple[Config, list[tuple[int, ...]]]


@st.composite
def conv(draw: st.DrawFn) -> Case:
    height, width, channels = draw(IMAGE)
    strides = draw(PAIR)
    dilated = strides == (1, 1) and draw(st.booleans())
    groups = draw(st.sampled_from([g for g in (1, 2, 4) if channels % g == 0]))
    config = {
        "filters": groups * draw(st.integers(1, 3)),
        "kernel_size": draw(PAIR),
        "strides": strides,
        "padding": draw(PADDING),
        "dilation_rate": (2, 2) if dilated else (1, 1),
        "groups": groups,
        "activation": draw(ACTIVATIONS),
        "use_bias": draw(st.booleans()),
    }
    return config, [(height, width, channels)]


@st.composite
def pooling(draw: st.DrawFn) -> Case:
    config = {
        "pool_size": draw(PAIR),
        "strides": draw(st.none() | PAIR),
        "padding": draw(PADDING),
    }
    return config, [draw(IMAGE)]


@st.composite
def lstm(draw: st.DrawFn) -> Case:
    config = {
        "units": draw(st.integers(1, 6)),
        "activation": draw(st.sampled_from(["tanh", "relu"])),
        "use_bias": draw(st.booleans()),
        "return_sequences": draw(st.booleans()),
        "go_backwards": draw(st.booleans()),
    }
    return config, [(draw(st.integers(1, 6)), draw(st.integers(1, 5)))]


@st.composite
def attention(draw: st.DrawFn) -> Case:
    config = {
        "num_heads": draw(st.integers(1, 3)),
        "key_dim": draw(st.integers(1, 4)),
        "value_dim": draw(st.none() | st.integers(1, 4)),
        "use_bias": draw(st.booleans()),
    }
    query, value, key = (draw(st.integers(1, 5)) for _ in range(3))
    shapes = [(draw(st.integers(1, 5)), query), (draw(st.integers(1, 5)), value)]
    return config, [*shapes, (shapes[1][0], key)] if draw(st.booleans()) else shapes


def one(
    config: st.SearchStrategy[Config], shape: st.SearchStrategy[tuple[int, ...]]
) -> st.SearchStrategy[Case]:
    return st.tuples(config, shape.map(lambda s: [s]))


ANY_SHAPE = st.lists(st.integers(1, 5), min_size=1, max_size=3).map(tuple)

CASES: dict[str, st.SearchStrategy[Case]] = {
    "Activation": one(
        st.fixed_dictionaries({"activation": ACTIVATIONS | st.just("softmax")}), ANY_SHAPE
    ),
    "Softmax": one(st.fixed_dictionaries({"axis": st.sampled_from([-1, 1])}), ANY_SHAPE),
    "ReLU": one(
        st.fixed_dictionaries(
            {
                "max_value": st.none() | st.sampled_from([0.5, 6.0]),
                "negative_slope": st.sampled_from([0.0, 0.2]),
                "threshold": st.sampled_from([0.0, 0.3]),
            }
        ),
        ANY_SHAPE,
    ),
    "LeakyReLU": one(
        st.fixed_dictionaries({"negative_slope": st.sampled_from([0.0, 0.1, 0.3])}), ANY_SHAPE
    ),
    "Conv2D": conv(),
    "Dense": one(
        st.fixed_dictionaries(
            {
                "units": st.integers(1, 7),
                "activation": ACTIVATIONS | st.just("softmax"),
                "use_bias": st.booleans(),
            }
        ),
        ANY_SHAPE,
    ),
    "Embedding": one(
        st.fixed_dictionaries({"input_dim": st.just(11), "output_dim": st.integers(1, 6)}),
        ANY_SHAPE,
    ),
    "Add": st.tuples(
        st.just({}), ANY_SHAPE.flatmap(lambda s: st.lists(st.just(s), min_size=2, max_size=4))
    ),
    "Concatenate": st.tuples(
        st.fixed_dictionaries({"axis": st.sampled_from([-1, 1])}),
        st.integers(1, 4).flatmap(lambda n: st.lists(st.just((n,)), min_size=2, max_size=3)),
    ),
    "BatchNormalization": one(
        st.fixed_dictionaries(
            {
                "axis": st.sampled_from([-1, 1]),
                "center": st.booleans(),
                "scale": st.booleans(),
                "epsilon": st.sampled_from([1e-3, 1e-2]),
                "momentum": st.sampled_from([0.9, 0.99]),
            }
        ),
        ANY_SHAPE,
    ),
    "GlobalAveragePooling2D": one(st.fixed_dictionaries({"keepdims": st.booleans()}), IMAGE),
    "GlobalAveragePooling1D": one(
        st.fixed_dictionaries({"keepdims": st.booleans()}),
        st.tuples(st.integers(1, 6), st.integers(1, 5)),
    ),
    "LayerNormalization": one(
        st.fixed_dictionaries(
            {
                "center": st.booleans(),
                "scale": st.booleans(),
                "epsilon": st.sampled_from([1e-3, 1e-5]),
            }
        ),
        ANY_SHAPE,
    ),
    "MultiHeadAttention": attention(),
    "MaxPooling2D": pooling(),
    "AveragePooling2D": pooling(),
    "LSTM": lstm(),
    "Dropout": one(st.fixed_dictionaries({"rate": st.sampled_from([0.0, 0.5])}), ANY_SHAPE),
    "Flatten": one(st.just({}), ANY_SHAPE),
    "Reshape": one(st.just({"target_shape": (-1, 2)}), st.just((3, 4)) | st.just((2, 2, 2))),
}


def test_every_layer_of_the_registry_is_compared():
    assert set(CASES) == set(LAYERS.names()) - {"Input"}


@pytest.mark.filterwarnings("ignore:(?s).*softmax over axis:UserWarning")
@pytest.mark.parametrize("name", sorted(CASES))
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_same_outputs_and_gradients_as_keras(name: str, data: st.DataObject) -> None:
    config, shapes = data.draw(CASES[name])
    seed = data.draw(st.integers(0, 1000))
    check(name, config, shapes, seed, training=False)
    if name == "BatchNormalization":
        check(name, config, shapes, seed, training=True)


def check(
    name: str, config: Config, shapes: list[tuple[int, ...]], seed: int, *, training: bool
) -> None:
    random = np.random.default_rng(seed)
    dtype = "int32" if name == "Embedding" else "float32"
    batches = [
        random.integers(0, 11, (4, *shape)).astype(dtype)
        if dtype == "int32"
        else random.normal(size=(4, *shape)).astype(dtype)
        for shape in shapes
    ]
    theirs = getattr(keras.layers, name)(**config)
    their_inputs = [torch.tensor(b, requires_grad=dtype == "float32") for b in batches]
    argument = their_inputs if len(shapes) > 1 else their_inputs[0]
    spread = name == "MultiHeadAttention"  # takes its inputs one by one, not as a list
    if spread:
        theirs.build(*(b.shape for b in batches))
    else:
        theirs.build([b.shape for b in batches] if len(shapes) > 1 else batches[0].shape)

    symbols = [Input(shape=shape, dtype=dtype) for shape in shapes]
    ours_layer = LAYERS.get(name)(**config)
    ours = Network(symbols, ours_layer(symbols if len(symbols) > 1 else symbols[0]))
    weights = [random.uniform(0.1, 1.0, w.shape).astype("float32") for w in theirs.weights]
    theirs.set_weights(weights)
    assert [w.shape for w in ours.weights] == [tuple(w.shape) for w in theirs.weights]
    ours_layer.set_weights(weights)

    expected = theirs(*(argument if spread else [argument]), training=training)
    our_inputs = [torch.tensor(b, requires_grad=dtype == "float32") for b in batches]
    (actual,) = ours.program(training=training)(*our_inputs)
    assert tuple(actual.shape[1:]) == ours.outputs[0].shape[1:]
    tolerance = (
        {"rtol": 1e-4, "atol": 1e-5}
        if name in ("LSTM", "MultiHeadAttention")
        else {"rtol": 1e-5, "atol": 2e-6}
    )
    torch.testing.assert_close(actual, expected.contiguous(), **tolerance)

    direction = torch.tensor(random.normal(size=tuple(expected.shape)).astype("float32"))
    (expected * direction).sum().backward()
    (actual * direction).sum().backward()
    loose = {"rtol": 1e-3, "atol": 1e-4}
    for a, b in zip(our_inputs, their_inputs, strict=True):
        if a.grad is not None or b.grad is not None:
            torch.testing.assert_close(a.grad, b.grad, **loose)
    for variable, keras_variable in zip(ours.weights, theirs.weights, strict=True):
        if keras_variable.trainable and keras_variable.value.grad is not None:
            assert variable.value.grad is not None
            torch.testing.assert_close(
                variable.to_keras(variable.value.grad), keras_variable.value.grad, **loose
            )
        if not keras_variable.trainable:
            np.testing.assert_allclose(
                variable.numpy(), keras.ops.convert_to_numpy(keras_variable), rtol=1e-5, atol=1e-6
            )


@pytest.mark.parametrize("name", sorted(CASES))
def test_same_configuration_keys_and_defaults_as_keras(name: str) -> None:
    """What both have is called the same and has the same default."""
    needed = {
        "Activation": {"activation": "relu"}, "Dense": {"units": 3}, "Conv2D": {"filters": 2, "kernel_size": (3, 3)},
        "Embedding": {"input_dim": 5, "output_dim": 2}, "LSTM": {"units": 2}, "Dropout": {"rate": 0.5},
        "MultiHeadAttention": {"num_heads": 2, "key_dim": 3},
        "Reshape": {"target_shape": (2, 2)}, "AveragePooling2D": {"pool_size": (2, 2)},
    }.get(name, {})  # fmt: skip
    theirs = getattr(keras.layers, name)(**needed).get_config()
    ours = LAYERS.get(name)(**needed).get_config()
    own = set(ours) - set(theirs)
    assert not own, f"{name} has parameters that Keras does not have: {own}"
    for key in set(ours) - {"name", "dtype"}:
        expected = theirs[key]
        if isinstance(expected, dict):
            expected = expected["class_name"]
            assert str(ours[key]).replace("_", "").lower() == expected.lower()
        elif key == "strides" and ours[key] is None:
            assert tuple(expected) == tuple(ours["pool_size"])
        elif key == "value_dim" and ours[key] is None:
            assert expected == ours["key_dim"]
        elif isinstance(expected, (list, tuple)):
            assert list(expected) == list(ours[key])
        else:
            assert ours[key] == expected
