"""Ops on vectors and matrices: products and contractions."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lamina.ops.convert import convert_all, promoted
from lamina.ops.registry import op


def _factors(x1: Any, x2: Any) -> tuple[Tensor, Tensor]:
    """Both of one type in which torch multiplies; int8 products are summed in int32."""
    a, b = promoted(x1, x2)
    if a.dtype == torch.int8:
        a, b = a.to(torch.int32), b.to(torch.int32)
    return a, b


def _matmul(a: Tensor, b: Tensor) -> Tensor:
    if a.dtype == torch.bool or (a.is_cuda and not a.is_floating_point() and not a.is_complex()):
        wide = torch.float32 if a.dtype == torch.bool else torch.float64
        return torch.matmul(a.to(wide), b.to(wide)).to(a.dtype)
    return torch.matmul(a, b)


@op()
def matmul(x1: Any, x2: Any) -> Any:
    """The matrix product over the last two axes, the others broadcast."""
    return _matmul(*_factors(x1, x2))


@op()
def dot(x1: Any, x2: Any) -> Any:
    """The sum of products over the last axis of `x1` and the last but one of `x2`."""
    a, b = _factors(x1, x2)
    if a.dim() == 0 or b.dim() == 0:
        return a * b
    return torch.tensordot(a, b, dims=([-1], [max(b.dim() - 2, 0)]))


@op()
def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """The sum of products over the given axes of both."""
    a, b = _factors(x1, x2)
    if isinstance(axes, int):
        return torch.tensordot(a, b, dims=axes)
    dims = tuple([n] if isinstance(n, int) else list(n) for n in axes)
    return torch.tensordot(a, b, dims=dims)


@op()
def einsum(subscripts: str, *operands: Any) -> Any:
    """The contraction that the subscripts say, as in `"ij,jk->ik"`."""
    tensors = promoted(*operands)
    if tensors[0].dtype == torch.int8:
        tensors = [t.to(torch.int32) for t in tensors]
    return torch.einsum(subscripts, *tensors)


@op()
def outer(x1: Any, x2: Any) -> Any:
    """Each element of `x1` times each of `x2`."""
    a, b = promoted(x1, x2, keep_64=True)
    return torch.outer(a.reshape(-1), b.reshape(-1))


@op()
def vdot(x1: Any, x2: Any) -> Any:
    """The sum of products of all elements, those of `x1` conjugated."""
    a, b = convert_all(*promoted(x1, x2))
    return torch.vdot(a.reshape(-1), b.reshape(-1))


@op()
def kron(x1: Any, x2: Any) -> Any:
    """The Kronecker product."""
    return torch.kron(*promoted(x1, x2))
