"""Metrics against real Keras, over drawn shapes, weights and several batches."""

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina import metrics
from lamina.errors import ConfigError
from lamina.metrics.lookup import suiting
from lamina.metrics.running_mean import FOLD_AT, RunningMean


def value(result):
    return float(result.detach() if isinstance(result, torch.Tensor) else result)


def agree(name, options, batches):
    ours, theirs = getattr(metrics, name)(**options), getattr(keras.metrics, name)(**options)
    for y_true, y_pred, weight in batches:
        ours.update_state(torch.from_numpy(y_true), torch.from_numpy(y_pred), weight)
        theirs.update_state(y_true, y_pred, weight)
    assert value(ours.result()) == pytest.approx(value(theirs.result()), rel=1e-5, abs=1e-6)
    ours.reset_state()
    assert value(ours.result()) == 0


def weights(rng, leading, kind):
    if kind == "none":
        return None
    shape = {"sample": leading[:1], "column": (leading[0], 1), "position": leading}[kind]
    return rng.uniform(0, 2, shape).astype("float32")


seeds = st.integers(0, 2**16)
leadings = st.sampled_from([(1,), (6,), (4, 3)])
kinds = st.sampled_from(["none", "sample", "position"])


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(
        [
            ("CategoricalAccuracy", {}),
            ("TopKCategoricalAccuracy", {"k": 2}),
            ("CategoricalCrossentropy", {}),
            ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}),
        ]
    ),
    seeds,
    leadings,
    st.integers(3, 6),
    kinds,
)
def test_one_hot_metrics_equal_keras(case, seed, leading, classes, kind):
    rng = np.random.default_rng(seed)
    batches = [
        (
            np.eye(classes, dtype="float32")[rng.integers(0, classes, leading)],
            rng.dirichlet(np.ones(classes), leading).astype("float32"),
            weights(rng, leading, kind),
        )
        for _ in range(3)
    ]
    agree(*case, batches)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(
        [
            ("SparseCategoricalAccuracy", {}),
            ("SparseTopKCategoricalAccuracy", {"k": 2}),
            ("SparseCategoricalCrossentropy", {}),
            ("SparseCategoricalCrossentropy", {"ignore_class": 0}),
        ]
    ),
    seeds,
    leadings,
    st.integers(3, 6),
    kinds,
    st.booleans(),
)
def test_index_metrics_equal_keras(case, seed, leading, classes, kind, with_axis_of_one):
    rng = np.random.default_rng(seed)
    with_axis_of_one = with_axis_of_one and "TopK" not in case[0]
    if "ignore_class" in case[1] and kind == "sample":
        kind = "position"  # Keras cannot weigh whole samples of several positions here
    batches = [
        (
            rng.integers(0, classes, (*leading, 1) if with_axis_of_one else leading),
            rng.dirichlet(np.ones(classes), leading).astype("float32"),
            weights(rng, leading, kind),
        )
        for _ in range(3)
    ]
    agree(*case, batches)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(
        [
            ("BinaryAccuracy", {"threshold": 0.4}),
            ("Accuracy", {}),
            ("MeanSquaredError", {}),
            ("MeanAbsoluteError", {}),
            ("BinaryCrossentropy", {"label_smoothing": 0.1}),
        ]
    ),
    seeds,
    leadings,
    st.integers(1, 3),
    kinds,
)
def test_elementwise_metrics_equal_keras(case, seed, leading, units, kind):
    rng = np.random.default_rng(seed)
    batches = [
        (
            rng.integers(0, 2, (*leading, units)).astype("float32"),
            np.round(rng.uniform(0, 1, (*leading, units)), 1).astype("float32"),
            weights(rng, leading, kind),
        )
        for _ in range(3)
    ]
    agree(*case, batches)


@settings(max_examples=30, deadline=None)
@given(seeds, leadings, st.sampled_from(["none", "sample"]))
def test_mean_equals_keras(seed, leading, kind):
    rng = np.random.default_rng(seed)
    ours, theirs = metrics.Mean(), keras.metrics.Mean()
    for _ in range(3):
        values, weight = rng.normal(size=leading).astype("float32"), weights(rng, leading, kind)
        ours.update_state(values, weight)
        theirs.update_state(values, weight)
    assert value(ours.result()) == pytest.approx(value(theirs.result()), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("name", metrics.METRICS.names())
def test_every_metric_has_keras_name_direction_and_round_trips(name):
    cls, theirs = metrics.METRICS.get(name), getattr(keras.metrics, name)()
    assert cls().name == theirs.name
    assert set(theirs.get_config()) <= set(cls().get_config())
    assert cls.from_config(cls().get_config()).get_config() == cls().get_config()
    assert metrics.get(theirs.name).get_config() == cls().get_config()
    if hasattr(theirs, "_direction"):
        assert cls.direction == theirs._direction
    assert cls.summary.en
    assert cls.summary.zh


def test_the_name_comes_first_as_in_keras():
    assert (
        metrics.Mean("train_loss").name == metrics.BinaryAccuracy("train_loss").name == "train_loss"
    )


@pytest.mark.parametrize(
    ("target", "prediction", "expected"),
    [
        ((None, 10), (None, 10), "CategoricalAccuracy"),
        ((None,), (None, 10), "SparseCategoricalAccuracy"),
        ((None, 1), (None, 10), "SparseCategoricalAccuracy"),
        ((None, 1), (None, 1), "BinaryAccuracy"),
        ((None,), (None, 1), "BinaryAccuracy"),
    ],
)
def test_accuracy_suits_the_shapes(target, prediction, expected):
    assert suiting("accuracy", target, prediction) == expected


def test_ranking_metrics_need_no_probabilities():
    logits = torch.randn(64, 7, generator=torch.Generator().manual_seed(0)) * 4
    for name in metrics.METRICS.names():
        cls = metrics.METRICS.get(name)
        if cls.ranks_only:
            y_true = torch.arange(64) % 7
            y_true = y_true if name.startswith("Sparse") else torch.eye(7)[y_true]
            assert cls()(y_true, logits) == cls()(y_true, logits.softmax(-1))


def test_a_function_is_a_metric_under_its_name():
    def worst(y_true, y_pred):
        return (y_true - y_pred).abs().amax(-1)

    metric = metrics.get(worst)
    assert metric.name == "worst"
    assert metric(torch.zeros(2, 2), torch.tensor([[1.0, -3.0], [2.0, 0.0]])).item() == 2.5


def test_an_unknown_metric_offers_close_names():
    with pytest.raises(ConfigError, match="Did you mean"):
        metrics.get("acuracy")


def test_a_running_mean_keeps_a_bounded_number_of_batches_and_all_digits():
    mean = RunningMean()
    for step in range(20 * FOLD_AT + 3):
        mean.add(torch.tensor(float(step % 2)), 32.0)
        assert len(mean._means) < FOLD_AT
    assert mean.result().item() == pytest.approx((10 * FOLD_AT + 1) / (20 * FOLD_AT + 3), rel=1e-6)


def test_a_batch_of_zero_weight_does_not_spoil_the_mean():
    mean = metrics.Mean()
    mean.update_state([float("nan"), float("nan")], [0.0, 0.0])
    mean.update_state([4.0], [1.0])
    assert mean.result().item() == 4
