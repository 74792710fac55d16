"""Predictions: the outputs of a model for data, without targets."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lamina.callbacks.callback_list import CallbackList
from lamina.errors import ConfigError
from lamina.text import Text
from lamina.training.adapters import source_for
from lamina.training.feed import Feed
from lamina.training.heap import keep_heap
from lamina.training.merging import merged
from lamina.training.own_forward import OwnForward
from lamina.training.own_steps import data_of
from lamina.training.protocols import TrainableModel
from lamina.training.sources import USUAL_BATCH_SIZE, Batch, to_batch
from lamina.tree import map_structure

Arrays = Any
"""One array, a list with one for each output, or the nest that a `predict_step` of the model's own gives."""


def predict(
    model: TrainableModel,
    x: Any,
    batch_size: int | None = None,
    verbose: Any = "auto",
    steps: int | None = None,
    callbacks: Any = None,
) -> Arrays:
    """Outputs of the model for all samples.

    Args:
        x: Arrays or tensors (a list or dict for several inputs), or anything that yields batches.
        batch_size: Samples per step at least; 32 when left out. Small samples run in larger batches.
        verbose: 0 silent, 1 a progress bar, 2 a line, "auto" a bar where there is a terminal.
        steps: Batches to read, when it is not all of them.
        callbacks: Callbacks with hooks for prediction.

    Returns:
        One array, or a list with one for each output.
    """
    is_own = model.has_own("predict_step")
    is_unseen = verbose == 0 and callbacks is None and steps is None and not is_own
    if is_unseen and _is_one_batch(x, batch_size) and model.keeps_samples_apart:
        model.stop_predicting = False
        return predict_on_batch(model, x)  # without what is for many
    source, _ = source_for(model, x, batch_size=batch_size, steps=steps)
    feed = Feed(source, steps)
    listeners = CallbackList(
        callbacks,
        add_progbar=verbose != 0,
        model=model,
        verbose=verbose,
        epochs=1,
        steps=feed.steps_per_epoch,
    )
    batches, times = feed.epoch(0), 1
    watched = any(map(listeners.watches_each, ("on_predict_batch_begin", "on_predict_batch_end")))
    is_one = steps is None and source.steps == 1
    may_merge = steps is None and not (is_one or watched or is_own or _keeps_states(model))
    if may_merge:
        larger, times = merged(model, source)
        batches = larger.batches(0) if times > 1 else batches
    step_of = _step_of(model, as_tuple=False, watched=watched)
    rows: list[Any] = []
    if model.stop_predicting:
        model.stop_predicting = False
    listeners.on_predict_begin()
    with torch.no_grad() if is_own else torch.inference_mode():
        for index, batch in enumerate(batches):
            step = index * times
            listeners.on_predict_batch_begin(step)
            outputs = step_of(batch)
            rows.append(outputs)
            last = step + times - 1 if source.steps is None else min(step + times, source.steps) - 1
            listeners.on_predict_batch_end(last, {"outputs": outputs})
            if model.stop_predicting:
                break
    listeners.on_predict_end()
    if not rows:
        raise ConfigError(Text("There is no data to predict.", "没有可预测的数据。"), field="x")
    if isinstance(rows[0], Tensor):
        return _joined(*rows)
    return map_structure(_joined, *rows)


def predict_on_batch(model: TrainableModel, x: Any) -> Arrays:
    """Outputs of the model for these samples, as one batch."""
    if model.device.type == "cpu":
        keep_heap()
    batch = to_batch(model, x)
    with torch.no_grad() if model.has_own("predict_step") else torch.inference_mode():
        return map_structure(_as_array, _step_of(model, as_tuple=True)(batch))


def _step_of(
    model: TrainableModel, *, as_tuple: bool, watched: bool = False
) -> Callable[[Batch], Any]:
    """What gives the outputs of a batch: the model's own `predict_step`, or its program.

    Args:
        as_tuple: Whether a step of one's own is handed (x,), as `predict_on_batch` does, and not x.
        watched: Whether callbacks may change something between two batches.
    """
    if model.has_own("predict_step"):
        return partial(_own_step, model, as_tuple)
    program: Callable[..., tuple[Tensor, ...]] = model.program(training=False)
    if not (watched or model.keeps_samples_apart or model.run_eagerly):
        own = OwnForward.of(program)
        program = own if own is not None and own.is_own else program

    def step(batch: Batch) -> Any:
        outputs = program(*batch.inputs)
        return outputs[0] if len(outputs) == 1 else list(outputs)

    return step


def _own_step(model: Any, as_tuple: bool, batch: Batch) -> Any:
    data = data_of(model, batch)
    return model.predict_step(data if as_tuple or len(data) > 1 else data[0])


def _is_one_batch(x: Any, batch_size: int | None) -> bool:
    """Whether it is certain that one batch holds all samples of an array."""
    size = USUAL_BATCH_SIZE if batch_size is None else batch_size
    if not (isinstance(x, (np.ndarray, Tensor)) and x.ndim > 0 and type(size) is int):
        return False
    return 0 < x.shape[0] <= size


def _keeps_states(model: Any) -> bool:
    """Whether a layer goes on from batch to batch, so that those of the caller must be kept."""
    return any(module.__dict__.get("stateful") for module in model.modules())


def _joined(*parts: Tensor) -> np.ndarray[Any, Any]:
    return _as_array(torch.cat(parts) if parts[1:] else parts[0])


def _as_array(output: Tensor) -> np.ndarray[Any, Any]:
    # numpy has no bfloat16
    output = output.detach()
    return (output.float() if output.dtype == torch.bfloat16 else output).cpu().numpy()
