"""Ops that make tensors from sizes and numbers."""

from __future__ import annotations

import math
from typing import Any

import torch

from lamina.devices import elsewhere
from lamina.ops.convert import convert, dtype_name, promoted, result_type, torch_dtype
from lamina.ops.registry import op
from lamina.settings import floatx


def _dtype(dtype: Any) -> torch.dtype:
    return torch_dtype(floatx() if dtype is None else dtype)


def _sizes(shape: Any) -> tuple[int, ...]:
    return (shape,) if isinstance(shape, int) else tuple(shape)


@op()
def zeros(shape: Any, dtype: Any = None) -> Any:
    """All 0."""
    return torch.zeros(_sizes(shape), dtype=_dtype(dtype), device=elsewhere())


@op()
def ones(shape: Any, dtype: Any = None) -> Any:
    """All 1."""
    return torch.ones(_sizes(shape), dtype=_dtype(dtype), device=elsewhere())


@op()
def empty(shape: Any, dtype: Any = None) -> Any:
    """Not filled; here all 0."""
    return torch.zeros(_sizes(shape), dtype=_dtype(dtype), device=elsewhere())


@op()
def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """All the same value."""
    return torch.broadcast_to(convert(fill_value, _dtype(dtype)), _sizes(shape)).clone()


@op()
def zeros_like(x: Any, dtype: Any = None) -> Any:
    """All 0, in the shape of `x`."""
    return torch.zeros_like(convert(x), dtype=None if dtype is None else torch_dtype(dtype))


@op()
def ones_like(x: Any, dtype: Any = None) -> Any:
    """All 1, in the shape of `x`."""
    return torch.ones_like(convert(x), dtype=None if dtype is None else torch_dtype(dtype))


@op()
def empty_like(x: Any, dtype: Any = None) -> Any:
    """Not filled, here all 0, in the shape of `x`."""
    return torch.zeros_like(convert(x), dtype=None if dtype is None else torch_dtype(dtype))


@op()
def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """All the same value, in the shape of `x`."""
    tensor = convert(x)
    value = convert(fill_value, dtype_name(dtype or tensor.dtype)).to(tensor.device)
    return torch.broadcast_to(value, tensor.shape).clone()


@op()
def eye(N: Any, M: Any = None, k: int = 0, dtype: Any = None) -> Any:  # noqa: N803 - Keras' names
    """1 on the diagonal, 0 elsewhere."""
    return tri(N, M, k, dtype) - tri(N, M, k - 1, dtype)


@op()
def identity(n: int, dtype: Any = None) -> Any:
    """A square matrix with 1 on the diagonal."""
    return torch.eye(n, dtype=_dtype(dtype), device=elsewhere())


@op()
def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:  # noqa: N803 - Keras' names
    """1 on and below the diagonal, 0 elsewhere."""
    whole = torch.ones(N, N if M is None else M, dtype=_dtype(dtype), device=elsewhere())
    return torch.tril(whole, k)


@op()
def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Any:
    """Numbers from `start` (0 when only one is given) up to but not including `stop`."""
    given = [v for v in (start, stop, step) if v is not None]
    kinds = [getattr(v, "dtype", type(v)) for v in given]
    wanted = torch_dtype(result_type(*kinds) if dtype is None else dtype)
    if stop is None:
        start, stop = 0, start
    step = 1 if step is None else step
    if wanted == torch.bool:
        return torch.arange(start, stop, step, device=elsewhere()).to(torch.bool)
    return torch.arange(start, stop, step, dtype=wanted, device=elsewhere())


@op()
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """`num` numbers at equal distance from `start` to `stop`."""
    first, last = promoted(start, stop, at_least=float)
    step = (last - first) / max(num - 1 if endpoint else num, 1)
    places = torch.arange(num, dtype=first.dtype, device=first.device)
    grid = first + places.reshape([num] + [1] * step.dim()) * step
    if endpoint and num > 1:
        grid = torch.cat([grid[:-1], torch.broadcast_to(last, grid[-1:].shape)])
    grid = torch.moveaxis(grid, 0, axis)
    grid = grid if dtype is None else grid.to(torch_dtype(dtype))
    return (grid, step) if retstep else grid


@op()
def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """`base` to powers at equal distance."""
    result = torch.pow(base, linspace(start, stop, num, endpoint, axis=axis))
    return result if dtype is None else result.to(torch_dtype(dtype))


@op()
def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    """`num` numbers from `start` to `stop`, each the same multiple of the one before."""
    first, last = promoted(start, stop, at_least=float)
    result = torch.exp(linspace(torch.log(first), torch.log(last), num, endpoint, axis=axis))
    return result if dtype is None else result.to(torch_dtype(dtype))


@op()
def array(x: Any, dtype: Any = None) -> Any:
    """A tensor of what is given."""
    return convert(x, dtype)


def _window(x: Any, at: Any) -> Any:
    length = int(convert(x))
    if length <= 1:
        return torch.ones(length, device=elsewhere())
    places = torch.arange(length, dtype=torch.float64, device=elsewhere())
    return at(2 * math.pi * places / (length - 1)).float()


@op()
def hanning(x: Any) -> Any:
    """The Hann window of length `x`."""
    return _window(x, lambda t: 0.5 - 0.5 * torch.cos(t))


@op()
def hamming(x: Any) -> Any:
    """The Hamming window of length `x`."""
    return _window(x, lambda t: 0.54 - 0.46 * torch.cos(t))


@op()
def blackman(x: Any) -> Any:
    """The Blackman window of length `x`."""
    return _window(x, lambda t: 0.42 - 0.5 * torch.cos(t) + 0.08 * torch.cos(2 * t))


@op()
def bartlett(x: Any) -> Any:
    """The triangular window of length `x`."""
    return _window(x, lambda t: 1 - torch.abs(t / math.pi - 1))


@op()
def kaiser(x: Any, beta: Any) -> Any:
    """The Kaiser window of length `x`."""
    length = int(convert(x))
    return torch.kaiser_window(length, periodic=False, beta=float(beta), device=elsewhere())
