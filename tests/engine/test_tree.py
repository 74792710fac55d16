"""`lamina.tree` against `keras.tree`, over drawn nests."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque, namedtuple
from typing import Any

import keras
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina import tree

Pair = namedtuple("Pair", ["one", "other"])
LEAVES = st.one_of(st.integers(0, 9), st.none(), st.text("ab", max_size=1))


def _deeper(inner: Any) -> Any:
    # sorted, as Keras on torch forgets to sort a dict inside another; see below for those that are not
    keyed = st.dictionaries(st.sampled_from("abcd"), inner, max_size=3).map(
        lambda found: dict(sorted(found.items()))
    )
    listed = st.lists(inner, max_size=3)
    return st.one_of(
        listed,
        listed.map(tuple),
        listed.map(deque),
        keyed,
        keyed.map(OrderedDict),
        keyed.map(lambda found: defaultdict(list, found)),
        # of leaves: Keras on torch miscounts the fields of a named tuple with an empty one
        st.builds(Pair, LEAVES, LEAVES),
    )


NESTS = st.recursive(LEAVES, _deeper, max_leaves=8)


def outcome(function: Any, *args: Any, **kwargs: Any) -> Any:
    """What a call gives, or that it refuses."""
    try:
        return repr(function(*args, **kwargs))
    except (ValueError, TypeError, KeyError, IndexError):
        return "refused"


@settings(max_examples=120)
@given(NESTS)
def test_walking_equals_keras(nest: Any) -> None:
    for name in ("is_nested", "flatten", "flatten_with_path", "lists_to_tuples"):
        assert outcome(getattr(tree, name), nest) == outcome(getattr(keras.tree, name), nest), name
    for none_is_leaf in (True, False):
        ours, theirs = (
            outcome(t.map_structure, lambda x: (x, "seen"), nest, none_is_leaf=none_is_leaf)
            for t in (tree, keras.tree)
        )
        # Keras keeps the order in which a dict was written in results, not in leaves
        assert len(ours) == len(theirs)
        assert sorted(ours) == sorted(theirs)
    count = len(tree.flatten(nest))
    for length in (count, count + 1):
        assert outcome(tree.pack_sequence_as, nest, list(range(length))) == outcome(
            keras.tree.pack_sequence_as, nest, list(range(length))
        )


@settings(max_examples=60)
@given(NESTS, st.booleans())
def test_traverse_equals_keras(nest: Any, top_down: bool) -> None:
    def run(module: Any) -> Any:
        seen: list[str] = []

        def visit(part: Any) -> Any:
            seen.append(repr(part))
            if part == 3:
                return module.MAP_TO_NONE
            return "list" if isinstance(part, list) and len(part) == 2 else None

        return repr(module.traverse(visit, nest, top_down)), seen

    assert run(tree) == run(keras.tree)


@settings(max_examples=150)
@given(NESTS, NESTS)
def test_comparing_equals_keras(a: Any, b: Any) -> None:
    for name in ("assert_same_structure", "assert_same_paths"):
        for x, y in ((a, b), (a, a)):
            assert outcome(getattr(tree, name), x, y) == outcome(getattr(keras.tree, name), x, y)
    if outcome(tree.assert_same_structure, a, b) == "refused":  # Keras on torch lets some pass
        assert outcome(tree.map_structure, lambda *xs: xs, a, b) == "refused"
    else:
        assert sorted(outcome(tree.map_structure, lambda *xs: xs, a, b)) == sorted(
            outcome(keras.tree.map_structure, lambda *xs: xs, a, b)
        )
    assert sorted(outcome(tree.map_structure_up_to, a, repr, b)) == sorted(
        outcome(keras.tree.map_structure_up_to, a, repr, b)
    )


@pytest.mark.parametrize(
    "shapes", [(None, 3), {"a": (2, 3), "b": [(1,), ()]}, [[1, 2], [3]], ((1, None), {"x": [4]})]
)
def test_shapes_equal_keras(shapes: Any) -> None:
    assert tree.map_shape_structure(tuple, shapes) == keras.tree.map_shape_structure(tuple, shapes)


def test_dicts_are_walked_by_key_and_ordered_ones_as_they_are() -> None:
    nest = [{"b": 1, "a": (2, OrderedDict(z=3, y=4))}, defaultdict(int, d=5, c=6)]
    assert tree.flatten(nest) == keras.tree.flatten(nest) == [2, 3, 4, 1, 6, 5]
    assert tree.flatten({"b": {"d": 1, "c": 2}, "a": 3}) == [3, 2, 1]
    packed = tree.pack_sequence_as(nest, "uvwxyz")
    assert packed == keras.tree.pack_sequence_as(nest, "uvwxyz")
    assert tree.flatten(packed) == list("uvwxyz")
    assert tree.map_structure(lambda x, y: x - y, {"b": 1, "a": 2}, OrderedDict(a=2, b=1)) == {
        "a": 0,
        "b": 0,
    }


def test_refusals_say_why() -> None:
    with pytest.raises(ValueError, match="list of 2 against list of 1"):
        tree.assert_same_structure([1, 2], [1])
    with pytest.raises(ValueError, match="only in b"):
        tree.assert_same_paths([1], [1, 2])
    with pytest.raises(ValueError, match="3 leaves, the sequence 2"):
        tree.pack_sequence_as([1, [2, 3]], [0, 0])
    with pytest.raises(TypeError, match="func"):
        tree.map_structure(1, [2])
    with pytest.warns(DeprecationWarning, match="assert_same_paths"):
        tree.assert_same_structure([1], [1], check_types=True)


def test_names_are_keras() -> None:
    public = {n for n in dir(keras.tree) if not n.startswith("_")}
    assert public <= set(dir(tree))
