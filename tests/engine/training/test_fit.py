"""What a user may hand to `fit`, and what comes out."""

import math
import shutil

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

import lamina
from lamina.callbacks import Callback, TerminateOnNaN
from lamina.errors import ConfigError, ShapeError
from lamina.seeds import set_random_seed
from lamina.training.sources import LARGE_BATCH_SIZE, array_source
from lamina.training.steps import CPP_COMPILERS


def network(units=1, activation=None, inputs=(4,), seed=0):
    set_random_seed(seed)
    return lamina.Sequential(
        [lamina.Input(inputs), lamina.layers.Dense(units, activation=activation, name="out")]
    )


def compiled(loss="mse", optimizer="sgd", **network_arguments):
    model = network(**network_arguments)
    model.compile(optimizer, loss)
    return model


def samples(n=20, features=4):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, features)).astype("float32")
    return x, x.sum(1, keepdims=True)


class Batches:
    """A dataset whose items are batches, as Keras' PyDataset."""

    def __init__(self, x, y, size):
        self.x, self.y, self.size, self.epochs_seen = x, y, size, 0

    def __len__(self):
        return math.ceil(len(self.x) / self.size)

    def __getitem__(self, index):
        rows = slice(index * self.size, (index + 1) * self.size)
        return self.x[rows], self.y[rows]

    def on_epoch_end(self):
        self.epochs_seen += 1


class Iterable:
    def __init__(self, batches):
        self.inner = batches

    def __iter__(self):
        return (self.inner[i] for i in range(len(self.inner)))


def endless(batches):
    while True:
        for index in range(len(batches)):
            yield batches[index]


SOURCES = {
    "arrays": lambda x, y: ((x, y), {"batch_size": 8}),
    "tensors": lambda x, y: ((torch.from_numpy(x), torch.from_numpy(y)), {"batch_size": 8}),
    "lists": lambda x, y: ((x.tolist(), y.tolist()), {"batch_size": 8}),
    "double precision": lambda x, y: (
        (x.astype("float64"), y.astype("float64")),
        {"batch_size": 8},
    ),
    "dict": lambda x, y: (({"input": x}, y), {"batch_size": 8}),
    "dataset of batches": lambda x, y: ((Batches(x, y, 8),), {}),
    "iterable": lambda x, y: ((Iterable(Batches(x, y, 8)),), {}),
    "generator": lambda x, y: ((endless(Batches(x, y, 8)),), {"steps_per_epoch": 3}),
    "loader": lambda x, y: (
        (DataLoader(TensorDataset(torch.from_numpy(x), torch.from_numpy(y)), batch_size=8),),
        {},
    ),
    "torch dataset": lambda x, y: (
        (TensorDataset(torch.from_numpy(x), torch.from_numpy(y)),),
        {"batch_size": 8},
    ),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_every_kind_of_data_trains_alike(kind):
    x, y = samples()
    reference = compiled()
    expected = reference.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0).history
    model = compiled()
    if kind == "dict":
        model = lamina.Model(
            start := lamina.Input((4,), name="input"), lamina.layers.Dense(1)(start)
        )
        model.set_weights(compiled().get_weights())
        model.compile("sgd", "mse")
    arguments, keywords = SOURCES[kind](x, y)
    got = model.fit(*arguments, epochs=3, shuffle=False, verbose=0, **keywords).history
    assert got["loss"] == pytest.approx(expected["loss"], rel=1e-5)


def test_a_dataset_of_batches_is_shuffled_by_batch_and_told_of_epochs():
    x, y = samples()
    dataset = Batches(x, y, 5)
    compiled().fit(dataset, epochs=3, verbose=0)
    assert dataset.epochs_seen == 3


def test_a_generator_that_ends_ends_training():
    x, y = samples()
    model = compiled()
    with pytest.warns(UserWarning, match="data ended"):
        history = model.fit((b for b in [(x, y)] * 3), epochs=5, verbose=0)
    assert len(history.history["loss"]) == 1


