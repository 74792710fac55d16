"""What all ops share: weights and arrays as arguments, nodes on symbolic tensors, shapes, tracing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import lamina
from lamina import ops
from lamina.errors import ConfigError, ShapeError
from lamina.ops import OPS, TensorSpec, infer
from lamina.symbolic import OPERATORS


class Recorder:
    """Stands for a symbolic tensor."""

    shape = (None, 3)
    dtype = "float32"

    def graph_call(self) -> None:
        raise AssertionError

    def record_op(self, name: str, function: Any, args: Any, kwargs: Any) -> Any:
        return name, infer(function, args, kwargs)


def test_a_symbolic_tensor_records_also_from_inside_a_list() -> None:
    x = Recorder()
    assert ops.add(x, 1) == ("add", TensorSpec((None, 3), "float32"))
    assert ops.concatenate([x, x], axis=-1) == ("concatenate", TensorSpec((None, 6), "float32"))
    assert ops.sum(x, axis=0, keepdims=True)[1] == TensorSpec((1, 3), "float32")
    name, parts = ops.split(x, 3, axis=1)
    assert name == "split"
    assert parts == [TensorSpec((None, 1), "float32")] * 3


def test_unknown_sizes_stay_unknown() -> None:
    x = TensorSpec((None, None, 4), "int32")
    assert infer(ops.OPS.get("reshape"), (x, (-1, 4)), {}) == TensorSpec((None, 4), "int32")
    assert infer(ops.OPS.get("mean"), (x,), {"axis": 1}) == TensorSpec((None, 4), "float32")
    with pytest.raises(ShapeError, match=r"matmul.*\(2, 3\), \(4, 5\)"):
        infer(
            ops.OPS.get("matmul"),
            (TensorSpec((2, 3), "float32"), TensorSpec((4, 5), "float32")),
            {},
        )


def test_an_op_is_one_node_of_a_traced_program() -> None:
    class Program(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            return ops.sum(ops.multiply(x, 2.0), axis=-1)

    traced = torch.fx.symbolic_trace(Program())
    assert [n.op for n in traced.graph.nodes] == [
        "placeholder", "call_function", "call_function", "output",
    ]  # fmt: skip
    assert traced(torch.ones(2, 3)).tolist() == [6, 6]


def test_weights_are_taken_in_keras_layout() -> None:
    layer = lamina.layers.Conv2D(4, 3)
    layer.build((None, 8, 8, 2))
    kernel = layer.get_weights()[0]
    np.testing.assert_array_equal(ops.add(layer.kernel, 0.0).detach(), kernel)


def test_every_operator_has_its_op() -> None:
    assert set(OPERATORS.values()) <= set(OPS.names())


@pytest.mark.parametrize("op", ["pad", "count_nonzero"])
def test_numpy_is_followed_where_keras_errs(op: str) -> None:
    x = np.arange(12.0).reshape(3, 4)
    for args in {"pad": [(1,), (1, "symmetric"), (1, "edge")], "count_nonzero": [(None,), (0,)]}[
        op
    ]:
        np.testing.assert_array_equal(getattr(ops, op)(x, *args), getattr(np, op)(x, *args))


def test_all_axes_can_be_kept() -> None:
    assert ops.max(np.ones((2, 3)), keepdims=True).shape == (1, 1)


def test_a_negative_step_turns_the_axis_round() -> None:
    x = np.arange(24).reshape(2, 3, 4)
    for key in [
        slice(None, None, -1),
        (..., slice(None, None, -2)),
        (0, slice(None, None, -1), None),
    ]:
        np.testing.assert_array_equal(ops.get_item(x, key), x[key])


def test_an_unknown_op_is_named() -> None:
    with pytest.raises(AttributeError, match="Did you mean"):
        _ = ops.concatenat
    with pytest.raises(ConfigError, match="dtype"):
        ops.cast([1], "float31")


def test_settings() -> None:
    assert lamina.config.floatx() == "float32"
    lamina.config.set_floatx("float16")
    try:
        assert ops.zeros(2).dtype == torch.float16
    finally:
        lamina.config.set_floatx("float32")
    with pytest.raises(ConfigError, match="floatx"):
        lamina.config.set_floatx("int8")
    with pytest.raises(ConfigError, match="channels_last"):
        lamina.config.set_image_data_format("channels_first")


def test_sparsemax_is_the_nearest_distribution() -> None:
    """Keras 3.15 sums too much when several classes are left, and gives no distribution then."""
    x = np.random.default_rng(0).normal(size=(50, 4)).astype("float32")
    y = ops.sparsemax(x)
    np.testing.assert_allclose(y.sum(-1), 1, rtol=1e-5)
    others = torch.softmax(torch.randn(200, 1, 4), -1)
    assert bool(
        (((y - torch.tensor(x)) ** 2).sum(-1) <= ((others - torch.tensor(x)) ** 2).sum(-1)).all()
    )
    np.testing.assert_allclose(ops.sparsemax(x.T, axis=0).T, y)


def test_same_averages_count_what_is_inside() -> None:
    """As TensorFlow and JAX; Keras on torch repeats the edge where the padding is not even."""
    x = np.float32([1, 2, 3, 4]).reshape(1, 4, 1)
    np.testing.assert_allclose(ops.average_pool(x, 2, 1, "same").ravel(), [1.5, 2.5, 3.5, 4])


def test_cross_products_are_numpys() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 4, 3))
    np.testing.assert_allclose(ops.cross(a, b), np.cross(a, b), rtol=1e-6)
    np.testing.assert_allclose(ops.cross(a.T, b, axisa=0, axisc=0), np.cross(a, b).T, rtol=1e-6)
    planar = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    np.testing.assert_allclose(ops.cross(a[:, :2], b[:, :2]), planar, rtol=1e-6)
