"""What Keras' guides on saving do: state, files, build and compile of one's own, in both libraries."""

from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

import lamina
from lamina.errors import FileFormatError, NotSupportedError

LIBRARIES = {"ours": lamina, "keras": keras}
X = np.random.default_rng(0).normal(size=(16, 4)).astype("float32")
Y = np.eye(3, dtype="float32")[np.random.default_rng(1).integers(0, 3, 16)]


def classes(lib) -> SimpleNamespace:
    register = lib.saving.register_keras_serializable
    layers, ops = lib.layers, lib.ops

    @register("Custom")
    class Table(layers.Dense):
        """Keeps an array that is no weight."""

        def __init__(self, units, **kwargs):
            super().__init__(units, **kwargs)
            self.table = np.zeros(3, "float32")

        def save_own_variables(self, store):
            super().save_own_variables(store)
            store["table"] = self.table

        def load_own_variables(self, store):
            self.table = np.array(store["table"])
            for number, weight in enumerate(self.weights):
                weight.assign(store[f"{number}"])

        def call(self, inputs):
            return super().call(inputs) + float(self.table.sum())

    @register("Custom")
    class Words(layers.Layer):
        """Keeps its words in a file beside the weights."""

        def __init__(self, words=None, **kwargs):
            super().__init__(**kwargs)
            self.words = words

        def call(self, inputs):
            return inputs * len(self.words)

        def save_assets(self, inner_path):
            Path(inner_path, "words.txt").write_text("\n".join(self.words), encoding="utf-8")

        def load_assets(self, inner_path):
            self.words = Path(inner_path, "words.txt").read_text(encoding="utf-8").split("\n")

        def get_config(self):
            return {**super().get_config(), "words": ()}

    @register("Custom")
    class BuiltByHand(layers.Layer):
        def __init__(self, units=4, **kwargs):
            super().__init__(**kwargs)
            self.units = units

        def build(self, input_shape, first):
            super().build(input_shape)
            self.first = first
            self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer=self.first)

        def call(self, inputs):
            return ops.matmul(inputs, self.w)

        def get_config(self):
            return {**super().get_config(), "units": self.units}

        def get_build_config(self):
            return {
                **super().get_build_config(),
                "shape": [None, self.w.shape[0]],
                "first": self.first,
            }

        def build_from_config(self, config):
            self.build(tuple(config["shape"]), first=config["first"])

    @register("Custom")
    def gap(y_true, y_pred):
        return ops.mean(ops.abs(y_true - y_pred), axis=-1)

    @register("Custom")
    class Scaled(lib.losses.Loss):
        def __init__(self, factor=2.0, name="scaled", **kwargs):
            super().__init__(name=name, **kwargs)
            self.factor = factor

        def call(self, y_true, y_pred):
            return self.factor * ops.mean(ops.square(y_true - y_pred), axis=-1)

        def get_config(self):
            return {**super().get_config(), "factor": self.factor}

    @register("Custom")
    class Compiled(lib.Model):
        """Says itself how it is compiled."""

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.body, self.head = layers.Dense(4), layers.Dense(3, activation="softmax")

        def call(self, inputs):
            return self.head(self.body(inputs))

        def compile(self, optimizer, loss_fn, scale=1.0):
            super().compile(optimizer=optimizer, loss=loss_fn)
            self.scale, self.loss_fn = scale, loss_fn

        def get_compile_config(self):
            return {"optimizer": self.optimizer, "loss_fn": self.loss_fn, "scale": self.scale}

        def compile_from_config(self, config):
            read = lib.saving.deserialize_keras_object
            self.compile(read(config["optimizer"]), read(config["loss_fn"]), scale=config["scale"])

    return SimpleNamespace(**{k: v for k, v in locals().items() if k not in ("register", "lib")})


@pytest.fixture(autouse=True)
def own():
    from keras.src.saving import object_registration as theirs

    from lamina.saving_registry import without_registration

    tables = [theirs.GLOBAL_CUSTOM_OBJECTS, theirs.GLOBAL_CUSTOM_NAMES]
    before = [dict(table) for table in tables]
    with without_registration():
        yield {name: classes(lib) for name, lib in LIBRARIES.items()}
    for table, content in zip(tables, before, strict=True):
        table.clear()
        table.update(content)


def model_of(lib, *make):
    return lib.Sequential([lib.Input((4,)), *make])


def values(model):
    return model(X).detach().cpu().numpy()


