"""Captured steps give what plain ones give."""

import numpy as np
import pytest

import lamina as keras
from lamina.training import captured, sources

L = keras.layers


def dense():
    return keras.Sequential(
        [
            keras.Input((12,)),
            L.Dense(16, activation="relu"),
            L.Dense(16, activation="gelu"),
            L.Dense(4, activation="softmax"),
        ]
    )


def images():
    return keras.Sequential(
        [
            keras.Input((4, 3, 1)),
            L.Conv2D(5, 2, activation="relu", padding="same"),
            L.MaxPooling2D(2),
            L.BatchNormalization(),
            L.Flatten(),
            L.Dropout(0.2, seed=3),
            L.Dense(4, activation="softmax"),
        ]
    )


def sequences():
    x = keras.Input((4, 3))
    h = L.LSTM(6, return_sequences=True)(x)
    h = L.Add()([h, L.MultiHeadAttention(2, 3)(h, h)])
    h = L.LayerNormalization()(h)
    return keras.Model(x, L.Dense(4, activation="softmax")(L.GRU(5)(h)))


def noisy():
    return keras.Sequential(
        [
            keras.Input((12,)),
            L.GaussianNoise(0.1),
            L.Dense(8, activation="tanh"),
            L.Dropout(0.5),
            L.Dense(4, activation="softmax"),
        ]
    )


def seeded():
    x = keras.Input((4, 3))
    h = L.LSTM(6, dropout=0.3, recurrent_dropout=0.2, seed=5, return_sequences=True)(x)
    return keras.Model(x, L.Dense(4, activation="softmax")(L.GRU(5, dropout=0.4, seed=6)(h)))


def masked():
    return keras.Sequential(
        [
            keras.Input((4, 3)),
            L.Masking(0.0),
            L.LSTM(5, return_sequences=True, kernel_regularizer="l2"),
            L.GRU(4, activity_regularizer="l1"),
            L.Dense(4, activation="softmax", bias_regularizer=keras.regularizers.L1L2(0.01, 0.01)),
        ]
    )


def wrapped():
    return keras.Sequential(
        [
            keras.Input((4, 3)),
            L.Masking(0.0),
            L.Bidirectional(L.LSTM(5, return_sequences=True)),
            L.TimeDistributed(L.Dense(6, activation="relu")),
            L.Bidirectional(L.GRU(4)),
            L.Dense(4, activation="softmax"),
        ]
    )


MODELS = {
    "masked": masked,
    "wrapped": wrapped,
    "dense": dense,
    "images": images,
    "sequences": sequences,
    "noisy": noisy,
    "seeded": seeded,
}
SAMPLES, BATCH = 72, 15  # 64 of them to train on: the last batch of an epoch is short


def data(model):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(SAMPLES, 12)).astype("float32")
    x[::3, -3:] = 0  # a last time step that `Masking` leaves out
    x = x.reshape(-1, *model.input_shape[1:])
    return x, rng.integers(0, 4, SAMPLES)


def trained(make, monkeypatch, *, capture, optimizer="sgd", epochs=20, **fit):
    """Weights and history of 100 steps, and the trainer."""
    monkeypatch.setattr(captured, "WORTH_STEPS", 1)
    keras.utils.set_random_seed(1)
    model = make()
    model.compile(
        optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=not capture
    )
    x, y = data(model)
    history = model.fit(
        x, y, batch_size=BATCH, epochs=epochs, verbose=0, validation_split=0.1, **fit
    )
    return model, history.history


