"""What saving and loading promise beside agreeing with Keras: whole files or none, clear refusals, old forms."""

import json
import zipfile
from datetime import UTC, datetime

import h5py
import keras
import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.errors import FileFormatError
from lamina.files import read_model, save_model
from lamina.files.topology import model_from_keras
from lamina.saving import load_model


def small(*, compiled: bool = True) -> lamina.Sequential:
    model = lamina.Sequential(
        [lamina.Input(shape=(3,)), layers.Dense(4, name="a"), layers.Dense(2, name="b")]
    )
    if compiled:
        model.compile("adam", "mse", metrics=["acc"])
    return model


def members(path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_equal_models_make_equal_files_but_for_the_date(tmp_path):
    for name in ("one", "two"):
        lamina.utils.set_random_seed(1)
        lamina.utils.clear_session()
        model = small()
        model.train_on_batch(np.ones((4, 3)), np.ones((4, 2)))
        model.save(tmp_path / f"{name}.keras")
    one, two = members(tmp_path / "one.keras"), members(tmp_path / "two.keras")
    assert one["model.weights.h5"] == two["model.weights.h5"]
    assert one["config.json"] == two["config.json"]
    first, second = (json.loads(m.pop("metadata.json")) for m in (one, two))
    assert first.keys() == second.keys() == {"keras_version", "date_saved", "lamina_version"}
    saved = datetime.strptime(first["date_saved"], "%Y-%m-%d@%H:%M:%S").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - saved).total_seconds()) < 60


def test_members_are_stored_and_only_keys_of_keras_3_0_are_written(tmp_path):
    small().save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        text = archive.read("config.json").decode()
    for newer in ("quantization_config", "input_axes", "loss_scale_factor", "__tuple__"):
        assert newer not in text
    assert json.loads(text)["compile_config"]["metrics"] == ["acc"]
    assert json.loads(text)["compile_config"]["loss"] == "mean_squared_error"


