"""Every activation against real Keras, by name and by object, with its options."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

import lamina
from lamina import activations
from lamina.errors import ConfigError

X = np.random.default_rng(0).normal(0, 2, (3, 4, 6)).astype("float32")
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "celu": [{"alpha": 0.5}],
    "elu": [{"alpha": 0.5}],
    "gelu": [{"approximate": True}],
    "hard_shrink": [{"threshold": 1.0}],
    "leaky_relu": [{"negative_slope": 0.1}],
    "log_softmax": [{"axis": 1}],
    "relu": [
        {"max_value": 1.0},
        {"max_value": 6.0},
        {"negative_slope": 0.1},
        {"threshold": 0.5},
        {"threshold": 0.5, "max_value": 1.0},
        {"threshold": -0.5, "max_value": 1.0},
        {"negative_slope": 0.1, "max_value": 1.0, "threshold": 0.5},
    ],
    "soft_shrink": [{"threshold": 1.0}],
    "softmax": [{"axis": 1}],
    "squareplus": [{"b": 1.0}],
}
ONE_BY_ONE = {"glu", "threshold", "sparsemax"}
NAMES = [
    name
    for name in dir(keras.activations)
    if not name.startswith("_") and name not in ("get", "serialize", "deserialize")
]


@pytest.mark.parametrize("name", sorted({*NAMES} - ONE_BY_ONE))
def test_equals_keras(name: str) -> None:
    for options in [{}, *OPTIONS.get(name, [])]:
        ours = getattr(activations, name)(torch.tensor(X), **options)
        theirs = getattr(keras.activations, name)(torch.tensor(X), **options)
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    function = activations.get(name)
    assert function is activations.get(getattr(activations, name))
    assert activations.get(activations.serialize(function)) is function
    assert activations.serialize(function) == keras.activations.serialize(
        keras.activations.get(name)
    )


@pytest.mark.parametrize("options", OPTIONS["relu"][:-1])
def test_relu_has_a_gradient_in_one_pass(options: dict[str, float]) -> None:
    """Of a kernel of its own: where and clamp take ten times as long."""
    x = torch.tensor([-2.0, 0.0, 0.7, 3.0, 7.0], requires_grad=True)
    activations.relu(x, **options).sum().backward()  # type: ignore[no-untyped-call]
    slope, highest = options.get("negative_slope", 0.0), options.get("max_value", 10.0)
    rises = x.gt(max(options.get("threshold", 0.0), 0.0)) & x.lt(highest)
    assert x.grad.tolist() == torch.where(rises, 1.0, torch.where(x > 0, 0.0, slope)).tolist()  # type: ignore[union-attr]
    steps, node = [], activations.relu(x, **options).grad_fn
    while node is not None:
        steps.append(node.name())
        node = node.next_functions[0][0] if node.next_functions else None
    assert set(steps) <= {
        "HardtanhBackward0",
        "LeakyReluBackward0",
        "ThresholdBackward0",
        "torch::autograd::AccumulateGrad",
    }


def test_those_that_are_no_option_of_a_layer() -> None:
    x = torch.tensor(X)
    for axis in (-1, 1):
        np.testing.assert_allclose(
            activations.glu(x, axis), keras.activations.glu(x, axis), rtol=1e-5
        )
    np.testing.assert_array_equal(
        activations.threshold(x, 0.5, -1.0), keras.activations.threshold(x, 0.5, -1.0)
    )
    for known in ("glu", "threshold", activations.glu):
        with pytest.raises(ConfigError, match="layer of your own"):
            activations.get(known)
    with pytest.raises(ConfigError, match="glu"):
        lamina.layers.Dense(4, activation="glu")


def test_sparsemax_gives_distributions() -> None:
    """Compared where one class is left: with more, Keras 3.15 gives no distribution."""
    x = torch.tensor(X)
    np.testing.assert_allclose(activations.sparsemax(x, 1).sum(1), 1, rtol=1e-5)
    np.testing.assert_allclose(
        activations.sparsemax(10 * x[:1, :1]),
        keras.activations.sparsemax(10 * x[:1, :1]),
        atol=1e-5,
    )
