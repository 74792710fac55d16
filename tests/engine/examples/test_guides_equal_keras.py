"""Scripts in the manner of Keras' guides and examples: run with lamina and with Keras, and the numbers are equal.

Each takes the library as `keras`, makes its own tiny data, gives its models the same weights in both, and returns what
it measured.
"""

from __future__ import annotations

from typing import Any

import keras as real_keras
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

import lamina


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def _fill(model: Any) -> None:
    """The same weights in both libraries."""
    draw = np.random.default_rng(1)
    model.set_weights(
        [draw.normal(scale=0.2, size=w.shape).astype("float32") for w in model.get_weights()]
    )


def wide_and_deep(keras: Any) -> Any:
    layers = keras.layers
    x = {
        "wide": _rng().normal(size=(96, 4)).astype("float32"),
        "deep": _rng().normal(size=(96, 6)).astype("float32"),
        "city": _rng().integers(0, 5, (96, 1)),
    }
    y = x["wide"][:, :1] * x["deep"][:, :1]
    wide = keras.Input((4,), name="wide")
    deep = keras.Input((6,), name="deep")
    city = keras.Input((1,), name="city", dtype="int32")
    h = layers.concatenate([deep, layers.Flatten()(layers.Embedding(5, 3)(city))])
    for units in (16, 8):
        h = layers.Dense(units, activation="relu")(h)
    out = layers.Dense(1, name="out")(layers.Concatenate()([wide, h]))
    aux = layers.Dense(1, name="aux")(h)
    model = keras.Model({"wide": wide, "deep": deep, "city": city}, [out, aux])
    _fill(model)
    model.compile("sgd", loss=["mse", "mae"], loss_weights=[0.9, 0.1], metrics=[["mae"], ["mse"]])
    fitted = model.fit(
        x, (y, y), batch_size=32, epochs=3, shuffle=False, validation_split=0.25, verbose=0
    )
    return fitted.history, model.evaluate(x, (y, y), verbose=0), model.predict(x, verbose=0)


def outputs_by_name(keras: Any) -> Any:
    layers = keras.layers
    x = _rng().normal(size=(64, 8)).astype("float32")
    inputs = keras.Input((8,))
    h = layers.Dense(8, activation="gelu")(inputs)
    outputs = {
        "priority": layers.Dense(1, activation="sigmoid", name="priority")(h),
        "department": layers.Dense(3, activation="softmax", name="department")(h),
    }
    model = keras.Model(inputs, outputs)
    _fill(model)
    model.compile(
        keras.optimizers.Adam(1e-2),
        loss={"priority": "binary_crossentropy", "department": "sparse_categorical_crossentropy"},
        loss_weights={"priority": 1.0, "department": 0.3},
        metrics={
            "priority": ["accuracy", keras.metrics.AUC(name="auc")],
            "department": "accuracy",
        },
    )
    rows = [
        (row, {"priority": np.float32([row[0] > 0]), "department": np.int64(i % 3)})
        for i, row in enumerate(x)
    ]
    loader = DataLoader(rows, batch_size=16)
    return (
        model.fit(loader, epochs=2, verbose=0).history,
        model.evaluate(loader, verbose=0, return_dict=True),
    )


def siamese_towers(keras: Any) -> Any:
    layers, ops = keras.layers, keras.ops
    left = _rng().normal(size=(64, 10)).astype("float32")
    right = left[::-1].copy()
    y = (np.arange(64) % 2).astype("float32")
    tower = keras.Sequential(
        [
            keras.Input((10,)),
            layers.Dense(16, activation="relu"),
            layers.Dense(4),
            layers.UnitNormalization(),
        ]
    )

    def distance(pair: Any) -> Any:
        a, b = pair
        return ops.sqrt(ops.maximum(ops.sum(ops.square(a - b), axis=1, keepdims=True), 1e-7))

    def contrastive(margin: float) -> Any:
        def loss(y_true: Any, y_pred: Any) -> Any:
            apart = ops.square(ops.maximum(margin - y_pred, 0))
            return ops.mean((1 - y_true) * ops.square(y_pred) + y_true * apart)

        return loss

    inputs = [keras.Input((10,), name="left"), keras.Input((10,), name="right")]
    joined = layers.Lambda(distance, output_shape=(1,))([tower(each) for each in inputs])
    model = keras.Model(inputs, joined)
    _fill(model)
    model.compile("rmsprop", loss=contrastive(1.0), metrics=["accuracy"])
    fitted = model.fit(
        [left, right],
        y,
        batch_size=16,
        epochs=2,
        shuffle=False,
        verbose=0,
        validation_data=([left, right], y),
    )
    return fitted.history, model.predict([left, right], verbose=0)


