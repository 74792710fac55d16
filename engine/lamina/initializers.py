"""Initial values of weights, with Keras' definitions and defaults.

An initializer draws in Keras' layout of the weight from the generator it is given, so that the values do not
depend on how a layer stores its weights.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import BeforeValidator, PlainSerializer, PlainValidator, TypeAdapter, WithJsonSchema
from torch import Tensor

from lamina.errors import ConfigError, ShapeError
from lamina.fields import Declared, Float, Int, NonNegativeFloat, PositiveFloat, choice_of, field
from lamina.named_objects import find, read, shown
from lamina.naming import snake_case
from lamina.refused import absent
from lamina.registry import Registry
from lamina.saving_registry import deserialize_keras_object, serialize_keras_object
from lamina.seed_generator import Seed, stream_of
from lamina.text import Text

INITIALIZERS: Registry[type[Initializer]] = Registry("initializer", "初始化方法")

_BASES = ("ByFans", "_Function")
"""Classes that are no initializers by themselves."""

_SEED = Text(
    "Seed of its own; without one the model's seed decides.",
    "单独的随机种子；不填则由模型的种子决定。",
)


class Initializer(Declared):
    """Base: subclasses fill a tensor of a given shape."""

    other_names: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__name__ not in _BASES and cls.__module__ == __name__:
            INITIALIZERS.register(cls, aliases=(snake_case(cls.__name__), *cls.other_names))

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """A float32 tensor of `shape` in Keras' layout.

        An initializer of a user's own says in `__call__(shape, dtype)` what it gives, and takes no generator.
        """
        if type(self).__call__ is Initializer.__call__:
            raise NotImplementedError(f"{type(self).__name__} has neither __call__ nor draw.")
        return torch.as_tensor(np.asarray(self(shape, dtype="float32")), dtype=torch.float32)

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        """Draw with the initializer's own seed, or freshly at each call without one."""
        seed = getattr(self, "seed", None)
        generator = torch.Generator()
        if seed is None:
            generator.seed()
        else:
            generator = stream_of(seed)
        drawn = self.draw(tuple(shape), generator)
        return drawn if dtype is None else drawn.to(getattr(torch, str(dtype)))

    def generator(self, model_seed: int, *path: str) -> torch.Generator:
        """The stream for one weight: by the initializer's own seed where it has one."""
        own = getattr(self, "seed", None)
        return stream_of(model_seed if own is None else own, *path)


class Zeros(Initializer):
    """All 0."""

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return torch.zeros(shape)


class Ones(Initializer):
    """All 1."""

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return torch.ones(shape)


def _constant(value: Any) -> Any:
    """A number, or an array from itself, a list or the form that a file holds."""
    if isinstance(value, Mapping):
        value = deserialize_keras_object(value)
    if isinstance(value, Tensor):
        value = value.detach().cpu().numpy()
    array = np.asarray(value) if isinstance(value, (np.ndarray, list, tuple)) else None
    if array is not None and array.ndim and array.dtype.kind in "biuf":
        return array
    return _NUMBER.validate_python(value)


_NUMBER: TypeAdapter[float] = TypeAdapter(Float)


class Constant(Initializer):
    """All the same value, or the values of an array that is given."""

    value: Annotated[
        Any,
        PlainValidator(_constant),
        PlainSerializer(serialize_keras_object),
        WithJsonSchema({"type": "number", "x-widget": "float"}),
    ] = field(0.0, doc=Text("The value, or an array of them.", "常数值，或由各值组成的数组。"))

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        if isinstance(self.value, float):
            return torch.full(shape, self.value)
        try:
            return torch.as_tensor(np.broadcast_to(self.value, shape).astype("float32"))
        except ValueError as error:
            raise ShapeError(
                Text(
                    f"Constant holds values of shape {self.value.shape}, the weight has shape {shape}. "
                    "Give an array of the weight's shape.",
                    f"Constant 的数组形状为 {self.value.shape}，而权重形状为 {shape}。请提供与权重形状相同的数组。",
                )
            ) from error


