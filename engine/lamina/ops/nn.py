"""`keras.ops.nn`: what the activations are made of, and encodings; other ops by their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.ops.convert import as_float, convert, torch_dtype
from lamina.ops.reductions import axes_of
from lamina.ops.registry import OPS, by_name, op, refuse
from lamina.settings import floatx


@op()
def relu(x: Any) -> Any:
    """max(x, 0)."""
    return F.relu(convert(x))


@op()
def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x))."""
    return torch.sigmoid(as_float(x))


@op()
def softplus(x: Any) -> Any:
    """log(1 + exp(x))."""
    return F.softplus(as_float(x))


@op("swish")
def silu(x: Any) -> Any:
    """X sigmoid(x)."""
    return F.silu(as_float(x))


@op()
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """X above 0, `negative_slope` times x below."""
    return F.leaky_relu(as_float(x), negative_slope)


@op()
def gelu(x: Any, approximate: bool = True) -> Any:
    """X times the normal distribution function at x, by tanh when approximate."""
    return F.gelu(as_float(x), approximate="tanh" if approximate else "none")


def _along(x: Tensor, axis: Any, log: bool) -> Tensor:
    axes = axes_of(axis, x.dim())
    total = torch.logsumexp(x, axes, keepdim=True)
    return x - total if log else torch.exp(x - total)


@op()
def softmax(x: Any, axis: Any = -1) -> Any:
    """exp(x) over its sum along the axes."""
    tensor = as_float(x)
    return torch.softmax(tensor, axis) if isinstance(axis, int) else _along(tensor, axis, log=False)


@op()
def log_softmax(x: Any, axis: Any = -1) -> Any:
    """Logarithm of softmax along the axes."""
    tensor = as_float(x)
    if isinstance(axis, int):
        return torch.log_softmax(tensor, axis)
    return _along(tensor, axis, log=True)


@op()
def one_hot(
    x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Any:
    """1 at the place of each class on a new axis; all 0 for a class that is not there."""
    if sparse:
        raise refuse("one_hot", "sparse=True is not supported.", "不支持 sparse=True。")
    labels = convert(x).long()
    classes = torch.arange(num_classes, device=labels.device)
    hot = (labels.unsqueeze(-1) == classes).to(torch_dtype(floatx() if dtype is None else dtype))
    return torch.moveaxis(hot, -1, axis)


def __getattr__(name: str) -> Callable[..., Any]:
    return by_name(name, __name__)


def __dir__() -> list[str]:
    return sorted({*OPS.names(), *OPS.aliases()})
