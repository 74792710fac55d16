"""Losses against real Keras, over drawn shapes, weights and options."""

import inspect

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from lamina import losses
from lamina.errors import ConfigError, ShapeError
from lamina.losses.lookup import FUNCTIONS, loss_of

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


def case(name, kind, /, **options):
    return pytest.param(name, kind, options, id=f"{name}-{len(options)}")


@pytest.mark.parametrize(
    ("name", "kind", "options"),
    [
        case("MeanSquaredError", "value"),
        case("MeanAbsoluteError", "value"),
        case("MeanAbsolutePercentageError", "value"),
        case("MeanSquaredLogarithmicError", "value"),
        case("LogCosh", "value"),
        case("Huber", "value", delta=0.7),
        case("CosineSimilarity", "value"),
        case("CosineSimilarity", "value", axis=0),
        case("Poisson", "positive"),
        case("KLDivergence", "one_hot"),
        case("Hinge", "binary"),
        case("Hinge", "sign"),
        case("SquaredHinge", "binary"),
        case("CategoricalHinge", "one_hot"),
        case("BinaryFocalCrossentropy", "binary"),
        case(
            "BinaryFocalCrossentropy",
            "logit",
            from_logits=True,
            apply_class_balancing=True,
            alpha=0.4,
            gamma=1.5,
            label_smoothing=0.1,
        ),
        case("CategoricalFocalCrossentropy", "one_hot"),
        case("CategoricalFocalCrossentropy", "one_hot", alpha=0.5, gamma=3, label_smoothing=0.2),
        case("CategoricalGeneralizedCrossEntropy", "index", q=0.3),
        case("Dice", "binary"),
        case("Dice", "binary", axis=(-1,)),
        case("Tversky", "binary", alpha=0.2, beta=0.7),
        case("Tversky", "binary", axis=-1),
    ],
)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_a_loss_and_its_gradient_equal_keras(name, kind, options, data):
    rng, leading, last = data.draw(batches())
    reduction = data.draw(st.sampled_from(REDUCTIONS))
    weighted, masked = data.draw(st.booleans()), data.draw(st.booleans())
    if options.get("axis") == 0 or ("axis" not in options and name in ("Dice", "Tversky")):
        weighted = masked = False  # nothing that a weight of each sample could go with
    y_true, y_pred = drawn(rng, leading, last, kind)
    weight = draw_weight(rng, leading, weighted)
    mask = rng.random(leading) < 0.7 if masked else None
    results = []
    for module, finish in ((losses, lambda x: x), (keras.losses, keras.ops.convert_to_tensor)):
        tensor = torch.from_numpy(y_pred.copy()).requires_grad_()
        predicted = tensor * 1.0
        if mask is not None:
            predicted._keras_mask = torch.from_numpy(mask)
        loss = getattr(module, name)(reduction=reduction, **options)
        value = finish(loss(y_true, predicted, weight))
        value.sum().backward()
        results.append((value.detach(), tensor.grad))
    for ours, theirs in zip(*results, strict=True):
        assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def drawn(rng, leading, last, kind):
    """Targets and predictions."""
    shape = (*leading, last)
    y_pred = softmax(rng.normal(0, 2, shape)).astype("float32")
    if kind == "index":
        return rng.integers(0, last, leading), y_pred
    if kind == "one_hot":
        return np.eye(last, dtype="float32")[rng.integers(0, last, leading)], y_pred
    if kind in ("binary", "sign", "logit"):
        y_true = rng.integers(0, 2, shape).astype("float32")
        return (
            2 * y_true - 1 if kind == "sign" else y_true,
            rng.normal(0, 2, shape).astype("float32") if kind == "logit" else y_pred,
        )
    y_true, y_pred = rng.normal(0, 2, (2, *shape)).astype("float32")
    return (np.abs(y_true), np.abs(y_pred) + 0.1) if kind == "positive" else (y_true, y_pred)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 99), st.booleans(), st.booleans(), st.sampled_from(REDUCTIONS))
