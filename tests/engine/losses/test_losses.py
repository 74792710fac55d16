"""Losses against real Keras, over drawn shapes, weights and options."""

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from lamina import losses
from lamina.errors import ConfigError, ShapeError

REDUCTIONS = ["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None]


@st.composite
def batches(draw, *, classes=True):
    """(rng, leading shape, last axis) of a batch of predictions."""
    seed = draw(st.integers(0, 2**16))
    leading = draw(st.sampled_from([(1,), (7,), (4, 3)]))
    last = draw(st.integers(2, 6)) if classes else draw(st.integers(1, 4))
    return np.random.default_rng(seed), leading, last


def softmax(scores):
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def same(ours, theirs, y_true, y_pred, weight):
    expected = keras.ops.convert_to_numpy(theirs(y_true, y_pred, sample_weight=weight))
    got = ours(torch.from_numpy(y_true), torch.from_numpy(y_pred), weight)
    assert_close(got.numpy(), np.asarray(expected), rtol=2e-5, atol=1e-6)


def draw_weight(rng, leading, weighted):
    return rng.uniform(0, 2, leading).astype("float32") if weighted else None


@settings(max_examples=40, deadline=None)
@given(
    batches(),
    st.booleans(),
    st.booleans(),
    st.sampled_from([0.0, 0.1, 0.5]),
    st.sampled_from(REDUCTIONS),
)
def test_categorical_crossentropy_equals_keras(batch, from_logits, weighted, smoothing, reduction):
    rng, leading, classes = batch
    scores = rng.normal(0, 3, (*leading, classes)).astype("float32")
    y_true = np.eye(classes, dtype="float32")[rng.integers(0, classes, leading)]
    options = {"from_logits": from_logits, "label_smoothing": smoothing, "reduction": reduction}
    same(
        losses.CategoricalCrossentropy(**options),
        keras.losses.CategoricalCrossentropy(**options),
        y_true,
        scores if from_logits else softmax(scores),
        draw_weight(rng, leading, weighted),
    )


@settings(max_examples=40, deadline=None)
@given(
    batches(), st.booleans(), st.booleans(), st.sampled_from([None, 0]), st.sampled_from(REDUCTIONS)
)
def test_sparse_categorical_crossentropy_equals_keras(
    batch, from_logits, weighted, ignored, reduction
):
    rng, leading, classes = batch
    scores = rng.normal(0, 3, (*leading, classes)).astype("float32")
    y_true = rng.integers(0, classes, leading)
    options = {"from_logits": from_logits, "ignore_class": ignored, "reduction": reduction}
    same(
        losses.SparseCategoricalCrossentropy(**options),
        keras.losses.SparseCategoricalCrossentropy(**options),
        y_true,
        scores if from_logits else softmax(scores),
        draw_weight(rng, leading, weighted),
    )


@settings(max_examples=40, deadline=None)
@given(
    batches(classes=False),
    st.booleans(),
    st.booleans(),
    st.sampled_from([0.0, 0.2]),
    st.sampled_from(REDUCTIONS),
)
def test_binary_crossentropy_equals_keras(batch, from_logits, weighted, smoothing, reduction):
    rng, leading, units = batch
    scores = rng.normal(0, 3, (*leading, units)).astype("float32")
    y_true = rng.integers(0, 2, (*leading, units)).astype("float32")
    options = {"from_logits": from_logits, "label_smoothing": smoothing, "reduction": reduction}
    same(
        losses.BinaryCrossentropy(**options),
        keras.losses.BinaryCrossentropy(**options),
        y_true,
        scores if from_logits else (1 / (1 + np.exp(-scores))).astype("float32"),
        draw_weight(rng, leading, weighted),
    )


@settings(max_examples=30, deadline=None)
@given(
    batches(classes=False),
    st.sampled_from(["MeanSquaredError", "MeanAbsoluteError"]),
    st.booleans(),
    st.sampled_from(REDUCTIONS),
    st.booleans(),
)
def test_regression_losses_equal_keras(batch, name, weighted, reduction, flat_target):
    rng, leading, units = batch
    y_pred = rng.normal(0, 3, (*leading, units)).astype("float32")
    y_true = rng.normal(0, 3, (*leading, units)).astype("float32")
    if flat_target and units == 1 and len(leading) == 1:
        y_true = y_true[..., 0]
    same(
        getattr(losses, name)(reduction=reduction),
        getattr(keras.losses, name)(reduction=reduction),
        y_true,
        y_pred,
        draw_weight(rng, leading, weighted),
    )


@pytest.mark.parametrize("name", losses.LOSSES.names())
def test_every_loss_has_keras_name_signature_and_round_trips(name):
    cls = losses.LOSSES.get(name)
    theirs = getattr(keras.losses, name)()
    assert cls().name == theirs.name
    assert set(theirs.get_config()) <= set(cls().get_config())
    assert cls.from_config(cls().get_config()).get_config() == cls().get_config()
    assert losses.get(theirs.name).get_config() == cls().get_config()
    assert cls.summary.en
    assert cls.summary.zh


@pytest.mark.parametrize(
    ("alias", "name"),
    [("mse", "MeanSquaredError"), ("MAE", "MeanAbsoluteError"), ("bce", "BinaryCrossentropy")],
)
def test_aliases_are_those_of_keras(alias, name):
    assert type(losses.get(alias)).__name__ == name


@pytest.mark.parametrize(
    ("kind", "head"),
    [
        ("CategoricalCrossentropy", "softmax"),
        ("SparseCategoricalCrossentropy", "softmax"),
        ("BinaryCrossentropy", "sigmoid"),
    ],
)
def test_a_loss_of_logits_equals_the_loss_of_probabilities(kind, head):
    loss = losses.get(kind)
    assert loss.head == head
    scores = torch.randn(6, 4, generator=torch.Generator().manual_seed(1))
    y_true = {
        "one_hot": torch.eye(4)[[0, 1, 2, 3, 0, 1]],
        "index": torch.tensor([0, 1, 2, 3, 0, 1]),
    }.get(loss.target, (scores > 0.3).float())
    probabilities = scores.softmax(-1) if head == "softmax" else scores.sigmoid()
    assert_close(
        loss.of_logits()(y_true, scores), loss(y_true, probabilities), rtol=1e-5, atol=1e-6
    )


def test_a_loss_of_logits_keeps_its_other_options():
    loss = losses.CategoricalCrossentropy(label_smoothing=0.3, reduction="sum", name="mine")
    assert loss.of_logits().get_config() == {**loss.get_config(), "from_logits": True}


def test_a_function_is_a_loss():
    loss = losses.get(lambda y_true, y_pred: (y_true - y_pred).abs().amax(-1))
    assert loss(torch.zeros(2, 2), torch.tensor([[1.0, -3.0], [2.0, 0.0]])).item() == 2.5


def test_an_unknown_loss_offers_close_names():
    with pytest.raises(ConfigError, match="Did you mean categorical_crossentropy"):
        losses.get("categorical_crosentropy")


def test_class_numbers_given_to_the_one_hot_loss_are_named():
    with pytest.raises(ShapeError, match="Use sparse_categorical_crossentropy"):
        losses.get("categorical_crossentropy")(torch.tensor([1, 2]), torch.rand(2, 3))


def test_one_hot_targets_given_to_the_sparse_loss_are_named():
    with pytest.raises(ShapeError, match="Use categorical_crossentropy for one-hot"):
        losses.get("sparse_categorical_crossentropy")(torch.eye(3), torch.rand(3, 3))
