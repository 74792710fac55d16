"""`model.summary` prints what Keras prints."""

import keras
import numpy as np
import pytest

import lamina
from lamina.errors import ConfigError

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def chain(k):
    return k.Sequential(
        [
            k.Input((28, 28, 1), name="x"),
            k.layers.Conv2D(32, 3, name="conv"),
            k.layers.BatchNormalization(name="norm"),
            k.layers.Flatten(name="flat"),
            k.layers.Dense(10, name="a_layer_with_a_name_that_is_longer_than_its_column"),
        ],
        name="chain",
    )


def branches(k):
    x = k.Input((4,), name="x")
    shared = k.layers.Dense(4, name="shared")
    first = shared(x)
    second = shared(first)
    joined = k.layers.Concatenate(name="joined")([first, second])
    sums = k.layers.Add(name="sums")([first, second])
    return k.Model(x, [joined, sums], name="branches")


def nested(k):
    inner = k.Sequential([k.Input((4,), name="z"), k.layers.Dense(3, name="d")], name="inner")
    middle = k.Sequential([k.Input((4,), name="y"), inner], name="middle")
    last = k.layers.Dense(2, name="last", trainable=False)
    return k.Sequential([k.Input((4,), name="x"), middle, last], name="outer")


def line(k):
    x = k.Input((4,), name="x")
    return k.Model(x, k.layers.Dense(2, name="d")(k.layers.ReLU(name="r")(x)), name="line")


def unbuilt(k):
    return k.Sequential([k.layers.Dense(3, name="d")], name="unbuilt")


def fitted(k):
    model = line(k)
    model.compile("adam", "mse")
    model.fit(np.ones((2, 4), "float32"), np.ones((2, 2), "float32"), verbose=0)
    return model


OPTIONS = [
    {},
    {"line_length": 61},
    {"show_trainable": True},
    {"expand_nested": True, "show_trainable": True, "line_length": 90},
]


def text_of(model, **options):
    texts = []
    model.summary(print_fn=texts.append, **options)
    return "\n".join(text.rstrip() for text in texts[0].splitlines())


@pytest.mark.parametrize("make", [chain, branches, nested, line, unbuilt, fitted])
@pytest.mark.parametrize("options", OPTIONS)
def test_the_text_is_that_of_keras(make, options, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    assert text_of(make(lamina), **options) == text_of(make(keras), **options)


@pytest.mark.parametrize(
    "names", [("conv", "norm"), ("flat", "conv"), ("c.*", "f.*"), ("norm",) * 2]
)
def test_a_range_of_layers(names):
    assert text_of(chain(lamina), layer_range=names, line_length=80) == text_of(
        chain(keras), layer_range=names, line_length=80
    )


def test_positions_of_columns():
    options = {"positions": [0.5, 0.7, 1.0], "line_length": 80}
    assert text_of(line(lamina), **options) == text_of(line(keras), **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"line_length": 8}, "line of 8 characters is too short"),
        ({"positions": [40, 60, 80]}, "where the 3 columns end"),
        ({"positions": [0.5, 1.0]}, "where the 3 columns end"),
        ({"layer_range": ["conv"]}, "pair of names"),
        ({"layer_range": ["conv", "none"]}, "No layers match"),
    ],
)
def test_what_does_not_go_is_said(options, words):
    with pytest.raises(ConfigError, match=words):
        chain(lamina).summary(**options)


def test_it_prints_by_itself(capsys):
    line(lamina).summary()
    assert capsys.readouterr().out.startswith('Model: "line"\n┏')
