"""Whole trainings against real Keras: the same weights, data and order give the same logs and the same weights."""

import re
import warnings

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lamina

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

N, FEATURES, CLASSES = 23, 5, 3
slow = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def pair(units, activation, build=None):
    """The same small network in both libraries, with the same weights."""

    def make(k):
        if build is not None:
            return build(k)
        return k.Sequential(
            [
                k.layers.Input((FEATURES,)) if k is keras else k.Input((FEATURES,)),
                k.layers.Dense(7, activation="relu"),
                k.layers.Dense(units, activation=activation),
            ]
        )

    ours, theirs = make(lamina), make(keras)
    rng = np.random.default_rng(0)
    weights = [rng.normal(0, 0.5, w.shape).astype("float32") for w in theirs.get_weights()]
    ours.set_weights(weights)
    theirs.set_weights(weights)
    return ours, theirs


def data(kind, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, FEATURES)).astype("float32")
    classes = rng.integers(0, CLASSES, N)
    y = {
        "one_hot": np.eye(CLASSES, dtype="float32")[classes],
        "index": classes,
        "binary": (classes > 0).astype("float32")[:, None],
        "value": rng.normal(size=(N, 2)).astype("float32"),
    }[kind]
    return x, y


def same_histories(ours, theirs):
    assert list(ours.history) == list(theirs.history)
    assert ours.epoch == theirs.epoch
    for name, values in theirs.history.items():
        assert ours.history[name] == pytest.approx(values, rel=2e-4, abs=1e-5), name


def same_weights(ours, theirs):
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


CASES = {
    "one_hot": (
        "categorical_crossentropy",
        CLASSES,
        "softmax",
        ["mse", "accuracy"],
        "CategoricalAccuracy",
    ),
    "index": (
        "sparse_categorical_crossentropy",
        CLASSES,
        "softmax",
        ["accuracy"],
        "SparseCategoricalAccuracy",
    ),
    "binary": ("binary_crossentropy", 1, "sigmoid", ["mae", "accuracy"], "BinaryAccuracy"),
    "value": ("mse", 2, None, ["mae", "MeanSquaredError"], "MeanAbsoluteError"),
}


@slow
@given(
    st.sampled_from(sorted(CASES)),
    st.sampled_from(["sgd", "rmsprop", "adam", "adamw"]),
    st.sampled_from([1, 4, 8, 64]),
    st.sampled_from(["none", "sample", "class"]),
    st.sampled_from(["none", "split", "data", "weighted data"]),
    st.integers(0, 1000),
)
def test_fit(kind, optimizer, batch_size, weighting, validation, seed):
    loss, units, activation, metrics, weighted = CASES[kind]
    ours, theirs = pair(units, activation)
    x, y = data(kind, seed)
    rng = np.random.default_rng(seed)
    arguments = {"batch_size": batch_size, "epochs": 3, "shuffle": False, "verbose": 0}
    if weighting == "sample":
        arguments["sample_weight"] = rng.uniform(0, 2, N).astype("float32")
    if weighting == "class" and kind != "value":
        arguments["class_weight"] = {0: 0.5, 1: 2.0}
    if validation == "split":
        arguments["validation_split"] = 0.3
    if "data" in validation:
        weight = (rng.uniform(0, 2, N).astype("float32"),) if "weighted" in validation else ()
        arguments["validation_data"] = (*data(kind, seed + 1), *weight)
    histories = []
    for model in (ours, theirs):
        model.compile(
            optimizer=optimizer, loss=loss, metrics=list(metrics), weighted_metrics=[weighted]
        )
        histories.append(model.fit(x, y, **arguments))
    same_histories(*histories)
    same_weights(ours, theirs)

    assert ours.evaluate(x, y, verbose=0) == pytest.approx(
        theirs.evaluate(x, y, verbose=0), rel=2e-4, abs=1e-5
    )
    assert ours.evaluate(x, y, verbose=0, return_dict=True) == pytest.approx(
        theirs.evaluate(x, y, verbose=0, return_dict=True), rel=2e-4, abs=1e-5
    )
    np.testing.assert_allclose(
        ours.predict(x, verbose=0), theirs.predict(x, verbose=0), rtol=1e-4, atol=1e-5
    )


def two_outputs(k):
    x = k.Input((FEATURES,), name="x")
    hidden = k.layers.Dense(6, activation="relu", name="hidden")(x)
    a = k.layers.Dense(CLASSES, activation="softmax", name="a")(hidden)
    b = k.layers.Dense(1, activation="sigmoid", name="b")(hidden)
    return k.Model(x, [a, b])


