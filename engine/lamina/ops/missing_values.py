"""Ops that leave out NaN: places and quantiles."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lamina.ops.convert import convert, promoted
from lamina.ops.reductions import Axis, axes_of
from lamina.ops.registry import op


def _place(x: Any, axis: int | None, keepdims: bool, *, largest: bool) -> Tensor:
    tensor = promoted(x, at_least=float, keep_64=True)[0]
    missing = torch.isnan(tensor)
    filled = torch.where(missing, float("-inf") if largest else float("inf"), tensor)
    pick = torch.argmax if largest else torch.argmin
    nothing = torch.all(missing) if axis is None else torch.all(missing, axis, keepdim=keepdims)
    places = pick(filled.reshape(-1)) if axis is None else pick(filled, axis, keepdim=keepdims)
    places = torch.where(nothing, -1, places).to(torch.int32)
    return places.reshape([1] * tensor.dim()) if keepdims and axis is None else places


@op()
def nanargmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the largest element that is not NaN stands, -1 where all are."""
    return _place(x, axis, keepdims, largest=True)


@op()
def nanargmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the smallest element that is not NaN stands, -1 where all are."""
    return _place(x, axis, keepdims, largest=False)


@op()
def nanquantile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """The values below which the shares `q` of the elements that are not NaN lie."""
    tensor = promoted(x, at_least="float32")[0]
    axes = axes_of(axis, tensor.dim())
    kept = [a for a in range(tensor.dim()) if a not in axes]
    moved = tensor.permute(*kept, *axes).reshape([*(tensor.shape[a] for a in kept), -1])
    share = convert(q).to(tensor)
    found = torch.nanquantile(moved, share, dim=-1, interpolation=method)
    if not keepdims:
        return found
    return found.reshape(
        [*share.shape, *(1 if a in axes else tensor.shape[a] for a in range(tensor.dim()))]
    )


@op()
def nanpercentile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """The values below which `q` percent of the elements that are not NaN lie."""
    return nanquantile(x, convert(q).to(torch.float32) / 100, axis, method, keepdims)


@op()
def nanmedian(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The middle element that is not NaN, or the mean of the two in the middle."""
    return nanquantile(x, 0.5, axis, "linear", keepdims)