def test_shuffling_is_by_seed_and_differs_from_epoch_to_epoch():
    model = network()
    x, y = samples(40)

    def order(seed, epoch):
        source, _ = array_source(model, x, y, batch_size=40, shuffle=True, seed=seed)
        return next(source.batches(epoch)).inputs[0]

    assert torch.equal(order(1, 0), order(1, 0))
    assert not torch.equal(order(1, 0), order(1, 1))
    assert not torch.equal(order(1, 0), order(2, 0))


def test_an_epoch_sees_every_sample_once_and_the_last_batch_is_short():
    x, y = samples(23)
    source, _ = array_source(network(), x, y, batch_size=5, shuffle=True, seed=3)
    batches = list(source.batches(0))
    assert [batch.size for batch in batches] == [5, 5, 5, 5, 3]
    seen = torch.cat([batch.inputs[0] for batch in batches])
    assert torch.equal(seen.sort(0).values, torch.from_numpy(x).sort(0).values)


def test_batch_shuffling_keeps_neighbours_together():
    x, y = samples(20)
    source, _ = array_source(network(), x, y, batch_size=5, shuffle="batch", seed=3)
    batches = [batch.inputs[0] for batch in source.batches(0)]
    assert {tuple(b[0].tolist()) for b in batches} == {
        tuple(row.tolist()) for row in torch.from_numpy(x)[::5]
    }


def test_validation_is_the_last_part_before_shuffling():
    x, y = samples(20)
    train, validation = array_source(
        network(), x, y, batch_size=8, shuffle=True, split=0.25, seed=0
    )
    assert torch.equal(next(validation.batches(0)).inputs[0], torch.from_numpy(x)[15:][:8])
    assert sum(batch.size for batch in train.batches(0)) == 15


def test_whole_numbers_stay_small_until_the_batch():
    x = np.arange(80, dtype="uint8").reshape(20, 4)
    source, _ = array_source(network(), x, samples()[1], batch_size=8)
    assert source._columns[0].dtype == torch.uint8
    assert next(source.batches(0)).inputs[0].dtype == torch.float32


@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_seed_gives_the_same_bits(seed):
    def run():
        set_random_seed(seed)
        model = lamina.Sequential(
            [
                lamina.Input((4,)),
                lamina.layers.Dense(8, activation="relu", name="hidden"),
                lamina.layers.Dropout(0.5, name="drop"),
                lamina.layers.Dense(1, name="out"),
            ]
        )
        model.compile("adam", "mse")
        return model.fit(
            *samples(), batch_size=4, epochs=3, verbose=0, validation_split=0.2
        ), model.get_weights()

    (first, weights), (second, others) = run(), run()
    assert first.history == second.history
    assert all(np.array_equal(a, b) for a, b in zip(weights, others, strict=True))


def test_two_fits_have_different_orders():
    set_random_seed(0)
    model = compiled()
    seeds = {model.trainer._draw_order_seed() for _ in range(4)}
    assert len(seeds) == 4


def test_history_answers_to_old_and_new_names():
    model = network(3, "softmax")
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, _ = samples()
    history = model.fit(x, np.arange(20) % 3, epochs=2, validation_split=0.2, verbose=0).history
    assert list(history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert history["acc"] == history["accuracy"]
    assert history["val_acc"] == history["val_accuracy"]
    assert "val_acc" in history
    assert model.history.history is history


def test_a_metric_called_acc_is_logged_as_acc():
    model = network(3, "softmax")
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["acc"])
    history = model.fit(samples()[0], np.arange(20) % 3, verbose=0).history
    assert list(history) == ["acc", "loss"]
    assert history["accuracy"] == history["acc"]


class Watch(Callback):
    def __init__(self):
        super().__init__()
        self.seen, self.lazy, self.tests = [], [], 0

    def on_train_batch_end(self, batch, logs=None):
        self.lazy.append((dict(logs.batch), logs.batch_size))
        self.seen.append((batch, logs["loss"], logs.get("absent")))

    def on_test_begin(self, logs=None):
        self.tests += 1


