"""Ops on symbolic tensors become nodes: the same numbers as in Keras, and the graph still trains."""

import keras
import numpy as np
import pytest

import lamina
from lamina import Input, Model, layers, ops
from lamina.errors import ShapeError


def both(build):
    random = np.random.default_rng(0)
    x = random.normal(size=(6, 4)).astype("float32")
    ours, theirs = build(lamina), build(keras)
    ours.set_weights(theirs.get_weights())
    np.testing.assert_allclose(
        ours.predict(x, verbose=0), theirs.predict(x, verbose=0), rtol=1e-5, atol=1e-6
    )


def test_operators_on_symbolic_tensors():
    def build(library):
        x = library.Input((4,))
        y = library.layers.Dense(4)(x)
        return library.Model(x, abs(-y) * 2.0 + (1 - x) / 3 - x**2)

    both(build)


def test_functions_with_lists_and_options():
    def build(library):
        x = library.Input((4,))
        y = library.layers.Dense(3)(x)
        joined = library.ops.concatenate([x, library.ops.relu(y)], axis=-1)
        left, right = library.ops.split(joined, [3], axis=1)
        mean = library.ops.mean(right, axis=1, keepdims=True)
        return library.Model(x, library.ops.matmul(left[:, None, :], y[:, :, None])[:, 0] + mean)

    both(build)


def test_shapes_keep_the_unknown_batch():
    x = Input((4, 3))
    assert ops.reshape(x, (-1, 12)).shape == (None, 12)
    assert (x @ ops.transpose(x, (0, 2, 1))).shape == (None, 4, 4)


UNKNOWN = {
    "matmul, batch": (lambda o, a, b: o.matmul(a, b), (None, 5, 4), (8, 4, 5)),
    "matmul, inside": (lambda o, a, b: o.matmul(a, b), (None, 5, None), (None, 4, 6)),
    "matmul, all": (lambda o, a, b: o.matmul(a, b), (None, None, None), (None, 7, 4)),
    "add, time": (lambda o, a, b: a + b, (None, None, 4), (None, 7, 4)),
    "add, batch": (lambda o, a, b: a + b, (None, 4), (8, 4)),
    "where": (lambda o, a, b: o.where(a > 0, a, b), (None, None, 4), (8, 7, 4)),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_axis_that_is_not_known_fits_one_that_is(name):
    op, *shapes = UNKNOWN[name]
    ours, theirs = (
        op(library.ops, *(library.Input(batch_shape=shape) for shape in shapes)).shape
        for library in (lamina, keras)
    )
    assert tuple(ours) == tuple(theirs)


def test_what_cannot_fit_is_still_refused():
    with pytest.raises(ShapeError, match=r"matmul.*\(None, 5, 4\), \(None, 5, 4\)"):
        ops.matmul(Input((5, 4)), Input((5, 4)))


def test_gradients_pass_through_ops():
    x = Input((4,))
    model = Model(x, ops.tanh(layers.Dense(3, kernel_initializer="ones")(x)) * 0.5)
    model.compile("sgd", "mse")
    data = np.random.default_rng(1).normal(size=(16, 4)).astype("float32")
    history = model.fit(data, np.zeros((16, 3)), epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]
