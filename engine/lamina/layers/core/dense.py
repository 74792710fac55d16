"""Dense: a fully connected layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from lamina.activations import Activation
from lamina.constraints import ConstraintField
from lamina.errors import ShapeError
from lamina.fields import PositiveInt, field
from lamina.initializers import InitializerField
from lamina.layer import Layer, Shape, Weight, layer, need_known, product, shape_text
from lamina.layers.shared_fields import (
    OUTPUT_PENALTY,
    REFUSED,
    WITHOUT_EFFECT,
    Refused,
    constraint,
    penalty,
)
from lamina.regularizers import RegularizerField
from lamina.text import Text


@layer(group="core", summary=Text("Fully connected layer.", "全连接层。"))
class Dense(Layer):
    """activation(x @ kernel + bias) over the last axis.

    Shapes:
        (batch, …, features) -> (batch, …, units)

    >>> import torch
    >>> Dense(4)(torch.zeros(2, 3)).shape
    torch.Size([2, 4])
    """

    wants_fractions = True

    units: PositiveInt = field(
        suggest=64, doc=Text("Size of the last axis of the output.", "输出最后一个轴的大小。")
    )
    activation: Activation = field(
        None, doc=Text("Applied to the result.", "作用于结果的激活函数。")
    )
    use_bias: bool = field(
        True, doc=Text("Add a learned offset.", "是否加上可学习的偏置。"), advanced=True
    )
    kernel_initializer: InitializerField = field(
        "glorot_uniform",
        doc=Text("First values of the kernel.", "卷积核（权重矩阵）的初始值。"),
        advanced=True,
    )
    bias_initializer: InitializerField = field(
        "zeros", doc=Text("First values of the bias.", "偏置的初始值。"), advanced=True
    )
    kernel_regularizer: RegularizerField | None = field(None, doc=penalty("kernel"), advanced=True)
    bias_regularizer: RegularizerField | None = field(None, doc=penalty("bias"), advanced=True)
    activity_regularizer: RegularizerField | None = field(None, doc=OUTPUT_PENALTY, advanced=True)
    kernel_constraint: ConstraintField | None = field(None, doc=constraint("kernel"), advanced=True)
    bias_constraint: ConstraintField | None = field(None, doc=constraint("bias"), advanced=True)
    lora_rank: Refused = field(None, doc=REFUSED, hidden=True)
    lora_alpha: Any = field(None, doc=WITHOUT_EFFECT, hidden=True)
    quantization_config: Refused = field(None, doc=REFUSED, hidden=True)

    supports_masking = True

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        if len(x) < 2:
            raise ShapeError(
                Text(
                    f'Dense "{self.name}" needs (batch, …, features) but gets {shape_text(x)}.',
                    f"Dense“{self.name}”需要 (batch, …, features)，实际得到 {shape_text(x)}。",
                )
            )
        need_known(self, x, -1, "last")
        return (*x[:-1], self.units)

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        features = need_known(self, inputs[0], -1, "last")
        yield Weight(
            "kernel",
            (features, self.units),
            self.kernel_initializer,
            to_torch=(1, 0),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if self.use_bias:
            yield Weight(
                "bias",
                (self.units,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def macs(self, inputs: Sequence[Shape], output: Shape) -> int:
        return product(output[1:]) * product(inputs[0][-1:])

    def forward(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        return self.activation(F.linear(x, self._kernel, self._bias if self.use_bias else None))