def test_batch_logs_are_running_means_and_carry_the_batch_itself():
    x, y = samples(20)
    model = network()
    model.compile("sgd", "mse", metrics=["mae"])
    watch = Watch()
    history = model.fit(x, y, batch_size=8, epochs=1, verbose=0, callbacks=[watch])
    assert [batch for batch, *_ in watch.seen] == [0, 1, 2]
    assert [size for _, size in watch.lazy] == [8, 8, 4]
    losses = [values["loss"] for values, _ in watch.lazy]
    assert all(loss.ndim == 0 and not loss.requires_grad for loss in losses)
    running = np.cumsum([float(v) * s for v, s in zip(losses, (8, 8, 4), strict=True)]) / np.cumsum(
        [8, 8, 4]
    )
    assert [loss for _, loss, _ in watch.seen] == pytest.approx(list(running), rel=1e-5)
    assert history.history["loss"] == pytest.approx([running[-1]], rel=1e-5)
    assert set(watch.lazy[0][0]) == {"loss", "mae"}


class StopAt(Callback):
    def __init__(self, batch, at_once=False):
        super().__init__()
        self.batch, self.at_once = batch, at_once

    def on_train_batch_end(self, batch, logs=None):
        if batch == self.batch:
            self.model.stop_training = True
            self.model.stops_without_validation = self.at_once


def test_stopping_at_once_ends_after_the_batch_without_a_validation():
    watch = Watch()
    model = compiled()
    history = model.fit(
        *samples(),
        batch_size=4,
        epochs=9,
        validation_split=0.2,
        verbose=0,
        callbacks=[StopAt(1, at_once=True), watch],
    )
    assert len(watch.seen) == 2
    assert watch.tests == 0
    assert list(history.history) == ["loss"]
    assert model.stop_training


@pytest.mark.parametrize("batch", [1, 3])
def test_stopping_ends_after_the_batch_and_the_validation_of_its_epoch(batch):
    history = compiled().fit(
        *samples(), batch_size=4, epochs=9, validation_split=0.2, verbose=0, callbacks=StopAt(batch)
    )
    assert len(history.history["val_loss"]) == 1


class StopLooking(Callback):
    def __init__(self):
        super().__init__()
        self.seen = []

    def on_test_batch_end(self, batch, logs=None):
        self.seen.append(batch)
        self.model.stop_evaluating = batch == 1

    def on_predict_batch_end(self, batch, logs=None):
        self.seen.append(batch)
        self.model.stop_predicting = batch == 1


def test_evaluation_and_prediction_can_be_stopped():
    model, watch = compiled(), StopLooking()
    x, y = samples()
    model.evaluate(x, y, batch_size=4, verbose=0, callbacks=watch)
    assert len(model.predict(x, batch_size=4, verbose=0, callbacks=watch)) == 8
    assert watch.seen == [0, 1, 0, 1]


@pytest.mark.parametrize(("frequency", "validated"), [(1, 6), (2, 3), ([1, 6], 2)])
def test_validation_frequency(frequency, validated):
    history = compiled().fit(
        *samples(), epochs=6, validation_split=0.2, validation_freq=frequency, verbose=0
    )
    assert len(history.history["val_loss"]) == validated


def test_initial_epoch():
    history = compiled().fit(*samples(), epochs=5, initial_epoch=3, verbose=0)
    assert history.epoch == [3, 4]


