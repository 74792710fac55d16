"""Initial values of weights, with Keras' definitions and defaults.

An initializer draws in Keras' layout of the weight from the generator it is given, so that the values do not
depend on how a layer stores its weights.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import torch
from torch import Tensor

from lamina.errors import ConfigError
from lamina.fields import Declared, Float, Int, NonNegativeFloat, PositiveFloat, choice_of, field
from lamina.naming import snake_case
from lamina.random import generator_for
from lamina.registry import Registry
from lamina.text import Text

INITIALIZERS: Registry[type[Initializer]] = Registry("initializer", "初始化方法")

_SEED = Text(
    "Seed of its own; without one the model's seed decides.",
    "单独的随机种子；不填则由模型的种子决定。",
)


class Initializer(Declared):
    """Base: subclasses fill a tensor of a given shape."""

    other_names: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not cls.__name__.startswith("_"):
            INITIALIZERS.register(cls, aliases=(snake_case(cls.__name__), *cls.other_names))

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """A float32 tensor of `shape` in Keras' layout."""
        raise NotImplementedError

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        """Draw with the initializer's own seed, or freshly at each call without one."""
        seed = getattr(self, "seed", None)
        generator = torch.Generator()
        if seed is None:
            generator.seed()
        else:
            generator = generator_for(seed)
        drawn = self.draw(tuple(shape), generator)
        return drawn if dtype is None else drawn.to(getattr(torch, str(dtype)))

    def generator(self, model_seed: int, *path: str) -> torch.Generator:
        """The stream for one weight: by the initializer's own seed where it has one."""
        own = getattr(self, "seed", None)
        return generator_for(model_seed if own is None else own, *path)


class Zeros(Initializer):
    """All 0."""

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return torch.zeros(shape)


class Ones(Initializer):
    """All 1."""

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return torch.ones(shape)


class Constant(Initializer):
    """All the same value."""

    value: Float = field(0.0, doc=Text("The value.", "常数值。"))

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return torch.full(shape, self.value)


class RandomNormal(Initializer):
    """Normal distribution."""

    other_names = ("normal",)

    mean: Float = field(0.0, doc=Text("Mean.", "均值。"))
    stddev: NonNegativeFloat = field(0.05, doc=Text("Standard deviation.", "标准差。"))
    seed: Int | None = field(None, doc=_SEED, advanced=True)

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return torch.randn(shape, generator=generator) * self.stddev + self.mean


class RandomUniform(Initializer):
    """Uniform distribution."""

    other_names = ("uniform",)

    minval: Float = field(-0.05, doc=Text("Lower bound.", "下界。"))
    maxval: Float = field(0.05, doc=Text("Upper bound.", "上界。"))
    seed: Int | None = field(None, doc=_SEED, advanced=True)

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return torch.rand(shape, generator=generator) * (self.maxval - self.minval) + self.minval


class TruncatedNormal(Initializer):
    """Normal distribution, drawn again beyond two standard deviations."""

    mean: Float = field(0.0, doc=Text("Mean.", "均值。"))
    stddev: NonNegativeFloat = field(
        0.05, doc=Text("Standard deviation before truncation.", "截断前的标准差。")
    )
    seed: Int | None = field(None, doc=_SEED, advanced=True)

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return _truncated_normal(shape, generator) * self.stddev + self.mean


class VarianceScaling(Initializer):
    """Variance `scale` over the number of inputs, outputs, or their mean."""

    scale: PositiveFloat = field(1.0, doc=Text("Factor of the variance.", "方差系数。"))
    mode: Literal["fan_in", "fan_out", "fan_avg"] = field(
        "fan_in", doc=Text("What the variance is divided by.", "方差除以哪个数。")
    )
    distribution: Literal["truncated_normal", "untruncated_normal", "uniform"] = field(
        "truncated_normal", doc=Text("Shape of the distribution.", "分布类型。")
    )
    seed: Int | None = field(None, doc=_SEED, advanced=True)

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return _variance_scaling(shape, generator, self.scale, self.mode, self.distribution)


class _Scaled(Initializer):
    """A named case of VarianceScaling."""

    seed: Int | None = field(None, doc=_SEED, advanced=True)
    rule: ClassVar[tuple[float, str, str]]

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return _variance_scaling(shape, generator, *self.rule)


