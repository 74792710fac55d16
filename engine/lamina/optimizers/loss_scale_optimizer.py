"""LossScaleOptimizer: keeps float16 gradients from vanishing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor

from lamina.errors import ConfigError
from lamina.fields import PositiveFloat, PositiveInt, field
from lamina.optimizers.lookup import deserialize, serialize
from lamina.optimizers.optimizer import WRAPPERS, Optimizer
from lamina.optimizers.variables import StateVariable, Variable
from lamina.text import Text


class LossScaleOptimizer(Optimizer):
    """Multiplies the loss by a scale, divides the gradients by it again, and lets another optimizer step.

    A step whose gradients are not finite is left out and halves the scale; `dynamic_growth_steps` good ones in a row
    double it. To see whether they are finite is to wait for a GPU once per step.

    It is not offered in training documents, because it is made of another optimizer.
    """

    inner_optimizer: Any = field(
        None, doc=Text("The optimizer that steps.", "实际执行更新的优化器。")
    )
    initial_scale: PositiveFloat = field(
        2.0**15, doc=Text("The first scale.", "初始缩放系数。"), advanced=True
    )
    dynamic_growth_steps: PositiveInt = field(
        2000,
        doc=Text("Good steps after which the scale doubles.", "多少个正常步后缩放系数翻倍。"),
        advanced=True,
    )

    def __init__(
        self,
        inner_optimizer: Any,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        _refuse_options(kwargs)
        if not isinstance(inner_optimizer, Optimizer):
            raise ConfigError(
                Text(
                    f"LossScaleOptimizer.inner_optimizer must be an Optimizer, got {inner_optimizer!r}.",
                    f"LossScaleOptimizer.inner_optimizer 必须是优化器，实际为 {inner_optimizer!r}。",
                ),
                field="inner_optimizer",
            )
        self.inner_optimizer = inner_optimizer
        inner_optimizer.loss_scale_factor = None  # or it would be divided out twice
        super().__init__(
            inner_optimizer=inner_optimizer,
            initial_scale=initial_scale,
            dynamic_growth_steps=dynamic_growth_steps,
            name=name,
        )
        self.step_counter = self.add_variable((), dtype="int", name="step_counter")
        self.dynamic_scale = self.add_variable((), self.initial_scale, name="dynamic_scale")

    # --- what the inner optimizer knows ---------------------------------------------------------------------------

    def rate_of_next_step(self) -> float:
        return self.inner_optimizer.rate_of_next_step() if "_index_of" in vars(self) else 0.0

    def _set_rate(self, value: Any) -> None:
        if "_index_of" in vars(self):
            self.inner_optimizer.learning_rate = value
        else:
            super()._set_rate(value)

    @property
    def iterations(self) -> Any:
        return self.inner_optimizer.iterations

    @property
    def trainable_variables(self) -> list[Variable]:
        return list(self.inner_optimizer.trainable_variables)

    @property
    def variables(self) -> list[StateVariable]:
        zero = StateVariable(f"{self.label()}/learning_rate", torch.zeros(()))
        step = self._derived("iteration", self._read_step, self._write_step)
        return [step, zero, *(self._state if self.built else ()), *self.inner_optimizer.variables]

    # --- stepping -------------------------------------------------------------------------------------------------

    def build(self, variables: Sequence[Any]) -> Self:
        self.inner_optimizer.build(variables)
        self.built = True
        return self

    def step(self) -> None:
        weights = self.inner_optimizer._weights
        self._guarded([weight.grad for weight in weights], self.inner_optimizer.step)

    def zero_grad(self) -> None:
        self.inner_optimizer.zero_grad()

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        if trainable_variables is not None and not self.built:
            self.build(trainable_variables)
        own = [None if gradient is None else gradient.clone() for gradient in grads]
        self._guarded(own, lambda: self.inner_optimizer.apply(own, trainable_variables))

    @torch.no_grad()
    def _guarded(self, gradients: Sequence[Tensor | None], step: Any) -> None:
        present = [gradient for gradient in gradients if gradient is not None]
        if all(torch.stack([gradient.isfinite().all() for gradient in present]).tolist()):
            torch._foreach_div_(present, float(self.dynamic_scale))
            step()
            if int(self.step_counter) == self.dynamic_growth_steps - 1:
                self.step_counter.assign(0)
                self.dynamic_scale.assign(float(self.dynamic_scale) * 2)
            else:
                self.step_counter.assign_add(1)
        else:
            self.step_counter.assign(0)
            self.dynamic_scale.assign(float(self.dynamic_scale) / 2)

    def scale_loss(self, loss: Tensor) -> Tensor:
        return loss * float(self.dynamic_scale)

    def finalize(self) -> None:
        self.inner_optimizer.finalize()

    def inner_optimizers(self) -> dict[str, Optimizer]:
        return {"inner_optimizer": self.inner_optimizer}

    # --- configuration --------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "inner_optimizer": serialize(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        inner = config["inner_optimizer"]
        if isinstance(inner, Mapping):
            inner = deserialize(inner, custom_objects)
        return cls(**{**config, "inner_optimizer": inner})


def _refuse_options(options: Mapping[str, Any]) -> None:
    """Options that belong to the inner optimizer; old files carry them with their defaults."""
    for name, value in options.items():
        spec = Optimizer.declared_fields.get(name)
        if name == "dynamic" and value:
            continue
        if spec is None or name == "dynamic" or value != spec.default:
            raise ConfigError(
                Text(
                    f"LossScaleOptimizer does not take {name}={value!r}. Set it on the inner optimizer.",
                    f"LossScaleOptimizer 不接受 {name}={value!r}。请在内部优化器上设置。",
                ),
                field=name,
            )


WRAPPERS.register(LossScaleOptimizer, aliases=("lossscaleoptimizer",))