def test_evaluation_in_large_batches_gives_the_same_and_a_watching_callback_sees_each_batch():
    class Count(Callback):
        batches = 0

        def on_test_batch_end(self, batch, logs=None):
            self.batches += 1

    x, y = samples(3 * LARGE_BATCH_SIZE + 7)
    model = compiled()
    count = Count()
    merged = model.evaluate(x, y, batch_size=16, verbose=0)
    watched = model.evaluate(x, y, batch_size=16, verbose=0, callbacks=[count])
    assert count.batches == -(-len(x) // 16)
    assert merged == pytest.approx(watched, rel=1e-5)


def test_a_summed_loss_is_evaluated_in_batches_of_the_size_asked_for():
    x, y = samples(64)
    model = network()
    model.compile("sgd", lamina.losses.MeanSquaredError(reduction="sum"))
    by_hand = np.mean(
        [
            np.square(model.predict(x[i : i + 16], verbose=0) - y[i : i + 16]).sum()
            for i in range(0, 64, 16)
        ]
    )
    assert model.evaluate(x, y, batch_size=16, verbose=0) == pytest.approx(by_hand, rel=1e-5)


def test_a_loss_after_a_softmax_is_finite_where_probabilities_round_to_zero():
    model = network(2, "softmax")
    model.set_weights([np.full((4, 2), [[1000.0, -1000.0]], "float32"), np.zeros(2, "float32")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    x = np.ones((1, 4), "float32")
    assert model.evaluate(x, np.array([1]), verbose=0) == pytest.approx(8000.0)


def test_predict_takes_what_fit_takes():
    x, y = samples(20)
    model = network()
    expected = model.predict(x, verbose=0)
    assert expected.shape == (20, 1)
    for data in (
        torch.from_numpy(x),
        x.tolist(),
        Batches(x, y, 8),
        (x[i : i + 8] for i in range(0, 20, 8)),
    ):
        np.testing.assert_allclose(model.predict(data, verbose=0), expected, rtol=1e-6)
    np.testing.assert_allclose(
        model.predict(x[:3], batch_size=1, verbose=0), expected[:3], rtol=1e-6
    )


@pytest.mark.parametrize("names", [["a"], ["a", "b"]])
def test_outputs_by_name_are_predicted_by_name(names):
    start = lamina.Input((3,))
    dense = lamina.layers.Dense(2)(start)
    model = lamina.Model(start, dict.fromkeys(names, dense))
    x = np.ones((5, 3))
    for found in (model.predict(x, verbose=0), model.predict_on_batch(x)):
        assert list(found) == names
        for values in found.values():
            np.testing.assert_allclose(values, model(x)["a"].detach(), rtol=1e-6)


def test_a_single_feature_needs_no_axis():
    model = network(inputs=(1,))
    x = np.linspace(-1, 1, 12).astype("float32")
    model.compile("sgd", "mse")
    model.fit(x, 2 * x, epochs=1, verbose=0)
    assert model.predict(x, verbose=0).shape == (12, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (lambda x, y: {"x": None}, "no data"),
        (lambda x, y: {"x": x, "y": y[:-1]}, "same number of samples"),
        (
            lambda x, y: {"x": x[:, :3], "y": y},
            r"takes \(batch, 4\), got data of shape \(batch, 3\)",
        ),
        (lambda x, y: {"x": x}, "Targets are needed"),
        (
            lambda x, y: {"x": [x, x], "y": y},
            r"takes \(batch, 4\), got data of shape \(batch, 20, 4\)",
        ),
        (lambda x, y: {"x": Batches(x, y, 4), "y": y}, "y goes with arrays only"),
        (
            lambda x, y: {"x": Batches(x, y, 4), "validation_split": 0.1},
            "validation_split goes with arrays only",
        ),
        (lambda x, y: {"x": x, "y": y, "validation_split": 0.99}, "leaves one part empty"),
        (
            lambda x, y: {"x": x, "y": y, "class_weight": {0: 1}, "sample_weight": np.ones(20)},
            "cannot be used together",
        ),
        (lambda x, y: {"x": np.array([["a"] * 4] * 20), "y": y}, "must be numbers"),
        (lambda x, y: {"x": 3, "y": y}, "x must be arrays"),
    ],
)
def test_data_that_does_not_fit_is_named(arguments, message):
    with pytest.raises((ConfigError, ShapeError), match=message):
        compiled().fit(**arguments(*samples()), verbose=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"loss": "msee"}, "Did you mean"),
        ({"loss": "mse", "metrics": ["acuracy"]}, "Did you mean"),
        ({"optimizer": "adaam", "loss": "mse"}, "Did you mean"),
    ],
)
def test_unknown_names_are_refused_when_compiling(arguments, message):
    with pytest.raises(ConfigError, match=message):
        network().compile(**arguments)


