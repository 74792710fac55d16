"""`Optimizer`: Keras' optimizers over torch's fused kernels.

The mathematics, the defaults and the order of saved variables are Keras'; one step is one pass over the weights.
torch's own optimizers are not used because they differ: epsilon stands elsewhere, weight decay is coupled, momentum
does not remember old learning rates. Where a fused kernel computes something else than Keras, its arguments are
chosen so that the result is Keras', and a test compares the two over a hundred steps.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self, TypeVar

import numpy as np
import torch
from torch import Tensor

from lamina.errors import ConfigError
from lamina.fields import (
    Declared,
    Fraction,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    field,
)
from lamina.naming import snake_case
from lamina.optimizers.learning_rate import (
    RATE,
    HasLearningRate,
    LearningRate,
    rate_to_json,
)
from lamina.optimizers.slots import Slot, zeros_for
from lamina.registry import Registry
from lamina.text import Text


class Variable(Protocol):
    """A weight as an optimizer sees it; `lamina.layer.Variable` is one."""

    @property
    def path(self) -> str: ...
    @property
    def value(self) -> Tensor:
        """The parameter, in torch's layout."""
        ...

    def to_keras(self, tensor: Tensor) -> Tensor: ...
    def from_keras(self, tensor: Tensor) -> Tensor: ...


