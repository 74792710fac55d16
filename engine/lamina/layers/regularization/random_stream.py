"""Random numbers for layers that disturb their input, the same along axes that a noise shape says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lamina.errors import ShapeError
from lamina.fields import InputShape
from lamina.layer import Layer, Shape, shape_text
from lamina.seeds import SeededStreams
from lamina.text import Text

NoiseShape = InputShape
"""Field type: shape of the random numbers, batch first; None for an axis as long as the input's."""


NOISE_SHAPE = Text(
    "Shape of the random numbers, batch first: 1 for an axis along which they are the same, empty for the input's size.",
    "随机数的形状（含批次轴）：1 表示沿该轴共用，留空表示与输入相同。",
)


def check_noise_shape(layer: Layer, x: Shape, noise_shape: Sequence[int | None] | None) -> None:
    """Raise a `ShapeError` unless numbers of the shape can be used for `x`."""
    if noise_shape is None:
        return
    fits = len(noise_shape) == len(x) and all(
        size in (None, 1) or known in (None, size)
        for size, known in zip(noise_shape, x, strict=True)
    )
    if not fits:
        name, given = type(layer).__name__, shape_text(tuple(noise_shape))
        raise ShapeError(
            Text(
                f'{name} "{layer.name}" cannot use noise_shape {given} for {shape_text(x)}: each axis is 1, empty, or '
                "the input's size, the batch first.",
                f"{name}“{layer.name}”的 noise_shape {given} 不适用于 {shape_text(x)}：每个轴（含批次轴）应为 1、留空或与输入相同。",
            ),
            field="noise_shape",
            suggest={"noise_shape": None},
        )


def drawn_shape(x: Tensor, noise_shape: Sequence[int | None] | None) -> Any:
    """The shape of the random numbers for `x`."""
    if noise_shape is None:
        return x.shape
    return [x.shape[axis] if size is None else size for axis, size in enumerate(noise_shape)]


class RandomStream(SeededStreams):
    """Random numbers for a tensor from a stream of its own.

    Args:
        seed: Where the stream begins.
        is_normal: Standard normal numbers; uniform in [0, 1) otherwise.
        noise_shape: Shape of the numbers; the tensor's when left out.
    """

    def __init__(
        self, seed: int, *, is_normal: bool, noise_shape: Sequence[int | None] | None = None
    ) -> None:
        super().__init__(seed)
        self.draw = torch.randn if is_normal else torch.rand
        self.noise_shape = noise_shape

    def forward(self, x: Tensor) -> Tensor:
        shape = drawn_shape(x, self.noise_shape)
        drawn: Tensor = self.draw(shape, generator=self.stream(x.device), device=x.device)
        return drawn


class SeededNoise(SeededStreams):
    """Dropout from a stream of its own."""

    def forward(self, x: Tensor, rate: float) -> Tensor:
        drawn = torch.rand(x.shape, generator=self.stream(x.device), device=x.device)
        return x * (drawn >= rate) / (1 - rate)
