"""Cropping1D, 2D and 3D: without the border."""

from __future__ import annotations

from torch import Tensor

from lamina.errors import ShapeError
from lamina.fields import DataFormat, Offset2D, Sides2D, Sides3D, field
from lamina.layer import Layer, Shape, layer, need_rank, shape_text
from lamina.layers.windows import AXES
from lamina.text import Text


class _Cropping(Layer):
    """What the layers share; `sides` are the amounts before and after each axis."""

    @property
    def sides(self) -> tuple[tuple[int, int], ...]:
        raise NotImplementedError

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_rank(self, x, len(self.sides) + 2, AXES[len(self.sides)])
        spatial = (self._left(x, axis, *sides) for axis, sides in enumerate(self.sides, start=1))
        return (x[0], *spatial, x[-1])

    def _left(self, x: Shape, axis: int, before: int, after: int) -> int | None:
        size = x[axis]
        if size is None:
            return None
        if before + after >= size:
            raise ShapeError(
                Text(
                    f'{self.type_name} "{self.name}" takes {before} + {after} values from axis {axis}, but its input '
                    f"{shape_text(x)} has only {size}. Crop less.",
                    f"{self.type_name}“{self.name}”要从轴 {axis} 裁去 {before} + {after} 个值，但输入 {shape_text(x)} "
                    f"只有 {size} 个。请减少裁剪量。",
                ),
                field="cropping",
            )
        return size - before - after

    def forward(self, *inputs: Tensor) -> Tensor:
        kept = (slice(before, -after if after else None) for before, after in self.sides)
        return inputs[0][(slice(None), *kept)]


@layer(group="reshaping", summary=Text("Cuts the ends of a sequence.", "裁去序列的两端。"))
class Cropping1D(_Cropping):
    """The steps without the first and the last ones.

    Shapes:
        (batch, time, channels) -> (batch, time - before - after, channels)
    """

    cropping: Offset2D = field(
        (1, 1),
        doc=Text(
            "Steps cut before and after; one number stands for both.",
            "前后裁去的步数；单个数值表示两端相同。",
        ),
    )

    @property
    def sides(self) -> tuple[tuple[int, int], ...]:
        return (self.cropping,)


@layer(group="reshaping", summary=Text("Cuts the border of an image.", "裁去图像的边缘。"))
class Cropping2D(_Cropping):
    """An image without its border.

    Shapes:
        (batch, height, width, channels) -> (batch, height - top - bottom, width - left - right, channels)
    """

    cropping: Sides2D = field(
        ((0, 0), (0, 0)),
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
        return self.cropping


@layer(group="reshaping", summary=Text("Cuts the border of a volume.", "裁去三维数据的边缘。"))
class Cropping3D(_Cropping):
    """A volume without its border.

    Shapes:
        (batch, depth, height, width, channels) -> the same, each of the three sizes without its sides
    """

    cropping: Sides3D = field(
        ((1, 1), (1, 1), (1, 1)),
        doc=Text(
            "What is cut before and after depth, height and width, or less where they are equal.",
            "深、高、宽各轴前后裁去的数量；相同时可简写。",
        ),
    )
    data_format: DataFormat = field(
        None, doc=Text("Order of the axes.", "轴的顺序。"), advanced=True
    )

    @property
    def sides(self) -> tuple[tuple[int, int], ...]:
        return self.cropping
