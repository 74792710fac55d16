"""Adam: momentum, and steps divided by the recent size of the gradient."""

from __future__ import annotations

import math
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
        "Momentum, and steps divided by the recent size of the gradient.",
        "动量与自适应步长相结合，常用的默认选择。",
    )
)
class Adam(Optimizer):
    """Adam (Kingma and Ba 2014, arXiv:1412.6980), in Keras' form.

    Keras adds epsilon before the bias correction of the velocity, torch after it; with epsilon / √(1 - beta_2^t)
    torch's kernel computes Keras' step.
    """

    slot_blocks: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("momentum", "velocity"),
        ("velocity_hat",),
    )
    is_elementwise: ClassVar[bool] = True
    decays_in_update: ClassVar[bool] = True

    learning_rate: LearningRate = field(0.001, doc=RATE)
    beta_1: Fraction = field(
        0.9, doc=Text("How slowly the momentum moves.", "一阶矩的衰减率。"), advanced=True
    )
    beta_2: Fraction = field(
        0.999, doc=Text("How slowly the recent size moves.", "二阶矩的衰减率。"), advanced=True
    )
    epsilon: NonNegativeFloat = field(1e-7, doc=EPSILON, advanced=True)
    amsgrad: bool = field(
        False,
        doc=Text("Divide by the largest size so far (Reddi et al. 2018).", "使用 AMSGrad 变体。"),
        advanced=True,
    )

    def used_blocks(self) -> tuple[tuple[str, ...], ...]:
        return self.slot_blocks if self.amsgrad else self.slot_blocks[:1]

    def update(
        self,
        weights: list[Tensor],
        gradients: list[Tensor],
        slots: dict[str, list[Tensor]],
        rate: float,
    ) -> None:
        step = self.iterations + 1
        steps = [torch.full((), float(step), device=weights[0].device)] * len(weights)
        decay = self.weight_decay or 0.0
        if decay and len(decayed := self._decayed(weights)) < len(weights):
            torch._foreach_mul_(decayed, 1 - decay * rate)
            decay = 0.0
        torch._fused_adamw_(
            weights,
            gradients,
            slots["momentum"],
            slots["velocity"],
            slots["velocity_hat"] if self.amsgrad else [],
            steps,
            lr=rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            weight_decay=decay,
            eps=self.epsilon / math.sqrt(1 - self.beta_2**step),
            amsgrad=self.amsgrad,
            maximize=False,
        )
