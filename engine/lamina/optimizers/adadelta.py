"""Adadelta: steps in the size of the recent steps."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from lamina.fields import Fraction, NonNegativeFloat, field
from lamina.optimizers.learning_rate import RATE, LearningRate
from lamina.optimizers.optimizer import Optimizer, optimizer
from lamina.optimizers.rmsprop import EPSILON
from lamina.text import Text


@optimizer(
    summary=Text("Steps in the size of the recent steps.", "按近期更新量与梯度大小之比调整步长。")
)
class Adadelta(Optimizer):
    """step = gradient * √(mean step² + epsilon) / √(mean gradient² + epsilon) (Zeiler 2012, arXiv:1212.5701)."""

    slot_blocks: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("accumulated_grad", "accumulated_delta_var"),
    )

    is_elementwise: ClassVar[bool] = True

    learning_rate: LearningRate = field(0.001, doc=RATE)
    rho: Fraction = field(
        0.95, doc=Text("How slowly the recent sizes move.", "近期大小的衰减率。"), advanced=True
    )
    epsilon: NonNegativeFloat = field(1e-7, doc=EPSILON, advanced=True)

    def update(
        self,
        weights: list[Tensor],
        gradients: list[Tensor],
        slots: dict[str, list[Tensor]],
        rate: float,
    ) -> None:
        sizes, steps = slots["accumulated_grad"], slots["accumulated_delta_var"]
        torch._foreach_mul_(sizes, self.rho)
        torch._foreach_addcmul_(sizes, gradients, gradients, 1 - self.rho)
        delta = torch._foreach_add(steps, self.epsilon)
        torch._foreach_sqrt_(delta)
        torch._foreach_mul_(delta, gradients)
        divisor = torch._foreach_add(sizes, self.epsilon)
        torch._foreach_sqrt_(divisor)
        torch._foreach_div_(delta, divisor)
        torch._foreach_mul_(steps, self.rho)
        torch._foreach_addcmul_(steps, delta, delta, 1 - self.rho)
        torch._foreach_add_(weights, delta, alpha=-rate)
