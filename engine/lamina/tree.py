"""Nested structures: lists, tuples, named tuples, deques and dicts with anything else as leaves.

A plain dict or defaultdict is walked in the order of its sorted keys, an `OrderedDict` in its own.

>>> flatten({"b": [1, (2, 3)], "a": 0})
[0, 1, 2, 3]
>>> map_structure(lambda x: 2 * x, {"b": [1, (2, 3)], "a": 0})
{'b': [2, (4, 6)], 'a': 0}
"""

from __future__ import annotations

import warnings
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from lamina.errors import ConfigError
from lamina.text import Text


class MAP_TO_NONE:  # noqa: N801 - Keras' name
    """What a function given to `traverse` returns to put None in place of a part."""


_DICTS = (dict, OrderedDict, defaultdict)


def _is_named_tuple(value: Any) -> bool:
    return isinstance(value, tuple) and hasattr(value, "_fields")


def is_nested(structure: Any) -> bool:
    """Whether a value is a list, tuple, named tuple, deque or dict."""
    return type(structure) in (list, tuple, deque, *_DICTS) or _is_named_tuple(structure)


def _keys(structure: Any) -> list[Any]:
    if type(structure) in _DICTS:
        return list(structure) if type(structure) is OrderedDict else sorted(structure)
    return list(range(len(structure)))


def _children(structure: Any) -> list[Any]:
    return [structure[key] for key in _keys(structure)]


def _like(structure: Any, children: Sequence[Any]) -> Any:
    """A structure of the same kind with other children, in the order of `_children`."""
    kind: Any = type(structure)
    if kind is defaultdict:
        made = dict(zip(_keys(structure), children, strict=True))
        return defaultdict(structure.default_factory, made)
    if kind in _DICTS:
        return kind(zip(_keys(structure), children, strict=True))
    if kind is deque:
        return deque(children, structure.maxlen)
    return kind(*children) if _is_named_tuple(structure) else kind(children)


def _mapped(structure: Any, children: Sequence[Any]) -> Any:
    """`_like`, with the keys of a dict where the structure has them."""
    made = _like(structure, children)
    if type(structure) in _DICTS:
        for key in structure:
            made[key] = made.pop(key)
    return made


def _differ(en: str, zh: str) -> ConfigError:
    return ConfigError(Text(en, zh))


def _check_same(a: Any, b: Any) -> None:
    """Raise unless both are the same kind of nest with the same keys."""
    both_dicts = type(a) in _DICTS and type(b) in _DICTS
    same = (both_dicts or type(a) is type(b)) and (
        set(a) == set(b) if both_dicts else len(a) == len(b)
    )
    if not same:
        raise _differ(
            f"The structures differ: {_kind(a)} against {_kind(b)}.",
            f"两个结构不同：{_kind(a)} 与 {_kind(b)}。",
        )


def _kind(value: Any) -> str:
    return f"{type(value).__name__} of {len(value)}" if is_nested(value) else type(value).__name__


def _aligned(first: Any, other: Any) -> list[Any]:
    """The children of `other` in the order of those of `first`, which it has to match."""
    if not is_nested(other):
        raise _differ(
            f"The structures differ: {_kind(first)} against {_kind(other)}.",
            f"两个结构不同：{_kind(first)} 与 {_kind(other)}。",
        )
    _check_same(first, other)
    return [other[key] for key in _keys(first)]


def flatten(structure: Any) -> list[Any]:
    """The leaves in order.

    >>> flatten([[1, 2], (3, [4])])
    [1, 2, 3, 4]
    """
    if not is_nested(structure):
        return [structure]
    return [leaf for child in _children(structure) for leaf in flatten(child)]


