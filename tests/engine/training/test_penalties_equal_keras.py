"""Trainings with penalties and constraints against real Keras, step by step."""

import keras
import numpy as np
import pytest

import lamina

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

N, STEPS = 40, 20


def dense(k):
    return k.Sequential(
        [
            k.layers.Input((5,)),
            k.layers.Dense(
                7,
                "relu",
                kernel_regularizer=k.regularizers.L2(0.05),
                activity_regularizer=k.regularizers.L1(0.03),
            ),
            k.layers.BatchNormalization(
                beta_regularizer="l1", gamma_regularizer=k.regularizers.L1L2(0.1, 0.2)
            ),
            k.layers.Dense(
                3,
                "softmax",
                kernel_regularizer="l1",
                bias_regularizer=k.regularizers.L2(0.5),
                activity_regularizer=k.regularizers.L2(0.2),
            ),
        ]
    )


def constrained(k):
    return k.Sequential(
        [
            k.layers.Input((5,)),
            k.layers.Dense(
                7,
                kernel_constraint=k.constraints.MaxNorm(0.6),
                bias_constraint="non_neg",
            ),
            k.layers.PReLU(alpha_constraint="non_neg", alpha_regularizer="l2"),
            k.layers.LayerNormalization(
                gamma_constraint=k.constraints.MinMaxNorm(0.5, 1.2, rate=0.7),
                beta_constraint="non_neg",
            ),
            k.layers.Dense(3, "softmax", kernel_constraint=k.constraints.UnitNorm(axis=1)),
        ]
    )


def convolutions(k):
    rules = {
        "depthwise_regularizer": k.regularizers.L2(0.1),
        "depthwise_constraint": k.constraints.MaxNorm(0.8, axis=[0, 1]),
    }
    return k.Sequential(
        [
            k.layers.Input((5,)),
            k.layers.Reshape((5, 1)),
            k.layers.Conv1D(
                4,
                2,
                kernel_regularizer="l2",
                kernel_constraint=k.constraints.MaxNorm(0.5, axis=[0, 1]),
            ),
            k.layers.SeparableConv1D(
                3, 2, pointwise_regularizer="l1", pointwise_constraint="unit_norm", **rules
            ),
            k.layers.DepthwiseConv1D(2, bias_regularizer="l2", **rules),
            k.layers.Conv1DTranspose(2, 2, kernel_regularizer="l1", kernel_constraint="max_norm"),
            k.layers.EinsumDense(
                "abc,cd->abd", (3, 4), kernel_regularizer="l2", activity_regularizer="l2"
            ),
            k.layers.Flatten(),
            k.layers.Dense(3, "softmax"),
        ]
    )


def attention(k):
    x = k.Input((5,))
    y = k.layers.Reshape((5, 1))(x)
    y = k.layers.MultiHeadAttention(
        2, 3, kernel_regularizer="l2", bias_regularizer="l1", kernel_constraint="max_norm"
    )(y, y)
    return k.Model(x, k.layers.Dense(3, "softmax")(k.layers.Flatten()(y)))


@pytest.mark.parametrize("build", [dense, constrained, convolutions, attention])
def test_twenty_steps(build):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(N, 5)).astype("float32")
    y = np.eye(3, dtype="float32")[rng.integers(0, 3, N)]
    ours, theirs = build(lamina), build(keras)
    weights = [rng.normal(0, 0.5, w.shape).astype("float32") for w in theirs.get_weights()]
    weights = [
        abs(w) if v.name == "moving_variance" else w
        for w, v in zip(weights, theirs.weights, strict=True)
    ]
    histories = []
    for model in (ours, theirs):
        model.set_weights(weights)
        optimizer = (lamina if model is ours else keras).optimizers.SGD(0.05, momentum=0.5)
        model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
        histories.append(
            model.fit(x, y, batch_size=N, epochs=STEPS, shuffle=False, verbose=0).history
        )
    for name, values in histories[1].items():
        np.testing.assert_allclose(histories[0][name], values, rtol=1e-5, atol=1e-5)
    for a, b, v in zip(ours.get_weights(), theirs.get_weights(), theirs.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5, err_msg=v.path)
    np.testing.assert_allclose(
        ours.evaluate(x, y, verbose=0), theirs.evaluate(x, y, verbose=0), rtol=1e-5, atol=1e-5
    )


def test_a_constraint_holds_after_every_step():
    ours = constrained(lamina)
    ours.compile("adam", "mse")
    rng = np.random.default_rng(1)
    for _ in range(5):
        ours.train_on_batch(rng.normal(size=(8, 5)), rng.normal(size=(8, 3)))
        kernel, bias = ours.get_weights()[:2]
        assert np.linalg.norm(kernel, axis=0).max() <= 0.6 + 1e-6
        assert bias.min() >= 0
        np.testing.assert_allclose(np.linalg.norm(ours.get_weights()[-2], axis=1), 1, atol=1e-5)
