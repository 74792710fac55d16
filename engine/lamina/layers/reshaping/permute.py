"""Permute and RepeatVector: axes in another order, and one more axis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor

from lamina.fields import Axes, Issue, PositiveInt, field
from lamina.layer import Layer, Shape, layer, need_rank
from lamina.text import Text


@layer(group="reshaping", summary=Text("The axes in another order.", "交换各轴的顺序。"))
class Permute(Layer):
    """Axis `dims[i]` of the input becomes axis `i + 1` of the output; the batch stays first.

    Shapes:
        (batch, a, b, …) -> (batch, …) with the axes in the order of `dims`

    >>> import torch
    >>> Permute((2, 1))(torch.zeros(2, 3, 4)).shape
    torch.Size([2, 4, 3])
    """

    dims: Axes = field(
        suggest=[2, 1],
        doc=Text(
            "Axes of the input in the order of the output, counted from 1.",
            "输入各轴在输出中的顺序，从 1 开始编号。",
        ),
    )

    keeps_whole_numbers = True

    @classmethod
    def check_together(cls, values: Mapping[str, Any]) -> Iterable[Issue]:
        dims = values["dims"]
        if sorted(dims) != list(range(1, len(dims) + 1)):
            yield Issue(
                "dims",
                "bad_parameter",
                Text(
                    f"Permute.dims must name each axis from 1 on once, got {list(dims)}.",
                    f"Permute.dims 须从 1 起将每个轴恰好列出一次，实际为 {list(dims)}。",
                ),
                list(dims),
            )

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        axes = ", ".join(f"axis {axis + 1}" for axis in range(len(self.dims)))
        need_rank(self, x, len(self.dims) + 1, f"(batch, {axes})")
        return (x[0], *(x[axis] for axis in self.dims))

    def forward(self, *inputs: Tensor) -> Tensor:
        return inputs[0].permute((0, *self.dims))


@layer(
    group="reshaping",
    summary=Text("Repeats each vector as a sequence.", "把每个向量重复成一个序列。"),
)
class RepeatVector(Layer):
    """The same features at each of `n` steps.

    Shapes:
        (batch, features) -> (batch, n, features)
    """

    n: PositiveInt = field(suggest=4, doc=Text("Number of steps.", "重复的次数。"))

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_rank(self, x, 2, "(batch, features)", insert="Flatten")
        return (x[0], self.n, x[1])

    def forward(self, *inputs: Tensor) -> Tensor:
        return inputs[0].unsqueeze(1).expand(-1, self.n, -1)
