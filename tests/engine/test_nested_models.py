"""Functional models whose inputs and outputs are lists and dicts in several levels, against real Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import lamina

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:When providing `inputs` as a dict:UserWarning"),
]

BOTH = pytest.mark.parametrize("k", [lamina, keras], ids=["lamina", "keras"])

LEAF = st.just("leaf")
NESTS = st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.lists(inner, min_size=2, max_size=3).map(tuple)
        | st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3)
    ),
    max_leaves=4,
).filter(lambda nest: nest != "leaf")
slow = settings(
    max_examples=25,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def mapped(function: Any, nest: Any) -> Any:
    """The nest with what the function gives in the place of each leaf, keys in Keras' order."""
    if isinstance(nest, dict):
        return {key: mapped(function, nest[key]) for key in sorted(nest)}
    if isinstance(nest, (list, tuple)):
        return type(nest)(mapped(function, item) for item in nest)
    return function(nest)


def leaves(nest: Any) -> list[Any]:
    found: list[Any] = []
    mapped(found.append, nest)
    return found


def is_deep(nest: Any) -> bool:
    items = nest.values() if isinstance(nest, dict) else nest
    return any(isinstance(item, (dict, list, tuple)) for item in items)


def has_lists_of_one(nest: Any) -> bool:
    if isinstance(nest, dict):
        return any(map(has_lists_of_one, nest.values()))
    is_list = isinstance(nest, (list, tuple))
    return is_list and (len(nest) == 1 or any(map(has_lists_of_one, nest)))


TRAINED = NESTS.filter(lambda nest: is_deep(nest) and not has_lists_of_one(nest))
"""Keras does not find the loss of an output in a list of one."""


def model_of(k: Any, taken: Any, given_back: Any) -> Any:
    numbers = iter(range(100))
    inputs = mapped(lambda _: k.Input((3,), name=f"in_{next(numbers)}"), taken)
    found = leaves(inputs)
    total = found[0] if len(found) == 1 else k.layers.Add()(found)
    total = k.layers.Dense(4, name="shared")(total)
    ends = iter(range(100))
    outputs = mapped(lambda _: k.layers.Dense(2, name=f"out_{next(ends)}")(total), given_back)
    return k.Model(inputs, outputs)


def pair(taken: Any, given_back: Any) -> tuple[Any, Any]:
    ours, theirs = model_of(lamina, taken, given_back), model_of(keras, taken, given_back)
    random = np.random.default_rng(0)
    weights = [random.normal(0, 0.5, w.shape).astype("float32") for w in theirs.get_weights()]
    ours.set_weights(weights)
    theirs.set_weights(weights)
    return ours, theirs


def data(nest: Any, size: int, seed: int) -> Any:
    random = np.random.default_rng(seed)
    return mapped(lambda _: random.normal(size=(8, size)).astype("float32"), nest)


def same(mine: Any, there: Any) -> None:
    assert len(leaves(mine)) == len(leaves(there))
    for pair_ in zip(leaves(mine), leaves(there), strict=True):
        a, b = (x.detach().numpy() if hasattr(x, "detach") else x for x in pair_)
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@slow
@given(NESTS, NESTS)
def test_calls_and_predictions(taken: Any, given_back: Any):
    ours, theirs = pair(taken, given_back)
    x = data(taken, 3, 1)
    mine, there = ours(x), theirs(x)
    same(mine, there)
    predicted, expected = ours.predict(x, verbose=0), theirs.predict(x, verbose=0)
    same(predicted, expected)
    if is_deep(given_back) and not has_lists_of_one(given_back):
        assert mapped(lambda _: 0, mine) == mapped(lambda _: 0, there)
        assert mapped(lambda _: 0, predicted) == mapped(lambda _: 0, expected)


