"""Images as files, as Pillow's objects and as arrays (height, width, channels)."""

from __future__ import annotations

import importlib
import io
import warnings
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from lamina import ops
from lamina.errors import ConfigError
from lamina.settings import floatx
from lamina.text import Text

ColorMode = Literal["grayscale", "rgb", "rgba"]

MOST_PIXELS = 64_000_000
"""A picture of more is not decoded: a small file can hold one that fills the memory."""

_MODES: dict[str, tuple[str, frozenset[str]]] = {
    "grayscale": ("L", frozenset({"L", "I;16", "I"})),
    "rgb": ("RGB", frozenset({"RGB"})),
    "rgba": ("RGBA", frozenset({"RGBA"})),
}
"""What a picture is converted to, and the modes that are left as they are."""


def load_img(
    path: Any,
    color_mode: ColorMode = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """A picture from a file, as Pillow's image.

    Args:
        path: A path, or a file in memory (`io.BytesIO`).
        color_mode: "grayscale", "rgb" or "rgba".
        target_size: (height, width); the picture's own when left out.
        interpolation: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos".
        keep_aspect_ratio: Cut the middle to the target's proportions instead of stretching.

    Raises:
        ImportError: If Pillow is not installed.
        ConfigError: If an argument is none of these, or the picture has too many pixels.
        OSError: If the file cannot be read as a picture.
    """
    if not isinstance(path, (str, bytes, Path, io.BytesIO)):
        raise TypeError(f"load_img needs a path or io.BytesIO, got {type(path).__name__}.")
    image = open_image(path, color_mode, "load_img")
    if target_size is None or image.size == (target_size[1], target_size[0]):
        return image
    filters = pillow("load_img").Resampling
    known = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")
    if interpolation not in known:
        raise _not_one_of("interpolation", interpolation, known)
    height, width = target_size
    box = None
    if keep_aspect_ratio:
        wide, high = image.size
        crop_height = min(high, wide * height // width)
        crop_width = min(wide, high * width // height)
        top, left = (high - crop_height) // 2, (wide - crop_width) // 2
        box = (left, top, left + crop_width, top + crop_height)
    return image.resize((width, height), getattr(filters, interpolation.upper()), box=box)


def img_to_array(img: Any, data_format: str | None = None, dtype: str | None = None) -> np.ndarray:
    """A Pillow image as an array (height, width, channels).

    Args:
        img: The image.
        data_format: "channels_last", the default, or "channels_first".
        dtype: Type of the elements; `floatx()` when left out.

    Raises:
        ConfigError: If it is no image.
    """
    array = np.asarray(img, dtype=dtype or floatx())
    if array.ndim not in (2, 3):
        raise ConfigError(
            Text(
                f"img_to_array needs a single image, got the shape {array.shape}.",
                f"img_to_array 需要一张图像，实际形状为 {array.shape}。",
            )
        )
    array = array[..., None] if array.ndim == 2 else array
    return np.moveaxis(array, -1, 0) if _is_first(data_format) else array


def array_to_img(
    x: Any, data_format: str | None = None, scale: bool = True, dtype: str | None = None
) -> Any:
    """An array (height, width, channels) as a Pillow image.

    Args:
        x: One, three or four channels.
        data_format: "channels_last", the default, or "channels_first".
        scale: Stretch the values to 0 … 255; otherwise they must lie there.
        dtype: Type to compute in; `floatx()` when left out.

    Raises:
        ImportError: If Pillow is not installed.
        ConfigError: If it is no image.
    """
    image = pillow("array_to_img")
    x = x.detach().cpu() if isinstance(x, torch.Tensor) else x
    array = np.asarray(x, dtype=dtype or floatx())
    if array.ndim == 3 and _is_first(data_format):
        array = np.moveaxis(array, 0, -1)
    if array.ndim != 3 or array.shape[-1] not in (1, 3, 4):
        raise ConfigError(
            Text(
                "array_to_img needs a single image of one, three or four channels, "
                f"got the shape {np.shape(x)}.",
                f"array_to_img 需要一张 1、3 或 4 通道的图像，实际形状为 {np.shape(x)}。",
            )
        )
    if scale:
        array = array - np.min(array)
        largest = np.max(array)
        array = (array / largest if largest != 0 else array) * 255
    if array.shape[-1] == 1:
        kind = "int32" if np.max(array) > 255 else "uint8"
        return image.fromarray(array[..., 0].astype(kind))
    return image.fromarray(array.astype("uint8"))


def save_img(
    path: Any,
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Write an array (height, width, channels) as a picture.

    Args:
        path: A path, or a file that is open for writing; then `file_format` is needed.
        x: The image.
        data_format: "channels_last", the default, or "channels_first".
        file_format: "png", "jpeg" …; told by the path's ending when left out.
        scale: Stretch the values to 0 … 255.
        kwargs: Passed to Pillow's `save`.

    Raises:
        ImportError: If Pillow is not installed.
        ConfigError: If `x` is no image.
    """
    if file_format is None and isinstance(path, (str, Path)):
        file_format = Path(path).suffix[1:].lower()
    if file_format is not None and file_format.lower() == "jpg":
        file_format = "jpeg"
    image = array_to_img(x, data_format=data_format, scale=scale)
    if image.mode == "RGBA" and file_format == "jpeg":
        warnings.warn("JPEG has no transparency: the picture is saved as RGB.", stacklevel=2)
        image = image.convert("RGB")
    image.save(path, format=file_format, **kwargs)


def smart_resize(
    x: Any,
    size: tuple[int, int],
    interpolation: str = "bilinear",
    data_format: str = "channels_last",
) -> Any:
    """Images of another size without stretching: the middle is cut to the target's proportions first.

    Args:
        x: (height, width, channels) or a batch of such; an array gives an array, a tensor a tensor.
        size: (height, width).
        interpolation: As in `ops.image.resize`.
        data_format: "channels_last" or "channels_first".

    Raises:
        ConfigError: If `size` is not two numbers, or there is no such interpolation.
        ShapeError: If `x` is no image.

    >>> smart_resize(np.ones((4, 8, 3)), (2, 2)).shape
    (2, 2, 3)
    """
    if len(size) != 2:
        raise ConfigError(
            Text(
                f"size must be (height, width), got {size!r}.",
                f"size 应为（高，宽），实际为 {size!r}。",
            ),
            field="size",
        )
    resized = ops.image.resize(
        x, size, interpolation, crop_to_aspect_ratio=True, data_format=data_format
    )
    return np.asarray(resized) if isinstance(x, np.ndarray) else resized


def open_image(
    path: Any, color_mode: str, asker: str, formats: tuple[str, ...] | None = None
) -> Any:
    """A picture decoded in the wanted colours.

    Args:
        path: A path or an open file.
        asker: The function that the user called, for messages.
        formats: Pillow's names of the formats that are tried; all when left out.
    """
    if color_mode not in _MODES:
        raise _not_one_of("color_mode", color_mode, tuple(_MODES))
    mode, kept = _MODES[color_mode]
    path = path.decode() if isinstance(path, bytes) else path
    with pillow(asker).open(path, formats=formats) as image:
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise ConfigError(
                Text(
                    f"{asker}: {path} has {width} × {height} pixels; "
                    f"at most {MOST_PIXELS:,} are decoded.",
                    f"{asker}：{path} 有 {width} × {height} 像素，最多解码 {MOST_PIXELS:,} 像素。",
                )
            )
        if image.mode in kept:
            image.load()
            return image.copy()
        return image.convert(mode)


def pillow(asker: str) -> Any:
    """The module `PIL.Image`.

    Raises:
        ImportError: If Pillow is not installed.
    """
    try:
        return importlib.import_module("PIL.Image")
    except ImportError as error:
        raise ImportError(
            f'{asker} needs Pillow, which is not installed. Run: pip install "lamina[images]"'
        ) from error


def _is_first(data_format: str | None) -> bool:
    if data_format not in (None, "channels_last", "channels_first"):
        raise _not_one_of("data_format", data_format, ("channels_last", "channels_first"))
    return data_format == "channels_first"


def _not_one_of(name: str, value: Any, known: tuple[str, ...]) -> ConfigError:
    return ConfigError(
        Text(
            f"{name} must be one of {', '.join(known)}, got {value!r}.",
            f"{name} 应为 {'、'.join(known)} 之一，实际为 {value!r}。",
        ),
        field=name,
    )
