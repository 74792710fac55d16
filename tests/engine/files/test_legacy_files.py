"""`.h5` files, whole models and weights alone, against real Keras 3 and in the spellings of Keras 2."""

import json

import h5py
import keras
import numpy as np
import pytest

import lamina
from lamina.errors import FileFormatError
from lamina.saving import load_model

X = np.random.default_rng(1).normal(size=(5, 6, 6, 2)).astype("float32")
Y = np.random.default_rng(2).normal(size=(5, 4)).astype("float32")


def chain(api, units=4, last="last"):
    return api.Sequential(
        [
            api.Input(shape=(6, 6, 2)),
            api.layers.Conv2D(3, 3, activation="relu", name="conv"),
            api.layers.BatchNormalization(name="norm"),
            api.layers.Flatten(name="flat"),
            api.layers.Dense(units, activation="softmax", name=last),
        ]
    )


def branches(api):
    """A shared layer, a merge, two outputs."""
    x = api.Input(shape=(6, 6, 2), name="image")
    conv = api.layers.Conv2D(3, 3, name="conv")(x)
    shared = api.layers.Dense(3, name="shared")
    merged = api.layers.Add(name="sum")([conv, shared(shared(conv))])
    row = api.layers.Flatten(name="flat")(merged)
    return api.Model(x, [api.layers.Dense(4, name="a")(row), api.layers.Dense(4, name="b")(row)])


def recurrent(api):
    x = api.Input(shape=(6, 12), name="sequence")
    h = api.layers.LSTM(3, return_sequences=True, name="lstm")(x)
    h = api.layers.MultiHeadAttention(2, 3, name="attention")(h, h)
    return api.Model(x, api.layers.Dense(4, name="d")(api.layers.GRU(4, name="gru")(h)))


MODELS = {"chain": chain, "branches": branches, "recurrent": recurrent}


def outputs(model):
    x = X.reshape(5, 6, 12) if "lstm" in [layer.name for layer in model.layers] else X
    found = model.predict(x, verbose=0)
    return [np.asarray(y) for y in (found if isinstance(found, list) else [found])]


def same(one, other):
    for a, b in zip(outputs(one), outputs(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def shaken(model):
    """The model with weights that are nobody's first ones."""
    draw = np.random.default_rng(3)
    model.set_weights([np.abs(w + draw.normal(size=w.shape)) * 0.3 for w in model.get_weights()])
    return model


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
@pytest.mark.filterwarnings("ignore")
def test_models_go_both_ways(make, tmp_path):
    theirs, ours = shaken(make(keras)), shaken(make(lamina))
    theirs.save(tmp_path / "theirs.h5")
    ours.save(tmp_path / "ours.h5")
    same(load_model(tmp_path / "theirs.h5"), theirs)
    same(keras.models.load_model(tmp_path / "ours.h5"), ours)
    same(load_model(tmp_path / "ours.h5"), ours)


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_weights_go_both_ways(make, tmp_path):
    theirs, ours = shaken(make(keras)), make(lamina)
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    keras.src.legacy.saving.legacy_h5_format.save_weights_to_hdf5_group(
        group := h5py.File(tmp_path / "theirs.h5", "w"), theirs
    )
    group.close()
    ours.load_weights(tmp_path / "theirs.h5")
    same(ours, theirs)
    again = make(keras)
    ours.save_weights(tmp_path / "ours.h5")
    again.load_weights(tmp_path / "ours.h5")
    same(again, theirs)


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "rmsprop", "adamw"])
@pytest.mark.parametrize("writer", [keras, lamina], ids=["keras", "lamina"])
@pytest.mark.filterwarnings("ignore")
def test_a_loaded_model_goes_on_where_it_was(optimizer, writer, tmp_path):
    model = chain(writer)
    model.compile(optimizer, "mean_squared_error", metrics=["accuracy"])
    model.fit(X, Y, epochs=2, verbose=0, shuffle=False)
    model.save(tmp_path / "model.h5")
    loaded = load_model(tmp_path / "model.h5")
    assert int(np.asarray(loaded.optimizer.iterations)) == 2
    for one in (model, loaded):
        one.fit(X, Y, epochs=3, verbose=0, shuffle=False)
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    assert len(loaded.evaluate(X, Y, verbose=0)) == 2
    assert keras.models.load_model(tmp_path / "model.h5").optimizer.name


