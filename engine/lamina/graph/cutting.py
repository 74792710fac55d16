"""Models that begin in the middle of another one: fresh Inputs in place of tensors that layers gave."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.calls import take_apart
from lamina.graph.tracing import calls_behind
from lamina.layers.core.input import Input
from lamina.naming import safe_id, unique_name
from lamina.symbolic import Call, SymbolicTensor, call_layer

Tensors = list[SymbolicTensor]


def cut(
    inputs: Sequence[SymbolicTensor], outputs: Sequence[SymbolicTensor]
) -> tuple[Tensors, Tensors]:
    """The inputs and outputs of the graph that begins at `inputs`.

    In the place of an input that is no Input stands one, and what lies behind it is called once more, so that layers
    and weights are those of the whole. Where all are Inputs nothing changes.
    """
    known = {id(x): _entry_for(x) if x.call.inputs else x for x in inputs}
    for call in calls_behind(outputs, set(known)):
        given = [known.get(id(x), x) for x in call.inputs]
        if given != list(call.inputs):
            for copy in _called_again(call, given):
                known.setdefault(id(call.outputs[copy.index]), copy)
    return [known[id(x)] for x in inputs], [known.get(id(x), x) for x in outputs]


def _entry_for(x: SymbolicTensor) -> SymbolicTensor:
    """An Input for what a layer gave; without a mask, for data carries none."""
    name = unique_name(f"{safe_id(x.name)[:50]}_input")
    return Input(batch_shape=x.shape, dtype=x.dtype, name=name)


def _called_again(call: Call, inputs: Tensors) -> Tensors:
    """What the same call of the same layer gives for other tensors.

    It keeps its node's id, and with it the names of outputs, unless it gives something else now, such as no mask.
    """
    layer, structure = call.layer, call.structure
    _, specs = layer.outputs_for(structure, [x.spec for x in inputs])
    is_same = specs == [x.spec for x in call.outputs]
    leaves: Tensors = []
    outputs = call_layer(layer, inputs, call.node_id if is_same else None, structure)
    take_apart(outputs, leaves, lambda x: isinstance(x, SymbolicTensor))
    return leaves
