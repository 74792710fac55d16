"""What a layer of one's own asks of its input: `InputSpec`, and the look whether an input has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from lamina import tree
from lamina.errors import ConfigError, ShapeError
from lamina.ops.convert import dtype_name
from lamina.text import Text


class InputSpec:
    """What an input has to be; set as `layer.input_spec`, it is looked at in each call.

    Args:
        dtype: Type of the elements.
        shape: Its shape, None for axes of any size.
        ndim: Number of axes.
        max_ndim: Most axes.
        min_ndim: Least axes.
        axes: Sizes by axis.
        allow_last_axis_squeeze: Whether a last axis of size 1 may be there or not.
        name: Key of the input, where inputs are a dict.
        optional: Whether it may be None.

    >>> InputSpec(ndim=3, axes={-1: 4})
    InputSpec(ndim=3, axes={-1: 4})
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = None if dtype is None else dtype_name(dtype)
        self.shape = None if shape is None else tuple(shape)
        self.ndim = ndim if self.shape is None else len(self.shape)
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.name = name
        self.optional = optional
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        try:
            self.axes = {int(axis): size for axis, size in dict(axes or {}).items()}
        except (TypeError, ValueError):
            raise TypeError(
                f"Argument `axes` must be a dict with integer keys. Received: axes={axes}"
            ) from None
        most = self.ndim or self.max_ndim
        if self.axes and most is not None and max(self.axes) > most - 1:
            raise ConfigError(
                Text(
                    f"InputSpec: axis {max(self.axes)} is greater than the maximum allowed value: {most - 1}.",
                    f"InputSpec：轴 {max(self.axes)} 超过了最大值 {most - 1}。",
                ),
                field="axes",
            )

    def __repr__(self) -> str:
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        given = [f"{name}={getattr(self, name)}" for name in names if getattr(self, name)]
        return f"InputSpec({', '.join(given)})"

    def get_config(self) -> dict[str, Any]:
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes", "optional")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        return cls(**config)

    def problems(self, x: Any) -> list[str]:
        """What is expected and what is found, for each thing that `x` is not."""
        shape = tuple(x.shape)
        found = []
        if self.ndim is not None and len(shape) != self.ndim and not self.allow_last_axis_squeeze:
            found.append(f"expected ndim={self.ndim}, found ndim={len(shape)}")
        if self.max_ndim is not None and len(shape) > self.max_ndim:
            found.append(f"expected max_ndim={self.max_ndim}, found ndim={len(shape)}")
        if self.min_ndim is not None and len(shape) < self.min_ndim:
            found.append(f"expected min_ndim={self.min_ndim}, found ndim={len(shape)}")
        if self.dtype is not None and dtype_name(x.dtype) != self.dtype:
            found.append(f"expected dtype={self.dtype}, found dtype={dtype_name(x.dtype)}")
        if found:
            return found
        for axis, size in self.axes.items():
            if size is not None and shape[axis] not in (size, None):
                found.append(f"expected axis {axis} of input shape to have value {size}")
        if self.shape is not None and not self._fits(shape):
            found.append(f"expected shape={self.shape}, found shape={shape}")
        return found

    def _fits(self, shape: tuple[Any, ...]) -> bool:
        wanted = self.shape or ()
        if self.allow_last_axis_squeeze:
            wanted, shape = (s[:-1] if s and s[-1] == 1 else s for s in (wanted, shape))
        return all(
            None in (expected, real) or expected == real
            for expected, real in zip(wanted, shape, strict=False)
        )


def check_inputs(layer: Any, inputs: Any) -> None:
    """Raise a `ShapeError` when an input of a call is not what the layer's `input_spec` says."""
    specs: list[Any] = [
        s for s in tree.flatten(layer.input_spec) if s is None or isinstance(s, InputSpec)
    ]
    if isinstance(inputs, Mapping) and all(spec is not None and spec.name for spec in specs):
        missing = [spec.name for spec in specs if spec.name not in inputs]
        if missing:
            raise ShapeError(
                Text(
                    f'Missing data for input "{missing[0]}" of layer "{layer.name}". You passed a data dictionary with '
                    f"keys {list(inputs)}. Expected the following keys: {[spec.name for spec in specs]}",
                    f"层“{layer.name}”缺少输入“{missing[0]}”的数据。传入字典的键为 {list(inputs)}，需要 "
                    f"{[spec.name for spec in specs]}。",
                )
            )
        inputs = [inputs[spec.name] for spec in specs]
    given = tree.flatten(inputs)
    if len(given) != len(specs):
        raise ShapeError(
            Text(
                f'Layer "{layer.name}" expects {len(specs)} input(s), but it received {len(given)} input tensors.',
                f"层“{layer.name}”需要 {len(specs)} 个输入，实际收到 {len(given)} 个张量。",
            )
        )
    for position, (spec, x) in enumerate(zip(specs, given, strict=True)):
        if spec is None or (x is None and spec.optional) or not hasattr(x, "shape"):
            continue
        wrong = spec.problems(x)
        if wrong:
            raise ShapeError(
                Text(
                    f'Input {position} of layer "{layer.name}" is incompatible with the layer: {"; ".join(wrong)}. '
                    f"Full shape received: {tuple(x.shape)}",
                    f"层“{layer.name}”的第 {position} 个输入不符合要求：{'；'.join(wrong)}。实际形状：{tuple(x.shape)}。",
                ),
                port=position,
            )