def test_weights_by_name(tmp_path):
    source, target = shaken(chain(lamina)), chain(lamina, units=7, last="other")
    source.save_weights(tmp_path / "w.h5")
    before = target.get_layer("other").get_weights()
    target.load_weights(tmp_path / "w.h5", by_name=True)
    np.testing.assert_array_equal(
        target.get_layer("conv").get_weights()[0], source.get_layer("conv").get_weights()[0]
    )
    np.testing.assert_array_equal(target.get_layer("other").get_weights()[0], before[0])


@pytest.mark.parametrize("name", ["w.h5", "w.weights.h5"])
def test_what_does_not_fit_is_skipped_only_when_asked(name, tmp_path):
    source, target = shaken(chain(lamina)), chain(lamina, units=7)
    source.save_weights(tmp_path / name)
    before = target.get_weights()
    with pytest.raises(FileFormatError, match=r'kernel of "last" has the shape'):
        target.load_weights(tmp_path / name)
    for a, b in zip(before, target.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)  # all or nothing
    with pytest.warns(UserWarning, match="keeps its values"):
        target.load_weights(tmp_path / name, skip_mismatch=True)
    np.testing.assert_array_equal(
        target.get_layer("conv").get_weights()[0], source.get_layer("conv").get_weights()[0]
    )
    np.testing.assert_array_equal(target.get_layer("last").get_weights()[0], before[-2])


def test_names_are_needed_to_load_by_name(tmp_path):
    model = chain(lamina)
    model.save_weights(tmp_path / "w.weights.h5")
    with pytest.raises(FileFormatError, match="does not name them"):
        model.load_weights(tmp_path / "w.weights.h5", by_name=True)


def test_long_lists_of_names_are_split(tmp_path):
    layers = [lamina.layers.Activation("relu", name=f"{'x' * 45}{i}") for i in range(1500)]
    model = lamina.Sequential([lamina.Input(shape=(2,)), lamina.layers.Dense(1, name="d"), *layers])
    model.save_weights(tmp_path / "w.h5")
    with h5py.File(tmp_path / "w.h5") as file:
        assert "layer_names1" in file.attrs
    model.get_layer("d").set_weights([np.ones((2, 1)), np.ones(1)])
    model.load_weights(tmp_path / "w.h5")
    assert not model.get_layer("d").get_weights()[1].any()


# ---------------------------------------------------------------------------------------- Keras 2

KERAS_2 = {
    "class_name": "Functional",
    "config": {
        "name": "model",
        "layers": [
            {
                "class_name": "InputLayer",
                "config": {
                    "batch_input_shape": [None, 3],
                    "dtype": "float32",
                    "sparse": False,
                    "ragged": False,
                    "name": "input_1",
                },
                "name": "input_1",
                "inbound_nodes": [],
            },
            {
                "class_name": "Dense",
                "config": {
                    "name": "dense",
                    "trainable": True,
                    "dtype": "float32",
                    "units": 2,
                    "activation": "linear",
                    "use_bias": True,
                    "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}},
                    "bias_initializer": {"class_name": "Zeros", "config": {}},
                    "kernel_regularizer": None,
                },
                "name": "dense",
                "inbound_nodes": [[["input_1", 0, 0, {}]]],
            },
        ],
        "input_layers": [["input_1", 0, 0]],
        "output_layers": [["dense", 0, 0]],
    },
}
TRAINING_2 = {
    "loss": "mse",
    "metrics": [
        [
            {
                "class_name": "MeanMetricWrapper",
                "config": {"name": "accuracy", "dtype": "float32", "fn": "categorical_accuracy"},
            }
        ]
    ],
    "weighted_metrics": None,
    "loss_weights": None,
    "optimizer_config": {
        "class_name": "Adam",
        "config": {"name": "Adam", "lr": 0.5, "decay": 0.0, "epsilon": 1e-7, "amsgrad": False},
    },
}


def of_keras_2(path, config=KERAS_2, training=TRAINING_2, change=lambda file: None):
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"], file.attrs["backend"] = b"2.4.0", "tensorflow"
        file.attrs["model_config"] = json.dumps(config)  # of any length, as h5py writes a str
        file.attrs["training_config"] = json.dumps(training).encode()
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [b"input_1", b"dense"]
        group.attrs["keras_version"] = b"2.4.0"
        group.create_group("input_1").attrs["weight_names"] = np.array([])
        dense = group.create_group("dense")
        dense.attrs["weight_names"] = [b"dense/kernel:0", b"dense/bias:0"]
        dense.create_dataset("dense/kernel:0", data=np.arange(6.0, dtype="f4").reshape(3, 2))
        dense.create_dataset("dense/bias:0", data=np.ones(2, "f4"))
        change(file)
    return path


