"""predict and evaluate change the size of batches only where nobody can tell."""

import numpy as np
import pytest

import lamina as keras
from lamina.batching import ELEMENTWISE

L, ops = keras.layers, keras.ops
X = np.random.default_rng(0).normal(size=(100, 8)).astype("float32")


def by_lambda(x):
    return L.Lambda(lambda x: x - ops.mean(x, axis=0, keepdims=True))(x)


class Centred(L.Layer):
    def call(self, x):
        return x - ops.mean(x, axis=0, keepdims=True)


MIXING = {
    "a Lambda": by_lambda,
    "an own layer": Centred(),
    "a wrapped own layer": lambda x: L.Flatten()(
        L.TimeDistributed(Centred())(L.Reshape((2, 4))(x))
    ),
    "an op": lambda x: x - ops.mean(x, axis=0, keepdims=True),
    "a model in the model": keras.Sequential([keras.Input((8,)), Centred()]),
    "normalization by the batch": lambda x: L.BatchNormalization()(x, training=True),
    "an own activation": L.Activation(lambda x: ops.softmax(x, axis=0)),
}


@pytest.mark.parametrize("name", MIXING)
def test_what_depends_on_the_batch_gets_the_batches_that_were_asked_for(name):
    x = keras.Input((8,))
    model = keras.Model(x, L.Dense(1)(MIXING[name](x)))
    assert not model.keeps_samples_apart
    by_hand = np.concatenate(
        [model(X[i : i + 5], training=False).detach().numpy() for i in range(0, 100, 5)]
    )
    np.testing.assert_allclose(model.predict(X, batch_size=5, verbose=0), by_hand, rtol=1e-5)


SEEN = []


class Apart(keras.Model):
    """Two dense layers, written by a user."""

    def __init__(self):
        super().__init__()
        self.hidden, self.out, self.scale = L.Dense(6, activation="tanh"), L.Dense(2), 1.0

    def call(self, x):
        SEEN.append(x.shape[0])
        return self.out(self.hidden(x)) * self.scale


def test_code_of_users_that_keeps_samples_apart_runs_in_larger_batches():
    model = Apart()
    by_hand = ops.convert_to_numpy(model(X))
    SEEN.clear()
    np.testing.assert_allclose(model.predict(X, batch_size=5, verbose=0), by_hand, rtol=1e-4)
    assert SEEN == [5, 100]  # recorded with both, of which the larger is then repeated
    SEEN.clear()
    model.predict(X[:90], batch_size=5, verbose=0)
    assert SEEN == [90]
    model.scale = 2.0
    twice = model.predict(X, batch_size=5, verbose=0)
    np.testing.assert_allclose(twice, 2 * by_hand, rtol=1e-4)
    model.compile("sgd", "mse")
    SEEN.clear()
    loss = model.evaluate(X, np.zeros((100, 2)), batch_size=5, verbose=0)
    assert max(SEEN) == 100
    assert loss == pytest.approx(float(np.square(twice).mean()), rel=1e-4)
    with_few = [len(part) for part in np.array_split(X, 10)]
    SEEN.clear()
    model.predict(X, batch_size=10, verbose=0)
    assert with_few == SEEN  # too few for a recording


class Counting(Apart):
    """Does something else each time."""

    def call(self, x):
        self.scale += 1.0
        return super().call(x)


def test_code_of_users_that_changes_something_gets_the_batches_that_were_asked_for():
    model = Counting()
    model(X)
    SEEN.clear()
    model.predict(X, batch_size=5, verbose=0)
    assert SEEN[-20:] == [5] * 20


class Penalized(Apart):
    def call(self, x):
        self.add_loss(ops.mean(x) ** 2)
        return super().call(x)


def test_losses_of_layers_are_means_of_the_batches_that_were_asked_for():
    model = Penalized()
    model.compile("sgd", "mse")
    y = np.zeros((100, 2))
    whole = model.evaluate(X, y, batch_size=5, verbose=0)
    each = [model.evaluate(X[i : i + 5], y[i : i + 5], verbose=0) for i in range(0, 100, 5)]
    assert whole == pytest.approx(np.mean(each), rel=1e-5)


def test_layers_of_the_library_keep_samples_apart():
    x = keras.Input((8,))
    h = L.Dropout(0.5)(L.BatchNormalization()(L.Dense(8, activation="relu")(x)))
    h = L.Bidirectional(L.LSTM(3))(L.Reshape((2, 4))(h * 2 + 1))
    assert keras.Model(x, h).keeps_samples_apart


@pytest.mark.parametrize(
    "compiled",
    [
        {"loss": "mse", "metrics": [lambda y, p: ops.sqrt(ops.mean(ops.square(y - p)))]},
        {"loss": lambda y, p: ops.sum(ops.abs(y - p))},
    ],
)
def test_losses_and_metrics_of_ones_own_are_means_of_the_batches_that_were_asked_for(compiled):
    model = keras.Sequential([keras.Input((8,)), L.Dense(1)])
    model.compile("sgd", **compiled)
    y = X[:, :1]
    found = model.evaluate(X, y, batch_size=10, verbose=0, return_dict=True)
    each = [
        model.evaluate(X[i : i + 10], y[i : i + 10], verbose=0, return_dict=True)
        for i in range(0, 100, 10)
    ]
    for name, value in found.items():
        np.testing.assert_allclose(value, np.mean([logs[name] for logs in each]), rtol=1e-5)


class Writing(L.Layer):
    def call(self, x):
        x += 1.0
        return x


def test_data_stays_as_it_is_when_a_layer_writes_to_what_it_gets():
    x = X.copy()
    model = keras.Sequential([keras.Input((8,)), Writing(), L.Dense(1)])
    model.compile("sgd", "mse")
    model.predict(x, verbose=0)
    model.fit(x, x[:, :1], shuffle=False, epochs=30, verbose=0)
    model.evaluate(x, x[:, :1], verbose=0)
    np.testing.assert_array_equal(x, X)


UNARY = sorted(ELEMENTWISE - {"add", "cast", "clip", "divide", "equal", "greater", "less", "maximum", "minimum",
                              "multiply", "not_equal", "power", "subtract", "true_divide"})  # fmt: skip


@pytest.mark.parametrize("name", sorted(ELEMENTWISE))
def test_ops_that_are_said_to_be_elementwise_are(name):
    arguments = {"cast": ("float64",), "clip": (0.0, 1.0)}.get(
        name, () if name in UNARY else (2.0,)
    )
    op, x = getattr(ops, name), np.abs(X) + 0.1
    whole = ops.convert_to_numpy(op(x, *arguments))
    alone = [ops.convert_to_numpy(op(x[i : i + 1], *arguments)) for i in range(len(x))]
    np.testing.assert_allclose(whole, np.concatenate(alone), rtol=1e-6)
