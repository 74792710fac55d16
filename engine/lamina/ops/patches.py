"""Windows of images: patches, blur and edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.errors import ConfigError, ShapeError
from lamina.ops.convert import as_float, convert
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
def ssim(
    image1: Any,
    image2: Any,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: str | None = None,
) -> Any:
    """How alike images are in brightness, contrast and structure, at most 1 (Wang et al. 2004).

    Args:
        image1: (batch, height, width, channels), or one image, at least `filter_size` high and wide.
        image2: Likewise.
        max_val: How far the brightest is from the darkest.
        filter_size: Size of the neighbourhood that is compared.
        filter_sigma: Width of the bell curve over it.
        k1: Keeps dark places from counting too much.
        k2: Keeps flat places from counting too much.
        data_format: "channels_last", the default, or "channels_first".

    Returns:
        One number for each image.
    """
    dtype = convert(image1).dtype
    (x, is_single), (y, _) = (_batched("ssim", as_float(image), 2) for image in (image1, image2))
    if data_format != "channels_first":
        x, y = x.movedim(-1, 1), y.movedim(-1, 1)
    if min(x.shape[2:]) < filter_size or x.shape[1:] != y.shape[1:]:
        raise ShapeError(
            Text(
                f"ssim compares images of one shape that are at least {filter_size} high and wide (filter_size), got "
                f"{tuple(convert(image1).shape)} and {tuple(convert(image2).shape)}.",
                f"ssim 比较形状相同、高和宽不小于 {filter_size}（filter_size）的图像，实际为 "
                f"{tuple(convert(image1).shape)} 和 {tuple(convert(image2).shape)}。",
            )
        )
    places = torch.arange(filter_size, dtype=x.dtype, device=x.device) - (filter_size - 1) / 2
    curve = torch.exp(-(places**2) / (2 * filter_sigma**2))
    kernel = torch.outer(curve, curve) / curve.sum() ** 2

    def mean(images: Tensor) -> Tensor:
        return F.conv2d(images.flatten(0, 1).unsqueeze(1), kernel[None, None])

    mean_x, mean_y = mean(x), mean(y)
    both = mean_x * mean_y
    spread_x, spread_y = mean(x * x) - mean_x**2, mean(y * y) - mean_y**2
    low, high = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    alike = (2 * both + low) * (2 * (mean(x * y) - both) + high)
    alike = alike / ((mean_x**2 + mean_y**2 + low) * (spread_x + spread_y + high))
    result = alike.reshape(len(x), -1).mean(1)
    return (result.squeeze(0) if is_single else result).to(dtype)


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
