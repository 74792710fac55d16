"""Where a symbolic tensor comes from."""

from __future__ import annotations

from typing import Any

from lamina.symbolic import SymbolicTensor


def get_source_inputs(tensor: Any) -> Any:
    """The inputs of the graph that a symbolic tensor is computed from; anything else as it is.

    >>> import lamina
    >>> x = lamina.Input((3,))
    >>> get_source_inputs(lamina.layers.Dense(2)(x)) == [x]
    True
    """
    if not isinstance(tensor, SymbolicTensor):
        return tensor
    found: dict[int, SymbolicTensor] = {}
    seen: set[int] = set()
    waiting = [tensor]
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        inputs = current.call.inputs
        if not inputs:
            found[id(current)] = current
        waiting.extend(reversed(inputs))
    return list(found.values())
