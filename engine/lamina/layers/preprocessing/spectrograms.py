"""STFTSpectrogram and MelSpectrogram: sound as pictures of its frequencies over time."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
import torch
import torch.fx
import torch.nn.functional as F
from pydantic import PlainValidator, WithJsonSchema
from torch import Tensor

from lamina.errors import ConfigError, ShapeError
from lamina.fields import DataFormat, Issue, PositiveFloat, PositiveInt, field
from lamina.initializers import STFT
from lamina.layer import Layer, Shape, Weight, layer, need_known, need_rank, shape_text
from lamina.layers.preprocessing.factors import DATA_FORMAT
from lamina.layers.windows import AXES, pad_same, window_size
from lamina.ops.signal import stft
from lamina.settings import epsilon
from lamina.text import Text

Padding = Literal["valid", "same"]


def _window(value: Any) -> Any:
    """A window's name, or its values as a list."""
    if value is None or isinstance(value, str):
        try:
            STFT(window=value)
        except ValueError:
            raise ConfigError(
                Text(
                    f"must be the name of a window that SciPy knows, numbers, or None; got {value!r}.",
                    f"应为 SciPy 已知的窗函数名称、数值列表或 None，实际为 {value!r}。",
                )
            ) from None
        return value
    return np.asarray(value, dtype="float64").tolist()


Window = Annotated[
    Any,
    PlainValidator(_window),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "null"}], "x-widget": "text"}),
]
_WINDOW = Text("Window of each frame.", "每帧的窗函数。")


def frames_times(x: Tensor, kernel: Tensor, step: int, padding: str) -> Tensor:
    """Each frame of (batch, time, channels) times each column of a kernel, (batch, channels, columns, frames)."""
    batch, time, channels = x.shape
    sound = x.movedim(-1, 1).reshape(batch * channels, 1, time)
    if padding == "same":
        sound = pad_same(sound, kernel.shape[2:], (step,), (1,))
    found = F.conv1d(sound, kernel.to(sound.dtype), stride=step)
    return found.reshape(batch, channels, *found.shape[1:])


torch.fx.wrap("frames_times")


