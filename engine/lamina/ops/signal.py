"""Ops on waves and sequences: Fourier transforms, windows, segments."""

# ruff: noqa: A002, ARG001 - the names are Keras', and `sorted` is a hint that is not needed

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lamina.errors import ConfigError, ShapeError
from lamina.ops.convert import as_float, convert, promoted
from lamina.ops.registry import op, refuse
from lamina.text import Text


def _complex(x: Any) -> Tensor:
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise ConfigError(
            Text(
                "A complex signal is a pair of tensors: real and imaginary parts.",
                "复数信号应为一对张量：实部和虚部。",
            )
        )
    real, imaginary = promoted(*x, at_least=float, keep_64=True)
    if real.shape != imaginary.shape:
        raise ShapeError(
            Text(
                f"Real and imaginary parts have shapes {tuple(real.shape)} and {tuple(imaginary.shape)}.",
                f"实部和虚部的形状分别为 {tuple(real.shape)} 和 {tuple(imaginary.shape)}。",
            )
        )
    return torch.complex(real, imaginary)


def _parts(x: Tensor) -> tuple[Tensor, Tensor]:
    return x.real, x.imag


@op()
def fft(x: Any) -> Any:
    """The Fourier transform along the last axis of a pair of real and imaginary parts."""
    return _parts(torch.fft.fft(_complex(x)))


@op()
def fft2(x: Any) -> Any:
    """The Fourier transform over the last two axes of a pair of real and imaginary parts."""
    return _parts(torch.fft.fft2(_complex(x)))


@op()
def ifft2(x: Any) -> Any:
    """The reverse of `fft2`."""
    return _parts(torch.fft.ifft2(_complex(x)))


@op()
def rfft(x: Any, fft_length: int | None = None) -> Any:
    """The Fourier transform of real numbers along the last axis: the half that is not repeated."""
    return _parts(torch.fft.rfft(as_float(x), fft_length))


@op()
def irfft(x: Any, fft_length: int | None = None) -> Any:
    """The reverse of `rfft`."""
    return torch.fft.irfft(_complex(x), fft_length)


def _window(window: Any, length: int, like: Tensor) -> Tensor:
    if window is None:
        return torch.ones(length, dtype=like.dtype, device=like.device)
    if isinstance(window, str):
        makers: dict[str, Any] = {"hann": torch.hann_window, "hamming": torch.hamming_window}
        if window not in makers:
            raise ConfigError(
                Text(
                    f'window is "hann", "hamming", None or a tensor, got {window!r}.',
                    f"window 应为“hann”、“hamming”、None 或张量，实际为 {window!r}。",
                ),
                field="window",
            )
        made: Tensor = makers[window](length, periodic=True, dtype=like.dtype, device=like.device)
        return made
    tensor = convert(window).to(like)
    if tuple(tensor.shape) != (length,):
        raise ShapeError(
            Text(
                f"The window has shape {tuple(tensor.shape)}, the sequences have length {length}.",
                f"窗口形状为 {tuple(tensor.shape)}，而序列长度为 {length}。",
            )
        )
    return tensor


def _check_lengths(sequence_length: int, fft_length: int) -> None:
    if fft_length < sequence_length:
        raise ConfigError(
            Text(
                f"fft_length ({fft_length}) has to be at least sequence_length ({sequence_length}).",
                f"fft_length（{fft_length}）不能小于 sequence_length（{sequence_length}）。",
            ),
            field="fft_length",
        )


@op()
def stft(
    x: Any,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    window: Any = "hann",
    center: bool = True,
) -> Any:
    """`rfft` of windows along the last axis: real and imaginary parts of (…, windows, frequencies)."""
    _check_lengths(sequence_length, fft_length)
    tensor = as_float(x)
    found = torch.stft(
        tensor.reshape((-1, tensor.shape[-1])),
        fft_length,
        sequence_stride,
        sequence_length,
        _window(window, sequence_length, tensor),
        center,
        return_complex=True,
    )
    found = found.transpose(-1, -2)
    return _parts(found.reshape((*tensor.shape[:-1], *found.shape[1:])))


@op()
def istft(
    x: Any,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: Any = "hann",
    center: bool = True,
) -> Any:
    """The reverse of `stft`: windows added up where they overlap."""
    _check_lengths(sequence_length, fft_length)
    if not center:
        raise refuse("istft", "center=False is not supported.", "不支持 center=False。")
    tensor = _complex(x)
    flat = tensor.reshape((-1, *tensor.shape[-2:])).transpose(-1, -2)
    found = torch.istft(
        flat,
        fft_length,
        sequence_stride,
        sequence_length,
        _window(window, sequence_length, tensor.real),
        center,
        length=length,
    )
    return found.reshape((*tensor.shape[:-2], -1))


@op()
def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Any:
    """Windows along the last axis."""
    return convert(x).unfold(-1, sequence_length, sequence_stride)


@op()
def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """The area below a line through points along the axis."""
    heights = promoted(y, at_least=float)[0]
    if x is None:
        return torch.trapezoid(heights, dx=dx, dim=axis)
    return torch.trapezoid(heights, convert(x).to(heights), dim=axis)


@op()
def histogram(x: Any, bins: int = 10, range: Any = None) -> Any:
    """How many elements fall into each of equal bins, and the edges of those."""
    tensor = as_float(x).reshape(-1)
    low, high = (tensor.min(), tensor.max()) if range is None else range
    low, high = float(low), float(high)
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = torch.linspace(low, high, bins + 1, dtype=tensor.dtype, device=tensor.device)
    inside = tensor[(tensor >= low) & (tensor <= high)]
    places = torch.bucketize(inside, edges, right=True).clamp(max=bins) - 1
    return torch.bincount(places, minlength=bins).to(edges.dtype), edges


# --- segments -----------------------------------------------------------------------------------------------------


def _segments(data: Any, segment_ids: Any, num_segments: int | None, how: str) -> Tensor:
    """A reduction of the rows with the same number; rows with a number outside are left out."""
    tensor, ids = convert(data), convert(segment_ids).long()
    count = int(ids.max()) + 1 if num_segments is None else num_segments
    ids = torch.where((ids >= 0) & (ids < count), ids, count).to(tensor.device)
    start = {"sum": 0.0, "prod": 1.0, "amax": float("-inf"), "amin": float("inf")}[how]
    wide = tensor if tensor.is_floating_point() else tensor.double()
    result = torch.full((count + 1, *tensor.shape[1:]), start, dtype=wide.dtype, device=wide.device)
    places = ids.reshape((-1, *[1] * (tensor.dim() - 1))).expand(tensor.shape)
    return result.scatter_reduce(0, places, wide, how)[:-1].to(tensor.dtype)


@op()
def segment_sum(
    data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False
) -> Any:
    """The sum of the rows with the same number."""
    return _segments(data, segment_ids, num_segments, "sum")


@op()
def segment_prod(
    data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False
) -> Any:
    """The product of the rows with the same number."""
    return _segments(data, segment_ids, num_segments, "prod")


@op()
def segment_max(
    data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False
) -> Any:
    """The largest of the rows with the same number, -inf where there is none."""
    return _segments(data, segment_ids, num_segments, "amax")


@op()
def segment_min(
    data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False
) -> Any:
    """The smallest of the rows with the same number, inf where there is none."""
    return _segments(data, segment_ids, num_segments, "amin")


@op()
def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Whether the prediction for each target is among the `k` largest of its row."""
    scores = as_float(predictions)
    own = torch.take_along_dim(scores, convert(targets).to(scores.device).long()[:, None], -1)
    return (own >= torch.topk(scores, k).values[:, -1:])[:, 0]
