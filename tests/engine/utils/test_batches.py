"""Windows, halves and batches of data sets."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina import utils
from lamina.errors import ConfigError


@given(
    st.integers(6, 20), st.integers(1, 3), st.integers(1, 3), st.integers(1, 2), st.booleans()
)  # fmt: skip
def test_windows_are_those_of_the_definition(count, length, stride, rate, labelled):
    series = np.arange(count)
    data = utils.timeseries_dataset_from_array(
        series, series * 10 if labelled else None, length, stride, rate, batch_size=2
    )
    expected = [
        [start + rate * i for i in range(length)]
        for start in range(0, count - (length - 1) * rate, stride)
    ]
    batches = list(data)
    windows = [w for b in batches for w in (b[0] if labelled else b).tolist()]
    assert windows == expected
    assert len(data) == len(batches) == -(-len(expected) // 2)
    if labelled:
        assert [t for b in batches for t in b[1].tolist()] == [10 * w[0] for w in expected]


def test_windows_can_begin_later_and_are_shuffled_by_a_seed():
    def starts(**options):
        data = utils.timeseries_dataset_from_array(np.arange(30), None, 2, batch_size=4, **options)
        return [int(w[0]) for b in data for w in b]

    assert starts(start_index=3, end_index=7) == [3, 4, 5]
    data = utils.timeseries_dataset_from_array(range(9), range(9), 1, start_index=4)
    assert [t for b in data for t in b[1].tolist()] == [4, 5, 6, 7, 8]
    shuffled = starts(shuffle=True, seed=1)
    assert shuffled == starts(shuffle=True, seed=1) != sorted(shuffled) == list(range(29))
    with pytest.raises(ConfigError, match="sampling_rate must lie"):
        starts(sampling_rate=0)
    with pytest.raises(ConfigError, match="format must be"):
        starts(format="torch")


@given(st.integers(4, 20), st.sampled_from([0.25, 0.5, 2]))
def test_both_halves_are_the_whole(count, size):
    left, right = utils.split_dataset(np.arange(count), left_size=size)
    assert [int(v) for part in (left, right) for v in part] == list(range(count))
    assert len(left) == (round(size * count) if isinstance(size, float) else size)


def test_split_keeps_pairs_and_refuses_what_does_not_fit():
    x = np.arange(6)
    left, right = utils.split_dataset((x, x * 2), right_size=2, shuffle=True, seed=0)
    assert (len(left), len(right)) == (4, 2)
    assert all(int(b) == 2 * int(a) for part in (left, right) for a, b in part)
    for sizes in ({}, {"left_size": 1.5}, {"left_size": 4, "right_size": 4}):
        with pytest.raises(ConfigError):
            utils.split_dataset(x, **sizes)


@pytest.mark.parametrize("batch", [1, (1,), (1, 2), (1, 2, 3)])
def test_batches_are_unpacked_as_in_keras(batch):
    assert utils.unpack_x_y_sample_weight(batch) == keras.utils.unpack_x_y_sample_weight(batch)
    ours = utils.pack_x_y_sample_weight(*utils.unpack_x_y_sample_weight(batch))
    assert ours == (1 if batch in (1, (1,)) else batch)


def test_progbar_averages_by_steps(capsys):
    bar = utils.Progbar(4, verbose=2, stateful_metrics=["lr"])
    bar.update(1, [("loss", 1.0), ("lr", 5.0)])
    bar.update(4, [("loss", [2.0, 4.0]), ("lr", np.array(6.0))])
    out = capsys.readouterr().out
    assert "4/4" in out
    assert "loss: 2.5000" in out
    assert "lr: 6.0000" in out
