"""Values of variables as a tree: dicts of dicts by kind and by the parts of their paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lamina.errors import ConfigError
from lamina.text import Text

State = Mapping[str, Sequence[Any]]
"""Variables by kind."""


def tree_of(state: State, value_format: str) -> dict[str, Any]:
    """The values of variables by kind and path.

    Args:
        value_format: "numpy_array", or "backend_tensor".

    Raises:
        ConfigError: If two variables have the same path.
    """
    return {kind: _by_path(found, value_format) for kind, found in state.items()}


def set_from_tree(state: State, tree: Mapping[str, Any]) -> None:
    """Set variables from a tree, or from a part of one.

    Raises:
        ConfigError: For a kind that there is not.
    """
    for kind, values_of in tree.items():
        if kind not in state:
            raise ConfigError(
                Text(
                    f"Unknown variable name: {kind}. There are {', '.join(state)}.",
                    f"没有变量类别 {kind}。可用：{'、'.join(state)}。",
                )
            )
        values = dict(_flat_paths(values_of))
        for variable in state[kind]:
            if (path := _path_of(variable)) in values:
                variable.assign(values[path])


def _by_path(variables: Sequence[Any], value_format: str) -> dict[str, Any]:
    """Values of variables in dicts of dicts by the parts of their paths."""
    tree: dict[str, Any] = {}
    seen: set[str] = set()
    for variable in variables:
        path = _path_of(variable)
        if path in seen:
            raise ConfigError(
                Text(
                    f"The following variable path is found twice in the model: '{path}'. Give its layers unique names.",
                    f"模型中有两个变量的路径均为“{path}”。请为各层取不同的名称。",
                )
            )
        seen.add(path)
        *groups, last = path.split("/")
        place = tree
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = variable.numpy() if value_format == "numpy_array" else _value_of(variable)
    return tree


def _path_of(variable: Any) -> str:
    """Where a variable stands; those of metrics have a name alone."""
    return str(getattr(variable, "path", variable.name))


def _value_of(variable: Any) -> Any:
    """The value of a variable in Keras' layout."""
    return variable.to_keras(variable.value) if hasattr(variable, "to_keras") else variable.value


def _flat_paths(tree: Mapping[str, Any], *groups: str) -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat_paths(value, *groups, name)
        else:
            yield "/".join((*groups, name)), value
