"""Callbacks on real, small trainings; those that decide are compared with real Keras on the same logs."""

import csv
import io
import re
from itertools import pairwise

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import lamina
from lamina import callbacks
from lamina.callbacks import bars, progbar_logger
from lamina.callbacks.callback_list import CallbackList
from lamina.errors import ConfigError


class FakeMetric:
    def __init__(self, name, direction):
        self.name, self.direction, self._direction = name, direction, direction


class FakeModel:
    """Enough of a model for callbacks that look at logs."""

    def __init__(self):
        self.stop_training = False
        self.metrics = [FakeMetric("accuracy", "up"), FakeMetric("mae", "down")]
        self.optimizer = lamina.optimizers.SGD(0.5)
        self.weights = 0
        self.saved = []

    def get_weights(self):
        return [np.array(self.weights)]

    def set_weights(self, weights):
        self.weights = int(weights[0])

    def save(self, path, overwrite=True):
        self.saved.append(str(path))

    save_weights = save


def drive(callback, model, logs_by_epoch):
    """Run the hooks of epochs as a training would; how many epochs ran."""
    callback.set_model(model)
    callback.on_train_begin({})
    for epoch, logs in enumerate(logs_by_epoch):
        callback.on_epoch_begin(epoch, {})
        model.weights = epoch
        callback.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    callback.on_train_end({})
    return epoch + 1


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=12),
    st.integers(0, 3),
    st.sampled_from([0, 1.0]),
    st.sampled_from([None, 3.0]),
    st.booleans(),
    st.integers(0, 2),
    st.sampled_from([("val_loss", "auto"), ("accuracy", "auto"), ("mae", "min")]),
)
def test_early_stopping_decides_as_keras(
    values, patience, min_delta, baseline, restore, start, watched
):
    monitor, mode = watched
    options = {
        "monitor": monitor, "mode": mode, "patience": patience, "min_delta": min_delta, "baseline": baseline,
        "restore_best_weights": restore, "start_from_epoch": start,
    }  # fmt: skip
    logs = [{monitor: float(value)} for value in values]
    ours, theirs = FakeModel(), FakeModel()
    a = drive(callbacks.EarlyStopping(**options), ours, logs)
    their_callback = keras.callbacks.EarlyStopping(**options)
    if monitor == "accuracy":
        their_callback.mode = "max"  # what Keras finds out from its own kind of metric
    b = drive(their_callback, theirs, logs)
    assert a == b
    assert ours.weights == theirs.weights


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=12),
    st.integers(1, 3),
    st.integers(0, 2),
    st.sampled_from([0.0, 0.1]),
)
def test_a_plateau_lowers_the_rate_as_in_keras(values, patience, cooldown, min_lr):
    options = {
        "monitor": "val_loss",
        "patience": patience,
        "cooldown": cooldown,
        "min_lr": min_lr,
        "factor": 0.5,
    }
    ours, theirs = FakeModel(), FakeModel()
    theirs.optimizer = keras.optimizers.SGD(0.5)
    drive(callbacks.ReduceLROnPlateau(**options), ours, [{"val_loss": float(v)} for v in values])
    drive(
        keras.callbacks.ReduceLROnPlateau(**options),
        theirs,
        [{"val_loss": float(v)} for v in values],
    )
    assert float(ours.optimizer.learning_rate) == pytest.approx(
        float(theirs.optimizer.learning_rate)
    )


def small_model(loss="mse", **compile_arguments):
    lamina.utils.set_random_seed(0)
    model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(1, name="out")])
    model.compile("sgd", loss, **compile_arguments)
    return model


def samples(n=12):
    x = np.random.default_rng(0).normal(size=(n, 3)).astype("float32")
    return x, x[:, :1]


def fit(*given, epochs=2, model=None, **arguments):
    model = model or small_model()
    return model, model.fit(
        *samples(), batch_size=4, epochs=epochs, verbose=0, callbacks=list(given), **arguments
    )


def test_the_rate_of_the_epoch_is_in_the_history():
    _, history = fit(
        callbacks.ReduceLROnPlateau(monitor="loss", patience=1, min_delta=100.0), epochs=3
    )
    assert history.history["learning_rate"] == pytest.approx([0.01, 0.01, 0.001])


