"""`plot_model`: a drawing of a model as SVG or PNG, by our own layered layout, so that no graphviz is needed.

Layers stand in ranks: each one rank below the deepest of its inputs. Within a rank they are put near the middle of
what they read from, then side by side. Lines that skip ranks are drawn as curves beside the boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Literal, Protocol

from lamina.errors import ConfigError, NotSupportedError
from lamina.graph.document import Graph, Node
from lamina.layer import Layer, TensorSpec
from lamina.pixels import Label, Point, write_png
from lamina.text import Text

Direction = Literal["TB", "BT", "LR", "RL"]
CHARACTER = 7.3
"""Width of a letter of the font, in pixels."""
LINE, PADDING, GAP, RANK_GAP, MARGIN = 20, 12, 28, 44, 16
SWEEPS = 4
"""How often each rank is put near its neighbours, down and up."""


class Drawable(Protocol):
    """A model as the drawing sees it."""

    name: str

    @property
    def built(self) -> bool: ...
    @property
    def graph(self) -> Graph: ...
    @property
    def layers_by_node(self) -> dict[str, Layer]: ...


@dataclass
class Box:
    """One layer: its lines of text, and where it stands."""

    node: Node
    lines: list[str]
    width: float
    height: float
    rank: int = 0
    x: float = 0.0
    y: float = 0.0


def plot_model(
    model: Drawable,
    to_file: str | Path = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: Direction = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> str:
    """Draw a model into an SVG or a PNG file; PNG needs Pillow (`pip install "lamina[images]"`).

    Args:
        model: A built model.
        to_file: Name of the file; it must end in `.svg` or `.png`.
        show_shapes: Write the shape of each layer's output.
        show_dtype: Write the type of each layer's output.
        show_layer_names: Write the names of the layers beside their classes.
        rankdir: Where the model runs to: "TB" down, "BT" up, "LR" right, "RL" left.
        expand_nested: Taken for Keras' sake: there are no models inside models here.
        dpi: Dots per inch; 96 draws one pixel as one.
        show_layer_activations: Write the activation of layers that have one.
        show_trainable: Write whether training changes the weights.
        splines: Keras' default, or "curved", which is how lines are drawn in any case.

    Returns:
        The text of the SVG, which a notebook can show.

    Raises:
        NotSupportedError: If the name ends in another kind of picture, or in `.png` without Pillow.
        ConfigError: If the model does not know its input's shape yet, or an argument cannot be.
    """
    del expand_nested
    if unknown := [key for key in kwargs if key != "layer_range"]:
        raise TypeError(f"plot_model has no argument {', '.join(unknown)}.")
    if splines not in ("ortho", "curved"):
        raise NotSupportedError(
            Text(
                f'plot_model draws curves; splines="{splines}" is a style of graphviz and not supported.',
                f"plot_model 只绘制曲线；splines=“{splines}”是 graphviz 的样式，不受支持。",
            )
        )
    if kwargs.get("layer_range") is not None:
        raise NotSupportedError(
            Text(
                "plot_model draws the whole model; layer_range is not supported.",
                "plot_model 只绘制整个模型；不支持 layer_range。",
            )
        )
    path = Path(to_file).expanduser()
    svg_name = path.with_suffix(".svg").name
    if path.suffix.lower() not in (".svg", ".png"):
        raise NotSupportedError(
            Text(
                f'plot_model writes SVG and PNG; it cannot write "{path.name}". Pass to_file="{svg_name}".',
                f'plot_model 输出 SVG 和 PNG，无法写出“{path.name}”。请使用 to_file="{svg_name}"。',
            )
        )
    _check(model, rankdir, dpi)
    boxes = [
        _box(
            node,
            model.layers_by_node[node.shares or node.id],
            model.layers_by_node[node.id].call_specs[node.id],
            shapes=show_shapes,
            dtypes=show_dtype,
            names=show_layer_names,
            activations=show_layer_activations,
            trainable=show_trainable,
        )
        for node in model.graph.nodes
    ]
    width, height = _lay_out(boxes, is_across=rankdir in ("LR", "RL"))
    if rankdir in ("BT", "RL"):
        _turn(boxes, width, height, is_across=rankdir == "RL")
    svg = _svg(boxes, width, height, scale=dpi / 96, title=model.name, direction=rankdir)
    if path.suffix.lower() == ".svg":
        path.write_text(svg, encoding="utf-8")
    else:
        by_id = {box.node.id: box for box in boxes}
        curves = [_curve(by_id[e.node], box, rankdir) for box in boxes for e in box.node.inputs]
        labels = [Label(*_corner(box), box.width, box.height, _texts(box)) for box in boxes]
        write_png(path, (width, height), labels, curves, dpi / 96)
    return svg


def model_to_dot(*_args: Any, **_kwargs: Any) -> Any:
    """Not supported: it gives an object of the package pydot, which is no part of this library.

    Raises:
        NotSupportedError: Always.
    """
    raise NotSupportedError(
        Text(
            "model_to_dot gives a graph of pydot, which this library does not use. "
            'plot_model(model, "model.svg") draws the model without it.',
            "model_to_dot 返回 pydot 的图对象，而本库不使用 pydot。"
            '请使用 plot_model(model, "model.svg") 绘制模型。',
        )
    )


def _check(model: Drawable, rankdir: str, dpi: int) -> None:
    if rankdir not in ("TB", "BT", "LR", "RL"):
        raise ConfigError(
            Text(
                f'rankdir is "TB", "BT", "LR" or "RL", got {rankdir!r}.',
                f"rankdir 可为 “TB”、“BT”、“LR” 或 “RL”，实际为 {rankdir!r}。",
            ),
            field="rankdir",
        )
    if dpi <= 0:
        raise ConfigError(
            Text(f"dpi is above 0, got {dpi}.", f"dpi 应大于 0，实际为 {dpi}。"), field="dpi"
        )
    if not model.built:
        raise ConfigError(
            Text(
                f'"{model.name}" cannot be drawn before it knows the shape of its input. Add an Input or call build.',
                f"“{model.name}”尚不知道输入形状，无法绘制。请添加 Input 或调用 build。",
            )
        )


def _box(
    node: Node,
    layer: Layer,
    known: Sequence[TensorSpec],
    *,
    shapes: bool,
    dtypes: bool,
    names: bool,
    activations: bool,
    trainable: bool,
) -> Box:
    kind = type(layer).__name__
    lines = [f"{layer.name} ({kind})" if names else kind]
    if activations and (head := layer.output_activation()) is not None:
        lines.append(f"Activation: {head}")
    if shapes:
        lines.append(f"Output shape: {', '.join(str(spec.shape) for spec in known)}")
    if dtypes:
        lines.append(f"Output dtype: {', '.join(spec.dtype for spec in known)}")
    if trainable:
        lines.append(f"Trainable: {layer.trainable}")
    width = max(len(line) for line in lines) * CHARACTER + 2 * PADDING
    return Box(node, lines, width, len(lines) * LINE + PADDING)


# ---------------------------------------------------------------------------------------------
# layout


def _lay_out(boxes: Sequence[Box], *, is_across: bool) -> tuple[float, float]:
    """Give each box its place; the size of the whole drawing."""
    by_id = {box.node.id: box for box in boxes}
    sources = {box.node.id: [by_id[edge.node] for edge in box.node.inputs] for box in boxes}
    readers: dict[str, list[Box]] = {box.node.id: [] for box in boxes}
    for box in boxes:  # nodes come after what they read from
        box.rank = max((source.rank + 1 for source in sources[box.node.id]), default=0)
        for source in sources[box.node.id]:
            readers[source.node.id].append(box)
    ranks: list[list[Box]] = [[] for _ in range(max(box.rank for box in boxes) + 1)]
    for box in boxes:
        ranks[box.rank].append(box)

    def across(box: Box) -> float:
        return box.height if is_across else box.width

    place = {box.node.id: 0.0 for box in boxes}
    for sweep in range(SWEEPS):
        neighbours = readers if sweep % 2 else sources
        for rank in reversed(ranks) if sweep % 2 else ranks:
            wished = {}
            for box in rank:
                near = neighbours[box.node.id]
                mean = sum(place[n.node.id] for n in near) / len(near) if near else None
                wished[box.node.id] = place[box.node.id] if mean is None else mean
            rank.sort(key=lambda box: wished[box.node.id])
            _side_by_side(rank, wished, place, [across(box) for box in rank])
    first = min(place[box.node.id] - across(box) / 2 for box in boxes)
    along = float(MARGIN)
    for rank in ranks:
        depth = max(box.width if is_across else box.height for box in rank)
        for box in rank:
            side = place[box.node.id] - first + MARGIN
            box.x, box.y = (along + depth / 2, side) if is_across else (side, along + depth / 2)
        along += depth + RANK_GAP
    return (
        max(box.x + box.width / 2 for box in boxes) + MARGIN,
        max(box.y + box.height / 2 for box in boxes) + MARGIN,
    )


def _side_by_side(
    rank: Sequence[Box], wished: dict[str, float], place: dict[str, float], sizes: Sequence[float]
) -> None:
    """Put the boxes of a rank in their order as near to their wishes as they fit, around the wishes' middle."""
    at: list[float] = []
    for number, box in enumerate(rank):
        least = (
            at[-1] + (sizes[number - 1] + sizes[number]) / 2 + GAP if at else wished[box.node.id]
        )
        at.append(max(wished[box.node.id], least))
    shift = sum(wished[box.node.id] - x for box, x in zip(rank, at, strict=True)) / len(rank)
    for box, x in zip(rank, at, strict=True):
        place[box.node.id] = x + shift


