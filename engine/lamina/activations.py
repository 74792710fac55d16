"""Activation functions by name, with Keras' definitions.

An activation is a function on tensors, which also takes arrays, and symbolic tensors, on which it becomes the op of
its name. In a document it is its name; `None` and "linear" are the same.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.conversion import as_tensor
from lamina.errors import ConfigError
from lamina.fields import choice_of
from lamina.registry import Registry
from lamina.saving_registry import get_registered_object, made_of
from lamina.text import Text

ActivationFunction = Callable[..., Tensor]
ACTIVATIONS: Registry[ActivationFunction] = Registry("activation", "激活函数")


def activation(*aliases: str) -> Callable[[ActivationFunction], ActivationFunction]:
    """Register an activation function under its own name and aliases."""

    def add(function: ActivationFunction) -> ActivationFunction:
        return ACTIVATIONS.register(_on_data(function), aliases=aliases)

    return add


OPS_CALLED_OTHERWISE = {"linear": "identity", "exponential": "exp"}


def _on_data(function: ActivationFunction) -> ActivationFunction:
    """The function on whatever stands for a tensor."""
    name = getattr(function, "__name__")  # noqa: B009 - a Callable has no __name__ for a type checker

    @functools.wraps(function)
    def apply(x: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(x, Tensor):
            return function(x, *args, **kwargs)
        if hasattr(x, "graph_call") and not isinstance(x, torch.fx.Proxy):
            # scripts without ops on symbolic tensors do not pay for them
            ops = importlib.import_module("lamina.ops")
            return getattr(ops, OPS_CALLED_OTHERWISE.get(name, name))(x, *args, **kwargs)
        return function(as_tensor(x), *args, **kwargs)

    return apply


@activation()
def linear(x: Tensor) -> Tensor:
    """X itself."""
    return x


@activation()
def relu(
    x: Tensor, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Tensor:
    """max(x, 0), with an optional ceiling, slope below, and threshold.

    Args:
        negative_slope: Slope below the threshold.
        max_value: Ceiling.
        threshold: Values below it are damped.
    """
    if negative_slope == 0:
        # hardtanh and threshold have a gradient in one pass; that of clamp and where is put together from several.
        x = x if threshold == 0 else F.threshold(x, threshold, 0.0)
        if max_value is not None:
            return F.hardtanh(x, 0.0, max_value)
        return F.relu(x) if threshold == 0 else x
    if threshold == 0 and max_value is None:
        return F.leaky_relu(x, negative_slope)
    above = x if max_value is None else torch.clamp(x, max=max_value)
    return torch.where(x > threshold, above, negative_slope * (x - threshold))


@activation("ReLU6")
def relu6(x: Tensor) -> Tensor:
    """min(max(x, 0), 6)."""
    return F.relu6(x)


@activation()
def leaky_relu(x: Tensor, negative_slope: float = 0.2) -> Tensor:
    """X above 0, `negative_slope` times x below."""
    return F.leaky_relu(x, negative_slope)


@activation()
def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """X above 0, alpha (exp(x) - 1) below."""
    return F.elu(x, alpha)


@activation()
def celu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """X above 0, alpha (exp(x / alpha) - 1) below (Barron 2017, arXiv:1704.07483)."""
    return F.celu(x, alpha)


@activation()
def selu(x: Tensor) -> Tensor:
    """Scaled ELU (Klambauer et al. 2017, arXiv:1706.02515)."""
    return F.selu(x)


@activation()
def gelu(x: Tensor, approximate: bool = False) -> Tensor:
    """X times the normal distribution function at x (Hendrycks and Gimpel 2016, arXiv:1606.08415)."""
    return F.gelu(x, approximate="tanh" if approximate else "none")


@activation("swish")
def silu(x: Tensor) -> Tensor:
    """X sigmoid(x)."""
    return F.silu(x)


swish = silu


@activation()
def mish(x: Tensor) -> Tensor:
    """X tanh(softplus(x)) (Misra 2019, arXiv:1908.08681)."""
    return F.mish(x)


@activation()
def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    return torch.sigmoid(x)


@activation()
def hard_sigmoid(x: Tensor) -> Tensor:
    """min(max(x / 6 + 1 / 2, 0), 1)."""
    return F.hardsigmoid(x)


@activation("hard_swish")
def hard_silu(x: Tensor) -> Tensor:
    """X hard_sigmoid(x) (Howard et al. 2019, arXiv:1905.02244)."""
    return F.hardswish(x)


hard_swish = hard_silu


@activation()
def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent."""
    return torch.tanh(x)


