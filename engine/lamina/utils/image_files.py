"""Pictures of a directory as batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from lamina import ops
from lamina.utils.directories import Choices, LabelMode, Labels, Subset, batches_of_files
from lamina.utils.images import ColorMode, open_image, pillow

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
FORMATS = ("BMP", "GIF", "JPEG", "PNG")
"""What files of these endings may hold, by Pillow's names."""


def image_dataset_from_directory(
    directory: str | Path,
    labels: Labels = "inferred",
    label_mode: LabelMode = "int",
    class_names: list[str] | None = None,
    color_mode: ColorMode = "rgb",
    batch_size: int | None = 32,
    image_size: tuple[int, int] | int = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: Subset = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: Literal["tf", "grain"] = "tf",  # noqa: A002 - Keras' name; batches are tensors either way
    verbose: bool = True,
) -> Any:
    """The pictures in the folders of a directory as batches (batch, height, width, channels), 0 to 255.

    What it gives goes into `fit`, which reads and decodes ahead of its steps. It has `class_names` and
    `file_paths`, `map` and `take`.

    Args:
        directory: Has one folder for each class, or just pictures where there are no labels.
        labels: "inferred" from the folders, None, or a class number for each picture in alphabetical order.
        label_mode: "int" for numbers (batch,), "categorical" for one-hot rows, "binary" for zeros and ones
            (batch, 1), None for no labels.
        class_names: The folders to take, in the order of their numbers; all, sorted, when left out.
        color_mode: "grayscale", "rgb" or "rgba": one, three or four channels.
        batch_size: Pictures in a batch; None gives them one by one.
        image_size: (height, width), or one number for both.
        shuffle: Whether each pass has an order of its own; otherwise they are sorted.
        seed: Decides the orders, and with `validation_split` which pictures go where.
        validation_split: Share of the pictures that is for validation.
        subset: "training", "validation", or "both" for a list of the two.
        interpolation: "bilinear", "nearest" or "bicubic".
        follow_links: Whether to go into folders that are links.
        crop_to_aspect_ratio: Cut off what would be squeezed.
        pad_to_aspect_ratio: Put zeros around what would be stretched.
        data_format: "channels_last", the default, or "channels_first".
        format: Taken as in Keras.
        verbose: Whether to write how many pictures there are.

    Raises:
        ImportError: If Pillow is not installed.
        ConfigError: If an argument cannot be what it is, or there are no pictures.
    """
    choices = Choices(
        "image_dataset_from_directory", directory, ENDINGS, labels, label_mode, class_names,
        batch_size, shuffle, seed, validation_split, subset, follow_links, verbose,
    )  # fmt: skip
    size = _size(choices, image_size)
    if format not in ("tf", "grain"):
        raise choices.error("format", f'must be "tf" or "grain", got {format!r}')
    if color_mode not in ("grayscale", "rgb", "rgba"):
        raise choices.error(
            "color_mode", f'must be "grayscale", "rgb" or "rgba", got {color_mode!r}'
        )
    if interpolation.lower() not in ("bilinear", "nearest", "bicubic"):
        raise choices.error(
            "interpolation", f'must be "bilinear", "nearest" or "bicubic", got {interpolation!r}'
        )
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise choices.error("crop_to_aspect_ratio", "and pad_to_aspect_ratio exclude each other")
    pillow(choices.asker)

    def read(path: str) -> torch.Tensor:
        image = open_image(path, color_mode, choices.asker, FORMATS)
        pixels = torch.from_numpy(np.array(image, dtype=np.float32))
        pixels = pixels[..., None] if pixels.ndim == 2 else pixels
        resized: torch.Tensor = ops.image.resize(
            pixels,
            size,
            interpolation.lower(),
            crop_to_aspect_ratio=crop_to_aspect_ratio,
            pad_to_aspect_ratio=pad_to_aspect_ratio,
            data_format="channels_last",
        )
        return torch.movedim(resized, -1, 0) if data_format == "channels_first" else resized

    return batches_of_files(choices, read, torch.stack)


def _size(choices: Choices, size: Any) -> tuple[int, int]:
    pair = (size, size) if isinstance(size, int) else size
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise choices.error("image_size", f"must be (height, width) or one number, got {size!r}")
    return int(pair[0]), int(pair[1])