def test_a_failed_save_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "model.keras"
    small().save(path)
    before = path.read_bytes()
    model = small()
    monkeypatch.setattr(model.layers[1], "get_weights", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["model.keras"]


def test_a_file_is_not_replaced_against_the_wish(tmp_path):
    path = tmp_path / "model.keras"
    small().save(path)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        small().save(path, overwrite=False)


@pytest.mark.parametrize("name", ["model.h4", "model", "model.pt"])
def test_the_name_says_the_kind(tmp_path, name):
    with pytest.raises(FileFormatError, match=r"\.keras or \.h5"):
        small().save(tmp_path / name)
    with pytest.raises(FileFormatError, match=r"\.weights\.h5 or \.h5"):
        small().save_weights(tmp_path / name)


def test_a_model_without_a_shape_cannot_be_saved(tmp_path):
    with pytest.raises(FileFormatError, match="shape of its input"):
        lamina.Sequential([layers.Dense(2)]).save(tmp_path / "model.keras")


def test_a_loss_of_ones_own_is_left_out_with_a_warning(tmp_path):
    model = small(compiled=False)
    model.compile("sgd", lambda y_true, y_pred: (y_true - y_pred).abs())
    with pytest.warns(UserWarning, match="Call compile after loading"):
        model.save(tmp_path / "model.keras")
    assert load_model(tmp_path / "model.keras").trainer is None


def test_metrics_keep_the_names_they_were_given(tmp_path):
    model = small(compiled=False)
    model.compile("sgd", "mse", metrics=["acc", "mae", "MSE"], weighted_metrics=["mape"])
    model.save(tmp_path / "model.keras")
    for library in (lamina, keras):
        found = library.saving.load_model(tmp_path / "model.keras")
        results = found.evaluate(np.ones((4, 3)), np.ones((4, 2)), verbose=0, return_dict=True)
        assert set(results) >= {"acc", "mae", "mape"}


def test_compile_false_leaves_it_uncompiled(tmp_path):
    small().save(tmp_path / "model.keras")
    assert load_model(tmp_path / "model.keras", compile=False).trainer is None
    assert load_model(tmp_path / "model.keras").optimizer.name == "adam"
    assert read_model(tmp_path / "model.keras").read.is_sequential


def test_open_files_are_refused(tmp_path):
    with (tmp_path / "file").open("wb") as file, pytest.raises(TypeError, match="path"):
        load_model(file)


def test_the_front_doors_are_where_keras_has_them():
    assert lamina.models.load_model is lamina.saving.load_model is load_model
    assert lamina.saving.save_model is save_model
    assert lamina.models.Sequential is lamina.Sequential
    lamina.backend.clear_session()
    assert lamina.backend.image_data_format() == "channels_last"
    assert (lamina.backend.backend(), lamina.backend.floatx()) == ("torch", "float32")
    assert lamina.backend.epsilon() == 1e-7


def test_a_frozen_model_stays_frozen(tmp_path):
    model = small()
    model.trainable = False
    model.save(tmp_path / "model.keras")
    assert load_model(tmp_path / "model.keras", compile=False).trainable_weights == []


# ------------------------------------------------------------------------------------- weights alone


def test_weights_of_another_model_change_nothing(tmp_path):
    other = lamina.Sequential([lamina.Input(shape=(3,)), layers.Dense(4), layers.Dense(3)])
    other.save_weights(tmp_path / "other.weights.h5")
    model = small()
    before = model.get_weights()
    with pytest.raises(
        FileFormatError, match=r'kernel of "b" has the shape \(4, 3\), not \(4, 2\)'
    ):
        model.load_weights(tmp_path / "other.weights.h5")
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_weights_come_from_whole_models_too(tmp_path):
    model = small()
    model.save(tmp_path / "model.keras")
    again = small()
    again.load_weights(tmp_path / "model.keras")
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_weights_bring_the_state_of_the_optimizer(tmp_path):
    model = small()
    model.train_on_batch(np.ones((4, 3)), np.ones((4, 2)))
    model.save_weights(tmp_path / "model.weights.h5")
    again = small()
    again.load_weights(tmp_path / "model.weights.h5")
    assert again.optimizer.iterations == 1
    small(compiled=False).load_weights(tmp_path / "model.weights.h5")


def test_weights_from_nothing_are_refused(tmp_path):
    (tmp_path / "x.weights.h5").write_text("nothing")
    with pytest.raises(FileFormatError, match=r"no \.keras file"):
        small().load_weights(tmp_path / "x.weights.h5")


def test_weights_stored_as_bfloat16_or_float64_are_read(tmp_path):
    model = small(compiled=False)
    model.save_weights(tmp_path / "w.weights.h5")
    kernel = np.array([[1.5, -2, 0.25, 3]] * 3, np.float32)
    with h5py.File(tmp_path / "w.weights.h5", "r+") as file:
        group = file["layers/dense/vars"]
        del group["0"], group["1"]
        upper_half = (kernel.view(np.uint32) >> 16).astype(np.uint16).view("V2")
        group.create_dataset("0", data=upper_half).attrs["dtype"] = "bfloat16"
        group.create_dataset("1", data=np.arange(4, dtype=np.float64))
    model.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(model.get_weights()[0], kernel)
    np.testing.assert_array_equal(model.get_weights()[1], np.arange(4, dtype=np.float32))


def test_weights_from_before_keras_3_are_found(tmp_path):
    model = small(compiled=False)
    model.save_weights(tmp_path / "w.weights.h5")
    with h5py.File(tmp_path / "w.weights.h5", "r+") as file:
        file.move("layers", "_layer_checkpoint_dependencies")
    again = small(compiled=False)
    again.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(model.get_weights()[0], again.get_weights()[0])


# ------------------------------------------------------------------------------------ configs of old


def layer(class_name: str, name: str, inbound=None, **config) -> dict:
    entry = {"class_name": class_name, "config": {"name": name, **config}}
    return entry if inbound is None else {**entry, "name": name, "inbound_nodes": inbound}


def test_node_lists_of_keras_2_are_read():
    config = {
        "class_name": "Functional",
        "config": {
            "name": "old",
            "layers": [
                layer("InputLayer", "x", [], batch_input_shape=[None, 4], dtype="float32"),
                layer(
                    "Dense", "d", [[["x", 0, 0, {}]], [["d", 0, 0, {}]]], units=4, activation="relu"
                ),
                layer("Add", "sum", [[["d", 0, 0, {}], ["d", 1, 0, {}]]]),
            ],
            "input_layers": [["x", 0, 0]],
            "output_layers": [["sum", 0, 0]],
        },
    }
    graph = model_from_keras(config).graph
    assert [(n.id, n.shares, [e.node for e in n.inputs]) for n in graph.nodes] == [
        ("x", None, []),
        ("d", None, ["x"]),
        ("d__1", "d", ["d"]),
        ("sum", None, ["d", "d__1"]),
    ]


@pytest.mark.parametrize(
    ("config", "first", "shape", "data_type"),
    [
        ({}, layer("Dense", "d", units=1, batch_input_shape=[None, 3]), [3], None),
        ({"build_input_shape": [None, 3]}, layer("Dense", "d", units=1), [3], None),
        ({}, layer("InputLayer", "x", batch_shape=[8, 3]), [3], None),
        (
            {"build_input_shape": [None, 5]},
            layer("Embedding", "e", input_dim=4, output_dim=2),
            [5],
            "int64",
        ),
    ],
)
def test_the_input_of_a_sequential_is_found(config, first, shape, data_type):
    entries = [first, layer("Dense", "last", units=2)]
    read = model_from_keras(
        {"class_name": "Sequential", "config": {"name": "s", "layers": entries, **config}}
    )
    assert read.graph.nodes[0].config.get("shape") == shape
    assert read.graph.nodes[0].config.get("data_type") == data_type


def test_a_sequential_that_never_knew_its_input_is_refused():
    config = {"name": "s", "layers": [layer("Dense", "d", units=1)]}
    with pytest.raises(FileFormatError, match="Build it before saving"):
        model_from_keras({"class_name": "Sequential", "config": config})


def functional(dense_call: dict, *, outputs=("d", 0, 0)) -> dict:
    return {
        "class_name": "Functional",
        "config": {
            "name": "m",
            "layers": [
                layer("InputLayer", "x", [], batch_shape=[None, 4]),
                layer("Dropout", "d", [dense_call], rate=0.5),
            ],
            "input_layers": ["x", 0, 0],
            "output_layers": list(outputs),
        },
    }


TENSOR = {"class_name": "__keras_tensor__", "config": {"keras_history": ["x", 0, 0]}}


@pytest.mark.parametrize(
    "call",
    [
        {"args": [TENSOR], "kwargs": {}},
        {"args": [TENSOR], "kwargs": {"training": False, "mask": None}},
        {"args": [], "kwargs": {"inputs": TENSOR}},
    ],
)
def test_keywords_that_change_nothing_are_let_go(call):
    assert [n.id for n in model_from_keras(functional(call)).graph.nodes] == ["x", "d"]


@pytest.mark.parametrize(
    ("call", "outputs", "match"),
    [
        ({"args": [TENSOR], "kwargs": {"scale": True}}, ("d", 0, 0), "scale = true"),
        ({"args": [TENSOR, 3.0], "kwargs": {}}, ("d", 0, 0), "called with 3.0"),
        ({"args": [TENSOR]}, ("e", 0, 0), "no output of a layer"),
        ({"args": [TENSOR]}, ("d", 1, 0), "no output of a layer"),
        ({"args": [TENSOR]}, ("d", 0), "names no tensor"),
        ({"args": [TENSOR]}, ("d", 0, 1), "fit together"),
        ({"args": []}, ("d", 0, 0), "fit together"),
    ],
)
def test_calls_that_cannot_be_are_refused(call, outputs, match):
    with pytest.raises(FileFormatError, match=match):
        model_from_keras(functional(call, outputs=outputs))


def test_named_outputs_come_in_the_order_in_which_keras_flattens_them():
    config = functional({"args": [TENSOR]})
    config["config"]["output_layers"] = {"z": ["d", 0, 0], "a": ["x", 0, 0]}
    assert [e.node for e in model_from_keras(config).graph.outputs] == ["x", "d"]