@pytest.mark.parametrize(
    "schedule", [lambda epoch: 0.1 / (epoch + 1), lambda epoch, rate: 0.1 / (epoch + 1)]
)
def test_a_schedule_of_epochs_may_take_the_rate_or_not(schedule):
    _, history = fit(callbacks.LearningRateScheduler(schedule), epochs=3)
    assert history.history["learning_rate"] == pytest.approx([0.1, 0.05, 0.1 / 3])


@pytest.mark.parametrize("rate", [None, "0.1", True, float("nan"), -0.1, float("inf")])
def test_a_schedule_that_gives_no_rate_is_named(rate):
    with pytest.raises(
        ConfigError, match=rf"must give a number from 0 on, got {rate!r} for epoch 0"
    ):
        fit(callbacks.LearningRateScheduler(lambda epoch: rate))


@pytest.mark.parametrize(
    ("schedule", "shown"),
    [
        (lamina.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9), "ExponentialDecay"),
        (0.1, "0.1"),
        ("step", "'step'"),
    ],
)
def test_a_schedule_of_epochs_is_a_function(schedule, shown):
    said = rf"is a function \(epoch, rate\) -> rate, got {shown}. A schedule object .* optimizer"
    with pytest.raises(ConfigError, match=said):
        callbacks.LearningRateScheduler(schedule)


def test_checkpoints_are_named_by_epoch_and_logs(tmp_path):
    path = str(tmp_path / "sub" / "{epoch:02d}-{loss:.2f}.keras")
    _, history = fit(callbacks.ModelCheckpoint(path), epochs=2)
    names = sorted(p.name for p in (tmp_path / "sub").iterdir())
    assert names == [f"0{i + 1}-{loss:.2f}.keras" for i, loss in enumerate(history.history["loss"])]


def test_only_better_models_are_kept():
    model = FakeModel()
    checkpoint = callbacks.ModelCheckpoint("{epoch}.keras", monitor="accuracy", save_best_only=True)
    drive(checkpoint, model, [{"accuracy": value} for value in (0.5, 0.4, 0.6, 0.6)])
    assert model.saved == ["1.keras", "3.keras"]


def test_checkpoints_can_count_batches():
    model = FakeModel()
    checkpoint = callbacks.ModelCheckpoint(
        "{epoch}-{batch}.weights.h5", save_weights_only=True, save_freq=2
    )
    checkpoint.set_model(model)
    for epoch in range(2):
        checkpoint.on_epoch_begin(epoch)
        for batch in range(3):
            checkpoint.on_train_batch_end(batch, {"loss": 1.0})
        checkpoint.on_epoch_end(epoch, {"loss": 1.0})
    assert model.saved == ["1-2.weights.h5", "2-1.weights.h5", "2-3.weights.h5"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: callbacks.ModelCheckpoint("model.zip"), "must end in .keras or .h5"),
        (
            lambda: callbacks.ModelCheckpoint("a.keras", save_weights_only=True),
            "must end in .weights.h5",
        ),
        (lambda: callbacks.ReduceLROnPlateau(factor=1.0), "factor must be below 1"),
        (lambda: callbacks.LambdaCallback(on_epoch_ende=print), 'no hook "on_epoch_ende"'),
        (lambda: CallbackList([callbacks.History]), "A callback is an object"),
        (lambda: CallbackList([3]), "A callback is an object"),
    ],
)
def test_bad_options_are_named(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


def test_what_cannot_be_judged_asks_for_a_mode():
    stopping = callbacks.EarlyStopping(monitor="strange")
    with pytest.raises(ConfigError, match="Set mode to min or max"):
        drive(stopping, FakeModel(), [{"strange": 1.0}, {"strange": 2.0}])


def test_what_is_not_logged_is_warned_about():
    with pytest.warns(UserWarning, match='watches "val_loss", which is not in the logs: loss'):
        drive(callbacks.EarlyStopping(), FakeModel(), [{"loss": 1.0}])


def test_old_names_can_be_monitored():
    model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, _ = samples()
    stopping = callbacks.EarlyStopping(monitor="val_acc", patience=1, min_delta=2.0)
    history = model.fit(
        x, np.arange(12) % 2, epochs=9, validation_split=0.5, verbose=0, callbacks=[stopping]
    )
    assert len(history.epoch) == 2


def test_csv_rows(tmp_path):
    path = tmp_path / "log.csv"
    fit(callbacks.CSVLogger(path), epochs=2)
    fit(callbacks.CSVLogger(path, append=True), epochs=1)
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [row["epoch"] for row in rows] == ["0", "1", "0"]
    assert float(rows[0]["loss"]) == pytest.approx(float(rows[2]["loss"]))


def test_functions_as_callbacks():
    seen = []
    _, history = fit(
        callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: seen.append((epoch, logs["loss"])),
            on_test_end=lambda logs: seen.append("test"),
        ),
        epochs=2,
        validation_split=0.5,
    )
    assert seen[0] == seen[2] == "test"
    assert [entry[1] for entry in seen[1::2]] == history.history["loss"]


