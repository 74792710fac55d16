"""Metrics against real Keras, over drawn shapes, weights and several batches."""

import inspect

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina import metrics
from lamina.errors import ConfigError, NotSupportedError
from lamina.metrics.lookup import metric_of, suiting
from lamina.metrics.running_mean import FOLD_AT, RunningMean
from lamina.naming import clear_session


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
            ("KLDivergence", {}),
            ("CategoricalHinge", {}),
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
            ("MeanAbsolutePercentageError", {}),
            ("MeanSquaredLogarithmicError", {}),
            ("RootMeanSquaredError", {}),
            ("LogCoshError", {}),
            ("CosineSimilarity", {}),
            ("Poisson", {}),
            ("Hinge", {}),
            ("SquaredHinge", {}),
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
    needed = {
        "IoU": {"num_classes": 3, "target_class_ids": [0]},
        "OneHotIoU": {"num_classes": 3, "target_class_ids": [0]},
        "MeanIoU": {"num_classes": 3},
        "OneHotMeanIoU": {"num_classes": 3},
        "SensitivityAtSpecificity": {"specificity": 0.4},
        "SpecificityAtSensitivity": {"sensitivity": 0.4},
        "PrecisionAtRecall": {"recall": 0.4},
        "RecallAtPrecision": {"precision": 0.4},
    }.get(name, {})
    keras.backend.clear_session()
    clear_session()
    cls, theirs = metrics.METRICS.get(name), getattr(keras.metrics, name)(**needed)
    ours = cls(**needed)
    assert ours.name == theirs.name
    assert set(theirs.get_config()) <= set(ours.get_config())
    assert cls.from_config(ours.get_config()).get_config() == ours.get_config()
    assert metrics.deserialize(metrics.serialize(ours)).get_config() == ours.get_config()
    assert metrics.deserialize(keras.metrics.serialize(theirs)).name == theirs.name
    assert float(ours.result()) == 0 if name != "R2Score" else True
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

    metric = metric_of(worst)
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


def float_batches(rng, shape, weighted, *, steps=3):
    """Zeros and ones, predictions with ties at round numbers, and weights."""
    return [
        (
            rng.integers(0, 2, shape).astype("float32"),
            (np.round(rng.uniform(0, 1, shape) * 20) / 20).astype("float32"),
            rng.uniform(0, 2, shape[:1]).astype("float32") if weighted else None,
        )
        for _ in range(steps)
    ]


def agree_on_arrays(name, options, batches, *, least=0):
    ours, theirs = getattr(metrics, name)(**options), getattr(keras.metrics, name)(**options)
    for y_true, y_pred, weight in batches:
        result = ours(y_true.tolist() if weight is None else y_true, y_pred, weight)
        theirs.update_state(y_true, y_pred, weight)
        expected = keras.ops.convert_to_numpy(theirs.result())
        np.testing.assert_allclose(np.asarray(result), expected, rtol=1e-5, atol=1e-6)
    again = getattr(metrics, name).from_config(ours.get_config())
    assert again.get_config() == ours.get_config()
    ours.reset_state()
    ours.update_state(*batches[0])
    theirs.reset_state()
    theirs.update_state(*batches[0])
    expected = keras.ops.convert_to_numpy(theirs.result())
    np.testing.assert_allclose(np.asarray(ours.result()), expected, rtol=1e-5, atol=1e-6)


