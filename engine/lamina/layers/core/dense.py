"""Dense: a fully connected layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from lamina.errors import ShapeError
from lamina.fields import PositiveInt, field
from lamina.layer import Shape, Weight, layer, need_known, product, shape_text
from lamina.layers.kernel_and_bias import KernelAndBias
from lamina.layers.shared_fields import (
    PENALTY_BY_POSITION,
    REFUSED,
    WITHOUT_EFFECT,
    Refused,
    declared_weight,
)
from lamina.regularizers import RegularizerField
from lamina.text import Text


@layer(group="core", summary=Text("Fully connected layer.", "全连接层。"))
class Dense(KernelAndBias):
    """activation(x @ kernel + bias) over the last axis.

    Shapes:
        (batch, …, features) -> (batch, …, units)

    >>> import torch
    >>> Dense(4)(torch.zeros(2, 3)).shape
    torch.Size([2, 4])
    """

    units: PositiveInt = field(
        suggest=64, doc=Text("Size of the last axis of the output.", "输出最后一个轴的大小。")
    )
    activity_regularizer: RegularizerField | None = PENALTY_BY_POSITION
    lora_rank: Refused = field(None, doc=REFUSED, hidden=True, after="bias_constraint")
    lora_alpha: Any = field(None, doc=WITHOUT_EFFECT, hidden=True, after="lora_rank")
    quantization_config: Refused = field(None, doc=REFUSED, hidden=True, after="lora_alpha")

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
        yield declared_weight(self, "kernel", (features, self.units), to_torch=(1, 0))
        yield from self.optional_bias(self.units)

    def macs(self, inputs: Sequence[Shape], output: Shape) -> int:
        return product(output[1:]) * product(inputs[0][-1:])

    def forward(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        return self.activation(F.linear(x, self._kernel, self._bias if self.use_bias else None))
