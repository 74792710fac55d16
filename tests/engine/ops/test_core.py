"""Functions around tensors against real Keras: conversion, loops, branches, custom gradients; what is left out."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

import lamina
from lamina import ops
from lamina.errors import NotSupportedError
from lamina.ops.core import FUNCTIONS

X = np.arange(6, dtype="float32").reshape(3, 2)
CALLS: dict[str, Any] = {
    "shape": lambda o: o.shape(o.ones((2, 3))),
    "dtype": lambda o: o.convert_to_tensor(np.ones(2, "int8")).dtype,
    "is_tensor": lambda o: [o.is_tensor(o.ones(2)), o.is_tensor(X), o.is_tensor(1)],
    "convert_to_tensor": lambda o: [o.convert_to_tensor(v) for v in (X, 1, 2.5, [1, 2.0], True, [[1], [2]])],
    "convert_to_numpy": lambda o: o.convert_to_numpy(o.ones((2, 2))).tolist(),
    "cond": lambda o: [o.cond(p, lambda: o.ones(2), lambda: o.zeros(2)) for p in (True, False)],
    "switch": lambda o: [o.switch(i, [o.add, o.subtract], 3.0, 1.0) for i in (0, 1, 5)],
    "while_loop": lambda o: [
        o.while_loop(lambda i, x: i < 5, lambda i, x: (i + 1, x * 2), (0, 1.0)),
        o.while_loop(lambda i: i < 5, lambda i: (i + 1,), (0,), maximum_iterations=2),
    ],
    "fori_loop": lambda o: o.fori_loop(1, 4, lambda i, x: x + i, o.zeros(2)),
    "scan": lambda o: [
        o.scan(lambda c, x: (c + x, c * 2), o.zeros(2), o.convert_to_tensor(X), reverse=reverse)
        for reverse in (False, True)
    ] + [o.scan(lambda c, _: (c + 1, c), o.zeros(()), length=3)],
    "associative_scan": lambda o: [
        o.associative_scan(lambda a, b: a + b, o.convert_to_tensor(X), reverse=r, axis=a)
        for r in (False, True) for a in (0, 1)
    ],
    "unique": lambda o: o.unique(o.convert_to_tensor(np.array([3, 1, 3])), return_counts=True),
    "map": lambda o: o.map(lambda x: x * 2 + 1, o.convert_to_tensor(X)),
    "vectorized_map": lambda o: o.vectorized_map(lambda x: o.sum(x) * x, o.convert_to_tensor(X)),
    "vectorize": lambda o: o.vectorize(lambda a, b: a * b + 1)(o.convert_to_tensor(X), o.convert_to_tensor(X[0])),
}  # fmt: skip


def same(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, (list, tuple)):
        assert type(ours) is type(theirs)
        for a, b in zip(ours, theirs, strict=True):
            same(a, b)
    elif isinstance(theirs, torch.Tensor):
        assert ours.dtype == theirs.dtype
        torch.testing.assert_close(ours, theirs)
    else:
        assert ours == theirs


@pytest.mark.parametrize("name", CALLS)
def test_equals_keras(name: str) -> None:
    same(CALLS[name](ops), CALLS[name](keras.ops))


def test_every_function_is_compared() -> None:
    assert set(FUNCTIONS) <= set(CALLS) | {"custom_gradient"}


def test_custom_gradient() -> None:
    @ops.custom_gradient
    def times(x: Any, y: Any) -> Any:
        return x * y, lambda x, y, upstream: (upstream * 10, upstream * x)

    x, y = torch.tensor(2.0, requires_grad=True), torch.tensor(3.0, requires_grad=True)
    times(x, y).backward()
    assert x.grad is not None
    assert y.grad is not None
    assert (x.grad.item(), y.grad.item()) == (10, 2)
    assert lamina.autodiff.grad(lambda t: times(t, t))(4.0).item() == 14


def test_symbolic_tensors_are_asked_but_not_looped_over() -> None:
    x = lamina.Input((3,), dtype="float32")
    assert ops.shape(x) == (None, 3)
    assert not ops.is_tensor(x)
    assert ops.convert_to_tensor(x) is x
    with pytest.raises(NotSupportedError, match=r"ops\.map needs values"):
        ops.map(lambda t: t, x)
