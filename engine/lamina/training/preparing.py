"""Whether the layers that prepare data fit the data: ranges of values, and what adapts before training."""

from __future__ import annotations

from collections.abc import Iterator

from lamina.graph.order import reachable
from lamina.problems import Fix, Problem
from lamina.text import Text
from lamina.training.output_fitting import Together

Range = tuple[float, float]


def check_preparation(together: Together) -> Iterator[Problem]:
    """Problems of the layers that prepare data with the data."""
    ranges = _ranges(together)
    sources = {node.id: [edge.node for edge in node.inputs] for node in together.graph.nodes}
    for name, layer in together.report.layers.items():
        if name not in together.report.nodes:
            continue  # its problems are said already
        came = ranges.get(next(iter(sources[name]), ""))
        wanted: Range | None = getattr(layer, "value_range", None)
        if came is not None and wanted is not None and wanted != came:
            yield _other_range(together, name, wanted, came)
        field = layer.learned_from_data
        if field is not None and getattr(layer, field) is None:
            before = reachable(sources[name], sources)
            learning = [n for n in together.report.order if n in before and _learns(together, n)]
            if learning:
                yield _adapts_late(together, name, learning[-1])


def _ranges(together: Together) -> dict[str, Range]:
    """Least and greatest value that each node gives, where that is known."""
    scale = together.spec.value_range
    found: dict[str, Range] = {}
    for name in together.report.order:
        layer = together.report.layers.get(name)
        if layer is None or scale is None:
            continue
        inputs = [edge.node for edge in together.graph.node(name).inputs]
        if layer.ports.most_inputs == 0:
            found[name] = scale
        elif len(inputs) == 1 and inputs[0] in found:
            out = layer.range_of_values(found[inputs[0]])
            if out is not None:
                found[name] = out
    return found


def _learns(together: Together, node: str) -> bool:
    return node in together.report.nodes and together.report.nodes[node].trainable_parameters > 0


def _other_range(together: Together, node: str, wanted: Range, came: Range) -> Problem:
    kind = together.report.layers[node].type_name
    return Problem(
        "value_range",
        "warning",
        Text(
            f'{kind} "{node}" is set to images from {_said(wanted)}, but those that reach it lie from {_said(came)}.',
            f"{kind}“{node}”按取值范围 {_said_zh(wanted)} 处理图像，但实际到达的图像取值为 {_said_zh(came)}。",
        ),
        node=node,
        field="value_range",
        params={"range": list(wanted), "data": list(came)},
        fixes=(
            Fix(
                Text(f"Set value_range to {_said(came)}", f"将 value_range 设为 {_said_zh(came)}"),
                "graph",
                [together.set_parameter(node, "value_range", list(came))],
            ),
        ),
    )


def _adapts_late(together: Together, node: str, learning: str) -> Problem:
    kind = together.report.layers[node].type_name
    return Problem(
        "adapts_to_untrained",
        "warning",
        Text(
            f'{kind} "{node}" looks at the data once, before training, when "{learning}" before it has not learned '
            f'anything yet: what it finds will not hold. Put it before "{learning}".',
            f"{kind}“{node}”在训练前根据数据统计，而位于其前的“{learning}”此时尚未训练，统计结果之后不再成立。"
            f"请把它放到“{learning}”之前。",
        ),
        node=node,
    )


def _said(bounds: Range) -> str:
    return f"{bounds[0]:g} to {bounds[1]:g}"


def _said_zh(bounds: Range) -> str:
    return f"{bounds[0]:g} 到 {bounds[1]:g}"
