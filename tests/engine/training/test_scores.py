"""What is measured in a training, under the names and in the order of real Keras."""

import time

import keras
import numpy as np
import pytest
import torch

import lamina
from lamina.calls import Slot
from lamina.errors import ConfigError
from lamina.training.per_output import Output
from lamina.training.scores import Scores
from lamina.training.sources import Batch

N = 24


def both(compile_with, *, outputs=2, weighted=False, masked=False):
    """Histories and results of the same small training in both libraries."""
    found = []
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, 4)).astype("float32")
    y = [
        rng.integers(0, 2, (N, 1)).astype("float32"),
        np.eye(3, dtype="float32")[rng.integers(0, 3, N)],
    ]
    weight = rng.uniform(0.5, 2, N).astype("float32") if weighted else None
    start = None
    for k in (keras, lamina):
        k.utils.clear_session()
        inputs = k.Input((4,))
        heads = [
            k.layers.Dense(1, activation="sigmoid", name="a")(inputs),
            k.layers.Dense(3, activation="softmax", name="b")(inputs),
        ][:outputs]
        model = k.Model(inputs, heads if outputs > 1 else heads[0])
        if start is None:
            start = [rng.normal(size=w.shape).astype("float32") for w in model.get_weights()]
        model.set_weights(start)
        model.compile("sgd", **compile_with(k))
        targets = y if outputs > 1 else y[0]
        weights = [weight] * outputs if weighted and outputs > 1 else weight
        history = model.fit(
            x, targets, batch_size=7, epochs=2, verbose=0, shuffle=False, sample_weight=weights
        ).history
        result = model.evaluate(x, targets, batch_size=7, verbose=0, return_dict=True)
        found.append((history, result))
    return found


def same(found):
    (theirs, their_result), (ours, our_result) = found
    assert list(ours) == list(theirs)
    assert list(our_result) == list(their_result)
    for name, values in theirs.items():
        np.testing.assert_allclose(np.asarray(ours[name]), np.asarray(values), rtol=2e-4, atol=1e-5)
    for name, value in their_result.items():
        np.testing.assert_allclose(our_result[name], value, rtol=2e-4, atol=1e-5)


def own_metric(k):
    class Largest(k.metrics.Metric):
        def __init__(self, name="largest", **kwargs):
            super().__init__(name=name, **kwargs)
            self.most = self.add_weight(name="most", initializer="zeros")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.most.assign(torch.maximum(self.most.value, y_pred.max()))

        def result(self):
            return self.most.value

    return Largest()


def several(k):
    """A metric that gives several values under names of its own."""

    class Several(k.metrics.Metric):
        def __init__(self):
            super().__init__(name="several")
            self.seen = self.add_weight(name="seen", initializer="zeros")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.seen.assign_add(float(len(y_true)))

        def result(self):
            return {"seen": self.seen.value, "twice": self.seen.value * 2}

    return Several()


def spread(y_true, y_pred):
    return (y_true - y_pred).abs().amax(-1)


@pytest.mark.parametrize(
    "compile_with",
    [
        lambda k: {
            "loss": "binary_crossentropy",
            "metrics": ["AUC", k.metrics.AUC(), k.metrics.AUC(), k.metrics.Precision(), "accuracy"],
        },
        lambda k: {
            "loss": k.losses.BinaryFocalCrossentropy(),
            "metrics": [own_metric(k), spread, k.losses.MeanSquaredError(), "mse", "mse"],
        },
        lambda k: {"loss": "hinge", "metrics": [several(k)]},
        lambda k: {
            "loss": ["poisson"],
            "metrics": {"a": ["Recall", "mae"]},
            "weighted_metrics": ["mae", k.metrics.BinaryIoU(dtype="float32")],
        },
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_one_output_is_measured_as_in_keras(compile_with, weighted):
    same(both(compile_with, outputs=1, weighted=weighted))


@pytest.mark.parametrize(
    "compile_with",
    [
        lambda k: {"loss": "mse", "metrics": [["mae"], ["accuracy", "AUC"]]},
        lambda k: {
            "loss": {"a": "binary_crossentropy", "b": k.losses.CategoricalFocalCrossentropy()},
            "loss_weights": {"a": 0.3, "b": 2.0},
            "metrics": {"b": ["accuracy", k.metrics.TopKCategoricalAccuracy(k=2)]},
            "weighted_metrics": [["accuracy"], ["accuracy"]],
        },
        lambda k: {
            "loss": ["bce", "kld"],
            "loss_weights": [1.0, 0.5],
            "metrics": [None, k.metrics.F1Score(average="macro")],
        },
        lambda k: {
            "loss": {"a": None, "b": "categorical_crossentropy"},
            "metrics": {"a": "mae", "b": "acc"},
        },
    ],
)
@pytest.mark.filterwarnings("ignore:Gradients do not exist")
@pytest.mark.parametrize("weighted", [False, True])
def test_two_outputs_are_measured_as_in_keras(compile_with, weighted):
    same(both(compile_with, weighted=weighted))


def test_losses_in_a_nest_are_taken_in_the_order_of_the_outputs():
    outputs = [Output(name, (None, 2), None) for name in "abc"]
    nest = [Slot(0), [Slot(1), Slot(2)]]
    given = ["mse", ["mae", "huber"]], [1.0, [2.0, 3.0]]
    scores = Scores(outputs, [(None, 2)] * 3, *given, nest=nest)
    assert [(e.loss.name, e.weight) for e in scores.losses] == [
        ("mean_squared_error", 1.0),
        ("mean_absolute_error", 2.0),
        ("huber_loss", 3.0),
    ]


def test_too_few_losses_are_named():
    outputs = [Output(name, (None, 2), None) for name in "abc"]
    with pytest.raises(ConfigError, match="one entry for each output"):
        Scores(outputs, [(None, 2)] * 3, ["mse", "mae"])


def test_masks_of_outputs_count_in_losses_and_metrics():
    scores = Scores([Output("a", (None, 3, 1), None)], [(None, 3, 1)], "mse", None, ["mae"])
    y, y_pred = torch.zeros(1, 3, 1), torch.tensor([[[1.0], [2.0], [9.0]]])
    batch = Batch((), (y,), (), 1)
    mask = torch.tensor([[True, True, False]])
    assert scores.measure((y_pred,), batch, [mask]).item() == pytest.approx(2.5)
    assert scores.results() == {"loss": pytest.approx(2.5), "mae": pytest.approx(1.5)}


@pytest.mark.bench
@pytest.mark.parametrize("name", ["AUC", "Precision", "f1_score", "MeanSquaredError", "R2Score"])
def test_what_a_metric_costs_per_step(name):
    scores = Scores([Output("a", (None, 10), None)], [(None, 10)], "mse", None, [name])
    y, y_pred = torch.eye(10)[torch.arange(64) % 10], torch.rand(64, 10)
    batch, metric = Batch((), (y,), (), 64), scores.metrics[0]
    for _ in range(50):
        metric.watch(y, y_pred, None)
    begin = time.perf_counter()
    for _ in range(500):
        metric.watch(batch.targets[0], y_pred, None)
    print(name, (time.perf_counter() - begin) / 500 * 1e6, "µs")
