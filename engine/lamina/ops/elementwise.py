"""Ops on each element: arithmetic, comparison, logic, functions of one number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from lamina.ops.convert import as_float, convert, dtype_name, promoted, torch_dtype
from lamina.ops.registry import define, op


def _unary(
    name: str, compute: Callable[..., Any], *aliases: str, kind: str = "float"
) -> Callable[[Any], Any]:
    """An op of one argument; `kind` says whether integers become fractions ("float") or stay ("same")."""

    def function(x: Any) -> Any:
        return compute(as_float(x) if kind == "float" else convert(x))

    function.__doc__ = f"`{name}` of each element of `x`."
    return define(name, function, aliases)


def _binary(
    name: str,
    compute: Callable[..., Any],
    *aliases: str,
    at_least: Any = None,
    keep_64: bool = False,
) -> Callable[[Any, Any], Any]:
    """An op of two arguments, brought to the type they have in common."""

    def function(x1: Any, x2: Any) -> Any:
        return compute(*promoted(x1, x2, at_least=at_least, keep_64=keep_64))

    function.__doc__ = f"`{name}` of `x1` and `x2`, element by element, with broadcasting."
    return define(name, function, aliases)


for _name in (
    "arccosh", "arcsinh", "arctanh", "arccos", "arcsin", "arctan", "cos", "cosh", "sin", "sinh", "tan", "tanh",
    "exp", "exp2", "expm1", "log", "log10", "log1p", "log2", "sqrt", "sinc", "i0", "erf",
    "erfc", "erfinv", "rsqrt",
):  # fmt: skip
    _unary(_name, getattr(torch, _name))

_unary("ceil", lambda x: torch.ceil(promoted(x, at_least=float)[0]), kind="same")
_unary("floor", lambda x: torch.floor(promoted(x, at_least=float)[0]), kind="same")
_unary("cbrt", lambda x: torch.sign(x) * torch.abs(x) ** (1 / 3))
for _name, _turn in (("deg2rad", torch.deg2rad), ("rad2deg", torch.rad2deg)):
    # int64 becomes float64 here, in Keras too
    _unary(
        _name,
        lambda x, turn=_turn: turn(x.double() if x.dtype == torch.int64 else as_float(x)),
        kind="same",
    )
_unary("reciprocal", torch.reciprocal)
_unary("fabs", torch.abs)
_unary("angle", torch.angle)
_unary("trunc", lambda x: x if not x.is_floating_point() else torch.trunc(x), kind="same")
_unary("absolute", lambda x: x if x.dtype == torch.bool else torch.abs(x), "abs", kind="same")
_unary("sign", torch.sign, kind="same")
_unary("negative", torch.negative, kind="same")
_unary("conjugate", lambda x: torch.conj(x).resolve_conj(), "conj", kind="same")
_unary("real", lambda x: torch.real(x) if x.is_complex() else x, kind="same")
_unary("imag", lambda x: torch.imag(x) if x.is_complex() else torch.zeros_like(x), kind="same")
_unary("isreal", torch.isreal, kind="same")
_unary("isfinite", torch.isfinite, kind="same")
_unary("isinf", torch.isinf, kind="same")
_unary("isnan", torch.isnan, kind="same")
_unary("isneginf", torch.isneginf, kind="same")
_unary("isposinf", torch.isposinf, kind="same")
_unary("signbit", torch.signbit, kind="same")
_unary("logical_not", torch.logical_not, kind="same")
_unary("bitwise_not", torch.bitwise_not, "bitwise_invert", kind="same")
_unary("copy", torch.clone, kind="same")
_unary("view_as_complex", torch.view_as_complex, kind="same")
_unary("view_as_real", torch.view_as_real, kind="same")

_binary("add", torch.add, keep_64=True)
_binary("true_divide", torch.true_divide, "divide", at_least=float, keep_64=True)
_binary("floor_divide", torch.floor_divide)
_binary("maximum", torch.maximum)
_binary("minimum", torch.minimum)
_binary("fmax", torch.fmax)
_binary("fmin", torch.fmin)
_binary("arctan2", torch.arctan2, at_least=float)
_binary("hypot", torch.hypot, at_least=float)
_binary("logaddexp", torch.logaddexp, at_least=float)
_binary("logaddexp2", torch.logaddexp2, at_least=float)
_binary("heaviside", torch.heaviside, at_least=float)
_binary("nextafter", torch.nextafter, at_least=float)
_binary("gcd", torch.gcd, keep_64=True)
_binary("lcm", torch.lcm, keep_64=True)
_binary("bitwise_and", torch.bitwise_and, keep_64=True)
_binary("bitwise_or", torch.bitwise_or, keep_64=True)
_binary("bitwise_xor", torch.bitwise_xor, keep_64=True)
_binary("bitwise_left_shift", torch.bitwise_left_shift, "left_shift", keep_64=True)
_binary("bitwise_right_shift", torch.bitwise_right_shift, "right_shift", keep_64=True)
_binary("logical_and", torch.logical_and)
_binary("logical_or", torch.logical_or)
_binary("logical_xor", torch.logical_xor)
_binary("equal", torch.eq, keep_64=True)
_binary("not_equal", torch.ne, keep_64=True)
_binary("less", torch.lt, keep_64=True)
_binary("less_equal", torch.le, keep_64=True)
_binary("greater", torch.gt, keep_64=True)
_binary("greater_equal", torch.ge, keep_64=True)
_binary("ldexp", lambda x, e: x * torch.exp2(e), at_least=float)


@op()
def subtract(x1: Any, x2: Any) -> Any:
    """`x1 - x2`, element by element."""
    a, b = promoted(x1, x2, keep_64=True)
    return torch.logical_xor(a, b) if a.dtype == torch.bool else a - b


@op()
def multiply(x1: Any, x2: Any) -> Any:
    """`x1 * x2`, element by element."""
    a, b = promoted(x1, x2, keep_64=True)
    return a * b


@op()
def power(x1: Any, x2: Any) -> Any:
    """`x1` to the power `x2`, element by element."""
    a, b = promoted(x1, x2, keep_64=True)
    return torch.pow(a, b)


def _number(x: Any) -> Any:
    """Booleans count as integers where torch cannot divide them."""
    x = convert(x)
    return x.to(torch.int32) if x.dtype == torch.bool else x


@op()
def mod(x1: Any, x2: Any) -> Any:
    """Remainder of `x1 / x2` with the sign of `x2`."""
    a, b = promoted(x1, x2, keep_64=True)
    return torch.remainder(_number(a), _number(b))


@op()
def fmod(x1: Any, x2: Any) -> Any:
    """Remainder of `x1 / x2` with the sign of `x1`."""
    a, b = promoted(x1, x2)
    return torch.fmod(_number(a), _number(b))


@op()
def divide_no_nan(x1: Any, x2: Any) -> Any:
    """`x1 / x2`, and 0 where `x2` is 0."""
    a, b = promoted(x1, x2, at_least=float)
    safe = torch.where(b == 0, torch.ones_like(b), b)
    return torch.where(b == 0, torch.zeros_like(a), a / safe)


@op()
def square(x: Any) -> Any:
    """The square of each element; booleans become integers."""
    return torch.square(_number(x))


@op()
def round(x: Any, decimals: int = 0) -> Any:  # noqa: A001 - Keras' name
    """Each element rounded to `decimals`; halves go to the even neighbour."""
    tensor = convert(x)
    if tensor.is_floating_point():
        return torch.round(tensor, decimals=decimals)
    return torch.round(tensor.to(torch.float32), decimals=decimals).to(
        torch.int32 if tensor.dtype == torch.bool else tensor.dtype
    )


@op()
def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """Each element, but at least `x_min` and at most `x_max`."""
    tensor = convert(x)
    if tensor.dtype == torch.bool:
        tensor = tensor.to(torch.int32)
    low, high = (
        None if v is None else convert(v, dtype_name(tensor.dtype)).to(tensor.device)
        for v in (x_min, x_max)
    )
    return torch.clip(tensor, low, high)


@op()
def nan_to_num(
    x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """`x` with numbers in place of NaN and infinities; the largest there are when left out."""
    tensor = convert(x)
    return torch.nan_to_num(tensor, nan, posinf, neginf) if tensor.is_floating_point() else tensor


@op()
def isclose(
    x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """Whether each `|x1 - x2| <= atol + rtol |x2|`."""
    a, b = promoted(x1, x2, keep_64=True)
    return torch.isclose(a, b, rtol, atol, equal_nan)


@op()
def allclose(
    x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """Whether `isclose` holds everywhere."""
    a, b = promoted(x1, x2, keep_64=True)
    return torch.isclose(a, b, rtol, atol, equal_nan).all()


@op()
def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """`x1` where the condition holds, `x2` elsewhere; without both, the indices where it holds."""
    mask = convert(condition).to(torch.bool)
    if x1 is None or x2 is None:
        return torch.where(mask)
    a, b = promoted(x1, x2, keep_64=True)
    return torch.where(mask.to(a.device) if a.dim() else mask, a.to(mask.device), b.to(mask.device))


@op()
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """For each element the choice of the first condition that holds, or `default`."""
    conditions = [convert(c).to(torch.bool) for c in condlist]
    *choices, result = promoted(*choicelist, default)
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        result = torch.where(condition, choice, result)
    return result


@op()
def polar(abs_: Any, angle: Any) -> Any:
    """The complex number of that absolute value and angle."""
    return torch.polar(*promoted(abs_, angle, at_least=float))


@op()
def cast(x: Any, dtype: Any) -> Any:
    """`x` as another dtype."""
    return convert(x, dtype)


@op()
def saturate_cast(x: Any, dtype: Any) -> Any:
    """`x` as another dtype, values beyond its range set to the nearest it has."""
    tensor, target = convert(x), torch_dtype(dtype)
    if torch.bool in {target, tensor.dtype}:
        return tensor.to(target)
    limits = torch.finfo(target) if target.is_floating_point else torch.iinfo(target)
    if tensor.is_floating_point() and not target.is_floating_point:
        wide = tensor.to(torch.float64)
        top = float(limits.max)
        clipped = torch.clip(wide, float(limits.min), top)
        return torch.where(wide >= top, torch.full_like(clipped, top), clipped).to(target)
    own = torch.finfo(tensor.dtype) if tensor.is_floating_point() else torch.iinfo(tensor.dtype)
    return torch.clip(tensor, max(own.min, limits.min), min(own.max, limits.max)).to(target)


@op()
def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """Whether each element of `x1` is among those of `x2`."""
    a, b = promoted(x1, x2)
    return torch.isin(a, b, assume_unique=assume_unique, invert=invert)


@op()
def stop_gradient(variable: Any) -> Any:
    """The same values, cut off from what made them: no gradient flows back."""
    return convert(variable).detach()
