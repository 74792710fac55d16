"""What `model.summary` prints: a table of the layers, then the numbers of parameters."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any, Literal

from lamina.errors import ConfigError
from lamina.graph.document import Graph
from lamina.layer import Layer
from lamina.operation import Op
from lamina.text import Text

Justify = Literal["left", "right", "center"]

LEAST_WIDTH = 4
"""Characters that a column needs."""
DTYPE_BYTES = {"float64": 8, "int64": 8, "uint64": 8, "float16": 2, "bfloat16": 2}


@dataclass(frozen=True)
class Column:
    """One column.

    Args:
        end: Where it ends, as a share of the line.
        cell: Gives the text for a layer and how deep it is nested.
    """

    title: str
    end: float
    justify: Justify
    cell: Callable[[Layer, int], str]


def summary_of(
    model: Any,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    *,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> str:
    """The text of `model.summary`; the arguments are explained there."""
    graph: Graph | None = None if model.is_sequential else model.inner_graph
    layers = list(model.layers if graph is None else model._all_layers)
    connections = None if graph is None or _is_chain(graph) else _connections(model, graph)
    columns = _columns(connections, positions, show_trainable)
    longest = (88 if connections is None else 108) + 12 * show_trainable
    length = line_length or min(longest, shutil.get_terminal_size().columns - 4)
    first, last = _range_of(layers, layer_range)
    rows = [
        [column.cell(layer, depth) for column in columns]
        for top in layers[first:last]
        for layer, depth in _with_inner(top, expand_nested)
    ]
    lines = [f'Model: "{model.name}"', *_table(columns, rows, _widths(columns, length))]
    return "\n".join([*lines, *_totals(model)]) + "\n"


def _columns(
    connections: dict[str, str] | None, positions: Sequence[float] | None, show_trainable: bool
) -> list[Column]:
    kinds: list[tuple[str, Justify, Callable[[Layer, int], str]]] = [
        ("Layer (type)", "left", _title),
        ("Output Shape", "left", lambda layer, _: _shapes_text(layer)),
        ("Param #", "right", lambda layer, _: _count(layer)),
    ]
    ends = [0.45, 0.8, 1.0]
    if connections is not None:
        kinds.append(("Connected to", "left", lambda layer, _: connections.get(layer.name, "-")))
        ends = [0.3, 0.56, 0.74, 1.0]
    given = list(ends if positions is None else positions)
    if len(given) != len(ends) or not all(a < b for a, b in pairwise([0, *given, 1.001])):
        raise ConfigError(
            Text(
                f"positions says where the {len(ends)} columns end, as growing shares of the line up to 1 such as "
                f"{ends}; got {positions!r}.",
                f"positions 表示 {len(ends)} 列的结束位置，应为递增且不超过 1 的比例，例如 {ends}；实际为 {positions!r}。",
            ),
            field="positions",
        )
    if show_trainable:
        kinds.append(("Trainable", "center", lambda layer, _: _trainable(layer)))
        given = [*(0.9 * end for end in given), 1.0]
    return [
        Column(title, end, justify, cell)
        for (title, justify, cell), end in zip(kinds, given, strict=True)
    ]


def _title(layer: Layer, depth: int) -> str:
    lead = "   " * depth + "└ " if depth else ""
    kind = type(layer).__name__
    if isinstance(layer, Op):
        kind = str(layer.op).replace("_", " ").title().replace(" ", "")
    return f"{lead}{layer.name} ({kind})"


def _shapes_text(layer: Layer) -> str:
    output = layer.__dict__.get("output")
    if isinstance(output, (list, tuple)):
        return str([getattr(x, "shape", "?") for x in output])
    return str(getattr(output, "shape", "?"))


def _count(layer: Layer) -> str:
    return f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"


def _trainable(layer: Layer) -> str:
    return ("Y" if layer.trainable else "N") if layer.weights else "-"


def _with_inner(layer: Any, expand: bool, depth: int = 0) -> Iterator[tuple[Layer, int]]:
    yield layer, depth
    if expand:
        for inner in getattr(layer, "layers", ()):
            yield from _with_inner(inner, expand, depth + 1)


def _is_chain(graph: Graph) -> bool:
    """Whether each node has one before it and one after it, and no layer is called twice."""
    before = [edge.node for node in graph.nodes for edge in node.inputs]
    starts = sum(not node.inputs for node in graph.nodes)
    shares = any(node.shares is not None for node in graph.nodes)
    return (
        starts == 1
        and not shares
        and len(set(before)) == len(before)
        and all(len(node.inputs) <= 1 for node in graph.nodes)
    )


def _connections(model: Any, graph: Graph) -> dict[str, str]:
    """By name of a layer what it is called on: layer[call of it][output of the call]."""
    places: dict[str, str] = {}
    calls: dict[str, int] = {}
    for node in graph.nodes:
        name = model.layers_by_node[node.id].name
        calls[name] = calls.get(name, -1) + 1
        places[node.id] = f"{name}[{calls[name]}]"
    found: dict[str, list[str]] = {}
    for node in graph.nodes:
        sources = [f"{places[edge.node]}[{edge.output}]" for edge in node.inputs]
        found.setdefault(model.layers_by_node[node.id].name, []).extend(sources)
    return {name: ", ".join(sources) or "-" for name, sources in found.items()}


def _range_of(layers: Sequence[Layer], names: Sequence[str] | None) -> tuple[int, int]:
    """The layers from the first that matches one name to the last that matches the other."""
    if names is None:
        return 0, len(layers)
    known = ", ".join(layer.name for layer in layers)
    if len(names) != 2 or not all(isinstance(name, str) for name in names):
        raise ConfigError(
            Text(
                f"layer_range is a pair of names, or patterns of names, of layers; got {names!r}.",
                f"layer_range 应为一对层名称（或名称的模式），实际为 {names!r}。",
            ),
            field="layer_range",
        )
    first, last = (
        [index for index, layer in enumerate(layers) if re.match(name, layer.name)]
        for name in names
    )
    if not first or not last:
        raise ConfigError(
            Text(
                f"No layers match the layer_range {tuple(names)}. Layers: {known}.",
                f"没有层与 layer_range {tuple(names)} 匹配。现有的层：{known}。",
            ),
            field="layer_range",
        )
    if first[0] > last[-1]:
        return last[0], first[-1] + 1
    return first[0], last[-1] + 1


def _widths(columns: Sequence[Column], length: int) -> list[int]:
    """Widths of the cells' texts."""
    ends = [int(column.end * length) for column in columns]
    widths = [end - start for start, end in pairwise([0, *ends])]
    if min(widths) < LEAST_WIDTH:
        raise ConfigError(
            Text(
                f"A line of {length} characters is too short for {len(columns)} columns; give a larger line_length.",
                f"一行 {length} 个字符放不下 {len(columns)} 列；请增大 line_length。",
            ),
            field="line_length",
        )
    excess = sum(widths) + 3 * len(widths) + 1 - length  # what the frame takes
    for index in range(len(widths)):
        share = round(excess / (len(widths) - index))
        widths[index] = max(1, widths[index] - share)
        excess -= share
    return widths


