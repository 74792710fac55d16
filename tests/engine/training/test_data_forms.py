"""Every form that data may have gives the history that it gives in Keras."""

import itertools
import threading

import keras
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, TensorDataset

import lamina
from lamina.errors import ConfigError
from lamina.training.workers import read_in_order

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Your input ran out of data:UserWarning"),  # Keras' own
    pytest.mark.filterwarnings("ignore:The data ended after:UserWarning"),  # and this library's
]

N, FEATURES, CLASSES, SIZE = 23, 5, 3, 4
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(N, FEATURES)).astype("float32")
Y = np.eye(CLASSES, dtype="float32")[RANDOM.integers(0, CLASSES, N)]
W = RANDOM.uniform(0.1, 2, N).astype("float32")
VALIDATION = (X[::-2].copy(), Y[::-2].copy(), W[::-2].copy())
CLASS_WEIGHT = {0: 0.5, 1: 2.0, 2: 1.0}


def branching_of(k):
    """Two inputs and two outputs, by name."""
    a, b = k.Input((FEATURES,), name="a"), k.Input((2,), name="b")
    hidden = k.layers.Dense(6, activation="relu")(k.layers.Concatenate()([a, b]))
    p = k.layers.Dense(CLASSES, activation="softmax", name="p")(hidden)
    q = k.layers.Dense(1, activation="sigmoid", name="q")(hidden)
    model = k.Model({"a": a, "b": b}, {"p": p, "q": q})
    random = np.random.default_rng(1)
    model.set_weights(
        [random.normal(0, 0.5, w.shape).astype("float32") for w in model.get_weights()]
    )
    model.compile(
        "sgd",
        loss={"p": "categorical_crossentropy", "q": "binary_crossentropy"},
        metrics={"p": ["accuracy"], "q": ["mae"]},
    )
    return model


def model_of(k):
    model = k.Sequential(
        [
            k.layers.Input((FEATURES,)) if k is keras else k.Input((FEATURES,)),
            k.layers.Dense(6, activation="relu"),
            k.layers.Dense(CLASSES, activation="softmax"),
        ]
    )
    random = np.random.default_rng(1)
    model.set_weights(
        [random.normal(0, 0.5, w.shape).astype("float32") for w in model.get_weights()]
    )
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"], weighted_metrics=["mae"])
    return model


def batches(*columns, as_tensors=False):
    for start in range(0, N, SIZE):
        batch = tuple(column[start : start + SIZE] for column in columns)
        yield tuple(map(torch.as_tensor, batch)) if as_tensors else batch


def endless(*columns, **options):
    return (b for _ in itertools.count() for b in batches(*columns, **options))


def dataset_of(k, *columns, **options):
    class Made(k.utils.PyDataset):
        def __init__(self):
            super().__init__(**options)
            self.batches = list(batches(*columns))
            self.begun = self.ended = 0

        def __len__(self):
            return len(self.batches)

        def __getitem__(self, index):
            return self.batches[index]

        def on_epoch_begin(self):
            self.begun += 1

        def on_epoch_end(self):
            self.ended += 1

    return Made()


def endless_dataset_of(k):
    class Made(k.utils.PyDataset):
        num_batches = None

        def __getitem__(self, index):
            return list(batches(X, Y))[index % 6]

    return Made()


def loader():
    return DataLoader(TensorDataset(torch.tensor(X), torch.tensor(Y)), batch_size=SIZE)