class GlorotUniform(_Scaled):
    """Uniform, by the mean of inputs and outputs (Glorot and Bengio 2010)."""

    rule = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Scaled):
    """Truncated normal, by the mean of inputs and outputs (Glorot and Bengio 2010)."""

    rule = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Scaled):
    """Uniform, by the inputs, for relu (He et al. 2015, arXiv:1502.01852)."""

    rule = (2.0, "fan_in", "uniform")


class HeNormal(_Scaled):
    """Truncated normal, by the inputs, for relu (He et al. 2015, arXiv:1502.01852)."""

    rule = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Scaled):
    """Uniform, by the inputs, for selu (LeCun et al. 1998)."""

    rule = (1.0, "fan_in", "uniform")


class LecunNormal(_Scaled):
    """Truncated normal, by the inputs, for selu (LeCun et al. 1998)."""

    rule = (1.0, "fan_in", "truncated_normal")


class Orthogonal(Initializer):
    """An orthogonal matrix times `gain` (Saxe et al. 2014, arXiv:1312.6120)."""

    gain: Float = field(1.0, doc=Text("Factor of the matrix.", "矩阵的系数。"))
    seed: Int | None = field(None, doc=_SEED, advanced=True)

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        if len(shape) < 2:
            raise ConfigError(
                Text(
                    f"Orthogonal needs a weight of at least two axes, got {shape}.",
                    f"Orthogonal 需要至少两个轴的权重，实际为 {shape}。",
                )
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        normal = torch.randn(max(rows, columns), min(rows, columns), generator=generator)
        q, r = torch.linalg.qr(normal)
        q = q * torch.sign(torch.diagonal(r))
        oriented: Tensor = q.mT if rows < columns else q
        return self.gain * oriented.reshape(shape)


def compute_fans(shape: tuple[int, ...]) -> tuple[float, float]:
    """Numbers of inputs and outputs of a weight in Keras' layout (spatial …, in, out).

    >>> compute_fans((3, 3, 16, 32))
    (144, 288)
    """
    if len(shape) < 2:
        size = shape[0] if shape else 1
        return size, size
    receptive_field = math.prod(shape[:-2])
    return shape[-2] * receptive_field, shape[-1] * receptive_field


def _truncated_normal(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Standard normal values in [-2, 2], by inverting the distribution function."""
    low = 0.5 * (1 + math.erf(-2 / math.sqrt(2)))
    uniform = torch.rand(shape, generator=generator, dtype=torch.float64) * (1 - 2 * low) + low
    return (math.sqrt(2) * torch.erfinv(2 * uniform - 1)).to(torch.float32)


_TRUNCATED_STDDEV = 0.87962566103423978
"""Standard deviation of a standard normal truncated at two."""


def _variance_scaling(
    shape: tuple[int, ...], generator: torch.Generator, scale: float, mode: str, distribution: str
) -> Tensor:
    fan_in, fan_out = compute_fans(shape)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    variance = scale / max(1.0, fan)
    if distribution == "uniform":
        limit = math.sqrt(3 * variance)
        return torch.rand(shape, generator=generator) * (2 * limit) - limit
    if distribution == "untruncated_normal":
        return torch.randn(shape, generator=generator) * math.sqrt(variance)
    return _truncated_normal(shape, generator) * (math.sqrt(variance) / _TRUNCATED_STDDEV)


def get(identifier: Any) -> Initializer:
    """The initializer for a name, a `{"type", "config"}` object, a class or an initializer.

    Raises:
        ConfigError: If there is no such initializer or its parameters cannot be.
    """
    if isinstance(identifier, Initializer):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Initializer):
        return identifier()
    if isinstance(identifier, str):
        return INITIALIZERS.get(identifier)()
    if isinstance(identifier, Mapping) and "type" in identifier:
        return INITIALIZERS.get(str(identifier["type"]))(**identifier.get("config", {}))
    raise ConfigError(
        Text(
            f"an initializer is a name or an initializer object, got {identifier!r}.",
            f"初始化方法应为名称或初始化器对象，实际为 {identifier!r}。",
        )
    )


def serialize(initializer: Initializer) -> str | dict[str, Any]:
    """The name alone when all parameters are the defaults, else `{"type", "config"}`."""
    cls = type(initializer)
    config = initializer.get_config()
    changed = {k: v for k, v in config.items() if v != cls.default_config().get(k)}
    return {"type": cls.__name__, "config": changed} if changed else snake_case(cls.__name__)


def names() -> list[str]:
    """The names that a form offers."""
    return [snake_case(name) for name in INITIALIZERS.names()]


InitializerField = Annotated[(Initializer, *choice_of(get, serialize, names))]
"""Field type: an initializer by name or object."""
