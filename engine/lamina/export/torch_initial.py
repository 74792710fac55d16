"""First values of weights in generated PyTorch source, by the rules of the model's initializers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch

from lamina.initializers import (
    ByFans,
    Constant,
    Initializer,
    Orthogonal,
    RandomUniform,
    compute_fans,
)
from lamina.layer import Weight

MOST_RUNS = 4


def initial_source(target: str, weight: Weight) -> Iterator[str]:
    """Statements that fill the weight `target`."""
    initializer, shape = weight.initializer, weight.shape
    if isinstance(initializer, Orthogonal):
        yield f"nn.init.orthogonal_({target}, gain={initializer.gain:g})"
    elif isinstance(initializer, RandomUniform):
        yield f"nn.init.uniform_({target}, {initializer.minval:g}, {initializer.maxval:g})"
    elif isinstance(initializer, ByFans) and len(shape) > 1:
        yield _scaled(target, initializer, shape)
    elif hasattr(initializer, "stddev"):
        yield _normal(target, type(initializer).__name__, initializer.mean, initializer.stddev)  # type: ignore[attr-defined]
    elif len(shape) != 1:
        yield f"nn.init.constant_({target}, {_value(initializer)!r})"
    else:
        yield from _vector(target, initializer, shape)


def _scaled(target: str, initializer: ByFans, shape: tuple[int, ...]) -> str:
    """A distribution whose width follows from the number of inputs and outputs."""
    scale, mode, distribution = initializer.rule
    fan_in, fan_out = compute_fans(shape, initializer.input_axes, initializer.output_axes)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    variance = scale / max(1.0, fan)
    if distribution == "uniform":
        limit = math.sqrt(3 * variance)
        return f"nn.init.uniform_({target}, {-limit:.6g}, {limit:.6g})"
    is_truncated = distribution == "truncated_normal"
    # What lies beyond two deviations is drawn again, which narrows the distribution.
    stddev = math.sqrt(variance) / (0.87962566103423978 if is_truncated else 1)
    return _normal(target, "TruncatedNormal" if is_truncated else "RandomNormal", 0.0, stddev)


def _normal(target: str, kind: str, mean: float, stddev: float) -> str:
    if kind != "TruncatedNormal":
        return f"nn.init.normal_({target}, {mean:g}, {stddev:.6g})"
    low, high = mean - 2 * stddev, mean + 2 * stddev
    return f"nn.init.trunc_normal_({target}, {mean:g}, {stddev:.6g}, {low:.6g}, {high:.6g})"


def _value(initializer: Initializer) -> float:
    """The value of an initializer that gives one only."""
    return float(initializer.draw((1,), torch.Generator()))


def _vector(target: str, initializer: Initializer, shape: tuple[int, ...]) -> Iterator[str]:
    """A vector that is made of a few runs of one value, as biases are; else small random values."""
    values = initializer.draw(shape, torch.Generator().manual_seed(0)).tolist()
    starts = [i for i, value in enumerate(values) if i == 0 or value != values[i - 1]]
    if len(starts) > MOST_RUNS and not isinstance(initializer, Constant):
        yield f"nn.init.normal_({target}, 0, 0.05)"
        return
    for start, end in zip(starts, [*starts[1:], len(values)], strict=True):
        part = target if len(starts) == 1 else f"{target}[{start}:{end}]"
        yield f"nn.init.constant_({part}, {values[start]!r})"
