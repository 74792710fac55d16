"""Passes over a program: less work, the same values and gradients."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, fx

from lamina.plan.layout import optimize

POOLED = {
    "max_pool1d": ((2, 3, 8), lambda x: F.max_pool1d(x, 2)),
    "max_pool2d": ((2, 3, 8, 8), lambda x: F.max_pool2d(x, (3, 3), stride=(2, 2), padding=1)),
    "max_pool3d": ((2, 3, 4, 4, 4), lambda x: F.max_pool3d(x, 2)),
    "amax": ((2, 3, 8), lambda x: x.amax((2,), keepdim=False)),
    "amax of a turned": ((2, 3, 8), lambda x: x.permute((0, 2, 1)).amax((1,), keepdim=False)),
}


def program(function: Any) -> fx.GraphModule:
    traced = fx.symbolic_trace(function)
    optimize(traced.graph)
    traced.recompile()
    return traced


def targets(traced: fx.GraphModule) -> list[Any]:
    return [node.target for node in traced.graph.nodes if node.op != "placeholder"]


@pytest.mark.parametrize("name", POOLED)
def test_relu_goes_behind_what_takes_the_largest(name: str) -> None:
    shape, pool = POOLED[name]

    def plain(x: Tensor) -> Tensor:
        return pool(F.relu(x)) * 2

    quick = program(plain)
    assert targets(quick).index(F.relu) == len(targets(quick)) - 3  # then the product, the output
    # Few different values, so that many are equal, among them zeros and negative ones only.
    values = torch.randint(-3, 3, shape, generator=torch.Generator().manual_seed(1)).float()
    values[0, 0] = -1.0
    values[0, 1] = 0.0
    results, gradients = [], []
    for function in (plain, quick):
        x = values.clone().requires_grad_()
        y = function(x)
        results.append(y)
        gradients.append(torch.autograd.grad((y * torch.arange(y.numel()).view_as(y)).sum(), x)[0])
    assert torch.equal(*results)
    assert torch.equal(*gradients)
    assert gradients[0].any()


def test_relu_stays_where_something_else_uses_it() -> None:
    def twice(x: Tensor) -> Tensor:
        rectified = F.relu(x)
        return F.max_pool1d(rectified, 2).sum() + rectified.mean()

    assert targets(program(twice))[0] is F.relu


def test_turns_that_meet_cancel() -> None:
    def turned(x: Tensor) -> Tensor:
        return F.relu(x.permute((0, 2, 1))).permute((0, 2, 1))

    assert targets(program(turned)) == [F.relu, "output"]


@pytest.mark.parametrize("orders", [((0, 2, 1), (1, 0, 2)), ((1, 0, 2), (2, 1, 0))])
def test_turns_that_do_not_cancel_become_one(orders: tuple[Any, Any]) -> None:
    def turned(x: Tensor) -> Tensor:
        return x.permute(orders[0]).permute(orders[1])

    x = torch.arange(24.0).reshape(2, 3, 4)
    quick = program(turned)
    assert targets(quick) == ["permute", "output"]
    assert torch.equal(quick(x), turned(x))


def test_what_follows_an_output_is_computed_from_it() -> None:
    """A turn that cancels inside must not part an output from what comes after it."""

    def two(x: Tensor) -> tuple[Tensor, Tensor]:
        features = F.relu(x.permute((0, 2, 3, 1)))
        return features, torch.tanh(features).permute((0, 3, 1, 2)).sum((2, 3))

    x = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(1))
    gradients = []
    for function in (two, program(two)):
        features, result = function(x.clone().requires_grad_())
        gradients.append(torch.autograd.grad(result.sum(), features)[0])
    assert torch.equal(*gradients)
