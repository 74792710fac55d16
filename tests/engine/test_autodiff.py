"""Gradients against torch.autograd and against formulas; on a GPU too where there is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import lamina
from lamina import ops
from lamina.autodiff import GradientTape, grad, hessian, jacobian, value_and_grad
from lamina.errors import ConfigError, ShapeError

DEVICES = [
    "cpu",
    pytest.param(
        "cuda",
        marks=[
            pytest.mark.gpu,
            pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"),
        ],
    ),
]

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "cube": lambda x: ops.power(x, 3.0),
    "softmax": ops.softmax,
    "tanh of products": lambda x: ops.tanh(ops.multiply(x, ops.flip(x))),
    "matrix": lambda x: ops.matmul(ops.reshape(x, (-1, 1)), ops.reshape(x, (1, -1))),
    "norm": lambda x: ops.sqrt(ops.sum(ops.square(x)) + 1.0),
}
seeds = st.integers(0, 99)


def drawn(seed: int, *shape: int, device: str = "cpu") -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(device)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=5)
@given(seed=seeds, size=st.integers(1, 5))
def test_equal_to_autograd(name: str, device: str, seed: int, size: int) -> None:
    f, x = FUNCTIONS[name], drawn(seed, size, device=device)

    def total(x: Tensor) -> Tensor:
        return (f(x) ** 2).sum()

    torch.testing.assert_close(jacobian(f)(x), torch.autograd.functional.jacobian(f, x))
    torch.testing.assert_close(hessian(total)(x), torch.autograd.functional.hessian(total, x))
    expected = torch.autograd.functional.jacobian(total, x)
    torch.testing.assert_close(grad(total)(x), expected)
    with GradientTape() as tape:
        tape.watch(x)
        loss = total(x)
    gradient = tape.gradient(loss, x)
    torch.testing.assert_close(gradient, expected)
    assert gradient.device == x.device
    assert not x.requires_grad
    assert not gradient.requires_grad


def test_nests_weights_and_unconnected() -> None:
    x, y, z = drawn(0, 3), drawn(1, 3), drawn(2, 2)
    with GradientTape(persistent=True) as tape:
        tape.watch([x, {"y": y, "z": z}])
        a, b = x * y, x**2
    gradients = tape.gradient({"a": a, "b": b}, {"x": x, "rest": (y, [z])})
    torch.testing.assert_close(gradients["x"], y + 2 * x)
    torch.testing.assert_close(gradients["rest"][0], x)
    assert gradients["rest"][1] == [None]
    assert tape.gradient(a, z, unconnected_gradients="zero").tolist() == [0, 0]
    weights = torch.tensor([1.0, 0.0, 2.0], dtype=torch.float64)
    torch.testing.assert_close(tape.gradient(b, x, output_gradients=weights), weights * 2 * x)
    torch.testing.assert_close(tape.gradient([a, b], x, output_gradients=[weights, weights]),
                               weights * (y + 2 * x))  # fmt: skip
    assert tape.jacobian(b, z, unconnected_gradients="zero").shape == (3, 2)
    for at_once in (True, False):
        torch.testing.assert_close(
            tape.jacobian(b, x, experimental_use_pfor=at_once), torch.diag(2 * x)
        )
        assert tape.jacobian(b, [x, z], experimental_use_pfor=at_once)[1] is None
    with pytest.raises(ConfigError, match="unconnected_gradients"):
        tape.gradient(a, z, unconnected_gradients="nan")


def test_an_intermediate_is_a_source() -> None:
    x = drawn(0, 3)
    with GradientTape() as tape:
        tape.watch(x)
        y = ops.exp(x)
        z = ops.sum(y**2)
    torch.testing.assert_close(tape.gradient(z, y), 2 * torch.exp(x))


def test_batch_jacobian() -> None:
    x, w = drawn(0, 4, 3), drawn(1, 3, 2)
    with GradientTape(persistent=True) as tape:
        tape.watch([x, w])
        y = ops.tanh(x @ w)
    rows = tape.batch_jacobian(y, x)
    assert rows.shape == (4, 2, 3)
    expected = (1 - torch.tanh(x @ w) ** 2)[:, :, None] * w.T[None]
    torch.testing.assert_close(rows, expected)
    with pytest.raises(ShapeError, match="one batch"):
        tape.batch_jacobian(y, w)


@pytest.mark.parametrize("device", DEVICES)
def test_variables_have_keras_layout(device: str) -> None:
    layer = lamina.layers.Conv2D(4, (2, 3))
    layer.build((None, 6, 6, 2))
    layer.to(device)
    x = drawn(0, 1, 6, 6, 2).float().to(device)
    with GradientTape(persistent=True) as tape:
        y = layer(x)
        loss = ops.sum(ops.square(y))
        small = ops.sum(y, axis=(0, 1, 2))
    kernel, bias = tape.gradient(loss, [layer.kernel, layer.bias])
    assert kernel.shape == (2, 3, 2, 4)
    patch = torch.stack([x[:, i : i + 5, j : j + 4] for i in range(2) for j in range(3)])
    expected = torch.einsum("pbhwi,bhwo->pio", patch, 2 * y.detach()).reshape(2, 3, 2, 4)
    torch.testing.assert_close(kernel, expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(bias, 2 * y.detach().sum((0, 1, 2)), rtol=1e-4, atol=1e-4)
    rows = tape.jacobian(small, layer.kernel)
    assert rows.shape == (4, 2, 3, 2, 4)
    sums = patch.sum((1, 2, 3)).reshape(2, 3, 2)
    torch.testing.assert_close(rows, torch.einsum("hwi,po->phwio", sums, torch.eye(4).to(device)),
                               rtol=1e-4, atol=1e-4)  # fmt: skip


def test_only_trainable_variables_are_watched_by_themselves() -> None:
    moving = lamina.Variable([1.0, 2.0])
    still = lamina.Variable([3.0, 4.0], trainable=False)

    def loss() -> Any:
        return ops.sum(ops.multiply(moving, still))

    with GradientTape() as tape:
        value = loss()
    gradients = tape.gradient(value, [moving, still])
    assert gradients[0].tolist() == [3, 4]
    assert gradients[1] is None
    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(still)
        value = loss()
    gradients = tape.gradient(value, [moving, still])
    assert gradients[0] is None
    assert gradients[1].tolist() == [1, 2]
    assert tape.watched_variables() == (still,)
    moving.trainable = False
    with GradientTape() as tape:
        value = loss()
    assert tape.gradient(value, moving) is None


def test_tapes_in_tapes_give_higher_derivatives() -> None:
    x = drawn(0, 3)
    with GradientTape() as outer:
        outer.watch(x)
        with GradientTape() as inner:
            inner.watch(x)
            y = ops.sum(x**3)
        first = inner.gradient(y, x)
    torch.testing.assert_close(outer.gradient(first, x), 6 * x)
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        first = tape.gradient(ops.sum(x**4), x)
    torch.testing.assert_close(tape.gradient(first, x), 12 * x**2)
    third = grad(grad(grad(lambda t: t**5)))(2.0)
    assert third.item() == 240


def test_recording_begins_and_ends_with_the_block() -> None:
    x = drawn(0, 3)
    with torch.no_grad(), GradientTape() as tape:
        tape.watch(x)
        with tape.stop_recording():
            ignored = x * 5
        y = x * 2
    assert not (x * 3).requires_grad
    assert tape.gradient(y + ignored, x).tolist() == [2, 2, 2]
    with pytest.raises(ConfigError, match="persistent=True"):
        tape.gradient(y, x)
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        with pytest.raises(ConfigError, match="already"), tape:
            pass
        tape.reset()
        assert not (x * 2).requires_grad
    assert tape.gradient(x * 2, x) is None


def test_functions() -> None:
    weights = {"w": drawn(0, 3, 2), "b": [drawn(1, 2)]}
    x = drawn(2, 4, 3)

    def loss(weights: Any, x: Any, scale: float = 1.0) -> tuple[Any, Any]:
        y = x @ weights["w"] + weights["b"][0]
        return scale * (y**2).sum(), {"y": y}

    (value, aux), gradients = value_and_grad(loss, has_aux=True)(weights, x, scale=2.0)
    y = x @ weights["w"] + weights["b"][0]
    torch.testing.assert_close(value, 2 * (y**2).sum())
    torch.testing.assert_close(aux["y"].detach(), y)
    torch.testing.assert_close(gradients["w"], 4 * x.T @ y)
    torch.testing.assert_close(gradients["b"][0], 4 * y.sum(0))
    by_both, _ = grad(loss, argnums=(1, 0), has_aux=True)(weights, x)
    torch.testing.assert_close(by_both[0], 2 * y @ weights["w"].T)
    assert not value.requires_grad
    assert grad(lambda v: ops.sum(ops.square(v)))(np.float32([1, 2])).tolist() == [2, 4]
    assert grad(lambda a, b: a * 2)(1.0, 2.0).item() == 2


def test_hessian_of_blocks_and_of_variables() -> None:
    x, y = drawn(0, 2), drawn(1, 3)
    (xx, xy), (yx, yy) = hessian(lambda x, y: (x**2).sum() * y.sum(), argnums=(0, 1))(x, y)
    torch.testing.assert_close(xx, 2 * y.sum() * torch.eye(2, dtype=torch.float64))
    torch.testing.assert_close(xy, (2 * x)[:, None].expand(2, 3))
    torch.testing.assert_close(yx, xy.T)
    assert yy.abs().max() == 0
    kernel = lamina.Variable(np.float32([[1, 2], [3, 4]]))
    found = hessian(lambda k: ops.sum(ops.power(k, 3.0)))(kernel)
    torch.testing.assert_close(found.reshape(4, 4), torch.diag(torch.tensor([6.0, 12, 18, 24])))


def test_a_function_of_followed_tensors_stays_followed() -> None:
    x = torch.tensor(2.0, requires_grad=True)
    grad(lambda t: t**3)(x).backward()
    assert x.grad is not None
    assert x.grad.item() == 12


def test_refusals() -> None:
    with GradientTape() as tape:
        with pytest.raises(ConfigError, match="int32 has no gradients"):
            tape.watch(torch.tensor([1, 2], dtype=torch.int32))
        with pytest.raises(ConfigError, match="convert_to_tensor"):
            tape.watch(np.ones(2))
    with pytest.raises(ShapeError, match=r"\(2,\).*jacobian"):
        grad(lambda x: x)(torch.ones(2))
    with pytest.raises(ConfigError, match="argument 1"):
        grad(lambda x: x, argnums=1)(1.0)