def flatten_with_path(structure: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """The leaves in order, each with the keys and places that lead to it.

    >>> flatten_with_path([{"foo": 42}])
    [((0, 'foo'), 42)]
    """
    if not is_nested(structure):
        return [((), structure)]
    return [
        ((key, *path), leaf)
        for key in _keys(structure)
        for path, leaf in flatten_with_path(structure[key])
    ]


def map_structure(func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """The same nest with `func` of the leaves at each place.

    Args:
        func: Takes as many arguments as there are structures.
        *structures: Nests of the same kind.
        none_is_leaf: Whether `func` is called on None; otherwise None stays.

    Raises:
        TypeError: If `func` cannot be called.
        ConfigError: If there is no structure, or they differ.
    """
    _check_callable(func)
    _check_given(structures)
    first, *others = structures
    if is_nested(first):
        columns = [_children(first), *(_aligned(first, other) for other in others)]
        return _mapped(
            first,
            [
                map_structure(func, *row, none_is_leaf=none_is_leaf)
                for row in zip(*columns, strict=True)
            ],
        )
    for other in others:
        if is_nested(other) or (not none_is_leaf and (first is None) != (other is None)):
            raise _differ(
                f"The structures differ: {_kind(first)} against {_kind(other)}.",
                f"两个结构不同：{_kind(first)} 与 {_kind(other)}。",
            )
    return None if first is None and not none_is_leaf else func(*structures)


def map_structure_up_to(shallow_structure: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """`map_structure` that stops where the shallow structure has a leaf.

    >>> map_structure_up_to([None, [None, None]], str, [[1, 1], [2, 2]])
    ['[1, 1]', ['2', '2']]

    Raises:
        ConfigError: If there is no structure, or one differs from the shallow structure.
    """
    _check_callable(func)
    _check_given(structures)
    if not is_nested(shallow_structure):
        return func(*structures)
    columns = [_children(shallow_structure), *(_aligned(shallow_structure, s) for s in structures)]
    return _mapped(
        shallow_structure,
        [map_structure_up_to(shallow, func, *row) for shallow, *row in zip(*columns, strict=True)],
    )


def map_shape_structure(func: Callable[[Any], Any], structure: Any) -> Any:
    """`map_structure` where a list or tuple of numbers and None is one shape.

    >>> map_shape_structure(len, {"a": (None, 3), "b": [(2,), ()]})
    {'a': 2, 'b': [1, 0]}
    """
    _check_callable(func)
    is_shape = isinstance(structure, (list, tuple)) and all(
        isinstance(size, (int, type(None))) for size in structure
    )
    if is_shape or not is_nested(structure):
        return func(structure)
    return _like(structure, [map_shape_structure(func, child) for child in _children(structure)])


def pack_sequence_as(structure: Any, flat_sequence: Iterable[Any]) -> Any:
    """The reverse of `flatten`: the same nest with other leaves.

    >>> pack_sequence_as({"b": [0, 0], "a": 0}, [1, 2, 3])
    {'a': 1, 'b': [2, 3]}

    Raises:
        ConfigError: If there are too few leaves or too many.
    """
    leaves = list(flat_sequence)
    count = len(flatten(structure)) if is_nested(structure) else 1
    if len(leaves) != count:
        raise _differ(
            f"The structure has {count} leaves, the sequence {len(leaves)}.",
            f"结构有 {count} 个叶子，而序列有 {len(leaves)} 个。",
        )
    return _packed(structure, iter(leaves))


def _packed(structure: Any, rest: Iterator[Any]) -> Any:
    if not is_nested(structure):
        return next(rest)
    return _like(structure, [_packed(child, rest) for child in _children(structure)])


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """Call `func` on the nest and all its parts; what it returns, other than None, takes the part's place.

    Args:
        func: Takes a part. From top down, a part that it replaces is not gone into. `MAP_TO_NONE` stands for None.
        structure: The nest.
        top_down: Whether a part comes before what is in it.

    >>> traverse(lambda x: tuple(x) if isinstance(x, list) else None, [1, [2]], top_down=False)
    (1, (2,))
    """
    _check_callable(func)
    if type(structure) in (dict, defaultdict):
        structure = _like(structure, _children(structure))
    if top_down and (result := func(structure)) is not None:
        return None if result is MAP_TO_NONE else result
    if is_nested(structure):
        structure = _like(
            structure, [traverse(func, child, top_down) for child in _children(structure)]
        )
    if not top_down and (result := func(structure)) is not None:
        return None if result is MAP_TO_NONE else result
    return structure


def lists_to_tuples(structure: Any) -> Any:
    """The same nest with tuples in place of lists."""
    return traverse(lambda x: tuple(x) if isinstance(x, list) else None, structure, top_down=False)


def assert_same_structure(a: Any, b: Any, check_types: Any = None) -> None:
    """Check that both are nested alike: the same kinds, lengths and keys; all dicts are of one kind.

    Raises:
        ConfigError: If they are not.
    """
    if check_types is not None:
        warnings.warn(
            "check_types has no effect. For a looser check use assert_same_paths.",
            DeprecationWarning,
            stacklevel=2,
        )
    map_structure(lambda *_: None, a, b)


def assert_same_paths(a: Any, b: Any) -> None:
    """Check that the same paths lead to leaves in both, whatever the kinds of lists.

    Raises:
        ConfigError: If they do not; the message names the paths.
    """
    ours, theirs = ({path for path, _ in flatten_with_path(x)} for x in (a, b))
    if ours != theirs:
        raise _differ(
            f"The structures have other paths: only in a {sorted(ours - theirs, key=str)}, "
            f"only in b {sorted(theirs - ours, key=str)}.",
            f"两个结构的路径不同：仅 a 有 {sorted(ours - theirs, key=str)}，"
            f"仅 b 有 {sorted(theirs - ours, key=str)}。",
        )


def _check_callable(func: Any) -> None:
    if not callable(func):
        raise TypeError(f"func has to be a function, got {type(func).__name__}.")


def _check_given(structures: Sequence[Any]) -> None:
    if not structures:
        raise _differ("Give at least one structure.", "请至少给出一个结构。")