def convolutional_autoencoder(keras: Any) -> Any:
    layers = keras.layers
    x = _rng().random((16, 8, 8, 1)).astype("float32")
    inputs = keras.Input((8, 8, 1))
    h = layers.Conv2D(4, 3, activation="relu", padding="same")(inputs)
    code = layers.MaxPooling2D(2, padding="same")(h)
    h = layers.Conv2DTranspose(4, 3, strides=2, activation="relu", padding="same")(code)
    model = keras.Model(inputs, layers.Conv2D(1, 3, activation="sigmoid", padding="same")(h))
    _fill(model)
    model.compile("adam", "binary_crossentropy")
    fitted = model.fit(
        x, x, epochs=2, batch_size=8, shuffle=False, validation_data=(x, x), verbose=0
    )
    return fitted.history, keras.Model(inputs, code).predict(x, verbose=0)


def variational_autoencoder(keras: Any) -> Any:
    layers, ops = keras.layers, keras.ops

    class Sampling(layers.Layer):  # type: ignore[name-defined,misc]
        def __init__(self) -> None:
            super().__init__()
            self.seeds = keras.random.SeedGenerator(7)

        def call(self, inputs: Any) -> Any:
            mean, log_var = inputs
            noise = keras.random.normal(ops.shape(mean), seed=self.seeds)
            return mean + ops.exp(0.5 * log_var) * noise * 0.0  # or the two libraries would differ

    class Autoencoder(keras.Model):  # type: ignore[name-defined,misc]
        def __init__(self, encoder: Any, decoder: Any) -> None:
            super().__init__()
            self.encoder, self.decoder = encoder, decoder
            self.total = keras.metrics.Mean(name="total")
            self.divergence = keras.metrics.Mean(name="divergence")

        @property
        def metrics(self) -> Any:
            return [self.total, self.divergence]

        def call(self, x: Any) -> Any:
            return self.decoder(self.encoder(x)[2])

        def train_step(self, data: Any) -> Any:
            x = data  # neither library makes a tuple of it
            mean, log_var, z = self.encoder(x)
            wrong = keras.losses.binary_crossentropy(x, self.decoder(z))
            divergence = -0.5 * (1 + log_var - ops.square(mean) - ops.exp(log_var))
            divergence = ops.mean(ops.sum(divergence, axis=1))
            total = ops.mean(ops.sum(wrong, axis=(1, 2))) + divergence
            self.zero_grad()
            total.backward()
            weights = self.trainable_weights
            with torch.no_grad():
                self.optimizer.apply([w.value.grad for w in weights], weights)
            self.total.update_state(total)
            self.divergence.update_state(divergence)
            return {metric.name: metric.result() for metric in self.metrics}

    inputs = keras.Input((4, 4, 1))
    h = layers.Dense(8, activation="relu")(layers.Flatten()(inputs))
    mean, log_var = layers.Dense(2)(h), layers.Dense(2)(h)
    encoder = keras.Model(inputs, [mean, log_var, Sampling()([mean, log_var])], name="encoder")
    codes = keras.Input((2,))
    pixels = layers.Dense(16, activation="sigmoid")(codes)
    decoder = keras.Model(codes, layers.Reshape((4, 4, 1))(pixels), name="decoder")
    _fill(encoder)
    _fill(decoder)
    model = Autoencoder(encoder, decoder)
    model.compile(optimizer=keras.optimizers.Adam())
    x = _rng().random((32, 4, 4, 1)).astype("float32")
    history = model.fit(x, epochs=2, batch_size=16, shuffle=False, verbose=0).history
    return history, encoder.predict(x, verbose=0), decoder.predict(np.zeros((1, 2)), verbose=0)


