"""The names of `keras.utils` and `keras.preprocessing`, and the small things among them."""

import json

import keras
import pytest

import lamina
from lamina import preprocessing, utils
from lamina.errors import NotSupportedError
from lamina.refused import refusal

ELSEWHERE = {"bounding_boxes", "legacy"}
"""Folders of keras.utils that are not here."""


def test_every_name_is_here():
    for ours, theirs in (
        (utils, keras.utils),
        (preprocessing, keras.preprocessing),
        (preprocessing.image, keras.preprocessing.image),
        (preprocessing.sequence, keras.preprocessing.sequence),
    ):
        names = {name for name in dir(theirs) if not name.startswith("_")} - ELSEWHERE
        absent = {name for name in names if refusal(f"utils.{name}") is not None}
        assert names - absent <= set(dir(ours)), theirs.__name__


def test_what_is_not_supported_says_so():
    with pytest.raises(NotSupportedError, match="FeatureSpace: use the layers"):
        _ = utils.FeatureSpace


def test_a_config_is_that_of_keras():
    configs = [k.utils.Config(units=3) for k in (lamina, keras)]
    for config in configs:
        config.rate = 0.5
        config["name"] = "x"
        config.update(extra=1)
        assert config.pop("extra") == 1
        assert (config.units, config["rate"], "name" in config, len(config)) == (3, 0.5, True, 3)
        assert list(config) == ["name", "rate", "units"]
        assert config.get("none", 7) == 7
        assert json.loads(config.to_json()) == config.as_dict() == dict(config.items())
        with pytest.raises(AttributeError, match=r"[Dd]id you mean .units."):
            _ = config.unit
        config.freeze()
        assert config.frozen
        for change in (
            lambda c: setattr(c, "units", 4),
            lambda c: c.pop("units"),
            lambda c: c.__delitem__("units"),
        ):
            with pytest.raises(ValueError, match="frozen"):
                change(config)
        config.unfreeze()
        del config["units"]
        assert set(config.keys()) == {"rate", "name"}
    assert repr(configs[0]) == repr(configs[1])


def test_source_inputs_of_a_graph():
    a, b = lamina.Input((2,)), lamina.Input((2,))
    hidden = lamina.layers.Dense(2)(a)
    both = lamina.layers.Add()([hidden, b, hidden])
    assert [t is s for t, s in zip(utils.get_source_inputs(both), [a, b], strict=True)] == [
        True
    ] * 2
    assert utils.is_keras_tensor(both)
    assert not utils.is_keras_tensor(3)
    assert utils.get_source_inputs(3) == 3
    assert utils.standardize_dtype("float32") == "float32"
