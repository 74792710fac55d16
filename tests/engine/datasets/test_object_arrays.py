"""Object arrays that numpy wrote are read without pickle; everything else in that form is refused."""

import contextlib
import io
import os
import pickle
import pickletools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.datasets.npz import LARGEST_ARRAY, read_npy, read_npz
from lamina.datasets.object_arrays import ragged, read_int_lists
from lamina.errors import DatasetError

INTEGERS = st.integers(-(2**40), 2**40) | st.integers(0, 70_000)
LISTS = st.lists(st.lists(INTEGERS, max_size=6), max_size=6)


def as_npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def as_npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


@given(LISTS)
def test_what_numpy_wrote_is_read(lists):
    read = read_npy(as_npy(ragged(lists)), "x")
    assert read.dtype == object
    assert read.tolist() == lists


@given(LISTS, st.sampled_from([3, 4, 5]))
def test_what_pickle_writes_is_read_in_every_protocol(lists, protocol):
    data = pickle.dumps(ragged(lists), protocol=protocol)
    assert read_int_lists(data, "x").tolist() == lists


def python_2_pickle() -> bytes:
    """As Python 2 wrote such an array: the older name of numpy's module, byte strings, no frames."""
    return (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85q\x03U"
        b"\x01bq\x04\x87q\x05Rq\x06(K\x01K\x02\x85q\x07cnumpy\ndtype\nq\x08U\x02O8q\x09K\x00K\x01\x87"
        b"q\x0aRq\x0b(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb\x89]q\x0c(]q\x0d(K\x05M\x00"
        b"\x02e]q\x0eK\x07aetb."
    )


def test_what_python_2_wrote_is_read():
    assert pickle.loads(python_2_pickle()).tolist() == [[5, 512], [7]]
    assert read_int_lists(python_2_pickle(), "x").tolist() == [[5, 512], [7]]


class Evil:
    def __reduce__(self):
        return os.mkdir, ("boom",)


@pytest.mark.parametrize(
    "value",
    [
        Evil(),
        ragged([[1], Evil()]),
        [[1]],
        np.arange(3),
        ragged(["text", [1]]),
        ragged([[1.5]]),
        ragged([[True]]),
        ragged([[2**80]]),
        ragged([{1: 2}]),
        ragged([[[1]]]),
        np.array([[None, None]], dtype=object),
        {"a": os.getcwd},
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_everything_else_is_refused_in_words(value, protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DatasetError, match=r"reviews is not read: .*may hold any program"):
        read_int_lists(pickle.dumps(value, protocol=protocol), "reviews")
    assert not list(tmp_path.iterdir())


def test_a_list_that_holds_itself_is_refused():
    endless: list = []
    endless.append(endless)
    with pytest.raises(DatasetError, match="no list of integers"):
        read_int_lists(pickle.dumps(ragged([endless])), "x")


GOOD = pickle.dumps(ragged([[1, 300, 70_000], [], [5]]), protocol=4)


@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=4), st.booleans())
def test_a_damaged_file_is_refused_and_nothing_else_happens(at, noise, insert):
    data = GOOD[:at] + noise + GOOD[at + (0 if insert else len(noise)) :]
    with contextlib.suppress(DatasetError):
        array = read_int_lists(data, "x")
        assert all(type(n) is int for item in array for n in item)


@given(st.integers(0, len(GOOD) - 1))
def test_a_file_that_was_cut_is_refused(end):
    with pytest.raises(DatasetError):
        read_int_lists(GOOD[:end], "x")


OPCODES = st.sampled_from([code.code.encode("latin1") for code in pickletools.opcodes])
ARGUMENTS = st.sampled_from(
    [b"", b"\0", b"\x01\0\0\0", b"\xff\xff\xff\xff", b"numpy\ndtype\n", b"os\nsystem\n", b"\x02O8"]
) | st.binary(max_size=5)  # fmt: skip


@given(st.lists(st.tuples(OPCODES, ARGUMENTS), max_size=30))
def test_any_program_is_refused_or_gives_integers(program):
    data = b"\x80\x04" + b"".join(code + argument for code, argument in program) + b"."
    with contextlib.suppress(DatasetError):
        array = read_int_lists(data, "x")
        assert all(type(n) is int for item in array for n in item)


@given(st.binary(max_size=300))
def test_noise_is_no_archive(data):
    for read in (lambda: read_npz(data, ["x"], "x.npz"), lambda: read_npy(data, "x")):
        with pytest.raises(DatasetError):
            read()


ARCHIVE = as_npz(x=np.arange(12).reshape(3, 4), y=ragged([[1, 2], [3]]))


@given(st.integers(0, len(ARCHIVE) - 1), st.integers(1, 255))
def test_a_damaged_archive_is_refused_or_read(at, change):
    data = bytearray(ARCHIVE)
    data[at] ^= change
    with contextlib.suppress(DatasetError):
        read_npz(bytes(data), ["x", "y"], "x.npz")


@pytest.mark.parametrize(
    "array",
    [np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6).reshape(2, 3)), np.arange(2, dtype=">i4"), np.array(3)],
)  # fmt: skip
def test_numbers_are_read_as_numpy_reads_them(array):
    (read,) = read_npz(as_npz(x=array), ["x"], "x.npz")
    np.testing.assert_array_equal(read, array)
    assert read.dtype == array.dtype


def test_what_is_missing_or_of_another_kind_is_said():
    with pytest.raises(DatasetError, match=r"x\.npz cannot be read: it holds no y\.npy"):
        read_npz(as_npz(x=np.arange(2)), ["y"], "x.npz")
    for other in (np.array(["a"]), np.zeros(1, "datetime64[s]"), np.zeros(1, "i4,i4")):
        with pytest.raises(DatasetError, match=r"elements are|header is not"):
            read_npy(as_npy(other), "x")
    lying = as_npy(np.arange(4)).replace(b"(4,)", b"(9,)")
    with pytest.raises(DatasetError, match="declares the shape"):
        read_npy(lying, "x")


def test_a_bomb_stops_at_the_largest_size(monkeypatch):
    monkeypatch.setattr("lamina.datasets.npz.LARGEST_ARRAY", 1000)
    with pytest.raises(DatasetError, match="more than 1000 bytes"):
        read_npz(as_npz(x=np.zeros(100_000)), ["x"], "x.npz")
    assert LARGEST_ARRAY < 1 << 30
