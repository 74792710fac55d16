"""Dtype policies: what every layer of the registry computes in, and that it gives what Keras gives under the same."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

from lamina.layer import LAYERS
from lamina.layers import Input
from lamina.layers.preprocessing.random_images import RandomImageLayer
from lamina.network import Network
from tests.engine.layers.test_against_keras import CASES
from tests.engine.layers.test_contract import COMPUTING, SMALLEST, TYPES

TOLERANCE = {
    "mixed_bfloat16": {"rtol": 4e-2, "atol": 4e-2},
    "mixed_float16": {"rtol": 5e-3, "atol": 5e-3},
    "float64": {"rtol": 2e-6, "atol": 2e-6},  # Keras brings some of it back to float32
}
OF_ALL_KINDS = (
    "Dense",
    "Conv2D",
    "BatchNormalization",
    "LayerNormalization",
    "LSTM",
    "MultiHeadAttention",
    "Softmax",
)
REFUSED_BY_KERAS = ("AveragePooling3D", "STFTSpectrogram")
"""Layers that real Keras cannot compute in half precision on a CPU."""
SPREAD = ("MultiHeadAttention", "GroupQueryAttention")
"""Layers of Keras that take their inputs one by one."""


def batches_for(name: str, policy: str) -> tuple[dict[str, Any], list[np.ndarray[Any, Any]]]:
    config, shapes = SMALLEST.get(name, ({}, [(4,)]))
    if name.startswith("AveragePooling"):
        config = {"pool_size": 2, **config}
    random = np.random.default_rng(3)
    sizes = [(3, *(6 if size is None else size for size in shape)) for shape in shapes]
    if name in TYPES:
        return config, [random.integers(0, 3, size).astype(TYPES[name]) for size in sizes]
    dtype = "float64" if policy == "float64" else "float32"
    return config, [random.normal(size=size).astype(dtype) for size in sizes]


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16", "float64"])
@pytest.mark.parametrize("name", [name for name in COMPUTING if TYPES.get(name) != "string"])
def test_the_declared_type_is_the_real_one(name: str, policy: str) -> None:
    config, batches = batches_for(name, policy)
    layer = LAYERS.get(name)(**config, dtype=policy)
    tensors = [torch.from_numpy(b) for b in batches]
    symbols = [Input(shape=b.shape[1:], dtype=b.dtype.name) for b in batches]
    network = Network(symbols, layer(symbols if len(symbols) > 1 else symbols[0]))
    declared = network.outputs[0].dtype
    assert "float" not in declared or declared == layer.compute_dtype
    (result,) = network.program(training=False)(*tensors)
    assert str(result.dtype) == f"torch.{declared}"
    still = {"training": False} if issubclass(type(layer), RandomImageLayer) else {}
    eager = layer(tensors if len(tensors) > 1 else tensors[0], **still)
    eager = eager[0] if isinstance(eager, (list, tuple)) else eager
    torch.testing.assert_close(eager, result)
    assert {v.dtype for v in layer.weights if "float" in v.dtype} <= {layer.variable_dtype}
    if "float" in declared and any(v.trainable for v in layer.weights):
        (trained,) = network.program(training=True)(*tensors)
        assert str(trained.dtype) == f"torch.{declared}"
        trained.sum().backward()
        for variable in network.trainable_weights:
            assert variable.value.grad.dtype == variable.value.dtype


@pytest.mark.parametrize(
    ("name", "policy"),
    [
        (name, policy)
        for name in COMPUTING
        for policy in TOLERANCE
        if name in CASES
        and not issubclass(LAYERS.get(name), RandomImageLayer)
        and TYPES.get(name) != "string"
        and name not in REFUSED_BY_KERAS
        and (policy == "mixed_bfloat16" or name in OF_ALL_KINDS)
    ],
)
def test_same_numbers_as_keras_under_the_same_policy(name: str, policy: str) -> None:
    config, batches = batches_for(name, policy)
    theirs = getattr(keras.layers, name)(**config, dtype=policy)
    ours = LAYERS.get(name)(**config, dtype=policy)
    arguments = batches if len(batches) > 1 and name not in SPREAD else batches[0]
    their_arguments = batches if name in SPREAD else [arguments]
    theirs.build(*(
        [b.shape for b in a] if isinstance(a, list) else a.shape for a in their_arguments
    ))  # fmt: skip
    ours(batches if name in SPREAD else arguments)
    random = np.random.default_rng(4)
    weights = [random.uniform(0.1, 1.0, w.shape).astype(w.dtype) for w in theirs.weights]
    theirs.set_weights(weights)
    ours.set_weights(weights)
    if name == "Normalization":
        theirs.finalize_state()  # it computes with copies of its weights
    expected = theirs(*their_arguments)
    actual = ours(batches if name in SPREAD else arguments)
    if name not in (
        "Dot",
        "Maximum",
        "Minimum",
        "CategoryEncoding",
    ):  # which Keras leaves in float32
        assert actual.dtype == expected.dtype
    torch.testing.assert_close(
        actual, expected.contiguous(), **TOLERANCE[policy], check_dtype=False
    )