def test_a_file_of_keras_2(tmp_path):
    model = load_model(of_keras_2(tmp_path / "old.h5"))
    np.testing.assert_allclose(model.predict(np.ones((1, 3), "f4"), verbose=0), [[7, 10]])
    assert model.optimizer.get_config()["learning_rate"] == 0.5
    assert len(model.evaluate(np.ones((1, 3)), np.ones((1, 2)), verbose=0)) == 2


def test_the_bare_list_of_the_oldest_sequential(tmp_path):
    layers = [dict(KERAS_2["config"]["layers"][1])]
    layers[0]["config"] = {**layers[0]["config"], "batch_input_shape": [None, 3]}
    path = of_keras_2(tmp_path / "old.h5", {"class_name": "Sequential", "config": layers})
    assert load_model(path).count_params() == 8


KERNEL = "model_weights/dense/dense/kernel:0"


def swapped(make):
    def change(file):
        del file[KERNEL]
        make(file)

    return change


def attribute(group, name, value):
    return lambda file: file[group].attrs.__setitem__(name, value)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (attribute("/", "model_config", b"{"), "no valid JSON"),
        (attribute("/", "model_config", b"[1]"), "not an object"),
        (attribute("/", "model_config", b"[" * 60_000), "JSON"),
        (attribute("/", "model_config", 5), "no list of names"),
        (attribute("/", "model_config", b'{"class_name": "Evil", "config": {}}'), "author's own"),
        (attribute("model_weights", "layer_names", [b"dense", b"dense"]), "twice"),
        (attribute("model_weights", "layer_names", [b"dense", b"none"]), "is missing"),
        (attribute("model_weights", "layer_names", [b"input_1"]), "0 layers"),
        (attribute("model_weights", "keras_version", b"1.2.2"), "Keras 1.2.2"),
        (attribute("model_weights/dense", "weight_names", [b"dense/bias:0"]), "2 weights"),
        (attribute("model_weights/dense", "weight_names", [b"../x", b"/y"]), "is missing"),
        (swapped(lambda f: None), 'kernel of "dense" is missing'),
        (swapped(lambda f: f.create_dataset(KERNEL, (3, 2), "f4")), "0 are stored"),
        (swapped(lambda f: f.create_dataset(KERNEL, (9**9, 9**9), "f4", chunks=(1, 9))), "shape"),
        (swapped(lambda f: f.create_dataset(KERNEL, data=h5py.Empty("f4"))), "no values"),
        (swapped(lambda f: f.__setitem__(KERNEL, h5py.SoftLink("/x"))), "not followed"),
        (swapped(lambda f: f.__setitem__(KERNEL, h5py.ExternalLink("/etc/x", "/x"))), "followed"),
        (
            swapped(lambda f: f.create_dataset(KERNEL, (3, 2), "f4", external=[("/etc/x", 0, 24)])),
            "another file",
        ),
    ],
)
def test_hostile_and_damaged_files(change, match, tmp_path):
    path = of_keras_2(tmp_path / "old.h5", change=change)
    with pytest.raises(FileFormatError, match=match) as error:
        load_model(path)
    assert error.value.text.zh != error.value.text.en


def test_weights_that_the_file_cannot_hold_are_not_made(tmp_path):
    wide = {"class_name": "Dense", "config": {"name": "wide", "units": 10**9}}
    layers = [
        {"class_name": "InputLayer", "config": {"batch_shape": [None, 5, 6], "name": "x"}},
        {"class_name": "TimeDistributed", "config": {"name": "t", "layer": wide}},
    ]
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": layers}}
    with pytest.raises(FileFormatError, match="far more than the file holds"):
        load_model(of_keras_2(tmp_path / "old.h5", config=config))


def test_an_optimizer_that_does_not_exist_is_named(tmp_path):
    training = {**TRAINING_2, "optimizer_config": {"class_name": "Evil", "config": {}}}
    path = of_keras_2(tmp_path / "old.h5", training=training)
    with pytest.raises(FileFormatError, match="compile=False"):
        load_model(path)
    assert load_model(path, compile=False).trainer is None


def test_weights_alone_are_no_model(tmp_path):
    chain(lamina).save_weights(tmp_path / "w.h5")
    with pytest.raises(FileFormatError, match="holds no model"):
        load_model(tmp_path / "w.h5")