@layer(
    group="preprocessing",
    summary=Text("Frequencies of a sound over time.", "声音随时间变化的频谱。"),
)
class STFTSpectrogram(Layer):
    """The frequencies in each frame of a sound, by kernels that begin as a Fourier transform and may be trained.

    Shapes:
        (batch, time, channels) -> (batch, frames, frequencies channels)
    """

    mode: Literal["log", "magnitude", "psd", "real", "imag", "angle", "stft"] = field(
        "log",
        doc=Text(
            "What of the transform: its size, the logarithm of that, power, a part, the angle, or both parts.",
            "输出内容：幅值、对数幅值、功率、实部、虚部、相位或实部与虚部。",
        ),
    )
    frame_length: PositiveInt = field(256, doc=Text("Samples in a frame.", "每帧的采样数。"))
    frame_step: PositiveInt | None = field(
        None,
        doc=Text(
            "Samples from one frame to the next; half a frame when empty.", "帧移；留空为半帧。"
        ),
    )
    fft_length: PositiveInt | None = field(
        None,
        doc=Text(
            "Length of the transform; the next power of two when empty.",
            "变换长度；留空则取不小于帧长的 2 的幂。",
        ),
    )
    window: Window = field("hann", doc=_WINDOW, advanced=True)
    periodic: bool = field(
        False, doc=Text("Whether the window is periodic.", "窗函数是否为周期型。"), advanced=True
    )
    scaling: Literal["density", "spectrum"] | None = field(
        "density",
        doc=Text("What the window is divided by.", "窗函数的缩放方式。"),
        advanced=True,
    )
    padding: Padding = field(
        "valid",
        doc=Text('"same" pads the ends with zeros.', "“same”在两端补零。"),
    )
    expand_dims: bool = field(
        False,
        doc=Text("Whether channels have an axis of their own.", "通道是否单独占一个轴。"),
        advanced=True,
    )
    data_format: DataFormat = field(None, doc=DATA_FORMAT, advanced=True)

    @classmethod
    def check_together(cls, values: Mapping[str, Any]) -> Iterable[Issue]:
        frame, step, length = (values[n] for n in ("frame_length", "frame_step", "fft_length"))
        if step is not None and step > frame:
            yield Issue(
                "frame_step",
                "out_of_range",
                Text(
                    f"frame_step must be not greater than frame_length, {frame}; got {step}.",
                    f"frame_step 不能大于 frame_length（{frame}），实际为 {step}。",
                ),
            )
        if length is not None and length < frame:
            yield Issue(
                "fft_length",
                "out_of_range",
                Text(
                    f"fft_length must be not less than frame_length, {frame}; got {length}.",
                    f"fft_length 不能小于 frame_length（{frame}），实际为 {length}。",
                ),
            )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        length = self.fft_length
        if length is not None and length & (length - 1):
            warnings.warn(
                f"fft_length is recommended to be a power of two, got {length}.", stacklevel=2
            )

    @property
    def step(self) -> int:
        return self.frame_step or self.frame_length // 2

    @property
    def bins(self) -> int:
        """Number of frequencies."""
        length = self.fft_length or 2 ** math.ceil(math.log2(self.frame_length))
        return length // 2 + 1

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_rank(self, x, 3, AXES[1])
        channels = need_known(self, x, -1, "channels")
        frames = window_size(
            self, x, 1, self.frame_length, self.step, self.padding, field="frame_length"
        )
        bins = self.bins * 2 if self.mode == "stft" else self.bins
        if self.expand_dims:
            return (x[0], frames, bins, channels)
        return (x[0], frames, channels * bins)

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        shape = (self.frame_length, 1, self.bins)
        for side, without in (("real", "imag"), ("imag", "real")):
            if self.mode != without:
                rule = STFT(side, self.window, self.scaling, self.periodic)
                yield Weight(f"{side}_kernel", shape, rule, to_torch=(2, 1, 0))

    def macs(self, inputs: Sequence[Shape], output: Shape) -> int:
        sides = 1 if self.mode in ("real", "imag") else 2
        frames, channels = output[1] or 0, inputs[0][-1] or 0
        return sides * frames * channels * self.bins * self.frame_length

    def forward(self, *inputs: Tensor) -> Tensor:
        spectrum = self._spectrum(inputs[0])  # (batch, channels, frequencies, frames)
        if self.expand_dims:
            return spectrum.permute(0, 3, 2, 1)
        return spectrum.flatten(1, 2).mT

    def _spectrum(self, x: Tensor) -> Tensor:
        parts = []
        if self.mode != "imag":
            parts.append(frames_times(x, self._real_kernel, self.step, self.padding))
        if self.mode != "real":
            parts.append(frames_times(x, self._imag_kernel, self.step, self.padding))
        if self.mode in ("real", "imag"):
            return parts[0]
        real, imaginary = parts
        if self.mode == "angle":
            return torch.atan2(imaginary, real)
        if self.mode == "stft":
            return torch.cat(parts, 2)
        power = real * real + imaginary * imaginary
        if self.mode == "psd":  # what is left out of a spectrum counts as its mirror image
            return power + F.pad(power[:, :, 1:-1], (0, 0, 1, 1))
        size = power.clamp(min=epsilon()).sqrt()
        return size if self.mode == "magnitude" else size.clamp(min=epsilon()).log()


