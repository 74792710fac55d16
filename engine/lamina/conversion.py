"""Data as tensors: what functions of the library take beside tensors."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from lamina.devices import elsewhere
from lamina.settings import floatx

Method = TypeVar("Method", bound=Callable[..., Any])


def as_tensor(value: Any) -> Any:
    """A tensor of an array, a list, a number or a weight, fractions of 64 bits in the usual type.

    Tensors, and proxies of a trace, are given back as they are.

    >>> as_tensor([1.0, 2.0])
    tensor([1., 2.])
    """
    if isinstance(value, (Tensor, torch.fx.Proxy)):
        return value
    if hasattr(value, "to_keras"):  # a weight: connected, so that gradients flow
        return value.to_keras(value.value)
    tensor = torch.as_tensor(np.asarray(value), device=elsewhere())
    return tensor.to(getattr(torch, floatx())) if tensor.dtype == torch.float64 else tensor


def on_data(method: Method) -> Method:
    """The method of one tensor, taking whatever `as_tensor` takes."""

    @functools.wraps(method)
    def apply(self: Any, x: Any) -> Any:
        return method(self, as_tensor(x))

    return apply  # type: ignore[return-value]
