"""What compile, fit, evaluate and the methods for single batches take and give, beside real Keras."""

import keras
import numpy as np
import pytest

import lamina
from lamina.errors import ConfigError

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Gradients do not exist"),
]

rng = np.random.default_rng(0)
X = rng.normal(size=(11, 3)).astype("float32")
WIDE, NARROW = (rng.normal(size=(11, units)).astype("float32") for units in (2, 1))
CLASSES = rng.integers(0, 2, 11)
FIRST, SECOND = (rng.uniform(0.1, 2, 11).astype("float32") for _ in range(2))
CLASS_WEIGHT = {0: 0.3, 1: 2.0}


def trunk(k):
    x = k.Input((3,), name="x")
    return x, k.layers.Dense(4, activation="tanh", kernel_initializer="ones", name="h")(x)


def one(k, activation=None):
    x, h = trunk(k)
    y = k.layers.Dense(2, activation=activation, kernel_initializer="ones", name="o")(h)
    return k.Model(x, y)


def classifier(k):
    return one(k, "softmax")


def two(k, named=False):
    """Two outputs whose names are not in the order of the alphabet."""
    x, h = trunk(k)
    wide = k.layers.Dense(2, kernel_initializer="ones", name="b")(h)
    narrow = k.layers.Dense(1, kernel_initializer="ones", name="a")(h)
    return k.Model(x, {"p": wide, "q": narrow} if named else [wide, narrow])


def keyed(k):
    return two(k, named=True)


BOTH = [WIDE, NARROW]
KEYED = {"p": WIDE, "q": NARROW}
SPARSE = "sparse_categorical_crossentropy"

CASES = [
    (one, {"loss": "mse", "metrics": ["mae"]}, WIDE, FIRST),
    (one, {"loss": ["mse"], "metrics": ("mae",)}, WIDE, None),
    (one, {"loss": ("mse",), "run_eagerly": True}, WIDE, None),
    (one, {"loss": "mse", "loss_weights": 0.5}, WIDE, FIRST),
    (one, {"loss": "mse", "loss_weights": [0.5]}, WIDE, None),
    (one, {"loss": ["mse"], "loss_weights": (0.5,)}, WIDE, None),
    (one, {"loss": "mse", "metrics": ["mae"], "weighted_metrics": ["mae", "mse"]}, WIDE, FIRST),
    (one, {"loss": "mse", "metrics": [["mae"]], "weighted_metrics": [["mse"]]}, WIDE, FIRST),
    (one, {"loss": "mse", "weighted_metrics": {"o": ["mse"]}}, WIDE, FIRST),
    (one, {"loss": "mse", "metrics": ["mae", "mae"]}, WIDE, None),
    (classifier, {"loss": SPARSE, "metrics": ["accuracy"]}, CLASSES, FIRST),
    (two, {"loss": "mse"}, BOTH, None),
    (two, {"loss": "mse"}, {"a": NARROW, "b": WIDE}, None),
    (two, {"loss": "mse", "loss_weights": 0.5}, BOTH, None),
    (two, {"loss": "mse", "metrics": ["mae", "mse"]}, BOTH, None),
    (two, {"loss": "mse", "metrics": [[], ["mae"]]}, BOTH, None),
    (two, {"loss": ["mse", "mae"], "metrics": [["mae"], ["mse", "mae"]]}, BOTH, None),
    (two, {"loss": {"a": "mse", "b": "mae"}, "metrics": {"a": ["mae"], "b": "mse"}}, BOTH, None),
    (two, {"loss": ["mse", None]}, BOTH, None),
    (two, {"loss": ["mse", "mae"], "loss_weights": [0.5, 2.0]}, BOTH, None),
    (two, {"loss": {"a": "mse", "b": "mae"}, "loss_weights": {"a": 0.5, "b": 2}}, BOTH, None),
    (two, {"loss": ["mse", "mae"], "weighted_metrics": [["mae"], ["mse"]]}, BOTH, [FIRST, SECOND]),
    (two, {"loss": ["mse", "mae"], "weighted_metrics": [["mae"], ["mse"]]}, BOTH, FIRST),
    (keyed, {"loss": "mse"}, KEYED, None),
    (
        keyed,
        {"loss": {"p": "mse", "q": "mae"}, "loss_weights": {"p": 0.5, "q": 1.0},
         "metrics": {"q": ["mse"]}},
        KEYED,
        None,
    ),
]  # fmt: skip


def numbers(value):
    """Results as plain numbers, in their order."""
    if isinstance(value, dict):
        return {key: numbers(inner) for key, inner in value.items()}
    return [numbers(inner) for inner in value] if isinstance(value, list) else float(value)


def assert_same(ours, theirs, where):
    assert type(ours) is type(theirs), where
    if isinstance(ours, dict):
        assert list(ours) == list(theirs), where
        for key in ours:
            assert_same(ours[key], theirs[key], f"{where} {key}")
    elif isinstance(ours, list):
        assert len(ours) == len(theirs), where
        for a, b in zip(ours, theirs, strict=True):
            assert_same(a, b, where)
    else:
        assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-5), where


