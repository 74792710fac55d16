"""Objects of users are found by their registered names, and nothing is found by import."""

import numpy as np
import pytest
import torch

from lamina import layers, utils
from lamina.errors import ConfigError, NotSupportedError
from lamina.saving_registry import without_registration


@pytest.fixture(autouse=True)
def _clean():
    with without_registration():
        yield


def test_a_registered_class_comes_back_by_its_name():
    @utils.register_keras_serializable("mine", "Renamed")
    class Own:
        def __init__(self, size):
            self.size = size

        def get_config(self):
            return {"size": self.size}

    form = utils.serialize_keras_object(Own((1, 2)))
    assert form["registered_name"] == "mine>Renamed"
    assert utils.get_registered_object("mine>Renamed") is Own
    assert utils.deserialize_keras_object(form).size == (1, 2)


def test_layers_are_written_under_keras_names():
    form = utils.serialize_keras_object(layers.Dense(3, name="d"))
    assert (form["module"], form["class_name"], form["registered_name"]) == (
        "keras.layers",
        "Dense",
        None,
    )
    assert utils.deserialize_keras_object(form).units == 3


@pytest.mark.parametrize(
    "value", [None, 3, "x", (1, (2, b"\xff")), [1.5], {"a": (1,)}, slice(1, None, 2)]
)
def test_plain_values_come_back(value):
    assert utils.deserialize_keras_object(utils.serialize_keras_object(value)) == value


def test_arrays_come_back():
    for value in (np.arange(3, dtype="int16"), torch.ones(2, 2)):
        again = utils.deserialize_keras_object(utils.serialize_keras_object(value))
        assert again.dtype == value.dtype
        np.testing.assert_array_equal(again, value)


@pytest.mark.parametrize(("module", "name"), [("os", "system"), ("keras.layers", "importlib"), ("lamina.files", "x")])  # fmt: skip
def test_a_name_that_is_not_known_is_refused(module, name):
    form = {"module": module, "class_name": name, "config": {}, "registered_name": name}
    with pytest.raises(ConfigError, match="not known here"):
        utils.deserialize_keras_object(form)
    with pytest.raises(ConfigError, match="not known here"):
        utils.deserialize_keras_object({**form, "class_name": "function", "config": name})


def test_lambdas_are_neither_written_nor_read():
    with pytest.raises(NotSupportedError):
        utils.serialize_keras_object(lambda x: x)
    with pytest.raises(NotSupportedError):
        utils.deserialize_keras_object({"class_name": "__lambda__", "config": {"value": ""}})


def test_a_scope_ends():
    with utils.custom_object_scope({"a": 1}), utils.CustomObjectScope({"b": 2}):
        assert utils.get_registered_object("a") == 1
        assert utils.get_registered_object("b") == 2
    assert utils.get_registered_object("a") is None


def test_a_class_without_get_config_is_refused():
    with pytest.raises(ConfigError, match="get_config"):
        utils.register_keras_serializable()(type("Bare", (), {}))
