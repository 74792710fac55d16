"""`keras.random`: random numbers from a seed, from a stream of seeds, or from the process' own stream.

A seed is a whole number, which gives the same numbers at each call; a `SeedGenerator`, which gives others at each call
and the same from its beginning; what its `next` gave; or left out, and `set_random_seed` decides.

>>> uniform((2,), seed=3).equal(uniform((2,), seed=3))
True
>>> stream = SeedGenerator(3)
>>> uniform((2,), seed=stream).equal(uniform((2,), seed=stream))
False
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.devices import elsewhere
from lamina.errors import ConfigError, ShapeError
from lamina.ops.convert import convert, dtype_name, torch_dtype
from lamina.seed_generator import SeedGenerator, stream_of
from lamina.settings import floatx
from lamina.text import Text

__all__ = [
    "SeedGenerator",
    "beta",
    "binomial",
    "categorical",
    "dropout",
    "gamma",
    "normal",
    "randint",
    "shuffle",
    "truncated_normal",
    "uniform",
]


def _generator(seed: Any, device: torch.device | str = "cpu") -> torch.Generator | None:
    """The stream that a seed stands for; None for the process' own."""
    if seed is None:
        return None
    if isinstance(seed, SeedGenerator):
        on_cpu = stream_of(seed)
    elif isinstance(seed, (Tensor, np.ndarray)) and tuple(seed.shape) == (2,):
        first, count = (int(number) for number in seed.tolist())
        on_cpu = stream_of(first, str(count))
    elif hasattr(seed, "__index__") and not isinstance(seed, (bool, Tensor)) and np.ndim(seed) == 0:
        on_cpu = stream_of(int(seed), "0")
    else:
        raise ConfigError(
            Text(
                f"A seed is a whole number, a SeedGenerator or what its next() gave, got {type(seed).__name__}.",
                f"随机种子应为整数、SeedGenerator 或其 next() 的结果，实际为 {type(seed).__name__}。",
            ),
            field="seed",
        )
    if torch.device(device).type == "cpu":
        return on_cpu
    return torch.Generator(device).manual_seed(on_cpu.initial_seed())


def _dtype(dtype: Any, *, kind: str = "") -> torch.dtype:
    name = floatx() if dtype is None else dtype_name(dtype)
    if kind and kind not in name:
        raise ConfigError(
            Text(
                f"Expected a dtype of {'fractions' if kind == 'float' else 'whole numbers'}, got {name!r}.",
                f"需要{'浮点' if kind == 'float' else '整数'}类型的 dtype，实际为 {name!r}。",
            ),
            field="dtype",
        )
    return torch_dtype(name)


