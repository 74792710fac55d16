"""`get_state_tree` and `set_state_tree`: the values of all variables by kind and path, as in real Keras."""

import keras
import numpy as np
import pytest

import lamina


def compiled(k):
    inputs = k.Input((3,), name="given")
    hidden = k.layers.BatchNormalization(name="normal")(k.layers.Dense(4, name="hidden")(inputs))
    model = k.Model(inputs, k.layers.Dense(2, name="last")(hidden))
    model.compile(k.optimizers.Adam(0.01, name="adam"), "mse", metrics=["mae"])
    model.fit(np.ones((8, 3)), np.ones((8, 2)), verbose=0)
    return model


def names(tree, depth=0):
    if not isinstance(tree, dict):
        return tuple(tree.shape)
    return {key: names(value, depth + 1) for key, value in tree.items()}


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_tree_has_the_names_and_shapes_of_keras():
    mine, there = (compiled(k).get_state_tree("numpy_array") for k in (lamina, keras))
    for kind in ("trainable_variables", "non_trainable_variables", "optimizer_variables"):
        assert names(mine[kind]) == names(there[kind])
    assert set(mine) == set(there)


def test_a_tree_goes_back_in():
    first, second = compiled(lamina), compiled(lamina)
    second.set_weights([w + 1 for w in second.get_weights()])
    second.set_state_tree(first.get_state_tree())
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    part = {"trainable_variables": {"last": {"bias": np.full(2, 7.0)}}}
    second.set_state_tree(part)
    np.testing.assert_array_equal(second.get_layer("last").bias.numpy(), [7, 7])


def test_what_cannot_be_told_apart_is_an_error():
    with pytest.raises(ValueError, match="Unknown variable name: weights"):
        compiled(lamina).set_state_tree({"weights": {}})

    class Twice(lamina.layers.Layer):
        def build(self, shape):
            self.first = self.add_weight((2,), name="same")
            self.second = self.add_weight((2,), name="same")

        def call(self, x):
            return x

    model = lamina.Sequential([lamina.Input((3,)), Twice()])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="found twice in the model"):
        model.get_state_tree()


def test_a_copy_of_a_compiled_model_is_compiled():
    model = lamina.models.clone_model(compiled(lamina))
    assert model.compiled
    assert model.optimizer.learning_rate == pytest.approx(0.01)
    assert not lamina.models.clone_model(lamina.Sequential([lamina.Input((3,))])).compiled