def test_a_model_without_a_loss_says_so():
    model = network()
    model.compile("sgd")
    with pytest.raises(ConfigError, match="no loss to minimize"):
        model.fit(*samples(), verbose=0)


def test_losses_for_outputs_that_do_not_exist_are_named():
    model = network()
    model.compile("sgd", {"nope": "mse"})
    with pytest.raises(ConfigError, match="outputs that the model does not have: nope"):
        model.fit(*samples(), verbose=0)


def test_a_model_without_trainable_weights_is_only_measured():
    model = network()
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="no trainable weights"):
        history = model.fit(*samples(), epochs=1, verbose=0)
    assert len(history.history["loss"]) == 1


def test_steps_per_execution_is_said_to_change_nothing():
    with pytest.warns(UserWarning, match="steps_per_execution is accepted"):
        network().compile("sgd", "mse", steps_per_execution=4)


def test_what_compile_was_given_can_be_read():
    model = network()
    model.compile("adam", "mse", metrics=["mae"])
    given = model.trainer.arguments
    assert given["optimizer"] is model.optimizer
    assert (given["loss"], given["metrics"]) == ("mse", ["mae"])
    assert model.loss == "mse"


def test_the_step_reads_nothing_from_the_device(monkeypatch):
    """One look at a value per epoch, however many steps."""
    reads = []
    for name in ("item", "tolist", "numpy", "__float__", "__bool__", "cpu"):
        original = getattr(torch.Tensor, name)

        def counted(self, *args, _original=original, _name=name, **kwargs):
            reads.append(_name)
            return _original(self, *args, **kwargs)

        monkeypatch.setattr(torch.Tensor, name, counted)

    def count(n):
        model = network(3, "softmax")
        model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
        x = np.zeros((n, 4), "float32")
        reads.clear()
        model.fit(x, np.zeros(n, "int64"), batch_size=2, epochs=1, verbose=0)
        return len(reads)

    assert count(200) == count(20)


def test_a_loss_that_is_no_number_stops_training_where_asked(capsys):
    x, y = samples()
    x[7] = np.nan
    model = compiled()
    history = model.fit(
        x, y, batch_size=4, epochs=5, shuffle=False, verbose=0, callbacks=[TerminateOnNaN()]
    )
    assert len(history.history["loss"]) == 1
    assert "NaN or infinite in epoch 1, at batch 2" in capsys.readouterr().out


def test_compiling_without_a_compiler_says_so_and_trains(monkeypatch):
    monkeypatch.setattr("lamina.training.steps.shutil.which", lambda name: None)
    model = network()
    model.compile("sgd", "mse", jit_compile=True)
    with pytest.warns(UserWarning, match="needs a C\\+\\+ compiler"):
        history = model.fit(*samples(), epochs=1, verbose=0)
    assert len(history.history["loss"]) == 1


@pytest.mark.slow
@pytest.mark.skipif(not any(map(shutil.which, CPP_COMPILERS)), reason="needs a C++ compiler")
@pytest.mark.skipif(
    " " in torch.__file__, reason="torch passes its own path to the linker unquoted"
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.soak
def test_a_compiled_step_gives_the_same(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    plain, fast = compiled(), network()
    fast.compile("sgd", "mse", jit_compile=True)
    expected = plain.fit(*samples(), batch_size=5, epochs=3, shuffle=False, verbose=0).history[
        "loss"
    ]
    got = fast.fit(*samples(), batch_size=5, epochs=3, shuffle=False, verbose=0).history["loss"]
    assert got == pytest.approx(expected, rel=1e-5)