class RandomNormal(Initializer):
    """Normal distribution."""

    other_names = ("normal",)

    mean: Float = field(0.0, doc=Text("Mean.", "均值。"))
    stddev: NonNegativeFloat = field(0.05, doc=Text("Standard deviation.", "标准差。"))
    seed: Seed = field(None, doc=_SEED, advanced=True)

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return torch.randn(shape, generator=generator) * self.stddev + self.mean


class RandomUniform(Initializer):
    """Uniform distribution."""

    other_names = ("uniform",)

    minval: Float = field(-0.05, doc=Text("Lower bound.", "下界。"))
    maxval: Float = field(0.05, doc=Text("Upper bound.", "上界。"))
    seed: Seed = field(None, doc=_SEED, advanced=True)

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return torch.rand(shape, generator=generator) * (self.maxval - self.minval) + self.minval


class TruncatedNormal(Initializer):
    """Normal distribution, drawn again beyond two standard deviations."""

    mean: Float = field(0.0, doc=Text("Mean.", "均值。"))
    stddev: NonNegativeFloat = field(
        0.05, doc=Text("Standard deviation before truncation.", "截断前的标准差。")
    )
    seed: Seed = field(None, doc=_SEED, advanced=True)

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return _truncated_normal(shape, generator) * self.stddev + self.mean


class ByFans(Initializer):
    """Base of those whose variance follows from the numbers of inputs and outputs."""

    seed: Seed = field(None, doc=_SEED, advanced=True)
    input_axes: list[Int] | None = field(
        default=None,
        doc=Text(
            "Axes of the inputs, beside output_axes; by the shape without them.",
            "输入所在的轴，与 output_axes 一起给出；不填则由形状决定。",
        ),
        advanced=True,
    )
    output_axes: list[Int] | None = field(
        default=None,
        doc=Text(
            "Axes of the outputs, beside input_axes.", "输出所在的轴，与 input_axes 一起给出。"
        ),
        advanced=True,
    )

    rule: ClassVar[tuple[float, str, str]]
    """Scale, mode and distribution, as `VarianceScaling` takes them."""

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        fans = compute_fans(shape, self.input_axes, self.output_axes)
        return _variance_scaling(shape, generator, *self.rule, fans)

    def config_for_file(self) -> dict[str, Any]:
        """The configuration without axes that were not given: earlier versions of Keras 3 take none."""
        config = self.get_config()
        return {k: v for k, v in config.items() if v is not None or not k.endswith("_axes")}

    def with_axes(self, input_axes: Sequence[int], output_axes: Sequence[int]) -> ByFans:
        """The same, with inputs and outputs on these axes, unless it was told where they are."""
        if self.input_axes is not None and self.output_axes is not None:
            return self
        return VarianceScaling(*self.rule, self.seed, list(input_axes), list(output_axes))


def _distribution(value: Any) -> Any:
    value = value.lower() if isinstance(value, str) else value
    return "truncated_normal" if value == "normal" else value


class VarianceScaling(ByFans):
    """Variance `scale` over the number of inputs, outputs, or their mean."""

    scale: PositiveFloat = field(1.0, doc=Text("Factor of the variance.", "方差系数。"))
    mode: Literal["fan_in", "fan_out", "fan_avg"] = field(
        "fan_in", doc=Text("What the variance is divided by.", "方差除以哪个数。")
    )
    distribution: Annotated[
        Literal["truncated_normal", "untruncated_normal", "uniform"], BeforeValidator(_distribution)
    ] = field("truncated_normal", doc=Text("Shape of the distribution.", "分布类型。"))

    @property
    def rule(self) -> tuple[float, str, str]:  # type: ignore[override]
        return self.scale, self.mode, self.distribution


class GlorotUniform(ByFans):
    """Uniform, by the mean of inputs and outputs (Glorot and Bengio 2010)."""

    rule = (1.0, "fan_avg", "uniform")


