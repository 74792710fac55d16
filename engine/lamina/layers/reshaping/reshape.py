"""Reshape: the same values on other axes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor

from lamina.errors import ShapeError
from lamina.fields import Issue, TargetShape, field
from lamina.layer import Layer, Shape, layer, product, shape_text
from lamina.text import Text


@layer(group="reshaping", summary=Text("The same values on other axes.", "把数值排列成新的形状。"))
class Reshape(Layer):
    """Arrange the values of each sample on other axes, in the same order.

    Shapes:
        (batch, …) -> (batch, *target_shape)
    """

    target_shape: TargetShape = field(
        suggest=[-1],
        doc=Text(
            "New shape of one sample; -1 once for what is left.",
            "单个样本的新形状；可有一个 -1 表示自动推断。",
        ),
    )

    keeps_whole_numbers = True

    @classmethod
    def check_together(cls, values: Mapping[str, Any]) -> Iterable[Issue]:
        if values["target_shape"].count(-1) > 1:
            yield Issue(
                "target_shape",
                "bad_parameter",
                Text(
                    f"Reshape.target_shape may hold -1 once, got {list(values['target_shape'])}.",
                    f"Reshape.target_shape 中最多只能有一个 -1，实际为 {list(values['target_shape'])}。",
                ),
                list(values["target_shape"]),
            )

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        if None in x[1:]:
            return (x[0], *(None if size == -1 else size for size in self.target_shape))
        total = product(x[1:])
        known = product(size for size in self.target_shape if size != -1)
        fits = known == total if -1 not in self.target_shape else known > 0 and total % known == 0
        if not fits:
            raise ShapeError(
                Text(
                    f'Reshape "{self.name}" cannot arrange the {total} values of {shape_text(x)} as '
                    f"{list(self.target_shape)}.",
                    f"Reshape“{self.name}”无法把 {shape_text(x)} 的 {total} 个值排列成 {list(self.target_shape)}。",
                ),
                field="target_shape",
            )
        return (x[0], *(total // known if size == -1 else size for size in self.target_shape))

    def forward(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        # Where sizes are unknown the batch is what -1 stands for once the target says all the rest.
        target = self.output_shape(*self.built_for)[1:]
        if None not in target:
            return x.reshape(-1, *(size or 0 for size in target))
        return x.reshape(x.shape[0], *self.target_shape)
