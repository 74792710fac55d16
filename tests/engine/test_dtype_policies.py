"""Dtype policies by name, for the process and for a layer; mixed precision from compile to file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch

import lamina
from lamina import dtype_policies, mixed_precision
from lamina.errors import ConfigError
from lamina.export.pytorch import pytorch_source
from lamina.export.source import keras_source
from lamina.run import train
from lamina.training.numbers import PRECISIONS

POLICIES = ["mixed_bfloat16", "mixed_float16", "float16", "bfloat16", "float64"]


@pytest.fixture(autouse=True)
def policies_as_they_were() -> Iterator[None]:
    before = keras.config.dtype_policy().name
    with dtype_policies.following("float32"):
        yield
    keras.config.set_dtype_policy(before)
    lamina.config.set_floatx("float32")


def small(**last: Any) -> lamina.Sequential:
    return lamina.Sequential(
        [
            lamina.Input((6,)),
            lamina.layers.Dense(8, activation="relu"),
            lamina.layers.Dense(3, activation="softmax", **last),
        ]
    )


def data() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    random = np.random.default_rng(0)
    return random.normal(size=(48, 6)).astype("float32"), random.integers(0, 3, 48)


@pytest.mark.parametrize("name", ["float32", *POLICIES])
def test_a_policy_says_what_keras_says(name: str):
    ours, theirs = lamina.DTypePolicy(name), keras.DTypePolicy(name)
    assert (ours.compute_dtype, ours.variable_dtype) == (
        theirs.compute_dtype,
        theirs.variable_dtype,
    )
    assert repr(ours) == repr(theirs)
    assert dtype_policies.serialize(ours) == keras.dtype_policies.serialize(theirs)
    assert dtype_policies.deserialize(keras.dtype_policies.serialize(theirs)) == ours


@pytest.mark.parametrize("given", ["float12", {"class_name": "DTypePolicyMap"}, 3, {"name": 3}])
def test_what_is_no_policy_is_refused(given: Any):
    with pytest.raises(ConfigError, match=r"dtype|polic"):
        lamina.layers.Dense(2, dtype=given)


def test_layers_follow_the_process_and_then_what_they_are_told():
    mixed_precision.set_global_policy("mixed_bfloat16")
    assert mixed_precision.global_policy().name == "mixed_bfloat16"
    told, left = lamina.layers.Dense(2, dtype=torch.float64), lamina.layers.Dense(2)
    assert (told.compute_dtype, told.variable_dtype, told.dtype) == ("float64",) * 3
    assert (left.compute_dtype, left.input_dtype, left.variable_dtype) == (
        "bfloat16", "bfloat16", "float32",
    )  # fmt: skip
    left.dtype_policy = "float32"
    assert left(np.ones((1, 3))).dtype == torch.float32
    with pytest.raises(ConfigError, match="int32"):
        lamina.config.set_dtype_policy("int32")


def test_floatx_is_the_policy_until_one_is_set():
    dtype_policies.settings.set_policy_name(None)
    lamina.config.set_floatx("float64")
    model = small()
    assert model.layers[0].dtype == "float64"
    assert model.inputs[0].dtype == "float64"
    assert model.predict(np.ones((2, 6)), verbose=0).dtype == np.float64


def test_a_layer_of_a_user_reads_its_weights_in_the_type_of_the_computation():
    class Scale(lamina.Layer):
        def build(self, shape: Any) -> None:
            self.factor = self.add_weight(shape=(shape[-1],), initializer="ones")
            self.exact = self.add_weight(shape=(), initializer="ones", autocast=False)

        def call(self, x: Any) -> Any:
            seen.append((x.dtype, (x * self.factor).dtype, (self.exact * 1.0).dtype))
            return x * self.factor

    seen: list[Any] = []
    layer = Scale(dtype="mixed_float16")
    assert layer(np.ones((2, 3))).dtype == torch.float16
    assert seen == [(torch.float16, torch.float16, torch.float32)]
    assert layer.factor.dtype == "float32"
    assert Scale(dtype="mixed_float16", autocast=False)(torch.ones(2, 3)).dtype == torch.float32


@pytest.mark.parametrize("policy", POLICIES)
def test_training_goes_as_in_keras(policy: str):
    x, y = data()
    keras.config.set_dtype_policy(policy)
    lamina.config.set_dtype_policy(policy)
    theirs = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dense(3, activation="softmax", dtype="float32" if "mixed" in policy else None),
        ]
    )  # fmt: skip
    ours = small(dtype="float32" if "mixed" in policy else None)
    ours.set_weights([w.astype("float64") for w in theirs.get_weights()])
    histories = []
    for model in (ours, theirs):
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        histories.append(model.fit(x, y, epochs=3, verbose=0, shuffle=False).history["loss"])
    assert type(ours.optimizer).__name__ == type(theirs.optimizer).__name__
    tolerance = 1e-5 if policy == "float64" else 2e-2
    np.testing.assert_allclose(*histories, rtol=tolerance)
    expected = theirs.predict(x, verbose=0)
    np.testing.assert_allclose(
        ours.predict(x, verbose=0), np.asarray(expected, "float64"), rtol=tolerance, atol=tolerance
    )


def test_the_scale_around_the_optimizer_can_be_declined_and_is_not_doubled():
    mixed_precision.set_global_policy("mixed_float16")
    model = small()
    model.compile("adam", "mse", auto_scale_loss=False)
    assert type(model.optimizer).__name__ == "Adam"
    own = mixed_precision.LossScaleOptimizer(lamina.optimizers.Adam())
    model.compile(own, "mse")
    assert model.optimizer is own


@pytest.mark.parametrize("policy", POLICIES)
def test_files_carry_policies_both_ways(policy: str, tmp_path: Path):
    lamina.config.set_dtype_policy(policy)
    ours = small()
    ours.save(tmp_path / "ours.keras")
    dtype_policies.set_dtype_policy("float32")
    x, _ = data()
    theirs = keras.models.load_model(tmp_path / "ours.keras")
    assert [layer.dtype_policy.name for layer in theirs.layers] == [policy] * 2
    theirs.save(tmp_path / "theirs.keras")
    again = lamina.models.load_model(tmp_path / "theirs.keras")
    assert [layer.dtype_policy.name for layer in again.layers] == [policy] * 2
    assert [w.dtype for w in again.weights] == [w.dtype for w in ours.weights]
    expected = np.asarray(theirs.predict(x, verbose=0), "float64")
    for model in (ours, again):
        np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=2e-2, atol=1e-2)


def test_a_file_of_one_precision_keeps_it_under_another_policy(tmp_path: Path):
    small().save(tmp_path / "plain.keras")
    lamina.config.set_dtype_policy("mixed_bfloat16")
    again = lamina.models.load_model(tmp_path / "plain.keras")
    assert {layer.compute_dtype for layer in again.layers} == {"float32"}


def test_documents_and_source_hold_what_differs():
    model = small(dtype="mixed_bfloat16")
    configs = [node.config for node in model.graph.nodes]
    assert [c.get("dtype_policy") for c in configs] == [None, None, "mixed_bfloat16"]
    assert 'dtype="mixed_bfloat16"' in keras_source(model.graph)
    with pytest.raises(lamina.errors.LaminaError, match="mixed_bfloat16"):
        pytorch_source(model.graph)


@pytest.mark.parametrize("precision", ["bfloat16", "mixed_float16"])
def test_the_precision_of_a_training_document_is_a_policy(precision: str):
    graph = lamina.Sequential(
        [lamina.Input((4,)), lamina.layers.Dense(3, activation="softmax")]
    ).graph
    document = {
        "format": "lamina.training", "version": 1, "dataset": {"id": "iris"}, "epochs": 1,
        "loss": "categorical_crossentropy", "metrics": ["accuracy"], "precision": precision,
    }  # fmt: skip
    model = train(graph, document)
    assert {layer.dtype_policy.name for layer in model.layers} == {PRECISIONS[precision]}
    assert dtype_policies.dtype_policy().name == "float32"
    assert np.isfinite(model.history.history["loss"]).all()


def test_weights_of_several_types_are_refused_in_words():
    model = lamina.Sequential(
        [lamina.Input((2,)), lamina.layers.Dense(2, dtype="float64"), lamina.layers.Dense(1)]
    )
    model.compile("adam", "mse")
    with pytest.raises(ConfigError, match="float32, float64"):
        model.fit(np.ones((2, 2)), np.ones((2, 1)), verbose=0)
