"""Dot: scalar products of two tensors, sample by sample."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from lamina.errors import ShapeError
from lamina.fields import Int, Issue, field
from lamina.layer import Layer, Ports, Shape, layer, product, shape_text
from lamina.layers.normalization.unit_normalization import to_unit_length
from lamina.text import Text

LETTERS = "abcdefghijklmnopqrstuvwxy"
"""Names of axes; z is the batch's."""


@layer(group="merging", summary=Text("Scalar products of two inputs.", "两个输入的点积。"))
class Dot(Layer):
    """Sum of products along one axis of each input, for every pair of what stands on the other axes.

    Shapes:
        (batch, …, n), (batch, …, n) -> (batch, axes left of the first, axes left of the second), or (batch, 1)

    >>> import torch
    >>> Dot(axes=(1, 2))([torch.zeros(2, 3, 5), torch.zeros(2, 10, 3)]).shape
    torch.Size([2, 5, 10])
    """

    axes: Int | tuple[Int, Int] = field(
        suggest=-1,
        doc=Text(
            "Axis of both inputs to sum along, or one of each.",
            "沿哪个轴求和；可为两个输入分别指定。",
        ),
    )
    normalize: bool = field(
        False,
        doc=Text("Bring the inputs to unit length first.", "先把输入归一化为单位长度。"),
    )

    ports = Ports(least_inputs=2, most_inputs=2)
    takes_list = True

    supports_masking = True

    @classmethod
    def check_together(cls, values: Mapping[str, Any]) -> Iterable[Issue]:
        axes = values["axes"]
        if 0 in (axes if isinstance(axes, tuple) else (axes,)):
            yield Issue(
                "axes",
                "out_of_range",
                Text(
                    "Dot.axes cannot be 0, which is the batch.",
                    "Dot.axes 不能为 0，因为那是批次轴。",
                ),
                axes,
                -1,
            )

    def _axes_in(self, inputs: Sequence[Shape]) -> list[int]:
        """The axis of each input, counted from the batch."""
        given = self.axes if isinstance(self.axes, tuple) else (self.axes, self.axes)
        axes = [a + len(x) if a < 0 else a for a, x in zip(given, inputs, strict=True)]
        for port, (axis, x) in enumerate(zip(axes, inputs, strict=True)):
            if not 0 < axis < len(x):
                raise ShapeError(
                    Text(
                        f'Dot "{self.name}" has no axis {given[port]} of values in {shape_text(x)}.',
                        f"Dot“{self.name}”的输入 {shape_text(x)} 中没有轴 {given[port]}。",
                    ),
                    field="axes",
                    port=port,
                    suggest={"axes": -1},
                )
        return axes

    def output_shape(self, *inputs: Shape) -> Shape:
        x, y = inputs
        a, b = self._axes_in(inputs)
        if None not in (x[a], y[b]) and x[a] != y[b]:
            raise ShapeError(
                Text(
                    f'Dot "{self.name}" multiplies axis {a} of {shape_text(x)} with axis {b} of {shape_text(y)}, '
                    "whose sizes differ.",
                    f"Dot“{self.name}”要将 {shape_text(x)} 的轴 {a} 与 {shape_text(y)} 的轴 {b} 相乘，但两者大小不同。",
                ),
                field="axes",
                port=1,
            )
        left = (*x[:a], *x[a + 1 :], *y[1:b], *y[b + 1 :])
        return left if len(left) > 1 else (*left, 1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """None: what is summed over has no steps any more."""
        return None

    def macs(self, inputs: Sequence[Shape], output: Shape) -> int:
        return product(output[1:]) * product([inputs[0][self._axes_in(inputs)[0]]])

    def forward(self, *inputs: Tensor) -> Tensor:
        x, y = inputs
        a, b = self._axes_in(self.built_for)
        if self.normalize:
            x = self.narrowed(to_unit_length(self.widened(x), a))
            y = self.narrowed(to_unit_length(self.widened(y), b))
        ranks = [len(shape) for shape in self.built_for]
        first = ["z", *LETTERS[1 : ranks[0]]]
        second = ["z", *LETTERS[ranks[0] : ranks[0] + ranks[1] - 1]]
        second[b] = first[a]
        left = [*first[:a], *first[a + 1 :], *second[1:b], *second[b + 1 :]]
        products = torch.einsum(f"{''.join(first)},{''.join(second)}->{''.join(left)}", x, y)
        return products if len(left) > 1 else products.unsqueeze(1)
