"""Steps that a user's model takes its own way: `train_step`, `test_step`, `compute_loss`, as in Keras.

What such a step returns is what is logged, so these models have no `Scores` of the trainer's; `OwnScores` stands in
their place.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from lamina.calls import fits_nest, in_slots, is_deep, put_together
from lamina.devices import elsewhere
from lamina.metrics.mean import Mean
from lamina.metrics.metric import Metric
from lamina.training.per_output import Output
from lamina.training.scores import Scores
from lamina.training.sources import TARGETS, Batch


class CompiledMetrics:
    """The metrics given to `compile`, as one that is updated by (y, y_pred)."""

    name = "compile_metrics"

    def __init__(self, scores: Scores) -> None:
        self.scores = scores

    @property
    def metrics(self) -> list[Metric]:
        """One after the other, without the names of their outputs."""
        return self.scores.metrics

    def update_state(self, y: Any, y_pred: Any, sample_weight: Any = None) -> None:
        targets, outputs = _listed(y), _listed(y_pred)
        for entry in self.scores.watched:
            weight = sample_weight if entry.is_weighted else None
            entry.metric.update_state(targets[entry.index], outputs[entry.index].detach(), weight)

    def result(self) -> dict[str, Any]:
        results: dict[str, Any] = {}
        for entry in self.scores.watched:
            value = entry.metric.result()
            results.update(value if isinstance(value, Mapping) else {entry.log_name: value})
        return results

    def reset_state(self) -> None:
        for entry in self.scores.watched:
            entry.metric.reset_state()


class OwnSteps:
    """What a model with a `train_step` of its own finds in `self`: a loss, metrics, and their results.

    Args:
        model: The model.
        arguments: What `compile` was given.
    """

    def __init__(self, model: Any, arguments: Mapping[str, Any]) -> None:
        self.model = model
        self.arguments = arguments
        self.tracker = Mean(name="loss")
        self.scores: Scores | None = None

    def compute_loss(self, y: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """The compiled losses of predictions, and what layers and weights add."""
        total: Any = None
        if self.arguments["loss"] is not None:
            outputs, targets = _listed(y_pred), _listed(y)
            scores = self._scores_for(outputs, targets)
            parts = {tracker.name: tracker for tracker in scores.trackers[1:]}
            weights = _listed(sample_weight) if sample_weight is not None else []
            for entry in scores.losses:
                weight = weights[min(entry.index, len(weights) - 1)] if weights else None
                value = entry.loss(entry.of(targets), entry.of(outputs), weight)
                if entry.log_name in parts:
                    parts[entry.log_name].running.add(value.detach(), len(outputs[entry.index]))
                value = entry.weighted(value)
                total = value if total is None else total + value
        for extra in self.model.losses:
            total = extra if total is None else total + extra
        return torch.zeros((), device=elsewhere()) if total is None else total

    def arguments_by_output(self) -> dict[str, Any]:
        """What `compile` was given; nested as outputs in several levels are, one after the other."""
        nest = self.model.output_nest
        if not is_deep(nest):
            return dict(self.arguments)
        return {
            name: in_slots(nest, given, TARGETS)
            if name.endswith("metrics") and fits_nest(nest, given)
            else given
            for name, given in self.arguments.items()
        }

    def metrics(self) -> list[Any]:
        """The loss and what `compile` was given."""
        compiled = [] if self.scores is None else [CompiledMetrics(self.scores)]
        parts = [] if self.scores is None else self.scores.trackers[1:]
        return [self.tracker, *compiled, *parts]

    def prepare(self, y: Any, y_pred: Any) -> None:
        """Know the metrics, now that there are predictions."""
        given = any(
            self.arguments[name] is not None for name in ("loss", "metrics", "weighted_metrics")
        )
        if given and y is not None and self.scores is None:
            self._scores_for(_listed(y_pred), _listed(y))

    def _scores_for(self, outputs: list[Any], targets: list[Any]) -> Scores:
        if self.scores is None:
            names = self.model.target_names
            known = [
                Output(name, (None, *x.shape[1:]), None)
                for name, x in zip(names, outputs, strict=True)
            ]
            shapes = [(None, *y.shape[1:]) for y in targets]
            given = self.arguments_by_output()
            self.scores = Scores(
                known, shapes, given["loss"], given["loss_weights"], given["metrics"],
                given["weighted_metrics"], needs_loss=False, nest=self.model.output_nest,
            )  # fmt: skip
        return self.scores


class OwnScores:
    """What the model's own steps returned last, in the place of the trainer's scores."""

    takes_logits = False
    batch_size_matters = True

    def __init__(self, model: Any) -> None:
        self.model = model
        self.latest: dict[str, Tensor] = {}

    @property
    def readers(self) -> dict[str, Callable[[], float]]:
        return {name: partial(float, value) for name, value in self.latest.items()}

    def take(self, logs: Any) -> None:
        """Keep what a step returned; dicts in it are laid flat."""
        self.latest = dict(_flat(logs or {}))

    def results(self) -> dict[str, float]:
        return {name: float(value) for name, value in sorted(self.latest.items())}

    def reset(self) -> None:
        self.latest = {}
        for metric in self.model.metrics:
            metric.reset_state()


class OwnStep:
    """One call of the model's `train_step` or `test_step`."""

    def __init__(self, model: Any, scores: OwnScores, name: str) -> None:
        self._model, self._scores, self._step = model, scores, getattr(model, name)
        self._is_training = name == "train_step"
        if self._is_training and model.optimizer is not None and not model.optimizer.built:
            model.optimizer.build(model.trainable_weights)

    def __call__(self, batch: Batch) -> None:
        for _ in self.each(batch):
            pass

    def each(self, batch: Batch) -> Generator[None, None, None]:
        """Do the steps of a batch, one at each `next`."""
        for part in batch.parts():
            self._take(part)
            yield

    def _take(self, batch: Batch) -> None:
        data = data_of(self._model, batch)
        if len(data) == 1 and not isinstance(data[0], list):
            data = data[0]  # fit and evaluate of Keras hand on one input as it is, predict does not
        if self._is_training:
            self._scores.take(self._step(data))
        else:
            with torch.no_grad():
                self._scores.take(self._step(data))


def data_of(model: Any, batch: Batch) -> Any:
    """A batch as Keras hands it to a step: (x, y) or (x, y, sample_weight), or x alone."""
    x = _as_in(model.input_nest, list(batch.inputs))
    if not batch.targets:
        return (x,)
    nest = model.output_nest
    y = put_together(nest, batch.targets) if is_deep(nest) else _single(list(batch.targets))
    weights = [w for w in batch.weights if w is not None] if batch.weights else []
    return (x, y, _single(weights)) if weights else (x, y)


def _as_in(nest: Any, values: list[Any]) -> Any:
    """Values by name or in their lists and dicts, where a model has them so; else one, or a list."""
    is_nested = isinstance(nest, dict) or is_deep(nest)
    return put_together(nest, values) if is_nested else _single(values)


def _single(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, (Mapping, list, tuple)):
        return [value]
    items = value.values() if isinstance(value, Mapping) else value
    return [leaf for item in items for leaf in _listed(item)]


def _flat(logs: Mapping[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in logs.items():
        if isinstance(value, Mapping):
            found.extend(_flat(value))
        else:
            found.append((name, torch.as_tensor(value).detach()))
    return found
