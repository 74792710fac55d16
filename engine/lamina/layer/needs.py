"""What a layer takes and gives, and how it says that an input does not fit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import nn

from lamina.errors import ConfigError, ShapeError
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


def without_row(layer: nn.Module, error: IndexError) -> Exception:
    """The error for data that an Embedding in a layer has no row for; the one that there is where it has none."""
    tables = [
        f'"{each.name}" ({each.input_dim})'
        for each in layer.modules()
        if getattr(each, "type_name", "") == "Embedding"
    ]
    if not tables or "index out of range" not in str(error):
        return error
    listing = ", ".join(tables)
    return ConfigError(
        Text(
            f"A number in the data has no row in an Embedding: {listing}. Numbers run from 0 to input_dim - 1: give it a "
            "larger input_dim, or number the data so.",
            f"数据中的某个编号在 Embedding 中没有对应的行：{listing}。编号应为 0 到 input_dim - 1："
            "请增大 input_dim，或重新编号数据。",
        ),
        field="input_dim",
    )


def need_init(layer: object) -> None:
    """Raise a `ConfigError` for a layer of a user's own that has not called `super().__init__()` yet."""
    if "_modules" not in layer.__dict__:
        name = type(layer).__name__
        raise ConfigError(
            Text(
                f"{name} must call super().__init__() in its __init__ before anything else.",
                f"{name} 的 __init__ 必须首先调用 super().__init__()。",
            )
        )


def need_rank(
    what: Layer, shape: Shape, rank: int, meaning: str, *, insert: str | None = None
) -> None:
    """Raise a `ShapeError` unless `shape` has `rank` axes.

    Args:
        meaning: The axes in words, such as "(batch, height, width, channels)".
        insert: A layer that could be put before to make it fit.
    """
    if len(shape) == rank:
        return
    target = None if insert else _reshaped(shape, rank)
    before = insert or (None if target is None else f"Reshape to {shape_text(target)}")
    if before is not None:
        advice = Text(f" Put a {before} before it.", f"请在它前面加一个 {before}。")
    elif len(shape) < rank:
        advice = Text(
            " Put it before the layers that take axes away, such as Flatten.",
            "请把它放在去掉轴的层（如 Flatten）之前。",
        )
    else:
        advice = Text(
            " Take axes away before it, with a Reshape or a pooling.",
            "请先用 Reshape 或池化去掉多余的轴。",
        )
    raise ShapeError(
        Text(
            f'{type(what).__name__} "{what.name}" needs {meaning} but gets {shape_text(shape)}.{advice.en}',
            f"{type(what).__name__}“{what.name}”需要 {meaning}，实际得到 {shape_text(shape)}。{advice.zh}",
        ),
        insert=insert if target is None else "Reshape",
        insert_config=None if target is None else {"target_shape": list(target)},
    )


def _reshaped(shape: Shape, rank: int) -> Shape | None:
    """Sizes of one sample with other axes, where that keeps a meaning: the last ones as one, or one more of size 1."""
    sample = shape[1:]
    known = [size for size in sample if size is not None]
    if len(known) < len(sample) or rank < 3 or not sample:
        return None
    if len(shape) > rank:
        return (*sample[: rank - 2], math.prod(known[rank - 2 :]))
    return (*sample, 1) if len(shape) == rank - 1 else None


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
