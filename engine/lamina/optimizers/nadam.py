"""Nadam: Adam that looks ahead."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from lamina.fields import Fraction, NonNegativeFloat, field
from lamina.optimizers.kernels import move_moments
from lamina.optimizers.learning_rate import RATE, LearningRate
from lamina.optimizers.optimizer import Optimizer, optimizer
from lamina.optimizers.rmsprop import EPSILON
from lamina.text import Text


@optimizer(summary=Text("Adam that looks ahead by its momentum.", "带 Nesterov 动量的 Adam。"))
class Nadam(Optimizer):
    """Adam with Nesterov's momentum (Dozat 2016), whose share grows with the steps as in Keras."""

    slot_blocks: ClassVar[tuple[tuple[str, ...], ...]] = (("momentum", "velocity"),)

    is_elementwise: ClassVar[bool] = True

    learning_rate: LearningRate = field(0.001, doc=RATE)
    beta_1: Fraction = field(
        0.9, doc=Text("How slowly the momentum moves.", "一阶矩的衰减率。"), advanced=True
    )
    beta_2: Fraction = field(
        0.999, doc=Text("How slowly the recent size moves.", "二阶矩的衰减率。"), advanced=True
    )
    epsilon: NonNegativeFloat = field(1e-7, doc=EPSILON, advanced=True)

    def build(self, variables: Sequence[Any]) -> Self:
        if not self.built:
            self._product = self.add_variable((), "ones", name="u_product")
        return super().build(variables)

    def update(
        self,
        weights: list[Tensor],
        gradients: list[Tensor],
        slots: dict[str, list[Tensor]],
        rate: float,
    ) -> None:
        step = self.iterations + 1
        share, next_share = self._share(step), self._share(step + 1)
        product = float(self._product) * share
        self._product.assign(product)
        move_moments(slots["momentum"], slots["velocity"], gradients, self.beta_1, self.beta_2)
        divisor = torch._foreach_sqrt(slots["velocity"])
        correction = math.sqrt(1 - self.beta_2**step)
        torch._foreach_add_(divisor, self.epsilon * correction)
        rate *= correction
        ahead = -rate * next_share / (1 - product * next_share)
        torch._foreach_addcdiv_(weights, slots["momentum"], divisor, ahead)
        torch._foreach_addcdiv_(weights, gradients, divisor, -rate * (1 - share) / (1 - product))

    def _share(self, step: int) -> float:
        return self.beta_1 * (1 - 0.5 * 0.96**step)
