"""Ops that bend: the activation functions beyond those in `nn`."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from lamina.ops.convert import as_float
from lamina.ops.registry import op


@op()
def relu6(x: Any) -> Any:
    """min(max(x, 0), 6)."""
    return F.relu6(as_float(x))


@op()
def elu(x: Any, alpha: float = 1.0) -> Any:
    """X above 0, alpha (exp(x) - 1) below."""
    return F.elu(as_float(x), alpha)


@op()
def selu(x: Any) -> Any:
    """Scaled ELU (Klambauer et al. 2017, arXiv:1706.02515)."""
    return F.selu(as_float(x))


@op()
def celu(x: Any, alpha: float = 1.0) -> Any:
    """X above 0, alpha (exp(x / alpha) - 1) below (Barron 2017, arXiv:1704.07483)."""
    return F.celu(as_float(x), alpha)


@op()
def glu(x: Any, axis: int = -1) -> Any:
    """The first half along the axis times the sigmoid of the second (Dauphin et al. 2017, arXiv:1612.08083)."""
    return F.glu(as_float(x), axis)


@op()
def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """X where |x| is above the threshold, 0 elsewhere."""
    return F.hardshrink(as_float(x), threshold)


@op()
def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """X moved towards 0 by the threshold, 0 where |x| is below it."""
    return F.softshrink(as_float(x), threshold)


@op()
def tanh_shrink(x: Any) -> Any:
    """X - tanh(x)."""
    return F.tanhshrink(as_float(x))


@op()
def hard_sigmoid(x: Any) -> Any:
    """min(max(x / 6 + 1 / 2, 0), 1)."""
    return F.hardsigmoid(as_float(x))


@op("hard_swish")
def hard_silu(x: Any) -> Any:
    """X hard_sigmoid(x) (Howard et al. 2019, arXiv:1905.02244)."""
    return F.hardswish(as_float(x))


@op()
def hard_tanh(x: Any) -> Any:
    """X, but at least -1 and at most 1."""
    return F.hardtanh(as_float(x))


@op()
def log_sigmoid(x: Any) -> Any:
    """Logarithm of sigmoid."""
    return F.logsigmoid(as_float(x))


@op()
def softsign(x: Any) -> Any:
    """X / (1 + |x|)."""
    return F.softsign(as_float(x))


@op()
def sparse_plus(x: Any) -> Any:
    """0 below -1, x above 1, (x + 1)² / 4 between."""
    tensor = as_float(x)
    return torch.where(tensor < 1, torch.clamp(tensor + 1, min=0) ** 2 / 4, tensor)


@op()
def sparse_sigmoid(x: Any) -> Any:
    """0 below -1, 1 above 1, (x + 1) / 2 between."""
    return torch.clamp((as_float(x) + 1) / 2, 0, 1)


@op()
def sparsemax(x: Any, axis: int = -1) -> Any:
    """The nearest point of the probability simplex (Martins and Astudillo 2016, arXiv:1602.02068)."""
    tensor = torch.movedim(as_float(x), axis, -1)
    ordered = torch.sort(tensor, -1, descending=True).values
    excess = torch.cumsum(ordered, -1) - 1
    ranks = torch.arange(1, tensor.shape[-1] + 1, device=tensor.device, dtype=tensor.dtype)
    count = torch.sum(ordered * ranks > excess, -1, keepdim=True)
    level = torch.take_along_dim(excess, count - 1, -1) / count
    return torch.movedim(torch.clamp(tensor - level, min=0), -1, axis)


@op()
def squareplus(x: Any, b: float = 4) -> Any:
    """(x + sqrt(x² + b)) / 2 (Barron 2021, arXiv:2112.11687)."""
    tensor = as_float(x)
    return (tensor + torch.sqrt(tensor**2 + b)) / 2


@op()
def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """X where it is above the threshold, another value elsewhere."""
    return F.threshold(as_float(x), threshold, default_value)
