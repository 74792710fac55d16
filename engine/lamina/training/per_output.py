"""What `compile` was given, for each output of the model: its loss, the factor of that, and its metrics."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from torch import Tensor

from lamina.calls import Slot, put_together
from lamina.errors import ConfigError
from lamina.losses.lookup import loss_of
from lamina.losses.loss import Loss
from lamina.metrics.lookup import ACCURACY, CROSSENTROPY, metric_of, suiting
from lamina.metrics.metric import Metric
from lamina.text import Text
from lamina.training.loss_nest import (
    Placed,
    entries_of,
    place_losses,
    slots_of,
    unknown_outputs,
)
from lamina.training.protocols import TrainableModel
from lamina.variable import Variable

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Output:
    """One output of the model, as far as scores are concerned.

    Args:
        head: The softmax or sigmoid that the program without heads leaves out; None where there is none.
    """

    name: str
    shape: Shape
    head: str | None


def outputs_of(model: TrainableModel) -> list[Output]:
    """The outputs of a model, with the heads that its program can do without."""
    stripped = model.program(training=False, logits=True).stripped
    return [
        Output(name, output.shape, model.heads[output.name] if is_stripped else None)
        for name, output, is_stripped in zip(
            model.target_names, model.outputs, stripped, strict=True
        )
    ]


@dataclass(frozen=True)
class OutputLoss:
    """The loss of one output, or of several at once.

    Args:
        nest: The output as a slot, or the outputs in the nest in which the loss takes them.
        loss: Takes what the program gives: logits when `takes_logits`.
        weight: Factor in the sum; a variable is read at each step.
        log_name: Name in the logs when there are several.
    """

    nest: Any
    loss: Loss
    weight: float | Variable | None
    log_name: str
    takes_logits: bool

    @cached_property
    def slots(self) -> list[int]:
        """The numbers of its outputs."""
        return slots_of(self.nest)

    @cached_property
    def index(self) -> int:
        """The number of its output, or of the first."""
        return self.slots[0]

    def weighted(self, value: Tensor) -> Tensor:
        """Its value times its factor."""
        if isinstance(self.weight, Variable):
            return value * self.weight.tensor.reshape(()).to(value.dtype)
        return value if self.weight is None else value * self.weight

    def of(self, values: Sequence[Any]) -> Any:
        """What it takes of the outputs, or of their targets."""
        return values[self.index] if len(self.slots) == 1 else put_together(self.nest, values)


@dataclass(frozen=True)
class Watched:
    """A metric of one output under its name in the logs."""

    index: int
    metric: Metric
    log_name: str
    is_weighted: bool


def resolve_losses(
    outputs: Sequence[Output],
    targets: Sequence[Shape],
    loss: Any,
    loss_weights: Any,
    nest: Any = None,
) -> list[OutputLoss]:
    """The losses of the outputs that have one, from what `compile` was given.

    Args:
        nest: Nest of the outputs; a list when left out.
    """
    check_loss_weights(loss_weights)
    names = [output.name for output in outputs]
    if nest is None:
        nest = [Slot(index) for index in range(len(outputs))] if len(outputs) > 1 else Slot(0)
    placed = place_losses(loss, loss_weights, nest, names)
    uses = Counter(index for one in placed for index in slots_of(one.nest))
    resolved = []
    for one in placed:
        entry = _loss_of(one, outputs, targets)
        if entry is None:
            continue
        output = outputs[one.nest.index] if isinstance(one.nest, Slot) else None
        if output is not None:
            _warn_of_one_unit(entry, output)
        takes_logits = (
            output is not None
            and uses[one.nest.index] == 1
            and entry.head is not None
            and entry.head == output.head
            and not getattr(entry, "from_logits", False)
            and getattr(entry, "axis", -1) in (-1, len(output.shape) - 1)
        )
        entry = entry.of_logits() if takes_logits else entry
        weight = one.weight
        if weight is not None and not isinstance(weight, Variable):
            weight = float(weight)
        name = f"{one.log_name(names)}_loss"
        resolved.append(OutputLoss(one.nest, entry, weight, name, takes_logits))
    if not resolved:
        raise no_loss()
    return resolved


def _loss_of(placed: Placed, outputs: Sequence[Output], targets: Sequence[Shape]) -> Loss | None:
    given = placed.loss
    if isinstance(placed.nest, Slot) and isinstance(given, str) and given.lower() in CROSSENTROPY:
        index = placed.nest.index
        given = suiting(given, targets[index], outputs[index].shape)
    return loss_of(given)


def _warn_of_one_unit(loss: Loss, output: Output) -> None:
    if loss.head == "softmax" and loss.target == "one_hot" and output.shape[-1] == 1:
        warnings.warn(
            f'The output "{output.name}" has one unit, of which {loss.name} is always 0. Use binary_crossentropy and a '
            "sigmoid for two classes, or give it a unit for each class.",
            stacklevel=2,
        )


def no_loss() -> ConfigError:
    """What is wrong where neither `compile` nor a layer gave a loss."""
    return ConfigError(
        Text(
            "There is no loss to minimize: pass one to compile.",
            "没有要最小化的损失：请在 compile 中指定。",
        ),
        field="loss",
    )


def check_loss_weights(loss_weights: Any) -> None:
    """Raise for what are no factors."""
    for weight in entries_of(loss_weights):
        if weight is not None and (isinstance(weight, str) or not hasattr(weight, "__float__")):
            raise ConfigError(
                Text(
                    f"loss_weights takes a number, or a list or dict with one for each output; got {loss_weights!r}.",
                    f"loss_weights 应为一个数，或为每个输出各给一个数的列表或字典；实际为 {loss_weights!r}。",
                ),
                field="loss_weights",
            )


def resolve_metrics(
    outputs: Sequence[Output], targets: Sequence[Shape], watched: Any, weighted: Any
) -> list[Watched]:
    """The metrics of all outputs, from what `compile` was given."""
    resolved: list[Watched] = []
    taken: dict[str, int] = {}
    for given, is_weighted in ((watched, False), (weighted, True)):
        for index, output in enumerate(outputs):
            for identifier in _metrics_of(given, index, [o.name for o in outputs]):
                metric, name = _resolve_metric(identifier, targets[index], output.shape)
                name = f"{output.name}_{name}" if len(outputs) > 1 else name
                if name in taken and is_weighted:
                    name = name.replace(metric.name or name, f"weighted_{metric.name}")
                count = taken[name] = taken.get(name, 0) + 1
                resolved.append(
                    Watched(
                        index, metric, name if count == 1 else f"{name}_{count - 1}", is_weighted
                    )
                )
    return resolved


def _resolve_metric(identifier: Any, target: Shape, prediction: Shape) -> tuple[Metric, str]:
    """A metric and its name in the logs, which for a name is that name, as in Keras."""
    if isinstance(identifier, str):
        by_shape = identifier.lower() in (*ACCURACY, *CROSSENTROPY)
        metric = metric_of(suiting(identifier, target, prediction) if by_shape else identifier)
        assert metric is not None
        metric.name = identifier
        return metric, identifier
    metric = metric_of(identifier)
    assert metric is not None
    return metric, str(metric.name)


def _metrics_of(given: Any, index: int, names: Sequence[str]) -> list[Any]:
    """The metrics of one output: with several outputs a dict by name, or a list with an entry for each."""
    if given is None:
        return []
    if isinstance(given, Mapping):
        if unknown := set(given) - set(names):
            raise unknown_outputs("metrics", unknown, names)
        return _as_list(given.get(names[index]))
    if len(names) == 1:
        return [metric for entry in _as_list(given) for metric in _as_list(entry)]
    if isinstance(given, (list, tuple)) and len(given) == len(names):
        return _as_list(given[index])
    raise ConfigError(
        Text(
            f"The model has several outputs: give metrics as a dict by output ({', '.join(names)}) or a list of lists.",
            f"模型有多个输出：请以字典（键为 {'、'.join(names)}）或列表的列表给出指标。",
        ),
        field="metrics",
    )


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]
