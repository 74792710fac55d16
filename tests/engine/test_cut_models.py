"""Models that begin in the middle of another one, against real Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

import lamina

X = np.random.default_rng(0).normal(size=(8, 6)).astype("float32")
BOTH = pytest.mark.parametrize("k", [lamina, keras], ids=["lamina", "keras"])


def whole(k: Any) -> Any:
    x = k.Input((6,), name="x")
    a = k.layers.Dense(5, name="a")(x)
    b = k.layers.Dense(5, name="b", activation="relu")(a)
    return k.Model(x, k.layers.Dense(2, name="c")(k.layers.Add(name="add")([a, b]) * 2.0))


def at(model: Any, *names: str) -> list[Any]:
    return [model.get_layer(name).output for name in names]


@BOTH
def test_the_part_behind_a_layer_computes_what_the_whole_does(k: Any):
    model = whole(k)
    middle = k.Model(model.input, at(model, "a", "b")).predict(X, verbose=0)
    part = k.Model(at(model, "a", "b"), model.output)
    assert [layer.name for layer in part.layers][2:] == ["add", "c"]
    assert part.output_names == ["c"]
    np.testing.assert_allclose(
        part.predict(middle, verbose=0), model.predict(X, verbose=0), rtol=1e-5, atol=1e-6
    )


@BOTH
def test_layers_and_weights_are_those_of_the_whole(k: Any):
    model = whole(k)
    (a,) = at(model, "a")
    middle = k.Model(model.input, a).predict(X, verbose=0)
    part = k.Model(a, model.output)
    assert part.layers[1] is model.get_layer("b")
    part.compile("sgd", "mse")
    part.fit(middle, np.ones((8, 2)), epochs=3, verbose=0)
    np.testing.assert_allclose(
        part.predict(middle, verbose=0), model.predict(X, verbose=0), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("writer", [lamina, keras], ids=["by lamina", "by keras"])
def test_files(writer: Any, tmp_path: Any):
    model = whole(writer)
    (a,) = at(model, "a")
    middle = writer.Model(model.input, a).predict(X, verbose=0)
    part = writer.Model(a, {"out": model.output, "b": at(model, "b")[0]})
    part.save(tmp_path / "part.keras")
    for reader in (lamina, keras):
        again = reader.models.load_model(tmp_path / "part.keras")
        np.testing.assert_allclose(
            again.predict(middle, verbose=0)["out"],
            model.predict(X, verbose=0),
            rtol=1e-5,
            atol=1e-6,
        )


@BOTH
def test_of_a_model_within_a_model(k: Any):
    inner = whole(k)
    x = k.Input((6,))
    outer = k.Model(x, k.layers.Dense(3, name="last")(inner(x)))
    a, b = at(outer.get_layer(inner.name), "a", "b")
    tail = k.Model(outer.get_layer("last").input, outer.output)
    values = inner.predict(X, verbose=0)
    np.testing.assert_allclose(
        tail.predict(values, verbose=0), outer.predict(X, verbose=0), rtol=1e-5, atol=1e-6
    )
    middle = k.Model(inner.input, [a, b]).predict(X, verbose=0)
    np.testing.assert_allclose(
        k.Model(a, b).predict(middle[0], verbose=0), middle[1], rtol=1e-5, atol=1e-6
    )


@BOTH
def test_one_of_several_tensors_that_a_layer_gives(k: Any):
    x = k.Input((4, 3))
    sequence, state = k.layers.SimpleRNN(2, return_sequences=True, return_state=True)(x)
    model = k.Model(x, k.layers.Dense(1)(state) + k.layers.Dense(1)(sequence[:, 0]))
    part = k.Model([sequence, state], model.output)
    values = np.random.default_rng(1).normal(size=(5, 4, 3)).astype("float32")
    middle = k.Model(x, [sequence, state]).predict(values, verbose=0)
    np.testing.assert_allclose(
        part.predict(middle, verbose=0), model.predict(values, verbose=0), rtol=1e-5, atol=1e-6
    )


def test_the_whole_keeps_its_masks_where_a_part_has_none():
    x = lamina.Input((4,), dtype="int32")
    embedded = lamina.layers.Embedding(9, 3, mask_zero=True)(x)
    pooled = lamina.layers.GlobalAveragePooling1D()(embedded)
    model = lamina.Model(x, pooled)
    tokens = np.array([[1, 2, 0, 0], [3, 0, 0, 0]])
    before = model.predict(tokens, verbose=0)
    middle = lamina.Model(x, embedded).predict(tokens, verbose=0)
    part = lamina.Model(embedded, pooled)
    np.testing.assert_allclose(
        part.predict(middle, verbose=0), middle.mean(1), rtol=1e-5, atol=1e-6
    )
    model.to_device("cpu")  # and forgets its programs
    np.testing.assert_array_equal(model.predict(tokens, verbose=0), before)
    assert not np.allclose(before, middle.mean(1))


@BOTH
def test_an_output_that_needs_more_is_named(k: Any):
    model = whole(k)
    with pytest.raises(ValueError, match='the Input "x"' if k is lamina else "not connected"):
        k.Model(at(model, "b"), at(model, "add"))


def test_a_result_can_be_differentiated_by_the_values_of_a_layer():
    """As maps are made of what a classifier looks at."""
    images = np.random.default_rng(0).random((2, 9, 9, 3)).astype("float32")
    maps = []
    for k in (keras, lamina):
        x = k.Input((9, 9, 3))
        hidden = k.layers.Conv2D(4, 3, activation="relu", name="looked_at")(x)
        hidden = k.layers.BatchNormalization()(k.layers.MaxPooling2D()(hidden))
        result = k.layers.Dense(3)(k.layers.GlobalAveragePooling2D()(hidden))
        model = k.Model(x, result)
        rng = np.random.default_rng(1)
        model.set_weights([np.abs(rng.normal(size=w.shape)) for w in model.weights])
        both = k.Model(model.inputs, [model.get_layer("looked_at").output, model.output])
        values, scores = both(torch.tensor(images))
        maps.append(torch.autograd.grad(scores[:, 1].sum(), values)[0].numpy())
    assert np.abs(maps[0]).max() > 0
    np.testing.assert_allclose(maps[1], maps[0], rtol=1e-4, atol=1e-6)
