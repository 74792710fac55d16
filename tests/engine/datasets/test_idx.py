import contextlib
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lamina.datasets.idx import parse_idx
from lamina.errors import DatasetError


def as_idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


@given(arrays.arrays(np.uint8, arrays.array_shapes(max_dims=4, min_side=0)))
def test_reads_what_was_written(array):
    np.testing.assert_array_equal(parse_idx(as_idx(array), "array"), array)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "not an IDX file"),
        (b"PK\x03\x04rest", "not an IDX file"),
        (bytes([0, 0, 13, 1, 0, 0, 0, 0]), "only unsigned bytes"),
        (bytes([0, 0, 8, 0]), "only unsigned bytes"),
        (bytes([0, 0, 8, 3, 0, 0]), "ends inside its header"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 9, 1]), "declares the shape"),
        (bytes([0, 0, 8, 2]) + b"\xff" * 8, "declares the shape"),
    ],
)
def test_refuses_what_is_no_idx_file(data, complaint):
    with pytest.raises(DatasetError, match=f"labels.*{complaint}|{complaint}"):
        parse_idx(data, "labels")


@given(st.binary(max_size=40))
def test_never_fails_in_any_other_way(data):
    with contextlib.suppress(DatasetError):
        assert parse_idx(data, "noise").dtype == np.uint8
