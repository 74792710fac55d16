"""Activation functions by name, with Keras' definitions.

An activation is a plain function on tensors. In a document it is its name; `None` and "linear" are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.errors import ConfigError
from lamina.fields import choice_of
from lamina.registry import Registry
from lamina.text import Text

ActivationFunction = Callable[[Tensor], Tensor]
ACTIVATIONS: Registry[ActivationFunction] = Registry("activation", "激活函数")


def activation(*aliases: str) -> Callable[[ActivationFunction], ActivationFunction]:
    """Register an activation function under its own name and aliases."""

    def add(function: ActivationFunction) -> ActivationFunction:
        return ACTIVATIONS.register(function, aliases=aliases)

    return add


@activation()
def linear(x: Tensor) -> Tensor:
    """X itself."""
    return x


@activation()
def relu(x: Tensor) -> Tensor:
    """max(x, 0)."""
    return F.relu(x)


@activation("ReLU6")
def relu6(x: Tensor) -> Tensor:
    """min(max(x, 0), 6)."""
    return F.relu6(x)


@activation()
def leaky_relu(x: Tensor) -> Tensor:
    """X above 0, 0.2 x below."""
    return F.leaky_relu(x, 0.2)


@activation()
def elu(x: Tensor) -> Tensor:
    """X above 0, exp(x) - 1 below."""
    return F.elu(x)


@activation()
def selu(x: Tensor) -> Tensor:
    """Scaled ELU (Klambauer et al. 2017, arXiv:1706.02515)."""
    return F.selu(x)


@activation()
def gelu(x: Tensor) -> Tensor:
    """X times the normal distribution function at x, exactly (Hendrycks and Gimpel 2016, arXiv:1606.08415)."""
    return F.gelu(x)


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
def softmax(x: Tensor) -> Tensor:
    """exp(x) over its sum along the last axis."""
    return torch.softmax(x, dim=-1)


@activation()
def log_softmax(x: Tensor) -> Tensor:
    """Logarithm of softmax along the last axis."""
    return torch.log_softmax(x, dim=-1)


def get(identifier: str | ActivationFunction | None) -> ActivationFunction:
    """The activation for a name, a function or None (linear).

    Raises:
        ConfigError: If there is no activation of that name, or the function is not a named one.
    """
    if identifier is None:
        return linear
    if isinstance(identifier, str):
        return ACTIVATIONS.get(identifier)
    for known in ACTIVATIONS:
        if known is identifier:
            return known
    raise ConfigError(
        Text(
            f"an activation is a name or a function of lamina.activations, got {identifier!r}. "
            "For anything else write a layer.",
            f"激活函数应为名称或 lamina.activations 中的函数，实际为 {identifier!r}。其他情况请编写一个层。",
        )
    )


def serialize(function: ActivationFunction) -> str:
    """The name of a registered activation."""
    return str(getattr(function, "__name__"))  # noqa: B009 - a Callable has no __name__ for a type checker


deserialize = get

Activation = Annotated[(ActivationFunction, *choice_of(get, serialize, ACTIVATIONS.names))]
"""Field type: an activation by name."""
