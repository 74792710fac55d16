"""`keras.ops.image`: size, place and colours of images; (height, width, channels), alone or in a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.errors import ConfigError, ShapeError
from lamina.ops.convert import convert
from lamina.ops.registry import OPS, by_name, op, refuse
from lamina.text import Text


def _images(x: Any, data_format: str | None) -> tuple[Tensor, int]:
    """The images, and where their channels are, counted from the end."""
    tensor = convert(x)
    if tensor.dim() not in (3, 4):
        raise ShapeError(
            Text(
                f"Expected an image or a batch of images, got shape {tuple(tensor.shape)}.",
                f"需要一张图像或一批图像，实际形状为 {tuple(tensor.shape)}。",
            )
        )
    if data_format not in (None, "channels_last", "channels_first"):
        raise ConfigError(
            Text(
                f'data_format is "channels_last" or "channels_first", got {data_format!r}.',
                f"data_format 应为“channels_last”或“channels_first”，实际为 {data_format!r}。",
            ),
            field="data_format",
        )
    return tensor, -3 if data_format == "channels_first" else -1


def _rounded(x: Tensor, dtype: torch.dtype) -> Tensor:
    """Back in the images' own type: whole numbers are rounded."""
    if dtype.is_floating_point:
        return x.to(dtype)
    limits = torch.iinfo(dtype)
    return torch.clamp(torch.round(x), limits.min, limits.max).to(dtype)


