"""Mistakes that users of Keras make: each gets an error of this library that names what is wrong and what to do."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

import lamina
from lamina import layers
from lamina.errors import (
    ConfigError,
    NoAttributeError,
    NotSupportedError,
    ShapeError,
    WrongTypeError,
)

X = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
Y = np.array([0, 1, 2, 0, 1, 2, 0, 1])
ONE_HOT = np.eye(3, dtype="float32")[Y]


def model(loss: Any = "sparse_categorical_crossentropy", metrics: Any = None) -> lamina.Model:
    made = lamina.Sequential(
        [lamina.Input((4,), name="x"), layers.Dense(3, activation="softmax", name="y")]
    )
    made.compile("sgd", loss, metrics=metrics)
    return made


def words(rows: int) -> lamina.Model:
    made = lamina.Sequential(
        [lamina.Input((1,)), layers.Embedding(rows, 3, name="words"), layers.Flatten()]
    )
    made.compile("sgd", "mse")
    return made


class Early(lamina.Model):
    def __init__(self) -> None:
        self.dense = layers.Dense(3)


class EarlyWeight(lamina.Layer):
    def __init__(self) -> None:
        self.add_weight(shape=(1,))


class EarlyVariable(lamina.Layer):
    def __init__(self) -> None:
        self.scale = lamina.Variable(1.0)


def symbol() -> Any:
    return lamina.Input((4,), name="x")


MISTAKES: dict[str, tuple[Any, type[Exception], str]] = {
    "layers one by one": (
        lambda: lamina.Sequential(layers.Dense(3), layers.Dense(3)),
        ConfigError, r"in one list: Sequential\(\[",
    ),
    "one layer without a list": (
        lambda: lamina.Sequential(layers.Dense(3)), ConfigError, r"in one list",
    ),
    "a class for a layer": (
        lambda: lamina.Sequential([layers.Flatten]), ConfigError, r"the class Flatten. Make an object",
    ),
    "a module of torch for a layer": (
        lambda: lamina.Sequential([torch.nn.Linear(4, 3)]), ConfigError, "TorchModuleWrapper",
    ),
    "no layers": (
        lambda: (m := lamina.Sequential(), m.compile("sgd", "mse"), m.fit(X, X)),
        ConfigError, "has no layers yet",
    ),
    "a layer of Keras in a model": (
        lambda: lamina.Sequential([symbol(), keras.layers.Dense(3)]),
        ConfigError, "Dense of keras, which does not mix",
    ),
    "a layer of Keras on a tensor of ours": (
        lambda: keras.layers.Dense(3)(symbol()), TypeError, "layers of other libraries cannot take it",
    ),
    "a layer of ours on a tensor of Keras": (
        lambda: layers.Dense(3)(keras.Input((4,))), ConfigError, "KerasTensor of keras, which does not mix",
    ),
    "a model of tensors of Keras": (
        lambda: lamina.Model(keras.Input((4,)), keras.Input((4,))), ConfigError, "KerasTensor of keras",
    ),
    "an optimizer of Keras": (
        lambda: model().compile(keras.optimizers.Adam(), "mse"), ConfigError, "Adam of keras",
    ),
    "an optimizer of torch": (
        lambda: model().compile(torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], 0.1), "mse"),
        ConfigError, r"got SGD of torch\.$",
    ),
    "a wrapper around a layer of Keras": (
        lambda: layers.Bidirectional(keras.layers.LSTM(3)), ConfigError, "LSTM of keras",
    ),
    "a call without a tensor": (lambda: layers.Dense(3)(None), ConfigError, "got None"),
    "super after a layer": (Early, ConfigError, r"Early must call super\(\).__init__\(\)"),
    "super after a weight": (EarlyWeight, ConfigError, r"EarlyWeight must call super\(\)"),
    "super after a variable": (EarlyVariable, ConfigError, r"EarlyVariable must call super\(\)"),
    "a layer without call": (
        lambda: type("Lazy", (lamina.Layer,), {})()(X), NotImplementedError, "Lazy does not have a `call`",
    ),
    "torch on a symbolic tensor": (
        lambda: torch.nn.functional.relu(symbol()), WrongTypeError, "torch's relu cannot take it",
    ),
    "numpy on a symbolic tensor": (lambda: np.mean(symbol()), WrongTypeError, '"x" is symbolic'),
    "if on a symbolic tensor": (lambda: bool(symbol() > 0), WrongTypeError, "neither true nor false"),
    "float of a symbolic tensor": (lambda: float(symbol()), WrongTypeError, "without values yet"),
    "len of a symbolic tensor": (lambda: len(symbol()), WrongTypeError, "Read its shape"),
    "a symbolic tensor for a size": (lambda: layers.Dense(symbol()), ConfigError, "whole number"),
    "a number without a row": (lambda: layers.Embedding(5, 3, name="words")([[5]]), ConfigError, r'"words" \(5\)'),
    "a number without a row in predict": (
        lambda: words(5).predict(np.array([[5]]), verbose=0), ConfigError, r'"words" \(5\)',
    ),
    "a number without a row in fit": (
        lambda: words(5).fit(np.array([[5]]), np.ones((1, 3)), verbose=0), ConfigError, r'"words" \(5\)',
    ),
    "a loss that is constant": (
        lambda: model(lambda y_true, y_pred: torch.ones(8)).fit(X, ONE_HOT, verbose=0),
        ConfigError, "loss does not depend on the weights",
    ),
    "a loss of one argument": (
        lambda: model(lambda y_pred: y_pred).fit(X, Y, verbose=0), ConfigError, r"function of \(y_true, y_pred\), but <lambda>",
    ),
    "a metric of other shapes": (
        lambda: model(metrics=[lamina.metrics.Accuracy()]).fit(X, Y, verbose=0),
        ShapeError, r"targets \(8,\) and the predictions \(8, 3\)",
    ),
    "verbose in words": (lambda: model().fit(X, Y, verbose="loud"), ConfigError, "verbose is 0.*got 'loud'"),
    "verbose of evaluate": (lambda: model().evaluate(X, Y, verbose=7), ConfigError, "verbose is 0.*got 7"),
    "labels in words": (
        lambda: model().fit(X, np.array(["a", "b"] * 4), verbose=0), ConfigError, "names made numbers",
    ),
    "rows of other lengths": (
        lambda: model().fit([[1.0, 2.0], [1.0]], [0, 1], verbose=0), ConfigError, "must be padded",
    ),
    "classes in words": (
        lambda: lamina.utils.to_categorical(["a", "b"]), ConfigError, "classes must be numbers",
    ),
    "more classes than said": (
        lambda: lamina.utils.to_categorical([0, 5], 3), ConfigError, r"run from 0 to 5, but must lie in \[0, 3\)",
    ),
    "one sequence alone": (lambda: lamina.utils.pad_sequences([1, 2, 3]), ConfigError, "single value"),
    "a seed in words": (lambda: lamina.utils.set_random_seed("a"), ConfigError, "whole number from 0.*'a'"),
    "a negative seed": (lambda: lamina.utils.set_random_seed(-1), ConfigError, "whole number from 0.*-1"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_in_words(mistake: str) -> None:
    make, kind, said = MISTAKES[mistake]
    with pytest.raises(kind, match=said) as caught:
        make()
    text = getattr(caught.value, "text", None)
    assert text is None or text.zh != text.en


def test_operators_between_tensors_and_symbolic_tensors_go_on() -> None:
    x = symbol()
    for made in (torch.ones(4) + x, x * torch.ones(4), 2 - x, torch.ones(4) @ lamina.Input((4, 2))):
        assert isinstance(made, lamina.KerasTensor)
    y = torch.ones(1, 4) - x
    found = lamina.Model(x, y).predict(X, verbose=0)
    np.testing.assert_allclose(found, 1 - X, rtol=1e-6)


def test_one_unit_and_a_loss_of_several_classes() -> None:
    made = lamina.Sequential([lamina.Input((4,)), layers.Dense(1, activation="softmax")])
    made.compile("sgd", "categorical_crossentropy")
    with pytest.warns(UserWarning, match=r"one unit.*binary_crossentropy"):
        made.fit(X, np.ones((8, 1)), verbose=0)


@pytest.mark.parametrize("use", ["predict", "evaluate", "fit", "__call__"])
def test_a_model_without_call_says_what_it_needs(use: str) -> None:
    class Adversaries(lamina.Model):
        def __init__(self) -> None:
            super().__init__()
            self.judge = layers.Dense(1)

    made = Adversaries()
    made.compile("sgd", "mse")
    x = np.zeros((4, 2), "float32")
    data = (x, x) if use in ("fit", "evaluate") else (x,)
    with pytest.raises((ConfigError, NoAttributeError), match=r"nor a call\. Write call"):
        getattr(made, use)(*data)


def test_stateless_calls_are_refused_in_words() -> None:
    with pytest.raises(NotSupportedError, match="functional_call"):
        layers.Dense(2).stateless_call([], [], np.zeros((1, 2)))
