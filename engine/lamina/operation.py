"""Ops as nodes of a graph: what a call of `lamina.ops` on symbolic tensors leaves behind."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from lamina.calls import is_tensor, put_together, take_apart
from lamina.layer import Layer, Ports, TensorSpec


class Op(Layer):
    """An op with the arguments of its call, without weights.

    Args:
        function: The op.
        op: Its public name.
    """

    ports: ClassVar[Ports] = Ports(least_inputs=0, most_inputs=None)

    def __init__(self, function: Callable[..., Any], op: str, **kwargs: Any) -> None:
        super().__init__(autocast=False, **kwargs)
        self.function = function
        self.op = op
        self.built = True
        self.remat_mode = None  # an op has no inside whose memory would be worth saving

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Apply the op, whose arguments may stand in any place, other than those of a layer."""
        leaves: list[Any] = []
        structure = take_apart((args, kwargs), leaves, is_data)
        if leaves:
            return leaves[0].graph_call(self, structure, leaves)
        return super().__call__(*args, **kwargs)

    def outputs_for(
        self, structure: tuple[Any, Any], specs: Sequence[TensorSpec]
    ) -> tuple[Any, list[TensorSpec]]:
        # The ops are loaded already, or there would be none to record; scripts without any do not pay for them.
        shapes = importlib.import_module("lamina.ops.shapes")
        leaves: list[Any] = []
        inferred = shapes.infer(self.function, *put_together(structure, specs))
        nest = take_apart(inferred, leaves, lambda x: isinstance(x, TensorSpec))
        return nest, leaves

    def node_config(self) -> dict[str, Any]:
        return {"op": self.op}

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)


def is_data(value: Any) -> bool:
    """Whether an argument of an op is a symbolic tensor; arrays stay where they are, as constants."""
    return is_tensor(value) and hasattr(value, "graph_call")
