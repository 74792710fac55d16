"""Losses and their factors for outputs in lists and dicts of several levels, against real Keras."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import keras
import numpy as np
import pytest

import lamina

pytestmark = [
    pytest.mark.filterwarnings("ignore:Gradients do not exist"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
Pair = namedtuple("Pair", ["p", "q"])


def together(y_true: Any, y_pred: Any) -> Any:
    """Of all outputs in a nest, one number per sample."""
    if isinstance(y_pred, dict):
        return sum(together(y_true[key], y_pred[key]) for key in y_pred)
    if isinstance(y_pred, (list, tuple)):
        return sum(map(together, y_true, y_pred))
    return (y_true - y_pred).abs().mean(-1)


NESTS = {
    "list": lambda a, b, c: [a, b],
    "tuple": lambda a, b, c: (a, b),
    "named": lambda a, b, c: Pair(a, b),
    "dict": lambda a, b, c: {"b": a, "a": b},
    "mixed": lambda a, b, c: {"a": [a, b], "b": c},
    "deep": lambda a, b, c: {"a": (a, b), "b": {"b1": a, "b2": b}, "d": c},
}
CASES = [
    ("list", (together, ["mse", "mae"]), None),
    ("list", (together, ["mse", "mae"]), (0.1, [0.2, 0.3])),
    ("list", ["mse", ["mae", "mse"]], [0.1, [0.2, 0.5]]),
    ("list", ["mse", ["mae", "mse"]], [0.1, 0.2, 0.5]),
    ("list", {"y1": ["mse", "mae"], "y2": "mae"}, None),
    ("tuple", [together, ("mse", None)], None),
    ("tuple", [together, ("mse", "mae")], [0.1, (0.2, 0.3)]),
    ("tuple", [together], None),
    ("tuple", ["mse", ("mse", "mae")], None),
    ("named", [together, Pair("mse", "mae")], None),
    ("dict", [together, {"a": "mse", "b": "mae"}], [0.5, {"a": 0.1, "b": 0.2}]),
    ("dict", {"a": ["mse", "mae"], "b": "mse"}, {"a": [0.1, 0.2], "b": 0.3}),
    ("mixed", {"a": together, "b": "mse"}, None),
    ("mixed", {"a": (together, ["mse", "mae"]), "b": "mse"}, None),
    ("mixed", {"a": [together, ["mse", "mae"]], "b": "mse"}, None),
    ("deep", {"a": [together, (None, "mse")], "b": [together, {"b1": "mse"}], "d": "mse"}, None),
    ("deep", {"a": ("mse", "mae"), "d": "mse"}, None),
    ("deep", {"a": "mse", "b": together}, {"a": 0.5, "b": 2.0}),
]


def nested(k: Any, kind: str, activation: Any = None) -> Any:
    x = k.Input((3,), name="x")
    units = {"kernel_initializer": "ones", "activation": activation}
    return k.Model(
        x, NESTS[kind](*[k.layers.Dense(1, name=f"y{i}", **units)(x) for i in (1, 2, 3)])
    )


def data(kind: str, size: int = 8) -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    y = [random.uniform(size=(size, 1)).astype("float32") for _ in range(3)]
    return random.normal(size=(size, 3)).astype("float32"), NESTS[kind](*y)


@pytest.mark.parametrize(("kind", "loss", "weights"), CASES)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_training_is_that_of_keras(kind: str, loss: Any, weights: Any, weighted: bool):
    x, y = data(kind)
    # Keras cannot weigh what is given for dicts within dicts.
    sample_weight = np.linspace(0.2, 2.0, 8) if weighted and kind not in ("dict", "deep") else None
    logs, learned = [], []
    for k in (lamina, keras):
        model = nested(k, kind)
        model.compile("sgd", loss, loss_weights=weights)
        fitted = model.fit(
            x, y, sample_weight=sample_weight, batch_size=4, epochs=2, shuffle=False, verbose=0
        )
        logs.append(fitted.history)
        learned.append(model.get_weights())
    assert set(logs[0]) == set(logs[1])
    for name, values in logs[1].items():
        assert logs[0][name] == pytest.approx(values, rel=1e-4), name
    for ours, theirs in zip(*learned, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_probabilities_reach_each_of_several_losses_of_an_output():
    x, y = data("list")
    logs = []
    for k in (lamina, keras):
        model = nested(k, "list", "sigmoid")
        model.compile("sgd", (together, ["bce", ["bce", "mse"]]))
        logs.append(model.fit(x, y, batch_size=4, shuffle=False, verbose=0).history)
    for name, values in logs[1].items():
        assert logs[0][name] == pytest.approx(values, rel=1e-4), name


@pytest.mark.parametrize("loss", [["mse", ["mae", "mse"]], ("mse", ["mse", "mae"])])
def test_captured_steps_are_those_of_plain_ones(loss: Any):
    x, y = data("list", 64)
    results = []
    for eager in (False, True):
        model = nested(lamina, "list")
        model.compile("sgd", loss, run_eagerly=eager)
        history = model.fit(x, y, batch_size=4, epochs=20, shuffle=False, verbose=0).history
        results.append((history["loss"], model.get_weights(), model.trainer.captured_forms))
    assert results[0][2] > results[1][2] == 0
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-5)
    for ours, theirs in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@lamina.saving.register_keras_serializable("nests")
@keras.saving.register_keras_serializable("nests")
def registered(y_true: Any, y_pred: Any) -> Any:
    return together(y_true, y_pred)


@pytest.mark.parametrize(
    ("kind", "loss"),
    [
        ("tuple", ("mse", ["mae", "mse"])),
        ("mixed", {"a": registered, "b": "mse"}),
        ("deep", {"b": [registered, {"b1": "mse"}], "d": "mse"}),
        ("dict", [registered, {"a": "mse", "b": "mae"}]),
    ],
)
def test_a_file_says_the_losses(kind: str, loss: Any, tmp_path: Any):
    x, y = data(kind)
    model = nested(lamina, kind)
    model.compile("sgd", loss)
    model.fit(x, y, verbose=0)
    expected = model.evaluate(x, y, verbose=0, return_dict=True)
    model.save(tmp_path / "model.keras")
    for reader in (lamina, keras):
        again = reader.models.load_model(tmp_path / "model.keras")
        measured = again.evaluate(x, y, verbose=0, return_dict=True)
        assert measured == pytest.approx(expected, rel=1e-5), reader.__name__


@pytest.mark.parametrize(
    ("kind", "loss"),
    [("tuple", [registered, ("mse", "mae")]), ("list", (registered, ["mse", "mae"]))],
)
def test_a_copy_keeps_losses_of_all_outputs_and_a_file_which_knows_no_tuples_does_not(
    kind: str, loss: Any, tmp_path: Any
):
    x, y = data(kind)
    model = nested(lamina, kind)
    model.compile("sgd", loss)
    expected = model.evaluate(x, y, verbose=0, return_dict=True)
    copied = lamina.models.clone_model(model)
    copied.set_weights(model.get_weights())
    assert copied.evaluate(x, y, verbose=0, return_dict=True) == pytest.approx(expected)
    with pytest.warns(UserWarning, match="does not say how the model was compiled"):
        model.save(tmp_path / "model.keras")
    assert not lamina.models.load_model(tmp_path / "model.keras").compiled


@pytest.mark.parametrize(
    ("kind", "loss", "error", "words"),
    [
        ("list", {"y1": "mse", "c": "mae"}, ValueError, "not have: c. It has y1, y2"),
        ("dict", {"a": "mse", "c": "mae"}, KeyError, "not have: c. It has b, a"),
        ("deep", {"b": {"b3": "mse"}}, KeyError, "not have: b3. It has b1, b2"),
        ("list", ["mse", "mae", "mse"], ValueError, "one entry for each output .y1, y2., got 3"),
        ("dict", ["mse", {"a": "mse"}], ValueError, "takes one output, not b, a at once"),
    ],
)
def test_what_does_not_fit_the_outputs_is_said(kind: str, loss: Any, error: Any, words: str):
    model = nested(lamina, kind)
    model.compile("sgd", loss)
    with pytest.raises(error, match=words):
        model.fit(*data(kind), verbose=0)


def test_outputs_that_are_taken_at_once_share_their_sample_weights():
    model = nested(lamina, "list")
    model.compile("sgd", (together, ["mse", "mae"]))
    x, y = data("list")
    with pytest.raises(ValueError, match="need the same sample weights"):
        model.fit(x, y, sample_weight=[np.ones(8), np.zeros(8)], verbose=0)
