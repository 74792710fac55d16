"""MultiOptimizer: each weight by its own optimizer, as in real Keras."""

import re

import keras
import numpy as np
import pytest

import lamina

RULES = [
    {".*first/.*": ("Adam", {"learning_rate": 0.05})},
    {".*first/kernel": ("RMSprop", {}), ".*/bias": ("SGD", {"momentum": 0.9})},
    {".*first/.*": ("AdamW", {"weight_decay": 0.1}), ".*second/.*": ("Adagrad", {})},
    {},
]


def model_of(k):
    return k.Sequential(
        [
            k.layers.Input((5,)) if k is keras else k.Input((5,)),
            k.layers.Dense(4, activation="relu", name="first"),
            k.layers.Dense(2, name="second"),
        ]
    )


def optimizer_of(k, rules, **options):
    by_key = {key: getattr(k.optimizers, name)(**config) for key, (name, config) in rules.items()}
    rules = k.optimizers.OptimizerMap(k.optimizers.SGD(0.1), by_key)
    return k.optimizers.MultiOptimizer(rules, **options)


def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(24, 5)).astype("float32")
    return x, (x[:, :2] * 2 - 1).astype("float32")


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("factor", [None, 8.0])
def test_training_equals_keras(rules, factor):
    x, y = data()
    models, logs = [model_of(lamina), model_of(keras)], []
    rng = np.random.default_rng(1)
    weights = [rng.normal(0, 0.5, w.shape).astype("float32") for w in models[1].get_weights()]
    for k, model in zip((lamina, keras), models, strict=True):
        model.set_weights(weights)
        model.compile(optimizer_of(k, rules, loss_scale_factor=factor), "mse")
        logs.append(model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0).history)
    assert logs[0]["loss"] == pytest.approx(logs[1]["loss"], rel=1e-4)
    for mine, there in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_allclose(mine, there, rtol=1e-4, atol=1e-5)
    ours, theirs = (model.optimizer for model in models)
    assert int(ours.iterations) == int(theirs.iterations.numpy())
    assert [tuple(v.shape) for v in ours.variables] == [tuple(v.shape) for v in theirs.variables]
    for mine, there in zip(ours.variables, theirs.variables, strict=True):
        np.testing.assert_allclose(mine.numpy(), there.value.detach().numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("writer", [lamina, keras])
@pytest.mark.parametrize("reader", [lamina, keras])
def test_a_file_holds_it(writer, reader, tmp_path):
    x, y = data()
    model = model_of(writer)
    model.compile(optimizer_of(writer, RULES[1]), "mse")
    model.fit(x, y, epochs=1, verbose=0)
    model.save(tmp_path / "model.keras")
    again = reader.models.load_model(tmp_path / "model.keras")
    assert [one.name for one in again.optimizer.optimizers] == [
        one.name for one in model.optimizer.optimizers
    ]
    logs = [m.fit(x, y, epochs=2, shuffle=False, verbose=0).history["loss"] for m in (model, again)]
    assert logs[0] == pytest.approx(logs[1], rel=1e-4)


def test_a_function_may_choose():
    adam, sgd = lamina.optimizers.Adam(), lamina.optimizers.SGD(0.1)
    model = model_of(lamina)
    chosen = lamina.optimizers.MultiOptimizer(lambda v: adam if "first" in v.path else sgd)
    model.compile(chosen, "mse")
    model.fit(*data(), verbose=0)
    assert chosen.optimizers == [adam, sgd]
    with pytest.raises(ValueError, match="function cannot be stored"):
        chosen.get_config()


def test_it_has_no_learning_rate():
    optimizer = optimizer_of(lamina, {})
    with pytest.raises(AttributeError, match="Learning rate"):
        optimizer.learning_rate  # noqa: B018
    with pytest.raises(AttributeError, match="Learning rate"):
        optimizer.learning_rate = 0.1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: lamina.optimizers.MultiOptimizer(3), "must be an OptimizerMap or a function"),
        (lambda: lamina.optimizers.OptimizerMap("sgd"), "must be an Optimizer, got 'sgd'"),
        (lambda: lamina.optimizers.OptimizerMap(lamina.optimizers.SGD(), ["x"]), "must be a dict"),
        (
            lambda: lamina.optimizers.OptimizerMap(
                lamina.optimizers.SGD(),
                {"a": lamina.optimizers.LossScaleOptimizer(lamina.optimizers.SGD())},
            ),
            'The optimizer of "a" cannot be LossScaleOptimizer',
        ),
    ],
)
def test_what_cannot_be_is_an_error(wrong, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        wrong()


def test_two_patterns_for_one_weight_are_an_error():
    rules = lamina.optimizers.OptimizerMap(
        lamina.optimizers.SGD(),
        {"a.*": lamina.optimizers.Adam(), ".*b": lamina.optimizers.Adam()},
    )
    with pytest.raises(ValueError, match='Multiple optimizers are assigned to "ab"'):
        rules["ab"]
