"""Declarations by fields: parsing, messages, schema."""

from __future__ import annotations

import inspect
from typing import Any, Generic, TypeVar

import numpy as np
import pytest

from lamina.errors import ConfigError
from lamina.fields import Declared, Int, PositiveInt, field
from lamina.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    LeakyReLU,
    UpSampling2D,
)
from lamina.text import Text


def test_positions_keywords_and_old_spellings_mean_the_same() -> None:
    assert Dense(3, "relu").node_config() == Dense(units=3, activation="relu").node_config()
    assert LeakyReLU(alpha=0.1).negative_slope == 0.1
    assert (
        Conv2D(8, 3).kernel_size == Conv2D(8, (3, 3)).kernel_size == Conv2D(8, [3, 3]).kernel_size
    )
    assert Conv2D(8, 3, padding="SAME").padding == "same"
    assert UpSampling2D(interpolation="Bilinear").interpolation == "bilinear"
    assert Dense(np.int64(4)).units == 4
    assert Dense(3, input_dim=5).declared_input_shape == (5,)
    assert Embedding(7, 2, input_shape=(3,)).declared_input_shape == (3,)


def test_the_length_that_old_scripts_give_an_embedding_is_left_out() -> None:
    with pytest.warns(UserWarning, match="input_length has no effect"):
        layer = Embedding(7, 2, input_length=3)
    assert layer.node_config() == Embedding(7, 2).node_config()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Dense(0), r"Dense\.units must be at least 1, got 0\."),
        (lambda: Dense("many"), r"Dense\.units must be a whole number, got 'many'\."),
        (lambda: Dense(True), r"Dense\.units: must be a whole number, got a boolean"),
        (lambda: Dense(2.5), r"Dense\.units must be a whole number, got 2\.5"),
        (Dense, r"Dense\.units is needed: Size of the last axis"),
        (lambda: Dense(1, unit=2), r'Dense has no parameter "unit"\. Did you mean units\?'),
        (
            lambda: Dense(1, "rleu"),
            r"Dense\.activation: There is no activation \"rleu\"\. Did you mean relu",
        ),
        (
            lambda: Dense(1, kernel_initializer="glorot"),
            r"kernel_initializer: There is no initializer",
        ),
        (lambda: Dropout(1.5), r"Dropout\.rate must be at most 1"),
        (lambda: Dropout(float("nan")), r"Dropout\.rate"),
        (
            lambda: Conv2D(2, 3, padding="smae"),
            r"Conv2D\.padding must be 'valid' or 'same', got 'smae'",
        ),
        (lambda: Conv2D(2, 3, data_format="channels_first"), r"channels_first is not supported"),
        (lambda: Conv2D(3, 3, groups=2), r"Conv2D\.groups must divide filters"),
        (lambda: BatchNormalization(epsilon=0), r"epsilon must be above 0"),
        (lambda: Dense(1, dtype="float8"), r"There is no dtype policy 'float8'"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_was_given(make: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        make()
    assert caught.value.text.zh != caught.value.text.en or "dtype" in words


def test_too_many_positions_and_the_same_parameter_twice() -> None:
    with pytest.raises(TypeError, match="takes at most"):
        Dropout(0.5, None, 1, 2)
    with pytest.raises(TypeError, match="twice"):
        Dense(3, units=3)


def test_all_faults_come_in_one_error() -> None:
    with pytest.raises(ConfigError) as caught:
        Conv2D(-1, 0, padding="x")
    assert len(str(caught.value).splitlines()) == 3


def test_schema_carries_bounds_defaults_and_form_controls() -> None:
    properties = Conv2D.json_schema()["properties"]
    assert properties["filters"]["minimum"] == 1
    assert properties["filters"]["x-widget"] == "int"
    assert properties["kernel_size"]["x-widget"] == "size"
    assert properties["strides"]["default"] == [1, 1]
    assert properties["padding"]["enum"] == ["valid", "same"]
    assert "relu" in properties["activation"]["enum"]
    assert properties["activation"]["default"] == "linear"
    assert properties["kernel_initializer"]["default"] == "glorot_uniform"
    assert properties["use_bias"] | {"x-widget": "bool", "default": True} == properties["use_bias"]
    assert Conv2D.json_schema()["required"] == ["filters", "kernel_size"]


def test_a_form_calls_a_parameter_by_its_words_or_by_what_its_field_says() -> None:
    class Own(Declared):
        kernel_size: PositiveInt = field(3, doc=Text("Size.", "大小。"))
        n: PositiveInt = field(2, doc=Text("Times.", "次数。"), label=Text("Times", "次数"))
        my_own: PositiveInt = field(1, doc=Text("Own.", "自有。"))

    labels = {name: entry["x-label"] for name, entry in Own.json_schema()["properties"].items()}
    assert labels == {
        "kernel_size": {"en": "Kernel size", "zh-CN": "卷积核大小"},
        "n": {"en": "Times", "zh-CN": "次数"},
        "my_own": {"en": "My own", "zh-CN": "My own"},
    }


def test_signature_is_what_help_shows() -> None:
    import inspect

    names = list(inspect.signature(Dense).parameters)
    assert names[:3] == ["units", "activation", "use_bias"]
    assert inspect.signature(Dense).parameters["units"].default is inspect.Parameter.empty


T, U = TypeVar("T"), TypeVar("U")
NONE = Text("", "")


class Base(Declared, Generic[T]):
    first: T = field(1, doc=NONE)
    third: Int = field(3, doc=NONE)
    fourth: Int = field(4, doc=NONE)


class Other(Declared):
    fifth: Int = field(5, doc=NONE)


class Middle(Base[U], Other, Generic[U]):
    zeroth: Int = field(0, doc=NONE)
    second: U = field(2, doc=NONE, after="first")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


class Whole(Middle[PositiveInt]):
    fourth: Int = field(40, doc=NONE, after="zeroth")


def test_a_field_stands_behind_an_inherited_one_and_a_type_is_passed_on() -> None:
    numbers = {"zeroth": 10, "fourth": 11, "first": 1, "second": 2, "third": 3, "fifth": 5}
    made = Whole(10, 11)
    assert list(Whole.declared_fields) == list(numbers)
    assert {name: getattr(made, name) for name in numbers} == numbers
    assert list(Middle.declared_fields) == ["zeroth", "first", "second", "third", "fourth", "fifth"]
    with pytest.raises(ConfigError, match="first must be at least 1"):
        Whole(first=0)


def test_a_class_takes_what_it_shares_by_position_in_an_order_of_its_own() -> None:
    class Shared(Declared):
        seed: int = field(0, doc=NONE, kw_only=True)
        mode: str = field("a", doc=NONE, kw_only=True)

    class First(Shared):
        size: int = field(doc=NONE)

        positional = ("mode", "seed")

    class Second(Shared):
        size: int = field(doc=NONE)

        positional = ("seed",)

    class Third(First):
        pass

    assert str(inspect.signature(First)).startswith("(size: int, mode: str = 'a', seed: int = 0)")
    assert First(1, "b", 2).get_config() == {"size": 1, "mode": "b", "seed": 2}
    assert Third(1, "b", 2).get_config() == First(1, "b", 2).get_config()
    assert Second(1, 2, mode="b").get_config() == {"size": 1, "seed": 2, "mode": "b"}
    for cls, most in ((First, 3), (Second, 2), (Shared, 0)):
        with pytest.raises(TypeError, match=f"at most {most} positional"):
            cls(1, 2, 3, 4)
