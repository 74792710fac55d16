"""A drawing of boxes and arrows as a PNG, by Pillow: the same places as in the SVG.

It is drawn at twice the size and made smaller, which smooths the edges; graphviz is not needed.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lamina.errors import ConfigError, NotSupportedError
from lamina.text import Text

OVERSAMPLING = 2
STEPS = 24
"""Straight pieces of a curve."""
MOST_PIXELS = 2**27
INK, EDGE, FILL, PAPER = "#444444", "#5b6b8c", "#f4f6fa", "#ffffff"
TIP = 8.0
"""Length of an arrow's tip, in the units of the drawing."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Label:
    """A box with lines of text; the first is bold in spirit.

    Args:
        left, top, width, height: Where it stands.
        lines: Texts with the middle of each.
    """

    left: float
    top: float
    width: float
    height: float
    lines: Sequence[tuple[str, Point]]


def write_png(
    path: Path,
    size: tuple[float, float],
    boxes: Sequence[Label],
    curves: Sequence[tuple[Point, Point, Point, Point]],
    scale: float,
) -> None:
    """Draw into a file.

    Args:
        path: The file.
        size: Width and height of the drawing.
        boxes: The boxes.
        curves: Start, two control points and end of each arrow.
        scale: Pixels for one unit.

    Raises:
        NotSupportedError: If Pillow is not installed.
        ConfigError: If the picture would be larger than anybody can look at.
    """
    try:
        image_module: Any = importlib.import_module("PIL.Image")
        draw_module: Any = importlib.import_module("PIL.ImageDraw")
        font_module: Any = importlib.import_module("PIL.ImageFont")
    except ImportError as error:
        raise NotSupportedError(
            Text(
                "Drawing a PNG needs Pillow (pip install pillow). A name that ends in .svg needs nothing.",
                "绘制 PNG 需要 Pillow（pip install pillow）。以 .svg 结尾的文件名则无需安装任何东西。",
            )
        ) from error
    factor = scale * OVERSAMPLING
    pixels = (max(1, round(size[0] * factor)), max(1, round(size[1] * factor)))
    if pixels[0] * pixels[1] > MOST_PIXELS:
        raise ConfigError(
            Text(
                f"The picture would have {pixels[0] * pixels[1]} pixels. Pass a smaller dpi, or a name that ends in .svg.",
                f"图片将有 {pixels[0] * pixels[1]} 个像素。请减小 dpi，或使用以 .svg 结尾的文件名。",
            ),
            field="dpi",
        )
    image = image_module.new("RGB", pixels, PAPER)
    draw = draw_module.Draw(image)
    line_width = max(1, round(factor))

    def at(point: Point) -> Point:
        return point[0] * factor, point[1] * factor

    for curve in curves:
        draw.line([at(p) for p in _along(*curve)], fill=INK, width=line_width, joint="curve")
        draw.polygon([at(p) for p in _tip(curve[2], curve[3])], fill=INK)
    font = font_module.load_default(size=12 * factor)
    for box in boxes:
        corner = at((box.left + box.width, box.top + box.height))
        draw.rounded_rectangle(
            [at((box.left, box.top)), corner], 5 * factor, fill=FILL, outline=EDGE, width=line_width
        )
        for text, middle in box.lines:
            draw.text(at(middle), text, fill="#000000", font=font, anchor="mm")
    small = image.resize((max(1, pixels[0] // OVERSAMPLING), max(1, pixels[1] // OVERSAMPLING)))
    small.save(path, format="PNG", optimize=True)


def _along(a: Point, b: Point, c: Point, d: Point) -> list[Point]:
    """Points of a cubic curve."""
    points = []
    for step in range(STEPS + 1):
        t = step / STEPS
        u = 1 - t
        weights = (u**3, 3 * u * u * t, 3 * u * t * t, t**3)
        x, y = (sum(w * p[i] for w, p in zip(weights, (a, b, c, d), strict=True)) for i in range(2))
        points.append((x, y))
    return points


def _tip(before: Point, end: Point) -> list[Point]:
    """The triangle at the end of an arrow that comes from `before`."""
    dx, dy = end[0] - before[0], end[1] - before[1]
    length = max((dx * dx + dy * dy) ** 0.5, 1e-9)
    dx, dy = dx / length * TIP, dy / length * TIP
    left = (end[0] - dx - dy / 2, end[1] - dy + dx / 2)
    right = (end[0] - dx + dy / 2, end[1] - dy - dx / 2)
    return [end, left, right]