FORMS = {
    "arrays": lambda k: {"x": X, "y": Y},
    "tensors": lambda k: {"x": torch.tensor(X), "y": torch.tensor(Y), "batch_size": 5},
    "double precision": lambda k: {"x": X.astype("float64"), "y": Y.astype("float64")},
    "yes and no": lambda k: {"x": (abs(X)).astype("uint8"), "y": Y.astype(bool)},
    "class weights": lambda k: {"x": X, "y": Y, "class_weight": CLASS_WEIGHT},
    "some class weights": lambda k: {"x": X, "y": Y, "class_weight": {0: 0.5}},
    "sample weights": lambda k: {"x": X, "y": Y, "sample_weight": W, "batch_size": SIZE},
    "a column of weights": lambda k: {"x": X, "y": Y, "sample_weight": W[:, None]},
    "split": lambda k: {"x": X, "y": Y, "validation_split": 0.3, "sample_weight": W},
    "split and class weights": lambda k: {
        "x": X, "y": Y, "validation_split": 0.3, "class_weight": CLASS_WEIGHT,
    },
    "split beside data": lambda k: {
        "x": X, "y": Y, "validation_split": 0.3, "validation_data": VALIDATION[:2],
    },
    "weighted validation now and then": lambda k: {
        "x": X, "y": Y, "validation_data": VALIDATION, "validation_freq": 2,
    },
    "validation in chosen epochs": lambda k: {
        "x": X, "y": Y, "validation_data": list(VALIDATION[:2]), "validation_freq": [1, 3],
    },
    "some steps of validation": lambda k: {
        "x": X, "y": Y, "batch_size": 6, "validation_data": VALIDATION, "validation_steps": 2,
        "validation_batch_size": 3,
    },
    "fewer steps": lambda k: {"x": X, "y": Y, "batch_size": SIZE, "steps_per_epoch": 2},
    "more steps": lambda k: {"x": X, "y": Y, "steps_per_epoch": 2},
    "later epochs": lambda k: {"x": X, "y": Y, "initial_epoch": 1},
    "generator": lambda k: {"x": endless(X, Y), "steps_per_epoch": 4},
    "generator of tensors": lambda k: {"x": endless(X, Y, as_tensors=True), "steps_per_epoch": 4},
    "generator with weights": lambda k: {"x": endless(X, Y, W), "steps_per_epoch": 4},
    "generator of one epoch": lambda k: {"x": batches(X, Y), "epochs": 1},
    "dataset": lambda k: {"x": dataset_of(k, X, Y)},
    "dataset with weights": lambda k: {"x": dataset_of(k, X, Y, W)},
    "dataset and class weights": lambda k: {
        "x": dataset_of(k, X, Y), "class_weight": CLASS_WEIGHT,
    },
    "dataset by steps": lambda k: {"x": dataset_of(k, X, Y), "steps_per_epoch": 4},
    "dataset for both": lambda k: {
        "x": dataset_of(k, X, Y), "validation_data": dataset_of(k, X, Y),
        "validation_steps": 2,
    },
    "endless dataset": lambda k: {"x": endless_dataset_of(k), "steps_per_epoch": 4},
    "loader": lambda k: {"x": loader(), "validation_data": loader()},
    "loader by steps": lambda k: {"x": loader(), "steps_per_epoch": 4},
}  # fmt: skip


INPUTS = {"a": X, "b": X[:, :2]}
TARGETS = {"p": Y, "q": Y[:, :1]}
WEIGHTS = {"p": W, "q": W[::-1].copy()}


class NamedSamples(Dataset):
    def __len__(self):
        return N

    def __getitem__(self, index):
        return tuple({n: v[index] for n, v in part.items()} for part in (INPUTS, TARGETS))


def named_batches(*parts):
    for start in itertools.cycle(range(0, N, SIZE)):
        yield tuple({n: v[start : start + SIZE] for n, v in part.items()} for part in parts)


NAMED_FORMS = {
    "dicts": lambda: {"x": INPUTS, "y": TARGETS},
    "dicts in another order": lambda: {
        "x": dict(reversed(INPUTS.items())), "y": dict(reversed(TARGETS.items())),
    },
    "weights by output": lambda: {"x": INPUTS, "y": TARGETS, "sample_weight": WEIGHTS},
    "split": lambda: {"x": INPUTS, "y": TARGETS, "validation_split": 0.3},
    "validation": lambda: {"x": INPUTS, "y": TARGETS, "validation_data": (INPUTS, TARGETS, WEIGHTS)},
    "generator": lambda: {"x": named_batches(INPUTS, TARGETS), "steps_per_epoch": 4},
    "weighted generator": lambda: {
        "x": named_batches(INPUTS, TARGETS, WEIGHTS), "steps_per_epoch": 4,
    },
    "loader": lambda: {"x": DataLoader(NamedSamples(), batch_size=SIZE)},
}  # fmt: skip


@pytest.mark.parametrize("form", NAMED_FORMS)
def test_named_inputs_and_outputs_give_keras_history(form):
    ours, theirs = (
        branching_of(k).fit(**NAMED_FORMS[form](), epochs=2, verbose=0, shuffle=False)
        for k in (lamina, keras)
    )
    assert list(ours.history) == list(theirs.history)
    for name, values in theirs.history.items():
        assert ours.history[name] == pytest.approx(values, rel=2e-4, abs=1e-5), name


