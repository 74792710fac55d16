"""Curves in buckets: boundaries that do not move, and spikes that cannot hide."""

import math

from hypothesis import given
from hypothesis import strategies as st

from lamina_studio.runs.series import Series, View

numbers = st.floats(allow_nan=True, allow_infinity=True, width=32)
curves = st.lists(numbers, min_size=1, max_size=200)


def series_of(values):
    series = Series()
    for step, value in enumerate(values, start=1):
        series.add(step, step, 1 + step // 50, 1000 * step, {"loss": value})
    return series


def curve(series, **view):
    (found,) = series.buckets(View(**view))
    return found


def test_points_that_fit_are_raw():
    found = curve(series_of([3.0, 1.0, 2.0]), max_points=3)
    assert (found.bucket, found.x) == (1, [1, 2, 3])
    assert found.last == found.min == found.max == [3.0, 1.0, 2.0]
    assert found.n == [1, 1, 1]


def test_buckets_begin_at_multiples_of_their_width():
    found = curve(series_of([float(step) for step in range(1, 11)]), max_points=4)
    assert found.bucket == 4
    assert found.x == [0, 4, 8]
    assert found.n == [3, 4, 3]
    assert found.last == [3.0, 7.0, 10.0]
    assert found.min == [1.0, 4.0, 8.0]


@given(curves, st.integers(1, 50))
def test_never_more_buckets_than_asked_for_and_no_point_is_lost(values, max_points):
    found = curve(series_of(values), max_points=max_points)
    assert len(found.x) <= max_points
    assert sum(found.n) == len(values)
    assert len({len(found.x), len(found.n), len(found.last), len(found.min), len(found.max)}) == 1


@given(curves, st.integers(1, 50))
def test_a_spike_of_one_step_is_in_some_bucket(values, max_points):
    found = curve(series_of(values), max_points=max_points)
    kept = [value for value in values if not math.isnan(value)]
    if kept:
        assert max(map(float, (v for v in found.max if v != "NaN"))) == max(kept)
        assert min(map(float, (v for v in found.min if v != "NaN"))) == min(kept)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=200), st.data())
def test_boundaries_do_not_move_as_points_arrive(values, data):
    cut = data.draw(st.integers(1, len(values) - 1))
    before = curve(series_of(values[:cut]), max_points=16)
    after = curve(series_of(values), max_points=16)
    assert after.bucket % before.bucket == 0
    merged = {}
    for x, last, low, high, n in zip(
        before.x, before.last, before.min, before.max, before.n, strict=True
    ):
        start = x // after.bucket * after.bucket
        old = merged.get(start, (None, math.inf, -math.inf, 0))
        merged[start] = (last, min(old[1], low), max(old[2], high), old[3] + n)
    # Every bucket that the new points did not touch is the merge of the old ones.
    untouched = (cut + 1) // after.bucket * after.bucket
    found = {
        x: (last, low, high, n)
        for x, last, low, high, n in zip(
            after.x, after.last, after.min, after.max, after.n, strict=True
        )
        if x < untouched
    }
    assert found == {x: value for x, value in merged.items() if x < untouched}


def test_a_range_and_the_other_axes():
    series = series_of([float(step) for step in range(1, 101)])
    assert curve(series, low=10, high=12).x == [10, 11, 12]
    assert curve(series, x="epoch").x == [1, 2, 3]
    assert curve(series, x="epoch").last == [49.0, 99.0, 100.0]
    assert curve(series, x="time", low=99_000).x == [99_000, 100_000]


def test_only_the_curves_that_are_asked_for():
    series = Series()
    series.add(1, 1, 1, 0, {"a": 1.0, "b": 2.0})
    assert [found.key for found in series.buckets(View(keys=frozenset({"b", "c"})))] == ["b"]


def test_numbers_that_are_none_are_told_as_words():
    found = curve(series_of([float("nan"), float("inf"), float("-inf")]))
    assert found.last == ["NaN", "Infinity", "-Infinity"]
    assert curve(series_of([1.0, float("nan"), 2.0]), max_points=1).max == [2.0]


@given(curves, st.data())
def test_a_summary_tells_of_exactly_its_stretch(values, data):
    after = data.draw(st.integers(0, len(values)))
    through = data.draw(st.integers(after, len(values)))
    found = series_of(values).summaries(after, through, View())
    stretch = values[after:through]
    if not stretch:
        assert found == []
        return
    (summary,) = found
    assert (summary.n, summary.x_last) == (len(stretch), through)
    assert str(float(summary.first)) == str(stretch[0])
    assert str(float(summary.last)) == str(stretch[-1])
    kept = [value for value in stretch if not math.isnan(value)]
    if kept:
        assert (float(summary.min), float(summary.max)) == (min(kept), max(kept))