def assert_alike(one, other, rtol=1e-5):
    for a, b in zip(one[0].get_weights(), other[0].get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-6)
    assert one[1].keys() == other[1].keys()
    for name, values in one[1].items():
        np.testing.assert_allclose(values, other[1][name], rtol=rtol, atol=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_a_hundred_steps_end_where_plain_ones_do(name, monkeypatch):
    plain = trained(MODELS[name], monkeypatch, capture=False)
    fast = trained(MODELS[name], monkeypatch, capture=True)
    assert plain[0].trainer.captured_forms == 0
    assert fast[0].trainer.captured_forms == 2  # whole batches and the short one
    assert_alike(plain, fast)


OPTIMIZERS = {
    "momentum": lambda: keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "rmsprop": lambda: keras.optimizers.RMSprop(0.01),
    "adam": lambda: keras.optimizers.Adam(0.01, weight_decay=0.01, use_ema=True),
    "adamw": lambda: keras.optimizers.AdamW(0.01, global_clipnorm=1.0),
    "accumulating": lambda: keras.optimizers.Adam(0.01, gradient_accumulation_steps=2),
    "clipped": lambda: keras.optimizers.SGD(0.5, clipnorm=0.1),
    "clipped sums": lambda: keras.optimizers.SGD(0.5, clipnorm=0.1, gradient_accumulation_steps=2),
    "nadam": lambda: keras.optimizers.Nadam(0.01),
    "adamax": lambda: keras.optimizers.Adamax(0.01),
    "adagrad": lambda: keras.optimizers.Adagrad(0.05),
    "adadelta": lambda: keras.optimizers.Adadelta(1.0),
    "lion": lambda: keras.optimizers.Lion(0.001),
    "ftrl": lambda: keras.optimizers.Ftrl(0.05),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_elementwise_optimizer_updates_a_block_as_it_updates_weights(name, monkeypatch):
    plain = trained(dense, monkeypatch, capture=False, optimizer=OPTIMIZERS[name]())
    fast = trained(dense, monkeypatch, capture=True, optimizer=OPTIMIZERS[name]())
    assert fast[0].trainer.captured_forms
    assert_alike(plain, fast, rtol=1e-4 if name == "lion" else 1e-5)


def test_two_runs_with_one_seed_are_equal_to_the_bit(monkeypatch):
    one = trained(images, monkeypatch, capture=True, optimizer="adam", epochs=3)
    other = trained(images, monkeypatch, capture=True, optimizer="adam", epochs=3)
    for a, b in zip(one[0].get_weights(), other[0].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert one[1] == other[1]


@pytest.mark.parametrize("options", [{}, {"shuffle": False}, {"sample_weight": "given"}], ids=str)
@pytest.mark.parametrize("make", [dense, masked, noisy])
def test_steps_done_together_are_those_done_one_by_one(make, options, monkeypatch):
    if options.get("sample_weight"):
        options = {"sample_weight": np.linspace(0, 1, SAMPLES)}
    together = []
    repeat = captured._Step.repeat
    monkeypatch.setattr(
        captured._Step, "repeat", lambda *a: repeat(*a) and together.append(1) is None
    )
    looks = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    one_by_one = trained(make, monkeypatch, capture=True, callbacks=[looks], **options)
    assert not together
    all_at_once = trained(make, monkeypatch, capture=True, **options)
    assert len(together) > 10
    assert one_by_one[1] == all_at_once[1]
    for a, b in zip(one_by_one[0].get_weights(), all_at_once[0].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_sample_weights_and_metrics_that_are_no_means_are_measured(monkeypatch):
    def fit(capture):
        monkeypatch.setattr(captured, "WORTH_STEPS", 1)
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((3,)), L.Dense(1, activation="sigmoid")])
        model.compile(
            "adam", "binary_crossentropy", metrics=["accuracy", keras.metrics.AUC(name="auc")],
            weighted_metrics=["mse"], run_eagerly=not capture,
        )  # fmt: skip
        rng = np.random.default_rng(0)
        x, y = rng.normal(size=(40, 3)).astype("float32"), rng.integers(0, 2, (40, 1))
        weights = rng.uniform(size=40).astype("float32")
        return model, model.fit(
            x, y, sample_weight=weights, batch_size=8, epochs=2, verbose=0
        ).history

    assert_alike(fit(False), fit(True))


@pytest.mark.parametrize(
    ("why", "make", "options"),
    [
        ("an optimizer that looks at whole weights", dense, {"optimizer": keras.optimizers.Lamb()}),
    ],
)  # fmt: skip
def test_what_cannot_be_captured_takes_the_plain_step(why, make, options, monkeypatch):
    monkeypatch.setattr(captured, "WORTH_STEPS", 1)
    model = make()
    settings = {"optimizer": "sgd", "loss": keras.losses.SparseCategoricalCrossentropy()} | options
    model.compile(**settings)
    x, y = data(model)
    model.fit(x, y, epochs=2, verbose=0)
    assert model.trainer.captured_forms == 0, why


def test_weights_that_callbacks_set_are_the_ones_that_are_trained(monkeypatch):
    class Reset(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.set_weights([np.zeros_like(w) for w in self.model.get_weights()])

    model, _ = trained(dense, monkeypatch, capture=True, epochs=2, callbacks=[Reset()])
    assert all(not w.any() for w in model.get_weights())
    assert model.trainer.captured_forms


def test_freezing_a_layer_between_fits_leaves_it_as_it_is(monkeypatch):
    model, _ = trained(dense, monkeypatch, capture=True, epochs=2)
    model.layers[0].trainable = False
    model.compile("adam", "sparse_categorical_crossentropy")
    before = [w.copy() for w in model.get_weights()]
    x, y = data(model)
    model.fit(x, y, epochs=2, verbose=0)
    after = model.get_weights()
    np.testing.assert_array_equal(before[0], after[0])
    assert not np.array_equal(before[2], after[2])


@pytest.mark.parametrize("what", ["layer", "kernel"])
def test_what_a_callback_freezes_stays_as_it_is(what, monkeypatch):
    monkeypatch.setattr(captured, "WORTH_STEPS", 1)
    model = dense()
    kernels = []

    class Freezes(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            frozen = model.layers[0] if what == "layer" else model.layers[0].kernel
            if epoch == 1:
                frozen.trainable = False
            kernels.append(model.layers[0].kernel.numpy())

    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(*data(model), batch_size=BATCH, epochs=4, verbose=0, callbacks=[Freezes()])
    assert model.trainer.captured_forms == 2
    assert not np.array_equal(kernels[0], kernels[1])
    np.testing.assert_array_equal(kernels[1], kernels[3])


def test_a_regression_ends_where_plain_steps_do(monkeypatch):
    monkeypatch.setattr(captured, "WORTH_STEPS", 1)
    ends = []
    for eager in (False, True):
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((1,)), L.Dense(1)])
        model.compile("sgd", "mse", run_eagerly=eager)
        x = np.linspace(-1, 1, 10, dtype="float32")[:, None]
        history = model.fit(x, 2 * x - 1, batch_size=1, epochs=10, verbose=0).history
        assert model.trainer.captured_forms == (0 if eager else 1)
        ends.append((model, history))
    assert_alike(*ends)


@pytest.mark.parametrize("form", ["one", "list", "dict", "of all"])
def test_a_factor_that_a_callback_assigns_counts_from_then_on(form, monkeypatch):
    """The loss of a batch is the sum of the losses times what the variable is by then."""
    monkeypatch.setattr(captured, "WORTH_STEPS", 1)
    ends = []
    for eager in (True, False):
        keras.utils.set_random_seed(1)
        x = keras.Input((12,))
        body = L.Dense(8, activation="relu")(x)
        outputs = {"p": L.Dense(2, name="p")(body), "q": L.Dense(1, name="q")(body)}
        model = keras.Model(x, outputs if form == "dict" else [*outputs.values()])
        factor = keras.Variable([0.0] if form == "list" else 0.0, trainable=False)
        if form == "one":
            model = keras.Model(x, outputs["p"])
        weights = {"dict": {"p": 1.0, "q": factor}, "list": [1, factor], "of all": factor}
        model.compile("sgd", "mse", loss_weights=weights.get(form, factor), run_eagerly=eager)
        model.trainer.order_seed = 1
        assigns = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs, factor=factor: factor.assign(
                np.full(factor.shape, epoch / 4)
            )
        )
        rng = np.random.default_rng(0)
        values, p, q = (rng.normal(size=(60, n)).astype("float32") for n in (12, 2, 1))
        targets = {"one": p, "dict": {"p": p, "q": q}}.get(form, [p, q])
        history = model.fit(
            values, targets, batch_size=15, epochs=5, verbose=0, callbacks=[assigns]
        ).history
        assert model.trainer.captured_forms == (0 if eager else 1)
        ends.append((model, history))
    assert_alike(*ends)
    history = ends[0][1]
    factors = np.arange(5) / 4
    if form == "one":
        assert history["loss"][0] == 0
        assert np.all(np.diff(np.array(history["loss"][1:]) / factors[1:]) < 0)
    else:
        wanted = factors * np.array(history["q_loss"])
        wanted += np.array(history["p_loss"]) * (factors if form == "of all" else 1)
        np.testing.assert_allclose(history["loss"], wanted, rtol=1e-5)


def test_a_factor_that_is_assigned_counts_in_steps_of_ones_own():
    class Own(keras.Model):
        def train_step(self, data):
            x, y = data
            return {"loss": self.compute_loss(x, y, self(x, training=True))}

    x = keras.Input((3,))
    model, factor = Own(x, L.Dense(1)(x)), keras.Variable(1.0, trainable=False)
    model.compile("sgd", "mse", loss_weights=[factor])
    values = np.ones((4, 3), "float32")
    losses = []
    for share in (1.0, 0.25):
        factor.assign(share)
        fitted = model.fit(values, values[:, :1], verbose=0)
        losses.extend(fitted.history["loss"])
    assert losses[1] == pytest.approx(losses[0] / 4)
    assert losses[0] > 0


def test_a_target_that_is_no_class_is_said_in_words(monkeypatch):
    monkeypatch.setattr(captured, "WORTH_STEPS", 1)
    model = dense()
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y = data(model)
    y[40] = 9
    with pytest.raises(ValueError, match="tells 4 classes apart"):
        model.fit(x, y, batch_size=8, shuffle=False, verbose=0)


def test_two_models_that_share_weights_train_in_turns(monkeypatch):
    monkeypatch.setattr(captured, "WORTH_STEPS", 1)
    keras.utils.set_random_seed(0)
    x = keras.Input((12,))
    body = L.Dense(8, activation="relu")(x)
    one, two = keras.Model(x, L.Dense(4)(body)), keras.Model(x, L.Dense(1)(body))
    one.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    two.compile("adam", "mse")
    values, classes = data(one)
    for _ in range(3):
        before = one.get_weights()
        one.fit(values, classes, epochs=1, verbose=0)
        between = one.get_weights()
        two.fit(values, classes.astype("float32"), epochs=1, verbose=0)
        after = one.get_weights()
        assert not np.array_equal(before[0], between[0])
        assert not np.array_equal(between[0], after[0])
        np.testing.assert_array_equal(between[2], after[2])


class Watching(keras.callbacks.Callback):
    """Notes what happens, and takes part in it."""

    def __init__(self, *, stops_at=None, other=None):
        super().__init__()
        self.seen, self.stops_at, self.other = [], stops_at, other

    def on_train_batch_begin(self, batch, logs=None):
        self.seen.append(("begin", batch))

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append((batch, float(logs["loss"]), float(logs["accuracy"]), logs.batch_size))
        self.seen.append(
            [float(self.model.metrics[0].result()), *map(np.sum, self.model.get_weights())]
        )
        self.model.optimizer.learning_rate = 0.1 / (1 + batch)
        if self.other is not None and batch == 1:
            x, y = data(self.other)
            self.other.fit(x, y, epochs=2, verbose=0)
        if len(self.seen) == self.stops_at:
            self.model.stop_training = True


def watched(monkeypatch, *, together, batch_size=5, epochs=4, **options):
    """What a callback saw of a training whose small batches are gathered together, or each by itself."""
    monkeypatch.setattr(captured, "WORTH_STEPS", 1)
    monkeypatch.setattr(sources, "SMALL_BATCH_BYTES", 1 << 16 if together else 1)
    keras.utils.set_random_seed(1)
    model = dense()
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    if options.pop("shared", False):
        head = L.Dense(4, activation="softmax")(model.layers[1].output)
        options["other"] = keras.Model(model.inputs, head)
        options["other"].compile("sgd", "sparse_categorical_crossentropy")
    callback = Watching(**options)
    x, y = data(model)
    model.fit(x, y, batch_size=batch_size, epochs=epochs, verbose=0, callbacks=[callback])
    return callback.seen


@pytest.mark.parametrize(
    "options", [{}, {"stops_at": 21}, {"shared": True}, {"batch_size": 7}], ids=str
)
def test_callbacks_see_each_step_of_batches_that_are_gathered_together(options, monkeypatch):
    each = []
    step_by_step = captured._Step.each

    def counted(self, *args):
        for _ in step_by_step(self, *args):
            each.append(1)
            yield

    monkeypatch.setattr(captured._Step, "each", counted)
    alone = watched(monkeypatch, together=False, **options)
    assert not each
    together = watched(monkeypatch, together=True, **options)
    assert len(each) > (20 if "batch_size" in options or not options else 3)
    assert together == alone
    if "stops_at" in options:
        assert len(alone) == 21


def test_a_callback_that_fails_leaves_the_means_of_the_next_training_alone(monkeypatch):
    monkeypatch.setattr(captured, "WORTH_STEPS", 1)

    class Fails(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 3:
                raise KeyError("a mistake")

    model = dense()
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y = data(model)
    model.fit(x, y, batch_size=5, verbose=0)
    with pytest.raises(KeyError) as failed:  # which holds on to where it was
        model.fit(x, y, batch_size=5, verbose=0, callbacks=[Fails()])
    running = model.metrics[0].running
    assert running.before_reading is None
    assert failed.traceback
