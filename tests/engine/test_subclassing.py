"""Layers, models and steps that users write themselves, and models inside models."""

import keras
import numpy as np
import pytest
import torch

import lamina
from lamina import Input, Layer, Model, Sequential, layers
from lamina.errors import ConfigError, FileFormatError, ShapeError
from lamina.layer import TensorSpec
from lamina.metrics import Mean, MeanAbsoluteError


class Affine(Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units), name="w")
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", name="b")
        self.seen = input_shape

    def call(self, x, training=False):
        y = torch.matmul(x, self.w) + self.b
        return y + 100.0 if training else y


class Block(Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first = layers.Dense(4, activation="relu")
        self.rest = [Affine(3), layers.Dropout(0.5)]

    def call(self, x):
        x = self.first(x)
        for layer in self.rest:
            x = layer(x)
        return x


class TwoHeads(Model):
    def __init__(self):
        super().__init__()
        self.body = Block()
        self.head = layers.Dense(1)

    def call(self, inputs):
        return self.head(self.body(inputs))


@pytest.fixture
def data():
    random = np.random.default_rng(3)
    return random.normal(size=(32, 5)).astype("float32"), random.normal(size=(32, 1)).astype(
        "float32"
    )


def test_build_sees_the_batch_as_unknown():
    layer = Affine(2)
    layer(Input((5,)))
    assert layer.seen == (None, 5)


def test_a_layer_of_ones_own_gives_shapes_weights_and_values(data):
    x, _ = data
    output = Affine(7)(Input((5,)))
    layer = output.call.layer
    assert output.spec == TensorSpec((None, 7), "float32", False)
    assert [w.path for w in layer.weights] == [f"{layer.name}/w", f"{layer.name}/b"]
    np.testing.assert_allclose(
        layer(x).detach(), x @ layer.get_weights()[0] + layer.get_weights()[1], rtol=1e-5, atol=1e-6
    )


def test_training_reaches_the_layers_inside_a_layer(data):
    x, _ = data
    block = Block()
    assert block(x).abs().max() < 50
    assert block(x, training=True).max() > 50


def test_layers_in_lists_belong_to_the_layer(data):
    block = Block()
    block(data[0])
    assert len(block.weights) == 4
    block.rest.append(layers.Dense(2))
    block(data[0])
    assert len(block.weights) == 6
    block.trainable = False
    assert not block.trainable_weights
    assert not block.rest[0].trainable


def test_a_subclassed_model_learns_like_the_same_sequential(data):
    x, y = data
    ours = TwoHeads()
    ours.body.rest = [layers.Dense(3)]
    ours.compile("sgd", "mse", metrics=["mae"])
    ours.fit(x, y, epochs=0, verbose=0)
    same = Sequential(
        [Input((5,)), layers.Dense(4, activation="relu"), layers.Dense(3), layers.Dense(1)]
    )
    same.compile("sgd", "mse", metrics=["mae"])
    ours.predict(x, verbose=0)
    same.set_weights(ours.get_weights())
    for model in (ours, same):
        model.fit(x, y, epochs=3, batch_size=8, shuffle=False, verbose=0)
    for a, b in zip(ours.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    assert ours.evaluate(x, y, verbose=0) == pytest.approx(same.evaluate(x, y, verbose=0), rel=1e-5)


def test_several_inputs_of_a_subclassed_model(data):
    x, y = data

    class Two(Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = layers.Dense(2), layers.Dense(1)

        def call(self, inputs):
            return self.b(self.a(inputs["left"]) + self.a(inputs["right"]))

    model = Two()
    model.compile("sgd", "mse")
    history = model.fit({"left": x, "right": x}, y, epochs=2, verbose=0)
    assert history.history["loss"][1] < history.history["loss"][0]
    assert model.predict({"right": x, "left": x}, verbose=0).shape == (32, 1)


def test_models_inside_models_equal_keras(data):
    x, y = data

    def build(library):
        start = library.Input((5,))
        inner = library.Sequential(
            [library.Input((5,)), library.layers.Dense(4, activation="tanh")]
        )
        z = library.Input((4,))
        second = library.Model(z, library.layers.Dense(3)(z))
        model = library.Model(start, library.layers.Dense(1)(second(inner(start))))
        model.compile(library.optimizers.SGD(0.05), "mse")
        return model

    ours, theirs = build(lamina), build(keras)
    assert [w.shape for w in ours.weights] == [tuple(w.shape) for w in theirs.weights]
    ours.set_weights(theirs.get_weights())
    for model in (ours, theirs):
        model.fit(x, y, epochs=2, batch_size=8, shuffle=False, verbose=0)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        ours.predict(x, verbose=0), theirs.predict(x, verbose=0), rtol=1e-5, atol=1e-6
    )


def test_a_part_of_a_model_feeds_another():
    inner = Sequential([Input((5,)), layers.Dense(4, name="cut"), layers.Dense(2)])
    features = Model(inner.input, inner.get_layer("cut").output)
    start = Input((5,))
    model = Model(start, layers.Dense(1)(features(start)))
    features.trainable = False
    assert len(model.weights) == 4
    assert len(model.trainable_weights) == 2


def test_a_call_can_say_that_it_is_not_as_in_training(data):
    x, y = data
    base_input = Input((5,))
    base = Model(base_input, layers.BatchNormalization()(base_input))
    start = Input((5,))
    model = Model(start, layers.Dense(1)(base(start, training=False)))
    model.compile("sgd", "mse")
    before = [w.copy() for w in base.get_weights()]
    model.fit(x, y, epochs=2, verbose=0)
    after = base.get_weights()
    np.testing.assert_array_equal(before[2], after[2])  # the moving mean stays
    assert np.abs(before[0] - after[0]).max() > 0  # gamma still learns


def test_an_own_train_step(data):
    x, y = data

    class Own(Model):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.loss_tracker = Mean(name="loss")
            self.mae = MeanAbsoluteError(name="mae")

        @property
        def metrics(self):
            return [self.loss_tracker, self.mae]

        def train_step(self, data):
            x, y = data
            self.zero_grad()
            y_pred = self(x, training=True)
            loss = ((y_pred - y) ** 2).mean()
            loss.backward()
            weights = self.trainable_weights
            with torch.no_grad():
                self.optimizer.apply([w.value.grad for w in weights], weights)
            self.loss_tracker.update_state(loss.detach())
            self.mae.update_state(y, y_pred.detach())
            return {metric.name: metric.result() for metric in self.metrics}

    start = Input((5,))
    own = Own(start, layers.Dense(1, kernel_initializer="ones")(start))
    own.compile(optimizer=lamina.optimizers.SGD(0.05))
    history = own.fit(x, y, epochs=3, batch_size=8, shuffle=False, verbose=0).history
    start = Input((5,))
    plain = Model(start, layers.Dense(1, kernel_initializer="ones")(start))
    plain.compile(lamina.optimizers.SGD(0.05), "mse", metrics=["mae"])
    expected = plain.fit(x, y, epochs=3, batch_size=8, shuffle=False, verbose=0).history
    assert set(history) == {"loss", "mae"}
    np.testing.assert_allclose(history["loss"], expected["loss"], rtol=1e-5)
    np.testing.assert_allclose(history["mae"], expected["mae"], rtol=1e-5)


def test_an_own_loss(data):
    x, y = data

    class Twice(Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return 2 * super().compute_loss(x, y, y_pred, sample_weight, training)

    def fitted(cls):
        start = Input((5,))
        model = cls(start, layers.Dense(1, kernel_initializer="ones")(start))
        model.compile(lamina.optimizers.SGD(0.0), "mse", metrics=["mae"])
        return model.fit(x, y, verbose=0, batch_size=32).history

    own, plain = fitted(Twice), fitted(Model)
    assert own["loss"][0] == pytest.approx(2 * plain["loss"][0], rel=1e-5)
    assert own["mae"][0] == pytest.approx(plain["mae"][0], rel=1e-5)


def test_add_loss_and_penalties_join_the_loss(data):
    x, y = data

    class Penalized(Layer):
        def call(self, x):
            self.add_loss(x.square().mean())
            return x

    start = Input((5,))
    model = Model(start, layers.Dense(1, kernel_initializer="zeros")(Penalized()(start)))
    model.compile(lamina.optimizers.SGD(0.0), "mse")
    loss = model.evaluate(x, y, verbose=0, batch_size=32)
    assert loss == pytest.approx(float((y**2).mean() + (x**2).mean()), rel=1e-5)


def test_losses_that_layers_add_need_no_targets_and_no_loss(data):
    x, y = data

    def history(library):
        class Endpoint(library.layers.Layer):
            def call(self, targets, predictions):
                self.add_loss(library.ops.mean(library.ops.square(targets - predictions)))
                return predictions

        given, targets = library.Input((5,)), library.Input(y.shape[1:])
        predictions = library.layers.Dense(1, kernel_initializer="ones")(given)
        model = library.Model([given, targets], Endpoint()(targets, predictions))
        model.compile("sgd")
        found = model.fit([x, y], epochs=2, shuffle=False, verbose=0).history["loss"]
        return [*found, model.evaluate([x, y], verbose=0)]

    assert history(lamina) == pytest.approx(history(keras), rel=1e-5)


def test_without_any_loss_there_is_nothing_to_minimize(data):
    x, y = data
    start = Input((5, 1))
    model = Model(start, layers.GlobalAveragePooling1D()(layers.Masking()(start)))
    model.compile("sgd")
    with pytest.raises(ConfigError, match="no loss to minimize"):
        model.evaluate(x[..., None], y, verbose=0)


def test_losses_are_those_of_the_last_call():
    x = torch.arange(12.0).reshape(2, 3, 2)

    def losses(library):
        layer = library.layers.Dense(1, kernel_initializer="ones", activity_regularizer="l2")
        for scale in (1, 2):
            layer(scale * x)
        return [float(loss.detach()) for loss in layer.losses]

    assert losses(lamina) == pytest.approx(losses(keras))


def test_forgotten_super_init_is_named():
    class Forgot(Layer):
        def __init__(self):
            self.size = 3

        def call(self, x):
            return x

    with pytest.raises(ConfigError, match="super"):
        Forgot()(Input((3,)))


def test_a_class_that_is_not_registered_is_refused_when_a_file_is_read(tmp_path):
    start = Input((5,))
    Model(start, Affine(2)(start)).save(tmp_path / "own.keras")
    with pytest.raises(FileFormatError, match=r"register its class .* custom_objects"):
        lamina.saving.load_model(tmp_path / "own.keras")
    again = lamina.saving.load_model(tmp_path / "own.keras", custom_objects={"Affine": Affine})
    assert again.layers[1].units == 2


def test_a_variable_is_a_tensor():
    variable = lamina.Variable([[1.0, 2.0]], name="v")
    np.testing.assert_allclose((torch.ones(3, 1) @ variable).detach(), [[1, 2]] * 3)
    variable.assign_add([[1.0, 1.0]])
    np.testing.assert_allclose(variable.numpy(), [[2, 3]])
    assert float((variable * 2).detach()[0, 1]) == 6
    with pytest.raises(lamina.errors.ShapeError, match="shape"):
        variable.assign([1.0])


@pytest.mark.parametrize("change", ["assign", "assign_add", "assign_sub"])
@pytest.mark.parametrize(
    "make",
    [
        lambda lib: lib.Variable(np.full((2, 2), 3.0, "float32")),
        lambda lib: lib.Variable(np.full((2, 2), 3, "int32"), dtype="int32", trainable=False),
        lambda lib: lib.metrics.Mean().add_variable((2, 2), "ones"),
    ],
)
def test_a_change_gives_the_new_values_as_keras_does(change, make):
    values = [[1.0, 2.0], [3.0, 4.0]]
    ours, theirs = make(lamina), make(keras)
    given, expected = getattr(ours, change)(values), getattr(theirs, change)(values)
    assert isinstance(given, torch.Tensor)
    assert given.dtype == expected.dtype
    for result in (given.detach(), ours.numpy()):
        np.testing.assert_array_equal(result, expected.detach())
    kept = given.detach().clone()
    getattr(ours, change)(values)
    np.testing.assert_array_equal(given.detach(), kept)


def test_a_kernel_in_another_layout_gives_its_values_in_that_of_keras():
    layer = layers.Conv2D(3, (2, 4))
    layer.build((None, 9, 9, 5))
    values = np.random.default_rng(0).normal(size=layer.kernel.shape).astype("float32")
    np.testing.assert_array_equal(layer.kernel.assign(values), values)
    np.testing.assert_array_equal(layer.kernel.assign_add(values), 2 * values)
    np.testing.assert_array_equal(layer.kernel.numpy(), 2 * values)


def test_the_state_of_an_optimizer_gives_its_new_values():
    optimizer = lamina.optimizers.Adam(0.5)
    optimizer.build([lamina.Variable(np.ones(3, "float32"))])
    state = next(v for v in optimizer.variables if v.shape == (3,))
    np.testing.assert_array_equal(state.assign([1, 2, 3]), [1, 2, 3])
    np.testing.assert_array_equal(state.assign_add(1), [2, 3, 4])
    np.testing.assert_array_equal(state.assign_sub([1, 1, 1]), [1, 2, 3])


@pytest.mark.parametrize("change", ["assign_add", "assign_sub"])
def test_what_does_not_fit_a_variable_is_named(change):
    variable = lamina.Variable(np.ones(3, "float32"), name="v")
    with pytest.raises(ShapeError, match=r'"v" has shape \(3,\), got values of shape \(4,\)'):
        getattr(variable, change)(np.ones(4))
    with pytest.raises(ShapeError, match=r"got values of shape \(2, 3\)"):
        getattr(variable, change)(np.ones((2, 3)))
    with pytest.raises(ConfigError, match="values of a variable are numbers, got 'abc'"):
        getattr(variable, change)("abc")


def test_a_model_at_the_front_of_a_chain_says_the_shape_of_the_input():
    start = Input((5,), dtype="int32")
    base = Model(start, layers.Flatten()(layers.Embedding(9, 3)(start)))
    model = Sequential([base])
    model.add(layers.Dense(2))
    assert model.built
    assert model.input_shape == (None, 5)
    assert model.inputs[0].dtype == "int32"
    assert model.count_params() == base.count_params() + 15 * 2 + 2


@pytest.mark.parametrize("inner_kind", ["sequential", "functional"])
def test_models_inside_models_travel_in_files(inner_kind, data, tmp_path):
    x, y = data

    def build(library):
        if inner_kind == "sequential":
            inner = library.Sequential(
                [
                    library.Input((5,)),
                    library.layers.Dense(4, activation="tanh"),
                    library.layers.Dense(3),
                ],
                name="inside",
            )
        else:
            z = library.Input((5,))
            middle = library.layers.BatchNormalization()(library.layers.Dense(4)(z))
            inner = library.Model(z, library.layers.Dense(3)(middle), name="inside")
        start = library.Input((5,))
        model = library.Model(start, library.layers.Dense(1)(inner(start)))
        model.compile("adam", "mse")
        model.fit(x, y, epochs=1, verbose=0)
        return model

    ours = build(lamina)
    ours.save(tmp_path / "ours.keras")
    ours.save_weights(tmp_path / "ours.weights.h5")
    expected = ours.predict(x, verbose=0)
    opened = keras.models.load_model(tmp_path / "ours.keras")
    np.testing.assert_allclose(opened.predict(x, verbose=0), expected, rtol=1e-5, atol=1e-6)
    again = lamina.models.load_model(tmp_path / "ours.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), expected)
    assert type(again.get_layer("inside")) is type(ours.get_layer("inside"))
    blank = build(lamina)
    blank.load_weights(tmp_path / "ours.weights.h5")
    np.testing.assert_array_equal(blank.predict(x, verbose=0), expected)
    theirs = build(keras)
    theirs.save(tmp_path / "theirs.keras")
    read = lamina.models.load_model(tmp_path / "theirs.keras")
    np.testing.assert_allclose(
        read.predict(x, verbose=0), theirs.predict(x, verbose=0), rtol=1e-5, atol=1e-6
    )


def test_a_function_as_a_layer_equals_keras(data):
    x, _ = data

    def build(library):
        start = library.Input((5,))
        scaled = library.layers.Lambda(lambda t, factor: t * factor, arguments={"factor": 3.0})(
            start
        )
        return library.Model(start, library.layers.Dense(2)(scaled))

    ours, theirs = build(lamina), build(keras)
    ours.set_weights(theirs.get_weights())
    np.testing.assert_allclose(
        ours.predict(x, verbose=0), theirs.predict(x, verbose=0), rtol=1e-5, atol=1e-6
    )
    with pytest.raises(ConfigError, match="takes a function"):
        layers.Lambda("nothing")
