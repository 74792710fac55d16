"""ZeroPadding1D, 2D and 3D: a border of zeros."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from lamina.fields import DataFormat, Offset2D, Sides2D, Sides3D, field
from lamina.layer import Layer, Shape, layer, need_rank
from lamina.layers.windows import AXES
from lamina.text import Text


class _ZeroPadding(Layer):
    """What the layers share; `sides` are the amounts before and after each axis."""

    @property
    def sides(self) -> tuple[tuple[int, int], ...]:
        raise NotImplementedError

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_rank(self, x, len(self.sides) + 2, AXES[len(self.sides)])
        spatial = (
            None if size is None else before + size + after
            for size, (before, after) in zip(x[1:-1], self.sides, strict=True)
        )
        return (x[0], *spatial, x[-1])

    def forward(self, *inputs: Tensor) -> Tensor:
        amounts = [amount for sides in reversed(self.sides) for amount in sides]
        return F.pad(inputs[0], (0, 0, *amounts))


@layer(group="reshaping", summary=Text("Zeros around a sequence.", "在序列两端补零。"))
class ZeroPadding1D(_ZeroPadding):
    """Zeros before the first and after the last step.

    Shapes:
        (batch, time, channels) -> (batch, before + time + after, channels)
    """

    padding: Offset2D = field(
        1,
        doc=Text(
            "Zeros before and after; one number stands for both.",
            "前后补零的数量；单个数值表示两端相同。",
        ),
    )
    data_format: DataFormat = field(
        None, doc=Text("Order of the axes.", "轴的顺序。"), advanced=True
    )

    @property
    def sides(self) -> tuple[tuple[int, int], ...]:
        return (self.padding,)


@layer(group="reshaping", summary=Text("Zeros around an image.", "在图像四周补零。"))
class ZeroPadding2D(_ZeroPadding):
    """Zeros above, below, left and right of an image.

    Shapes:
        (batch, height, width, channels) -> (batch, top + height + bottom, left + width + right, channels)
    """

    padding: Sides2D = field(
        (1, 1),
        doc=Text(
            "((top, bottom), (left, right)), or less where they are equal.",
            "((上, 下), (左, 右))；相同时可简写。",
        ),
    )
    data_format: DataFormat = field(
        None, doc=Text("Order of the axes.", "轴的顺序。"), advanced=True
    )

    @property
    def sides(self) -> tuple[tuple[int, int], ...]:
        return self.padding


@layer(group="reshaping", summary=Text("Zeros around a volume.", "在三维数据四周补零。"))
class ZeroPadding3D(_ZeroPadding):
    """Zeros before and after each axis of a volume.

    Shapes:
        (batch, depth, height, width, channels) -> the same, each of the three sizes with its sides added
    """

    padding: Sides3D = field(
        (1, 1, 1),
        doc=Text(
            "Zeros before and after depth, height and width, or less where they are equal.",
            "深、高、宽各轴前后补零的数量；相同时可简写。",
        ),
    )
    data_format: DataFormat = field(
        None, doc=Text("Order of the axes.", "轴的顺序。"), advanced=True
    )

    @property
    def sides(self) -> tuple[tuple[int, int], ...]:
        return self.padding
