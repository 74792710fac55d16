"""Every layer has Keras' arguments, in Keras' order and with Keras' defaults; what cannot be done is refused in words."""

import inspect

import keras
import pytest

from lamina.errors import ConfigError
from lamina.layer import LAYERS
from lamina.layers import Conv3DTranspose

OF_EVERY_LAYER = {"name", "dtype", "trainable"}
SUGGESTED = {f"AveragePooling{rank}D": {"pool_size"} for rank in (1, 2, 3)}
"""Arguments without a default in Keras that have one here."""
NEEDED = {"CategoryEncoding": ["num_tokens"], "Discretization": ["bin_boundaries", "num_bins"]}
"""Arguments whose default Keras has and refuses."""
IN_CONSTRUCTOR = {
    "Embedding": ["weights", "lora_rank", "lora_alpha", "quantization_config"],
    "GRU": ["use_cudnn"],
    "LSTM": ["use_cudnn"],
}
"""Last arguments that a constructor takes before the fields."""
COMPARED = sorted(set(LAYERS.names()) - {"Input"})


def keras_arguments(name):
    parameters = list(inspect.signature(getattr(keras.layers, name).__init__).parameters.values())
    kinds = inspect.Parameter
    return {
        p.name: p.default
        for p in parameters[1:]
        if p.kind not in (kinds.VAR_KEYWORD, kinds.VAR_POSITIONAL) and p.name not in OF_EVERY_LAYER
    }


def needed_by(cls):
    """What a form begins with."""
    return {
        k: s.suggest
        for k, s in cls.declared_fields.items()
        if s.is_required or s.suggest is not None
    }


def our_fields(name):
    """Fields by the names that Keras has for them."""
    cls = LAYERS.get(name)
    spelled = {own: old for old, own in cls.aliases.items() if own not in keras_arguments(name)}
    return {
        spelled.get(key, key): (key, spec)
        for key, spec in cls.declared_fields.items()
        if not spec.kw_only
    }


@pytest.mark.parametrize("name", COMPARED)
def test_arguments_in_order_and_defaults(name):
    cls, theirs, ours = LAYERS.get(name), keras_arguments(name), our_fields(name)
    assert [*ours, *IN_CONSTRUCTOR.get(name, [])] == list(theirs)
    for argument, default in theirs.items():
        if argument in IN_CONSTRUCTOR.get(name, ()):
            required = needed_by(cls)
            assert argument not in cls(**required, **{argument: default}).get_config()
            continue
        key, spec = ours[argument]
        if default is inspect.Parameter.empty:
            assert spec.is_required or argument in SUGGESTED.get(name, ())
        elif argument not in NEEDED.get(name, ()):
            assert not spec.is_required
            required = needed_by(cls)
            values, issues = cls.check_config({**required, key: default})
            assert issues == []
            assert cls.dump(values)[key] == cls.default_config()[key], argument


@pytest.mark.parametrize("name", COMPARED)
def test_an_option_that_is_not_there_is_refused_by_name(name):
    cls = LAYERS.get(name)
    required = needed_by(cls)
    for key, spec in cls.declared_fields.items():
        if not spec.hidden or spec.doc.en.startswith("Has no effect"):
            continue
        with pytest.raises(ConfigError, match=rf"{cls.__name__}\.{key}: is not supported"):
            cls(**{**required, key: 4})
        assert key not in cls.json_schema()["properties"]
        assert key not in cls(**required).get_config()


def test_transposed_convolution_of_volumes_by_position():
    layer = Conv3DTranspose(2, 3, 2, "same", "channels_last", (1, 1, 1))
    assert layer.output_padding == (1, 1, 1)