def test_circle_equals_keras(seed, remove_diagonal, weighted, reduction):
    rng = np.random.default_rng(seed)
    y_pred = rng.normal(size=(6, 4)).astype("float32")
    y_pred /= np.linalg.norm(y_pred, axis=-1, keepdims=True)
    options = {"remove_diagonal": remove_diagonal, "gamma": 8.0, "reduction": reduction}
    same(
        losses.Circle(**options),
        keras.losses.Circle(**options),
        rng.integers(0, 3, 6),
        y_pred,
        draw_weight(rng, (6,), weighted),
    )


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 99), st.integers(1, 4), st.sampled_from(REDUCTIONS))
def test_ctc_equals_keras(seed, labels, reduction):
    rng = np.random.default_rng(seed)
    y_true = rng.integers(1, 5, (3, labels))
    y_true[0, 1:] = 0
    y_pred = rng.normal(size=(3, 9, 5)).astype("float32")
    same(
        losses.CTC(reduction=reduction),
        keras.losses.CTC(reduction=reduction),
        y_true,
        y_pred,
        None,
    )


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in ("ctc", "circle")])
def test_a_function_takes_arrays_lists_and_tensors_as_that_of_keras(name):
    kind = {
        "sparse_categorical_crossentropy": "index",
        "poisson": "positive",
        **dict.fromkeys(["binary_crossentropy", "binary_focal_crossentropy"], "binary"),
    }.get(name, "one_hot")
    y_true, y_pred = drawn(np.random.default_rng(3), (5,), 4, kind)
    expected = getattr(keras.losses, name)(torch.from_numpy(y_true), torch.from_numpy(y_pred))
    for give in (np.asarray, np.ndarray.tolist, torch.from_numpy):
        assert_close(
            getattr(losses, name)(give(y_true), give(y_pred)), expected, rtol=1e-5, atol=1e-6
        )
    assert losses.get(name) is getattr(losses, name)


def test_every_loss_of_keras_is_there():
    public = {name for name in dir(keras.losses) if not name.startswith("_")}
    assert public - {"losses"} <= set(dir(losses)) | {"Loss"}


@pytest.mark.parametrize("name", losses.LOSSES.names())
def test_every_loss_has_keras_name_signature_and_round_trips(name):
    cls = losses.LOSSES.get(name)
    theirs = getattr(keras.losses, name)()
    assert cls().name == theirs.name
    assert set(theirs.get_config()) <= set(cls().get_config())
    assert cls.from_config(cls().get_config()).get_config() == cls().get_config()
    assert losses.deserialize(losses.serialize(cls())).get_config() == cls().get_config()
    assert losses.deserialize(keras.losses.serialize(theirs)).name == theirs.name
    assert cls.summary.en
    assert cls.summary.zh


@pytest.mark.parametrize(
    ("alias", "name"),
    [("mse", "MeanSquaredError"), ("MAE", "MeanAbsoluteError"), ("bce", "BinaryCrossentropy")],
)
def test_aliases_are_those_of_keras(alias, name):
    assert losses.get(alias).__name__ == keras.losses.get(alias).__name__
    assert type(loss_of(alias)).__name__ == name


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
    loss = loss_of(lambda y_true, y_pred: (y_true - y_pred).abs().amax(-1))
    assert loss(torch.zeros(2, 2), torch.tensor([[1.0, -3.0], [2.0, 0.0]])).item() == 2.5


def test_an_unknown_loss_offers_close_names():
    with pytest.raises(ConfigError, match="Did you mean categorical_crossentropy"):
        losses.get("categorical_crosentropy")


def test_class_numbers_given_to_the_one_hot_loss_are_named():
    with pytest.raises(ShapeError, match="Use sparse_categorical_crossentropy"):
        losses.CategoricalCrossentropy()(torch.tensor([1, 2]), torch.rand(2, 3))


def test_one_hot_targets_given_to_the_sparse_loss_are_named():
    with pytest.raises(ShapeError, match="Use categorical_crossentropy for one-hot"):
        losses.SparseCategoricalCrossentropy()(torch.eye(3), torch.rand(3, 3))


@pytest.mark.parametrize("name", losses.LOSSES.names())
def test_parameters_come_in_keras_order(name):
    theirs = list(inspect.signature(getattr(keras.losses, name).__init__).parameters)[1:]
    assert list(losses.LOSSES.get(name).declared_fields) == theirs


@pytest.mark.parametrize("k", [losses, keras.losses], ids=["lamina", "keras"])
def test_arrays_are_measured_in_the_default_type(k):
    y_true, y_pred = np.array([[1.0, 0.0]]), np.array([[0.25, 0.5]])
    loss = k.MeanSquaredError()(y_true, y_pred)
    assert loss.dtype == torch.float32
    assert float(loss) == pytest.approx(0.40625)


def test_tensors_of_double_precision_keep_it():
    y = torch.zeros(2, 3, dtype=torch.float64)
    assert losses.MeanSquaredError()(y, y + 1).dtype == torch.float64
