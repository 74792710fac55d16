"""What a layer takes and gives, and how it says that an input does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lamina.errors import ShapeError
from lamina.shapes import Shape, shape_text
from lamina.text import Text

if TYPE_CHECKING:
    from lamina.layer.base import Layer


@dataclass(frozen=True)
class Ports:
    """How many tensors a layer takes and gives; `most_inputs` is None where there is no limit."""

    least_inputs: int = 1
    most_inputs: int | None = 1
    outputs: int = 1

    def to_json(self) -> dict[str, Any]:
        return {
            "inputs": {"min": self.least_inputs, "max": self.most_inputs},
            "outputs": self.outputs,
        }


def need_rank(
    what: Layer, shape: Shape, rank: int, meaning: str, *, insert: str | None = None
) -> None:
    """Raise a `ShapeError` unless `shape` has `rank` axes.

    Args:
        meaning: The axes in words, such as "(batch, height, width, channels)".
        insert: A layer that could be put before to make it fit.
    """
    if len(shape) != rank:
        raise ShapeError(
            Text(
                f'{type(what).__name__} "{what.name}" needs {meaning} but gets {shape_text(shape)}.'
                + (f" Put a {insert} before it." if insert else ""),
                f"{type(what).__name__}“{what.name}”需要 {meaning}，实际得到 {shape_text(shape)}。"
                + (f"请在它前面加一个 {insert}。" if insert else ""),
            ),
            insert=insert,
        )


def need_known(what: Layer, shape: Shape, axis: int, meaning: str) -> int:
    """The size of an axis that the weights depend on; raises a `ShapeError` when it is None."""
    size = shape[axis]
    if size is None:
        raise ShapeError(
            Text(
                f'{type(what).__name__} "{what.name}" needs to know the size of the {meaning} axis of its input '
                f"{shape_text(shape)}. Give it in the Input.",
                f"{type(what).__name__}“{what.name}”需要知道输入 {shape_text(shape)} 中 {meaning} 轴的大小。请在 Input 中给出。",
            )
        )
    return size
