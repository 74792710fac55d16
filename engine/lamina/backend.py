"""`keras.backend`: the few names of it that scripts still use."""

from typing import NoReturn

from lamina.naming import clear_session
from lamina.ops.convert import dtype_name as standardize_dtype
from lamina.ops.convert import result_type
from lamina.ops.registry import FUNCTIONS, OPS
from lamina.refused import absent, refuse
from lamina.settings import (
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from lamina.text import Text

__path__: list[str] = []  # so that an import of what was below it once is told what to use
__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
]


def backend() -> str:
    """Always "torch"."""
    return "torch"


def is_float_dtype(dtype: object) -> bool:
    """Whether a dtype is of fractions.

    >>> is_float_dtype("bfloat16"), is_float_dtype("int32")
    (True, False)
    """
    return "float" in standardize_dtype(dtype)


def is_int_dtype(dtype: object) -> bool:
    """Whether a dtype is of integers, signed or not."""
    return "int" in standardize_dtype(dtype)


def is_keras_tensor(x: object) -> bool:
    """Whether `x` is symbolic: the output of a layer or op in a graph."""
    return hasattr(x, "graph_call")


def __getattr__(name: str) -> NoReturn:
    if name in OPS or name in FUNCTIONS:
        raise refuse(
            f"backend.{name}",
            Text(
                f"it is of older versions of Keras. Use lamina.ops.{name}, whose arguments may have other names.",
                f"它属于旧版 Keras。请使用 lamina.ops.{name}，其参数名可能不同。",
            ),
        )
    raise absent(__name__, name)
