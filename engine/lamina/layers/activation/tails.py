"""ELU and PReLU: rectifiers with a tail below 0."""

from __future__ import annotations

from collections.abc import Iterator

import torch.nn.functional as F
from torch import Tensor

from lamina.constraints import ConstraintField
from lamina.errors import ShapeError
from lamina.fields import Axes, Float, field
from lamina.initializers import InitializerField
from lamina.layer import Layer, Shape, Weight, layer, need_known, shape_text
from lamina.layers.shared_fields import constraint, declared_weight, penalty
from lamina.regularizers import RegularizerField
from lamina.text import Text


@layer(group="activation", summary=Text("Smooth below zero.", "负半轴平滑饱和。"))
class ELU(Layer):
    """x above 0, alpha (exp(x) - 1) below (Clevert et al. 2015, arXiv:1511.07289).

    Shapes:
        (batch, …) -> the same
    """

    alpha: Float = field(1.0, doc=Text("Depth of the tail below 0.", "负半轴的饱和深度。"))

    supports_masking = True

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def forward(self, *inputs: Tensor) -> Tensor:
        return F.elu(inputs[0], self.alpha)


@layer(
    group="activation",
    summary=Text("Learns how much of what is negative to keep.", "学习保留多少负值。"),
)
class PReLU(Layer):
    """x above 0, alpha x below, with a learned alpha for each value (He et al. 2015, arXiv:1502.01852).

    Shapes:
        (batch, …) -> the same
    """

    alpha_initializer: InitializerField = field(
        "zeros", doc=Text("First values of alpha.", "alpha 的初始值。"), advanced=True
    )
    alpha_regularizer: RegularizerField | None = field(None, doc=penalty("alpha"), advanced=True)
    alpha_constraint: ConstraintField | None = field(None, doc=constraint("alpha"), advanced=True)
    shared_axes: Axes | None = field(
        None,
        doc=Text(
            "Axes along which alpha is the same, counted from 1; empty for none.",
            "alpha 在哪些轴上共享，从 1 开始编号；留空则不共享。",
        ),
    )

    supports_masking = True

    def _is_shared(self, axis: int) -> bool:
        return self.shared_axes is not None and axis in self.shared_axes

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        if self.shared_axes is not None and max(self.shared_axes, default=0) >= len(x):
            raise ShapeError(
                Text(
                    f'PReLU "{self.name}" shares alpha along axis {max(self.shared_axes)}, which {shape_text(x)} does '
                    "not have.",
                    f"PReLU“{self.name}”在轴 {max(self.shared_axes)} 上共享 alpha，但 {shape_text(x)} 没有该轴。",
                ),
                field="shared_axes",
                suggest={"shared_axes": None},
            )
        for axis in range(1, len(x)):
            if not self._is_shared(axis):
                need_known(self, x, axis, f"number {axis}")
        return x

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        (x,) = inputs
        shape = tuple(
            1 if self._is_shared(axis) else need_known(self, x, axis, f"number {axis}")
            for axis in range(1, len(x))
        )
        yield declared_weight(self, "alpha", shape)

    def forward(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        below: Tensor = self._alpha * F.relu(x.neg())
        return F.relu(x) - below
