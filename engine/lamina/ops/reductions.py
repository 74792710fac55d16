"""Ops that shorten axes or run along them: sums, means, extremes, quantiles, cumulative sums, sorting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from lamina.ops.convert import as_float, convert, dtype_name, promoted, result_type, torch_dtype
from lamina.ops.registry import op

Axis = int | tuple[int, ...] | list[int] | None


def axes_of(axis: Axis, rank: int) -> tuple[int, ...]:
    """The axes meant, each counted from the front; all for None."""
    if axis is None:
        return tuple(range(rank))
    given = (axis,) if isinstance(axis, int) else tuple(axis)
    return tuple(a + rank if a < 0 else a for a in given)


def _summable(x: Any) -> tuple[Tensor, torch.dtype]:
    """A tensor, and the type its sum has: small integers are added up in int32."""
    tensor = convert(x)
    small = tensor.dtype in (torch.bool, torch.uint8, torch.int8, torch.int16)
    return tensor, torch.int32 if small else tensor.dtype


def _last(x: Tensor, axis: Axis, keepdims: bool, compute: Callable[[Tensor], Tensor]) -> Tensor:
    """Apply a reduction of the last axis over any axes."""
    axes = axes_of(axis, x.dim())
    kept = [a for a in range(x.dim()) if a not in axes]
    moved = x.permute(*kept, *axes).reshape([*(x.shape[a] for a in kept), -1])
    result = compute(moved)
    if keepdims:
        result = result.reshape([1 if a in axes else x.shape[a] for a in range(x.dim())])
    return result


@op()
def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:  # noqa: A001 - Keras' name
    """The sum over the axes."""
    tensor, dtype = _summable(x)
    if axis in ((), []):
        return tensor
    return torch.sum(tensor, axes_of(axis, tensor.dim()), keepdim=keepdims, dtype=dtype)


@op()
def prod(x: Any, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """The product over the axes."""
    tensor, own = _summable(x)
    wanted = torch_dtype(result_type(own) if dtype is None else dtype)
    return _last(tensor.to(wanted), axis, keepdims, lambda t: torch.prod(t, -1)).to(wanted)


@op()
def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean over the axes; integers become fractions."""
    tensor = convert(x)
    if axis in ((), []):
        return tensor
    tensor = promoted(tensor, at_least="float32")[0] if not tensor.is_floating_point() else tensor
    wide = promoted(tensor, at_least="float32")[0]
    return torch.mean(wide, axes_of(axis, wide.dim()), keepdim=keepdims).to(tensor.dtype)


