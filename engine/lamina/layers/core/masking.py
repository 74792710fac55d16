"""Masking: tells the layers behind it which steps to skip."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lamina.fields import Float, field
from lamina.layer import Layer, Shape, layer
from lamina.text import Text


@layer(
    group="core",
    summary=Text("Marks steps of padding to be skipped.", "标记填充的时间步，使后续层跳过。"),
)
class Masking(Layer):
    """Mask the steps whose features all equal `mask_value`, and set them to zero.

    Shapes:
        (batch, time, …, features) -> the same, with a mask (batch, time, …)
    """

    mask_value: Float = field(
        0.0, doc=Text("What all features of a skipped step are.", "被跳过的时间步的所有特征取值。")
    )

    supports_masking = True
    keeps_whole_numbers = True
    makes_masks = True

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return (inputs != self.mask_value).any(-1)

    def forward(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        kept = (x != self.mask_value).any(-1).unsqueeze(-1)
        return torch.where(kept, x, torch.zeros_like(x))
