"""A run from its documents: a graph and a training document make a fitted model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch

import lamina.datasets  # noqa: F401 - fills the registry
from lamina.callbacks import Callback, TerminateOnNaN
from lamina.checking import check
from lamina.datasets.catalogue import DATASETS, DatasetSpec, Splits
from lamina.devices import device
from lamina.dtype_policies import following
from lamina.graph.document import Graph
from lamina.losses.loss import TargetKind
from lamina.model import Model
from lamina.problems import GraphError
from lamina.seeds import set_random_seed
from lamina.training.choices import by_output, make_callback, make_loss, make_metric, make_optimizer
from lamina.training.document import TrainingDocument
from lamina.training.encoding import encode_targets
from lamina.training.numbers import PRECISIONS

Part = Literal["train", "validation", "test"]
Array = np.ndarray[Any, Any]

SMALL_STEP_MACS = 8_000_000
"""Forward multiply-accumulates of a step up to which one thread is as fast as two (measured: 4.6 million 0.68 of the
time, 1.6 million 0.97, 18 million 1.26)."""


@dataclass(frozen=True)
class Scores:
    """What a model scores on some samples.

    Args:
        metrics: By log name.
        n: Number of samples.
    """

    loss: float
    metrics: Mapping[str, float]
    n: int


def train(
    graph: Graph | Mapping[str, Any],
    training: TrainingDocument | Mapping[str, Any],
    *,
    callbacks: Sequence[Callback] = (),
    on_download: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Model:
    """Train the model of a graph as a training document says.

    Args:
        callbacks: Called besides those of the document.
        on_download: Called with (bytes received, bytes in all) while the data set is downloaded.
        cancelled: Asked during the download; True stops it.

    Returns:
        The fitted model; `model.history` holds the logs. After `model.stop_training` it is the model of that step.

    Raises:
        GraphError: With every problem of the documents.
        DatasetError: If the data cannot be had.
        NonFiniteLossError: If the loss becomes NaN or infinite.
    """
    report = check(graph, training)
    if report.errors:
        raise GraphError(report.errors)
    document = TrainingDocument.parse(training)
    spec = DATASETS.get(document.dataset.id)
    if not spec.is_on_disk():
        spec.download(on_download or _ignore, cancelled or _never)
    with device(document.device):
        return _fitted(graph, document, spec, callbacks, macs=report.totals["macs"])


def _fitted(
    graph: Graph | Mapping[str, Any],
    document: TrainingDocument,
    spec: DatasetSpec,
    callbacks: Sequence[Callback],
    *,
    macs: int,
) -> Model:
    """`train`, with data that is there, on the device of weights and tensors.

    Args:
        macs: Multiplications of one sample.
    """
    set_random_seed(document.seed)
    with following(PRECISIONS[document.precision]):
        model = Model.from_graph(graph, seed=document.seed)
    compile_for(model, document)
    x, y = _samples(spec, spec.load(), ("train", "validation"), document, model)
    _adapt(model, x[: int(np.floor(len(x) * (1.0 - document.validation.split)))])
    trainer = model.need_trainer()
    trainer.order_seed = document.seed
    with _enough_threads(macs * document.batch_size):
        trainer.fit(
            x,
            y,
            batch_size=document.batch_size,
            epochs=document.epochs,
            verbose=0,
            callbacks=[
                *map(make_callback, document.callbacks),
                *callbacks,
                TerminateOnNaN(raise_error=True),
            ],
            validation_split=document.validation.split,
            shuffle=document.shuffle,
        )
    return model


@contextmanager
def _enough_threads(macs: int) -> Iterator[None]:
    """One thread for small steps: more gain nothing, and wait for each other while anything else wants the cores.

    It depends on the documents only, because sums come out differently with another number of threads.

    Args:
        macs: Multiply-accumulate operations of a batch, forward.
    """
    threads = torch.get_num_threads()
    if macs < SMALL_STEP_MACS:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def evaluate(
    model: Model,
    training: TrainingDocument | Mapping[str, Any],
    split: Part = "test",
) -> Scores:
    """Loss and metrics of a model on a part of the data that a training document names.

    Args:
        model: Compiled or not; the document's loss and metrics count.
        split: "validation" is the part that training with this document does not see.
    """
    document = TrainingDocument.parse(training)
    spec = DATASETS.get(document.dataset.id)
    compile_for(model, document)
    x, y = _samples(spec, spec.load(), (split,), document, model)
    results = model.evaluate(x, y, batch_size=document.batch_size, verbose=0, return_dict=True)
    return Scores(results.pop("loss"), results, len(x))


def _adapt(model: Model, x: Array) -> None:
    """Let the layers that learn from data before training see what is trained on, as it reaches them.

    They come in the order of the graph: what one behind another sees has passed the first.
    """
    for layer in model.layers:
        field = layer.learned_from_data
        if field is None or getattr(layer, field) is not None:
            continue
        before = layer.input
        is_first = any(before is start for start in model.inputs)
        layer.adapt(x if is_first else Model(model.inputs, before).predict(x, verbose=0))


def compile_for(model: Model, document: TrainingDocument) -> None:
    """Compile a model with the loss, metrics and optimizer of a training document."""
    loss = {name: make_loss(choice) for name, choice in by_output(document.loss).items()}
    watched = {
        name: [make_metric(choice) for choice in choices]
        for name, choices in by_output(document.metrics).items()
    }
    model.compile(
        optimizer=make_optimizer(document.optimizer),
        loss=loss.get(None, loss),
        metrics=watched.get(None, watched),
    )


def _samples(
    spec: DatasetSpec,
    splits: Splits,
    parts: Iterable[Part],
    document: TrainingDocument,
    model: Model,
) -> tuple[Array, Array]:
    """Inputs and targets of some parts, as training sees them."""
    cut = int(np.floor(len(splits.x_train) * (1.0 - document.validation.split)))
    x_of = {
        "train": splits.x_train[:cut],
        "validation": splits.x_train[cut:],
        "test": splits.x_test,
    }
    y_of = {
        "train": splits.y_train[:cut],
        "validation": splits.y_train[cut:],
        "test": splits.y_test,
    }
    x = np.concatenate([x_of[part] for part in parts])
    y = np.concatenate([y_of[part] for part in parts])
    return spec.prepare(x), encode_targets(
        y, spec, _target_kind(document, model), model.outputs[0].shape[-1]
    )


def _target_kind(document: TrainingDocument, model: Model) -> TargetKind:
    choice = next(iter(by_output(document.loss).values()))
    loss = make_loss(choice)
    if isinstance(loss, str):  # "crossentropy": by the shape of the output
        return "binary" if model.outputs[0].shape[-1] == 1 else "index"
    return loss.target


def _ignore(received: int, total: int) -> None:
    """Nobody wants to know."""


def _never() -> bool:
    return False
