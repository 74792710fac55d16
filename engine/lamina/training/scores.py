"""What is measured at each batch: the loss of every output, their sum, and the metrics.

A loss that follows a softmax or a sigmoid is computed from the logits, which is exact where probabilities round to 0
or 1 and saves a pass. Metrics that only rank predictions take the logits too; others get probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import torch
from torch import Tensor

from lamina.calls import set_mask
from lamina.errors import ConfigError
from lamina.losses.arguments import in_full
from lamina.losses.lookup import loss_of
from lamina.losses.loss import Loss
from lamina.metrics.lookup import ACCURACY, CROSSENTROPY, metric_of, suiting
from lamina.metrics.mean import Mean
from lamina.metrics.metric import MeanMetric, Metric
from lamina.text import Text
from lamina.training.protocols import TrainableModel
from lamina.training.sources import Batch

Shape = tuple[int | None, ...]
Means = dict[str, tuple[Tensor, float | Tensor]]
"""By log name: the mean of a batch, and how much it counts."""

HEADS = {"softmax": lambda x: torch.softmax(x, -1), "sigmoid": torch.sigmoid}


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


def _can_be_measured(entry: OutputLoss, target: Tensor, output: Tensor) -> bool:
    """Whether the loss itself takes these; then it is the weights that do not fit."""
    try:
        entry.loss(target, output)
    except (IndexError, RuntimeError, ValueError):
        return False
    return True


def _is_within(target: Tensor, classes: int) -> bool:
    """Whether all targets are numbers of classes."""
    return target.numel() == 0 or (int(target.min()) >= 0 and int(target.max()) < classes)


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


class Scores:
    """Losses and metrics of a compiled model, accumulated on the device.

    Args:
        outputs: The model's outputs.
        targets: Shapes of the targets, which decide what "accuracy" means.
        loss: As given to `compile`: one loss for all outputs, a list, or a dict by output name.
        loss_weights: A list or dict of factors.
        watched: As given to `compile`: names, metrics or functions; nested or by output name for several outputs.
        weighted: Metrics that see sample weights.
        masked: Outputs may come with masks.
        needs_loss: There has to be a loss; False where a model computes its own.
    """

    def __init__(
        self,
        outputs: Sequence[Output],
        targets: Sequence[Shape],
        loss: Any,
        loss_weights: Any = None,
        watched: Any = None,
        weighted: Any = None,
        *,
        masked: bool = False,
        needs_loss: bool = True,
    ) -> None:
        self.masked = masked
        self.outputs = list(outputs)
        skips_loss = loss is None and not needs_loss
        self.losses = [] if skips_loss else _resolve_losses(outputs, targets, loss, loss_weights)
        self.watched = _resolve_metrics(outputs, targets, watched, weighted)
        self.takes_logits = any(entry.takes_logits for entry in self.losses)
        self.trackers = [Mean(name=name) for name in self._loss_names()]
        """The loss, and the losses of the outputs where there are several."""
        self._means = {str(tracker.name): tracker.running for tracker in self.trackers} | {
            entry.log_name: entry.metric.running for entry in self.watched if _is_mean(entry.metric)
        }
        self._readers: dict[str, Callable[[], float]] = {
            **{name: self._means[name].value for name in self._loss_names()},
            **{entry.log_name: entry.metric.read for entry in self.watched},
        }
        self.latest: dict[str, Tensor] = {}

    @property
    def metrics(self) -> list[Metric]:
        return [entry.metric for entry in self.watched]

    @property
    def log_names(self) -> Collection[str]:
        return self._readers.keys()

    def _loss_names(self) -> list[str]:
        parts = [entry.log_name for entry in self.losses] if len(self.losses) > 1 else []
        return ["loss", *parts]

    @property
    def has_others(self) -> bool:
        """Whether there are metrics that are more than a mean of values."""
        return not all(_is_mean(entry.metric) for entry in self.watched)

    @property
    def batch_size_matters(self) -> bool:
        """Whether cutting the same samples into other batches changes the results."""
        plain = ("sum_over_batch_size", "mean")
        return (
            self.masked
            or any(entry.loss.reduction not in plain for entry in self.losses)
            or any(getattr(entry.loss, "ignore_class", None) is not None for entry in self.losses)
            or not all(isinstance(metric, MeanMetric) for metric in self.metrics)
        )

    def measure(
        self,
        outputs: tuple[Tensor, ...],
        batch: Batch,
        masks: Sequence[Tensor | None] | None = None,
        added: Sequence[Tensor] = (),
    ) -> Tensor:
        """Take in one batch.

        Args:
            outputs: Of the program that gives logits when `takes_logits`.
            masks: Of the outputs, (batch, time) of bool: what is False counts for nothing.
            added: What layers and weights add to the loss.

        Returns:
            The loss to minimize; `latest` then holds all values of this batch.
        """
        outputs = self.with_heads(outputs)
        total, means = self.evaluate(outputs, batch, masks, added)
        self.take(means)
        self.watch_others(outputs, batch, masks)
        return total

    def evaluate(
        self,
        outputs: tuple[Tensor, ...],
        batch: Batch,
        masks: Sequence[Tensor | None] | None = None,
        added: Sequence[Tensor] = (),
    ) -> tuple[Tensor, Means]:
        """The loss to minimize, and the means of a batch by log name; nothing is kept of it.

        Args:
            outputs: As `with_heads` gives them; the rest as for `measure`.
        """
        means: Means = {}
        total: Tensor | None = None
        for entry in self.losses:
            weight = batch.weights[entry.index] if batch.weights else None
            output = outputs[entry.index]
            if masks is not None:
                set_mask(output, masks[entry.index])
            value = self._loss_of(entry, batch.targets[entry.index], output, weight)
            if value.ndim:
                value = value.mean()  # a loss without reduction: only its mean can be minimized
            if len(self.losses) > 1:
                means[entry.log_name] = value.detach(), batch.size
            if entry.weight is not None:
                value = value * entry.weight
            total = value if total is None else total + value
        for extra in added:
            total = extra if total is None else total + extra
        assert total is not None
        means["loss"] = total.detach(), batch.size
        if self.watched:
            with torch.no_grad():
                for one, given in self._predictions(outputs, batch, masks):
                    if _is_mean(one.metric):
                        means[one.log_name] = one.metric.mean_of(*given)
        return total, means

    def take(self, means: Means) -> None:
        """Keep the means of a batch."""
        for name, (mean, count) in means.items():
            self._means[name].add(mean, count)
        self.latest = {name: mean for name, (mean, _) in means.items()}

    @torch.no_grad()
    def watch_others(
        self,
        outputs: tuple[Tensor, ...],
        batch: Batch,
        masks: Sequence[Tensor | None] | None = None,
    ) -> None:
        """Show a batch to the metrics that are more than a mean."""
        if not self.has_others:
            return
        for entry, given in self._predictions(outputs, batch, masks):
            if not _is_mean(entry.metric):
                value = entry.metric.watch(*given)
                if value is not None:
                    self.latest[entry.log_name] = value

    def _loss_of(
        self, entry: OutputLoss, target: Tensor, output: Tensor, weight: Tensor | None
    ) -> Tensor:
        try:
            value: Tensor = entry.loss(target, output, weight)
        except (IndexError, RuntimeError) as error:
            if entry.loss.target == "index" and not _is_within(target, output.shape[-1]):
                raise self._unknown_class(entry, target, output.shape[-1]) from error
            if weight is not None and _can_be_measured(entry, target, output):
                raise self._unfit_weights(entry, target, weight) from error
            raise
        return value

    def _unfit_weights(self, entry: OutputLoss, target: Tensor, weight: Tensor) -> ConfigError:
        name = self.outputs[entry.index].name
        given, wanted = tuple(weight.shape), tuple(target.shape)
        return ConfigError(
            Text(
                f'Weights of the shape {given} do not fit the targets {wanted} of the output "{name}": there must be '
                "one for each sample, or one for each of its positions. class_weight knows one class per sample only; "
                "for classes at each position pass sample_weight.",
                f"形状为 {given} 的权重与输出“{name}”的目标 {wanted} 不匹配：应每个样本一个，或每个位置一个。"
                "class_weight 只适用于每个样本一个类别的情况；若每个位置都有类别，请传入 sample_weight。",
            ),
            field="sample_weight",
        )

    def _unknown_class(self, entry: OutputLoss, target: Tensor, classes: int) -> ConfigError:
        name, found = self.outputs[entry.index].name, f"{int(target.min())} to {int(target.max())}"
        return ConfigError(
            Text(
                f'The output "{name}" tells {classes} classes apart, numbered 0 to {classes - 1}, but the targets go '
                f"from {found}. Give it more units, or number the classes from 0.",
                f"输出“{name}”区分 {classes} 个类别（编号 0 到 {classes - 1}），但目标取值为 {found}。"
                "请增加单元数，或将类别从 0 开始编号。",
            ),
            field="y",
        )

    def with_heads(self, outputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Probabilities for the outputs whose loss does not take logits, and nothing of half precision."""
        outputs = tuple(map(in_full, outputs))
        if not self.takes_logits or len(outputs) == 1:
            return outputs
        logits = {entry.index for entry in self.losses if entry.takes_logits}
        return tuple(
            value if index in logits or output.head not in HEADS else HEADS[output.head](value)
            for index, (value, output) in enumerate(zip(outputs, self.outputs, strict=True))
        )

    def _predictions(
        self,
        outputs: tuple[Tensor, ...],
        batch: Batch,
        masks: Sequence[Tensor | None] | None,
    ) -> Iterator[tuple[Watched, tuple[Tensor, Tensor, Tensor | None]]]:
        """What each metric looks at: targets, predictions, weights."""
        logits = {entry.index for entry in self.losses if entry.takes_logits}
        probabilities: dict[int, Tensor] = {}
        for entry in self.watched:
            predicted = outputs[entry.index].detach()
            if entry.index in logits and not entry.metric.ranks_only:
                if entry.index not in probabilities:
                    head = self.outputs[entry.index].head
                    assert head is not None
                    probabilities[entry.index] = HEADS[head](predicted)
                predicted = probabilities[entry.index]
            weight = batch.weights[entry.index] if entry.is_weighted and batch.weights else None
            if masks is not None:
                set_mask(predicted, masks[entry.index])
            yield entry, (batch.targets[entry.index], predicted, weight)

    def result(self, name: str) -> float:
        """The mean of the epoch so far; waits for the device."""
        return self._readers[name]()

    def results(self) -> dict[str, float]:
        """All means of the epoch so far by log name, in Keras' order."""
        results: dict[str, Any] = {}
        for name, read in self._readers.items():
            value = read()
            # A metric may give several values under names of its own, as in Keras.
            results.update(value if isinstance(value, Mapping) else {name: value})
        return dict(sorted(results.items()))

    def reset(self) -> None:
        """Forget all batches."""
        for name in self._loss_names():
            self._means[name].reset()
        for entry in self.watched:
            entry.metric.reset_state()
        self.latest = {}