@pytest.mark.parametrize("form", FORMS)
def test_fit_gives_keras_history(form):
    histories, weights = [], []
    for k in (lamina, keras):
        model = model_of(k)
        options = {"epochs": 3, "verbose": 0, "shuffle": False, **FORMS[form](k)}
        histories.append(model.fit(options.pop("x"), options.pop("y", None), **options))
        weights.append(model.get_weights())
    ours, theirs = histories
    assert list(ours.history) == list(theirs.history)
    assert ours.epoch == theirs.epoch
    for name, values in theirs.history.items():
        assert ours.history[name] == pytest.approx(values, rel=2e-4, abs=1e-5), name
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (lambda k: (X, Y), {"sample_weight": W, "batch_size": SIZE}),
        (lambda k: (X, Y), {"batch_size": SIZE, "steps": 2}),
        (lambda k: (batches(X, Y),), {}),
        (lambda k: (endless(X, Y),), {"steps": 3}),
        (lambda k: (dataset_of(k, X, Y, W),), {"steps": 2}),
        (lambda k: (loader(),), {}),
    ],
)
def test_evaluate_and_predict_give_what_keras_gives(make, options):
    ours, theirs = model_of(lamina), model_of(keras)
    assert ours.evaluate(*make(lamina), verbose=0, **options) == pytest.approx(
        theirs.evaluate(*make(keras), verbose=0, **options), rel=2e-4, abs=1e-5
    )
    options = {name: value for name, value in options.items() if name != "sample_weight"}
    np.testing.assert_allclose(
        ours.predict(make(lamina)[0], verbose=0, **options),
        theirs.predict(make(keras)[0], verbose=0, **options),
        rtol=1e-4,
        atol=1e-5,
    )


def test_a_torch_dataset_of_samples_is_batched():
    class Samples(Dataset):
        def __len__(self):
            return N

        def __getitem__(self, index):
            return X[index], Y[index]

    ours, theirs = model_of(lamina), model_of(keras)
    a = ours.fit(Samples(), batch_size=SIZE, shuffle=False, verbose=0)
    b = theirs.fit(X, Y, batch_size=SIZE, shuffle=False, verbose=0)
    assert a.history["loss"] == pytest.approx(b.history["loss"], rel=1e-4)


def test_a_dataset_is_told_of_each_epoch():
    data = dataset_of(lamina, X, Y)
    model_of(lamina).fit(data, epochs=3, verbose=0)
    assert (data.begun, data.ended) == (3, 3)


@pytest.mark.parametrize(
    "options",
    [
        {"workers": 3},
        {"workers": 2, "max_queue_size": 1},
        {"workers": 2, "use_multiprocessing": True, "max_queue_size": 3},
    ],
)
def test_workers_change_nothing_but_the_time(options):
    ours, plain = model_of(lamina), model_of(lamina)
    a = ours.fit(dataset_of(lamina, X, Y, **options), epochs=2, shuffle=False, verbose=0)
    b = plain.fit(dataset_of(lamina, X, Y), epochs=2, shuffle=False, verbose=0)
    assert a.history == b.history


class Watched:
    """Batches that tell how many threads read them at once, and which were read."""

    workers, max_queue_size = 2, 3

    def __init__(self):
        self.read = []
        self.both = threading.Barrier(2)

    def __getitem__(self, index):
        self.read.append(index)
        if index < 2:
            self.both.wait(10)  # passes only when two threads are here
        return index


def test_threads_read_ahead_as_far_as_they_may_and_stop_with_their_reader():
    data = Watched()
    reading = read_in_order(data, itertools.count())
    assert [next(reading) for _ in range(4)] == [0, 1, 2, 3]
    reading.close()
    assert max(data.read) <= 3 + Watched.max_queue_size
    assert threading.active_count() < 20


def test_a_mistake_in_a_worker_is_the_callers():
    class Broken:
        workers = 2

        def __getitem__(self, index):
            raise KeyError("no such picture")

    with pytest.raises(KeyError, match="no such picture"):
        list(read_in_order(Broken(), range(4)))


def test_weights_that_do_not_fit_are_said():
    model = lamina.Sequential(
        [lamina.Input((4, FEATURES)), lamina.layers.Dense(CLASSES, activation="softmax")]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y = np.ones((N, 4, FEATURES), "float32"), RANDOM.integers(0, CLASSES, (N, 4))
    for options in ({"class_weight": CLASS_WEIGHT}, {"sample_weight": np.ones((N, 3))}):
        with pytest.raises(ConfigError, match="do not fit the targets"):
            model.fit(x, y, verbose=0, **options)
    model.fit(x, y, verbose=0, sample_weight=np.ones((N, 4)))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"x": X, "y": Y, "class_weight": CLASS_WEIGHT, "sample_weight": W}, "together"),
        ({"x": endless(X, Y), "y": Y}, "y goes with arrays only"),
        ({"x": endless(X, Y), "sample_weight": W}, "sample_weight goes with arrays only"),
        ({"x": endless(X, Y), "validation_split": 0.2}, "validation_split goes with arrays only"),
        ({"x": loader(), "y": Y}, "y goes with arrays only"),
        ({"x": dataset_of(lamina, X, Y, W), "class_weight": CLASS_WEIGHT}, "together"),
        ({"x": X, "y": Y[:5]}, "same number of samples"),
        ({"x": X[:0], "y": Y[:0]}, "no samples"),
    ],
)
def test_what_does_not_go_together_is_said(options, complaint):
    with pytest.raises(ConfigError, match=complaint):
        model_of(lamina).fit(steps_per_epoch=2, verbose=0, **options)
