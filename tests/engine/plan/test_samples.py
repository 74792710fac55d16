"""What is told apart: computations that treat each sample by itself, and those in which samples meet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.plan.recording import CannotCapture, record
from lamina.plan.samples import keeps_apart, widest

W = torch.rand(6, 5)
B = torch.rand(5)
SQUARE = torch.rand(6, 6)
TABLE = torch.rand(10, 6)
COUNTER = torch.zeros(6)
TOKEN = torch.rand(1, 1, 6)

Function = Callable[[Tensor], Tensor]


def is_apart(function: Function, *shape: int, sizes: tuple[int, int] = (6, 10)) -> bool:
    """For batches of 6, as long as other axes are, and of 10."""
    recordings = []
    for size in sizes:
        with torch.no_grad():
            recordings.append(record(lambda x: [function(x)], [torch.rand(size, *shape)]))
    return keeps_apart(*recordings)


def attention(x: Tensor) -> Tensor:
    q = x.view(x.shape[0], 4, 2, 3).transpose(1, 2)
    return F.scaled_dot_product_attention(q, q, q).transpose(1, 2).reshape(x.shape[0], 4, 6)


def over_time(x: Tensor) -> Tensor:
    """Time first, all samples of a step in one product, then back."""
    turned = x.transpose(0, 1)
    rows = turned.reshape(-1, 6) @ SQUARE
    return rows.view(4, -1, 6).tanh().transpose(0, 1)[:, -1]


def loop(x: Tensor) -> Tensor:
    state = torch.zeros(x.shape[0], 6)
    for step in x.unbind(1):
        state = torch.tanh(step @ SQUARE + state)
    return state


def with_token(x: Tensor) -> Tensor:
    return torch.cat([TOKEN.expand(len(x), 1, 6), x], 1)


def written(x: Tensor) -> Tensor:
    y = x.clone()
    y[:, 1] += 2
    return y.relu_()


def between_samples(x: Tensor) -> Tensor:
    rows = x[None, None]
    return F.scaled_dot_product_attention(rows, rows, rows)[0, 0]


APART: dict[str, tuple[Function, tuple[int, ...]]] = {
    "rows times a matrix": (lambda x: x @ W + B, (6,)),
    "each step times a matrix": (lambda x: x @ W + B, (4, 6)),
    "a matrix that all multiply": (lambda x: SQUARE @ x, (6, 3)),
    "softmax along features": (lambda x: x.softmax(-1), (6,)),
    "norms of rows": (lambda x: x / x.norm(dim=1, keepdim=True), (6,)),
    "products within": (lambda x: x @ x.transpose(1, 2), (4, 6)),
    "attention": (attention, (4, 6)),
    "over time": (over_time, (4, 6)),
    "a loop with a state": (loop, (4, 6)),
    "a token before": (with_token, (4, 6)),
    "written in place": (written, (4, 6)),
    "images": (
        lambda x: F.max_pool2d(F.conv2d(x, torch.ones(2, 3, 3, 3)), 2).flatten(1),
        (3, 8, 8),
    ),
    "layer norm": (lambda x: F.layer_norm(x, (6,)), (4, 6)),
    "group norm": (lambda x: F.group_norm(x, 3), (6, 5)),
    "statistics learned": (lambda x: F.batch_norm(x, torch.zeros(6), torch.ones(6)), (6,)),
    "looked up": (lambda x: F.embedding((x * 9).long(), TABLE), (4,)),
    "largest first": (lambda x: x.sort(dim=1).values[:, :2], (6,)),
    "picked by each": (lambda x: x.gather(1, x.argsort(dim=1)), (6,)),
    "padded": (lambda x: F.pad(x, (1, 1)), (6,)),
    "one after the other along features": (lambda x: x.cumsum(1), (6,)),
    "the places of steps": (lambda x: x + torch.arange(6), (6,)),
}

MEETING: dict[str, tuple[Function, tuple[int, ...]]] = {
    "less the mean of the batch": (lambda x: x - x.mean(0), (6,)),
    "over the largest of all": (lambda x: x / x.max(), (6,)),
    "softmax along samples": (lambda x: x.softmax(0), (6,)),
    "norm of all": (lambda x: x / x.norm(), (6,)),
    "statistics of the batch": (lambda x: F.batch_norm(x, None, None, training=True), (6,)),
    "times how many there are": (lambda x: x * len(x), (6,)),
    "a number for each place": (lambda x: x + torch.arange(len(x))[:, None], (6,)),
    "less the first": (lambda x: x - x[:1], (6,)),
    "turned around": (lambda x: x.flip(0), (6,)),
    "moved on": (lambda x: x.roll(1, 0), (6,)),
    "moved on flat": (lambda x: x.roll(1), (6,)),
    "mixed": (lambda x: x[torch.arange(len(x) - 1, -1, -1)], (6,)),
    "added up along samples": (lambda x: x.cumsum(0), (6,)),
    "products of samples": (lambda x: (x @ x.t()) @ x, (6,)),
    "read across": (lambda x: x.t().reshape(len(x), 6), (6,)),
    "two as one": (lambda x: x.reshape(-1, 12).relu().reshape(-1, 6), (6,)),
    "time read as samples": (lambda x: x.transpose(0, 1).reshape(len(x), -1), (4, 6)),
    "attention between samples": (between_samples, (6,)),
    "noise": (lambda x: x + torch.rand(6), (6,)),
    "dropped": (F.dropout, (6,)),
    "counted": (lambda x: x + COUNTER.add_(1), (6,)),
    "a result for all": (lambda x: x.new_zeros(6), (6,)),
    "samples elsewhere": (lambda x: x.t(), (6,)),
    "of a matrix, when it fits": (lambda x: SQUARE @ x if len(x) == 6 else x, (6,)),
}  # fmt: skip


@pytest.mark.parametrize("name", APART)
def test_samples_are_treated_apart(name: str) -> None:
    function, shape = APART[name]
    assert is_apart(function, *shape)
    rows = torch.rand(8, *shape)
    alone = torch.cat([function(x) for x in rows.split(1)])
    torch.testing.assert_close(function(rows), alone)  # what is said is so


def refused(function: Function, shape: tuple[int, ...]) -> bool:
    try:
        return not is_apart(function, *shape)
    except CannotCapture:
        return True


@pytest.mark.parametrize("name", MEETING)
def test_samples_that_meet_are_noticed(name: str) -> None:
    function, shape = MEETING[name]
    assert refused(function, shape)


def test_what_is_as_long_as_the_batch_by_chance_is_no_batch() -> None:
    def position(x: Tensor) -> Tensor:
        return x + SQUARE[: len(x)]  # a row for each place in the batch

    assert not is_apart(position, 6, sizes=(2, 4))
    assert not is_apart(position, 6, sizes=(1, 6))


def test_the_largest_tensor_is_one_of_the_data() -> None:
    big = torch.rand(6, 4000)

    def narrow(x: Any) -> list[Tensor]:
        return [x @ (big.t().contiguous()[:5].t())]

    with torch.no_grad():
        assert widest(record(narrow, [torch.rand(8, 6)])) == 8 * 6
