"""Regularizers and constraints give Keras' values for drawn factors and tensors."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina import constraints, regularizers
from lamina.errors import ConfigError, ShapeError

FACTOR = st.floats(0, 3, width=32)
AXIS = st.sampled_from([0, 1, -1, [0, 1], None])
REGULARIZERS = {
    "L1": {"l1": FACTOR},
    "L2": {"l2": FACTOR},
    "L1L2": {"l1": FACTOR, "l2": FACTOR},
    "OrthogonalRegularizer": {"factor": FACTOR, "mode": st.sampled_from(["rows", "columns"])},
}
CONSTRAINTS = {
    "MaxNorm": {"max_value": FACTOR, "axis": AXIS},
    "NonNeg": {},
    "UnitNorm": {"axis": AXIS},
    "MinMaxNorm": {
        "min_value": st.floats(0, 1, width=32),
        "max_value": st.floats(1, 3, width=32),
        "rate": st.floats(0, 1, width=32),
        "axis": AXIS,
    },
}
KINDS = [
    (kind, theirs, name, parameters)
    for kind, theirs, table in (
        (regularizers, keras.regularizers, REGULARIZERS),
        (constraints, keras.constraints, CONSTRAINTS),
    )
    for name, parameters in table.items()
]
each = pytest.mark.parametrize(("ours", "theirs", "name", "parameters"), KINDS)


def numbers(x):
    return keras.ops.convert_to_numpy(x)


@each
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_values_equal_keras(ours, theirs, name, parameters, data):
    config = {key: data.draw(strategy) for key, strategy in parameters.items()}
    shape = data.draw(st.tuples(st.integers(2, 5), st.integers(2, 5)))
    seed = data.draw(st.integers(0, 99))
    x = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    x[0] *= data.draw(st.sampled_from([0, 1]))
    mine = getattr(ours, name)(**config)
    expected = numbers(getattr(theirs, name)(**config)(keras.ops.convert_to_tensor(x)))
    np.testing.assert_allclose(mine(torch.tensor(x)).numpy(), expected, rtol=1e-6, atol=1e-7)
    again = ours.deserialize(ours.serialize(mine))
    assert again.get_config() == mine.get_config()


@each
def test_defaults_and_names_are_keras(ours, theirs, name, parameters):
    mine, real = getattr(ours, name)(), getattr(theirs, name)()
    assert mine.get_config() == pytest.approx(real.get_config())
    for spelling in (name, type(mine).names[0]):
        assert type(ours.get(spelling)).__name__ == type(theirs.get(spelling)).__name__ == name
    assert getattr(ours, type(mine).names[-1]) is type(mine)
    assert ours.get(type(mine).names[-1]).get_config() == mine.get_config()


@pytest.mark.parametrize("ours", [regularizers, constraints])
def test_own_functions_and_classes_stand_for_themselves(ours):
    def mine(x):
        return x

    assert ours.get(None) is None
    assert ours.get(mine) is mine
    with pytest.raises(ConfigError, match="your own"):
        ours.serialize(mine)
    with pytest.raises(ConfigError, match="There is no"):
        ours.get("l3")
    with pytest.raises(ConfigError, match="a name, an object or a function"):
        ours.get(3)


def test_a_class_of_a_users_own_is_read_with_its_parameters():
    class Half(regularizers.Regularizer):
        def __init__(self, share=0.5):
            self.share = share

        def __call__(self, x):
            return self.share * x.sum()

    config = {"class_name": "Half", "config": {"share": 0.25}}
    assert regularizers.deserialize(config, {"Half": Half})(torch.ones(4)).item() == 1.0


@pytest.mark.parametrize("factor", [-0.1, float("nan"), float("inf")])
def test_a_factor_that_is_no_penalty_is_refused(factor):
    with pytest.raises(ConfigError, match="l2"):
        regularizers.L2(factor)


def test_rows_of_a_kernel_of_images_cannot_be_orthogonal():
    with pytest.raises(ShapeError, match="two axes"):
        regularizers.OrthogonalRegularizer()(torch.zeros(3, 3, 1, 2))
