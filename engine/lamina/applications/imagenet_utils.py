"""Images as the weights of ImageNet expect them, and what the classes are called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from lamina.errors import ConfigError, ShapeError
from lamina.text import Text

BGR_MEAN = (103.939, 116.779, 123.68)
RGB_MEAN = (0.485, 0.456, 0.406)
RGB_DEVIATION = (0.229, 0.224, 0.225)
CLASS_INDEX_FILE = Path("~/.keras/models/imagenet_class_index.json")
"""Where Keras keeps the names of the classes once it has fetched them."""
MAX_INDEX_BYTES = 2**22


def preprocess_input(
    x: Any, data_format: str | None = None, mode: Literal["caffe", "tf", "torch"] = "caffe"
) -> Any:
    """RGB images with values from 0 to 255 as an architecture expects them. The images given stay as they are.

    Args:
        x: (…, height, width, 3), an array or a tensor; or channels first.
        data_format: "channels_last" (also None) or "channels_first".
        mode: "tf": from -1 to 1. "caffe": BGR less ImageNet's mean. "torch": to 1, less ImageNet's mean, over
            its deviation.

    >>> preprocess_input(np.array([[[0, 127.5, 255]]]), mode="tf").tolist()
    [[[-1.0, 0.0, 1.0]]]
    """
    if mode not in ("caffe", "tf", "torch"):
        raise ConfigError(
            Text(
                f'mode is "caffe", "tf" or "torch", got {mode!r}.',
                f"mode 可为 “caffe”、“tf” 或 “torch”，实际为 {mode!r}。",
            ),
            field="mode",
        )
    if data_format not in (None, "channels_last", "channels_first"):
        raise ConfigError(
            Text(
                f'data_format is "channels_last" or "channels_first", got {data_format!r}.',
                f"data_format 可为 “channels_last” 或 “channels_first”，实际为 {data_format!r}。",
            ),
            field="data_format",
        )
    is_tensor = isinstance(x, torch.Tensor)
    images = x if is_tensor else torch.as_tensor(np.array(x))
    if not images.is_floating_point():
        images = images.float()
    done = _preprocessed(images, mode, -3 if data_format == "channels_first" else -1)
    return done if is_tensor else done.numpy()


def _preprocessed(images: torch.Tensor, mode: str, axis: int) -> torch.Tensor:
    if mode == "tf":
        return images / 127.5 - 1

    def along(values: tuple[float, ...]) -> torch.Tensor:
        return images.new_tensor(values).reshape(-1, *(1,) * (-axis - 1))

    if mode == "caffe":
        return images.flip(axis) - along(BGR_MEAN)
    return (images / 255 - along(RGB_MEAN)) / along(RGB_DEVIATION)


def decode_predictions(
    preds: Any, top: int = 5, class_index: str | Path | None = None
) -> list[list[tuple[str, str, float]]]:
    """The likeliest classes of each image: (id, name, score), the likeliest first.

    Args:
        preds: (batch, 1000), what a model with its classifier predicts.
        top: How many of each image.
        class_index: JSON file of the names, `{"0": ["n01440764", "tench"], …}`; the one that Keras keeps in
            `~/.keras/models` when left out. Nothing is downloaded.

    Raises:
        ShapeError: If these are no predictions for 1000 classes.
        ConfigError: If there is no file of names; the message holds the numbers of the first image's classes.
    """
    scores = np.asarray(preds.detach().cpu() if isinstance(preds, torch.Tensor) else preds)
    if scores.ndim != 2 or scores.shape[1] != 1000:
        raise ShapeError(
            Text(
                f"decode_predictions takes predictions of shape (images, 1000), got {scores.shape}.",
                f"decode_predictions 需要形状为 (图像数, 1000) 的预测，实际为 {scores.shape}。",
            )
        )
    best = np.argsort(-scores, axis=1, kind="stable")[:, :top]
    names = _class_names(class_index, best[0].tolist() if len(best) else [])
    return [
        [(*names[number], row[number]) for number in numbers]
        for row, numbers in zip(scores, best.tolist(), strict=True)
    ]


def _class_names(path: str | Path | None, first: list[int]) -> list[tuple[str, str]]:
    file = Path(path or CLASS_INDEX_FILE).expanduser()
    if not file.is_file():
        raise ConfigError(
            Text(
                f"There is no file of class names at {file}. Download imagenet_class_index.json from "
                "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json and pass "
                f"class_index=its path. The first image's likeliest classes have the numbers {first}.",
                f"{file} 处没有类别名称文件。请从 "
                "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json 下载，"
                f"并传入 class_index=文件路径。第一张图像最可能的类别编号为 {first}。",
            ),
            field="class_index",
        )
    try:
        if file.stat().st_size > MAX_INDEX_BYTES:
            raise ValueError("it is far too large")
        index = json.loads(file.read_text("utf-8"))
        names = [tuple(map(str, index[str(number)])) for number in range(1000)]
        return [(one, other) for one, other in names]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ConfigError(
            Text(
                f"{file} is no list of 1000 class names ({error}).",
                f"{file} 不是包含 1000 个类别名称的列表（{error}）。",
            ),
            field="class_index",
        ) from error