def test_a_metric_watched_both_ways_has_two_names():
    ours, theirs = pair(1, "sigmoid")
    x, y = data("binary")
    weight = np.linspace(0, 1, N).astype("float32")
    histories = []
    for model in (ours, theirs):
        model.compile("sgd", "bce", metrics=["accuracy", "mae"], weighted_metrics=["accuracy"])
        histories.append(model.fit(x, y, sample_weight=weight, shuffle=False, verbose=0))
    assert "weighted_accuracy" in histories[0].history
    same_histories(*histories)


@pytest.mark.parametrize("as_dict", [True, False])
@pytest.mark.parametrize(
    "losses", [("categorical_crossentropy", "binary_crossentropy"), ("mse", "binary_crossentropy")]
)
@pytest.mark.parametrize("weight", [None, {"a": 0.3, "b": 2.0}])
def test_fit_with_several_outputs(as_dict, losses, weight):
    ours, theirs = pair(None, None, two_outputs)
    x, y_a = data("one_hot")
    _, y_b = data("binary")
    histories, results = [], []
    for model in (ours, theirs):
        loss = {"a": losses[0], "b": losses[1]} if as_dict else list(losses)
        metrics = (
            {"a": ["accuracy", "mae"], "b": ["accuracy"]} if as_dict else [["accuracy"], ["mae"]]
        )
        weights = weight if as_dict or weight is None else list(weight.values())
        model.compile("sgd", loss=loss, metrics=metrics, loss_weights=weights)
        target = {"a": y_a, "b": y_b} if as_dict and model is ours else [y_a, y_b]
        histories.append(
            model.fit(
                x, target, batch_size=8, epochs=2, shuffle=False, verbose=0, validation_split=0.25
            )
        )
        results.append(model.evaluate(x, target, verbose=0))
    same_histories(*histories)
    assert results[0] == pytest.approx(results[1], rel=2e-4)
    same_weights(ours, theirs)


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 9])
def test_a_fixed_number_of_steps_goes_on_through_the_data_as_in_keras(steps):
    ours, theirs = pair(1, None)
    x, y = data("binary")
    histories = []
    for model in (ours, theirs):
        model.compile("sgd", "mse")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            histories.append(
                model.fit(
                    x, y, batch_size=5, steps_per_epoch=steps, epochs=6, shuffle=False, verbose=0
                )
            )
        ended = [w for w in caught if re.search("ran out of data|data ended", str(w.message))]
        assert bool(ended) == (5 % steps != 0)
    same_histories(*histories)
    same_weights(ours, theirs)


def test_batch_methods():
    ours, theirs = pair(CLASSES, "softmax")
    x, y = data("index")
    for model in (ours, theirs):
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    for _ in range(3):
        results = [
            model.train_on_batch(x, y, class_weight={1: 3.0}, return_dict=True)
            for model in (ours, theirs)
        ]
        assert {k: float(v) for k, v in results[0].items()} == pytest.approx(
            {k: float(v) for k, v in results[1].items()}, rel=1e-4
        )
    assert ours.test_on_batch(x, y) == pytest.approx(
        [float(v) for v in theirs.test_on_batch(x, y)], rel=1e-4
    )
    np.testing.assert_allclose(
        ours.predict_on_batch(x), theirs.predict_on_batch(x), rtol=1e-4, atol=1e-5
    )
    same_weights(ours, theirs)


def test_gradient_accumulation_and_averages_work_in_fit():
    ours, theirs = pair(2, None)
    x, y = data("value")
    for model, k in ((ours, lamina), (theirs, keras)):
        optimizer = k.optimizers.Adam(
            0.01, gradient_accumulation_steps=2, use_ema=True, ema_momentum=0.7, clipnorm=0.5
        )
        model.compile(optimizer, "mse")
        model.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0)
    same_weights(ours, theirs)


def test_frozen_layers_stay_as_they_are():
    ours, theirs = pair(2, None)
    x, y = data("value")
    before = ours.get_weights()[0].copy()
    for model in (ours, theirs):
        model.layers[0].trainable = False
        model.compile("sgd", "mse")
        model.fit(x, y, epochs=2, shuffle=False, verbose=0)
    assert np.array_equal(ours.get_weights()[0], before)
    same_weights(ours, theirs)
