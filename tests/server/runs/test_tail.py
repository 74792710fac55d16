"""The ring of newest entries, as a model: whatever happens, it never shows a gap."""

import psutil
from hypothesis import given
from hypothesis import strategies as st

from lamina_studio.runs import tail as tail_module
from lamina_studio.runs.tail import Entry, Tail


def entry(seq):
    return Entry(seq, 1, "log", 0, 0, 0, {"text": "x" * (seq % 7)})


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), max_size=20))
def test_what_it_gives_is_always_dense(batches):
    tail = Tail("log")
    for start, length in batches:
        tail.extend([entry(seq) for seq in range(start + 1, start + 1 + length)])
        for seq in range(tail.head + 2):
            found = tail.after(seq, 5)
            if found is not None:
                numbers = [one.seq for one in found]
                assert numbers == list(range(seq + 1, min(tail.head, seq + 5) + 1))


def test_forgets_the_oldest_beyond_its_bounds(monkeypatch):
    monkeypatch.setattr(tail_module, "MAX_ENTRIES", 3)
    tail = Tail("log")
    tail.extend([entry(seq) for seq in range(1, 11)])
    assert tail.after(6, 10) is None
    assert [one.seq for one in tail.after(7, 10)] == [8, 9, 10]


def test_is_bounded_in_bytes_too(monkeypatch):
    monkeypatch.setattr(tail_module, "MAX_BYTES", 250)
    tail = Tail("log")
    tail.extend([entry(seq) for seq in range(1, 101)])
    assert tail.after(90, 10) is None
    assert [one.seq for one in tail.after(99, 10)] == [100]


def test_wakes_whoever_watches_and_nobody_else():
    tail, woken = Tail("log"), []
    first, second = (lambda: woken.append(1)), (lambda: woken.append(2))
    tail.watch(first)
    tail.watch(second)
    tail.unwatch(second)
    tail.extend([entry(1)])
    tail.extend([entry(1)])
    assert woken == [1]


def test_an_event_is_encoded_once():
    one = entry(1)
    assert one.encoded is one.encoded


def test_holds_little_more_than_what_it_sends():
    """Resident memory is counted, for the spare room behind a string is in no count of Python's."""
    tail, process = Tail("log"), psutil.Process()
    before = process.memory_info().rss
    tail.extend([entry(seq) for seq in range(1, tail_module.MAX_ENTRIES + 1)])
    assert process.memory_info().rss - before < 2 * 2**10 * tail_module.MAX_ENTRIES