def distillation(keras: Any) -> Any:
    layers, ops = keras.layers, keras.ops

    class Distiller(keras.Model):  # type: ignore[name-defined,misc]
        def __init__(self, student: Any, teacher: Any) -> None:
            super().__init__()
            self.student, self.teacher = student, teacher

        def compile(self, student_loss: Any, soft_loss: Any, share: float, **kwargs: Any) -> None:
            super().compile(**kwargs)
            self.student_loss, self.soft_loss, self.share = student_loss, soft_loss, share

        def compute_loss(
            self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None
        ) -> Any:
            soft = self.soft_loss(
                ops.softmax(self.teacher(x, training=False) / 3, axis=1),
                ops.softmax(y_pred / 3, axis=1),
            )
            return self.share * self.student_loss(y, y_pred) + (1 - self.share) * soft * 9

        def call(self, x: Any) -> Any:
            return self.student(x)

    teacher = keras.Sequential([keras.Input((6,)), layers.Dense(16, "relu"), layers.Dense(3)])
    student = keras.Sequential(
        [keras.Input((6,)), layers.Dense(4), layers.LeakyReLU(0.2), layers.Dense(3)]
    )
    _fill(teacher)
    _fill(student)
    x = _rng().normal(size=(64, 6)).astype("float32")
    y = np.argmax(x[:, :3], axis=1)
    model = Distiller(student, teacher)
    model.compile(
        optimizer=keras.optimizers.Adam(),
        metrics=[keras.metrics.SparseCategoricalAccuracy()],
        student_loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        soft_loss=keras.losses.KLDivergence(),
        share=0.1,
    )
    history = model.fit(x, y, epochs=3, batch_size=16, shuffle=False, verbose=0).history
    return history, model.evaluate(x, y, verbose=0, return_dict=True), student.predict(x, verbose=0)


def transformer_classifier(keras: Any) -> Any:
    layers, ops = keras.layers, keras.ops

    class Tokens(layers.Layer):  # type: ignore[name-defined,misc]
        def __init__(self) -> None:
            super().__init__()
            self.words, self.places = layers.Embedding(50, 8), layers.Embedding(12, 8)

        def call(self, x: Any) -> Any:
            return self.words(x) + self.places(ops.arange(ops.shape(x)[-1]))

    class Block(layers.Layer):  # type: ignore[name-defined,misc]
        def __init__(self) -> None:
            super().__init__()
            self.attention = layers.MultiHeadAttention(num_heads=2, key_dim=4)
            self.forth = keras.Sequential([layers.Dense(16, activation="relu"), layers.Dense(8)])
            self.first = layers.LayerNormalization(epsilon=1e-6)
            self.second = layers.LayerNormalization(epsilon=1e-6)

        def call(self, x: Any) -> Any:
            x = self.first(x + self.attention(x, x))
            return self.second(x + self.forth(x))

    inputs = keras.Input((12,))
    h = layers.GlobalAveragePooling1D()(Block()(Tokens()(inputs)))
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(layers.Dropout(0.0)(h)))
    _fill(model)
    x = _rng().integers(0, 50, (48, 12))
    y = x[:, 0] % 2
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    fitted = model.fit(
        x, y, batch_size=16, epochs=2, shuffle=False, validation_data=(x, y), verbose=0
    )
    return fitted.history, model.predict(x, verbose=0)


