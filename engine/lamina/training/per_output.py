"""What `compile` was given, for each output of the model: its loss, the factor of that, and its metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lamina.errors import ConfigError
from lamina.losses.lookup import loss_of
from lamina.losses.loss import Loss
from lamina.metrics.lookup import ACCURACY, CROSSENTROPY, metric_of, suiting
from lamina.metrics.metric import Metric
from lamina.text import Text
from lamina.training.protocols import TrainableModel

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
    """The loss of one output.

    Args:
        index: Of the output.
        loss: Takes what the program gives: logits when `takes_logits`.
        weight: Factor in the sum.
        log_name: Name in the logs when there are several.
    """

    index: int
    loss: Loss
    weight: float | None
    log_name: str
    takes_logits: bool


@dataclass(frozen=True)
class Watched:
    """A metric of one output under its name in the logs."""

    index: int
    metric: Metric
    log_name: str
    is_weighted: bool


def resolve_losses(
    outputs: Sequence[Output], targets: Sequence[Shape], loss: Any, loss_weights: Any
) -> list[OutputLoss]:
    """The losses of the outputs that have one, from what `compile` was given."""
    names = [output.name for output in outputs]
    wanted = _per_output(loss, names, "loss", everywhere=True)
    check_loss_weights(loss_weights)
    if loss_weights is not None and len(names) > 1 and _is_one(loss_weights) and not _is_one(loss):
        raise _one_weight_for_several(names, loss_weights)
    factors = _per_output(loss_weights, names, "loss_weights", everywhere=True)
    resolved = []
    for index, (output, one, factor) in enumerate(zip(outputs, wanted, factors, strict=True)):
        is_alone = isinstance(one, (list, tuple)) and len(one) == 1
        given = one[0] if is_alone else one  # {"output": ["mse"]}, as Keras takes it
        by_shape = isinstance(given, str) and given.lower() in CROSSENTROPY
        entry = loss_of(suiting(given, targets[index], output.shape) if by_shape else given)
        if entry is None:
            continue
        takes_logits = (
            entry.head is not None
            and entry.head == output.head
            and not getattr(entry, "from_logits", False)
            and getattr(entry, "axis", -1) in (-1, len(output.shape) - 1)
        )
        entry = entry.of_logits() if takes_logits else entry
        weight = None if factor is None else float(factor)
        resolved.append(OutputLoss(index, entry, weight, f"{output.name}_loss", takes_logits))
    if not resolved:
        raise no_loss()
    return resolved


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
    nested = loss_weights.values() if isinstance(loss_weights, Mapping) else _flat(loss_weights)
    for weight in nested:
        if weight is not None and (isinstance(weight, str) or not hasattr(weight, "__float__")):
            raise ConfigError(
                Text(
                    f"loss_weights takes a number, or a list or dict with one for each output; got {loss_weights!r}.",
                    f"loss_weights 应为一个数，或为每个输出各给一个数的列表或字典；实际为 {loss_weights!r}。",
                ),
                field="loss_weights",
            )


def _is_one(given: Any) -> bool:
    """Whether it is one entry and not one for each output."""
    if isinstance(given, Mapping):
        return bool({"class_name", "type"} & set(given))
    return not isinstance(given, (list, tuple))


def _one_weight_for_several(names: Sequence[str], given: Any) -> ConfigError:
    return ConfigError(
        Text(
            f"With one loss for each output ({', '.join(names)}) loss_weights needs a factor for each, got {given!r}.",
            f"每个输出（{'、'.join(names)}）各有损失时，loss_weights 也应各给一个系数；实际为 {given!r}。",
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
            raise _unknown_outputs("metrics", unknown, names)
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


def _per_output(given: Any, names: Sequence[str], what: str, *, everywhere: bool) -> list[Any]:
    """One entry per output from one for all, a list, or a dict by name.

    Args:
        everywhere: A single entry stands for all outputs.
    """
    if isinstance(given, Mapping) and not ({"class_name", "type"} & set(given)):
        if unknown := set(given) - set(names):
            raise _unknown_outputs(what, unknown, names)
        return [given.get(name) for name in names]
    if isinstance(given, (list, tuple)):
        given = _flat(given)
        if len(given) != len(names):
            raise ConfigError(
                Text(
                    f"{what} needs one entry for each output ({', '.join(names)}), got {len(given)}.",
                    f"{what} 应为每个输出（{'、'.join(names)}）各给一项，实际为 {len(given)} 项。",
                ),
                field=what,
            )
        return list(given)
    return [given if everywhere or len(names) == 1 else None] * len(names)


def _unknown_outputs(what: str, unknown: set[str], names: Sequence[str]) -> ConfigError:
    return ConfigError(
        Text(
            f"{what} names outputs that the model does not have: {', '.join(sorted(unknown))}. "
            f"It has {', '.join(names)}.",
            f"{what} 中的输出 {'、'.join(sorted(unknown))} 不存在。模型的输出：{'、'.join(names)}。",
        ),
        field=what,
    )


def _flat(given: Any) -> list[Any]:
    """The entries of nested lists."""
    if isinstance(given, (list, tuple)):
        return [entry for part in given for entry in _flat(part)]
    return [given]


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]
