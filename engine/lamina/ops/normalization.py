"""Ops that bring tensors to a common scale."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lamina.errors import ConfigError
from lamina.ops.convert import as_float, convert, promoted
from lamina.ops.reductions import axes_of
from lamina.ops.registry import op, refuse
from lamina.settings import epsilon as smallest
from lamina.text import Text


def _wide(x: Any) -> tuple[Tensor, torch.dtype]:
    """A tensor in which sums are safe, and the type that the result has."""
    tensor = as_float(x)
    return promoted(tensor, at_least="float32", keep_64=True)[0], tensor.dtype


@op()
def moments(x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False) -> Any:
    """Mean and variance over the axes."""
    if synchronized:
        raise refuse("moments", "synchronized=True is not supported.", "不支持 synchronized=True。")
    wide, dtype = _wide(x)
    variance, mean = torch.var_mean(wide, axes_of(axes, wide.dim()), correction=0, keepdim=keepdims)
    if dtype == torch.float16:
        limits = torch.finfo(dtype)
        mean, variance = (torch.clamp(t, limits.min, limits.max) for t in (mean, variance))
    return mean.to(dtype), variance.to(dtype)


@op()
def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    axis: int,
    offset: Any = None,
    scale: Any = None,
    epsilon: float = 1e-3,
) -> Any:
    """(x - mean) / sqrt(variance + epsilon), times scale, plus offset, all given along one axis."""
    tensor = as_float(x)
    shape = [-1 if a == axis % tensor.dim() else 1 for a in range(tensor.dim())]
    factor = torch.rsqrt(convert(variance).to(tensor) + epsilon)
    if scale is not None:
        factor = factor * convert(scale).to(tensor)
    result = (tensor - convert(mean).to(tensor).reshape(shape)) * factor.reshape(shape)
    return result if offset is None else result + convert(offset).to(tensor).reshape(shape)


def _over(weight: Any, x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """A weight given for some axes, to be multiplied with all."""
    w = convert(weight).to(x)
    if w.dim() == x.dim():
        return w
    return w.reshape([x.shape[a] if a in axes else 1 for a in range(x.dim())])


@op()
def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: float | None = None
) -> Any:
    """Mean 0 and variance 1 over the axes, times gamma, plus beta (Ba et al. 2016, arXiv:1607.06450)."""
    wide, dtype = _wide(x)
    axes = axes_of(axis, wide.dim())
    variance, mean = torch.var_mean(wide, axes, correction=0, keepdim=True)
    result = (wide - mean) * torch.rsqrt(variance + (smallest() if epsilon is None else epsilon))
    if gamma is not None:
        result = result * _over(gamma, wide, axes)
    if beta is not None:
        result = result + _over(beta, wide, axes)
    return result.to(dtype)


@op()
def rms_normalization(
    x: Any, scale: Any = None, axis: Any = -1, epsilon: float | None = None
) -> Any:
    """Mean of squares 1 over the axes, times scale (Zhang and Sennrich 2019, arXiv:1910.07467)."""
    wide, dtype = _wide(x)
    axes = axes_of(axis, wide.dim())
    squares = torch.mean(wide**2, axes, keepdim=True)
    result = wide * torch.rsqrt(squares + (smallest() if epsilon is None else epsilon))
    return (result if scale is None else result * _over(scale, wide, axes)).to(dtype)


@op()
def normalize(x: Any, axis: Any = -1, order: Any = 2, epsilon: float | None = None) -> Any:
    """The norm of this order over the axis brought to 1."""
    if not isinstance(order, int) or order < 1:
        raise ConfigError(
            Text(
                f"normalize: order is a whole number from 1, got {order!r}.",
                f"normalize：order 应为不小于 1 的整数，实际为 {order!r}。",
            ),
            field="order",
        )
    tensor = as_float(x)
    norm = torch.linalg.vector_norm(tensor, order, axes_of(axis, tensor.dim()), keepdim=True)
    return tensor / torch.clamp(norm, min=smallest() if epsilon is None else epsilon)