class GlorotNormal(ByFans):
    """Truncated normal, by the mean of inputs and outputs (Glorot and Bengio 2010)."""

    rule = (1.0, "fan_avg", "truncated_normal")


class HeUniform(ByFans):
    """Uniform, by the inputs, for relu (He et al. 2015, arXiv:1502.01852)."""

    rule = (2.0, "fan_in", "uniform")


class HeNormal(ByFans):
    """Truncated normal, by the inputs, for relu (He et al. 2015, arXiv:1502.01852)."""

    rule = (2.0, "fan_in", "truncated_normal")


class LecunUniform(ByFans):
    """Uniform, by the inputs, for selu (LeCun et al. 1998)."""

    rule = (1.0, "fan_in", "uniform")


class LecunNormal(ByFans):
    """Truncated normal, by the inputs, for selu (LeCun et al. 1998)."""

    rule = (1.0, "fan_in", "truncated_normal")


class Orthogonal(Initializer):
    """An orthogonal matrix times `gain` (Saxe et al. 2014, arXiv:1312.6120)."""

    other_names = ("OrthogonalInitializer",)

    gain: Float = field(1.0, doc=Text("Factor of the matrix.", "矩阵的系数。"))
    seed: Seed = field(None, doc=_SEED, advanced=True)

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


class Identity(Initializer):
    """The identity matrix times `gain`."""

    other_names = ("IdentityInitializer",)

    gain: Float = field(1.0, doc=Text("Factor of the matrix.", "矩阵的系数。"))

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        if len(shape) != 2:
            raise ConfigError(
                Text(
                    f"Identity needs a weight of two axes, got {shape}.",
                    f"Identity 需要两个轴的权重，实际为 {shape}。",
                )
            )
        return self.gain * torch.eye(*shape)


class STFT(Initializer):
    """The kernel of a short-time Fourier transform, (frame, channels, frequencies).

    Its first axis is the length of a frame, its last half the length of the transform and one more.
    """

    other_names = ("STFTInitializer",)

    side: Literal["real", "imag"] = field(
        "real", doc=Text("Which part of the transform it gives.", "取变换的实部或虚部。")
    )
    window: Any = field(
        "hann", doc=Text("Window of each frame, by name or values.", "每帧的窗函数（名称或数值）。")
    )
    scaling: Literal["density", "spectrum"] | None = field(
        "density", doc=Text("What the window is divided by.", "窗函数的缩放方式。")
    )
    periodic: bool = field(
        False, doc=Text("Whether the window is periodic.", "窗函数是否为周期型。")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.window, str):
            self._window(8)

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        frame, _, bins = shape
        times = torch.arange(frame, dtype=torch.float64).reshape(-1, 1, 1)
        turns = torch.arange(bins, dtype=torch.float64) / max(1, (bins - 1) * 2)
        angles = -2 * math.pi * times * turns
        kernel = torch.cos(angles) if self.side == "real" else torch.sin(angles)
        if self.window is not None:
            window = self._window(frame).reshape(-1, 1, 1)
            size = {
                "density": window.square().sum().sqrt(),
                "spectrum": window.abs().sum(),
                None: torch.ones(()),
            }[self.scaling]
            kernel = kernel * window / size
        return kernel.expand(shape).to(torch.float32)

    def _window(self, frame: int) -> Tensor:
        window = self.window
        if isinstance(window, str):
            window = _named_window(window, frame, self.periodic)
        values = torch.as_tensor(np.asarray(window), dtype=torch.float64)
        if tuple(values.shape) != (frame,):
            raise ConfigError(
                Text(
                    f"STFT.window has to be as long as a frame, {frame}, got shape {tuple(values.shape)}.",
                    f"STFT.window 的长度应与帧长 {frame} 相同，实际形状为 {tuple(values.shape)}。",
                ),
                field="window",
            )
        return values


