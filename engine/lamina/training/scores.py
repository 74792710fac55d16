"""What is measured at each batch: the loss of every output, their sum, and the metrics.

A loss that follows a softmax or a sigmoid is computed from the logits, which is exact where probabilities round to 0
or 1 and saves a pass. Metrics that only rank predictions take the logits too; others get probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeGuard

import torch
from torch import Tensor

from lamina.calls import set_mask
from lamina.errors import ConfigError, ShapeError
from lamina.losses.arguments import in_full
from lamina.metrics.mean import Mean
from lamina.metrics.metric import MeanMetric, Metric
from lamina.metrics.running_mean import HeldBack
from lamina.origin import origin
from lamina.text import Text
from lamina.training.per_output import (
    Output,
    OutputLoss,
    Shape,
    Watched,
    no_loss,
    resolve_losses,
    resolve_metrics,
)
from lamina.training.sources import Batch
from lamina.variable import Variable

Means = dict[str, tuple[Tensor, float | Tensor]]
"""By log name: the mean of a batch, and how much it counts."""

HEADS = {"softmax": lambda x: torch.softmax(x, -1), "sigmoid": torch.sigmoid}


def _can_be_measured(entry: OutputLoss, target: Tensor, output: Tensor) -> bool:
    """Whether the loss itself takes these; then it is the weights that do not fit."""
    try:
        entry.loss(target, output)
    except (IndexError, RuntimeError, ValueError):
        return False
    return True


def _are_equal(first: Tensor | None, second: Tensor | None) -> bool:
    if first is None or second is None:
        return first is second
    return torch.equal(first, second)


def _is_within(target: Tensor, classes: int) -> bool:
    """Whether all targets are numbers of classes."""
    return target.numel() == 0 or (int(target.min()) >= 0 and int(target.max()) < classes)


class Scores:
    """Losses and metrics of a compiled model, accumulated on the device.

    Args:
        outputs: The model's outputs.
        targets: Shapes of the targets, which decide what "accuracy" means.
        loss: As given to `compile`: one loss for all outputs, a list, or a dict by output name.
        loss_weights: A list or dict of factors; variables among them are read at each step.
        watched: As given to `compile`: names, metrics or functions; nested or by output name for several outputs.
        weighted: Metrics that see sample weights.
        masked: Outputs may come with masks.
        needs_loss: There has to be a loss; False where a model computes its own.
        nest: Nest of the outputs, which that of `loss` follows; a list when left out.
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
        nest: Any = None,
    ) -> None:
        self.masked = masked
        self.outputs = list(outputs)
        skips_loss = loss is None and not needs_loss
        self.losses = (
            [] if skips_loss else resolve_losses(outputs, targets, loss, loss_weights, nest)
        )
        self.watched = resolve_metrics(outputs, targets, watched, weighted)
        self.takes_logits = any(entry.takes_logits for entry in self.losses)
        self.trackers = [Mean(name=name) for name in self._loss_names()]
        """The loss, and the losses of the outputs where there are several."""
        self._means = {str(tracker.name): tracker.running for tracker in self.trackers} | {
            entry.log_name: entry.metric.running for entry in self.watched if _is_mean(entry.metric)
        }
        self.readers: dict[str, Callable[[], float]] = {
            **{name: self._means[name].value for name in self._loss_names()},
            **{entry.log_name: entry.metric.read for entry in self.watched},
        }
        """By log name, what gives the mean of the epoch so far; it waits for the device."""
        self.latest: dict[str, Tensor] = {}

    @property
    def metrics(self) -> list[Metric]:
        return [entry.metric for entry in self.watched]

    @property
    def factors(self) -> list[Tensor]:
        """The tensors of factors that are variables."""
        weights = (entry.weight for entry in self.losses)
        return [weight.value for weight in weights if isinstance(weight, Variable)]

    def _loss_names(self) -> list[str]:
        parts = [entry.log_name for entry in self.losses] if len(self.losses) > 1 else []
        return ["loss", *dict.fromkeys(parts)]  # of several losses of an output the last is logged

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
            or not all(map(_is_ours, (*(entry.loss for entry in self.losses), *self.metrics)))
        )

    def check_weights(self, batch: Batch) -> None:
        """Raise where outputs that a loss takes at once have other sample weights each; waits for the device.

        Args:
            batch: The first of a training.
        """
        for entry in self.losses if batch.weights else ():
            first, *others = [batch.weights[index] for index in entry.slots]
            if not all(_are_equal(first, weight) for weight in others):
                raise ConfigError(
                    Text(
                        f'The loss "{entry.log_name}" takes several outputs at once, which need the same sample weights.',
                        f"损失“{entry.log_name}”同时使用多个输出，它们的样本权重必须相同。",
                    ),
                    field="sample_weight",
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
        self.take(means, [mean for mean, _ in means.values()], [n for _, n in means.values()])
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
            if masks is not None:
                for index in entry.slots:
                    set_mask(outputs[index], masks[index])
            value = self._loss_of(entry, entry.of(batch.targets), entry.of(outputs), weight)
            if value.ndim:
                value = value.mean()  # a loss without reduction: only its mean can be minimized
            if len(self.losses) > 1:
                means[entry.log_name] = value.detach(), batch.size
            value = entry.weighted(value)
            total = value if total is None else total + value
        for extra in added:
            total = extra if total is None else total + extra
        if total is None:
            raise no_loss()
        means["loss"] = total.detach(), batch.size
        if self.watched:
            with torch.no_grad():
                for one, given in self._predictions(outputs, batch, masks):
                    if _is_mean(one.metric):
                        means[one.log_name] = one.metric.mean_of(*given)
        return total, means

    def take(
        self, names: Iterable[str], means: Sequence[Tensor], counts: Iterable[float | Tensor]
    ) -> None:
        """Keep the means of a batch; behind those that have names there may be more, which are left alone."""
        self.latest = dict(zip(names, means, strict=False))
        for (name, mean), count in zip(self.latest.items(), counts, strict=True):
            self._means[name].add(mean, count)

    def held_back(self, names: Iterable[str], counts: Sequence[float]) -> HeldBack:
        """Where rows of means can wait until somebody reads; the `latest` must be told all the same."""
        return HeldBack([self._means[name] for name in names], counts)

    def take_all(
        self,
        names: Sequence[str],
        means: Sequence[Sequence[Tensor]],
        counts: Sequence[Iterable[float | Tensor]],
    ) -> None:
        """`take` for several batches; a row of means and counts for each."""
        self.latest = dict(zip(names, means[-1], strict=False))
        columns = zip(names, zip(*means, strict=True), zip(*counts, strict=True), strict=False)
        for name, values, numbers in columns:
            self._means[name].add_all(values, numbers)

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
        self, entry: OutputLoss, target: Any, output: Any, weight: Tensor | None
    ) -> Tensor:
        try:
            value: Tensor = entry.loss(target, output, weight)
        except (IndexError, RuntimeError, ShapeError) as error:
            if len(entry.slots) > 1:
                raise
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

    def results(self) -> dict[str, float]:
        """All means of the epoch so far by log name, in Keras' order."""
        results: dict[str, Any] = {}
        for name, read in self.readers.items():
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


def _is_ours(measure: Any) -> bool:
    """Whether a loss or metric is one of the library, which has a value for each sample."""
    inner = getattr(measure, "function", getattr(measure, "fn", measure))
    return origin(measure) == origin(inner) == "lamina"


def _is_mean(metric: Metric) -> TypeGuard[MeanMetric]:
    """Whether a metric is the mean of its batches' means; one that takes them in its own way is not."""
    return (
        isinstance(metric, MeanMetric)
        and type(metric).update_state is MeanMetric.update_state
        and type(metric).watch is MeanMetric.watch
    )
