"""`Optimizer`: Keras' optimizers over torch's fused kernels.

The mathematics, the defaults and the order of saved variables are Keras'; one step is one pass over the weights.
torch's own optimizers are not used because they differ: epsilon stands elsewhere, weight decay is coupled, momentum
does not remember old learning rates. Where a fused kernel computes something else than Keras, its arguments are
chosen so that the result is Keras', and a test compares the two over a hundred steps.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self, TypeVar

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
from lamina.notes import READS
from lamina.optimizers.learning_rate import (
    RATE,
    LearningRate,
    Steps,
    rate_to_json,
)
from lamina.optimizers.memory import FlatWeights
from lamina.optimizers.state import HasState
from lamina.optimizers.variables import (
    StateVariable,
    Variable,
    as_tensor,
    as_variable,
    constraint_of,
)
from lamina.registry import Registry
from lamina.text import Text


class Optimizer(HasState, Declared):
    """Base of all optimizers: what they share around `update`."""

    aliases: ClassVar[Mapping[str, str]] = {"lr": "learning_rate"}
    decays_in_update: ClassVar[bool] = False
    is_elementwise: ClassVar[bool] = False
    """Whether an element of a weight is updated without looking at any other."""
    """`update` applies the weight decay itself, in the same pass."""

    _kernel: ClassVar[Callable[..., None] | None] = None
    """`update` of the class, or of the one above it that has one."""

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
        super().__init_subclass__(**kwargs)
        if "update" in vars(cls):
            cls._kernel = cls.update
        elif "update_step" in vars(cls):
            cls.update = Optimizer.update  # type: ignore[method-assign] # one weight after the other

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if kwargs.pop("decay", None) and "decay" not in self.declared_fields:
            warnings.warn(
                "decay is an argument of old optimizers and has no effect. "
                "Use a schedule such as InverseTimeDecay as the learning rate.",
                stacklevel=2,
            )
        HasState.__init__(self)
        Declared.__init__(self, *args, **kwargs)
        self.name = self.name or snake_case(type(self).__name__)
        self._check_options()
        self.built = False
        self._given: dict[int, int] = {}
        self._constraints: dict[int, tuple[Variable, Callable[[Tensor], Tensor]]] = {}
        self._index_of: dict[int, int] = {}
        self._steppable: list[StateVariable] = []
        self._holds_averages = False
        self._is_decayed: Callable[[Variable], bool] = _every

    # --- what an optimizer states ---------------------------------------------------------------------------------

    def update(
        self,
        weights: list[Tensor],
        gradients: list[Tensor],
        slots: dict[str, list[Tensor]],
        rate: float,
    ) -> None:
        """Change the weights and slots in place by one step; here by `update_step` of each weight.

        Args:
            weights: Those that have a gradient; the other lists go along with them.
            gradients: In torch's layout, theirs to change.
            slots: By the names in `slot_blocks`.
            rate: The learning rate of this step.
        """
        learning_rate = torch.tensor(rate, device=weights[0].device)
        for weight, gradient in zip(weights, gradients, strict=True):
            index = self._index_of[id(weight)]
            in_keras = self._variables[index].to_keras(gradient)
            self.update_step(in_keras, self._steppable[index], learning_rate)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Change one weight by its gradient, both in Keras' layout; what an optimizer of one's own implements."""
        if self._kernel is None:
            raise NotImplementedError(
                f"{type(self).__name__} must implement update_step(gradient, variable, learning_rate)."
            )
        index = self._get_variable_index(variable)
        own_layout = _laid_out_like(
            self._weights[index], self._variables[index].from_keras(as_tensor(gradient))
        )
        slots = {name: [views[index]] for name, views in self._views.items()}
        with torch.no_grad():
            self._kernel([self._weights[index]], [own_layout], slots, float(learning_rate))

    def assign(self, variable: Any, value: Any) -> None:
        """Set a variable, that of a weight or one of the optimizer's own."""
        variable.assign(value)

    def assign_add(self, variable: Any, value: Any) -> None:
        """Add to a variable."""
        variable.assign_add(value)

    def assign_sub(self, variable: Any, value: Any) -> None:
        """Subtract from a variable."""
        variable.assign_sub(value)

    def _get_variable_index(self, variable: Any) -> int:
        return self._index_of[id(variable)]

    def label(self) -> str:
        return str(self.name)

    def shared_slots(self) -> list[str]:
        averages = ["average"] * self.use_ema
        return averages + ["gradient_accumulator"] * bool(self.gradient_accumulation_steps)

    # --- stepping -------------------------------------------------------------------------------------------------

    @property
    def iterations(self) -> Steps:
        """Updates so far."""
        READS.add("iterations of the optimizer")
        steps = Steps(self._step // (self.gradient_accumulation_steps or 1))
        steps.owner = self
        return steps

    @property
    def trainable_variables(self) -> list[Variable]:
        """The weights that this optimizer was built for."""
        return list(self._variables)

    def build(self, variables: Sequence[Any]) -> Self:
        """Make what is remembered for these weights. Does nothing when it is there already.

        Raises:
            ConfigError: If the optimizer was built for other weights.
        """
        variables = list(variables)
        if self.built:
            unknown = [
                str(getattr(v, "path", "a tensor")) for v in variables if id(v) not in self._given
            ]
            if unknown:
                raise ConfigError(
                    Text(
                        f"The optimizer has been used for other weights and does not know {', '.join(unknown)}. "
                        "Compile the model again with a new optimizer.",
                        f"该优化器已用于其他权重，不认识 {'、'.join(unknown)}。请用新的优化器重新编译模型。",
                    ),
                    field="optimizer",
                )
        else:
            self._given = {id(v): i for i, v in enumerate(variables)}
            self._variables = [as_variable(v, i) for i, v in enumerate(variables)]
            self.built = True
        self._place()
        return self

    def _place(self) -> None:
        super()._place()
        self._index_of = {id(weight): i for i, weight in enumerate(self._weights)} | self._given
        if type(self).update is Optimizer.update:
            self._steppable = [
                StateVariable(variable.path, variable.to_keras(weight.detach()))
                for variable, weight in zip(self._variables, self._weights, strict=True)
            ]
            self._index_of |= {id(view): i for i, view in enumerate(self._steppable)}
        self._constraints = {
            id(weight): (variable, constraint)
            for variable, weight in zip(self._variables, self._weights, strict=True)
            if (constraint := constraint_of(variable)) is not None
        }

    def step(self) -> None:
        """Update the weights by the gradients that `backward` has left in them."""
        if type(self).update is Optimizer.update:
            self._place()  # a `build` of one's own may have ended early
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
        if len(grads) == 0:
            return
        if trainable_variables is not None:
            trainable_variables = list(trainable_variables)
            if not self.built or any(id(v) not in self._given for v in trainable_variables):
                self.build(trainable_variables)
            self._place()
        if not self.built:
            raise ConfigError(
                Text(
                    "Pass the variables with the first gradients: apply(grads, variables).",
                    "首次调用时请同时传入变量：apply(grads, variables)。",
                )
            )
        gradients: list[Tensor | None] = [None] * len(self._variables)
        given = [*self._given] if trainable_variables is None else map(id, trainable_variables)
        for key, gradient in zip(given, grads, strict=True):
            if gradient is not None:
                gradients[self._given[key]] = self._in_own_layout(
                    self._given[key], as_tensor(gradient)
                )
        without = [
            variable.path
            for variable, gradient in zip(trainable_variables or (), grads, strict=False)
            if gradient is None
        ]
        if 0 < len(without) < len(grads):
            warnings.warn(
                f"No gradient leads to {', '.join(without)}; "
                "they stay as they are. Do they take part in the loss?",
                stacklevel=2,
            )
        self._apply(gradients)

    def _in_own_layout(self, index: int, gradient: Tensor) -> Tensor:
        weight = self._weights[index]
        if gradient.shape != weight.shape:
            gradient = self._variables[index].from_keras(gradient)
        return _laid_out_like(weight, gradient)

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]]) -> Steps:
        """`apply` for pairs of a gradient and its variable."""
        grads, variables = zip(*grads_and_vars, strict=True)
        self.apply(list(grads), list(variables))
        return self.iterations

    def stateless_apply(self, *args: Any, **kwargs: Any) -> Any:
        """Keras' form for JAX, which there is no use for here.

        Raises:
            ConfigError: Always.
        """
        raise ConfigError(
            Text(
                "stateless_apply belongs to JAX. Use apply(grads, variables), which changes the variables in place.",
                "stateless_apply 属于 JAX。请使用 apply(grads, variables)，它会就地更新变量。",
            )
        )

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
        self._apply_to(weights, present, slots)
        if self._constraints:
            self._constrain(weights)

    def steps_flat(self) -> bool:
        """Whether one update of a block that holds all weights is the same as one of each weight."""
        is_ours = type(self).__module__.startswith(
            "lamina."
        )  # a subclass may look at whole weights
        alike = self.is_elementwise and is_ours
        return alike and self._is_decayed is _every

    def step_flat(self, memory: FlatWeights) -> None:
        """`step` for weights that share a block of memory, with the gradients in its other one.

        To be called in inference mode.
        """
        slots = {name: [slot.flat] for name, slot in self._slots.items()}
        self._apply_to([memory.flat], [memory.gradient], slots, memory.gradients)
        if self._constraints:
            self._constrain(self._weights)

    def _apply_to(
        self,
        weights: list[Tensor],
        gradients: list[Tensor],
        slots: dict[str, list[Tensor]],
        one_by_one: list[Tensor] | None = None,
    ) -> None:
        """Do a step.

        Args:
            one_by_one: The gradient of each weight, where `weights` and `gradients` are blocks of all.
        """
        if self.loss_scale_factor is not None:
            torch._foreach_div_(gradients, self.loss_scale_factor)
        if self.gradient_accumulation_steps is None:
            self._update(weights, gradients, slots, one_by_one)
        else:
            self._accumulate(weights, gradients, slots, is_block=one_by_one is not None)
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
        self,
        weights: list[Tensor],
        gradients: list[Tensor],
        slots: dict[str, list[Tensor]],
        one_by_one: list[Tensor] | None,
    ) -> None:
        by_weight = self.clipnorm is not None and one_by_one is not None
        self._clip(one_by_one if by_weight else gradients)  # type: ignore[arg-type]
        rate = self.rate_of_next_step()
        if self.weight_decay and not self.decays_in_update:
            torch._foreach_mul_(self._decayed(weights), 1 - self.weight_decay * rate)
        self.update(weights, gradients, slots, rate)

    def _accumulate(
        self,
        weights: list[Tensor],
        gradients: list[Tensor],
        slots: dict[str, list[Tensor]],
        *,
        is_block: bool,
    ) -> None:
        assert self.gradient_accumulation_steps is not None
        sums = slots["gradient_accumulator"]
        torch._foreach_add_(sums, gradients)
        if (self._step + 1) % self.gradient_accumulation_steps == 0:
            torch._foreach_div_(sums, self.gradient_accumulation_steps)
            all_sums = self._slots["gradient_accumulator"]
            self._update(weights, sums, slots, all_sums.views if is_block else None)
            all_sums.flat.zero_()

    def _constrain(self, weights: list[Tensor]) -> None:
        for weight in weights:
            if found := self._constraints.get(id(weight)):
                variable, constraint = found
                weight.copy_(variable.from_keras(constraint(variable.to_keras(weight.detach()))))

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
            var_names: Weights whose name holds one of these texts, such as "bias".
        """
        excluded = {id(variable) for variable in var_list or ()}
        pattern = re.compile("|".join(var_names)) if var_names else None
        self._is_decayed = lambda variable: (
            id(variable) not in excluded and not (pattern and pattern.search(_name_of(variable)))
        )

    def _decayed(self, weights: list[Tensor]) -> list[Tensor]:
        if self._is_decayed is _every:
            return weights
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
            if self._holds_averages:
                torch._foreach_copy_(self._slots["average"].views, self._weights)
                self._holds_averages = False
            else:
                torch._foreach_copy_(self._weights, self._slots["average"].views)

    @torch.no_grad()
    def swap_averages(self) -> None:
        """Exchange the weights and their moving averages."""
        averages = self._slots["average"].views
        own = [weight.clone() for weight in self._weights]
        torch._foreach_copy_(self._weights, averages)
        torch._foreach_copy_(averages, own)
        self._holds_averages = not self._holds_averages

    def finalize_variable_values(self, var_list: Sequence[Any]) -> None:
        """`finalize` under Keras' name."""
        self.finalize()

    def scale_loss(self, loss: Tensor) -> Tensor:
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    # --- configuration and files ----------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Keras' configuration; the learning rate as it stands now."""
        values = {n: getattr(self, n) for n in self.declared_fields if n != "learning_rate"}
        config = self.dump({**values, "learning_rate": 0.0})
        return {**config, "learning_rate": rate_to_json(self._rate)}

    def inner_optimizers(self) -> dict[str, Optimizer]:
        """The optimizers that this one is made of, by their place in Keras' files."""
        return {}

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


def _every(variable: Variable) -> bool:  # noqa: ARG001 - stands where a rule stands
    return True


def _name_of(variable: Variable) -> str:
    return variable.path.rsplit("/", 1)[-1]


def _laid_out_like(weight: Tensor, gradient: Tensor) -> Tensor:
    """A copy of the gradient, which clipping may change, in the memory order that the fused kernels walk."""
    return torch.empty_like(weight).copy_(gradient)


OPTIMIZERS: Registry[type[Optimizer]] = Registry("optimizer", "优化器")
"""Those that a training document can name."""
WRAPPERS: Registry[type[Optimizer]] = Registry("optimizer", "优化器")
"""Those that are made of another optimizer."""

O = TypeVar("O", bound=type[Optimizer])  # noqa: E741 - an Optimizer


def optimizer(*, summary: Text) -> Callable[[O], O]:
    """Register an optimizer under its class name and, as in Keras, its lower-case name."""

    def add(cls: O) -> O:
        cls.summary = summary
        cls.group = "optimizers"
        OPTIMIZERS.register(cls, aliases=(cls.__name__.lower(),))
        return cls

    return add