def _named_window(name: str, length: int, periodic: bool) -> Any:
    """A window by the name that SciPy gives it; SciPy itself, 80 MB in memory, only for rare ones."""
    if name in _WINDOWS_OF_TORCH:
        make = getattr(torch.signal.windows, name)
        return make(length, sym=not periodic, dtype=torch.float64)
    signal = importlib.import_module("scipy.signal")
    return signal.get_window(name, length, fftbins=periodic)


_WINDOWS_OF_TORCH = frozenset({"bartlett", "blackman", "cosine", "hamming", "hann", "nuttall"})


class _Function(Initializer):
    """A function of a user's own, of a shape and a dtype."""

    def __init__(self, wrapped: Callable[..., Any]) -> None:
        super().__init__()
        self.wrapped = wrapped

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return torch.as_tensor(np.asarray(self.wrapped(shape, dtype="float32"))).float()


def compute_fans(
    shape: tuple[int, ...],
    input_axes: Sequence[int] | None = None,
    output_axes: Sequence[int] | None = None,
) -> tuple[float, float]:
    """Numbers of inputs and outputs of a weight in Keras' layout (spatial …, in, out), or by its axes.

    >>> compute_fans((3, 3, 16, 32))
    (144, 288)
    >>> compute_fans((512, 8, 64), input_axes=[0], output_axes=[1, 2])
    (512, 512)
    """
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[a] for a in input_axes), math.prod(shape[a] for a in output_axes)
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
    shape: tuple[int, ...],
    generator: torch.Generator,
    scale: float,
    mode: str,
    distribution: str,
    fans: tuple[float, float],
) -> Tensor:
    fan_in, fan_out = fans
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    variance = scale / max(1.0, fan)
    if distribution == "uniform":
        limit = math.sqrt(3 * variance)
        return torch.rand(shape, generator=generator) * (2 * limit) - limit
    if distribution == "untruncated_normal":
        return torch.randn(shape, generator=generator) * math.sqrt(variance)
    return _truncated_normal(shape, generator) * (math.sqrt(variance) / _TRUNCATED_STDDEV)


def get(identifier: Any) -> Initializer | None:
    """The initializer for a name, a configuration, a class, a function of (shape, dtype), an array or an initializer.

    None stays None.

    Raises:
        ConfigError: If there is no such initializer or its parameters cannot be.
    """
    return None if identifier is None else required(identifier)


def required(identifier: Any) -> Initializer:
    """`get` where there has to be one."""
    if isinstance(identifier, Initializer):
        return identifier
    if isinstance(identifier, (Tensor, np.ndarray)):
        return Constant(identifier)
    if identifier is not None:
        found = find(INITIALIZERS, identifier)
        return found if isinstance(found, Initializer) else _Function(found)
    raise ConfigError(
        Text(
            "an initializer is a name, a function or an initializer object, got None.",
            "初始化方法应为名称、函数或初始化器对象，实际为 None。",
        )
    )


def serialize(initializer: Initializer) -> str | dict[str, Any]:
    """The name alone when all parameters are the defaults, else `{"type", "config"}`."""
    written = shown(INITIALIZERS, initializer, lambda cls: snake_case(cls.__name__))
    assert written is not None
    return written


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Initializer:
    """The initializer of a configuration; `custom_objects` are classes of a user's own by name."""
    return required(read(INITIALIZERS, config, custom_objects))


def names() -> list[str]:
    """The names that a form offers."""
    return [snake_case(name) for name in INITIALIZERS.names()]


InitializerField = Annotated[(Initializer, *choice_of(required, serialize, names))]
"""Field type: an initializer by name or object."""


def __getattr__(name: str) -> Any:
    if name in INITIALIZERS:  # a second name of a class, such as glorot_uniform
        return INITIALIZERS.get(name)
    if name.startswith("__"):
        raise AttributeError(name)  # importing asks for some, and wants no advice
    raise absent(__name__, name, INITIALIZERS.close_to(name))


def __dir__() -> list[str]:
    return sorted({*globals(), *INITIALIZERS.aliases()})
