"""Metrics that a model or a layer holds, and `compute_metrics`: what is logged equals real Keras."""

import keras
import numpy as np
import pytest

import lamina

N = 22


def with_attribute(k):
    class Model(k.Model):
        def __init__(self):
            super().__init__()
            self.hidden = k.layers.Dense(4, activation="relu")
            self.last = k.layers.Dense(2)
            self.largest = k.metrics.Mean(name="largest")

        def call(self, x):
            y = self.last(self.hidden(x))
            self.largest.update_state(k.ops.max(y))
            return y

    return Model()


def with_layer(k):
    class Watching(k.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.seen = k.metrics.Sum(name="seen")

        def call(self, x):
            self.seen.update_state(k.ops.abs(x))
            return x

        def compute_output_shape(self, shape):
            return shape

    inputs = k.Input((5,))
    hidden = Watching(name="watching")(k.layers.Dense(4, activation="relu")(inputs))
    return k.Model(inputs, k.layers.Dense(2)(hidden))


def with_compute_metrics(k):
    class Model(k.Sequential):
        def __init__(self):
            super().__init__(
                [k.Input((5,)), k.layers.Dense(4, activation="relu"), k.layers.Dense(2)]
            )
            self.extra = k.metrics.MeanAbsoluteError(name="extra")

        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            results = super().compute_metrics(x, y, y_pred, sample_weight)
            self.extra.update_state(y, y_pred * 2)
            results["extra"] = self.extra.result()
            return results

    return Model()


def two_outputs(k):
    class Model(k.Model):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.count = k.metrics.Sum(name="count")

        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            self.count.update_state(k.ops.ones_like(y_pred[0]))
            return super().compute_metrics(x, y, y_pred, sample_weight)

    inputs = k.Input((5,))
    hidden = k.layers.Dense(4, activation="relu")(inputs)
    return Model(
        inputs, [k.layers.Dense(2, name="first")(hidden), k.layers.Dense(2, name="second")(hidden)]
    )


MODELS = [with_attribute, with_layer, with_compute_metrics, two_outputs]


@pytest.mark.parametrize("build", MODELS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_what_is_logged_equals_keras(build, weighted):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, 5)).astype("float32")
    y = rng.normal(size=(N, 2)).astype("float32")
    y = [y, 2 * y] if build is two_outputs else y
    weights = rng.uniform(0, 2, N).astype("float32") if weighted else None
    ours, theirs = build(lamina), build(keras)
    ours(x)
    theirs(x)
    values = [rng.normal(0, 0.5, w.shape).astype("float32") for w in theirs.get_weights()]
    logs, scores, names = [], [], []
    for model in (ours, theirs):
        model.set_weights(values)
        metrics = [["mae"], ["mae"]] if build is two_outputs else ["mae"]
        model.compile("sgd", "mse", metrics=metrics)
        history = model.fit(
            x, y, sample_weight=weights, batch_size=8, epochs=2, shuffle=False, verbose=0
        )
        logs.append(history.history)
        scores.append(model.evaluate(x, y, batch_size=8, verbose=0, return_dict=True))
        names.append([metric.name for metric in model.metrics])
    assert list(logs[0]) == list(logs[1])
    for name, there in logs[1].items():
        assert logs[0][name] == pytest.approx(there, rel=1e-4), name
    assert scores[0] == pytest.approx(scores[1], rel=1e-4)
    assert names[0] == names[1]


def test_a_model_without_metrics_of_its_own_keeps_the_plain_steps():
    model = lamina.Sequential([lamina.Input((5,)), lamina.layers.Dense(2)])
    model.compile("sgd", "mse", metrics=["mae"])
    model.fit(np.ones((8, 5)), np.ones((8, 2)), verbose=0)
    assert not model.trainer._has_attached


@pytest.mark.parametrize("k", [lamina, keras], ids=["lamina", "keras"])
def test_a_layer_knows_what_its_metrics_remember(k):
    class Watching(k.layers.Layer):
        def __init__(self):
            super().__init__()
            self.seen = k.metrics.Mean(name="seen")

        def call(self, x):
            return x

    class Around(k.layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = Watching()
            self.largest = k.metrics.Mean(name="largest")

        def call(self, x):
            return self.inner(x)

    layer = Around()
    assert len(layer.metrics_variables) == 4
    assert len(layer.inner.metrics_variables) == 2


def test_functions_are_logged_under_the_name_that_keras_gives_them():
    names = []
    for k in (keras, lamina):

        def LargestValue(y_true, y_pred, k=k):
            return k.ops.max(y_pred, axis=-1)

        model = k.Sequential([k.Input((2,)), k.layers.Dense(3)])
        model.compile("sgd", "mse", metrics=[LargestValue, lambda a, b, k=k: k.ops.mean(b)])
        names.append(sorted(model.fit(np.ones((4, 2)), np.ones((4, 3)), verbose=0).history))
    assert names[0] == names[1] == ["lambda", "largest_value", "loss"]