def normal(
    shape: Sequence[int], mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Tensor:
    """Numbers of a normal distribution.

    Args:
        shape: Shape of the result.
        mean: Mean.
        stddev: Standard deviation.
        dtype: Type of the elements; floatx when left out.
        seed: A whole number, a `SeedGenerator`, or nothing.
    """
    drawn = torch.randn(tuple(shape), generator=_generator(seed)).to(elsewhere())
    placed: Tensor = drawn * stddev + mean
    return placed.to(_dtype(dtype))


def uniform(
    shape: Sequence[int], minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Tensor:
    """Numbers that are equally likely anywhere in [minval, maxval); see `normal`."""
    type_ = _dtype(dtype, kind="float")
    drawn = torch.rand(tuple(shape), generator=_generator(seed)).to(elsewhere())
    placed: Tensor = drawn * (maxval - minval) + minval
    return placed.to(type_)


def truncated_normal(
    shape: Sequence[int], mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Tensor:
    """Numbers of a normal distribution that lie within two standard deviations; see `normal`."""
    below = torch.special.ndtr(torch.tensor(-2.0, dtype=torch.float64)).item()
    drawn = torch.rand(tuple(shape), generator=_generator(seed), dtype=torch.float64)
    standard = (
        torch.special.ndtri(below + drawn * (1 - 2 * below)).to(torch.float32).to(elsewhere())
    )
    placed: Tensor = standard * stddev + mean
    return placed.to(_dtype(dtype))


def randint(
    shape: Sequence[int], minval: Any, maxval: Any, dtype: Any = "int32", seed: Any = None
) -> Tensor:
    """Whole numbers that are equally likely in [minval, maxval); see `normal`."""
    type_ = _dtype(dtype, kind="int")
    drawn = torch.randint(int(minval), int(maxval), tuple(shape), generator=_generator(seed))
    return drawn.to(elsewhere(), type_)


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Tensor:
    """Classes drawn by their logits.

    Args:
        logits: Shape (batch, classes).
        num_samples: Number of draws for each row.
        dtype: Type of the result.
        seed: A whole number, a `SeedGenerator`, or nothing.

    Returns:
        Shape (batch, num_samples).
    """
    given = convert(logits)
    if given.dim() != 2:
        raise ShapeError(
            Text(
                f"categorical needs logits of shape (batch, classes), got {tuple(given.shape)}.",
                f"categorical 需要形状为（批次, 类别数）的 logits，实际为 {tuple(given.shape)}。",
            )
        )
    shares = torch.softmax(given.to(torch.float32), -1)
    drawn = torch.multinomial(
        shares, num_samples, replacement=True, generator=_generator(seed, given.device)
    )
    return drawn.to(_dtype(dtype))


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Tensor:
    """The slices along an axis in another order."""
    tensor = convert(x)
    order = torch.randperm(
        tensor.shape[axis], generator=_generator(seed, tensor.device), device=tensor.device
    )
    return tensor.index_select(axis, order)


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Tensor:
    """Values of which a share is zero, and the rest divided by one less that share.

    Args:
        inputs: The values.
        rate: The share.
        noise_shape: Shape of what is drawn, 1 for axes along which it is the same and None for the input's size.
        seed: A whole number, a `SeedGenerator`, or nothing.
    """
    x = convert(inputs)
    if rate == 0:
        return x
    if rate == 1:
        return torch.zeros_like(x)
    if seed is None and noise_shape is None:
        return F.dropout(x, rate)
    sizes = x.shape if noise_shape is None else noise_shape
    shape = [x.shape[axis] if size is None else size for axis, size in enumerate(sizes)]
    drawn = torch.rand(shape, generator=_generator(seed, x.device), device=x.device)
    return torch.where(drawn >= rate, x / (1 - rate), 0.0).to(x.dtype)


def gamma(shape: Sequence[int], alpha: Any, dtype: Any = None, seed: Any = None) -> Tensor:
    """Numbers of a gamma distribution of shape `alpha` and scale 1; see `normal`."""
    return _gamma(shape, alpha, _generator(seed)).to(elsewhere(), _dtype(dtype))


def beta(
    shape: Sequence[int],
    alpha: Any,
    beta: Any,
    dtype: Any = None,
    seed: Any = None,
) -> Tensor:
    """Numbers in (0, 1) of a beta distribution; see `normal`."""
    generator = _generator(seed)
    first = _gamma(shape, alpha, generator)
    return (first / (first + _gamma(shape, beta, generator))).to(elsewhere(), _dtype(dtype))


def binomial(
    shape: Sequence[int], counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None
) -> Tensor:
    """How many of `counts` tries with these probabilities succeed; see `normal`."""
    tries, chances = (
        convert(value).to("cpu", torch.float32).broadcast_to(tuple(shape)).contiguous()
        for value in (counts, probabilities)
    )
    return torch.binomial(tries, chances, generator=_generator(seed)).to(elsewhere(), _dtype(dtype))


def _gamma(shape: Sequence[int], alpha: Any, generator: torch.Generator | None) -> Tensor:
    alphas = convert(alpha).to("cpu", torch.float32).broadcast_to(tuple(shape)).contiguous()
    return torch._standard_gamma(alphas, generator=generator)
