"""Ftrl: follow the regularized leader, for sparse linear models."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from lamina.errors import ConfigError
from lamina.fields import Float, NonNegativeFloat, field
from lamina.optimizers.learning_rate import RATE, LearningRate
from lamina.optimizers.optimizer import Optimizer, optimizer
from lamina.text import Text


@optimizer(
    summary=Text(
        "Follow the regularized leader; for sparse linear models.",
        "跟随正则化领导者，适合稀疏线性模型。",
    )
)
class Ftrl(Optimizer):
    """Ftrl-proximal (McMahan et al. 2013), with Keras' shrinkage: a penalty that moves no zero weight."""

    slot_blocks: ClassVar[tuple[tuple[str, ...], ...]] = (("accumulator", "linear"),)

    is_elementwise: ClassVar[bool] = True

    learning_rate: LearningRate = field(0.001, doc=RATE)
    learning_rate_power: Float = field(
        -0.5,
        doc=Text("How fast the rate falls; at most 0.", "学习率下降的幂次，不大于 0。"),
        advanced=True,
    )
    initial_accumulator_value: NonNegativeFloat = field(
        0.1, doc=Text("What the sums begin with.", "累加器的初始值。"), advanced=True
    )
    l1_regularization_strength: NonNegativeFloat = field(
        0.0, doc=Text("Pull to zero, the same for all.", "L1 正则强度。"), advanced=True
    )
    l2_regularization_strength: NonNegativeFloat = field(
        0.0, doc=Text("Pull to zero by size.", "L2 正则强度。"), advanced=True
    )
    l2_shrinkage_regularization_strength: NonNegativeFloat = field(
        0.0, doc=Text("Penalty in the gradient.", "收缩型 L2 正则强度。"), advanced=True
    )
    beta: NonNegativeFloat = field(
        0.0, doc=Text("The beta of the paper.", "论文中的 beta。"), advanced=True
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.learning_rate_power > 0:
            raise ConfigError(
                Text(
                    f"Ftrl.learning_rate_power must be at most 0, got {self.learning_rate_power}.",
                    f"Ftrl.learning_rate_power 必须不大于 0，实际为 {self.learning_rate_power}。",
                ),
                field="learning_rate_power",
            )

    def slot_start(self, name: str) -> float:
        return self.initial_accumulator_value if name == "accumulator" else 0.0

    def update(
        self,
        weights: list[Tensor],
        gradients: list[Tensor],
        slots: dict[str, list[Tensor]],
        rate: float,
    ) -> None:
        sums, linear = slots["accumulator"], slots["linear"]
        # As a tensor, because for numbers torch takes a root where Keras' power does not; the difference of two powers
        # below is mostly their rounding.
        power = [torch.tensor(-self.learning_rate_power, device=weights[0].device)] * len(weights)
        change = torch._foreach_pow(sums, power)
        torch._foreach_addcmul_(sums, gradients, gradients)
        quadratic = torch._foreach_pow(sums, power)
        torch._foreach_sub_(change, quadratic)
        torch._foreach_div_(change, rate)
        torch._foreach_mul_(change, weights)
        torch._foreach_add_(change, gradients)
        if self.l2_shrinkage_regularization_strength:
            torch._foreach_add_(
                change, weights, alpha=2 * self.l2_shrinkage_regularization_strength
            )
        torch._foreach_add_(linear, change)
        torch._foreach_div_(quadratic, rate)
        torch._foreach_add_(
            quadratic, 2 * (self.l2_regularization_strength + self.beta / (2 * rate))
        )
        bound = self.l1_regularization_strength
        pull = torch._foreach_clamp_min(linear, -bound)
        torch._foreach_clamp_max_(pull, bound)
        torch._foreach_sub_(pull, linear)
        torch._foreach_div_(pull, quadratic)
        torch._foreach_copy_(weights, pull)
