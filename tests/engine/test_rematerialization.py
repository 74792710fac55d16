"""RematScope and remat: the same training in less memory."""

import numpy as np
import pytest
import torch

import lamina as keras
from lamina.errors import ConfigError

layers = keras.layers
SCOPES = {
    "none": {"mode": None},
    "full": {},
    "larger": {"mode": "larger_than", "output_size_threshold": 10},
    "named": {"mode": "list_of_layers", "layer_names": ["wide", "block"]},
}


def trained(scope, make):
    """Weights and losses after some steps of a model made in a scope."""
    keras.utils.set_random_seed(1)
    with keras.RematScope(**SCOPES[scope]):
        model = make()
    random = np.random.default_rng(0)
    x = random.normal(size=(24, 6)).astype("float32")
    y = np.eye(3, dtype="float32")[random.integers(0, 3, 24)]
    model.compile(keras.optimizers.SGD(0.1), "categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, batch_size=8, epochs=3, verbose=0, shuffle=False)
    return model, history.history


def chain():
    """Dropout and statistics, both of which a second pass could get wrong."""
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(16, activation="relu", name="wide", activity_regularizer="l2"),
            layers.BatchNormalization(name="norm"),
            layers.Dropout(0.5, seed=3, name="drop"),
            layers.Dense(3, activation="softmax", name="out"),
        ]
    )


def with_block():
    block = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(16, activation="gelu", name="a"),
            layers.BatchNormalization(name="norm"),
            layers.Dropout(0.5, seed=3, name="drop"),
            layers.Dense(6, name="b"),
        ],
        name="block",
    )
    x = keras.Input((6,))
    return keras.Model(x, layers.Dense(3, activation="softmax", name="out")(x + block(x)))


class Own(keras.Model):
    def __init__(self):
        super().__init__(name="own")
        self.wide = layers.Dense(16, activation="relu", name="wide")
        self.norm = layers.BatchNormalization(name="norm")
        self.drop = layers.Dropout(0.5, seed=3, name="drop")
        self.out = layers.Dense(3, activation="softmax", name="out")

    def call(self, x, training=None):
        return self.out(self.drop(self.norm(self.wide(x)), training=training))


@pytest.mark.parametrize("make", [chain, with_block, Own])
@pytest.mark.parametrize("scope", ["full", "larger", "named"])
def test_training_is_the_same(scope, make):
    plain, expected = trained("none", make)
    model, logs = trained(scope, make)
    for name, values in expected.items():
        np.testing.assert_allclose(logs[name], values, rtol=1e-5, err_msg=name)
    for one, other in zip(plain.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-7)


def kept_bytes(scope):
    """What the forward pass of a block keeps for the gradients."""
    with keras.RematScope(**SCOPES[scope]):
        hidden = [layers.Dense(64, activation="gelu") for _ in range(6)]
        block = keras.Sequential([keras.Input((8,)), *hidden, layers.Dense(8)], name="block")
    x = keras.Input((8,))
    program = keras.Model(x, layers.Dense(1)(block(x))).program(training=True)
    kept = 0

    def pack(tensor):
        nonlocal kept
        kept += tensor.numel() * tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        program.full(torch.randn(32, 8, requires_grad=True))
    return kept


def test_a_block_keeps_only_its_inputs():
    assert kept_bytes("full") < 32 * 64 * 4
    assert kept_bytes("none") > 6 * 32 * 64 * 4


def test_the_scope_in_which_a_layer_is_made_counts():
    with keras.RematScope():
        inside = layers.Dense(2)
        with keras.RematScope(mode=None):
            exempt = layers.Dense(2)
    outside = layers.Dense(2)
    assert inside.remat_mode.mode == "full"
    assert exempt.remat_mode is None
    assert outside.remat_mode is None


def test_prediction_is_not_concerned():
    with keras.RematScope():
        model = chain()
    code = model.program(training=False).code
    assert "part_" not in code


def test_its_profile_measures_the_block_as_one():
    with keras.RematScope(mode="list_of_layers", layer_names=["block"]):
        model = with_block()
    names = [cost.name for cost in model.profile(batch_size=4, seconds=0).layers]
    assert "block" in names
    assert not any(name.startswith("block/") for name in names)


def test_unknown_modes_are_refused():
    with pytest.raises(ConfigError, match=r"mode must be .* got 'half'"):
        keras.RematScope(mode="half")
    with pytest.raises(ConfigError, match=r"got 'activations'\. Use \"full\""):
        keras.RematScope(mode="activations")


def test_a_function_is_computed_again_for_the_gradients():
    calls = []

    @keras.remat
    def doubled(x):
        calls.append(1)
        return (x * 2).exp()

    x = torch.ones(3, requires_grad=True)
    doubled(x).sum().backward()
    assert len(calls) == 2
    torch.testing.assert_close(x.grad, 2 * torch.exp(torch.full((3,), 2.0)))
    with torch.no_grad():
        doubled(x)
    assert len(calls) == 3


def test_a_function_on_symbols_stays_what_it_is():
    x = keras.Input((4,))
    model = keras.Model(x, keras.remat(lambda x: x * 2)(x))
    np.testing.assert_array_equal(model.predict(np.ones((2, 4)), verbose=0), np.full((2, 4), 2.0))
