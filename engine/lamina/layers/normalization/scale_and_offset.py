"""What the normalizations share that learn a factor and an offset for each feature."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lamina.constraints import ConstraintField
from lamina.errors import ShapeError
from lamina.fields import PositiveFloat, field
from lamina.initializers import InitializerField
from lamina.layer import Layer, Shape, Weight, shape_text
from lamina.layers.shared_fields import constraint, declared_weight, penalty
from lamina.regularizers import RegularizerField
from lamina.text import Text


class ScaleAndOffset(Layer):
    """gamma x + beta of features that have been normalized; either may be left out."""

    epsilon: PositiveFloat = field(
        1e-3, doc=Text("Added to the variance.", "加到方差上的小常数。"), advanced=True
    )
    center: bool = field(
        True, doc=Text("Learn an offset, beta.", "是否学习偏移量 beta。"), advanced=True
    )
    scale: bool = field(
        True, doc=Text("Learn a factor, gamma.", "是否学习缩放系数 gamma。"), advanced=True
    )
    beta_initializer: InitializerField = field(
        "zeros", doc=Text("First values of beta.", "beta 的初始值。"), advanced=True
    )
    gamma_initializer: InitializerField = field(
        "ones", doc=Text("First values of gamma.", "gamma 的初始值。"), advanced=True
    )
    beta_regularizer: RegularizerField | None = field(None, doc=penalty("beta"), advanced=True)
    gamma_regularizer: RegularizerField | None = field(None, doc=penalty("gamma"), advanced=True)
    beta_constraint: ConstraintField | None = field(None, doc=constraint("beta"), advanced=True)
    gamma_constraint: ConstraintField | None = field(None, doc=constraint("gamma"), advanced=True)

    supports_masking = True
    axis: Any

    def feature_axis(self, x: Shape) -> int:
        """`axis` counted from the batch; raises `ShapeError` unless it is one behind the batch."""
        axis: int = self.axis + len(x) if self.axis < 0 else self.axis
        if not 0 < axis < len(x):
            raise ShapeError(
                Text(
                    f'{self.type_name} "{self.name}" has no axis {self.axis} of features in {shape_text(x)}.',
                    f"{self.type_name}“{self.name}”的输入 {shape_text(x)} 中没有特征轴 {self.axis}。",
                ),
                field="axis",
                suggest={"axis": -1},
            )
        return axis

    def scale_and_offset(self, *features: int) -> Iterator[Weight]:
        """Gamma and beta of so many features along each axis, as far as the layer has them."""
        if self.scale:
            yield declared_weight(self, "gamma", features, autocast=False)
        if self.center:
            yield declared_weight(self, "beta", features, autocast=False)
