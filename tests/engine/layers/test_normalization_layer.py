"""Normalization: what adapt finds, what may be given, and files both ways, against real Keras."""

import keras
import numpy as np
import pytest
import torch

import lamina
from lamina.errors import ConfigError, NotSupportedError, ShapeError
from lamina.export import pytorch_source
from lamina.layers import Dense, Input, Normalization

SHAPES = [((20, 3), -1), ((20, 3), None), ((6, 4, 5), (1, 2)), ((6, 4, 5), 1), ((5, 4, 3, 2), [-1])]


def data_of(shape):
    return np.random.default_rng(0).normal(3, 2, shape).astype("float32")


def close(ours, theirs):
    theirs = keras.ops.convert_to_numpy(theirs)
    np.testing.assert_allclose(np.asarray(ours), theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("shape", "axis"), SHAPES)
@pytest.mark.parametrize("as_batches", [False, True])
@pytest.mark.parametrize("invert", [False, True])
def test_adapt_finds_what_keras_finds(shape, axis, as_batches, invert):
    x = data_of(shape)
    ours, theirs = (
        Normalization(axis, invert=invert),
        keras.layers.Normalization(axis, invert=invert),
    )
    theirs.adapt(x)  # of batches only where TensorFlow is
    ours.adapt([x[:2], x[2:]] if as_batches else x)
    for mine, other in zip(ours.weights, theirs.weights, strict=True):
        assert (mine.name, mine.shape, mine.dtype) == (other.name, tuple(other.shape), other.dtype)
        close(mine, other)
    close(ours(x), theirs(x))
    close(ours.mean, theirs.mean)
    close(ours.variance, theirs.variance)


@pytest.mark.parametrize(
    ("shape", "axis", "mean", "variance"),
    [
        ((4, 3), -1, 2.0, 4.0),
        ((4, 3), None, 2.0, 4.0),
        ((4, 3), -1, [1.0, 2.0, 3.0], [4.0, 1.0, 9.0]),
        ((4, 2, 3), (1, 2), [1.0, 2.0, 3.0], [4.0, 1.0, 9.0]),
        ((4, 2, 3), (1, 2), [[1.0], [2.0]], [[4.0], [1.0]]),
        ((4, 2, 3), -1, np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 4.0])),
    ],
)
def test_numbers_that_are_given(shape, axis, mean, variance):
    x = data_of(shape)
    ours = Normalization(axis, mean, variance)
    close(ours(x), keras.layers.Normalization(axis, mean, variance)(x))
    assert ours.weights == []
    close(Normalization.from_config(ours.get_config())(x), ours(x))
    with pytest.raises(ConfigError, match="leave them out to adapt"):
        ours.adapt(x)


def test_a_form_gives_numbers_as_text():
    layer = Normalization(mean="0.485, 0.456, .5", variance="[1, 4, 1e-2]")
    assert layer.get_config()["mean"] == [0.485, 0.456, 0.5]
    assert layer.get_config()["variance"] == [1, 4, 0.01]


@pytest.mark.parametrize(
    ("config", "match"),
    [
        ({"mean": 1.0}, "both mean and variance"),
        ({"mean": [1.0, 2.0], "variance": 1.0}, "same shape"),
        ({"mean": [[1.0]], "variance": [[1.0]]}, "more than the 1 of axis"),
        ({"mean": "none", "variance": [float("nan")]}, "finite"),
    ],
)
def test_what_cannot_be_given(config, match):
    with pytest.raises(ConfigError, match=match):
        Normalization(**config)


def test_shapes_that_do_not_fit():
    with pytest.raises(ShapeError, match="axis"):
        Normalization(axis=3)(data_of((4, 3)))
    with pytest.raises(ShapeError, match="mean of shape"):
        Normalization(mean=[1.0, 2.0], variance=[1.0, 1.0])(data_of((4, 3)))
    layer = Normalization()
    layer.adapt(data_of((4, 3)))
    with pytest.raises(ShapeError, match="was built for"):
        layer.adapt(data_of((4, 2)))
    for nothing in ([], 3.0):
        with pytest.raises(ConfigError, match="adapt needs"):
            layer.adapt(nothing)
    with pytest.raises(ConfigError, match="batch of type"):
        layer.adapt([1.0, 2.0])


def test_batches_of_a_data_set_leave_targets_out():
    x = data_of((20, 3))
    layers = [Normalization() for _ in range(3)]
    layers[0].adapt(x)
    layers[1].adapt((x[i : i + 4], np.zeros(4)) for i in range(0, 20, 4))
    layers[2].adapt(torch.tensor(x[i : i + 7]) for i in range(0, 20, 7))
    for layer in layers[1:]:
        close(layer.mean, layers[0].mean)
        close(layer.variance, layers[0].variance)


@pytest.mark.parametrize("given", [False, True])
def test_files_both_ways(tmp_path, given):
    x = data_of((8, 3))

    def model(library):
        numbers = {"mean": [1.0, 2.0, 3.0], "variance": [4.0, 1.0, 2.0]} if given else {}
        layer = library.layers.Normalization(**numbers)
        if not given:
            layer.adapt(x)
        return library.Sequential([library.layers.Input((3,)), layer, library.layers.Dense(2)])

    for first, second in ((keras, lamina), (lamina, keras)):
        made = model(first)
        made.save(tmp_path / "m.keras")
        again = second.models.load_model(tmp_path / "m.keras")
        np.testing.assert_allclose(
            again.predict(x, verbose=0), made.predict(x, verbose=0), rtol=1e-5
        )


def test_in_a_model_it_is_part_of_the_program():
    x = data_of((8, 3))
    layer = Normalization()
    layer.adapt(x)
    inputs = Input(shape=(3,))
    model = lamina.Model(inputs, Dense(1)(layer(inputs)))
    model.compile("sgd", "mse")
    before = np.asarray(layer.mean)
    model.fit(x, np.ones((8, 1)), epochs=2, verbose=0)
    np.testing.assert_array_equal(np.asarray(layer.mean), before)
    assert [w.name for w in model.non_trainable_weights] == ["mean", "variance", "count"]


def test_numbers_that_are_given_do_not_fit_into_source():
    inputs = Input(shape=(3,))
    with pytest.raises(NotSupportedError, match="Prepare the data"):
        pytorch_source(lamina.Model(inputs, Normalization(mean=1.0, variance=4.0)(inputs)).graph)