@op()
def resize(
    images: Any,
    size: Any,
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Any:
    """Images of another size.

    Args:
        images: The images.
        size: Height and width.
        interpolation: "bilinear", "nearest" or "bicubic".
        antialias: Whether shrinking takes the mean over what falls together.
        crop_to_aspect_ratio: Cut off what would be squeezed.
        pad_to_aspect_ratio: Put `fill_value` around what would be stretched.
        fill_mode: "constant".
        fill_value: What to put around.
        data_format: "channels_last", the default, or "channels_first".
    """
    modes = {"bilinear": "bilinear", "nearest": "nearest-exact", "bicubic": "bicubic"}
    if interpolation not in modes or fill_mode != "constant":
        raise refuse(
            "resize",
            f'interpolation is bilinear, nearest or bicubic and fill_mode "constant", got {interpolation!r} and {fill_mode!r}.',
            f"interpolation 应为 bilinear、nearest 或 bicubic，fill_mode 应为“constant”，实际为 {interpolation!r} 和 {fill_mode!r}。",
        )
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ConfigError(
            Text(
                "Crop or pad to the aspect ratio, not both.", "裁剪与填充只能选择一种以保持宽高比。"
            )
        )
    tensor, channels = _images(images, data_format)
    x = torch.movedim(tensor, channels, -3)
    x = x if tensor.dim() == 4 else x[None]
    x = x if x.dtype in (torch.float32, torch.float64) else x.float()
    height, width = (int(n) for n in size)
    if crop_to_aspect_ratio:
        h = max(min(x.shape[-2], x.shape[-1] * height // width), 1)
        w = max(min(x.shape[-1], x.shape[-2] * width // height), 1)
        top, left = (x.shape[-2] - h) // 2, (x.shape[-1] - w) // 2
        x = x[..., top : top + h, left : left + w]
    elif pad_to_aspect_ratio:
        high = max(x.shape[-2], x.shape[-1] * height // width)
        wide = max(x.shape[-1], x.shape[-2] * width // height)
        top, left = (high - x.shape[-2]) // 2, (wide - x.shape[-1]) // 2
        x = F.pad(x, (left, left, top, top), value=fill_value)
    smooth = interpolation != "nearest"
    x = F.interpolate(
        x,
        (height, width),
        mode=modes[interpolation],
        align_corners=False if smooth else None,
        antialias=antialias and smooth,
    )
    x = _rounded(x if tensor.dim() == 4 else x[0], tensor.dtype)
    return torch.movedim(x, -3, channels)


def _margins(
    name: str, size: int, before: int | None, after: int | None, target: int | None, sign: int
) -> tuple[int, int]:
    """Margins before and after an axis from two of three facts; `sign` is -1 where they are cut off."""
    if (before is None) + (after is None) + (target is None) != 1:
        raise ConfigError(
            Text(
                f"{name}: give exactly two of the margin before, the margin after and the target size of each axis.",
                f"{name}：每个轴须在前边距、后边距和目标大小中恰好给出两个。",
            )
        )
    if before is None:
        assert after is not None
        assert target is not None
        before = sign * (target - size) - after
    if after is None:
        assert target is not None
        after = sign * (target - size) - before
    if before < 0 or after < 0 or (sign < 0 and before + after >= size):
        raise ShapeError(
            Text(
                f"{name}: margins of {before} and {after} do not fit an axis of {size}.",
                f"{name}：边距 {before} 和 {after} 不适合长度为 {size} 的轴。",
            )
        )
    return before, after


@op()
def pad_images(
    images: Any,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Any:
    """Images with 0 around; two of the three for each axis: before, after, target."""
    tensor, channels = _images(images, data_format)
    x = torch.movedim(tensor, channels, -3)
    rows = _margins("pad_images", x.shape[-2], top_padding, bottom_padding, target_height, 1)
    columns = _margins("pad_images", x.shape[-1], left_padding, right_padding, target_width, 1)
    return torch.movedim(F.pad(x, (*columns, *rows)), -3, channels)


@op()
def crop_images(
    images: Any,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Any:
    """Images without their edges; two of the three for each axis: before, after, target."""
    tensor, channels = _images(images, data_format)
    x = torch.movedim(tensor, channels, -3)
    rows = _margins("crop_images", x.shape[-2], top_cropping, bottom_cropping, target_height, -1)
    columns = _margins("crop_images", x.shape[-1], left_cropping, right_cropping, target_width, -1)
    x = F.pad(x, (-columns[0], -columns[1], -rows[0], -rows[1]))
    return torch.movedim(x, -3, channels)


@op()
def rgb_to_grayscale(images: Any, data_format: str | None = None) -> Any:
    """Brightness of red, green and blue (ITU-R BT.601), on one channel."""
    tensor, channels = _images(images, data_format)
    if tensor.shape[channels] == 1:
        return tensor.clone()
    if tensor.shape[channels] != 3:
        raise ShapeError(
            Text(
                f"rgb_to_grayscale needs 1 or 3 channels, got {tensor.shape[channels]}.",
                f"rgb_to_grayscale 需要 1 或 3 个通道，实际为 {tensor.shape[channels]}。",
            )
        )
    red, green, blue = tensor.unbind(channels)
    gray = 0.2989 * red + 0.587 * green + 0.114 * blue
    return gray.to(tensor.dtype).unsqueeze(channels)


def _colours(name: str, images: Any, data_format: str | None) -> tuple[Tensor, int]:
    tensor, channels = _images(images, data_format)
    if not tensor.is_floating_point():
        raise ConfigError(
            Text(
                f"{name} needs fractions from 0 to 1, got {tensor.dtype}.",
                f"{name} 需要 0 到 1 的小数，实际为 {tensor.dtype}。",
            )
        )
    return tensor, channels


@op()
def rgb_to_hsv(images: Any, data_format: str | None = None) -> Any:
    """Hue, saturation and value, from 0 to 1, of red, green and blue."""
    tensor, channels = _colours("rgb_to_hsv", images, data_format)
    red, green, blue = tensor.unbind(channels)
    value = torch.amax(tensor, channels)
    spread = value - torch.amin(tensor, channels)
    unit = torch.where(spread > 0, spread, 1.0)
    hue = torch.where(value == green, (blue - red) / unit + 2, (red - green) / unit + 4)
    hue = torch.where(value == red, (green - blue) / unit, hue) / 6
    hue = torch.where(spread > 0, torch.where(hue < 0, hue + 1, hue), 0.0)
    saturation = torch.where(value > 0, spread / torch.where(value > 0, value, 1.0), 0.0)
    return torch.stack([hue, saturation, value], channels)


@op()
def hsv_to_rgb(images: Any, data_format: str | None = None) -> Any:
    """Red, green and blue of hue, saturation and value from 0 to 1."""
    tensor, channels = _colours("hsv_to_rgb", images, data_format)
    hue, saturation, value = tensor.unbind(channels)
    place = torch.remainder(hue, 1.0) * 6
    shares = (torch.abs(place - 3) - 1, 2 - torch.abs(place - 2), 2 - torch.abs(place - 4))
    parts = [value * (1 - saturation + saturation * torch.clamp(s, 0, 1)) for s in shares]
    return torch.stack(parts, channels)


def __getattr__(name: str) -> Callable[..., Any]:
    return by_name(name, __name__)


def __dir__() -> list[str]:
    return sorted({*OPS.names(), *OPS.aliases()})
