import pytest
import torch
from torch.testing import assert_close

from lamina.plan.recording import CannotCapture, record
from lamina.plan.tensor_calls import write_out


def loss_and_gradients(function, weights, given):
    leaves = [w.detach().requires_grad_() for w in weights]
    loss = function(*leaves, *given)
    return loss.detach(), *torch.autograd.grad(loss, leaves)


def captured(function, weights, given):
    """The written function, and where it puts the gradients."""

    def step(*tensors):
        leaves, rest = tensors[: len(weights)], tensors[len(weights) :]
        with torch.enable_grad():
            loss = function(*leaves, *rest)
            return (loss.detach(), *torch.autograd.grad(loss, leaves, allow_unused=True))

    leaves = [w.detach().requires_grad_() for w in weights]
    places = [torch.full_like(w, torch.nan) for w in weights]
    return write_out(record(step, [*leaves, *given]), weights, places), places


def linear(w, b, x):
    return torch.nn.functional.linear(x, w, b).relu().square().mean()


def turned(w, x):
    return (x @ w.t().t()).tanh().sum()


def convolution(w, x):
    return torch.nn.functional.conv2d(x, w).relu().sum()


def used_twice(w, x):
    return (torch.mm(torch.mm(x, w), w) * 0.1).square().sum()


def with_constants(w, x):
    return (torch.mm(x, w) * torch.arange(4.0) + torch.ones_like(x)).exp().mean()


def relu_of_a_sum(w, b, x):
    hidden = torch.nn.functional.linear(x, w, b)
    return ((hidden * 2 + hidden).relu() + x.relu()).relu().square().mean()


def relu_of_what_is_needed(w, x):
    """The gradient wants what went into the relu, and a view of it is added behind it."""
    hidden = torch.mm(x, w)
    return (hidden.relu() + hidden.t().reshape(5, 4) + hidden.sigmoid()).square().mean()


def pooled(w, x):
    hidden = torch.nn.functional.max_pool2d(torch.nn.functional.conv2d(x, w), 2).relu()
    return torch.nn.functional.mse_loss(hidden.flatten(1), torch.ones(2, 8))


def activated(w, x):
    """Activations whose gradients want their result, and those whose gradients want what went in."""
    F = torch.nn.functional
    hidden = torch.mm(F.hardtanh(torch.mm(torch.mm(x, w).sigmoid(), w)), w).tanh()
    for function in (F.silu, F.gelu, F.elu, F.leaky_relu, F.hardsigmoid, F.relu6):
        hidden = function(torch.mm(hidden, w)) * 1.5
    return (hidden * hidden).mean()


CASES = {
    "activations": (activated, [(4, 4)], (5, 4)),
    "a gradient written by the product that makes it": (linear, [(3, 4), (3,)], (5, 4)),
    "weights turned twice": (turned, [(4, 3)], (5, 4)),
    "a gradient that is copied": (convolution, [(2, 3, 2, 2)], (2, 3, 5, 5)),
    "a gradient that is a sum": (used_twice, [(4, 4)], (5, 4)),
    "constants": (with_constants, [(4, 4)], (5, 4)),
    "results that are written over": (relu_of_a_sum, [(4, 4), (4,)], (5, 4)),
    "results that are needed again": (relu_of_what_is_needed, [(4, 4)], (5, 4)),
    "images": (pooled, [(2, 3, 2, 2)], (2, 3, 5, 5)),
}


@pytest.mark.parametrize("case", CASES)
def test_gives_the_same_bits_as_autograd_for_data_it_has_not_seen(case):
    function, shapes, form = CASES[case]
    torch.manual_seed(0)
    weights = [torch.randn(shape) for shape in shapes]
    step, places = captured(function, weights, [torch.randn(form)])
    for weight in weights:
        weight.add_(torch.randn_like(weight))  # in place: the function reads them where they are
    x = torch.randn(form)
    (loss,) = step(x)
    expected = loss_and_gradients(function, weights, [x])
    assert_close([loss, *places], list(expected), rtol=0, atol=0)


def test_an_elementwise_call_takes_no_memory_of_its_own():
    step, _ = captured(linear, [torch.randn(3, 4), torch.randn(3)], [torch.randn(5, 4)])
    assert step.__globals__.keys() >= {"c0"}
    used = list(step.__globals__.values())
    assert any(value is torch.relu_ for value in used)
    assert not any(value is torch.relu for value in used)


def test_a_result_that_is_given_back_is_not_written_over():
    def step(w, x):
        with torch.enable_grad():
            hidden = torch.mm(x, w)
            loss = hidden.relu().sum()
            return hidden.detach(), loss.detach(), *torch.autograd.grad(loss, [w])

    weight, x = torch.randn(3, 2), torch.randn(4, 3)
    run = write_out(
        record(step, [weight.detach().requires_grad_(), x]), [weight], [torch.empty(3, 2)]
    )
    assert_close(run(x)[0], torch.mm(x, weight), rtol=0, atol=0)


def test_writes_in_place_on_what_is_given():
    statistics = torch.zeros(3)

    def step(w, held, x):
        with torch.enable_grad():
            held.add_(x.mean(0))
            loss = (x @ w).sum()
            return loss.detach(), *torch.autograd.grad(loss, [w])

    weight, x = torch.randn(3, 2), torch.randn(4, 3)
    recording = record(step, [weight.detach().requires_grad_(), statistics.clone(), x])
    run = write_out(recording, [weight, statistics], [torch.empty(3, 2)])
    run(x)
    run(x)
    assert_close(statistics, 2 * x.mean(0))


def test_draws_random_numbers_anew_at_each_call():
    def noisy(w, x):
        return (torch.nn.functional.dropout(x, 0.5) @ w).sum()

    weight, x = torch.randn(8, 2), torch.randn(64, 8)
    step, _ = captured(noisy, [weight], [x])
    assert step(x)[0] != step(x)[0]


def test_refuses_a_computation_that_reads_a_value():
    with pytest.raises(CannotCapture):
        record(lambda x: [x * float(x.sum())], [torch.ones(3)])


def test_refuses_a_weight_without_a_gradient():
    with pytest.raises(CannotCapture, match="weight"):
        captured(
            lambda w, unused, x: (x @ w).sum(),
            [torch.ones(3, 1), torch.ones(2)],
            [torch.ones(2, 3)],
        )


def rectified_twice(w, x):
    """The second relu is also given back, so it stays before its pool."""
    F = torch.nn.functional
    hidden = F.max_pool2d(F.conv2d(x, w).relu(), 2)
    kept = F.conv2d(hidden, w[:1, :1]).relu()
    return F.max_pool2d(kept, 2), kept


def test_relu_goes_behind_a_pool_where_nobody_else_wants_it():
    w, x = torch.randn(1, 1, 3, 3), torch.randn(2, 1, 24, 24)
    with torch.no_grad():
        call = write_out(record(rectified_twice, [w, x]), [w], [])
        done = [str(one.target).split(".")[1].rstrip("_") for one in record(call, [x]).calls]
    pool = "max_pool2d_with_indices"
    assert [name for name in done if name in ("relu", pool)] == [pool, "relu", "relu", pool]
    with torch.inference_mode():
        for _ in range(2):
            other = torch.randn_like(x)
            for found, wanted in zip(call(other), rectified_twice(w, other), strict=True):
                assert torch.equal(found, wanted)