both_ways = pytest.mark.parametrize(
    ("writes", "reads"), [("ours", "ours"), ("ours", "keras"), ("keras", "ours")]
)


@both_ways
def test_state_files_and_build_of_ones_own(writes, reads, own, tmp_path):
    lib = LIBRARIES[writes]
    table, words = own[writes].Table(3), own[writes].Words(["a", "b", "ü"])
    by_hand = own[writes].BuiltByHand(2)
    by_hand.build((None, 3), "ones")
    model = model_of(lib, table, words, by_hand)
    by_hand.w.assign(np.full((3, 2), 0.5, "float32"))
    table.table = np.array([1.0, 2.0, 0.5], "float32")
    model.save(tmp_path / "model.keras")
    again = LIBRARIES[reads].saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(values(again), values(model), rtol=1e-5)
    assert again.layers[1].words == ["a", "b", "ü"]
    np.testing.assert_array_equal(again.layers[0].table, table.table)


@both_ways
def test_losses_and_metrics_of_ones_own(writes, reads, own, tmp_path):
    lib, mine = LIBRARIES[writes], own[writes]
    model = model_of(lib, lib.layers.Dense(3))
    model.compile(lib.optimizers.Adam(0.01), mine.Scaled(3.0), metrics=[mine.gap, "mae"])
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "model.keras")
    again = LIBRARIES[reads].saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        again.evaluate(X, Y, verbose=0), model.evaluate(X, Y, verbose=0), rtol=1e-4
    )
    model.fit(X, Y, shuffle=False, verbose=0)
    again.fit(X, Y, shuffle=False, verbose=0)  # the optimizer's state came along
    np.testing.assert_allclose(values(again), values(model), rtol=1e-3, atol=1e-5)


@both_ways
def test_a_model_that_says_how_it_is_compiled(writes, reads, own, tmp_path):
    lib = LIBRARIES[writes]
    model = own[writes].Compiled()
    model.compile(lib.optimizers.SGD(0.1, momentum=0.5), own[writes].gap, scale=2.5)
    model(X)
    model.save(tmp_path / "model.keras")
    again = LIBRARIES[reads].saving.load_model(tmp_path / "model.keras")
    assert again.scale == 2.5
    assert float(again.optimizer.momentum) == 0.5
    np.testing.assert_allclose(values(again), values(model), rtol=1e-5)


def test_what_is_not_known_is_said(own, tmp_path):
    by_hand = own["ours"].BuiltByHand(2)
    by_hand.build((None, 4), "ones")
    model = model_of(lamina, by_hand)
    model.compile("sgd", own["ours"].gap)
    model.save(tmp_path / "model.keras")
    from lamina.saving_registry import get_custom_objects

    known = dict(get_custom_objects())
    get_custom_objects().clear()
    load = lamina.saving.load_model
    with pytest.raises(FileFormatError, match=r"no layer BuiltByHand .*register"):
        load(tmp_path / "model.keras")
    with pytest.raises(FileFormatError, match=r"gap.*compile=False.*register"):
        load(tmp_path / "model.keras", {"BuiltByHand": own["ours"].BuiltByHand})
    again = load(tmp_path / "model.keras", known)
    np.testing.assert_allclose(values(again), values(model), rtol=1e-5)
    with lamina.saving.custom_object_scope({"Custom>BuiltByHand": own["ours"].BuiltByHand}):
        assert load(tmp_path / "model.keras", compile=False).trainer is None


def test_arguments_that_are_no_plain_values_need_a_get_config(tmp_path):
    class Needs(lamina.layers.Layer):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def call(self, inputs):
            return self.inner(inputs)

    with pytest.raises(NotSupportedError, match=r'Needs .* "inner" .* get_config'):
        model_of(lamina, Needs(lamina.layers.Dense(2))).save(tmp_path / "model.keras")


def test_training_of_a_call_is_kept_by_us_and_read_by_keras(tmp_path):
    x = lamina.Input((4,))
    y = lamina.layers.Dropout(0.5)(x, training=False)
    model = lamina.Model(x, [y, lamina.layers.Dropout(0.5)(x)])
    model.save(tmp_path / "model.keras")
    fixed, free = lamina.saving.load_model(tmp_path / "model.keras")(X, training=True)
    np.testing.assert_array_equal(fixed.numpy(), X)
    assert not np.array_equal(free.numpy(), X)
    keras.saving.load_model(tmp_path / "model.keras").predict(X, verbose=0)
