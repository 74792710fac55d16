"""MultiOptimizer: each weight by the optimizer that its path names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor

from lamina.errors import ConfigError, WrongTypeError
from lamina.fields import field
from lamina.naming import snake_case
from lamina.optimizers.learning_rate import CurrentRate
from lamina.optimizers.lookup import deserialize, serialize
from lamina.optimizers.optimizer import WRAPPERS, Optimizer
from lamina.optimizers.variables import StateVariable
from lamina.text import Text


class OptimizerMap(MutableMapping[str, Optimizer]):
    """Optimizers by the path of a weight, or by a pattern that the whole path matches.

    Args:
        default_optimizer: Of all weights that no key stands for.
        optimizer_map: The others by key.

    >>> from lamina.optimizers import SGD, Adam
    >>> rules = OptimizerMap(SGD(), {"encoder/.*": Adam()})
    >>> rules["encoder/kernel"].name, rules["head/kernel"].name
    ('adam', 'sgd')
    """

    def __init__(
        self,
        default_optimizer: Optimizer,
        optimizer_map: Mapping[str, Optimizer] | None = None,
    ) -> None:
        if not isinstance(default_optimizer, Optimizer):
            raise WrongTypeError(
                Text(
                    f"OptimizerMap.default_optimizer must be an Optimizer, got {default_optimizer!r}.",
                    f"OptimizerMap.default_optimizer 必须是优化器，实际为 {default_optimizer!r}。",
                ),
                field="default_optimizer",
            )
        if optimizer_map is not None and not isinstance(optimizer_map, dict):
            raise WrongTypeError(
                Text(
                    f"OptimizerMap.optimizer_map must be a dict of optimizers by path, got {optimizer_map!r}.",
                    f"OptimizerMap.optimizer_map 应为以路径为键的优化器字典，实际为 {optimizer_map!r}。",
                ),
                field="optimizer_map",
            )
        self.default_optimizer = default_optimizer
        self._by_key: dict[str, Optimizer] = {}
        for key, optimizer in (optimizer_map or {}).items():
            self[key] = optimizer

    def __getitem__(self, key: str) -> Optimizer:
        """The optimizer of a path.

        Raises:
            ConfigError: If several patterns match.
        """
        if key in self._by_key:
            return self._by_key[key]
        found = [pattern for pattern in self._by_key if re.fullmatch(pattern, key)]
        if len(found) > 1:
            raise ConfigError(
                Text(
                    f'Multiple optimizers are assigned to "{key}": those of {", ".join(found)}. Let one pattern match.',
                    f"“{key}”对应多个优化器：{'、'.join(found)}。请只让一个模式匹配。",
                ),
                field="optimizer_map",
            )
        return self._by_key[found[0]] if found else self.default_optimizer

    def __setitem__(self, key: str, optimizer: Optimizer) -> None:
        """Set the optimizer of a path or pattern that has none yet."""
        if key in self._by_key:
            raise ConfigError(
                Text(
                    f"'{key}' already exists in the OptimizerMap. Delete it first.",
                    f"OptimizerMap 中已有“{key}”。请先将其删除。",
                ),
                field="optimizer_map",
            )
        if not isinstance(key, str):
            raise ConfigError(
                Text(
                    f"The key must be a string, a path or a pattern; got {key!r}.",
                    f"键应为路径或模式字符串，实际为 {key!r}。",
                ),
                field="optimizer_map",
            )
        _check_inner(optimizer, key)
        self._by_key[key] = optimizer

    def __delitem__(self, key: str) -> None:
        del self._by_key[key]

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_key)

    def __call__(self, variable: Any) -> Optimizer:
        """The optimizer of a weight."""
        return self[variable.path]

    def get_config(self) -> dict[str, Any]:
        return {
            "default_optimizer": serialize(self.default_optimizer),
            "optimizer_map": {key: serialize(one) for key, one in self._by_key.items()},
        }

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        by_key = {k: deserialize(v, custom_objects) for k, v in config["optimizer_map"].items()}
        return cls(deserialize(config["default_optimizer"], custom_objects), by_key)


class MultiOptimizer(Optimizer):
    """Lets several optimizers step, each of them some of the weights.

    It has no learning rate: each optimizer in `optimizers` has its own.

    Args:
        optimizer_map: An `OptimizerMap`, or a function of a weight that gives its optimizer.
        loss_scale_factor: Factor on the loss while gradients are computed, for all optimizers.
        name: Name in files.
    """

    optimizer_map: Any = field(
        None, doc=Text("Which optimizer a weight has.", "各权重对应的优化器。")
    )

    def __init__(
        self, optimizer_map: Any, loss_scale_factor: float | None = None, name: str | None = None
    ) -> None:
        if not callable(optimizer_map):
            raise ConfigError(
                Text(
                    "MultiOptimizer.optimizer_map must be an OptimizerMap or a function of a weight, "
                    f"got {optimizer_map!r}.",
                    f"MultiOptimizer.optimizer_map 应为 OptimizerMap 或权重的函数，实际为 {optimizer_map!r}。",
                ),
                field="optimizer_map",
            )
        self.optimizers: list[Optimizer] = []
        """Those that step, in the order of files."""
        self._chosen: list[Optimizer] = []
        super().__init__(
            optimizer_map=optimizer_map, loss_scale_factor=loss_scale_factor, name=name
        )
        if isinstance(optimizer_map, OptimizerMap):
            for one in (*optimizer_map.values(), optimizer_map.default_optimizer):
                self._add(one)

    def _add(self, optimizer: Optimizer) -> None:
        if not any(optimizer is one for one in self.optimizers):
            optimizer.loss_scale_factor = self.loss_scale_factor
            self.optimizers.append(optimizer)

    # --- learning rates -------------------------------------------------------------------------------------------

    @property
    def learning_rate(self) -> CurrentRate:
        raise _no_rate()

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if "_given" in vars(self):  # after the constructor
            raise _no_rate()
        self._set_rate(0.0)

    # --- stepping -------------------------------------------------------------------------------------------------

    def build(self, variables: Sequence[Any]) -> Self:
        if self.built:
            super().build(variables)  # which knows whether they are the same
            return self
        self._given = {id(variable): index for index, variable in enumerate(variables)}
        self._variables = list(variables)
        self._chosen = []
        for variable in variables:
            chosen = self.optimizer_map(variable)
            _check_inner(chosen, getattr(variable, "path", "a tensor"))
            self._add(chosen)
            self._chosen.append(chosen)
        self.built = True
        self._place()
        return self

    def _place(self) -> None:
        self._weights = [variable.value for variable in self._variables]
        for optimizer in self.optimizers:
            if own := self._of(optimizer, self._variables):
                optimizer.build(own)

    def _of(self, optimizer: Optimizer, values: Sequence[Any]) -> list[Any]:
        """Those of values, one for each weight, that belong to an optimizer."""
        pairs = zip(self._chosen, values, strict=True)
        return [value for chosen, value in pairs if chosen is optimizer]

    def steps_flat(self) -> bool:
        return False

    @torch.no_grad()
    def _apply(self, gradients: list[Tensor | None]) -> None:
        for optimizer in self.optimizers:
            own = self._of(optimizer, gradients)
            if any(gradient is not None for gradient in own):
                optimizer._apply(own)
        self._step += 1

    def finalize(self) -> None:
        for optimizer in self.optimizers:
            if optimizer.built:
                optimizer.finalize()

    # --- state ----------------------------------------------------------------------------------------------------

    @property
    def variables(self) -> list[StateVariable]:
        """The steps and a learning rate of zero, as Keras keeps them, then what each optimizer remembers."""
        step = self._derived("iteration", self._read_step, self._write_step)
        rate = StateVariable(f"{self.label()}/learning_rate", torch.zeros(()))
        return [step, rate, *(v for optimizer in self.optimizers for v in optimizer.variables)]

    def inner_optimizers(self) -> dict[str, Optimizer]:
        found: dict[str, Optimizer] = {}
        for one in self.optimizers:
            kind = snake_case(type(one).__name__)
            count = sum(type(other) is type(one) for other in found.values())
            found[f"_inner_optimizers/{kind}_{count}" if count else f"_inner_optimizers/{kind}"] = (
                one
            )
        return found

    def get_config(self) -> dict[str, Any]:
        rules = self.optimizer_map
        if not isinstance(rules, OptimizerMap):
            raise ConfigError(
                Text(
                    "MultiOptimizer with a function cannot be stored; a file holds no code. Use an OptimizerMap.",
                    "由函数选择优化器的 MultiOptimizer 无法保存；文件中不含代码。请使用 OptimizerMap。",
                ),
                field="optimizer_map",
            )
        form = {
            "module": "keras.optimizers",
            "class_name": "OptimizerMap",
            "config": rules.get_config(),
            "registered_name": None,
        }
        factor = self.loss_scale_factor
        return {"optimizer_map": form, "loss_scale_factor": factor, "name": self.name}

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        rules = config["optimizer_map"]
        if isinstance(rules, Mapping) and not isinstance(rules, OptimizerMap):
            rules = OptimizerMap.from_config(rules["config"], custom_objects)
        return cls(**{**config, "optimizer_map": rules})


def _check_inner(optimizer: Any, key: str) -> None:
    """Raise for what cannot step a part of the weights."""
    if not isinstance(optimizer, Optimizer):
        raise ConfigError(
            Text(
                f'The optimizer of "{key}" must be an Optimizer, got {optimizer!r}.',
                f"“{key}”的优化器必须是 Optimizer，实际为 {optimizer!r}。",
            ),
            field="optimizer_map",
        )
    if type(optimizer).__name__ in WRAPPERS:
        raise ConfigError(
            Text(
                f'The optimizer of "{key}" cannot be {type(optimizer).__name__}. Put that around the MultiOptimizer.',
                f"“{key}”的优化器不能是 {type(optimizer).__name__}。请把它放在 MultiOptimizer 之外。",
            ),
            field="optimizer_map",
        )


def _no_rate() -> AttributeError:
    return AttributeError(
        "Learning rate: a MultiOptimizer has none. Each of its `optimizers` has one of its own."
    )


WRAPPERS.register(MultiOptimizer, aliases=("multioptimizer",))
