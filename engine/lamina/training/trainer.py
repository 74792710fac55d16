"""`Trainer`: what `model.compile` makes, and what fits and evaluates the model.

The loop is one sentence: for each epoch, for each batch, step. Everything else stands in a file of its own: where
batches come from (`adapters`, `sources`, `feed`), what a step does (`steps`), what is measured (`scores`), who looks
on (`lamina.callbacks`).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection, Mapping
from contextlib import closing
from functools import cached_property
from typing import Any, Literal

import torch

from lamina import losses, metrics, optimizers
from lamina.callbacks.callback_list import CallbackList
from lamina.callbacks.history import EpochLogs, History
from lamina.errors import ConfigError
from lamina.metrics.lookup import ACCURACY, CROSSENTROPY
from lamina.optimizers.optimizer import Optimizer
from lamina.text import Text
from lamina.training import captured
from lamina.training.adapters import check_count, source_for
from lamina.training.feed import Feed
from lamina.training.logs import BatchLogs
from lamina.training.merging import merged
from lamina.training.own_steps import CompiledMetrics, OwnScores, OwnStep, OwnSteps
from lamina.training.per_output import check_loss_weights, outputs_of
from lamina.training.protocols import TrainableModel
from lamina.training.scores import Scores
from lamina.training.sources import Batch, Shuffle, Source, to_batch, unpack
from lamina.training.steps import TestStep, TrainStep, may_add_losses

Verbose = Literal["auto", 0, 1, 2] | int


class Trainer:
    """Configure a model for training.

    Args:
        model: The model to train.
        optimizer: A name or an `Optimizer`.
        loss: A name, a `Loss` or a function of (y_true, y_pred); for several outputs a list or a dict by output name.
        loss_weights: Factors of the outputs' losses: a list, a dict by output name, or a number for one loss. A
            `Variable` among them is read at each step, so that a callback can change it.
        metrics: Names, metrics or functions; "accuracy" means the one that suits the targets. For several outputs a
            dict by output name, or a list for each.
        weighted_metrics: Metrics that see sample and class weights.
        run_eagerly: True runs each step call by call through autograd, as a loop by hand would; otherwise longer
            trainings capture a step once and repeat it.
        steps_per_execution: Accepted for Keras' sake: batches are always run one by one, with the same result.
        jit_compile: True compiles the forward and backward pass with torch.compile; "auto" does not, for it takes
            longer than it saves on the models measured.
        auto_scale_loss: Whether a model of the policy "mixed_float16" gets a `LossScaleOptimizer` around its optimizer.
    """

    def __init__(
        self,
        model: TrainableModel,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | Literal["auto"] = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        self.model = model
        self.optimizer: Optimizer = optimizers.get(optimizer)
        if auto_scale_loss and model.policy.name == "mixed_float16":
            self.optimizer = scaled(self.optimizer)
        self.loss = loss
        self.arguments: dict[str, Any] = {
            "optimizer": self.optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": jit_compile,
            "auto_scale_loss": auto_scale_loss,
        }
        """What compile was given, for saving."""
        self.order_seed: int | None = None
        """Decides the order of the samples; None draws one from torch's generator for each `fit`."""
        self._may_capture = jit_compile is not True and not run_eagerly
        self._captured: captured.CapturedSteps | None = None
        self._last_step: TrainStep | None = None
        self._jit_compile = jit_compile is True and not run_eagerly
        self._scores: Scores | None = None
        self._current: Scores | OwnScores | None = None
        self.own = OwnSteps(model, self.arguments)
        self._scored_shapes: tuple[Any, ...] = ()
        _check_names(loss, metrics, weighted_metrics)
        check_loss_weights(loss_weights)
        if steps_per_execution != 1:
            warnings.warn(
                "steps_per_execution is accepted, but batches run one by one; the result is the same.",
                stacklevel=3,
            )

    @property
    def metrics(self) -> list[Any]:
        """The loss, the metrics as one, and the losses of several outputs; all but the loss known with the first data."""
        if self._scores is None or isinstance(self._current, OwnScores):
            return self.own.metrics()
        loss, *parts = self._scores.trackers
        compiled = [CompiledMetrics(self._scores)] if self._scores.watched else []
        return [loss, *compiled, *parts]

    @cached_property
    def _has_attached(self) -> bool:
        """Whether the model or a layer holds a metric, whose value is logged as well: the model's steps do that."""
        return bool(self.model.attached_metrics)

    @property
    def captured_forms(self) -> int:
        """Number of forms of batches whose step has been captured."""
        return 0 if self._captured is None else self._captured.forms

    # --- fit ------------------------------------------------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Verbose = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: Shuffle = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Collection[int] = 1,
    ) -> History:
        """Train the model.

        Args:
            x: Arrays or tensors (a list or dict for several inputs), a generator or an iterable of batches, a dataset
                whose items are batches (as Keras' PyDataset), or a torch DataLoader.
            y: Targets, when `x` is arrays.
            batch_size: Samples per step; 32 when left out.
            epochs: Number of the last epoch; training starts at `initial_epoch`.
            verbose: 0 silent, 1 a progress bar, 2 a line per epoch, "auto" a bar where there is a terminal.
            callbacks: Callbacks, see `lamina.callbacks`.
            validation_split: Share of the samples kept for validation: the last ones, taken before shuffling.
            validation_data: (x, y), (x, y, sample_weight), or anything that yields batches.
            shuffle: Whether each epoch has an order of its own; "batch" keeps neighbours together.
            class_weight: Weight of each class by its number, for training.
            sample_weight: Weight of each sample.
            initial_epoch: Epoch to start at, counted from 0.
            steps_per_epoch: Batches per epoch, when it is not one pass over the data.
            validation_steps: Batches of each validation, when it is not all of them.
            validation_batch_size: Samples per step of validation; `batch_size` when left out.
            validation_freq: Epochs between two validations, or the epochs (from 1) that have one.

        Returns:
            The `History`, whose `history` holds the logs of each epoch.

        Raises:
            ConfigError: If the arguments do not go together, or the data does not fit the model.
        """
        for name, count in (("epochs", epochs), ("initial_epoch", initial_epoch)):
            check_count(name, count, least=0)
        if not 0 <= validation_split < 1:
            raise ConfigError(
                Text(
                    f"validation_split is a share of the samples, from 0 to less than 1; got {validation_split!r}.",
                    f"validation_split 为样本比例，应大于等于 0 且小于 1；实际为 {validation_split!r}。",
                ),
                field="validation_split",
            )
        seed = self._draw_order_seed()
        source, held_out = source_for(
            self.model,
            x,
            y,
            sample_weight,
            batch_size=batch_size,
            steps=steps_per_epoch,
            shuffle=shuffle,
            class_weight=class_weight,
            seed=seed,
            split=validation_split if validation_data is None else 0.0,
        )
        feed = Feed(source, steps_per_epoch)
        validation = self._validation_feed(
            held_out, validation_data, validation_batch_size or batch_size, validation_steps
        )
        listeners = self._listeners(callbacks, verbose, epochs, feed, history=True)
        self._run_epochs(feed, validation, listeners, range(initial_epoch, epochs), validation_freq)
        history = listeners.history
        assert history is not None
        return history

    def _run_epochs(
        self,
        feed: Feed,
        validation: Feed | None,
        listeners: CallbackList,
        epochs: range,
        validation_freq: int | Collection[int],
    ) -> None:
        self.model.stop_training = self.model.stops_without_validation = False
        logs = EpochLogs()
        listeners.on_train_begin()
        # Where BackupAndRestore wants to go on, under Keras' name.
        start = self.model.__dict__.pop("_initial_epoch", epochs.start)
        done_before = self.model.__dict__.pop("_initial_step", 0)
        planned = (
            feed.steps_per_epoch or math.inf
        ) * epochs.stop  # whole, so that a resumed run does the same
        for epoch in range(start, epochs.stop):
            listeners.on_epoch_begin(epoch)
            skipped = done_before if epoch == start else 0
            if not self._train_epoch(feed, epoch, listeners, skipped, planned):
                warnings.warn(
                    f"The data ended before epoch {epoch + 1}; training stops.", stacklevel=3
                )
                break
            logs = self._logs()
            skips = self.model.stop_training and self.model.stops_without_validation
            if validation is not None and not skips and _is_due(epoch, validation_freq):
                results = self._test_epoch(validation, listeners)
                logs.update({f"val_{name}": value for name, value in results.items()})
            logs = EpochLogs(sorted(logs.items()))
            listeners.on_epoch_end(epoch, logs)
            if self.model.stop_training:
                break
        self.optimizer.finalize()
        listeners.on_train_end(logs)

    def _train_epoch(
        self, feed: Feed, epoch: int, listeners: CallbackList, done_before: int, planned: float
    ) -> int:
        """Step through one epoch, past the batches done before; how many steps that were."""
        train: TrainStep | OwnStep | None = None
        done = 0
        is_watched = listeners.look_at_train_batches
        for batch in feed.epoch(epoch, together=not done_before):
            if done < done_before:
                done += batch.steps
                continue
            if is_watched:
                listeners.on_train_batch_begin(done)
            if train is None:
                scores = self._scores_for(batch, "train_step")
                scores.reset()
                train = self._train_step(scores, planned)
                if self._captured is not None:
                    self._captured.is_watched = is_watched
            if is_watched:
                done = self._watched_steps(train, batch, done, listeners)
            else:
                train(batch)
                done += batch.steps
            if self.model.stop_training:
                break
        return done

    def _watched_steps(
        self, train: TrainStep | OwnStep, batch: Batch, done: int, listeners: CallbackList
    ) -> int:
        """Do the steps of a batch, whose beginning was told, with callbacks between; how many were done then."""
        size = batch.size // batch.steps
        last = done + batch.steps - 1
        with closing(train.each(batch)) as steps:  # also when a callback fails
            for step, _ in enumerate(steps, done):
                listeners.on_train_batch_end(step, self._batch_logs(size))
                if step == last or self.model.stop_training:
                    return step + 1
                if listeners.look_before_train_batches:
                    listeners.on_train_batch_begin(step + 1)
        return last + 1

    # --- evaluate -------------------------------------------------------------------------------------------------

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Verbose = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Loss and metrics of the model on data.

        Args:
            x: As for `fit`.
            y: Targets, when `x` is arrays.
            batch_size: Samples per step; 32 when left out.
            verbose: As for `fit`.
            sample_weight: Weight of each sample.
            steps: Batches to read, when it is not all of them.
            callbacks: Callbacks, see `lamina.callbacks`.
            return_dict: Give a dict by log name.

        Returns:
            The loss, or a list of the loss and the metrics, in Keras' order: what bears the name of one of the model's
            `metrics` first, the rest by name.
        """
        source, _ = source_for(self.model, x, y, sample_weight, batch_size=batch_size, steps=steps)
        feed = Feed(source, steps)
        listeners = self._listeners(callbacks, verbose, 1, feed)
        results = self._test_epoch(feed, listeners)
        return results if return_dict else self._in_order(results)

    def _test_epoch(self, feed: Feed, listeners: CallbackList) -> dict[str, float]:
        """Measure one epoch, in larger batches where neither the result nor a callback can tell."""
        self.model.stop_evaluating = False
        listeners.on_test_begin()
        test: TestStep | OwnStep | None = None
        source, times = self._merged(feed, listeners)
        for index, batch in enumerate(source):
            step = index * times
            listeners.on_test_batch_begin(step)
            if test is None:
                scores = self._scores_for(batch, "test_step")
                scores.reset()
                test = self._test_step(scores)
            test(batch)
            last = (
                step + times - 1
                if feed.source.steps is None
                else min(step + times, feed.source.steps) - 1
            )
            listeners.on_test_batch_end(last, self._batch_logs(batch.size))
            if self.model.stop_evaluating:
                break
        if test is None:
            raise ConfigError(Text("There is no data to evaluate on.", "没有可用于评估的数据。"))
        results = self._logs()
        listeners.on_test_end(results)
        return dict(results)

    def _merged(self, feed: Feed, listeners: CallbackList) -> tuple[Any, int]:
        hooks = ("on_test_batch_begin", "on_test_batch_end")
        watched = any(listeners.watches_each(hook) for hook in hooks)
        if feed.steps is None and not watched:
            larger, times = merged(self.model, feed.source)
            if times > 1 and not self._batch_size_matters(feed.source):
                return larger.batches(0), times
        return feed.epoch(0), 1

    def _batch_size_matters(self, source: Source) -> bool:
        first = next(source.batches(0))
        return self._scores_for(first, "test_step").batch_size_matters

    # --- single batches -------------------------------------------------------------------------------------------

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One optimizer step on these samples; the loss, or loss and metrics, of before it."""
        batch = to_batch(self.model, x, y, sample_weight, class_weight=class_weight)
        scores = self._scores_for(batch, "train_step")
        scores.reset()
        self._train_step(scores)(batch)
        results = dict(self._logs())
        return results if return_dict else self._in_order(results)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """The loss, or loss and metrics, on these samples."""
        batch = to_batch(self.model, x, y, sample_weight)
        scores = self._scores_for(batch, "test_step")
        scores.reset()
        self._test_step(scores)(batch)
        results = dict(self._logs())
        return results if return_dict else self._in_order(results)

    # --- parts ----------------------------------------------------------------------------------------------------

    def _draw_order_seed(self) -> int:
        if self.order_seed is not None:
            return self.order_seed
        return int(torch.randint(0, 1 << 31, ()))

    def _validation_feed(
        self, held_out: Source | None, data: Any, batch_size: int | None, steps: int | None
    ) -> Feed | None:
        if data is None:
            return None if held_out is None else Feed(held_out, steps, restarts=True)
        is_tuple = isinstance(data, (tuple, list))
        x, y, weight = unpack(data) if is_tuple else (data, None, None)
        source, _ = source_for(self.model, x, y, weight, batch_size=batch_size, steps=steps)
        return Feed(source, steps, restarts=True)

    def _listeners(
        self, callbacks: Any, verbose: Verbose, epochs: int, feed: Feed, *, history: bool = False
    ) -> CallbackList:
        if verbose not in ("auto", 0, 1, 2, 3):
            raise ConfigError(
                Text(
                    f'verbose is 0 (silent), 1 (a bar), 2 (a line) or "auto", got {verbose!r}.',
                    f"verbose 应为 0（静默）、1（进度条）、2（每轮一行）或“auto”，实际为 {verbose!r}。",
                ),
                field="verbose",
            )
        if isinstance(callbacks, CallbackList):
            return callbacks
        return CallbackList(
            callbacks,
            add_history=history,
            add_progbar=verbose != 0,
            model=self.model,
            verbose=verbose,
            epochs=epochs,
            steps=feed.steps_per_epoch,
        )

    def _train_step(self, scores: Scores | OwnScores, planned: float = 1) -> TrainStep | OwnStep:
        if isinstance(scores, OwnScores):
            return OwnStep(self.model, scores, "train_step")
        captures = self._may_capture and planned >= captured.WORTH_STEPS
        last = self._last_step
        if captures and last is not None and last.goes_on(scores, self.optimizer):
            return last
        step = TrainStep(
            self.model,
            scores,
            self.optimizer,
            jit_compile=self._jit_compile,
            capture=captures,
            known=self._captured,
        )
        self._last_step = step
        self._captured = step.captured or self._captured
        return step

    def _test_step(self, scores: Scores | OwnScores) -> TestStep | OwnStep:
        if isinstance(scores, OwnScores):
            return OwnStep(self.model, scores, "test_step")
        return TestStep(self.model, scores, jit_compile=self._jit_compile)

    def _scores_for(self, batch: Batch, step: str) -> Scores | OwnScores:
        """The scores of a step, which may be the model's own."""
        if self.model.has_own(step) or self._has_attached:
            self._current = OwnScores(self.model)
        else:
            self._current = self._compiled_scores_for(batch)
        return self._current

    def _compiled_scores_for(self, batch: Batch) -> Scores:
        """The scores for such targets; their shapes decide what "accuracy" means."""
        shapes = tuple((None, *target.shape[1:]) for target in batch.targets)
        if self._scores is None or shapes != self._scored_shapes:
            given = self.own.arguments_by_output()
            adds_losses = given["loss"] is None and may_add_losses(self.model)
            is_watched = given["metrics"] or given["weighted_metrics"]
            if len(shapes) != len(self.model.outputs) and (shapes or is_watched or not adds_losses):
                raise ConfigError(
                    Text("Targets are needed: pass y.", "需要目标：请传入 y。"), field="y"
                )
            self._scores = Scores(
                outputs_of(self.model),
                shapes,
                given["loss"],
                given["loss_weights"],
                given["metrics"],
                given["weighted_metrics"],
                masked=self.model.program(training=False, logits=True).has_extras,
                needs_loss=not adds_losses,
                nest=self.model.output_nest,
            )
            self._scored_shapes = shapes
        self._scores.check_weights(batch)
        return self._scores

    def _batch_logs(self, size: int) -> BatchLogs:
        scores = self._current
        assert scores is not None
        return BatchLogs(scores.readers, scores.latest, size)

    def _logs(self) -> EpochLogs:
        assert self._current is not None
        return EpochLogs(self._current.results())

    def _in_order(self, results: dict[str, float]) -> Any:
        """As Keras returns them: what bears the name of a metric in the order of the metrics, then the rest by name."""
        names: list[str] = []
        for metric in self.model.metrics:
            parts = metric.metrics if isinstance(metric, CompiledMetrics) else [metric]
            names.extend(str(part.name) for part in parts)
        rest = sorted(set(results) - set(names))
        values = [results[name] for name in (*names, *rest) if name in results]
        return values[0] if len(values) == 1 else values


