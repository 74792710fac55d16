"""Every op of the table against real Keras, over drawn shapes, dtypes and axes: values and dtypes.

Adding an op is one line: its name and what its arguments are drawn from.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina import ops

FLOATS = ["float32", "float64"]
INTS = ["int32", "int64", "uint8", "int8"]
NUMBERS = [*FLOATS, *INTS]
ALL = [*NUMBERS, "bool"]
Draw = st.DrawFn


def values(
    shape: tuple[int, ...], dtype: str, seed: int, low: float = -3, high: float = 3
) -> np.ndarray:
    random = np.random.default_rng(seed)
    if dtype == "bool":
        return random.random(shape) > 0.5
    if "int" in dtype:
        low = max(0, low) if dtype == "uint8" else low
        return np.asarray(random.integers(int(np.ceil(low)), int(high) + 1, shape)).astype(dtype)
    return np.asarray(random.uniform(low, high, shape)).astype(dtype)


shapes = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)
seeds = st.integers(0, 99)


@st.composite
def one(draw: Draw, dtypes: list[str] = ALL, low: float = -3, high: float = 3, **more: Any) -> Any:
    x = values(draw(shapes), draw(st.sampled_from(dtypes)), draw(seeds), low, high)
    return (x,), {name: draw(option) for name, option in more.items()}


@st.composite
def two(draw: Draw, dtypes: list[str] = ALL, low: float = -3, high: float = 3) -> Any:
    shape = draw(shapes)
    other = draw(st.sampled_from([shape, shape[-1:], tuple(1 for _ in shape)]))
    x1 = values(shape, draw(st.sampled_from(dtypes)), draw(seeds), low, high)
    x2 = values(other, draw(st.sampled_from(dtypes)), draw(seeds), low, high)
    number = draw(st.sampled_from([1, 2] if set(dtypes).isdisjoint(FLOATS) else [1, 2, 1.5]))
    return (x1, draw(st.sampled_from([x2, number]))), {}


@st.composite
def reduced(draw: Draw, dtypes: list[str] = ALL, several: bool = True, **more: Any) -> Any:
    x = values(draw(shapes), draw(st.sampled_from(dtypes)), draw(seeds))
    one_axis = st.integers(-x.ndim, x.ndim - 1)
    axes = st.lists(st.integers(0, x.ndim - 1), min_size=1, unique=True).map(tuple)
    axis = draw(st.one_of(st.none(), one_axis, axes) if several else one_axis)
    return (x,), {"axis": axis, **{name: draw(option) for name, option in more.items()}}


@st.composite
def joined(draw: Draw) -> Any:
    shape = draw(shapes)
    count = draw(st.integers(1, 3))
    xs = [values(shape, draw(st.sampled_from(ALL)), draw(seeds)) for _ in range(count)]
    return (xs,), {"axis": draw(st.integers(-len(shape), len(shape) - 1))}


@st.composite
def matrices(draw: Draw, dtypes: list[str] = NUMBERS) -> Any:
    n, m, k = (draw(st.integers(1, 4)) for _ in range(3))
    batch = draw(st.sampled_from([(), (2,)]))
    x1 = values((*batch, n, m), draw(st.sampled_from(dtypes)), draw(seeds))
    return (x1, values((*batch, m, k), draw(st.sampled_from(dtypes)), draw(seeds))), {}


def fixed(*calls: Any) -> Any:
    return st.sampled_from([(call if isinstance(call, tuple) else (call,), {}) for call in calls])


keep = st.booleans()
MATRIX = np.arange(12, dtype="float32").reshape(3, 4)
CUBE = np.arange(24, dtype="int32").reshape(2, 3, 4)
NAN = np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, 2.0]], "float32")

TABLE: dict[str, Any] = {
    **dict.fromkeys(
        ["arcsin", "arccos", "arctan", "arcsinh", "arctanh", "erfinv"], one(FLOATS, -0.9, 0.9)
    ),
    **dict.fromkeys(
        ["cos", "cosh", "sin", "sinh", "tan", "tanh", "exp", "exp2", "expm1", "deg2rad", "rad2deg", "sinc",
         "sigmoid", "floor", "ceil"],
        one(NUMBERS),
    ),
    **dict.fromkeys(
        ["log", "log2", "log10", "log1p", "sqrt", "rsqrt", "reciprocal", "arccosh"], one(NUMBERS, 1, 3)
    ),
    **dict.fromkeys(["erf", "erfc", "i0", "cbrt", "angle", "softplus", "silu", "leaky_relu"], one(FLOATS)),
    **dict.fromkeys(["absolute", "abs", "sign", "negative", "square", "relu", "fabs", "trunc"], one(NUMBERS)),
    **dict.fromkeys(
        ["isfinite", "isinf", "isnan", "isposinf", "isneginf", "signbit", "real", "conj", "copy"],
        one(NUMBERS),
    ),
    **dict.fromkeys(["logical_not", "zeros_like", "ones_like", "ravel", "flip", "squeeze"], one()),
    "bitwise_not": one(INTS),
    **dict.fromkeys(["add", "subtract", "multiply", "divide", "true_divide"], two(NUMBERS)),
    **dict.fromkeys(["maximum", "minimum", "divide_no_nan", "logaddexp", "arctan2", "hypot"], two(NUMBERS)),
    **dict.fromkeys(["floor_divide", "mod"], two(NUMBERS, 1, 3)),
    "power": two(FLOATS, 0.5, 3),
    **dict.fromkeys(["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"], two()),
    **dict.fromkeys(["logical_and", "logical_or", "logical_xor", "isclose"], two()),
    **dict.fromkeys(["bitwise_and", "bitwise_or", "bitwise_xor", "gcd", "lcm"], two(INTS, 1, 3)),
    **dict.fromkeys(["sum", "mean", "var", "std", "logsumexp"], reduced(NUMBERS, keepdims=keep)),
    # with all axes Keras' torch backend forgets keepdims here
    **dict.fromkeys(["max", "min", "amax", "amin", "prod"], reduced(NUMBERS)),
    **dict.fromkeys(["all", "any"], reduced(keepdims=keep)),
    **dict.fromkeys(["median"], reduced(FLOATS)),
    **dict.fromkeys(["argmax", "argmin"], reduced(FLOATS, several=False, keepdims=keep)),
    **dict.fromkeys(["cumsum", "cumprod", "sort", "argsort"], reduced(FLOATS, several=False)),
    **dict.fromkeys(["softmax", "log_softmax"], reduced(FLOATS, several=False)),
    "top_k": one(FLOATS, k=st.just(1)),
    "quantile": reduced(FLOATS, q=st.floats(0, 1)),
    "average": reduced(NUMBERS),
    **dict.fromkeys(["concatenate", "stack"], joined()),
    "matmul": matrices(),
    "dot": matrices(FLOATS).filter(lambda drawn: drawn[0][0].ndim == 2),
    "tensordot": fixed((MATRIX, MATRIX, [[0], [0]]), (MATRIX, MATRIX.T, 1)),
    "einsum": fixed(("ij,kj->ik", MATRIX, MATRIX), ("ij->j", MATRIX)),
    "outer": two(FLOATS).filter(lambda drawn: not isinstance(drawn[0][1], (int, float))),
    "round": one(FLOATS, decimals=st.integers(0, 2)),
    "clip": one(NUMBERS, x_min=st.just(1), x_max=st.just(2)),
    "where": fixed((MATRIX > 3, MATRIX, 0.0), (MATRIX > 3, 1, 2), (MATRIX > 3, 1, 2.5), (MATRIX > 2, CUBE[0], MATRIX)),
    "cast": one(dtype=st.sampled_from(ALL)),
    "transpose": fixed(MATRIX, (CUBE, (1, 2, 0))),
    "reshape": fixed((MATRIX, (2, -1)), (CUBE, (4, 6)), (CUBE, -1)),
    "split": fixed((MATRIX, 2, 1), (CUBE, [1, 3], 2)),
    "array_split": fixed((MATRIX, 3, 1)),
    "expand_dims": fixed((MATRIX, 0), (MATRIX, -1), (MATRIX, (0, 2))),
    "moveaxis": fixed((CUBE, 0, -1), (CUBE, (0, 1), (2, 0))),
    "swapaxes": fixed((CUBE, 0, 2)),
    "tile": fixed((MATRIX, 2), (MATRIX, (2, 1, 3))),
    "repeat": fixed((MATRIX, 2), (MATRIX, 2, 1), (MATRIX, np.array([1, 0, 2]), 0)),
    "roll": fixed((MATRIX, 2), (CUBE, -1, 1)),
    "rot90": fixed((MATRIX, 1), (CUBE, 2, (0, 2))),
    "pad": fixed((MATRIX, ((1, 0), (0, 2))), (MATRIX, ((1, 1), (2, 1)), "reflect"), (MATRIX, ((1, 1), (0, 1)), "constant", 5.0)),
    "take": fixed((MATRIX, [0, -1], 1), (CUBE, [[0, 1], [2, -1]], 1), (MATRIX, 3)),
    "take_along_axis": fixed((MATRIX, np.argsort(-MATRIX, 1), 1)),
    **dict.fromkeys(["diag", "tril", "triu", "trace"], fixed((MATRIX, 0), (MATRIX, 1), (MATRIX, -1))),
    "diagonal": fixed((CUBE, 1, 0, 2)),
    "meshgrid": fixed(([1, 2], [3, 4, 5])),
    "diff": fixed((MATRIX, 1), (MATRIX, 2, 0)),
    "searchsorted": fixed((np.float32([1, 2, 3]), np.float32([2, 2.5]), "right")),
    "digitize": fixed((np.float32([0.5, 1.0, 9.0]), np.float32([1, 2, 3]))),
    "bincount": fixed(([0, 2, 2],), ([0, 2, 2], None, 5)),
    "one_hot": fixed((np.array([0, 2, -1]), 3), (np.array([[0], [2]]), 3, 1), (np.array([1]), 2, -1, "int32")),
    "arange": fixed(5, (1, 4), (0, 1, 0.25), (2.0, 5), (0, 6, 2, "int64")),
    "linspace": fixed((0, 1, 5), (0.0, 2.0, 4, False), (1, 2, 1)),
    "logspace": fixed((0, 2, 5)),
    "eye": fixed(3, (2, 4, 1), (3, 3, -1, "int32")),
    "tri": fixed(3, (2, 4, 1)),
    "full": fixed(((2, 3), 4), ((2,), 1.5, "float64")),
    **dict.fromkeys(["hanning", "hamming", "blackman", "bartlett"], fixed(1, 7, 8)),
    **dict.fromkeys(["nansum", "nanmean", "nanprod", "nanstd", "nanvar"], fixed(NAN, (NAN, 1))),
    **dict.fromkeys(["nancumsum", "nancumprod"], fixed((NAN, 1))),
    **dict.fromkeys(["nanmax", "nanmin"], fixed(NAN, (NAN, 1))),
}  # fmt: skip


def compare(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            compare(a, b)
    elif isinstance(theirs, torch.Tensor):
        assert ours.dtype == theirs.dtype
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(
            ours.detach().cpu(), theirs.detach().cpu(), rtol=1e-5, atol=1e-6, equal_nan=True
        )
    else:
        assert ours == theirs


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.filterwarnings("ignore:You are using a softmax over axis")
@settings(max_examples=15)
@given(data=st.data())
def test_equals_keras(name: str, data: st.DataObject) -> None:
    args, kwargs = data.draw(TABLE[name])
    compare(getattr(ops, name)(*args, **kwargs), getattr(keras.ops, name)(*args, **kwargs))


@pytest.mark.parametrize("name", ops.OPS.names())
def test_every_op_has_keras_name_and_arguments(name: str) -> None:
    import inspect

    theirs = inspect.signature(getattr(keras.ops, name))
    ours = inspect.signature(ops.OPS.get(name).__dict__["compute"])
    known = [p for p in theirs.parameters.values() if p.kind is not p.VAR_KEYWORD]
    if name in ("isclose", "allclose") or known[:1] == []:
        return
    for mine, other in zip(ours.parameters.values(), known, strict=False):
        assert mine.default == other.default or mine.name.startswith("x")
    assert len(ours.parameters) == len(known)