@slow
@given(NESTS, TRAINED)
def test_training(taken: Any, given_back: Any):
    ours, theirs = pair(taken, given_back)
    x, y = data(taken, 3, 1), data(given_back, 2, 2)
    logs = []
    for model in (ours, theirs):
        model.compile("sgd", loss=mapped(lambda _: "mse", given_back))
        logs.append(model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0).history)
    assert list(logs[0]) == list(logs[1])
    for name, values in logs[1].items():
        assert logs[0][name] == pytest.approx(values, rel=1e-4), name
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@slow
@given(NESTS, NESTS, st.sampled_from([(lamina, lamina), (lamina, keras), (keras, lamina)]))
def test_files(tmp_path_factory: Any, taken: Any, given_back: Any, sides: Any):
    models = dict(zip((lamina, keras), pair(taken, given_back), strict=True))
    writer, reader = sides
    path = tmp_path_factory.mktemp("nested") / "model.keras"
    models[writer].save(path)
    again = reader.models.load_model(path)
    x = data(taken, 3, 1)
    same(again.predict(x, verbose=0), models[writer].predict(x, verbose=0))


def test_a_copy_is_nested_alike():
    model = model_of(lamina, {"a": ["leaf", "leaf"], "b": "leaf"}, ["leaf", {"c": "leaf"}])
    copied = lamina.models.clone_model(model)
    x = data({"a": ["leaf", "leaf"], "b": "leaf"}, 3, 1)
    assert mapped(lambda _: 0, copied(x)) == [0, {"c": 0}]


def test_data_in_another_nest_is_an_error():
    model = model_of(lamina, {"a": ["leaf", "leaf"], "b": "leaf"}, "leaf")
    with pytest.raises(
        ValueError, match=r"must be nested as in the model: \{a: \[\*, \*\], b: \*\}"
    ):
        model.predict(data({"a": ["leaf"], "b": "leaf"}, 3, 1), verbose=0)


# --- inputs that may be left out -------------------------------------------------------------------------------------


def with_optional(k: Any, nested: bool = False) -> Any:
    @k.saving.register_keras_serializable("nested")
    class AddIfThere(k.layers.Layer):
        def call(self, x: Any, y: Any = None) -> Any:
            return x if y is None else x + y

        def compute_output_shape(self, x_shape: Any, y_shape: Any = None) -> Any:
            return x_shape

    first, second = k.Input((3,), name="first"), k.Input((3,), name="second", optional=True)
    outputs = k.layers.Dense(2)(AddIfThere()(first, second))
    inputs = {"a": [first], "b": second} if nested else {"first": first, "second": second}
    return k.Model(inputs, outputs)


@pytest.mark.parametrize("nested", [False, True])
def test_an_optional_input_may_be_none(nested: bool):
    ours, theirs = with_optional(lamina, nested), with_optional(keras, nested)
    weights = [np.random.default_rng(0).normal(size=w.shape) for w in theirs.get_weights()]
    ours.set_weights(weights)
    theirs.set_weights(weights)
    x = np.random.default_rng(1).normal(size=(6, 3)).astype("float32")
    for other in (None, 2 * x):
        given = {"a": [x], "b": other} if nested else {"first": x, "second": other}
        mine, there = ours(given), theirs(given)
        np.testing.assert_allclose(mine.detach(), there.detach(), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(
            ours.predict(given, verbose=0), there.detach(), rtol=1e-5, atol=1e-6
        )


def test_a_model_is_trained_and_stored_without_its_optional_input(tmp_path: Any):
    model = with_optional(lamina)
    model.compile("sgd", "mse")
    x, y = np.ones((6, 3), "float32"), np.ones((6, 2), "float32")
    losses = model.fit({"first": x}, y, epochs=2, batch_size=4, verbose=0).history["loss"]
    assert losses[1] < losses[0]
    model.save(tmp_path / "model.keras")
    again = lamina.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        again.predict({"first": x}, verbose=0), model.predict({"first": x}, verbose=0)
    )


def test_an_input_that_is_needed_may_not_be_none():
    model = with_optional(lamina)
    with pytest.raises(ValueError, match='"first" is not optional'):
        model({"first": None, "second": np.ones((2, 3))})
    with pytest.raises(ValueError, match='"first" is not optional'):
        model.predict({"first": None, "second": np.ones((2, 3))}, verbose=0)


