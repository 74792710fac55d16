"""RandomFlip: images mirrored at random while training."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from lamina.fields import DataFormat, Int, field
from lamina.layer import Layer, Shape, layer, need_rank
from lamina.layers.windows import AXES
from lamina.text import Text


class _Flip(nn.Module):
    """Each image mirrored along each axis with probability one half."""

    def __init__(self, axes: tuple[int, ...], seed: int | None) -> None:
        super().__init__()
        self.axes, self.seed = axes, seed
        self.streams: dict[torch.device, torch.Generator] = {}

    def forward(self, x: Tensor) -> Tensor:
        stream = None
        if self.seed is not None:
            if x.device not in self.streams:
                self.streams[x.device] = torch.Generator(x.device).manual_seed(self.seed)
            stream = self.streams[x.device]
        for axis in self.axes:
            drawn = torch.rand((len(x), 1, 1, 1), generator=stream, device=x.device)
            x = torch.where(drawn < 0.5, x.flip(axis), x)
        return x


@layer(
    group="preprocessing",
    summary=Text("Mirrors images at random while training.", "训练时随机翻转图像。"),
)
class RandomFlip(Layer):
    """While training, mirror each image with probability one half; for both directions, each by itself.

    Shapes:
        (batch, height, width, channels) -> the same
    """

    mode: Literal["horizontal_and_vertical", "horizontal", "vertical"] = field(
        "horizontal_and_vertical", doc=Text("Which way.", "翻转方向。")
    )
    seed: Int | None = field(
        None,
        doc=Text(
            "Seed of its own; the run's when empty.", "单独的随机种子；留空则用本次训练的种子。"
        ),
        advanced=True,
    )
    data_format: DataFormat = field(
        None, doc=Text("Order of the axes.", "轴的顺序。"), advanced=True
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        axes = {"horizontal": (2,), "vertical": (1,)}.get(self.mode, (2, 1))
        self.flip = _Flip(axes, self.seed)

    def output_shape(self, *inputs: Shape) -> Shape:
        need_rank(self, inputs[0], 4, AXES[2])
        return inputs[0]

    def forward(self, *inputs: Tensor) -> Tensor:
        x = inputs[0].to(torch.float32)
        return self.flip(x) if self.training else x
