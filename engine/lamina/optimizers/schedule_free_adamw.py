"""Adam that needs no schedule: it averages as it goes."""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor

from lamina.fields import Fraction, NonNegativeFloat, NonNegativeInt, field
from lamina.optimizers.learning_rate import RATE, LearningRate
from lamina.optimizers.optimizer import Optimizer, optimizer
from lamina.optimizers.rmsprop import EPSILON
from lamina.text import Text


@optimizer(
    summary=Text(
        "Adam without a schedule: the weights are averaged as they go.",
        "无需学习率调度的 Adam，边训练边平均。",
    )
)
class ScheduleFreeAdamW(Optimizer):
    """The weights stand between the point that steps ("momentum") and the mean of its path.

    Defazio et al. 2024, arXiv:2405.15682, and Keras on its other backends; on torch Keras 3.15 reads the point after it
    has moved where the one before is meant.
    """

    slot_blocks: ClassVar[tuple[tuple[str, ...], ...]] = (("momentum", "velocity"),)

    learning_rate: LearningRate = field(0.0025, doc=RATE)
    beta_1: Fraction = field(
        0.9, doc=Text("How slowly the momentum moves.", "一阶矩的衰减率。"), advanced=True
    )
    beta_2: Fraction = field(
        0.999, doc=Text("How slowly the recent size moves.", "二阶矩的衰减率。"), advanced=True
    )
    epsilon: NonNegativeFloat = field(1e-8, doc=EPSILON, advanced=True)
    warmup_steps: NonNegativeInt = field(
        0, doc=Text("Steps over which the rate rises.", "学习率线性上升的步数。"), advanced=True
    )

    def _place(self) -> None:
        is_new = "momentum" not in self._slots
        super()._place()
        if is_new and self._weights:
            with torch.no_grad():
                torch._foreach_copy_(self._views["momentum"], self._weights)

    def update(
        self,
        weights: list[Tensor],
        gradients: list[Tensor],
        slots: dict[str, list[Tensor]],
        rate: float,
    ) -> None:
        step = self.iterations + 1
        if self.warmup_steps:
            rate *= min(step / self.warmup_steps, 1.0)
        point, velocity = slots["momentum"], slots["velocity"]
        torch._foreach_mul_(velocity, self.beta_2)
        torch._foreach_addcmul_(velocity, gradients, gradients, 1 - self.beta_2)
        # Back to the mean: weight = (1 - beta_1) * point + beta_1 * mean.
        torch._foreach_add_(weights, point, alpha=-(1 - self.beta_1))
        torch._foreach_mul_(weights, (1 - 1 / step) / self.beta_1)
        divisor = torch._foreach_sqrt(velocity)
        torch._foreach_div_(divisor, math.sqrt(1 - self.beta_2**step))
        torch._foreach_add_(divisor, self.epsilon)
        torch._foreach_addcdiv_(point, gradients, divisor, -rate)
        torch._foreach_add_(weights, point, alpha=1 / step)
        torch._foreach_mul_(weights, self.beta_1)
        torch._foreach_add_(weights, point, alpha=1 - self.beta_1)