class Optimizer(HasLearningRate, Declared):
    """Base of all optimizers: what they share around `update`."""

    aliases: ClassVar[Mapping[str, str]] = {"lr": "learning_rate"}
    slot_blocks: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Names of the slots in the order of Keras' files: blocks after each other, a block's slots interleaved."""
    decays_in_update: ClassVar[bool] = False
    """`update` applies the weight decay itself, in the same pass."""

    learning_rate: LearningRate = field(0.001, doc=RATE)
    weight_decay: NonNegativeFloat | None = field(
        None,
        doc=Text(
            "Share of each weight that is taken away per step, times the learning rate.",
            "每一步按学习率从权重中减去的比例。",
        ),
        advanced=True,
    )
    clipnorm: PositiveFloat | None = field(
        None,
        doc=Text("Largest norm of the gradient of each weight.", "每个权重梯度的最大范数。"),
        advanced=True,
    )
    clipvalue: PositiveFloat | None = field(
        None,
        doc=Text("Largest absolute value in any gradient.", "梯度中元素的最大绝对值。"),
        advanced=True,
    )
    global_clipnorm: PositiveFloat | None = field(
        None,
        doc=Text("Largest norm of all gradients together.", "全部梯度合在一起的最大范数。"),
        advanced=True,
    )
    use_ema: bool = field(
        False,
        doc=Text("End with a moving average of the weights.", "以权重的滑动平均作为最终结果。"),
        advanced=True,
    )
    ema_momentum: Fraction = field(
        0.99, doc=Text("How slowly that average moves.", "滑动平均的动量。"), advanced=True
    )
    ema_overwrite_frequency: PositiveInt | None = field(
        None,
        doc=Text(
            "Steps after which the weights are set to the average; empty for the end only.",
            "每隔多少步用平均值覆盖权重；留空则仅在结束时。",
        ),
        advanced=True,
    )
    loss_scale_factor: PositiveFloat | None = field(
        None,
        doc=Text("Factor on the loss while gradients are computed.", "计算梯度时损失的缩放系数。"),
        advanced=True,
    )
    gradient_accumulation_steps: PositiveInt | None = field(
        None,
        doc=Text("Batches whose gradients make one update.", "累积多少个批次的梯度再更新一次。"),
        advanced=True,
    )
    name: str | None = field(None, doc=Text("Name in files.", "文件中的名称。"), advanced=True)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        inherited = cls.declared_fields
        super().__init_subclass__(**kwargs)
        # A constructor of one's own hands Keras' keywords up, so they all stay.
        if "__init__" in vars(cls):
            cls.declared_fields = {**cls.declared_fields, **inherited, **cls.declared_fields}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._step = 0
        super().__init__(*args, **kwargs)
        self.name = self.name or snake_case(type(self).__name__)
        self._check_options()
        self._variables: list[Variable] = []
        self._weights: list[Tensor] = []
        self._slots: dict[str, Slot] = {}
        self._views: dict[str, list[Tensor]] = {}
        self._is_decayed: Callable[[Variable], bool] = lambda variable: True  # noqa: ARG005

    # --- what an optimizer states ---------------------------------------------------------------------------------

    @abstractmethod
    def update(
        self,
        weights: list[Tensor],
        gradients: list[Tensor],
        slots: dict[str, list[Tensor]],
        rate: float,
    ) -> None:
        """Change the weights and slots in place by one step.

        Args:
            weights: Those that have a gradient; the other lists go along with them.
            slots: By the names in `slot_blocks`.
            rate: The learning rate of this step.
        """

    def used_blocks(self) -> tuple[tuple[str, ...], ...]:
        """The `slot_blocks` that this configuration needs."""
        return self.slot_blocks

    def slot_to_keras(self, name: str, slot: Tensor) -> Tensor:
        """A slot as Keras stores it."""
        return slot

    def slot_from_keras(self, name: str, slot: Tensor) -> Tensor:
        """The reverse of `slot_to_keras`."""
        return slot

    # --- stepping -------------------------------------------------------------------------------------------------

    @property
    def iterations(self) -> int:
        """Updates so far."""
        return self._step // (self.gradient_accumulation_steps or 1)

    @property
    def built(self) -> bool:
        return bool(self._variables)

    @property
    def trainable_variables(self) -> list[Variable]:
        """The weights that this optimizer was built for."""
        return list(self._variables)

    def build(self, variables: Sequence[Variable]) -> Self:
        """Make the slots for these weights. Does nothing when they are there already.

        Raises:
            ConfigError: If the optimizer was built for other weights.
        """
        variables = list(variables)
        if self.built:
            known = {id(variable) for variable in self._variables}
            if unknown := [v.path for v in variables if id(v) not in known]:
                raise ConfigError(
                    Text(
                        f"The optimizer has been used for other weights and does not know {', '.join(unknown)}. "
                        "Compile the model again with a new optimizer.",
                        f"该优化器已用于其他权重，不认识 {'、'.join(unknown)}。请用新的优化器重新编译模型。",
                    ),
                    field="optimizer",
                )
        else:
            self._variables = variables
        self._place()
        return self

    def _place(self) -> None:
        """Make or move the slots to where the weights are now."""
        self._weights = [variable.value for variable in self._variables]
        if not self._weights:
            return
        for name in self._slot_names():
            old = self._slots.get(name)
            if old is not None and old.flat.device == self._weights[0].device:
                continue
            fresh = zeros_for(self._weights)
            fresh.flat.copy_(self.slot_from_keras(name, fresh.flat) if old is None else old.flat)
            self._slots[name] = fresh
        self._views = {name: slot.views for name, slot in self._slots.items()}

    def _slot_names(self) -> list[str]:
        shared = ["average"] * self.use_ema
        shared += ["gradient_accumulator"] * bool(self.gradient_accumulation_steps)
        return shared + [name for block in self.used_blocks() for name in block]

    def step(self) -> None:
        """Update the weights by the gradients that `backward` has left in them."""
        self._apply([weight.grad for weight in self._weights])

    def zero_grad(self) -> None:
        for weight in self._weights:
            weight.grad = None

    def apply(
        self, grads: Sequence[Tensor | None], trainable_variables: Sequence[Variable] | None = None
    ) -> None:
        """Update the weights by given gradients, as in Keras.

        Args:
            grads: Shaped like the variables' `value`, in the order of the variables.
            trainable_variables: Needed the first time; the optimizer remembers them.
        """
        if trainable_variables is not None:
            self.build(trainable_variables)
        if not self.built:
            raise ConfigError(
                "Pass the variables with the first gradients: apply(grads, variables)."
            )
        order = self._variables if trainable_variables is None else trainable_variables
        by_id = {id(v): g for v, g in zip(order, grads, strict=True)}
        self._apply(
            [
                None
                if (gradient := by_id.get(id(variable))) is None
                else _laid_out_like(weight, gradient)
                for variable, weight in zip(self._variables, self._weights, strict=True)
            ]
        )

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Tensor | None, Variable]]) -> None:
        """`apply` for pairs."""
        grads, variables = zip(*grads_and_vars, strict=True)
        self.apply(list(grads), list(variables))

    @torch.no_grad()
    def _apply(self, gradients: list[Tensor | None]) -> None:
        present = [gradient for gradient in gradients if gradient is not None]
        if not present:
            raise ConfigError(
                Text(
                    "No weight has a gradient: nothing that can be trained leads to the loss.",
                    "没有任何权重得到梯度：损失与可训练的权重无关。",
                )
            )
        selection = None
        if len(present) != len(gradients):
            selection = tuple(i for i, gradient in enumerate(gradients) if gradient is not None)
        weights, slots = self._select(selection)
        if self.loss_scale_factor is not None:
            torch._foreach_div_(present, self.loss_scale_factor)
        if self.gradient_accumulation_steps is None:
            self._update(weights, present, slots)
        else:
            self._accumulate(weights, present, slots)
        if self.use_ema:
            self._average()
        self._step += 1

    def _select(
        self, selection: tuple[int, ...] | None
    ) -> tuple[list[Tensor], dict[str, list[Tensor]]]:
        """Weights and slots of those that have a gradient; None for all."""
        slots = self._views
        if selection is None:
            return self._weights, slots
        return [self._weights[i] for i in selection], {
            name: [views[i] for i in selection] for name, views in slots.items()
        }

    def _update(
        self, weights: list[Tensor], gradients: list[Tensor], slots: dict[str, list[Tensor]]
    ) -> None:
        self._clip(gradients)
        rate = self.rate_of_next_step()
        if self.weight_decay and not self.decays_in_update:
            torch._foreach_mul_(self._decayed(weights), 1 - self.weight_decay * rate)
        self.update(weights, gradients, slots, rate)

    def _accumulate(
        self, weights: list[Tensor], gradients: list[Tensor], slots: dict[str, list[Tensor]]
    ) -> None:
        assert self.gradient_accumulation_steps is not None
        sums = slots["gradient_accumulator"]
        torch._foreach_add_(sums, gradients)
        if (self._step + 1) % self.gradient_accumulation_steps == 0:
            torch._foreach_div_(sums, self.gradient_accumulation_steps)
            self._update(weights, sums, slots)
            self._slots["gradient_accumulator"].flat.zero_()

    def _clip(self, gradients: list[Tensor]) -> None:
        if self.clipnorm is not None:
            norms = torch._foreach_norm(gradients)
            shrink = [self.clipnorm / norm.clamp(min=self.clipnorm) for norm in norms]
            torch._foreach_mul_(gradients, shrink)
        elif self.global_clipnorm is not None:
            norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
            torch._foreach_mul_(
                gradients, self.global_clipnorm / norm.clamp(min=self.global_clipnorm)
            )
        elif self.clipvalue is not None:
            torch._foreach_clamp_min_(gradients, -self.clipvalue)
            torch._foreach_clamp_max_(gradients, self.clipvalue)

    # --- weight decay and averages --------------------------------------------------------------------------------

    def exclude_from_weight_decay(
        self, var_list: Sequence[Variable] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Leave some weights without decay.

        Args:
            var_list: These weights.
            var_names: Weights whose path holds one of these texts, such as "bias".
        """
        excluded = {id(variable) for variable in var_list or ()}
        pattern = re.compile("|".join(var_names)) if var_names else None
        self._is_decayed = lambda variable: (
            id(variable) not in excluded and not (pattern and pattern.search(variable.path))
        )

    def _decayed(self, weights: list[Tensor]) -> list[Tensor]:
        decayed = {
            id(weight)
            for variable, weight in zip(self._variables, self._weights, strict=True)
            if self._is_decayed(variable)
        }
        return [weight for weight in weights if id(weight) in decayed]

    def _average(self) -> None:
        averages = self._slots["average"].views
        momentum = self.ema_momentum if self.iterations else 0.0
        torch._foreach_mul_(averages, momentum)
        torch._foreach_add_(averages, self._weights, alpha=1 - momentum)
        every = self.ema_overwrite_frequency
        if every and (self.iterations + 1) % every == 0:
            torch._foreach_copy_(self._weights, averages)

    @torch.no_grad()
    def finalize(self) -> None:
        """At the end of training: set the weights to their moving average, where there is one."""
        if self.use_ema and self.built and self._step:
            torch._foreach_copy_(self._weights, self._slots["average"].views)

    def scale_loss(self, loss: Tensor) -> Tensor:
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    # --- configuration and files ----------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Keras' configuration; the learning rate as it stands now."""
        values = {n: getattr(self, n) for n in self.declared_fields if n != "learning_rate"}
        config = self.dump({**values, "learning_rate": 0.0})
        return {**config, "learning_rate": rate_to_json(self._rate)}

    def variables_for_file(self) -> list[np.ndarray[Any, Any]]:
        """The state in the order of Keras' files: steps, learning rate unless scheduled, then slots."""
        state: list[np.ndarray[Any, Any]] = [np.array(self._step, np.int32)]
        if not self.follows_schedule:
            state.append(np.array(self.learning_rate, np.float32))
        for name, variable, slot in self._slots_in_file_order():
            keras_form = self.slot_to_keras(name, slot) if name in self._own_slots() else slot
            state.append(variable.to_keras(keras_form).detach().cpu().contiguous().numpy().copy())
        return state

    @torch.no_grad()
    def load_from_file(self, state: Sequence[Any]) -> None:
        """Take over a state as `variables_for_file` gives it. Build the optimizer first.

        Raises:
            ConfigError: If the state is that of another optimizer or other weights; nothing is changed then.
        """
        head = 1 if self.follows_schedule else 2
        slots = list(self._slots_in_file_order())
        arrays = [torch.from_numpy(np.array(array)) for array in state]
        fits = len(arrays) == head + len(slots) and all(
            tuple(array.shape) == tuple(variable.to_keras(slot).shape)
            for array, (_, variable, slot) in zip(arrays[head:], slots, strict=True)
        )
        if not fits:
            raise ConfigError(
                Text(
                    f"The saved optimizer state ({len(arrays)} arrays) is not that of {type(self).__name__} "
                    f"for these weights ({head + len(slots)} arrays).",
                    f"保存的优化器状态（{len(arrays)} 个数组）与当前权重的 {type(self).__name__}"
                    f"（{head + len(slots)} 个数组）不符。",
                ),
                field="optimizer",
            )
        self._step = int(arrays[0])
        if not self.follows_schedule:
            self.learning_rate = float(arrays[1])
        for array, (name, variable, slot) in zip(arrays[head:], slots, strict=True):
            own_form = variable.from_keras(array.to(slot.dtype))
            slot.copy_(
                self.slot_from_keras(name, own_form) if name in self._own_slots() else own_form
            )

    def _own_slots(self) -> set[str]:
        return {name for block in self.used_blocks() for name in block}

    def _slots_in_file_order(self) -> Iterable[tuple[str, Variable, Tensor]]:
        shared = [(name,) for name in self._slot_names() if name not in self._own_slots()]
        for block in (*shared, *self.used_blocks()):
            for index, variable in enumerate(self._variables):
                for name in block:
                    yield name, variable, self._slots[name].views[index]

    def _check_options(self) -> None:
        clips = [
            n for n in ("clipnorm", "clipvalue", "global_clipnorm") if getattr(self, n) is not None
        ]
        if len(clips) > 1:
            raise ConfigError(
                Text(
                    f"Only one of clipnorm, clipvalue and global_clipnorm can be set, got {' and '.join(clips)}.",
                    f"clipnorm、clipvalue 和 global_clipnorm 只能设置一个，实际设置了 {'、'.join(clips)}。",
                ),
                field=clips[1],
            )
        if self.gradient_accumulation_steps == 1:
            raise ConfigError(
                Text(
                    "gradient_accumulation_steps must be at least 2, got 1; leave it empty to update at each batch.",
                    "gradient_accumulation_steps 至少为 2，实际为 1；若每个批次都更新请留空。",
                ),
                field="gradient_accumulation_steps",
            )


def _laid_out_like(weight: Tensor, gradient: Tensor) -> Tensor:
    """A copy of the gradient, which clipping may change, in the memory order that the fused kernels walk."""
    return torch.empty_like(weight).copy_(gradient)


OPTIMIZERS: Registry[type[Optimizer]] = Registry("optimizer", "优化器")

O = TypeVar("O", bound=type[Optimizer])  # noqa: E741 - an Optimizer


def optimizer(*, summary: Text) -> Callable[[O], O]:
    """Register an optimizer under its class name and, as in Keras, its lower-case name."""

    def add(cls: O) -> O:
        cls.summary = summary
        cls.group = "optimizers"
        OPTIMIZERS.register(cls, aliases=(cls.__name__.lower(),))
        return cls

    return add
