"""Adamax: Adam with the largest recent gradient instead of the mean square."""

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
    summary=Text(
        "Adam by the largest recent gradient; steady with rare features.",
        "以近期最大梯度代替均方的 Adam。",
    )
)
class Adamax(Optimizer):
    """norm = max(beta_2 * norm, |gradient|) takes the place of Adam's velocity (Kingma and Ba 2014, section 7)."""

    slot_blocks: ClassVar[tuple[tuple[str, ...], ...]] = (("momentum", "norm"),)

    is_elementwise: ClassVar[bool] = True

    learning_rate: LearningRate = field(0.001, doc=RATE)
    beta_1: Fraction = field(
        0.9, doc=Text("How slowly the momentum moves.", "一阶矩的衰减率。"), advanced=True
    )
    beta_2: Fraction = field(
        0.999, doc=Text("How slowly the recent size moves.", "二阶矩的衰减率。"), advanced=True
    )
    epsilon: NonNegativeFloat = field(1e-7, doc=EPSILON, advanced=True)

    def update(
        self,
        weights: list[Tensor],
        gradients: list[Tensor],
        slots: dict[str, list[Tensor]],
        rate: float,
    ) -> None:
        momentum, norm = slots["momentum"], slots["norm"]
        torch._foreach_mul_(momentum, self.beta_1)
        torch._foreach_add_(momentum, gradients, alpha=1 - self.beta_1)
        torch._foreach_mul_(norm, self.beta_2)
        torch._foreach_maximum_(norm, torch._foreach_abs(gradients))
        rate /= 1 - self.beta_1 ** (self.iterations + 1)
        torch._foreach_addcdiv_(weights, momentum, torch._foreach_add(norm, self.epsilon), -rate)
