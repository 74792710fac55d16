"""Muon: matrices step by their orthogonalized momentum, everything else by Adam."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Self

import torch
from pydantic import BeforeValidator, WithJsonSchema
from torch import Tensor

from lamina.fields import (
    Float,
    Fraction,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field,
)
from lamina.optimizers.learning_rate import RATE, LearningRate
from lamina.optimizers.optimizer import Optimizer, optimizer
from lamina.optimizers.rmsprop import EPSILON
from lamina.optimizers.variables import StateVariable, Variable
from lamina.text import Text

COEFFICIENT = Text("Coefficient of the Newton-Schulz iteration.", "Newton-Schulz 迭代的系数。")


def _doc(name: str) -> Text:
    """Help of a field of `Optimizer`; it is named here because Keras has it before Muon's own ones."""
    return Optimizer.declared_fields[name].doc


Patterns = Annotated[
    list[str],
    BeforeValidator(lambda value: [] if value is None else value),
    WithJsonSchema({"type": "array", "items": {"type": "string"}, "x-widget": "text"}),
]


@optimizer(
    summary=Text(
        "Matrices step by their orthogonalized momentum, the rest by Adam.",
        "矩阵按正交化动量更新，其余参数使用 Adam。",
    )
)
class Muon(Optimizer):
    """Jordan et al. 2024, scaled as in Liu et al. 2025 (arXiv:2502.16982), with Keras' choice of matrices."""

    decays_in_update: ClassVar[bool] = True

    learning_rate: LearningRate = field(0.001, doc=RATE)
    adam_beta_1: Fraction = field(
        0.9, doc=Text("How slowly Adam's momentum moves.", "Adam 一阶矩的衰减率。"), advanced=True
    )
    adam_beta_2: Fraction = field(
        0.999,
        doc=Text("How slowly Adam's recent size moves.", "Adam 二阶矩的衰减率。"),
        advanced=True,
    )
    adam_weight_decay: NonNegativeFloat | None = field(
        0.004,
        doc=Text("Weight decay of what Adam moves.", "Adam 部分的权重衰减。"),
        advanced=True,
    )
    epsilon: NonNegativeFloat = field(1e-7, doc=EPSILON, advanced=True)
    weight_decay: NonNegativeFloat | None = field(
        0.004, doc=Optimizer.declared_fields["weight_decay"].doc
    )
    clipnorm: PositiveFloat | None = field(None, doc=_doc("clipnorm"), advanced=True)
    clipvalue: PositiveFloat | None = field(None, doc=_doc("clipvalue"), advanced=True)
    global_clipnorm: PositiveFloat | None = field(None, doc=_doc("global_clipnorm"), advanced=True)
    use_ema: bool = field(False, doc=_doc("use_ema"), advanced=True)
    ema_momentum: Fraction = field(0.99, doc=_doc("ema_momentum"), advanced=True)
    ema_overwrite_frequency: PositiveInt | None = field(
        None, doc=_doc("ema_overwrite_frequency"), advanced=True
    )
    loss_scale_factor: PositiveFloat | None = field(
        None, doc=_doc("loss_scale_factor"), advanced=True
    )
    gradient_accumulation_steps: PositiveInt | None = field(
        None, doc=_doc("gradient_accumulation_steps"), advanced=True
    )
    name: str | None = field(None, doc=_doc("name"), advanced=True)
    exclude_layers: Patterns = field(
        None,
        doc=Text("Patterns of paths that Adam moves.", "交给 Adam 的路径模式。"),
        advanced=True,
    )
    exclude_embeddings: bool = field(
        True, doc=Text("Let Adam move embeddings.", "嵌入层使用 Adam。"), advanced=True
    )
    muon_a: Float = field(3.4445, doc=COEFFICIENT, advanced=True)
    muon_b: Float = field(-4.775, doc=COEFFICIENT, advanced=True)
    muon_c: Float = field(2.0315, doc=COEFFICIENT, advanced=True)
    adam_lr_ratio: NonNegativeFloat = field(
        1.0, doc=Text("Factor on Adam's learning rate.", "Adam 学习率的倍数。"), advanced=True
    )
    momentum: Fraction = field(
        0.95,
        doc=Text("How much of the last step is kept.", "保留上一步更新的比例。"),
        advanced=True,
    )
    ns_steps: NonNegativeInt = field(
        5, doc=Text("Newton-Schulz iterations.", "Newton-Schulz 迭代次数。"), advanced=True
    )
    nesterov: bool = field(
        True, doc=Text("Look ahead by the momentum.", "使用 Nesterov 动量。"), advanced=True
    )
    rms_rate: NonNegativeFloat | None = field(
        0.2,
        doc=Text(
            "Size of a step relative to Adam's; empty for no scaling.",
            "更新量相对于 Adam 的大小；留空则不缩放。",
        ),
        advanced=True,
    )

    def build(self, variables: Sequence[Any]) -> Self:
        if not self.built:
            super().build(variables)
            self._momenta: list[StateVariable] = []
            self._velocities: list[StateVariable | None] = []
            for variable in self._variables:
                self._momenta.append(self.add_variable_from_reference(variable, "momentum"))
                self._velocities.append(
                    self.add_variable_from_reference(variable, "velocity")
                    if self._is_for_adam(variable)
                    else None
                )
        return super().build(variables)

    def _is_for_adam(self, variable: Variable) -> bool:
        return (
            variable.value.ndim != 2
            or (self.exclude_embeddings and "embedding" in variable.path.lower())
            or any(re.search(pattern, variable.path) for pattern in self.exclude_layers)
        )

    def update(
        self,
        weights: list[Tensor],
        gradients: list[Tensor],
        slots: dict[str, list[Tensor]],
        rate: float,
    ) -> None:
        decayed = {id(weight) for weight in self._decayed(weights)}
        by_adam: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
        for weight, gradient in zip(weights, gradients, strict=True):
            index = self._index_of[id(weight)]
            variable, velocity = self._variables[index], self._velocities[index]
            decay = self.weight_decay if velocity is None else self.adam_weight_decay
            if decay and id(weight) in decayed:
                weight.mul_(1 - decay * rate)
            momentum = self._momenta[index].value
            if velocity is None:
                own, slope = variable.to_keras(weight), variable.to_keras(gradient)
                own.sub_(self._orthogonal_step(slope, momentum, rate))
            else:
                from_keras = variable.from_keras
                by_adam.append((weight, gradient, from_keras(momentum), from_keras(velocity.value)))
        if by_adam:
            self._step_by_adam(by_adam, rate * self.adam_lr_ratio)

    def _orthogonal_step(self, gradient: Tensor, momentum: Tensor, rate: float) -> Tensor:
        momentum.mul_(self.momentum).add_(gradient)
        ahead = gradient + self.momentum * momentum if self.nesterov else momentum
        return self.lr_adjust(self.zeropower_via_newtonschulz5(ahead, self.ns_steps) * rate)

    def lr_adjust(self, x: Tensor) -> Tensor:
        """The step of a matrix, scaled by its longer side to the size that Adam's would have."""
        return x if self.rms_rate is None else x * (math.sqrt(max(x.shape)) * self.rms_rate)

    def zeropower_via_newtonschulz5(self, x: Tensor, steps: int) -> Tensor:
        """About U·Vᵀ of the singular value decomposition, by a quintic Newton-Schulz iteration."""
        is_tall = x.shape[0] > x.shape[1]
        x = x.mT if is_tall else x
        x = x / (torch.linalg.vector_norm(x) + 1e-7)
        for _ in range(steps):
            square = x @ x.mT  # (rows, rows)
            x = self.muon_a * x + (self.muon_b * square + self.muon_c * square @ square) @ x
        return x.mT if is_tall else x

    def _step_by_adam(
        self, rows: Sequence[tuple[Tensor, Tensor, Tensor, Tensor]], rate: float
    ) -> None:
        weights, gradients, momentum, velocity = (
            list(column) for column in zip(*rows, strict=True)
        )
        step = self.iterations + 1
        torch._fused_adamw_(
            weights,
            gradients,
            momentum,
            velocity,
            [],
            [torch.full((), float(step), device=weights[0].device)] * len(weights),
            lr=rate,
            beta1=self.adam_beta_1,
            beta2=self.adam_beta_2,
            weight_decay=0.0,
            eps=self.epsilon / math.sqrt(1 - self.adam_beta_2**step),
            amsgrad=False,
            maximize=False,
        )