@activation()
def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x))."""
    return F.softplus(x)


@activation()
def softsign(x: Tensor) -> Tensor:
    """X / (1 + |x|)."""
    return F.softsign(x)


@activation()
def exponential(x: Tensor) -> Tensor:
    """exp(x)."""
    return torch.exp(x)


@activation()
def softmax(x: Tensor, axis: int | Sequence[int] = -1) -> Tensor:
    """exp(x) over its sum along the axis, or along all of several axes."""
    if isinstance(axis, int):
        return torch.softmax(x, dim=axis)
    return torch.exp(log_softmax(x, axis))


@activation()
def log_softmax(x: Tensor, axis: int | Sequence[int] = -1) -> Tensor:
    """Logarithm of softmax along the axis, or along all of several axes."""
    if isinstance(axis, int):
        return torch.log_softmax(x, dim=axis)
    return x - torch.logsumexp(x, tuple(axis), keepdim=True)


@activation()
def log_sigmoid(x: Tensor) -> Tensor:
    """Logarithm of sigmoid."""
    return F.logsigmoid(x)


@activation()
def hard_tanh(x: Tensor) -> Tensor:
    """X, but at least -1 and at most 1."""
    return F.hardtanh(x)


@activation()
def hard_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """X where |x| is above the threshold, 0 elsewhere."""
    return F.hardshrink(x, threshold)


@activation()
def soft_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """X moved towards 0 by the threshold, 0 where |x| is below it."""
    return F.softshrink(x, threshold)


@activation()
def tanh_shrink(x: Tensor) -> Tensor:
    """X - tanh(x)."""
    return F.tanhshrink(x)


@activation()
def squareplus(x: Tensor, b: float = 4) -> Tensor:
    """(x + sqrt(x² + b)) / 2 (Barron 2021, arXiv:2112.11687)."""
    return (x + torch.sqrt(x**2 + b)) / 2


@activation()
def sparse_plus(x: Tensor) -> Tensor:
    """0 below -1, x above 1, (x + 1)² / 4 between."""
    return torch.where(x < 1, F.relu(x + 1).square() / 4, x)


@activation()
def sparse_sigmoid(x: Tensor) -> Tensor:
    """0 below -1, 1 above 1, (x + 1) / 2 between."""
    return F.hardtanh((x + 1) / 2, 0.0, 1.0)


@activation()
def sparsemax(x: Tensor, axis: int = -1) -> Tensor:
    """The nearest point of the probability simplex (Martins and Astudillo 2016, arXiv:1602.02068)."""
    x = torch.movedim(x, axis, -1)
    ordered = torch.sort(x, -1, descending=True).values
    excess = torch.cumsum(ordered, -1) - 1
    ranks = torch.arange(1, x.shape[-1] + 1, device=x.device, dtype=x.dtype)
    count = torch.sum(ordered * ranks > excess, -1, keepdim=True)
    level = torch.take_along_dim(excess, count - 1, -1) / count
    return torch.movedim(F.relu(x - level), -1, axis)


@_on_data
def glu(x: Tensor, axis: int = -1) -> Tensor:
    """The first half along the axis times the sigmoid of the second (Dauphin et al. 2017, arXiv:1612.08083).

    As it gives half as much as it takes, it is no option of a layer.
    """
    return F.glu(x, axis)


@_on_data
def threshold(x: Tensor, threshold: float, default_value: float) -> Tensor:
    """X where it is above the threshold, another value elsewhere.

    As it needs both numbers, it is no option of a layer.
    """
    return F.threshold(x, threshold, default_value)


def get(identifier: Any) -> ActivationFunction:
    """The activation for a name, Keras' form of a function, a function, or None (linear).

    Raises:
        ConfigError: If there is no activation of that name.
    """
    if identifier is None:
        return linear
    if any(identifier is odd for odd in (glu, threshold)) or identifier in ("glu", "threshold"):
        name = identifier if isinstance(identifier, str) else serialize(identifier)
        raise ConfigError(
            Text(
                f"{name} cannot be the activation of a layer: it changes the shape or needs more numbers. "
                f"Call lamina.activations.{name} in a layer of your own.",
                f"{name} 不能作为层的激活函数：它会改变形状或需要更多数值。请在自定义层中调用 lamina.activations.{name}。",
            )
        )
    found: ActivationFunction | None = None
    if isinstance(identifier, Mapping):
        found = made_of(identifier)
        return get(str(identifier.get("config"))) if found is None else found
    if isinstance(identifier, str):
        found = None if identifier in ACTIVATIONS else get_registered_object(identifier)
        return ACTIVATIONS.get(identifier) if found is None else found
    if callable(identifier):
        return cast("ActivationFunction", identifier)
    raise ConfigError(
        Text(
            f"an activation is a name or a function of a tensor, got {identifier!r}.",
            f"激活函数应为名称或对张量的函数，实际为 {identifier!r}。",
        )
    )


def serialize(function: ActivationFunction) -> str:
    """The name of an activation."""
    return str(getattr(function, "__name__", type(function).__name__))


deserialize = get

Activation = Annotated[(ActivationFunction, *choice_of(get, serialize, ACTIVATIONS.names))]
"""Field type: an activation by name."""
