"""The helpers of `keras.utils` give what Keras gives, and refuse what it silently gets wrong."""

import keras
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lamina import utils

CLASSES = arrays.arrays(
    np.int64,
    arrays.array_shapes(max_dims=3, max_side=4),
    elements=st.integers(0, 6),
)


@given(CLASSES, st.sampled_from([None, 7, 9]))
def test_to_categorical_is_keras(classes, num_classes):
    ours = utils.to_categorical(classes, num_classes)
    theirs = keras.utils.to_categorical(classes, num_classes)
    np.testing.assert_array_equal(ours, theirs)
    assert ours.dtype == theirs.dtype


def test_to_categorical_keeps_tensors():
    ours = utils.to_categorical(torch.tensor([[1], [0]]), 3)
    assert ours.tolist() == [[0, 1, 0], [1, 0, 0]]
    assert ours.dtype == torch.float32


@pytest.mark.parametrize("classes", [[-1, 0], [0, 3]])
def test_to_categorical_refuses_a_class_that_is_none(classes):
    with pytest.raises(ValueError, match=r"must lie in \[0, 3\)"):
        utils.to_categorical(classes, 3)


@given(
    arrays.arrays(
        np.float64, (3, 4), elements=st.floats(-5, 5).filter(lambda v: v == 0 or abs(v) > 1e-3)
    ),
    st.sampled_from([-1, 1]),
    st.sampled_from([1, 2]),
)
def test_normalize_is_keras(x, axis, order):
    np.testing.assert_allclose(
        utils.normalize(x, axis, order), keras.utils.normalize(x, axis, order)
    )


@pytest.mark.parametrize("order", [1, 2, 3])
def test_normalize_keeps_tensors(order):
    x = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    ours = utils.normalize(x, order=order)
    assert isinstance(ours, torch.Tensor)
    np.testing.assert_allclose(ours.numpy(), utils.normalize(x.numpy(), order=order), rtol=1e-6)


@given(
    st.lists(st.lists(st.integers(-9, 9), max_size=5), min_size=1, max_size=4),
    st.sampled_from([None, 1, 3, 6]),
    st.sampled_from(["pre", "post"]),
    st.sampled_from(["pre", "post"]),
)
def test_pad_sequences_is_keras(sequences, maxlen, padding, truncating):
    options = {"maxlen": maxlen, "padding": padding, "truncating": truncating, "value": 7}
    np.testing.assert_array_equal(
        utils.pad_sequences(sequences, **options),
        keras.utils.pad_sequences(sequences, **options),
    )


def test_pad_sequences_takes_steps_of_any_shape_but_only_one():
    padded = utils.pad_sequences([np.ones((1, 2)), np.ones((3, 2))], dtype="float32")
    assert padded.shape == (2, 3, 2)
    assert padded[0].tolist() == [[0, 0], [0, 0], [1, 1]]
    with pytest.raises(ValueError, match="different shapes"):
        utils.pad_sequences([np.ones((1, 2)), np.ones((1, 3))])
    with pytest.raises(ValueError, match='"pre" or "post"'):
        utils.pad_sequences([[1]], padding="left")