def test_hooks_come_in_keras_order():
    calls = []

    def recorder(base):
        class Recorder(base):
            def __getattribute__(self, name):
                if name.startswith("on_") and "batch" not in name:
                    return lambda *args: calls.append((name, sorted(args[-1])))
                return super().__getattribute__(name)

        return Recorder()

    fit(recorder(callbacks.Callback), epochs=2, validation_split=0.5)
    ours, calls = calls, []
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(
        *samples(),
        epochs=2,
        validation_split=0.5,
        verbose=0,
        callbacks=[recorder(keras.callbacks.Callback)],
    )
    assert ours == calls


def test_what_has_no_logs_yet_gets_empty_ones():
    class Look(callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.seen = []

        def on_train_batch_begin(self, batch, logs=None):
            self.seen.append(list(logs.keys()))

    look = Look()
    fit(look, epochs=1)
    assert look.seen == [[]] * 3


def test_a_callback_sees_the_params_of_keras():
    class Look(callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.seen = dict(self.params)

    look = Look()
    fit(look, epochs=3)
    assert look.seen == {"epochs": 3, "steps": 3, "verbose": 0}


def test_the_short_names_of_batch_hooks_are_called():
    class Short(callbacks.Callback):
        batches = 0

        def on_batch_end(self, batch, logs=None):
            self.batches += 1

    short = Short()
    fit(short, epochs=2)
    assert short.batches == 6


def test_hooks_that_nobody_overrides_are_not_called():
    listeners = CallbackList([callbacks.History(), callbacks.EarlyStopping()])
    assert listeners._train_batch_end == listeners._test_batch_end == []


class Infinite(callbacks.Callback):
    """Ruins the weights so that the loss of the next batch is not finite."""

    def on_train_batch_end(self, batch, logs=None):
        if batch == 0:
            self.model.set_weights([np.full((3, 1), np.inf), np.zeros(1)])


def test_a_loss_that_is_no_number_stops_or_raises(capsys):
    _, history = fit(Infinite(), callbacks.TerminateOnNaN(), epochs=5)
    assert len(history.epoch) == 1
    assert "epoch 1, at batch 2" in capsys.readouterr().out
    with pytest.raises(callbacks.NonFiniteLossError, match="Try a smaller learning rate") as raised:
        fit(Infinite(), callbacks.TerminateOnNaN(raise_error=True))
    assert (raised.value.epoch, raised.value.step) == (1, 2)


def test_losses_of_a_gpu_are_looked_at_together():
    """Where looking waits for the device, several batches are looked at at once and the first bad one is named."""

    class Logs(dict):
        def __init__(self, value):
            self.batch = {"loss": torch.tensor(value, device="cpu")}

    class OnDevice(callbacks.TerminateOnNaN):
        looks = 0

        def _look(self, batch):
            self.looks += 1
            super()._look(batch)

    callback = OnDevice(raise_error=True)
    callback.set_model(FakeModel())
    callback.on_epoch_begin(2)
    callback._unseen = [torch.tensor(1.0), torch.tensor(float("nan")), torch.tensor(1.0)]
    with pytest.raises(callbacks.NonFiniteLossError) as raised:
        callback.on_epoch_end(2)
    assert (raised.value.epoch, raised.value.step) == (3, 2)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def plain(stream):
    """What was written, without colours and erasing."""
    return re.sub(r"\x1b\[[\d;]*[mK]", "", stream.getvalue())


def test_a_terminal_gets_a_bar_and_a_file_gets_lines(monkeypatch):
    for stream, lines in ((Terminal(), False), (io.StringIO(), True)):
        monkeypatch.setattr("sys.stdout", stream)
        small_model().fit(*samples(), batch_size=4, epochs=2, verbose="auto")
        text = plain(stream)
        assert "Epoch 1/2\n" in text
        assert re.search(r"3/3.*/step - loss: \d", text)
        assert ("━" in text) != lines
        assert text.endswith("\n")


@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_verbosity(verbose, capsys):
    small_model().fit(*samples(), epochs=1, verbose=verbose)
    assert bool(capsys.readouterr().out) == (verbose > 0)


def test_the_bar_is_drawn_at_most_ten_times_a_second(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(progbar_logger.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr("sys.stdout", stream := Terminal())
    bar = callbacks.ProgbarLogger()
    bar.set_params({"verbose": 1, "epochs": 1, "steps": 1000})
    reads = []

    class Logs(dict):
        def items(self):
            reads.append(clock[0])
            return super().items()

    bar.on_epoch_begin(0)
    for batch in range(1000):
        clock[0] += 0.002
        bar.on_train_batch_end(batch, Logs(loss=1.0))
    assert 15 <= len(reads) <= 20
    assert all(b - a >= 1 / progbar_logger.MOST_HZ - 1e-9 for a, b in pairwise(reads))
    bar.on_epoch_end(0, {"loss": 0.25})
    text = plain(stream)
    assert "1000/1000" in text
    assert "loss: 0.2500" in text


@pytest.mark.parametrize("has_rich", [True, False])
def test_colours_come_from_rich_where_it_is_installed(has_rich, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(bars, "find_spec", lambda name: has_rich or None)
    monkeypatch.setattr("sys.stdout", stream := Terminal())
    small_model().fit(*samples(), batch_size=4, verbose=1)
    assert ("\x1b[32m" in stream.getvalue()) == has_rich
    assert re.search(r"3/3.*━.* - .*loss: .*\d", stream.getvalue())


def test_the_lines_are_those_of_keras(capsys):
    lines = {}
    for library in (callbacks, keras.callbacks):
        bar = library.ProgbarLogger()
        bar.set_params({"verbose": 2, "epochs": 12, "steps": 100})
        bar.on_train_begin()
        bar.on_epoch_begin(9)
        for batch in range(100):
            bar.on_train_batch_end(batch, {"loss": 1.0})
        logs = {"loss": 0.25, "mae": 1e-4, "r2": -0.5, "zero": 0.0, "val_loss": np.float32(12.5)}
        bar.on_epoch_end(9, logs)
        lines[library] = re.sub(r"\d+us", "0us", capsys.readouterr().out)
    assert lines[callbacks] == lines[keras.callbacks]


def test_without_interactive_logging_progress_goes_to_the_log(capsys, caplog):
    lamina.config.disable_interactive_logging()
    try:
        with caplog.at_level("INFO", "lamina"):
            small_model().fit(*samples(), epochs=2, verbose=1)
    finally:
        lamina.config.enable_interactive_logging()
    assert not capsys.readouterr().out
    assert "Epoch 1/2" in caplog.text


def test_validation_does_not_draw_over_the_bar(monkeypatch):
    monkeypatch.setattr("sys.stdout", stream := Terminal())
    small_model().fit(*samples(), epochs=1, validation_split=0.5, verbose=1)
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize("name", callbacks.CALLBACKS.names())
def test_a_document_can_name_only_callbacks_without_paths_or_code(name):
    cls = callbacks.CALLBACKS.get(name)
    schema = cls.json_schema()
    assert not {"filepath", "filename", "schedule"} & set(schema["properties"])
    assert cls.from_config(cls().get_config()).get_config() == cls().get_config()
    assert cls.summary.en
    assert cls.summary.zh


@pytest.mark.parametrize(
    "name", ["EarlyStopping", "ModelCheckpoint", "ReduceLROnPlateau", "CSVLogger", "TerminateOnNaN"]
)
def test_parameters_and_defaults_are_those_of_keras(name):
    import inspect

    theirs = inspect.signature(getattr(keras.callbacks, name).__init__).parameters
    ours = getattr(callbacks, name).declared_fields
    for parameter in list(theirs.values())[1:]:
        if parameter.kind is not parameter.VAR_KEYWORD:
            assert parameter.name in ours
            default = ours[parameter.name].default
            assert default == parameter.default


@pytest.mark.parametrize("name", ["EarlyStopping", "ReduceLROnPlateau", "ModelCheckpoint"])
def test_an_unknown_mode_is_taken_as_auto_with_a_warning(name):
    path = {"filepath": "best.keras"} if name == "ModelCheckpoint" else {}
    with pytest.warns(UserWarning, match="best"):
        made = getattr(lamina.callbacks, name)(**path, mode="best")
    assert made.mode == "auto"
