"""Add, Multiply and their kin, and Concatenate: several tensors into one."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lamina.conversion import as_tensor
from lamina.errors import ConfigError, ShapeError
from lamina.fields import Int, field
from lamina.layer import Layer, Ports, Shape, layer, shape_text
from lamina.text import Text

SEVERAL = Ports(least_inputs=2, most_inputs=None)
TWO = Ports(least_inputs=2, most_inputs=2)


def _merged_size(sizes: list[int | None]) -> int | None:
    """Size of an axis after broadcasting; raises ValueError when the sizes do not fit."""
    known = {size for size in sizes if size is not None and size != 1}
    if len(known) > 1:
        raise ValueError(sizes)
    if known:
        return known.pop()
    return None if None in sizes else 1


def checked_masks(layer: Layer, inputs: Any, mask: Any) -> list[Any]:
    """The masks of the inputs in a list.

    Raises:
        ConfigError: If inputs or masks are no list, or there is not one mask for each input.
    """
    for name, value in (("mask", mask), ("inputs", inputs)):
        if not isinstance(value, (list, tuple)):
            raise ConfigError(
                Text(
                    f'{layer.type_name} "{layer.name}": `{name}` should be a list. Received a {type(value).__name__}.',
                    f"{layer.type_name}“{layer.name}”：{name} 应为列表，实际为 {type(value).__name__}。",
                )
            )
    if len(mask) != len(inputs):
        raise ConfigError(
            Text(
                f'{layer.type_name} "{layer.name}": The lists `inputs` and `mask` should have the same length. '
                f"Received {len(inputs)} inputs and {len(mask)} masks.",
                f"{layer.type_name}“{layer.name}”：inputs 与 mask 的长度应相同，实际为 {len(inputs)} 和 {len(mask)}。",
            )
        )
    return list(mask)


class _Elementwise(Layer):
    """What the layers share that combine their inputs element by element."""

    ports = SEVERAL
    takes_list = True

    supports_masking = True

    def output_shape(self, *inputs: Shape) -> Shape:
        rank = max(len(shape) for shape in inputs)
        # A shorter sample shape is extended after the batch, as in Keras.
        padded = [(shape[0], *(1,) * (rank - len(shape)), *shape[1:]) for shape in inputs]
        try:
            return (
                inputs[0][0],
                *(_merged_size([shape[axis] for shape in padded]) for axis in range(1, rank)),
            )
        except ValueError:
            shapes = " and ".join(shape_text(shape) for shape in inputs)
            raise ShapeError(
                Text(
                    f'{self.type_name} "{self.name}" needs inputs of equal shape but gets {shapes}. Make the layers '
                    'before give equal shapes: as many features, and padding "same" where windows slide.',
                    f"{self.type_name}“{self.name}”要求各输入形状相同，实际得到 {shapes}。请让前面的层输出相同的形状："
                    "特征数相同，滑动窗口的填充用“same”。",
                ),
                port=len(inputs) - 1,
                wants_equal=True,
            ) from None

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """What counts in any input, where all inputs have masks."""
        if mask is None:
            return None
        masks = checked_masks(self, inputs, mask)
        return None if any(m is None for m in masks) else functools.reduce(_either, masks)

    def combine(self, total: Tensor, x: Tensor) -> Tensor:
        """What has been combined so far with one more input."""
        raise NotImplementedError

    def padded(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """The inputs with as many axes as the longest of them has."""
        rank = max(len(shape) for shape in self.built_for)
        return [
            x if len(shape) == rank else x[(slice(None), *(None,) * (rank - len(shape)))]
            for x, shape in zip(inputs, self.built_for, strict=True)
        ]

    def forward(self, *inputs: Tensor) -> Tensor:
        padded = self.padded(inputs)
        total = padded[0]
        for x in padded[1:]:
            total = self.combine(total, x)
        return total


@layer(group="merging", summary=Text("The sum of several inputs.", "把多个输入相加。"))
class Add(_Elementwise):
    """Sum of the inputs, element by element; an axis of size 1 is repeated.

    Shapes:
        two or more of (batch, …) -> (batch, …)
    """

    def combine(self, total: Tensor, x: Tensor) -> Tensor:
        return total + x


@layer(group="merging", summary=Text("One input less another.", "两个输入相减。"))
class Subtract(_Elementwise):
    """The first input less the second, element by element; an axis of size 1 is repeated.

    Shapes:
        two of (batch, …) -> (batch, …)
    """

    ports = TWO

    def combine(self, total: Tensor, x: Tensor) -> Tensor:
        return total - x


@layer(group="merging", summary=Text("The product of several inputs.", "把多个输入逐元素相乘。"))
class Multiply(_Elementwise):
    """Product of the inputs, element by element; an axis of size 1 is repeated.

    Shapes:
        two or more of (batch, …) -> (batch, …)
    """

    def combine(self, total: Tensor, x: Tensor) -> Tensor:
        return total * x

    def forward(self, *inputs: Tensor, mask: Any = None) -> Tensor:
        if mask is None:
            return super().forward(*inputs)
        counts: list[Any] = [None if m is None else m.bool().unsqueeze(-1) for m in mask]
        ones = [
            x if counted is None else torch.where(counted, x, torch.ones_like(x))
            for x, counted in zip(inputs, counts, strict=True)
        ]
        product = super().forward(*ones)
        if any(counted is None for counted in counts):
            return product
        any_counts = functools.reduce(torch.logical_or, counts)
        return torch.where(any_counts, product, torch.zeros_like(product))


@layer(group="merging", summary=Text("The mean of several inputs.", "对多个输入取平均。"))
class Average(_Elementwise):
    """Mean of the inputs, element by element; an axis of size 1 is repeated.

    Shapes:
        two or more of (batch, …) -> (batch, …)
    """

    def combine(self, total: Tensor, x: Tensor) -> Tensor:
        return total + x

    def forward(self, *inputs: Tensor) -> Tensor:
        return super().forward(*inputs) / len(inputs)


class _Extreme(_Elementwise):
    """Maximum and Minimum: a step that does not count in one input is what it is in the others."""

    def forward(self, *inputs: Tensor, mask: Any = None) -> Tensor:
        if mask is None:
            return super().forward(*inputs)
        padded = self.padded(inputs)
        counts: list[Any] = [None if m is None else m.bool().unsqueeze(-1) for m in mask]
        total, total_counts = padded[0], counts[0]
        for x, counted in zip(padded[1:], counts[1:], strict=True):
            there = x if counted is None else torch.where(counted, x, total)
            before = total if total_counts is None else torch.where(total_counts, total, there)
            both = counted is not None and total_counts is not None
            total_counts = torch.logical_or(total_counts, counted) if both else None
            total = self.combine(before, there)
        return (
            total
            if total_counts is None
            else torch.where(total_counts, total, torch.zeros_like(total))
        )


@layer(group="merging", summary=Text("The largest of several inputs.", "取多个输入中的最大值。"))
class Maximum(_Extreme):
    """Largest of the inputs at each element; an axis of size 1 is repeated.

    Shapes:
        two or more of (batch, …) -> (batch, …)
    """

    def combine(self, total: Tensor, x: Tensor) -> Tensor:
        return torch.maximum(total, x)


@layer(group="merging", summary=Text("The smallest of several inputs.", "取多个输入中的最小值。"))
class Minimum(_Extreme):
    """Smallest of the inputs at each element; an axis of size 1 is repeated.

    Shapes:
        two or more of (batch, …) -> (batch, …)
    """

    def combine(self, total: Tensor, x: Tensor) -> Tensor:
        return torch.minimum(total, x)


@layer(group="merging", summary=Text("Several inputs side by side.", "把多个输入拼接在一起。"))
class Concatenate(Layer):
    """The inputs one after the other along an axis.

    Shapes:
        two or more of (batch, …, n) that differ along `axis` only -> (batch, …, sum of n)
    """

    axis: Int = field(-1, doc=Text("Axis to join along.", "沿哪个轴拼接。"))

    ports = SEVERAL
    takes_list = True

    supports_masking = True

    def output_shape(self, *inputs: Shape) -> Shape:
        first = inputs[0]
        axis = self.axis + len(first) if self.axis < 0 else self.axis
        if not 0 <= axis < len(first):
            raise ShapeError(
                Text(
                    f'Concatenate "{self.name}" has no axis {self.axis} in {shape_text(first)}.',
                    f"Concatenate“{self.name}”的输入 {shape_text(first)} 中没有轴 {self.axis}。",
                ),
                field="axis",
                suggest={"axis": -1},
            )
        merged = list(first)
        for port, shape in enumerate(inputs[1:], start=1):
            for place, size in enumerate(shape):
                fits = len(shape) == len(first) and (
                    place == axis or None in (size, merged[place]) or size == merged[place]
                )
                if not fits:
                    raise ShapeError(
                        Text(
                            f'Concatenate "{self.name}" needs inputs that differ along axis {self.axis} only, but gets '
                            f"{shape_text(first)} and {shape_text(shape)}.",
                            f"Concatenate“{self.name}”要求各输入仅在轴 {self.axis} 上不同，实际得到 {shape_text(first)} "
                            f"和 {shape_text(shape)}。",
                        ),
                        port=port,
                    )
                if place != axis and merged[place] is None:
                    merged[place] = size
        along = [shape[axis] for shape in inputs]
        merged[axis] = None if None in along else sum(size for size in along if size is not None)
        return tuple(merged)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """What counts in any of the inputs that lie side by side; all of an input without a mask counts."""
        if mask is None or all(m is None for m in checked_masks(self, inputs, mask)):
            return None
        ranks = [len(shape) for shape in self.built_for] or [x.ndim for x in inputs]
        masks = []
        for given, given_mask, rank in zip(inputs, mask, ranks, strict=True):
            x, m = as_tensor(given), None if given_mask is None else as_tensor(given_mask)
            if m is None:
                masks.append(torch.ones_like(x, dtype=torch.bool))
            else:
                fewer = m.unsqueeze(-1) if _rank_of_mask(m, rank) < rank else m
                masks.append(torch.logical_or(fewer, torch.zeros_like(x, dtype=torch.bool)))
        return torch.cat(masks, dim=self.axis).any(-1)

    def forward(self, *inputs: Tensor) -> Tensor:
        return torch.cat(inputs, dim=self.axis)


def _either(a: Any, b: Any) -> Any:
    """Where one of two masks says that it counts."""
    if hasattr(a, "graph_call") and not isinstance(a, torch.fx.Proxy):
        return importlib.import_module("lamina.ops").logical_or(a, b)
    return torch.logical_or(as_tensor(a), as_tensor(b))


def _rank_of_mask(mask: Any, rank: int) -> int:
    """The axes of a mask; of one that is being traced, those of an input without its features."""
    return rank - 1 if isinstance(mask, torch.fx.Proxy) else int(mask.ndim)