def test_a_model_knows_the_nest_that_it_was_made_with():
    x, y = lamina.Input((3,)), lamina.Input((3,))
    z = x + y
    model = lamina.Model({"x": x, "y": y}, (z, lamina.layers.Dense(2)(z)))
    assert model.input == {"x": x, "y": y}
    assert isinstance(model.output, tuple)
    data = {"x": np.ones((2, 3)), "y": np.ones((2, 3))}
    assert isinstance(model(data), tuple)
    assert isinstance(model.predict(data, verbose=0), tuple)
    assert [type(one).__name__ for one in model.operations][-1] == "Dense"


def dict_model(k: Any, *keys: str) -> Any:
    inputs = {key: k.Input((2,), name=key) for key in keys}
    first, second = sorted(keys)
    return k.Model(inputs, inputs[first] - inputs[second])


ONES, ZEROS = np.ones((2, 2), "float32"), np.zeros((2, 2), "float32")


@BOTH
@pytest.mark.parametrize("data", [{"a": ONES, "b": ZEROS, "c": ONES}, [ONES, ZEROS]])
def test_data_in_another_form_is_warned_of(k: Any, data: Any):
    model = dict_model(k, "a", "b")
    for use in (model, lambda x: model.predict(x, verbose=0)):
        with pytest.warns(UserWarning, match="structure of `inputs` doesn't match"):
            np.testing.assert_array_equal(np.asarray(use(data)), ONES)


@BOTH
def test_data_whose_order_could_be_another_are_refused(k: Any):
    model = dict_model(k, "b", "a")
    np.testing.assert_array_equal(np.asarray(model({"a": ONES, "b": ZEROS})), ONES)
    with pytest.raises(ValueError, match="structure of `inputs` doesn't match"):
        model([ONES, ZEROS])


@BOTH
def test_a_last_axis_of_one_may_be_there_or_not(k: Any):
    flat, deep = k.Input((3,)), k.Input((3, 1))
    assert k.Model(flat, k.layers.Dense(4)(flat))(np.ones((2, 3, 1))).shape == (2, 4)
    assert k.Model(deep, k.layers.Dense(4)(deep))(np.ones((2, 3))).shape == (2, 3, 4)


@BOTH
def test_a_configuration_knows_tuples_and_a_file_does_not(k: Any, tmp_path: Any):
    x = k.Input((3,), batch_size=2)
    y = k.layers.Dense(2)(x)
    model = k.Model(x, (y, [y + 1.0, y]))
    assert isinstance(k.Model.from_config(model.get_config()).output, tuple)
    model.save(tmp_path / "model.keras")
    for reader in (lamina, keras):
        again = reader.models.load_model(tmp_path / "model.keras")
        assert mapped(lambda _: 0, again.output) == [0, [0, 0]]
        assert again.input_shape == (2, 3)
        assert again.to_json() == reader.models.model_from_json(again.to_json()).to_json()


@BOTH
def test_a_model_that_is_made_frozen_says_nothing_of_its_layers(k: Any):
    x = k.Input((3,))
    model = k.Model(x, k.layers.Dense(2)(x), trainable=False)
    for one in (model, k.Model.from_config(model.get_config())):
        assert not one.trainable_weights
        assert one.layers[1].trainable


@BOTH
def test_a_layer_may_state_what_it_gives_as_symbolic_tensors(k: Any):
    class Canary(k.layers.Layer):
        def call(self, x: Any, training: bool = False) -> Any:
            assert training
            return {"twice": 2 * x, "same": x}

        def compute_output_spec(self, x: Any, training: bool = False) -> Any:
            same = k.KerasTensor(x.shape, dtype=x.dtype)
            return {"twice": k.KerasTensor(x.shape, dtype=x.dtype), "same": same}

    x = k.Input((3,))
    model = k.Model(x, Canary()(x)["twice"])
    assert model.output_shape == (None, 3)
    np.testing.assert_array_equal(np.asarray(model(np.ones((2, 3)), training=True)), 2)


def test_a_copy_is_made_of_tensors_in_the_same_nest():
    model = dict_model(lamina, "a", "b")
    given = {"a": lamina.Input((2,)), "b": lamina.Input((2,))}
    assert lamina.models.clone_model(model, input_tensors=given).input == given
    with pytest.raises(ValueError, match="input_tensors must be nested as in the model"):
        lamina.models.clone_model(model, input_tensors=(given["a"], given["b"]))
