"""Sequential: chains that take and give nests, chains without shapes, and what cannot stand in one; against real Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

import lamina

BOTH = pytest.mark.parametrize("k", [lamina, keras], ids=["lamina", "keras"])
A, B = (np.random.default_rng(seed).normal(size=(6, 3)).astype("float32") for seed in (0, 1))
Y = np.ones((6, 2), "float32")


def summed(k: Any, keys: bool) -> Any:
    """A chain whose first layer takes a dict or a list."""

    class Sum(k.layers.Layer):
        def call(self, inputs: Any) -> Any:
            assert isinstance(inputs, dict if keys else list)
            return inputs["a"] - inputs["b"] if keys else inputs[0] - inputs[1]

    return k.Sequential([Sum(), k.layers.Dense(2, kernel_initializer="ones")])


@pytest.mark.parametrize("keys", [True, False])
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_first_layer_may_take_several_tensors(keys: bool):
    x = {"b": B, "a": A} if keys else [A, B]
    logs, predictions = [], []
    for k in (lamina, keras):
        model = summed(k, keys)
        assert np.asarray(model(x).detach()).shape == (6, 2)
        model.compile("sgd", "mse")
        logs.append(model.fit(x, Y, epochs=3, batch_size=2, shuffle=False, verbose=0).history)
        predictions.append(model.predict(x, verbose=0))
        assert [layer.name for layer in model.layers][1].startswith("dense")
    assert logs[0]["loss"] == pytest.approx(logs[1]["loss"], rel=1e-4)
    np.testing.assert_allclose(*predictions, rtol=1e-4, atol=1e-5)


@BOTH
def test_a_chain_gives_what_its_last_layer_gives(k: Any):
    class Both(k.layers.Layer):
        def call(self, x: Any) -> Any:
            return {"same": x, "twice": 2 * x}

    model = k.Sequential([k.Input((3,)), k.layers.ReLU(), Both()])
    given = model.predict(A, verbose=0)
    np.testing.assert_allclose(given["twice"], 2 * np.maximum(A, 0))


def test_a_chain_of_several_tensors_is_a_functional_model_in_a_file(tmp_path: Any):
    model = lamina.Sequential([lamina.layers.Concatenate(), lamina.layers.Dense(2)])
    expected = model([A, B]).detach()
    model.save(tmp_path / "model.keras")
    for reader in (lamina, keras):
        again = reader.models.load_model(tmp_path / "model.keras")
        np.testing.assert_allclose(again.predict([A, B], verbose=0), expected, rtol=1e-5, atol=1e-6)
    assert len(lamina.Sequential.from_config(model.get_config()).layers) == 2


@BOTH
def test_a_chain_without_shapes_has_a_configuration(k: Any):
    model = k.Sequential([k.layers.Dense(4, activation="relu"), k.layers.Dense(5)], name="seq")
    again = k.Sequential.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    assert not again.built
    assert [layer.units for layer in again.layers] == [4, 5]
    assert k.models.model_from_json(model.to_json())(A).shape == (6, 5)


def test_a_configuration_without_shapes_is_understood_by_keras_and_back():
    for writer, reader in ((lamina, keras), (keras, lamina)):
        model = writer.Sequential([writer.layers.Dense(4), writer.layers.Dense(5)], name="seq")
        again = reader.models.model_from_json(model.to_json())
        assert [layer.units for layer in again.layers] == [4, 5]


@BOTH
def test_one_input_is_enough(k: Any):
    model = k.Sequential([k.Input((2,), batch_size=3), k.layers.Dense(2)])
    for again in (k.Input((2,)), k.layers.InputLayer((4,))):
        with pytest.raises(ValueError, match="already been configured"):
            model.add(again)
    with pytest.raises(ValueError, match="already been configured"):
        model.build((3, 4))
    model.build((3, 2))


@BOTH
def test_a_call_may_name_its_layer_as_it_likes(k: Any):
    class Doubled(k.layers.Layer):
        def call(s, x: Any, training: Any = None) -> Any:
            return 2 * x if training else x

    class Called(k.Model):
        def __init__(this) -> None:
            super().__init__()
            this.inner = k.Sequential([Doubled(), k.layers.Dense(2)])

        def call(this, self: Any, training: Any = None) -> Any:
            return this.inner(self, training=training)

    model = k.Sequential([k.Input((3,)), Doubled(), k.layers.Dense(2)])
    assert tuple(model.output_shape) == (None, 2)
    x = np.ones((4, 3), "float32")
    doubled, plain = (np.asarray(Doubled()(x, training=t)) for t in (True, False))
    assert np.array_equal(doubled, 2 * plain)
    called = Called()
    called.compile("sgd", "mse")
    called.fit(x, np.ones((4, 2), "float32"), verbose=0)
    assert called.predict(x, verbose=0).shape == (4, 2)


@BOTH
def test_a_layer_that_needs_more_than_the_input_cannot_stand_in_a_chain(k: Any):
    class Needs(k.layers.Layer):
        def call(self, x: Any, other: Any) -> Any:
            return x + other

    model = k.Sequential([Needs()])
    with pytest.raises(ValueError, match="only have a single required positional"):
        model.build((None, 2))
