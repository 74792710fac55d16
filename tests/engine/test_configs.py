"""Models as JSON, against real Keras, and clones."""

import json

import keras
import numpy as np
import pytest

import lamina
from lamina.configs import to_json
from lamina.errors import ConfigError, FileFormatError, NotSupportedError
from lamina.models import clone_model, model_from_json

X = np.random.default_rng(0).normal(size=(3, 6)).astype("float32")


def chain(api):
    dense = api.layers.Dense
    return api.Sequential([api.Input(shape=(6,)), dense(4, activation="relu"), dense(2)], name="c")


def branches(api):
    x = api.Input(shape=(6,), name="x")
    shared = api.layers.Dense(6, name="shared")
    total = api.layers.Add(name="sum")([x, shared(shared(x))])
    return api.Model(x, [api.layers.Dense(2, name="a")(total), total], name="b")


def values(model):
    found = model.predict(X, verbose=0)
    return [np.asarray(y) for y in (found if isinstance(found, list) else [found])]


def with_ops(api):
    x = api.Input(shape=(6,), name="x")
    y = 1.0 - api.layers.Dense(6, name="hidden")(x) * 2.0
    y = api.ops.concatenate([y, api.ops.reshape(x, (-1, 6))], axis=-1)
    return api.Model(x, api.layers.Dense(2, name="out")(y), name="o")


@pytest.mark.parametrize("make", [chain, branches, with_ops])
def test_json_goes_both_ways(make):
    theirs, ours = make(keras), make(lamina)
    for read in (model_from_json(theirs.to_json()), keras.models.model_from_json(to_json(ours))):
        assert read.name == ours.name
        read.set_weights(ours.get_weights())
        for a, b in zip(values(read), values(ours), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    assert json.loads(to_json(ours, indent=2)) == json.loads(to_json(ours))


@pytest.mark.parametrize("make", [chain, branches, with_ops])
def test_a_clone_has_layers_of_its_own(make):
    model = make(lamina)
    before = model.get_weights()
    clone = clone_model(model)
    assert type(clone) is type(model)
    assert [w.path for w in clone.weights] == [w.path for w in model.weights]
    clone.set_weights(before)
    for a, b in zip(values(clone), values(model), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)
    clone.set_weights([w + 1 for w in before])
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_frozen_layers_stay_frozen():
    model = branches(lamina)
    model.get_layer("shared").trainable = False
    clone = clone_model(model)
    assert not clone.get_layer("shared").trainable
    assert len(clone.trainable_weights) == 2


@pytest.mark.parametrize("text", ["", "[1]", "[" * 100_000, "{" + " " * 9_000_000])
def test_what_is_no_model(text):
    with pytest.raises(ConfigError, match="to_json"):
        model_from_json(text)


def test_what_cannot_be_is_said():
    with pytest.raises(FileFormatError, match="class_name"):
        model_from_json("{}")
    with pytest.raises(ConfigError, match="call_function"):
        clone_model(chain(lamina), call_function=lambda layer, x: layer(x))
    with pytest.raises(ConfigError, match="has to give a layer"):
        clone_model(chain(lamina), clone_function=lambda layer: None)
    with pytest.raises(ConfigError, match="1 inputs"):
        clone_model(branches(lamina), input_tensors=[])
    with pytest.raises(NotSupportedError, match="does not"):
        chain(lamina).export("model")


@pytest.mark.parametrize("api", [lamina, keras], ids=["ours", "keras"])
@pytest.mark.parametrize("make", [chain, branches])
def test_a_clone_can_have_other_layers_calls_and_inputs(api, make):
    def wider(layer):
        config = layer.get_config()
        if isinstance(layer, api.layers.Dense) and config["units"] == 2:
            config["units"] = 5
        return type(layer).from_config(config)

    clone = api.models.clone_model(make(api), clone_function=wider)
    assert tuple(clone.weights[-1].shape) == (5,)
    if make is chain:
        return

    def doubled(layer, *args, **kwargs):
        y = layer(*args, **kwargs)
        return y * 2.0 if layer.name == "sum" else y

    model, start = branches(api), api.Input((6,), name="other")
    clone = api.models.clone_model(
        model, input_tensors=start, call_function=doubled, clone_function=lambda layer: layer
    )
    np.testing.assert_allclose(values(clone)[1], 2 * values(model)[1], rtol=1e-5)
    assert clone.inputs[0].name == "other"


def test_models_inside_a_clone_are_cloned_in_the_same_way():
    x = lamina.Input((6,))
    model = lamina.Model(x, chain(lamina)(branches(lamina)(x)[1]))
    seen = []

    def note(layer):
        seen.append(layer.name)
        return type(layer).from_config(layer.get_config())

    clone = clone_model(model, clone_function=note, recursive=True)
    assert "shared" in seen
    assert [w.shape for w in clone.weights] == [w.shape for w in model.weights]
    clone = clone_model(model)
    clone.set_weights(model.get_weights())
    np.testing.assert_allclose(values(clone)[0], values(model)[0], rtol=1e-6)


def test_a_model_of_ones_own_is_cloned_by_its_configuration():
    class Own(lamina.Model):
        def __init__(self, units=2, **kwargs):
            super().__init__(**kwargs)
            self.units, self.head = units, lamina.layers.Dense(units)

        def call(self, inputs):
            return self.head(inputs)

    clone = clone_model(Own(units=4))
    assert (type(clone), clone.units) == (Own, 4)
    assert clone(X).shape == (3, 4)


@pytest.mark.parametrize("make", [chain, branches])
def test_configurations_come_back(make):
    model = make(lamina)
    again = type(model).from_config(model.get_config())
    again.set_weights(model.get_weights())
    for a, b in zip(values(again), values(model), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_lambda_is_made_again_from_its_configuration_in_memory():
    layer = lamina.layers.Lambda(lambda x: 2 * x, name="twice")
    again = lamina.layers.Lambda.from_config(layer.get_config(), safe_mode=False)
    assert float(again(np.ones((1, 1)))) == 2
