"""Predictions of models with users' code, which are repeated as lists of kernel calls once they came often."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import lamina as keras
from lamina.training.own_forward import OFTEN

L, ops = keras.layers, keras.ops
X = np.random.default_rng(0).normal(size=(32, 10, 10, 1)).astype("float32")
CALLS: list[int] = []


class Own(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.pooling = L.Conv2D(4, 3, activation="relu"), L.MaxPooling2D()
        self.normalization, self.out = L.BatchNormalization(), L.Dense(3)
        self.factor = 1.0

    def call(self, x: Any) -> Any:
        CALLS.append(len(x))
        x = self.normalization(self.pooling(self.convolution(x)))
        return self.out(L.Flatten()(x)) * self.factor


def often(model: Any, x: Any, times: int = OFTEN + 2) -> Any:
    """What the last of many predictions gives."""
    for _ in range(times):
        found = model.predict(x, verbose=0)
    return found


def plain(model: Any, x: Any) -> Any:
    return ops.convert_to_numpy(model(x, training=False))


def test_predictions_that_come_often_run_without_the_users_code() -> None:
    model = Own()
    often(model, X)
    CALLS.clear()
    found = model.predict(X, verbose=0)
    assert CALLS == []
    np.testing.assert_allclose(found, plain(model, X), rtol=1e-5, atol=1e-6)
    CALLS.clear()
    model.predict(X[:5], verbose=0)
    assert CALLS == [5]  # a form that is new


def test_what_has_changed_since_is_seen() -> None:
    model = Own()
    before = often(model, X)
    model.factor = 2.0
    np.testing.assert_allclose(often(model, X), 2 * before, rtol=1e-5)
    model.out.bias.assign([1.0, 2.0, 3.0])
    np.testing.assert_allclose(model.predict(X, verbose=0), plain(model, X), rtol=1e-5, atol=1e-6)
    model.compile("sgd", "mse")
    model.fit(X, np.ones((32, 3)), batch_size=4, epochs=20, verbose=0)  # which moves the weights
    np.testing.assert_allclose(model.predict(X, verbose=0), plain(model, X), rtol=1e-5, atol=1e-6)
    model.out.trainable = False
    model.compile("sgd", "mse")
    model.fit(X, np.ones((32, 3)), batch_size=4, epochs=20, verbose=0)
    np.testing.assert_allclose(often(model, X), plain(model, X), rtol=1e-5, atol=1e-6)


class Noisy(L.Layer):
    def __init__(self) -> None:
        super().__init__()
        self.seeds = keras.random.SeedGenerator(1)

    def call(self, x: Any) -> Any:
        return x + keras.random.normal(ops.shape(x), seed=self.seeds)


class ByValue(L.Layer):
    def call(self, x: Any) -> Any:
        return x if float(ops.mean(x)) > 0 else -x


class Counting(L.Layer):
    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def call(self, x: Any) -> Any:
        self.count += 1
        return x * self.count


class Remembering(L.Layer):
    """A running total in a variable."""

    def build(self, shape: Any) -> None:
        self.total = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, x: Any) -> Any:
        self.total.assign_add(1.0)
        return x * self.total


def test_random_numbers_are_new_each_time() -> None:
    model = keras.Sequential([keras.Input((10, 10, 1)), Noisy()])
    one, other = often(model, X), model.predict(X, verbose=0)
    assert np.abs(one - other).max() > 0.1


def test_what_values_decide_is_decided_each_time() -> None:
    model = keras.Sequential([keras.Input((10, 10, 1)), ByValue()])
    often(model, np.abs(X))
    np.testing.assert_array_equal(often(model, -np.abs(X)), np.abs(X))


@pytest.mark.parametrize("layer", [Counting, Remembering])
def test_what_counts_goes_on_counting(layer: Any) -> None:
    model = keras.Sequential([keras.Input((10, 10, 1)), layer()])
    start = model.predict(X, verbose=0)[0, 0, 0, 0] / X[0, 0, 0, 0]
    many = OFTEN + 20
    last = often(model, X, many)[0, 0, 0, 0] / X[0, 0, 0, 0]
    assert last - start == pytest.approx(many)


def test_callbacks_that_change_a_model_between_batches_are_heard() -> None:
    class Doubling(keras.callbacks.Callback):
        def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.factor *= 2.0

    model = Own()
    before = plain(model, X[:1])
    x = np.repeat(X[:1], 20, axis=0)
    found = model.predict(x, batch_size=1, verbose=0, callbacks=[Doubling()])
    np.testing.assert_allclose(found, before * 2.0 ** np.arange(20)[:, None], rtol=1e-4)


class Twofold(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = L.Dense(6), L.Dense(5)
        self.calls = 0

    def call(self, x: Any) -> Any:
        return self.head(self.body(x))


class Counted(Twofold):
    def call(self, x: Any) -> Any:
        self.calls += 1
        return super().call(x) * 0 + self.calls


ROWS = np.random.default_rng(1).normal(size=(640, 6)).astype("float32")


@pytest.mark.parametrize("size", [32, 640])
def test_a_layer_that_is_replaced_is_the_one_that_predicts(size: int) -> None:
    model = Twofold()
    often(model, ROWS[:size])
    model.head = L.Dense(3)
    found = model.predict(ROWS[:size], verbose=0)
    assert found.shape == (size, 3)
    np.testing.assert_allclose(found, plain(model, ROWS[:size]), rtol=1e-4, atol=1e-5)


def test_hooks_are_called_for_each_batch_that_was_asked_for() -> None:
    model = Twofold()
    often(model, ROWS)
    seen: list[int] = []
    model.body.register_forward_hook(lambda module, given, output: seen.append(len(output)))
    for _ in range(2):
        seen.clear()
        model.predict(ROWS, verbose=0)
        assert seen == [32] * 20


@pytest.mark.parametrize("eagerly", [False, True])
def test_a_count_is_that_of_the_batches_that_were_asked_for(eagerly: bool) -> None:
    model = Counted()
    plain(model, ROWS[:1])
    model.compile("sgd", "mse", run_eagerly=eagerly)
    model.calls = 0
    found = model.predict(ROWS, verbose=0)
    assert model.calls == 20
    np.testing.assert_array_equal(found[::32, 0], np.arange(1, 21))


def test_models_in_several_threads_predict_for_the_first_time_at_once() -> None:
    for _ in range(5):
        models = [Own() for _ in range(6)]
        wanted = [plain(model, X) for model in models]
        with ThreadPoolExecutor(len(models)) as threads:
            found = list(threads.map(lambda model: model.predict(X, verbose=0), models))
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    plain(Own(), X)


def test_a_model_that_nobody_holds_any_more_is_forgotten() -> None:
    model = Twofold()
    often(model, ROWS)
    seen = weakref.ref(model.program(training=False))
    del model
    gc.collect()
    assert seen() is None