def _table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], widths: Sequence[int]
) -> list[str]:
    def rule(left: str, line: str, between: str, right: str) -> str:
        return left + between.join(line * (width + 2) for width in widths) + right

    def lines(cells: Iterable[str], wall: str) -> list[str]:
        parts = [_wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
        height = max(map(len, parts))
        filled = [part + [""] * (height - len(part)) for part in parts]
        return [
            wall + wall.join(f" {_justified(*one)} " for one in _zip(row, widths, columns)) + wall
            for row in zip(*filled, strict=True)
        ]

    titles = lines([column.title for column in columns], "┃")
    table = [rule("┏", "━", "┳", "┓"), *titles, rule("┡", "━", "╇", "┩")]
    for index, row in enumerate(rows):
        if index:
            table.append(rule("├", "─", "┼", "┤"))
        table.extend(lines(row, "│"))
    return [*table, rule("└", "─", "┴", "┘")]


def _zip(
    row: Sequence[str], widths: Sequence[int], columns: Sequence[Column]
) -> Iterable[tuple[str, int, Justify]]:
    return zip(row, widths, (column.justify for column in columns), strict=True)


def _wrapped(text: str, width: int) -> list[str]:
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
    return [line if len(line) <= width else line[: width - 1] + "…" for line in lines]


def _justified(text: str, width: int, justify: Justify) -> str:
    if justify == "center":
        left = (width - len(text)) // 2
        return " " * left + text.ljust(width - left)
    return text.rjust(width) if justify == "right" else text.ljust(width)


def _totals(model: Any) -> list[str]:
    """Numbers of parameters and the bytes that they take."""
    optimizer = getattr(model, "optimizer", None)
    parts: dict[str, list[Any]] = {
        "Trainable": list(model.trainable_weights),
        "Non-trainable": list(model.non_trainable_weights),
    }
    if optimizer is not None and optimizer.built:
        parts["Optimizer"] = list(optimizer.variables)
    everything = [variable for part in parts.values() for variable in part]
    return [
        f" {title} params: {sum(prod(v.shape) for v in part):,} ({_size(part)})"
        for title, part in {"Total": everything, **parts}.items()
    ]


def _size(variables: Sequence[Any]) -> str:
    size = float(sum(prod(v.shape) * DTYPE_BYTES.get(str(v.dtype), 4) for v in variables))
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} PB"