def masked_bidirectional_lstm(keras: Any) -> Any:
    layers = keras.layers
    said = [[1, 2, 3], [4, 5], [6, 7, 8, 9, 3], [2]] * 4
    x = keras.utils.pad_sequences(said, padding="post", maxlen=6)
    y = np.array([0, 1, 1, 0] * 4)
    inputs = keras.Input((None,), dtype="int32")
    h = layers.Embedding(10, 8, mask_zero=True)(inputs)
    h = layers.Bidirectional(layers.LSTM(4, return_sequences=True))(h)
    h = layers.Bidirectional(layers.LSTM(3))(h)
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(h))
    _fill(model)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    fitted = model.fit(
        x, y, batch_size=8, epochs=2, shuffle=False, verbose=0, class_weight={0: 1.0, 1: 2.0}
    )
    longer = keras.utils.pad_sequences(said, padding="post", maxlen=9)
    return fitted.history, model.predict(x, verbose=0), model.predict(longer, verbose=0)


def forecast_from_windows(keras: Any) -> Any:
    layers = keras.layers
    wave = np.sin(np.arange(120) / 7).astype("float32")
    x = np.stack([wave[i : i + 10, None] for i in range(110)])
    y = wave[10:]
    model = keras.Sequential(
        [
            keras.Input((10, 1)),
            layers.Conv1D(4, 3, padding="causal", activation="relu"),
            layers.GRU(4),
            layers.Dense(1),
        ]
    )
    _fill(model)
    model.compile("adam", "mse", metrics=["mae"])
    history = model.fit(x, y, batch_size=32, epochs=2, shuffle=False, verbose=0).history
    if keras is lamina:  # the windows need TensorFlow in Keras
        windows = keras.utils.timeseries_dataset_from_array(
            wave[:-10, None], wave[10:], sequence_length=10, batch_size=32
        )
        by_windows = model.evaluate(windows, verbose=0)
        n = sum(len(batch) for batch, _ in windows)
        assert by_windows == pytest.approx(model.evaluate(x[:n], y[:n], verbose=0), rel=1e-5)
    return history


def loop_of_ones_own(keras: Any) -> Any:
    layers = keras.layers
    model = keras.Sequential([keras.Input((4,)), layers.Dense(8, "relu"), layers.Dense(3)])
    _fill(model)
    x = _rng().normal(size=(64, 4)).astype("float32")
    y = np.argmax(x[:, :3], axis=1)
    loader = DataLoader(TensorDataset(torch.from_numpy(x), torch.from_numpy(y)), batch_size=16)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(1e-2)
    accuracy = keras.metrics.SparseCategoricalAccuracy()
    seen = []
    for _ in range(2):
        for inputs, targets in loader:
            logits = model(inputs, training=True)
            loss = loss_of(targets, logits)
            model.zero_grad()
            loss.backward()
            weights = list(model.trainable_weights)
            with torch.no_grad():
                optimizer.apply([w.value.grad for w in weights], weights)
            accuracy.update_state(targets, logits)
        seen.append((float(loss), float(accuracy.result())))
        accuracy.reset_state()
    return seen, model.predict(x, verbose=0)


def callbacks_of_ones_own(keras: Any) -> Any:
    seen: list[Any] = []

    class Watch(keras.callbacks.Callback):  # type: ignore[name-defined,misc]
        def on_train_begin(self, logs: Any = None) -> None:
            self.best = np.inf
            seen.append(sorted(self.params))

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
            self.model.optimizer.learning_rate = rate * 0.5
            seen.append(float(self.model.optimizer.learning_rate))

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append([batch, float(logs["loss"])])

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append([epoch, sorted(logs)])
            if logs["loss"] < self.best:
                self.best, self.best_weights = logs["loss"], self.model.get_weights()
            else:
                self.model.stop_training = True
                self.model.set_weights(self.best_weights)

        def on_test_begin(self, logs: Any = None) -> None:
            seen.append("test")

        def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append([batch, sorted(logs)])

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    _fill(model)
    model.compile(keras.optimizers.RMSprop(0.1), "mse", metrics=["mae"])
    x = _rng().normal(size=(32, 4)).astype("float32")
    y = x.sum(axis=1)
    model.fit(
        x, y, batch_size=8, epochs=4, verbose=0, shuffle=False, callbacks=[Watch()],
        validation_split=0.25,
    )  # fmt: skip
    model.evaluate(x, y, verbose=0, callbacks=[Watch()])
    model.predict(x, verbose=0, callbacks=[Watch()], batch_size=16)
    return seen


