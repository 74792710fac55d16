"""Windows of images: patches, blur and edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.errors import ConfigError, ShapeError
from lamina.ops.convert import convert
from lamina.ops.convolution import conv
from lamina.ops.registry import op
from lamina.text import Text


def _batched(name: str, images: Any, rank: int) -> tuple[Tensor, bool]:
    """The images with a batch axis, and whether they had none."""
    tensor = convert(images)
    if tensor.dim() not in (rank + 1, rank + 2):
        raise ShapeError(
            Text(
                f"ops.{name} needs an image or a batch of them, got shape {tuple(tensor.shape)}.",
                f"ops.{name} 需要一张图像或一批图像，实际形状为 {tuple(tensor.shape)}。",
            )
        )
    return (tensor, False) if tensor.dim() == rank + 2 else (tensor.unsqueeze(0), True)


def _patches(
    name: str, images: Any, size: Any, strides: Any, dilation: Any, padding: str, form: str | None
) -> Tensor:
    rank = len(size)
    x, is_single = _batched(name, images, rank)
    channels = x.shape[1 if form == "channels_first" else -1]
    count = channels
    for one in size:
        count *= one
    kernel = torch.eye(count, dtype=x.dtype, device=x.device).reshape(*size, channels, count)
    found: Tensor = conv(x, kernel, strides or tuple(size), padding, form, dilation)
    return found.squeeze(0) if is_single else found


def _sizes(name: str, size: Any, ranks: Sequence[int]) -> tuple[int, ...]:
    if isinstance(size, int):
        return (size,) * ranks[0]
    if isinstance(size, (list, tuple)) and len(size) in ranks:
        return tuple(size)
    raise ConfigError(
        Text(
            f"ops.{name}: size is a whole number or {' or '.join(map(str, ranks))} of them, got {size!r}.",
            f"ops.{name}：size 应为整数或 {' 或 '.join(map(str, ranks))} 个整数，实际为 {size!r}。",
        ),
        field="size",
    )


@op()
def extract_patches(
    images: Any,
    size: Any,
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    """The patches of images, each laid out along the channels.

    Args:
        images: (batch, height, width, channels), or one image; volumes for three sizes.
        size: Height and width of a patch.
        strides: Steps between patches; the size when left out.
        dilation_rate: Steps between the pixels of a patch.
        padding: "valid" or "same".
        data_format: "channels_last", the default, or "channels_first".

    Returns:
        Shape (batch, rows of patches, columns of patches, height · width · channels of a patch).
    """
    sizes = _sizes("extract_patches", size, (2, 3))
    return _patches("extract_patches", images, sizes, strides, dilation_rate, padding, data_format)


@op()
def extract_patches_3d(
    volumes: Any,
    size: Any,
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    """The patches of volumes, each laid out along the channels; see `extract_patches`."""
    sizes = _sizes("extract_patches_3d", size, (3,))
    return _patches(
        "extract_patches_3d", volumes, sizes, strides, dilation_rate, padding, data_format
    )


def _filtered(x: Tensor, kernel: Tensor, padding: int) -> Tensor:
    """Each channel of (batch, channels, height, width) with one kernel."""
    channels = x.shape[1]
    return F.conv2d(x, kernel.expand(channels, 1, *kernel.shape), None, 1, padding, 1, channels)


@op()
def gaussian_blur(
    images: Any,
    kernel_size: Any = (3, 3),
    sigma: Any = (1.0, 1.0),
    data_format: str | None = None,
) -> Any:
    """Images with each pixel as a mean of its neighbours, weighed by a bell curve.

    Args:
        images: (batch, height, width, channels), or one image.
        kernel_size: Sizes of the neighbourhood.
        sigma: Widths of the curve.
        data_format: "channels_last", the default, or "channels_first".
    """
    x, is_single = _batched("gaussian_blur", images, 2)
    is_last = data_format != "channels_first"
    x = x.movedim(-1, 1) if is_last else x
    curves = []
    for size, width in zip(tuple(kernel_size), tuple(sigma), strict=True):
        places = torch.arange(int(size), dtype=x.dtype, device=x.device) - (int(size) - 1) / 2
        curve = torch.exp(-0.5 * (places / float(width)) ** 2)
        curves.append(curve / curve.sum())
    kernel = torch.outer(curves[1], curves[0]).reshape(tuple(int(n) for n in kernel_size))
    found = _filtered(x, kernel, int(kernel_size[0]) // 2)
    found = found.movedim(1, -1) if is_last else found
    return found.squeeze(0) if is_single else found


@op()
def sobel_edges(images: Any, data_format: str | None = None) -> Any:
    """How fast images change downwards and to the right.

    Args:
        images: (batch, height, width, channels).
        data_format: "channels_last", the default, or "channels_first".

    Returns:
        The shape of the images with an axis of 2 behind it.
    """
    tensor = convert(images)
    is_last = data_format != "channels_first"
    x = tensor.movedim(-1, 1) if is_last else tensor
    right = torch.tensor([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=x.dtype, device=x.device)
    found = torch.stack([_filtered(x, kernel, 1) for kernel in (right.mT.contiguous(), right)], -1)
    return found.movedim(1, -2) if is_last else found
