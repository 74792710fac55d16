"""Lion: steps of one size, in the direction of the momentum."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from lamina.fields import Fraction, PositiveFraction, field
from lamina.optimizers.learning_rate import RATE, LearningRate
from lamina.optimizers.optimizer import Optimizer, optimizer
from lamina.text import Text


@optimizer(
    summary=Text(
        "Steps of one size by the sign of the momentum; wants a small learning rate.",
        "按动量的符号更新，步长一致；学习率宜小。",
    )
)
class Lion(Optimizer):
    """weight -= rate * sign(beta_1 * momentum + (1 - beta_1) * gradient) (Chen et al. 2023, arXiv:2302.06675)."""

    slot_blocks: ClassVar[tuple[tuple[str, ...], ...]] = (("momentum",),)

    is_elementwise: ClassVar[bool] = True

    learning_rate: LearningRate = field(0.001, doc=RATE)
    beta_1: PositiveFraction = field(
        0.9, doc=Text("How slowly the momentum moves.", "一阶矩的衰减率。"), advanced=True
    )
    beta_2: Fraction = field(
        0.99, doc=Text("How slowly the recent size moves.", "二阶矩的衰减率。"), advanced=True
    )

    def update(
        self,
        weights: list[Tensor],
        gradients: list[Tensor],
        slots: dict[str, list[Tensor]],
        rate: float,
    ) -> None:
        momentum = slots["momentum"]
        direction = torch._foreach_mul(momentum, self.beta_1)
        torch._foreach_add_(direction, gradients, alpha=1 - self.beta_1)
        torch._foreach_sign_(direction)
        torch._foreach_add_(weights, direction, alpha=-rate)
        torch._foreach_mul_(momentum, self.beta_2)
        torch._foreach_add_(momentum, gradients, alpha=1 - self.beta_2)
