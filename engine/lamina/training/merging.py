"""Evaluation and prediction in larger batches than were asked for, where the outputs cannot tell."""

from __future__ import annotations

from lamina.training.own_forward import OwnForward
from lamina.training.protocols import TrainableModel
from lamina.training.sources import ArraySource, Source


def merged(model: TrainableModel, source: Source) -> tuple[Source, int]:
    """The same samples in larger batches, and how many of those asked for make one of them.

    Of layers of the library it is known that they treat each sample by itself. What users wrote is recorded with
    batches of both sizes, and what it does is read.
    """
    if model.keeps_samples_apart:
        return source.merged(model.widest)
    if model.run_eagerly:
        return source, 1
    own = OwnForward.of(model.program(training=False))
    if own is None or not isinstance(source, ArraySource):
        return source, 1
    widest = own.widest(next(source.batches(0)), source)
    return (source, 1) if widest is None else source.merged(widest)