def scaled(optimizer: Optimizer) -> Optimizer:
    """The optimizer with a `LossScaleOptimizer` around it, unless it is one."""
    if isinstance(optimizer, optimizers.LossScaleOptimizer):
        return optimizer
    return optimizers.LossScaleOptimizer(optimizer, name="loss_scale_optimizer")


def _is_due(epoch: int, frequency: Any) -> bool:
    """Whether an epoch (from 0) ends with a validation."""
    if isinstance(frequency, int) and frequency > 0:
        return (epoch + 1) % frequency == 0
    if isinstance(frequency, Collection) and not isinstance(frequency, str):
        return epoch + 1 in frequency
    raise ConfigError(
        Text(
            f"validation_freq is a number of epochs, or a list of the epochs that end with one; got {frequency!r}.",
            f"validation_freq 应为轮数，或需要验证的轮次列表；实际为 {frequency!r}。",
        ),
        field="validation_freq",
    )


def _check_names(loss: Any, *watched: Any) -> None:
    """Raise for an unknown name at once, not when there is data."""
    for name in _names_in(loss):
        if name.lower() not in CROSSENTROPY:
            losses.LOSSES.get(name)
    for name in _names_in(watched):
        if name.lower() not in (*ACCURACY, *CROSSENTROPY):
            metrics.METRICS.get(name)


def _names_in(given: Any) -> list[str]:
    if isinstance(given, str):
        return [given]
    if isinstance(given, Mapping):
        if {"class_name", "type"} & set(given):
            return []
        return [name for value in given.values() for name in _names_in(value)]
    if isinstance(given, (list, tuple)):
        return [name for value in given for name in _names_in(value)]
    return []