@layer(
    group="preprocessing",
    summary=Text("A sound as the ear hears it, over time.", "梅尔频谱：声音随时间变化的听觉频谱。"),
)
class MelSpectrogram(Layer):
    """How strong a sound is over time in bands that are as wide as the ear tells apart, in decibels.

    Shapes:
        (batch, samples) -> (batch, bands, time)
    """

    has_no_state = True

    fft_length: PositiveInt = field(2048, doc=Text("Length of the transform.", "变换长度。"))
    sequence_stride: PositiveInt = field(
        512, doc=Text("Samples from one frame to the next.", "帧移（采样数）。")
    )
    sequence_length: PositiveInt | None = field(
        None,
        doc=Text("Samples in a frame; fft_length when empty.", "帧长；留空则等于 fft_length。"),
    )
    window: Window = field("hann", doc=_WINDOW, advanced=True)
    sampling_rate: PositiveInt = field(16000, doc=Text("Samples per second.", "每秒采样数。"))
    num_mel_bins: PositiveInt = field(128, doc=Text("Number of bands.", "频带数量。"))
    min_freq: PositiveFloat = field(
        20.0, doc=Text("Lower end of the lowest band, in hertz.", "最低频率（赫兹）。")
    )
    max_freq: PositiveFloat | None = field(
        None,
        doc=Text(
            "Upper end of the highest band, in hertz; half the sampling rate when empty.",
            "最高频率（赫兹）；留空为采样率的一半。",
        ),
    )
    power_to_db: bool = field(True, doc=Text("Whether to give decibels.", "是否换算为分贝。"))
    top_db: PositiveFloat = field(
        80.0,
        doc=Text("How far below the loudest anything counts.", "相对最大值的动态范围（分贝）。"),
        advanced=True,
    )
    mag_exp: PositiveFloat = field(
        2.0, doc=Text("1 for the size, 2 for power.", "1 表示幅值，2 表示功率。"), advanced=True
    )
    min_power: PositiveFloat = field(
        1e-10, doc=Text("The least power there is.", "功率下限。"), advanced=True
    )
    ref_power: PositiveFloat = field(
        1.0, doc=Text("Power of 0 decibels.", "0 分贝对应的功率。"), advanced=True
    )

    @classmethod
    def check_together(cls, values: Mapping[str, Any]) -> Iterable[Issue]:
        if (values["sequence_length"] or 1) > values["fft_length"]:
            yield Issue(
                "fft_length",
                "out_of_range",
                Text(
                    f"fft_length must be at least sequence_length, {values['sequence_length']}; got {values['fft_length']}.",
                    f"fft_length 不能小于 sequence_length（{values['sequence_length']}），实际为 {values['fft_length']}。",
                ),
            )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.register_buffer("_bands", self._made_bands(), persistent=False)

    def get_config(self) -> dict[str, Any]:
        """Keras' configuration, with what stands for what was left out."""
        length = self.sequence_length or self.fft_length
        highest = self.max_freq or int(self.sampling_rate / 2)
        return {**super().get_config(), "sequence_length": length, "max_freq": highest}

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        if len(x) not in (1, 2):
            raise ShapeError(
                Text(
                    f'MelSpectrogram "{self.name}" takes sounds of shape (batch, samples), or one of (samples,), got '
                    f"{shape_text(x)}.",
                    f"MelSpectrogram“{self.name}”需要形状为（批次, 采样数）的声音，实际为 {shape_text(x)}。",
                )
            )
        samples = x[-1]
        time = None if samples is None else samples // self.sequence_stride + 1
        return (*x[:-1], self.num_mel_bins, time)

    def forward(self, *inputs: Tensor) -> Tensor:
        x = self.widened(inputs[0])
        length = self.sequence_length or self.fft_length
        real, imaginary = stft(x, length, self.sequence_stride, self.fft_length, self.window)
        size = (real * real + imaginary * imaginary).sqrt()
        bands = size**self.mag_exp @ self._bands.to(size)  # (batch, time, bands)
        if self.power_to_db:
            loud = 10 * bands.clamp(min=self.min_power).log10()
            loud = loud - 10 * math.log10(max(self.ref_power, self.min_power))
            bands = torch.maximum(loud, loud.max() - self.top_db)
        return self.narrowed(bands.mT)

    def _made_bands(self) -> Tensor:
        """How much each frequency counts in each band, (frequencies, bands): triangles that overlap by half."""
        bins, half = self.fft_length // 2 + 1, self.sampling_rate / 2
        place = _mel(torch.linspace(0.0, half, bins))[1:, None]
        ends = _mel(torch.tensor([self.min_freq, self.max_freq or int(half)]))
        edges = torch.linspace(float(ends[0]), float(ends[1]), self.num_mel_bins + 2)
        low, middle, high = edges[:-2], edges[1:-1], edges[2:]
        rising, falling = (place - low) / (middle - low), (high - place) / (high - middle)
        return F.pad(torch.minimum(rising, falling).clamp(min=0), (0, 0, 1, 0))


def _mel(hertz: Tensor) -> Tensor:
    """Frequencies as the ear spaces them."""
    return 1127.0 * torch.log(1 + hertz / 700.0)
