"""Weights and their gradients in one block of memory each, so that an update is one pass over it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar, Self

import torch
from torch import Tensor

from lamina.optimizers.slots import views_of, zeros_for


class FlatWeights:
    """Weights that have moved into one block, and a block of the same form for their gradients.

    The parameters stay the same objects; only their memory moves. Between two weights the block may have a few unused
    elements, which stay zero.

    Args:
        weights: Leaves of one type on one device, dense in memory.

    Attributes:
        gradients: One for each weight, views of `gradient`. What is in them counts within a step only.
    """

    last_move: ClassVar[object] = object()
    """Another object each time that weights move."""

    def __init__(self, weights: Sequence[Tensor]) -> None:
        FlatWeights.last_move = object()
        slot = zeros_for(weights)
        self.flat = slot.flat
        self._weights = list(weights)
        self._views = slot.views
        with torch.no_grad():
            for weight, view in zip(weights, slot.views, strict=True):
                view.copy_(weight)
                weight.data = view
        self.gradient = torch.zeros_like(slot.flat)
        self.gradients = views_of(self.gradient, weights)

    @contextmanager
    def gradients_given_back(self) -> Iterator[None]:
        """Between steps, for what makes gradients of its own: they need not be in memory twice."""
        storage = self.gradient.untyped_storage()
        size = storage.nbytes()
        storage.resize_(0)
        try:
            yield
        finally:
            storage.resize_(size)
            self.gradient.zero_()

    @classmethod
    def of(cls, weights: Sequence[Tensor]) -> Self | None:
        """The block of these weights; None when they cannot share one."""
        kinds = {(w.dtype, w.device) for w in weights}
        addresses = {w.data_ptr() for w in weights}
        if len(kinds) != 1 or len(addresses) != len(weights) or not all(map(_is_dense, weights)):
            return None
        return cls(weights)

    def holds(self, weights: Sequence[Tensor]) -> bool:
        """Whether these are the weights, and they are still here."""
        return len(weights) == len(self._weights) and all(
            one is weight and one.data_ptr() == view.data_ptr() and one.stride() == view.stride()
            for one, weight, view in zip(weights, self._weights, self._views, strict=True)
        )


def _is_dense(weight: Tensor) -> bool:
    """Whether the elements fill their memory without gaps or repetition, in some order of the axes."""
    size = 1
    for stride, length in sorted(zip(weight.stride(), weight.shape, strict=True)):
        if length > 1:
            if stride != size:
                return False
            size *= length
    return weight.is_leaf and weight.layout is torch.strided and weight.numel() > 0
