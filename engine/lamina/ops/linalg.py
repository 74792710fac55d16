"""`keras.ops.linalg`: decompositions, equations and norms of matrices; the last two axes are the matrix's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from lamina.errors import ConfigError
from lamina.ops.convert import as_float, convert, convert_all, promoted
from lamina.ops.registry import OPS, by_name, op, refuse
from lamina.text import Text


@op()
def cholesky(x: Any, upper: bool = False) -> Any:
    """The triangular factor of a positive definite matrix."""
    return torch.linalg.cholesky(as_float(x), upper=upper)


@op()
def cholesky_inverse(x: Any, upper: bool = False) -> Any:
    """The inverse of a positive definite matrix from its triangular factor."""
    return torch.cholesky_inverse(as_float(x), upper=upper)


@op()
def det(x: Any) -> Any:
    """The determinant."""
    return torch.linalg.det(as_float(x))


@op()
def logdet(x: Any) -> Any:
    """The logarithm of the determinant."""
    return torch.logdet(as_float(x))


@op()
def slogdet(x: Any) -> Any:
    """The sign of the determinant and the logarithm of its size."""
    return tuple(torch.linalg.slogdet(as_float(x)))


@op()
def eig(x: Any) -> Any:
    """Eigenvalues, and eigenvectors as columns, both complex."""
    return tuple(torch.linalg.eig(as_float(x)))


@op()
def eigh(x: Any) -> Any:
    """Eigenvalues in rising order, and eigenvectors as columns, of a symmetric matrix."""
    return tuple(torch.linalg.eigh(as_float(x)))


@op()
def inv(x: Any) -> Any:
    """The inverse."""
    return torch.linalg.inv(as_float(x))


@op()
def pinv(x: Any, rcond: float | None = None) -> Any:
    """The pseudo-inverse; singular values below `rcond` times the largest count as 0."""
    return torch.linalg.pinv(as_float(x), rtol=rcond)


@op()
def lu_factor(x: Any) -> Any:
    """Both triangular factors in one matrix, and which row each was exchanged with, from 0."""
    factors, pivots = torch.linalg.lu_factor(as_float(x))
    return factors, pivots - 1


@op()
def matrix_rank(x: Any, tol: float | None = None) -> Any:
    """How many singular values lie above `tol`."""
    return torch.linalg.matrix_rank(as_float(x), atol=tol).to(torch.int32)


@op()
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A002 - Keras' name
    """The norm of vectors (one axis) or matrices (two), Euclidean unless `ord` says otherwise."""
    tensor = convert(x)
    tensor = (
        tensor.to(torch.float32)
        if tensor.dtype == torch.int64
        else promoted(tensor, at_least=float)[0]
    )
    return torch.linalg.norm(tensor, ord=ord, dim=axis, keepdim=keepdims)


@op()
def qr(x: Any, mode: str = "reduced") -> Any:
    """An orthogonal and an upper triangular factor."""
    if mode not in ("reduced", "complete"):
        raise refuse(
            "qr",
            f'mode is "reduced" or "complete", got {mode!r}.',
            f"mode 应为“reduced”或“complete”，实际为 {mode!r}。",
        )
    return tuple(torch.linalg.qr(as_float(x), mode=mode))


@op()
def solve(a: Any, b: Any) -> Any:
    """What `a` has to be multiplied with to give `b`."""
    return torch.linalg.solve(*promoted(a, b, at_least=float, keep_64=True))


@op()
def solve_triangular(a: Any, b: Any, lower: bool = False) -> Any:
    """`solve` for a triangular matrix."""
    left, right = promoted(a, b, at_least=float, keep_64=True)
    if right.dim() == left.dim() - 1:
        column = right.unsqueeze(-1)
        return torch.linalg.solve_triangular(left, column, upper=not lower).squeeze(-1)
    return torch.linalg.solve_triangular(left, right, upper=not lower)


@op()
def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Left singular vectors, singular values in falling order, right singular vectors; or the values alone."""
    if not compute_uv:
        return torch.linalg.svdvals(as_float(x))
    return tuple(torch.linalg.svd(as_float(x), full_matrices=full_matrices))