THRESHOLDS = st.sampled_from(
    [None, 0.3, [0.2, 0.55, 0.9], [0.0, 0.5, 1.0], [0.8, 0.1], [0.0, 0.25, 0.5, 0.75, 1.0]]
)
SHAPES = st.sampled_from([(9,), (9, 1), (6, 4), (4, 3, 2)])


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(
        [
            "Precision",
            "Recall",
            "TruePositives",
            "FalsePositives",
            "TrueNegatives",
            "FalseNegatives",
        ]
    ),
    THRESHOLDS,
    SHAPES,
    seeds,
    st.booleans(),
)
def test_counts_at_thresholds_equal_keras(name, thresholds, shape, seed, weighted):
    weighted = weighted and len(shape) < 3  # Keras cannot broadcast such weights
    batches = float_batches(np.random.default_rng(seed), shape, weighted)
    agree_on_arrays(name, {"thresholds": thresholds}, batches)


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(["Precision", "Recall"]),
    st.sampled_from([None, 1, 2]),
    st.sampled_from([None, 0, 2]),
    seeds,
    st.booleans(),
)
def test_precision_and_recall_of_the_best_classes_equal_keras(name, k, class_id, seed, weighted):
    rng = np.random.default_rng(seed)
    batches = [
        (y_true, rng.permuted(np.tile([0.1, 0.3, 0.6, 0.9], (6, 1)), axis=1).astype("float32"), w)
        for y_true, _, w in float_batches(rng, (6, 4), weighted)
    ]
    agree_on_arrays(name, {"top_k": k, "class_id": class_id}, batches)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["ROC", "PR", "PRGAIN"]),
    st.sampled_from(["interpolation", "minoring", "majoring"]),
    st.sampled_from(
        [{}, {"num_thresholds": 7}, {"thresholds": [0.1, 0.35, 0.8]}, {"thresholds": [0.5]}]
    ),
    st.sampled_from(["flat", "multi", "multi weighted", "weighted", "logits"]),
    seeds,
    st.booleans(),
)
def test_auc_equals_keras(curve, method, points, kind, seed, weighted):
    rng = np.random.default_rng(seed)
    options = {"curve": curve, "summation_method": method, **points}
    options["multi_label"] = "multi" in kind
    options["from_logits"] = kind == "logits"
    if "weighted" in kind:
        options["label_weights"] = [0.2, 0.5, 0.3]
    agree_on_arrays("AUC", options, float_batches(rng, (12, 3), weighted))


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(
        [
            ("SensitivityAtSpecificity", "specificity"),
            ("SpecificityAtSensitivity", "sensitivity"),
            ("PrecisionAtRecall", "recall"),
            ("RecallAtPrecision", "precision"),
        ]
    ),
    st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0]),
    st.sampled_from([1, 2, 5, 200]),
    st.sampled_from([None, 1]),
    seeds,
    st.booleans(),
)
def test_best_rates_equal_keras(case, least, count, class_id, seed, weighted):
    name, parameter = case
    weighted = weighted and 0 < least < 1  # sums of weights that differ by a rounding decide there
    options = {parameter: least, "num_thresholds": count, "class_id": class_id}
    agree_on_arrays(name, options, float_batches(np.random.default_rng(seed), (9, 2), weighted))


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from([None, "micro", "macro", "weighted"]),
    st.sampled_from([None, 0.5]),
    st.sampled_from([None, 0.5, 2.0]),
    seeds,
    st.booleans(),
)
def test_f_scores_equal_keras(average, threshold, beta, seed, weighted):
    options = {"average": average, "threshold": threshold}
    batches = float_batches(np.random.default_rng(seed), (7, 3), weighted)
    if beta is None:
        agree_on_arrays("F1Score", options, batches)
    else:
        agree_on_arrays("FBetaScore", {**options, "beta": beta}, batches)


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from([None, "uniform_average", "variance_weighted_average"]),
    st.sampled_from([0, 2]),
    seeds,
    st.booleans(),
)
def test_r2_equals_keras(aggregation, regressors, seed, weighted):
    rng = np.random.default_rng(seed)
    batches = [
        (rng.normal(size=(8, 3)).astype("float32"), *batch[1:])
        for batch in float_batches(rng, (8, 3), weighted)
    ]
    options = {"class_aggregation": aggregation, "num_regressors": regressors}
    agree_on_arrays("R2Score", options, batches)


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(["PearsonCorrelation", "ConcordanceCorrelation"]),
    st.sampled_from([-1, 0]),
    seeds,
)
def test_correlations_equal_keras(name, axis, seed):
    rng = np.random.default_rng(seed)
    batches = [(*rng.normal(size=(2, 6, 5)).astype("float32"), None) for _ in range(2)]
    agree_on_arrays(name, {"axis": axis}, batches)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU", "BinaryIoU"]),
    st.sampled_from([None, 0]),
    st.sampled_from([None, "float32"]),
    seeds,
    st.booleans(),
)
def test_overlaps_equal_keras(name, ignored, dtype, seed, weighted):
    rng = np.random.default_rng(seed)
    options = {"dtype": dtype}
    if name == "BinaryIoU":
        options["threshold"] = 0.4
    else:
        options |= {"num_classes": 3, "ignore_class": ignored}
    if name in ("IoU", "OneHotIoU"):
        options["target_class_ids"] = [0, 2]
    batches = []
    for _ in range(3):
        y_true, y_pred = rng.integers(0, 3, (2, 10))
        if name == "BinaryIoU":
            y_true, y_pred = y_true % 2, rng.uniform(size=10).astype("float32")
        elif name.startswith("OneHot"):
            y_true = np.eye(3, dtype="float32")[y_true]
            y_pred = rng.uniform(size=(10, 3)).astype("float32")
        weight = rng.integers(0, 3, 10) if weighted else None
        batches.append((y_true, y_pred, weight))
    agree_on_arrays(name, options, batches)