def _is_mean(metric: Metric) -> TypeGuard[MeanMetric]:
    """Whether a metric is the mean of its batches' means; one that takes them in its own way is not."""
    return (
        isinstance(metric, MeanMetric)
        and type(metric).update_state is MeanMetric.update_state
        and type(metric).watch is MeanMetric.watch
    )


def _resolve_losses(
    outputs: Sequence[Output], targets: Sequence[Shape], loss: Any, loss_weights: Any
) -> list[OutputLoss]:
    names = [output.name for output in outputs]
    wanted = _per_output(loss, names, "loss", everywhere=True)
    check_loss_weights(loss_weights)
    if loss_weights is not None and len(names) > 1 and _is_one(loss_weights) and not _is_one(loss):
        raise _one_weight_for_several(names, loss_weights)
    factors = _per_output(loss_weights, names, "loss_weights", everywhere=True)
    resolved = []
    for index, (output, given, factor) in enumerate(zip(outputs, wanted, factors, strict=True)):
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
        raise ConfigError(
            Text(
                "There is no loss to minimize: pass one to compile.",
                "没有要最小化的损失：请在 compile 中指定。",
            ),
            field="loss",
        )
    return resolved


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


def _resolve_metrics(
    outputs: Sequence[Output], targets: Sequence[Shape], watched: Any, weighted: Any
) -> list[Watched]:
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