@op()
def lstsq(a: Any, b: Any, rcond: float | None = None) -> Any:
    """The solution of least squares; singular values below `rcond` times the largest count as 0."""
    left, right = promoted(a, b, at_least=float, keep_64=True)
    if rcond is None and not left.is_cuda:
        return torch.linalg.lstsq(left, right).solution
    column = right.unsqueeze(-1) if right.dim() == 1 else right
    found = torch.linalg.pinv(left, rtol=rcond) @ column
    return found.squeeze(-1) if right.dim() == 1 else found


@op()
def cross(
    x1: Any, x2: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """The cross product of vectors of three numbers; of two, their third number is 0."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = promoted(x1, x2)
    a, b = torch.movedim(a, axisa, -1), torch.movedim(b, axisb, -1)
    for t in (a, b):
        if t.shape[-1] not in (2, 3):
            raise ConfigError(
                Text(
                    f"cross needs vectors of 2 or 3 numbers, got {t.shape[-1]}.",
                    f"cross 需要 2 或 3 个数的向量，实际为 {t.shape[-1]}。",
                )
            )
    flat = a.shape[-1] == b.shape[-1] == 2
    a, b = (_of_three(t) for t in (a, b))
    product = torch.linalg.cross(a.expand_as(a + b), b.expand_as(a + b))
    return product[..., 2] if flat else torch.movedim(product, -1, axisc)


def _of_three(x: Tensor) -> Tensor:
    return torch.nn.functional.pad(x, (0, 1)) if x.shape[-1] == 2 else x


@op()
def inner(x1: Any, x2: Any) -> Any:
    """The sum of products over the last axis of both."""
    return torch.inner(*promoted(x1, x2))


@op()
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:  # noqa: N803 - Keras' name
    """The powers of the elements, as columns."""
    return torch.vander(convert(x), N, increasing)


@op()
def corrcoef(x: Any) -> Any:
    """Correlations of the rows."""
    return torch.corrcoef(promoted(x, at_least=float)[0])


@op()
def correlate(x1: Any, x2: Any, mode: str = "valid") -> Any:
    """The correlation of two vectors at each shift: where they overlap whole ("valid"), of equal length or at all."""
    a, b = promoted(x1, x2, at_least=float)
    if mode not in ("valid", "same", "full"):
        raise refuse(
            "correlate",
            f'mode is "valid", "same" or "full", got {mode!r}.',
            f"mode 应为“valid”、“same”或“full”，实际为 {mode!r}。",
        )
    shorter = min(len(a), len(b))
    padded = torch.nn.functional.pad(a, (len(b) - 1, len(b) - 1))
    full = torch.nn.functional.conv1d(padded[None, None], b[None, None])[0, 0]
    if mode == "full":
        return full
    if mode == "valid":
        return full[shorter - 1 : len(full) - shorter + 1]
    longer = max(len(a), len(b))
    start = (len(full) - longer) // 2
    return full[start : start + longer]


@op()
def cdist(x: Any, y: Any) -> Any:
    """Euclidean distances between all rows of two matrices."""
    a, b = promoted(x, y, at_least=float)
    return torch.sqrt(torch.sum((a.unsqueeze(-2) - b.unsqueeze(-3)) ** 2, -1))


@op()
def jvp(fun: Callable[..., Any], primals: Any, tangents: Any, has_aux: bool = False) -> Any:
    """What `fun` gives for the primals, and how it changes in the direction of the tangents."""
    given = tuple(convert_all(*primals))
    return torch.func.jvp(fun, given, tuple(convert_all(*tangents)), has_aux=has_aux)


def __getattr__(name: str) -> Callable[..., Any]:
    return by_name(name, __name__)


def __dir__() -> list[str]:
    return sorted({*OPS.names(), *OPS.aliases()})
