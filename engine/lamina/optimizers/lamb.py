"""Lamb: Adam whose steps are as large as the weights allow, for large batches."""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor

from lamina.fields import Fraction, NonNegativeFloat, field
from lamina.optimizers.kernels import move_moments
from lamina.optimizers.learning_rate import RATE, LearningRate
from lamina.optimizers.optimizer import Optimizer, optimizer
from lamina.optimizers.rmsprop import EPSILON
from lamina.text import Text


@optimizer(
    summary=Text(
        "Adam with steps in the size of each weight; for large batches.",
        "按权重范数缩放步长的 Adam，适合大批次。",
    )
)
class Lamb(Optimizer):
    """Adam's step times |weight| / |step|, each norm over one variable (You et al. 2019, arXiv:1904.00962)."""

    slot_blocks: ClassVar[tuple[tuple[str, ...], ...]] = (("momentum", "velocity"),)

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
        step = self.iterations + 1
        move_moments(slots["momentum"], slots["velocity"], gradients, self.beta_1, self.beta_2)
        divisor = torch._foreach_sqrt(slots["velocity"])
        torch._foreach_div_(divisor, math.sqrt(1 - self.beta_2**step))
        torch._foreach_add_(divisor, self.epsilon)
        steps = torch._foreach_div(slots["momentum"], 1 - self.beta_1**step)
        torch._foreach_div_(steps, divisor)
        sizes = torch.stack(torch._foreach_norm(weights))
        step_sizes = torch.stack(torch._foreach_norm(steps))
        usable = (sizes > 0) & (step_sizes > 0)
        ratios = torch.where(usable, sizes / step_sizes, 1.0)
        torch._foreach_mul_(steps, list(ratios.unbind()))
        torch._foreach_add_(weights, steps, alpha=-rate)
