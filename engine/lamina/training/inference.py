"""Predictions: the outputs of a model for data, without targets."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from lamina.callbacks.callback_list import CallbackList
from lamina.errors import ConfigError
from lamina.text import Text
from lamina.training.adapters import source_for
from lamina.training.feed import Feed
from lamina.training.protocols import TrainableModel
from lamina.training.sources import to_batch

Arrays = np.ndarray[Any, Any] | list[np.ndarray[Any, Any]]


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
    program = model.program(training=False)
    batches, times = feed.epoch(0), 1
    watched = any(map(listeners.watches_each, ("on_predict_batch_begin", "on_predict_batch_end")))
    is_one = steps is None and source.steps == 1
    if steps is None and not (is_one or watched or _keeps_states(model)):
        larger, times = source.merged()
        batches = larger.batches(0)
    rows: list[tuple[Tensor, ...]] = []
    listeners.on_predict_begin()
    with torch.inference_mode():
        for index, batch in enumerate(batches):
            step = index * times
            listeners.on_predict_batch_begin(step)
            outputs = program(*batch.inputs)
            rows.append(outputs)
            last = step + times - 1 if source.steps is None else min(step + times, source.steps) - 1
            listeners.on_predict_batch_end(
                last, {"outputs": outputs[0] if len(outputs) == 1 else outputs}
            )
    listeners.on_predict_end()
    if not rows:
        raise ConfigError(Text("There is no data to predict.", "没有可预测的数据。"), field="x")
    return _as_arrays(
        tuple(
            torch.cat(column) if len(column) > 1 else column[0]
            for column in zip(*rows, strict=True)
        )
    )


def predict_on_batch(model: TrainableModel, x: Any) -> Arrays:
    """Outputs of the model for these samples, as one batch."""
    batch = to_batch(model, x)
    with torch.inference_mode():
        return _as_arrays(model.program(training=False)(*batch.inputs))


def _keeps_states(model: Any) -> bool:
    """Whether a layer goes on from batch to batch, so that those of the caller must be kept."""
    inner = (*getattr(model, "layers", ()), *getattr(model, "sublayers", ()))
    return any(getattr(one, "stateful", False) or _keeps_states(one) for one in inner)


def _as_arrays(outputs: tuple[Tensor, ...]) -> Arrays:
    # numpy has no bfloat16
    arrays = [
        (output.float() if output.dtype == torch.bfloat16 else output).cpu().numpy()
        for output in outputs
    ]
    return arrays[0] if len(arrays) == 1 else arrays