@settings(max_examples=20, deadline=None)
@given(seeds, st.sampled_from(["none", "sample", "position"]), st.sampled_from([(6,), (4, 3)]))
def test_sum_equals_keras(seed, kind, leading):
    rng = np.random.default_rng(seed)
    ours, theirs = metrics.Sum(), keras.metrics.Sum()
    for _ in range(3):
        values, weight = rng.normal(size=leading).astype("float32"), weights(rng, leading, kind)
        ours.update_state(values, weight)
        theirs.update_state(values, weight)
    assert value(ours.result()) == pytest.approx(value(theirs.result()), rel=1e-5, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(["MeanSquaredError", "SparseCategoricalAccuracy", "CategoricalHinge"]),
    seeds,
    st.booleans(),
)
def test_masks_of_predictions_count_as_in_keras(name, seed, weighted):
    ours, theirs = getattr(metrics, name)(), getattr(keras.metrics, name)()
    for metric in (theirs, ours):
        inner = np.random.default_rng(seed)
        for _ in range(2):
            y_pred = torch.from_numpy(inner.normal(size=(4, 3, 5)).astype("float32"))
            y_pred._keras_mask = torch.from_numpy(inner.random((4, 3)) < 0.6)
            y_true = inner.integers(0, 2, (4, 3, 5)).astype("float32")
            y_true = y_true[..., 0] if name.startswith("Sparse") else y_true
            weight = inner.uniform(size=(4, 3)).astype("float32") if weighted else None
            metric.update_state(torch.from_numpy(y_true), y_pred, weight)
    assert value(ours.result()) == pytest.approx(value(theirs.result()), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("binary_accuracy", "one_hot"),
        ("categorical_accuracy", "one_hot"),
        ("sparse_categorical_accuracy", "index"),
        ("top_k_categorical_accuracy", "one_hot"),
        ("sparse_top_k_categorical_accuracy", "index"),
        ("pearson_correlation", "one_hot"),
        ("concordance_correlation", "one_hot"),
    ],
)
def test_functions_take_arrays_and_lists_as_those_of_keras(name, kind):
    rng = np.random.default_rng(1)
    y_pred = rng.dirichlet(np.ones(7), 9).astype("float32")
    classes = rng.integers(0, 7, 9)
    y_true = classes if kind == "index" else np.eye(7, dtype="float32")[classes]
    expected = getattr(keras.metrics, name)(torch.from_numpy(y_true), torch.from_numpy(y_pred))
    for give in (np.asarray, np.ndarray.tolist, torch.from_numpy):
        got = getattr(metrics, name)(give(y_true), give(y_pred))
        torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-6)


class OwnPositives:
    """As in Keras' guides, for either library."""

    def __new__(cls, module, ops):
        class Positives(module.Metric):
            def __init__(self, name="own_positives", **kwargs):
                super().__init__(name=name, **kwargs)
                self.found = self.add_weight(name="found", initializer="zeros")
                self.seen = self.add_variable(shape=(2,), initializer="zeros", name="seen")
                self.inner = module.Sum()

            def update_state(self, y_true, y_pred, sample_weight=None):
                y_pred = ops.reshape(ops.argmax(y_pred, 1), (-1, 1))
                right = ops.where(ops.reshape(y_true, (-1, 1)) == y_pred, 1.0, 0.0)
                self.found.assign_add(ops.sum(right))
                self.seen.assign(self.seen + ops.ones(2) * len(right))
                self.inner.update_state(right)

            def result(self):
                return self.found / self.seen[0] + self.inner.result()

        return Positives()


def test_a_metric_of_ones_own_works_as_in_keras():
    ours, theirs = OwnPositives(metrics, torch), OwnPositives(keras.metrics, keras.ops)
    assert ours.name == theirs.name
    rng = np.random.default_rng(5)
    for _ in range(3):
        y_true, y_pred = (
            torch.from_numpy(rng.integers(0, 3, 8)),
            torch.from_numpy(rng.random((8, 3))),
        )
        assert float(ours(y_true, y_pred)) == pytest.approx(float(theirs(y_true, y_pred)))
    assert [v.numpy().tolist() for v in ours.variables] == [
        v.numpy().tolist() for v in theirs.variables
    ]
    ours.reset_state()
    assert not any(v.numpy().any() for v in ours.variables)


def test_a_metric_of_ones_own_must_begin_at_its_base():
    class Early(metrics.Metric):
        def __init__(self):
            self.x = self.add_weight()

    with pytest.raises(ConfigError, match="must call super"):
        Early()


def test_state_that_is_handed_around_is_refused_in_words():
    with pytest.raises(NotSupportedError, match="call update_state"):
        metrics.AUC().stateless_update_state([], [0], [0])


def test_every_metric_of_keras_is_there():
    public = {name for name in dir(keras.metrics) if not name.startswith("_")}
    assert public <= set(dir(metrics))


@pytest.mark.parametrize(
    "name", ["auc", "f1_score", "mean_io_u", "r2_score", "log_cosh_error", "MSLE"]
)
def test_names_of_keras_are_understood(name):
    if name in ("mean_io_u",):
        assert type(
            keras.metrics.get({"class_name": "MeanIoU", "config": {"num_classes": 2}})
        ).__name__ == (metrics.METRICS.canonical(name))
    else:
        assert type(metrics.get(name)).__name__ == type(keras.metrics.get(name)).__name__


@pytest.mark.parametrize("name", metrics.METRICS.names())
def test_parameters_come_in_keras_order(name):
    theirs = list(inspect.signature(getattr(keras.metrics, name).__init__).parameters)[1:]
    assert list(metrics.METRICS.get(name).declared_fields) == theirs
