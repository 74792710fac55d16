"""Files with classes and functions of a user's own, both ways between this library and real Keras.

Each case is written once for both libraries: `case(lib)` makes a model out of classes that it registers there.
"""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

import lamina
from lamina.errors import FileFormatError

X = np.random.default_rng(0).normal(size=(5, 6, 4)).astype("float32")
LIBRARIES = {"ours": lamina, "keras": keras}


def classes(lib) -> SimpleNamespace:
    """Layers, functions and models as people write them, registered with the library."""
    register = lib.saving.register_keras_serializable
    layers, ops = lib.layers, lib.ops

    @register(package="Tests")
    class Affine(layers.Layer):
        def __init__(self, units=3, activation=None, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.activation = lib.activations.get(activation)

        def build(self, input_shape):
            self.w = self.add_weight(shape=(input_shape[-1], self.units), name="w")
            self.b = self.add_weight(shape=(self.units,), initializer="zeros", name="b")
            self.count = self.add_weight(shape=(), initializer="zeros", trainable=False, name="n")

        def call(self, inputs):
            return self.activation(ops.matmul(inputs, self.w) + self.b)

        def compute_output_shape(self, input_shape):
            return (*input_shape[:-1], self.units)

        def get_config(self):
            config = {"units": self.units, "activation": lib.activations.serialize(self.activation)}
            return {**super().get_config(), **config}

    @register(package="Tests")
    class Block(layers.Layer):
        """Sublayers in attributes, lists, dicts, and one that two attributes hold."""

        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.zeta = Affine(units)
            self.rest = [layers.Dense(units, activation="tanh"), layers.Dense(units)]
            self.named = {"a": layers.LayerNormalization(), "b": [Affine(units, "relu")]}
            self._private = layers.Dense(units)
            self.alias = self._private
            self.scan = layers.Bidirectional(layers.GRU(units))

        def call(self, inputs, training=None):
            x = self.zeta(inputs)
            for layer in self.rest:
                x = layer(x)
            x = self.named["b"][0](self.named["a"](x))
            return self.scan(self._private(x))

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    @register(package="Tests")
    class Wrapper(layers.Layer):
        """A layer that is handed over, and has to be made again."""

        def __init__(self, inner, **kwargs):
            super().__init__(**kwargs)
            self.inner = inner

        def call(self, inputs):
            return 2.0 * self.inner(inputs)

        def get_config(self):
            inner = lib.saving.serialize_keras_object(self.inner)
            return {**super().get_config(), "inner": inner}

        @classmethod
        def from_config(cls, config):
            return cls(lib.saving.deserialize_keras_object(config.pop("inner")), **config)

    @register(package="Tests")
    class Plain(layers.Layer):
        """No get_config: its arguments are plain values."""

        def __init__(self, factor, shift=1.0):
            super().__init__()
            self.factor, self.shift = factor, shift

        def call(self, inputs):
            return inputs * self.factor + self.shift

    @register(package="Tests")
    class Net(lib.Model):
        def __init__(self, units=3, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.inner = Block(units)
            self.head = layers.Dense(2)

        def call(self, inputs):
            return self.head(self.inner(inputs))

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    @register(package="Tests", name="renamed")
    def swish_like(x):
        return x * ops.sigmoid(1.5 * x)

    @register(package="Tests")
    class Half(lib.initializers.Initializer):
        def __init__(self, value=0.5):
            self.value = value

        def __call__(self, shape, dtype=None, **kwargs):
            return ops.ones(shape, dtype=dtype) * self.value

        def get_config(self):
            return {"value": self.value}

    @register(package="Tests")
    class Cube(lib.regularizers.Regularizer):
        def __init__(self, factor=0.1):
            self.factor = factor

        def __call__(self, x):
            return self.factor * ops.sum(ops.abs(x) ** 3)

        def get_config(self):
            return {"factor": self.factor}

    return SimpleNamespace(**{k: v for k, v in locals().items() if k not in ("register", "lib")})


@pytest.fixture(autouse=True)
def own():
    """The classes of both libraries, registered for the time of the test."""
    from keras.src.saving import object_registration as theirs

    from lamina.saving_registry import without_registration

    tables = [theirs.GLOBAL_CUSTOM_OBJECTS, theirs.GLOBAL_CUSTOM_NAMES]
    before = [dict(table) for table in tables]
    with without_registration():
        yield {name: classes(lib) for name, lib in LIBRARIES.items()}
    for table, content in zip(tables, before, strict=True):
        table.clear()
        table.update(content)


def functional(lib, *make):
    x = lib.Input((6, 4))
    y = x
    for layer in make:
        y = layer(y)
    return lib.Model(x, y)


CASES = {
    "own layer": lambda lib, own: functional(lib, own.Affine(3, "tanh"), own.Affine(2)),
    "layers in a layer": lambda lib, own: functional(lib, own.Block(3, name="b")),
    "handed over": lambda lib, own: functional(
        lib, own.Wrapper(lib.layers.Dense(3, kernel_initializer="he_normal"))
    ),
    "wrapped twice": lambda lib, own: functional(lib, own.Wrapper(own.Wrapper(own.Affine(3)))),
    "a model in a layer": lambda lib, own: functional(
        lib, own.Wrapper(lib.Sequential([lib.Input((6, 4)), lib.layers.Dense(3), own.Affine(2)]))
    ),
    "no get_config": lambda lib, own: functional(lib, own.Plain(2.5), own.Plain(0.5, shift=3.0)),
    "sequential": lambda lib, own: lib.Sequential(
        [lib.Input((6, 4)), own.Affine(3), lib.layers.LSTM(3), lib.layers.Dense(1)]
    ),
    "functions": lambda lib, own: functional(
        lib,
        lib.layers.Dense(3, activation=own.swish_like, kernel_initializer=own.Half(0.25)),
        lib.layers.Dense(3, kernel_regularizer=own.Cube(0.2)),
        lib.layers.Activation(own.swish_like),
    ),
    "lambda layer": lambda lib, own: functional(lib, lib.layers.Lambda(own.swish_like)),
    "inner model": lambda lib, own: functional(
        lib, functional(lib, own.Affine(4)), functional(lib, own.Affine(2), own.Affine(3))
    ),
    "subclassed": lambda lib, own: own.Net(3),
    "subclassed inside": lambda lib, own: functional(lib, lib.layers.Dense(4), own.Net(3)),
    "own layer in layers": lambda lib, own: functional(
        lib, lib.layers.TimeDistributed(own.Affine(3)), lib.layers.Bidirectional(lib.layers.LSTM(2))
    ),
}


def shaken(model):
    model(X)  # a subclassed model is built by its first data
    random = np.random.default_rng(3)
    model.set_weights([random.uniform(-0.6, 0.6, w.shape) for w in model.get_weights()])
    return model


def predicted(model):
    found = model(X)
    return [y.detach().cpu().numpy() for y in (found if isinstance(found, list) else [found])]


def assert_same(a, b):
    for ours, theirs in zip(predicted(a), predicted(b), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    ("writes", "reads"), [("ours", "ours"), ("ours", "keras"), ("keras", "ours")]
)
def test_own_objects_travel(case, writes, reads, own, tmp_path):
    model = shaken(CASES[case](LIBRARIES[writes], own[writes]))
    model.save(tmp_path / "model.keras")
    again = LIBRARIES[reads].saving.load_model(tmp_path / "model.keras")
    assert_same(model, again)
    assert [tuple(w.shape) for w in again.weights] == [tuple(w.shape) for w in model.weights]


@pytest.mark.parametrize("case", ["layers in a layer", "inner model", "subclassed inside"])
@pytest.mark.parametrize(("writes", "reads"), [("ours", "keras"), ("keras", "ours")])
def test_weights_of_own_objects_travel(case, writes, reads, own, tmp_path):
    model = shaken(CASES[case](LIBRARIES[writes], own[writes]))
    model.save_weights(tmp_path / "model.weights.h5")
    other = CASES[case](LIBRARIES[reads], own[reads])
    other(X)
    other.load_weights(tmp_path / "model.weights.h5")
    assert_same(model, other)


@pytest.mark.parametrize(
    ("writes", "reads"), [("ours", "ours"), ("ours", "keras"), ("keras", "ours")]
)
def test_own_layers_travel_in_the_older_format(writes, reads, own, tmp_path):
    lib, mine = LIBRARIES[writes], own[writes]
    model = shaken(
        functional(
            lib, mine.Affine(4), lib.layers.Bidirectional(lib.layers.LSTM(3)), lib.layers.Dense(2)
        )
    )
    model.save(tmp_path / "model.h5")
    assert_same(model, LIBRARIES[reads].saving.load_model(tmp_path / "model.h5", compile=False))


def test_a_model_of_ones_own_does_not_fit_the_older_format(own, tmp_path):
    with pytest.raises(FileFormatError, match=r"call of its own"):
        shaken(own["ours"].Net(2)).save(tmp_path / "model.h5")


@pytest.mark.parametrize("reader", LIBRARIES)
@pytest.mark.parametrize("writer", LIBRARIES)
def test_a_schedule_of_ones_own_travels(writer, reader, tmp_path):
    def falling(lib):
        class Falling(lib.optimizers.schedules.LearningRateSchedule):
            def __init__(self, first):
                self.first = first

            def __call__(self, step):
                return self.first / (lib.ops.cast(step, "float32") + 1)

            def get_config(self):
                return {"first": self.first}

        return Falling

    file = tmp_path / "model.keras"
    lib = LIBRARIES[writer]
    model = lib.Sequential([lib.Input((2,)), lib.layers.Dense(1)])
    model.compile(lib.optimizers.SGD(falling(lib)(0.5)), "mse")
    model.fit(np.ones((8, 2)), np.ones((8, 1)), batch_size=4, verbose=0)
    model.save(file)
    lib = LIBRARIES[reader]
    own = {"Falling": falling(lib)}
    loaded = lib.saving.load_model(file, custom_objects=own)
    assert float(loaded.optimizer.learning_rate) == pytest.approx(0.5 / 3)
    form = loaded.optimizer.get_config()["learning_rate"]
    assert (form["class_name"], form["config"]) == ("Falling", {"first": 0.5})
    if reader == "ours":
        schedules = lib.optimizers.schedules
        assert isinstance(schedules.deserialize(form, custom_objects=own), own["Falling"])
