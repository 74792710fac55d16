"""Adafactor: the size of the gradients by rows and columns, for large matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import torch
from torch import Tensor

from lamina.fields import Float, NonNegativeFloat, field
from lamina.optimizers.learning_rate import RATE, LearningRate
from lamina.optimizers.optimizer import Optimizer, optimizer
from lamina.optimizers.variables import StateVariable, Variable
from lamina.text import Text


@optimizer(
    summary=Text(
        "Adaptive steps that remember rows and columns only; for large matrices.",
        "只按行列记忆梯度大小的自适应优化器，适合大矩阵。",
    )
)
class Adafactor(Optimizer):
    """Shazeer and Stern 2018 (arXiv:1804.04235); the last two axes of Keras' layout are the rows and columns."""

    learning_rate: LearningRate = field(0.001, doc=RATE)
    beta_2_decay: Float = field(
        -0.8,
        doc=Text("How fast the memory grows with the steps.", "二阶矩衰减的幂次。"),
        advanced=True,
    )
    epsilon_1: NonNegativeFloat = field(
        1e-30, doc=Text("Added to each squared gradient.", "加到梯度平方上的小数。"), advanced=True
    )
    epsilon_2: NonNegativeFloat = field(
        1e-3, doc=Text("Least size of a weight.", "权重大小的下限。"), advanced=True
    )
    clip_threshold: NonNegativeFloat = field(
        1.0,
        doc=Text("Largest size of a step before the rate.", "更新量的裁剪阈值。"),
        advanced=True,
    )
    relative_step: bool = field(
        True,
        doc=Text("Let the rate fall with the steps.", "学习率随步数下降。"),
        advanced=True,
    )

    def build(self, variables: Sequence[Any]) -> Self:
        if not self.built:
            super().build(variables)
            self._parts = [self._parts_of(variable) for variable in self._variables]
        return super().build(variables)

    def _parts_of(self, variable: Variable) -> tuple[StateVariable, StateVariable, StateVariable]:
        """Rows, columns and their product; a vector has no rows, but Keras' files have a number in their place."""
        shape = tuple(variable.to_keras(variable.value).shape)
        is_matrix = len(shape) >= 2
        rows = self.add_variable(shape[:-1] if is_matrix else (), name="row")
        columns = self.add_variable((*shape[:-2], shape[-1]) if is_matrix else (), name="column")
        return rows, columns, self.add_variable_from_reference(variable, "velocity")

    def update(
        self,
        weights: list[Tensor],
        gradients: list[Tensor],
        slots: dict[str, list[Tensor]],
        rate: float,
    ) -> None:
        step = self.iterations + 1
        rate = min(rate, step**-0.5)
        forget = step**self.beta_2_decay
        for weight, gradient in zip(weights, gradients, strict=True):
            index = self._index_of[id(weight)]
            to_keras = self._variables[index].to_keras
            rows, columns, velocity = (part.value for part in self._parts[index])
            own, slope = to_keras(weight), to_keras(gradient)
            square = slope.square().add_(self.epsilon_1)
            if own.ndim >= 2:
                rows.lerp_(square.mean(-1), forget)
                columns.lerp_(square.mean(-2), forget)
                share = rows / rows.mean(-1, keepdim=True)
                torch.mul(share.unsqueeze(-1), columns.unsqueeze(-2), out=velocity)
            else:
                velocity.lerp_(square, forget)
            change = slope / velocity.sqrt()
            change /= (_size(change) / self.clip_threshold).clamp_(min=1.0)
            own.sub_(change.mul_(_size(own).clamp_(min=self.epsilon_2).mul_(rate)))


def _size(x: Tensor) -> Tensor:
    """Root of the mean square."""
    return x.square().mean().sqrt_()