@op()
def var(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The variance over the axes, by n rather than n - 1."""
    tensor = promoted(x, at_least=float)[0]
    if axis in ((), []):
        return torch.zeros_like(tensor)
    wide = promoted(tensor, at_least="float32")[0]
    result = torch.var(wide, axes_of(axis, wide.dim()), keepdim=keepdims, correction=0)
    return result.to(tensor.dtype)


@op()
def std(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The standard deviation over the axes, by n rather than n - 1."""
    tensor = as_float(x)
    wide = promoted(tensor, at_least="float32", keep_64=True)[0]
    result = torch.std(wide, axes_of(axis, wide.dim()), keepdim=keepdims, correction=0)
    return result.to(tensor.dtype)


def _extreme(x: Any, axis: Axis, keepdims: bool, initial: Any, largest: bool) -> Tensor:
    tensor = convert(x)
    if axis in ((), []):
        return tensor
    if tensor.numel() == 0 and initial is not None and tensor.device.type != "meta":
        return torch.full_like(_last(tensor, axis, keepdims, lambda t: t.sum(-1)), initial)
    reduce = torch.amax if largest else torch.amin
    result = reduce(tensor, axes_of(axis, tensor.dim()), keepdim=keepdims)
    if initial is None:
        return result
    pick = torch.maximum if largest else torch.minimum
    return pick(result, convert(initial, dtype_name(result.dtype)).to(result.device))


@op()
def max(x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Any:  # noqa: A001 - Keras' name
    """The largest element over the axes, at least `initial`."""
    return _extreme(x, axis, keepdims, initial, largest=True)


@op()
def min(x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Any:  # noqa: A001 - Keras' name
    """The smallest element over the axes, at most `initial`."""
    return _extreme(x, axis, keepdims, initial, largest=False)


@op()
def amax(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest element over the axes."""
    return _extreme(x, axis, keepdims, None, largest=True)


@op()
def amin(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The smallest element over the axes."""
    return _extreme(x, axis, keepdims, None, largest=False)


@op()
def ptp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest minus the smallest element over the axes."""
    return _extreme(x, axis, keepdims, None, largest=True) - _extreme(
        x, axis, keepdims, None, largest=False
    )


@op()
def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:  # noqa: A001 - Keras' name
    """Whether every element over the axes is true."""
    tensor = convert(x).to(torch.bool)
    return tensor if axis in ((), []) else torch.all(tensor, axes_of(axis, tensor.dim()), keepdims)


@op()
def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:  # noqa: A001 - Keras' name
    """Whether one element over the axes is true."""
    tensor = convert(x).to(torch.bool)
    return tensor if axis in ((), []) else torch.any(tensor, axes_of(axis, tensor.dim()), keepdims)


@op()
def count_nonzero(x: Any, axis: Axis = None) -> Any:
    """How many elements over the axes are not 0."""
    tensor = convert(x)
    return torch.sum(tensor != 0, axes_of(axis, tensor.dim())).to(torch.int32)


def _argument(x: Any, axis: int | None, keepdims: bool, largest: bool) -> Tensor:
    tensor = convert(x)
    if tensor.dtype == torch.bool:
        tensor = tensor.to(torch.uint8)
    pick = torch.argmax if largest else torch.argmin
    if axis is None:
        result = pick(tensor.reshape(-1))
        return (result.reshape([1] * tensor.dim()) if keepdims else result).to(torch.int32)
    return pick(tensor, axis, keepdims).to(torch.int32)


@op()
def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the largest element stands, as int32."""
    return _argument(x, axis, keepdims, largest=True)


@op()
def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the smallest element stands, as int32."""
    return _argument(x, axis, keepdims, largest=False)


def _cumulative(x: Any, axis: int | None, dtype: Any, compute: Callable[..., Tensor]) -> Tensor:
    tensor = convert(x)
    wanted = torch_dtype(result_type(tensor.dtype) if dtype is None else dtype)
    if wanted == torch.bool:
        wanted = torch.int32
    if axis is None:
        tensor, axis = tensor.reshape(-1), 0
    return compute(tensor.to(wanted), axis, dtype=wanted)


@op()
def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Sums of all elements up to each one; of the flat tensor without an axis."""
    return _cumulative(x, axis, dtype, torch.cumsum)


@op()
def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Products of all elements up to each one; of the flat tensor without an axis."""
    return _cumulative(x, axis, dtype, torch.cumprod)


@op()
def average(x: Any, axis: Axis = None, weights: Any = None) -> Any:
    """The mean over the axes, weighted where weights are given."""
    if weights is None:
        return mean(promoted(x, at_least=float)[0], axis)
    tensor, w = promoted(x, weights, at_least=float)
    axes = axes_of(axis, tensor.dim())
    if w.dim() == 1 and len(axes) == 1:
        w = w.reshape([-1 if a == axes[0] else 1 for a in range(tensor.dim())])
    w = torch.broadcast_to(w, tensor.shape)
    return torch.sum(tensor * w, axes) / torch.sum(w, axes)


@op()
def quantile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """The values below which the shares `q` of the elements lie."""
    tensor = promoted(x, at_least=float)[0]
    wide = promoted(tensor, at_least="float32")[0]
    share = convert(q).to(wide)
    axes = axes_of(axis, wide.dim())
    kept = [a for a in range(wide.dim()) if a not in axes]
    moved = wide.permute(*kept, *axes).reshape([*(wide.shape[a] for a in kept), -1])
    result = torch.quantile(moved, share, dim=-1, interpolation=method)
    if keepdims:
        front = list(share.shape)
        result = result.reshape(
            front + [1 if a in axes else wide.shape[a] for a in range(wide.dim())]
        )
    return result.to(tensor.dtype)


@op()
def percentile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """The values below which `q` percent of the elements lie."""
    return quantile(x, convert(q).to(torch.float32) / 100, axis, method, keepdims)


@op()
def median(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The middle element over the axes, or the mean of the two in the middle."""
    return quantile(x, 0.5, axis, "linear", keepdims)


@op()
def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """`log(sum(exp(x)))` over the axes, without overflow."""
    tensor = as_float(x)
    return torch.logsumexp(tensor, axes_of(axis, tensor.dim()), keepdim=keepdims)


@op()
def sort(x: Any, axis: int | None = -1) -> Any:
    """The elements along the axis from small to large."""
    tensor = convert(x)
    return torch.sort(
        tensor.reshape(-1) if axis is None else tensor, -1 if axis is None else axis
    ).values


@op()
def argsort(x: Any, axis: int | None = -1) -> Any:
    """The order of places that sorts, as int32."""
    tensor = convert(x)
    if tensor.dtype == torch.bool:
        tensor = tensor.to(torch.uint8)
    flat = tensor.reshape(-1) if axis is None else tensor
    return torch.argsort(flat, dim=-1 if axis is None else axis, stable=True).to(torch.int32)


@op()
def top_k(x: Any, k: int, sorted: bool = True) -> Any:  # noqa: A002 - Keras' name
    """The `k` largest elements along the last axis, and where they stand, as int64."""
    values, places = torch.topk(convert(x), k, sorted=sorted)
    return values, places


@op()
def nansum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The sum over the axes, NaN counted as 0."""
    tensor, dtype = _summable(x)
    return torch.sum(_without_nan(tensor, 0), axes_of(axis, tensor.dim()), keepdims, dtype=dtype)


@op()
def nanmean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean over the axes of what is not NaN."""
    tensor = promoted(x, at_least=float)[0]
    return torch.nanmean(tensor, axes_of(axis, tensor.dim()), keepdim=keepdims)


@op()
def nanprod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The product over the axes, NaN counted as 1."""
    return prod(_without_nan(convert(x), 1), axis, keepdims)


@op()
def nanvar(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The variance over the axes of what is not NaN."""
    tensor = promoted(x, at_least=float)[0]
    axes = axes_of(axis, tensor.dim())
    centred = tensor - torch.nanmean(tensor, axes, keepdim=True)
    return torch.nanmean(centred**2, axes, keepdim=keepdims)


@op()
def nanstd(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The standard deviation over the axes of what is not NaN."""
    return torch.sqrt(nanvar(x, axis, keepdims))


@op()
def nancumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """`cumsum`, NaN counted as 0."""
    return cumsum(_without_nan(convert(x), 0), axis, dtype)


@op()
def nancumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """`cumprod`, NaN counted as 1."""
    return cumprod(_without_nan(convert(x), 1), axis, dtype)


@op()
def nanmax(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest element over the axes that is not NaN."""
    return _nan_extreme(x, axis, keepdims, largest=True)


@op()
def nanmin(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The smallest element over the axes that is not NaN."""
    return _nan_extreme(x, axis, keepdims, largest=False)


def _nan_extreme(x: Any, axis: Axis, keepdims: bool, *, largest: bool) -> Tensor:
    tensor = convert(x)
    if not tensor.is_floating_point():
        return _extreme(tensor, axis, keepdims, None, largest)
    filled = _without_nan(tensor, float("-inf") if largest else float("inf"))
    found = _extreme(filled, axis, keepdims, None, largest)
    nothing = torch.all(torch.isnan(tensor), axes_of(axis, tensor.dim()), keepdims)
    return torch.where(nothing, torch.full_like(found, float("nan")), found)


def _without_nan(x: Tensor, value: float) -> Tensor:
    return torch.where(torch.isnan(x), torch.full_like(x, value), x) if x.is_floating_point() else x
