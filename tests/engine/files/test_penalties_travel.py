"""Penalties and constraints in `.keras` files: ours read by Keras, Keras' read here, training going on alike."""

import keras
import numpy as np
import pytest

import lamina
from lamina.errors import ConfigError
from lamina.saving import load_model

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def ruled(k):
    r, c = k.regularizers, k.constraints
    return k.Sequential(
        [
            k.layers.Input((6, 4)),
            k.layers.Conv1D(
                3, 2, kernel_regularizer=r.L1L2(0.1, 0.2), kernel_constraint=c.MaxNorm(1.5, [0, 1])
            ),
            k.layers.SeparableConv1D(
                4,
                2,
                depthwise_regularizer="l1",
                pointwise_regularizer=r.L2(0.3),
                pointwise_constraint=c.MinMaxNorm(0.1, 0.8, 0.5),
            ),
            k.layers.DepthwiseConv1D(2, depthwise_constraint="non_neg", bias_regularizer="l2"),
            k.layers.BatchNormalization(gamma_regularizer="l2", beta_constraint="non_neg"),
            k.layers.GroupNormalization(2, beta_regularizer=r.L1(0.4)),
            k.layers.LayerNormalization(gamma_constraint="unit_norm"),
            k.layers.PReLU("he_normal", "l2", "non_neg", [1]),
            k.layers.Dropout(0.5, noise_shape=(None, 1, 4)),
            k.layers.EinsumDense("abc,cd->abd", (3, 4), kernel_constraint="max_norm"),
            k.layers.Flatten(),
            k.layers.Dense(
                3,
                "softmax",
                kernel_regularizer=r.OrthogonalRegularizer(0.2, "columns"),
                activity_regularizer=r.L2(0.7),
            ),
        ]
    )


def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(8, 6, 4)).astype("float32"), np.eye(3, dtype="float32")[
        rng.integers(0, 3, 8)
    ]


@pytest.mark.parametrize(
    ("writes", "reads"),
    [(lamina, keras.models.load_model), (keras, load_model)],
    ids=["ours", "keras"],
)
def test_penalties_and_constraints_travel(writes, reads, tmp_path):
    model, (x, y) = ruled(writes), data()
    rng = np.random.default_rng(1)
    model.set_weights(
        [rng.uniform(0.1, 0.7, w.shape).astype("float32") for w in model.get_weights()]
    )
    model.compile(writes.optimizers.SGD(0.05), "categorical_crossentropy")
    model.save(tmp_path / "model.keras")
    again = reads(tmp_path / "model.keras")
    assert again.evaluate(x, y, verbose=0) == pytest.approx(
        model.evaluate(x, y, verbose=0), rel=1e-5
    )
    for layer in model.layers:  # what is drawn differs in the libraries
        if isinstance(layer, writes.layers.Dropout):
            layer.rate = 0.0
    for layer in again.layers:
        if type(layer).__name__ == "Dropout":
            assert tuple(layer.noise_shape) == (None, 1, 4)
            layer.rate = 0.0
    for _ in range(3):
        model.train_on_batch(x, y)
        again.train_on_batch(x, y)
    for a, b, v in zip(model.get_weights(), again.get_weights(), model.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5, err_msg=v.path)


def test_a_lambda_trains_and_is_refused_by_a_file(tmp_path):
    def mine(w):
        return 0.5 * (w * w).sum()

    def build(penalty):
        x = lamina.Input((4,))
        y = lamina.layers.Dense(3, kernel_regularizer=penalty, kernel_constraint=lambda w: w)(x)
        model = lamina.Model(x, y)
        model.set_weights([np.ones((4, 3)), np.zeros(3)])
        model.compile("sgd", "mse")
        return model

    x, y = data()[0][:, 0], data()[1]
    model = build(mine)
    assert model.evaluate(x, y, verbose=0) == pytest.approx(
        build(None).evaluate(x, y, verbose=0) + 6
    )
    model.fit(x, y, verbose=0)
    with pytest.raises(ConfigError, match=r"kernel_constraint of Dense .* is a lambda"):
        model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")


@pytest.mark.parametrize(
    ("writes", "reads"),
    [(lamina, keras.models.load_model), (keras, load_model)],
    ids=["ours", "keras"],
)
def test_a_penalty_for_outputs_travels_from_layers_without_an_argument_for_it(
    writes, reads, tmp_path
):
    model = writes.Sequential(
        [
            writes.layers.Input((4,)),
            writes.layers.BatchNormalization(activity_regularizer="l2"),
            writes.layers.ReLU(activity_regularizer=writes.regularizers.L1(0.5)),
            writes.layers.EinsumDense("ab,bc->ac", 3, activity_regularizer="l1"),
        ]
    )
    model.compile("sgd", "mse")
    x, y = data()[0][:, 0], data()[1]
    model.save(tmp_path / "model.keras")
    loss = model.evaluate(x, y, verbose=0)
    assert reads(tmp_path / "model.keras").evaluate(x, y, verbose=0) == pytest.approx(
        loss, rel=1e-5
    )
    plain = np.square(model.predict(x, verbose=0) - y).mean()
    assert loss > plain + 0.5
