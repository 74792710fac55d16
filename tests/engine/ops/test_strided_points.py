"""Strided convolutions that torch gets wrong in single precision: they equal those in double precision."""

import numpy as np
import pytest
import torch

from lamina import Input, layers, ops
from lamina.network import Network

SIZES = {1: (17,), 2: (9, 10), 3: (5, 6, 7)}


def gradients(run, arrays, dtype):
    given = [torch.tensor(array, dtype=dtype, requires_grad=True) for array in arrays]
    y = run(*given)
    (y * torch.cos(torch.arange(y.numel(), dtype=dtype).reshape(y.shape))).sum().backward()
    return [y.detach(), *(x.grad for x in given)]


NAMES = ["conv", "grouped", "depthwise_conv", "separable_conv", "conv_transpose"]


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("name", "rank"), [(name, rank) for name in NAMES for rank in SIZES])
def test_gradients_are_right(name, rank, padding):
    random = np.random.default_rng(rank)
    x = random.normal(size=(3, *SIZES[rank], 16))
    shapes = {
        "conv": [(16, 24)],
        "grouped": [(4, 24)],
        "depthwise_conv": [(16, 2)],
        "separable_conv": [(16, 2), (32, 8)],
        "conv_transpose": [(24, 16)],
    }[name]
    kernels = [random.normal(size=(*(1,) * rank, *shape)) for shape in shapes]
    op = getattr(ops, "conv" if name == "grouped" else name)
    strides = (3, 2, 2)[:rank]

    def run(*given):
        return op(*given, strides=strides, padding=padding)

    found = gradients(run, [x, *kernels], torch.float32)
    exact = gradients(run, [x, *kernels], torch.float64)
    for single, double in zip(found, exact, strict=True):
        np.testing.assert_allclose(single, double, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("output_padding", [None, 0, 1])
def test_a_transposed_point_puts_values_apart(output_padding):
    x = np.arange(1.0, 7.0).reshape(1, 6, 1)
    y = ops.conv_transpose(x, np.full((1, 1, 1), 2.0), 3, "valid", output_padding)
    length = 18 if output_padding is None else 16 + output_padding
    expected = np.zeros(length)
    expected[0:16:3] = 2 * x.ravel()
    np.testing.assert_array_equal(y.numpy().ravel(), expected)


@pytest.mark.parametrize(
    ("size", "kernel", "strides"),
    [((9, 5), (3, 3), (1, 3)), ((6, 3), (1, 2), (1, 2)), ((7, 3, 3), (3, 2, 2), (2, 1, 3))],
)
@pytest.mark.parametrize("how", ["op", "layer"])
def test_no_output_is_left_unwritten(size, kernel, strides, how):
    """With one channel and one output along the last axis; what is not written shows what the memory held before."""
    random = np.random.default_rng(0)
    x = random.normal(size=(3, *size, 1))
    w = random.normal(size=(*kernel, 1, 4))
    exact = ops.conv(torch.tensor(x), torch.tensor(w), strides).numpy()
    layer = getattr(layers, f"Conv{len(size)}D")(4, kernel, strides)
    inputs = Input((*size, 1))
    program = Network([inputs], layer(inputs)).program(training=False)
    layer.set_weights([w, np.zeros(4)])
    single = torch.tensor(x, dtype=torch.float32), torch.tensor(w, dtype=torch.float32)
    for _ in range(20):
        used = [torch.full((exact.size + more,), 7777.0) for more in range(8)]
        del used
        with torch.inference_mode():
            found = ops.conv(*single, strides) if how == "op" else program(single[0])[0]
        np.testing.assert_allclose(found, exact, atol=1e-4)
