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


@pytest.mark.parametrize("make", [chain, branches])
def test_json_goes_both_ways(make):
    theirs, ours = make(keras), make(lamina)
    for read in (model_from_json(theirs.to_json()), keras.models.model_from_json(to_json(ours))):
        assert read.name == ours.name
        read.set_weights(ours.get_weights())
        for a, b in zip(values(read), values(ours), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    assert json.loads(to_json(ours, indent=2)) == json.loads(to_json(ours))


@pytest.mark.parametrize("make", [chain, branches])
def test_a_clone_has_layers_of_its_own(make):
    model = make(lamina)
    before = model.get_weights()
    clone = clone_model(model)
    assert type(clone) is type(model)
    assert [w.path for w in clone.weights] == [w.path for w in model.weights]
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
    with pytest.raises(NotSupportedError, match="clone_function"):
        clone_model(chain(lamina), clone_function=lambda layer: layer)
    with pytest.raises(ConfigError, match="shape of its input"):
        clone_model(lamina.Sequential([lamina.layers.Dense(1)]))
