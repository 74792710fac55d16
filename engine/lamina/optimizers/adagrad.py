"""Adagrad: each weight's step is divided by the size of all its gradients so far."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from lamina.fields import NonNegativeFloat, field
from lamina.optimizers.kernels import add_square_and_step
from lamina.optimizers.learning_rate import RATE, LearningRate
from lamina.optimizers.optimizer import Optimizer, optimizer
from lamina.optimizers.rmsprop import EPSILON
from lamina.text import Text


@optimizer(
    summary=Text(
        "Steps divided by the size of all gradients so far; for rare features.",
        "按历次梯度的累积大小缩放步长，适合稀疏特征。",
    )
)
class Adagrad(Optimizer):
    """accumulator += gradient²; weight -= rate * gradient / √(accumulator + epsilon) (Duchi et al. 2011).

    The slot holds accumulator + epsilon, so that torch's fused kernel, which adds epsilon outside of the root, computes
    Keras' step.
    """

    slot_blocks: ClassVar[tuple[tuple[str, ...], ...]] = (("accumulator",),)

    is_elementwise: ClassVar[bool] = True

    learning_rate: LearningRate = field(0.001, doc=RATE)
    initial_accumulator_value: NonNegativeFloat = field(
        0.1, doc=Text("What the sums begin with.", "累加器的初始值。"), advanced=True
    )
    epsilon: NonNegativeFloat = field(1e-7, doc=EPSILON, advanced=True)

    def slot_start(self, name: str) -> float:
        return self.initial_accumulator_value

    def slot_to_keras(self, name: str, slot: Tensor) -> Tensor:
        return (slot - self.epsilon).clamp(min=0)

    def slot_from_keras(self, name: str, slot: Tensor) -> Tensor:
        return slot + self.epsilon

    def update(
        self,
        weights: list[Tensor],
        gradients: list[Tensor],
        slots: dict[str, list[Tensor]],
        rate: float,
    ) -> None:
        add_square_and_step(weights, gradients, slots["accumulator"], rate)
