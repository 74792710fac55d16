"""Model and Sequential: construction in every way that Keras scripts use, and what they say when it goes wrong."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import lamina as keras
from lamina.errors import ConfigError, ShapeError
from lamina.problems import GraphError


def test_the_three_ways_to_say_the_shape_of_the_input_are_one() -> None:
    by_input = keras.Sequential(
        [keras.Input(shape=(4,)), keras.layers.Dense(3), keras.layers.Dense(2)]
    )
    by_first = keras.Sequential([keras.layers.Dense(3, input_shape=(4,)), keras.layers.Dense(2)])
    by_dim = keras.Sequential([keras.layers.Dense(3, input_dim=4), keras.layers.Dense(2)])
    by_data = keras.Sequential([keras.layers.Dense(3), keras.layers.Dense(2)])
    assert not by_data.built
    by_data.predict(np.zeros((5, 4), "float32"), verbose=0)
    for model in (by_input, by_first, by_dim, by_data):
        assert model.count_params() == 4 * 3 + 3 + 3 * 2 + 2
        assert model.input_shape == (None, 4)
        assert model.output_shape == (None, 2)
        assert [type(layer).__name__ for layer in model.layers] == ["Dense", "Dense"]


def test_add_and_pop_lay_the_chain_anew() -> None:
    model = keras.Sequential()
    for layer in (
        keras.Input((4,)),
        keras.layers.Dense(3, name="a"),
        keras.layers.Dense(2, name="b"),
    ):
        model.add(layer)
    kernel = model.get_layer("a").kernel.numpy()
    assert model.pop().name == "b"
    assert model.output_shape == (None, 3)
    model.add(keras.layers.Dense(7))
    assert model.output_shape == (None, 7)
    np.testing.assert_array_equal(model.get_layer("a").kernel.numpy(), kernel)


def test_a_functional_model_with_branches_and_a_shared_layer() -> None:
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    shared = keras.layers.Dense(3, name="shared")
    total = keras.layers.Add(name="total")([shared(left), shared(right)])
    model = keras.Model([left, right], [total, keras.layers.Dense(1, name="side")(total)])
    assert model.input_names == ["left", "right"]
    assert model.output_names == ["total", "side"]
    assert model.count_params() == 4 * 3 + 3 + 3 + 1
    x = np.random.default_rng(0).normal(size=(2, 5, 4)).astype("float32")
    both = model.predict({"left": x[0], "right": x[1]}, verbose=0)
    kernel, bias = shared.get_weights()
    np.testing.assert_allclose(
        both[0], x[0] @ kernel + bias + x[1] @ kernel + bias, rtol=1e-5, atol=1e-6
    )
    again = keras.Model.from_graph(model.graph.to_json())
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict([x[0], x[1]], verbose=0)[1], both[1])


def test_a_part_of_a_trained_model_is_a_model_on_the_same_weights() -> None:
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3, name="a"), keras.layers.Dense(2)]
    )
    features = keras.Model(model.input, model.get_layer("a").output)
    x = np.ones((1, 4), "float32")
    before = features.predict(x, verbose=0)
    model.get_layer("a").set_weights([np.ones((4, 3)), np.zeros(3)])
    np.testing.assert_allclose(features.predict(x, verbose=0), [[4, 4, 4]])
    assert not np.allclose(before, 4)


def test_calling_a_model_gives_tensors_that_carry_gradients() -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.5), keras.layers.Dense(1)])
    x = torch.ones(64, 4, requires_grad=True)
    model(x).sum().backward()
    assert x.grad is not None
    assert torch.equal(model(x), model(x)), "inference drops nothing"
    assert not torch.equal(model(x, training=True), model(x, training=True))


def test_summary_says_shapes_and_numbers() -> None:
    lines: list[str] = []
    keras.Sequential(
        [keras.Input((28, 28, 1)), keras.layers.Conv2D(32, 3, name="conv"), keras.layers.Flatten()]
    ).summary(print_fn=lines.append)
    text = "\n".join(lines)
    assert "conv (Conv2D)" in text
    assert "(None, 26, 26, 32)" in text
    assert "Total params: 320 (1.25 KB)" in text


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (keras.Model, ConfigError, "needs its inputs and outputs"),
        (lambda: keras.Sequential([3]), ConfigError, "made of layers, got int"),
        (
            lambda: keras.Sequential(
                [keras.layers.Dense(1, name="a"), keras.layers.Dense(1, name="a")]
            ),
            ConfigError,
            'already has a layer called "a"',
        ),
        (
            lambda: keras.Sequential([keras.Input((4, 4)), keras.layers.Conv2D(2, 3, name="c")]),
            ShapeError,
            r'Conv2D "c" needs \(batch, height, width, channels\) but gets \(batch, 4, 4\)',
        ),
        (
            lambda: keras.layers.Dense(2)([keras.Input((3,)), keras.Input((3,))]),
            ConfigError,
            "takes 1 input, got 2",
        ),
        (lambda: keras.Sequential().predict([]), ConfigError, "has no layers yet"),
        (
            lambda: keras.Sequential([keras.layers.Dense(1)]).predict([]),
            ConfigError,
            "does not know the shape",
        ),
        (
            lambda: keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]).fit(
                np.zeros((2, 4))
            ),
            ConfigError,
            "Compile the model before fit",
        ),
        (
            lambda: keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])(np.zeros((2, 5))),
            ShapeError,
            r"takes \(None, 4\), got values of shape \(2, 5\)",
        ),
        (
            lambda: keras.Model.from_graph(
                {"format": "lamina.graph", "version": 1, "nodes": [], "outputs": []}
            ),
            GraphError,
            "The model is empty",
        ),
        (
            lambda: np.asarray(keras.Input((3,))),
            TypeError,
            "symbolic",
        ),
    ],
)
def test_what_cannot_be_is_said_in_words(make: object, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()  # type: ignore[operator]


def test_names_of_keras_that_we_do_not_have_say_so() -> None:
    with pytest.raises(AttributeError, match="lamina has no 'nothing'"):
        keras.nothing  # noqa: B018
    with pytest.raises(AttributeError, match=r"lamina\.layers has no 'Nothing'"):
        keras.layers.Nothing  # noqa: B018


def test_a_layer_called_on_values_computes_as_in_inference_unless_told() -> None:
    dropout = keras.layers.Dropout(0.5)
    ones = np.ones((50, 4), "float32")
    assert dropout(ones).min() == 1
    assert dropout(ones, training=True).min() == 0


def test_a_model_without_weights_yet_has_a_summary() -> None:
    lines: list[str] = []
    keras.Sequential([keras.layers.Dense(3, name="first")]).summary(print_fn=lines.append)
    assert "first (Dense)" in lines[0]
    assert "0 (unbuilt)" in lines[0]


@pytest.mark.parametrize("labels", [[0, 7], [-1, 0]])
def test_a_label_that_is_no_class_is_named(labels: list[int]) -> None:
    model = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(3, activation="softmax", name="out")]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    words = rf'"out" tells 3 classes apart, numbered 0 to 2, but the targets go from {min(labels)} to {max(labels)}'
    with pytest.raises(ConfigError, match=words):
        model.fit(np.zeros((2, 2), "float32"), np.array(labels), verbose=0)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("acuracy", "accuracy"), ("categorical_crosentropy", "categorical_crossentropy")],
)
def test_a_name_is_suggested_as_it_was_meant_to_be_written(wrong: str, right: str) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    given = {"loss": "mse", "metrics": [wrong]} if right == "accuracy" else {"loss": wrong}
    with pytest.raises(ConfigError, match=f"Did you mean {right}"):
        model.compile("sgd", **given)


def test_a_layer_that_does_not_exist_is_suggested() -> None:
    with pytest.raises(AttributeError, match="Did you mean Dense"):
        keras.layers.Dens  # noqa: B018