def everything(k, make, options, y, weight):
    model = make(k)
    model.compile(optimizer="sgd", **options)
    data = {"x": X, "y": y}
    weighted = {**data, "sample_weight": weight}
    history = model.fit(
        **weighted, epochs=2, batch_size=4, shuffle=False, verbose=0, validation_data=(X, y)
    )
    results = {
        "fit": history.history,
        "evaluate": model.evaluate(**weighted, batch_size=4, verbose=0),
        "evaluate as a dict": model.evaluate(**data, verbose=0, return_dict=True),
        "train_on_batch": model.train_on_batch(**weighted),
        "train_on_batch as a dict": model.train_on_batch(**weighted, return_dict=True),
        "test_on_batch": model.test_on_batch(**weighted),
        "test_on_batch as a dict": model.test_on_batch(**data, return_dict=True),
        "get_metrics_result": model.get_metrics_result(),
    }
    names = model.metrics_names
    assert names == [metric.name for metric in model.metrics]
    model.reset_metrics()
    results["after reset_metrics"] = model.get_metrics_result()
    return {name: numbers(result) for name, result in results.items()}, names


@pytest.mark.parametrize(("make", "options", "y", "weight"), CASES)
def test_the_results_are_those_of_keras(make, options, y, weight):
    ours, our_names = everything(lamina, make, options, y, weight)
    theirs, their_names = everything(keras, make, options, y, weight)
    assert our_names == their_names
    for name, result in theirs.items():
        assert_same(ours[name], result, name)


FITS = [
    {"epochs": 4, "initial_epoch": 2},
    {"epochs": 0},
    {"batch_size": 2, "steps_per_epoch": 3, "epochs": 2, "validation_data": (X, CLASSES),
     "validation_steps": 1, "validation_batch_size": 5},
    {"epochs": 3, "validation_split": 0.3, "validation_freq": 2},
    {"epochs": 3, "validation_split": 0.3, "validation_freq": [1, 3]},
    {"epochs": 2, "class_weight": CLASS_WEIGHT, "validation_data": (X, CLASSES, FIRST)},
]  # fmt: skip


@pytest.mark.parametrize("options", FITS)
def test_arguments_of_fit(options):
    histories = {}
    for k in (lamina, keras):
        model = classifier(k)
        model.compile("sgd", SPARSE, metrics=["accuracy"], weighted_metrics=["accuracy"])
        histories[k] = model.fit(X, CLASSES, shuffle=False, verbose=0, **options)
    assert histories[lamina].epoch == histories[keras].epoch
    assert_same(numbers(histories[lamina].history), numbers(histories[keras].history), "fit")


def test_arguments_for_batches_and_prediction():
    results = {}
    for k in (lamina, keras):
        model = classifier(k)
        assert not model.compiled
        model.compile("sgd", SPARSE)
        assert model.compiled
        results[k] = {
            "class_weight": model.train_on_batch(X, CLASSES, class_weight=CLASS_WEIGHT),
            "steps": model.evaluate(X, CLASSES, batch_size=4, steps=2, verbose=0),
            "predict": model.predict(X, batch_size=4, steps=2, verbose=0).tolist(),
            "predict_on_batch": model.predict_on_batch(X).tolist(),
        }
        shown = (model.run_eagerly, model.jit_compile, model.steps_per_execution)
        assert shown == (False, False, 1)
        assert model.layers[1].metrics == []
    assert_same(results[lamina], results[keras], "batches")


def test_metrics_of_layers_are_the_models():
    class Counting(lamina.layers.Layer):
        def __init__(self):
            super().__init__()
            self.seen = lamina.metrics.Mean(name="seen")

        def call(self, x):
            return x

    layer = Counting()
    model = lamina.Sequential([lamina.Input((3,)), layer, lamina.layers.Dense(1)])
    assert layer.metrics == model.metrics == [layer.seen]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"loss": "mse", "loss_weights": "x"}, "loss_weights takes a number"),
        ({"loss": "mse", "loss_weights": {"a": None, "b": "x"}}, "loss_weights takes a number"),
        ({"loss": ["mse", "mae"], "loss_weights": 0.5}, "loss_weights needs a factor for each"),
        ({"loss": ["mse", "mae"], "loss_weights": [0.5]}, "loss_weights needs one entry for each"),
        ({"loss": ["mse"]}, "loss needs one entry for each output"),
        ({"loss": {"z": "mse"}}, "loss names outputs"),
        ({"loss": None}, "no loss to minimize"),
        ({"loss": "mse", "metrics": ["mae"]}, "several outputs: give metrics"),
    ],
)
def test_what_compile_cannot_take_is_said(options, words):
    def train():
        model = two(lamina)
        model.compile("sgd", **options)
        model.fit(X, BOTH, verbose=0)

    with pytest.raises(ConfigError, match=words):
        train()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"batch_size": 0}, "batch_size is a whole number from 1 on"),
        ({"batch_size": 2.5}, "batch_size is a whole number from 1 on"),
        ({"steps_per_epoch": -1}, "steps is a whole number"),
        ({"epochs": 1.5}, "epochs is a whole number"),
        ({"validation_split": 1.5}, "validation_split is a share"),
        ({"validation_data": (X, WIDE), "validation_freq": "a"}, "validation_freq is a number"),
        ({"validation_data": (X, WIDE), "validation_freq": 0}, "validation_freq is a number"),
        ({"class_weight": {0: 1.0}, "sample_weight": FIRST}, "class_weight cannot be used"),
    ],
)
def test_what_fit_cannot_take_is_said(options, words):
    model = one(lamina)
    model.compile("sgd", "mse")
    with pytest.raises(ConfigError, match=words):
        model.fit(X, WIDE, verbose=0, **options)