def _turn(boxes: Sequence[Box], width: float, height: float, *, is_across: bool) -> None:
    """Let the model run the other way."""
    for box in boxes:
        if is_across:
            box.x = width - box.x
        else:
            box.y = height - box.y


# ---------------------------------------------------------------------------------------------
# SVG


def _svg(
    boxes: Sequence[Box],
    width: float,
    height: float,
    *,
    scale: float,
    title: str,
    direction: Direction,
) -> str:
    by_id = {box.node.id: box for box in boxes}
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * scale:.0f}" height="{height * scale:.0f}" '
            f'viewBox="0 0 {width:.1f} {height:.1f}" font-family="monospace" font-size="12">'
        ),
        f"<title>{escape(title)}</title>",
        (
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
            '<path d="M0 0L8 4L0 8z" fill="#444"/></marker></defs>'
        ),
        '<rect width="100%" height="100%" fill="#fff"/>',
    ]
    for box in boxes:
        parts.extend(_line(by_id[edge.node], box, direction) for edge in box.node.inputs)
    parts.extend(_drawn(box) for box in boxes)
    return "\n".join([*parts, "</svg>\n"])


def _curve(source: Box, target: Box, direction: Direction) -> tuple[Point, Point, Point, Point]:
    """Start, control points and end of a curve from the far side of one box to the near side of another."""
    sign = 1 if direction in ("TB", "LR") else -1
    if direction in ("LR", "RL"):
        x1, y1 = source.x + sign * source.width / 2, source.y
        x2, y2 = target.x - sign * target.width / 2, target.y
        bend = (x2 - x1) / 2
        return (x1, y1), (x1 + bend, y1), (x2 - bend, y2), (x2, y2)
    x1, y1 = source.x, source.y + sign * source.height / 2
    x2, y2 = target.x, target.y - sign * target.height / 2
    bend = (y2 - y1) / 2
    return (x1, y1), (x1, y1 + bend), (x2, y2 - bend), (x2, y2)


def _line(source: Box, target: Box, direction: Direction) -> str:
    a, b, c, d = (f"{x:.1f} {y:.1f}" for x, y in _curve(source, target, direction))
    return f'<path d="M{a}C{b} {c} {d}" fill="none" stroke="#444" marker-end="url(#tip)"/>'


def _corner(box: Box) -> Point:
    return box.x - box.width / 2, box.y - box.height / 2


def _texts(box: Box) -> list[tuple[str, Point]]:
    """The lines of a box with the middle of each."""
    first = _corner(box)[1] + PADDING / 2 + LINE / 2
    return [(line, (box.x, first + LINE * number)) for number, line in enumerate(box.lines)]


def _drawn(box: Box) -> str:
    left, top = _corner(box)
    first = top + PADDING / 2 + LINE * 0.7
    texts = "".join(
        f'<text x="{box.x:.1f}" y="{first + LINE * number:.1f}" text-anchor="middle" '
        f'font-weight="{400 if number else 700}">{escape(line)}</text>'
        for number, line in enumerate(box.lines)
    )
    return (
        f'<g><rect x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="5" '
        f'fill="#f4f6fa" stroke="#5b6b8c"/>{texts}</g>'
    )
