"""What the guides of Keras do, in our own words: each runs with `import lamina as keras`."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

import lamina as keras
from lamina import layers, ops


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


def test_sequential():
    m = keras.Sequential(
        [layers.Dense(2, activation="relu", name="layer1"), layers.Dense(3, name="layer2")]
    )
    x = ops.ones((3, 3))
    m(x)
    m.summary(print_fn=lambda s: None)
    m = keras.Sequential()
    m.add(keras.Input(shape=(250, 250, 3)))
    m.add(layers.Conv2D(32, 5, strides=2, activation="relu"))
    m.add(layers.MaxPooling2D(3))
    m.add(layers.GlobalMaxPooling2D())
    m.add(layers.Dense(10))
    f = keras.Model(inputs=m.inputs, outputs=[layer.output for layer in m.layers])
    out = f(ops.ones((1, 250, 250, 3)))
    assert len(out) == 4
    f = keras.Model(inputs=m.inputs, outputs=m.get_layer(name=m.layers[1].name).output)
    for layer in m.layers[:-1]:
        layer.trainable = False


def test_functional():
    num_tags = 12
    title = keras.Input(shape=(None,), name="title")
    body = keras.Input(shape=(None,), name="body")
    tags = keras.Input(shape=(num_tags,), name="tags")
    tf = layers.Embedding(100, 16)(title)
    bf = layers.Embedding(100, 16)(body)
    tf = layers.LSTM(16)(tf)
    bf = layers.LSTM(8)(bf)
    x = layers.concatenate([tf, bf, tags])
    pr = layers.Dense(1, name="priority")(x)
    dep = layers.Dense(4, name="department")(x)
    m = keras.Model(inputs=[title, body, tags], outputs={"priority": pr, "department": dep})
    m.compile(
        optimizer=keras.optimizers.RMSprop(0.001),
        loss={
            "priority": keras.losses.BinaryCrossentropy(from_logits=True),
            "department": keras.losses.CategoricalCrossentropy(from_logits=True),
        },
        loss_weights={"priority": 1.0, "department": 0.2},
    )
    t = np.random.randint(100, size=(64, 10))
    b = np.random.randint(100, size=(64, 20))
    g = np.random.randint(2, size=(64, num_tags)).astype("float32")
    m.fit(
        {"title": t, "body": b, "tags": g},
        {"priority": np.random.random((64, 1)), "department": np.random.randint(2, size=(64, 4))},
        epochs=2,
        batch_size=32,
        verbose=0,
    )
    p = m.predict({"title": t, "body": b, "tags": g}, verbose=0)
    assert set(p) == {"priority", "department"}


def test_functional_nested_and_ensembles():
    ei = keras.Input((28, 28, 1), name="img")
    x = layers.Conv2D(16, 3, activation="relu")(ei)
    x = layers.Conv2D(32, 3, activation="relu")(x)
    x = layers.MaxPooling2D(3)(x)
    eo = layers.GlobalMaxPooling2D()(x)
    enc = keras.Model(ei, eo, name="encoder")
    di = keras.Input((32,), name="encoded_img")
    x = layers.Reshape((4, 4, 2))(di)
    x = layers.Conv2DTranspose(16, 3, activation="relu")(x)
    x = layers.UpSampling2D(3)(x)
    do = layers.Conv2DTranspose(1, 3, activation="relu")(x)
    dec = keras.Model(di, do, name="decoder")
    a = keras.Input((28, 28, 1))
    auto = keras.Model(a, dec(enc(a)), name="autoencoder")
    auto.summary(print_fn=lambda s: None)
    auto.predict(np.zeros((2, 28, 28, 1)), verbose=0)

    def get():
        i = keras.Input((128,))
        return keras.Model(i, layers.Dense(1)(i))

    ms = [get() for _ in range(3)]
    i = keras.Input((128,))
    e = keras.Model(i, layers.average([m(i) for m in ms]))
    e.predict(np.zeros((2, 128)), verbose=0)


def test_subclass_mlp():

    class MLP(keras.Model):
        def __init__(self, **kw):
            super().__init__(**kw)
            self.d1 = layers.Dense(64, activation="relu")
            self.d2 = layers.Dense(10)

        def call(self, x):
            return self.d2(self.d1(x))

    m = MLP()
    _ = m(ops.zeros((1, 32)))
    assert len(m.weights) == 4


def test_training_builtin():

    def get():
        i = keras.Input(shape=(784,), name="digits")
        x = layers.Dense(64, activation="relu", name="dense_1")(i)
        x = layers.Dense(64, activation="relu", name="dense_2")(x)
        return keras.Model(i, layers.Dense(10, activation="softmax", name="predictions")(x))

    X = np.random.random((200, 784)).astype("float32")
    Y = np.random.randint(0, 10, 200)

    def custom_mse(y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred), axis=-1)

    m = get()
    m.compile(optimizer=keras.optimizers.Adam(), loss=custom_mse)
    m.fit(X, keras.utils.to_categorical(Y, 10), batch_size=64, epochs=1, verbose=0)

    class CustomMSE(keras.losses.Loss):
        def __init__(self, regularization_factor=0.1, name="custom_mse"):
            super().__init__(name=name)
            self.regularization_factor = regularization_factor

        def call(self, y_true, y_pred):
            return (
                ops.mean(ops.square(y_true - y_pred), axis=-1)
                + ops.mean(ops.square(0.5 - y_pred), axis=-1) * self.regularization_factor
            )

    m = get()
    m.compile(optimizer=keras.optimizers.Adam(), loss=CustomMSE())
    m.fit(X, keras.utils.to_categorical(Y, 10), batch_size=64, epochs=1, verbose=0)

    class CategoricalTruePositives(keras.metrics.Metric):
        def __init__(self, name="categorical_true_positives", **kw):
            super().__init__(name=name, **kw)
            self.true_positives = self.add_variable(shape=(), name="ctp", initializer="zeros")

        def update_state(self, y_true, y_pred, sample_weight=None):
            y_pred = ops.reshape(ops.argmax(y_pred, axis=1), (-1, 1))
            v = ops.cast(y_true, "int32") == ops.cast(y_pred, "int32")
            v = ops.cast(v, "float32")
            self.true_positives.assign_add(ops.sum(v))

        def result(self):
            return self.true_positives.value

        def reset_state(self):
            self.true_positives.assign(0.0)

    m = get()
    m.compile(
        optimizer=keras.optimizers.RMSprop(0.001),
        loss=keras.losses.SparseCategoricalCrossentropy(),
        metrics=[CategoricalTruePositives()],
    )
    m.fit(X, Y, batch_size=64, epochs=2, verbose=0)

    class ActReg(layers.Layer):
        def call(self, inputs):
            self.add_loss(ops.sum(inputs) * 0.1)
            return inputs

    i = keras.Input((784,))
    x = layers.Dense(64)(i)
    x = ActReg()(x)
    m = keras.Model(i, layers.Dense(10)(x))
    m.compile("rmsprop", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    m.fit(X, Y, epochs=1, verbose=0)

    class ExamplePyDataset(keras.utils.PyDataset):
        def __init__(self, x, y, batch_size, **kw):
            super().__init__(**kw)
            self.x, self.y, self.batch_size = (x, y, batch_size)

        def __len__(self):
            return int(np.ceil(len(self.x) / self.batch_size))

        def __getitem__(self, k):
            s = slice(k * self.batch_size, (k + 1) * self.batch_size)
            return (self.x[s], self.y[s])

    m = get()
    m.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    m.fit(ExamplePyDataset(X, Y, 32), epochs=1, verbose=0)
    m.evaluate(ExamplePyDataset(X, Y, 32), verbose=0)
    m.fit(
        DataLoader(TensorDataset(torch.from_numpy(X), torch.from_numpy(Y)), batch_size=64),
        epochs=1,
        verbose=0,
    )
    m.fit(X, Y, class_weight=dict.fromkeys(range(10), 1.0), batch_size=64, epochs=1, verbose=0)
    m.fit(X, Y, sample_weight=np.ones(len(Y)), epochs=1, verbose=0)
    m.fit(
        X,
        Y,
        epochs=3,
        validation_split=0.2,
        verbose=0,
        callbacks=[
            keras.callbacks.EarlyStopping(monitor="val_loss", min_delta=0.01, patience=2, verbose=0)
        ],
    )
    s = keras.optimizers.schedules.ExponentialDecay(
        0.1, decay_steps=100000, decay_rate=0.96, staircase=True
    )
    m.compile(keras.optimizers.RMSprop(learning_rate=s), "sparse_categorical_crossentropy")
    m.fit(X, Y, verbose=0)


def test_transfer_learning():
    base = keras.applications.MobileNetV2(weights=None, input_shape=(96, 96, 3), include_top=False)
    base.trainable = False
    i = keras.Input((96, 96, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(i)
    x = base(x, training=False)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2)(x)
    o = layers.Dense(1)(x)
    m = keras.Model(i, o)
    m.compile(
        optimizer=keras.optimizers.Adam(),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy()],
    )
    X = np.random.rand(4, 96, 96, 3) * 255
    Y = np.array([0, 1, 0, 1])
    m.fit(X, Y, epochs=1, verbose=0)
    base.trainable = True
    m.compile(
        optimizer=keras.optimizers.Adam(1e-05),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
    )
    m.fit(X, Y, epochs=1, verbose=0)


def test_custom_fit_low_level():

    class CustomModel(keras.Model):
        def train_step(self, data):
            x, y = data
            self.zero_grad()
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
            loss.backward()
            tw = list(self.trainable_weights)
            g = [v.value.grad for v in tw]
            with torch.no_grad():
                self.optimizer.apply(g, tw)
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss)
                else:
                    metric.update_state(y, y_pred)
            return {m.name: m.result() for m in self.metrics}

    i = keras.Input((32,))
    m = CustomModel(i, layers.Dense(1)(i))
    m.compile(optimizer="adam", loss="mse", metrics=["mae"])
    m.fit(np.random.random((100, 32)), np.random.random((100, 1)), epochs=3, verbose=0)


def test_custom_test_step():

    class CustomModel(keras.Model):
        def test_step(self, data):
            x, y = data
            y_pred = self(x, training=False)
            loss = self.compute_loss(y=y, y_pred=y_pred)
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss)
                else:
                    metric.update_state(y, y_pred)
            return {m.name: m.result() for m in self.metrics}

    i = keras.Input((32,))
    m = CustomModel(i, layers.Dense(1)(i))
    m.compile(loss="mse", metrics=["mae"])
    m.evaluate(np.random.random((100, 32)), np.random.random((100, 1)), verbose=0)


def test_gan_style():
    disc = keras.Sequential(
        [keras.Input((8,)), layers.Dense(4), layers.LeakyReLU(negative_slope=0.2), layers.Dense(1)]
    )
    gen = keras.Sequential([keras.Input((3,)), layers.Dense(8)])

    class GAN(keras.Model):
        def __init__(self, discriminator, generator, latent_dim):
            super().__init__()
            self.discriminator = discriminator
            self.generator = generator
            self.latent_dim = latent_dim
            self.d_loss_tracker = keras.metrics.Mean(name="d_loss")
            self.g_loss_tracker = keras.metrics.Mean(name="g_loss")
            self.built = True

        @property
        def metrics(self):
            return [self.d_loss_tracker, self.g_loss_tracker]

        def compile(self, d_optimizer, g_optimizer, loss_fn):
            super().compile()
            self.d_optimizer = d_optimizer
            self.g_optimizer = g_optimizer
            self.loss_fn = loss_fn

        def train_step(self, real):
            if isinstance(real, tuple):
                real = real[0]
            b = real.shape[0]
            z = torch.randn(b, self.latent_dim)
            fake = self.generator(z)
            comb = ops.concatenate([fake, real], axis=0)
            lab = ops.concatenate([ops.ones((b, 1)), ops.zeros((b, 1))], axis=0)
            self.zero_grad()
            p = self.discriminator(comb)
            dl = self.loss_fn(lab, p)
            dl.backward()
            gr = [v.value.grad for v in self.discriminator.trainable_weights]
            with torch.no_grad():
                self.d_optimizer.apply(gr, self.discriminator.trainable_weights)
            self.zero_grad()
            p = self.discriminator(self.generator(z))
            gl = self.loss_fn(ops.zeros((b, 1)), p)
            gl.backward()
            gr = [v.value.grad for v in self.generator.trainable_weights]
            with torch.no_grad():
                self.g_optimizer.apply(gr, self.generator.trainable_weights)
            self.d_loss_tracker.update_state(dl)
            self.g_loss_tracker.update_state(gl)
            return {"d_loss": self.d_loss_tracker.result(), "g_loss": self.g_loss_tracker.result()}

    g = GAN(disc, gen, 3)
    g.compile(
        keras.optimizers.Adam(0.0003),
        keras.optimizers.Adam(0.0003),
        keras.losses.BinaryCrossentropy(from_logits=True),
    )
    g.fit(np.random.rand(64, 8).astype("float32"), epochs=1, verbose=0)
    assert set(g.history.history) == {"d_loss", "g_loss"}


def test_writing_callbacks():
    seen = []

    class CB(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.append(list((logs or {}).keys()))

        def on_epoch_end(self, epoch, logs=None):
            seen.append(sorted(logs))
            self.model.optimizer.learning_rate = 0.01

        def on_train_batch_end(self, batch, logs=None):
            logs["loss"]

    m = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    m.compile("rmsprop", "mean_squared_error", metrics=["mean_absolute_error"])
    m.fit(
        np.zeros((32, 4)),
        np.zeros((32, 1)),
        epochs=2,
        verbose=0,
        callbacks=[CB()],
        validation_split=0.5,
    )