SCRIPTS = (
    wide_and_deep, outputs_by_name, siamese_towers, convolutional_autoencoder, variational_autoencoder, distillation,
    transformer_classifier, masked_bidirectional_lstm, forecast_from_windows, loop_of_ones_own, callbacks_of_ones_own,
)  # fmt: skip


def _laid_flat(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [each for key in sorted(value) for each in [key, *_laid_flat(value[key])]]
    if isinstance(value, (list, tuple)):
        return [each for part in value for each in _laid_flat(part)]
    return [value]


@pytest.mark.filterwarnings("ignore")  # of Keras
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_the_numbers_are_those_of_keras(script: Any) -> None:
    ours, theirs = _laid_flat(script(lamina)), _laid_flat(script(real_keras))
    assert len(ours) == len(theirs)
    for mine, expected in zip(ours, theirs, strict=True):
        if isinstance(expected, str):
            assert mine == expected
        else:
            np.testing.assert_allclose(mine, expected, rtol=1e-4, atol=1e-5)


def test_text_goes_in_as_it_is() -> None:
    keras, layers = lamina, lamina.layers
    said = np.array(["the cat sat", "a dog ran", "cats and dogs", "the park is Green!!"] * 4)
    y = np.array([0, 1, 0, 1] * 4)
    words = layers.TextVectorization(max_tokens=20, output_sequence_length=6)
    words.adapt(said)
    assert words.get_vocabulary()[:3] == ["", "[UNK]", "the"]
    inner = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Embedding(20, 8, mask_zero=True),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    inner.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    inner.fit(words(said), y, epochs=1, verbose=0)
    whole = keras.Sequential([keras.Input((1,), dtype="string"), words, inner])
    whole.compile(loss="binary_crossentropy", metrics=["accuracy"])
    rows = said[:, None].astype(object)
    np.testing.assert_allclose(
        whole.predict(rows, verbose=0), inner.predict(words(said), verbose=0), rtol=1e-6
    )
    assert whole.evaluate(rows, y, verbose=0) == pytest.approx(
        inner.evaluate(words(said), y, verbose=0), rel=1e-5
    )


def test_augmentation_and_a_frozen_base_that_is_then_tuned() -> None:
    keras, layers = lamina, lamina.layers
    augment = keras.Sequential([layers.RandomFlip("horizontal"), layers.RandomRotation(0.1)])
    base = keras.applications.MobileNetV2(
        weights=None, include_top=False, input_shape=(32, 32, 3), alpha=0.35
    )
    base.trainable = False
    inputs = keras.Input((32, 32, 3))
    h = base(layers.Rescaling(1 / 127.5, offset=-1)(augment(inputs)), training=False)
    h = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(h))
    model = keras.Model(inputs, layers.Dense(1)(h))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=[keras.metrics.BinaryAccuracy()])
    assert (len(model.trainable_weights), len(model.non_trainable_weights)) == (2, 260)
    x = (_rng().random((4, 32, 32, 3)) * 255).astype("float32")
    y = np.arange(4) % 2
    before = base.get_weights()
    model.fit(x, y, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, base.get_weights(), strict=True))

    base.trainable = True
    for layer in base.layers[:-20]:
        layer.trainable = False
    tuned = {id(w) for layer in base.layers[-20:] for w in layer.trainable_weights}
    model.compile(keras.optimizers.Adam(1e-3), loss, metrics=[keras.metrics.BinaryAccuracy()])
    model.fit(x, y, verbose=0)
    for old, weight in zip(before, base.weights, strict=True):
        same = np.array_equal(old, weight.numpy())
        assert same or id(weight) in tuned
