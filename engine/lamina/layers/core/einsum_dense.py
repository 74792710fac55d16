"""EinsumDense: a dense layer whose sums an equation states."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lamina.activations import Activation
from lamina.constraints import ConstraintField
from lamina.errors import ShapeError
from lamina.fields import InputShape, Issue, field
from lamina.initializers import ByFans, Initializer, InitializerField
from lamina.layer import Layer, Shape, Weight, layer, need_known, product, shape_text
from lamina.layers.shared_fields import (
    REFUSED,
    WITHOUT_EFFECT,
    Refused,
    constraint,
    declared_weight,
    penalty,
)
from lamina.regularizers import RegularizerField
from lamina.text import Text

_FORM = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


@dataclass(frozen=True)
class _Equation:
    """The letters of input, kernel and output, and on which side "..." stands for further axes."""

    x: str
    kernel: str
    y: str
    rest_on_left: bool
    rest_on_right: bool


def _parsed(equation: str) -> _Equation | None:
    """The parts of an equation; None when it is not of a form that works."""
    found = _FORM.fullmatch(equation.replace(" ", ""))
    if found is None:
        return None
    left, x, right, kernel, left_y, y, right_y = found.groups()
    is_sound = (
        left == left_y
        and right == right_y
        and not (left and right)
        and len(set(x)) == len(x)
        and len(set(kernel)) == len(kernel)
        and len(set(y)) == len(y)
        and set(y) <= set(x) | set(kernel)
        and set(kernel) <= set(x) | set(y)
        and (bool(left) or (x[0] == y[0] and x[0] not in kernel))  # the batch stays what it is
    )
    return _Equation(x, kernel, y, bool(left), bool(right)) if is_sound else None


@layer(
    group="core",
    summary=Text("A dense layer for any axes, by an equation.", "用爱因斯坦求和式定义的全连接层。"),
)
class EinsumDense(Layer):
    """activation(einsum(equation, x, kernel) + bias).

    Shapes:
        (batch, …), as the left of the equation says -> (batch, *output_shape)

    >>> import torch
    >>> EinsumDense("abc,cd->abd", output_shape=(None, 64))(torch.zeros(2, 5, 8)).shape
    torch.Size([2, 5, 64])
    """

    wants_fractions = True

    equation: str = field(
        suggest="...x,xy->...y",
        doc=Text(
            "Letters of the input's, the kernel's and the output's axes; ... for any further ones.",
            "输入、权重与输出各轴的字母，... 表示其余的轴。",
        ),
    )
    partial_output_shape: InputShape = field(
        suggest=[64],
        doc=Text(
            "Shape of one output without the axes that ... stands for; empty for sizes that the input says.",
            "单个输出的形状，不含 ... 所代表的轴；留空的大小由输入决定。",
        ),
    )
    activation: Activation = field(
        None, doc=Text("Applied to the result.", "作用于结果的激活函数。")
    )
    bias_axes: str | None = field(
        None,
        doc=Text("Letters of the axes that have a bias.", "带偏置的轴的字母。"),
        advanced=True,
    )
    kernel_initializer: InitializerField = field(
        "glorot_uniform", doc=Text("First values of the kernel.", "权重的初始值。"), advanced=True
    )
    bias_initializer: InitializerField = field(
        "zeros", doc=Text("First values of the bias.", "偏置的初始值。"), advanced=True
    )
    kernel_regularizer: RegularizerField | None = field(None, doc=penalty("kernel"), advanced=True)
    bias_regularizer: RegularizerField | None = field(None, doc=penalty("bias"), advanced=True)
    kernel_constraint: ConstraintField | None = field(None, doc=constraint("kernel"), advanced=True)
    bias_constraint: ConstraintField | None = field(None, doc=constraint("bias"), advanced=True)
    lora_rank: Refused = field(None, doc=REFUSED, hidden=True)
    lora_alpha: Any = field(None, doc=WITHOUT_EFFECT, hidden=True)
    gptq_unpacked_column_size: Refused = field(None, doc=REFUSED, hidden=True)
    quantization_config: Refused = field(None, doc=REFUSED, hidden=True)

    aliases = {"output_shape": "partial_output_shape"}

    @classmethod
    def check_together(cls, values: Mapping[str, Any]) -> Iterable[Issue]:
        equation, bias_axes = _parsed(values["equation"]), values["bias_axes"]
        if equation is None:
            yield Issue(
                "equation",
                "bad_parameter",
                Text(
                    'EinsumDense.equation must be like "ab,bc->ac", "...b,bc->...c" or "ab...,bc->ac...", ... at one end '
                    "of input and output alone, each letter known from one side, the batch first and not in the kernel; "
                    f"got {values['equation']!r}.",
                    "EinsumDense.equation 应形如“ab,bc->ac”“...b,bc->...c”或“ab...,bc->ac...”，... 只能在输入和输出的同一端，字母须有出处，"
                    f"批次轴在最前且不在权重中；实际为 {values['equation']!r}。",
                ),
                values["equation"],
            )
        elif bias_axes is not None and not (bias_axes and set(bias_axes) <= set(equation.y)):
            yield Issue(
                "bias_axes",
                "bad_parameter",
                Text(
                    f"EinsumDense.bias_axes must be letters of the output {equation.y!r}, got {bias_axes!r}.",
                    f"EinsumDense.bias_axes 必须是输出 {equation.y!r} 中的字母，实际为 {bias_axes!r}。",
                ),
                bias_axes,
            )

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config["output_shape"] = config.pop("partial_output_shape")
        return config

    @property
    def _letters(self) -> _Equation:
        letters = _parsed(self.equation)
        assert letters is not None, "checked with the other parameters"
        return letters

    def _sizes(self, x: Shape) -> tuple[dict[str, int | None], Shape]:
        """Sizes by letter, and of the axes that ... stands for."""
        letters = self._letters
        further = len(x) - len(letters.x)
        has_rest = letters.rest_on_left or letters.rest_on_right
        given = self.partial_output_shape
        own = given if letters.rest_on_left else (x[0], *given)
        expected = len(letters.y) - (0 if letters.rest_on_left else 1)
        fits = further == 0 or (has_rest and further > 0)
        if letters.rest_on_left and further == 0:  # ... stands for nothing: the batch is a letter
            own, expected = (x[0], *given), len(letters.y) - 1
        if not fits or len(given) != expected:
            raise self._misfit(x)
        rest = x[:further] if letters.rest_on_left else x[len(letters.x) :]
        known = x[further:] if letters.rest_on_left else x[: len(letters.x)]
        sizes = dict(zip(letters.x, known, strict=True))
        for letter, size in zip(letters.y, own, strict=True):
            if size is not None and sizes.get(letter) not in (None, size):
                raise self._misfit(x)
            sizes[letter] = sizes.get(letter) if size is None else size
        return sizes, rest

    def _misfit(self, x: Shape) -> ShapeError:
        wanted = list(self.partial_output_shape)
        return ShapeError(
            Text(
                f'EinsumDense "{self.name}" cannot make {wanted} of {shape_text(x)} by {self.equation!r}.',
                f"EinsumDense“{self.name}”无法按 {self.equation!r} 从 {shape_text(x)} 得到 {wanted}。",
            ),
            field="partial_output_shape",
        )

    def output_shape(self, *inputs: Shape) -> Shape:
        sizes, rest = self._sizes(inputs[0])
        own = tuple(sizes[letter] for letter in self._letters.y)
        self._kernel_shape(inputs[0])
        return (*rest, *own) if self._letters.rest_on_left else (*own, *rest)

    def _kernel_shape(self, x: Shape) -> tuple[int, ...]:
        sizes, _ = self._sizes(x)
        shape: Shape = tuple(sizes[letter] for letter in self._letters.kernel)
        return tuple(
            need_known(self, shape, axis, f'"{letter}"')
            for axis, letter in enumerate(self._letters.kernel)
        )

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        (x,) = inputs
        letters, shape = self._letters, self._kernel_shape(x)
        is_output = [letter in letters.y for letter in letters.kernel]
        yield Weight(
            "kernel",
            shape,
            _by_axes(self.kernel_initializer, is_output),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if self.bias_axes is not None:
            sizes, rest = self._sizes(x)
            first = min(letters.y.index(letter) for letter in self.bias_axes)
            own: Shape = tuple(
                sizes[letter] if letter in self.bias_axes else 1 for letter in letters.y[first:]
            )
            bias = tuple(need_known(self, own, axis, "bias") for axis in range(len(own)))
            after = (1,) * len(rest) if letters.rest_on_right else ()
            yield declared_weight(self, "bias", (*bias, *after))

    def macs(self, inputs: Sequence[Shape], output: Shape) -> int:
        sizes, rest = self._sizes(inputs[0])
        return product([*rest, *sizes.values()][1:])

    def forward(self, *inputs: Tensor) -> Tensor:
        y = torch.einsum(self.equation, inputs[0], self._kernel)
        return self.activation(y + self._bias if self.bias_axes is not None else y)


def _by_axes(initializer: Initializer, is_output: Sequence[bool]) -> Initializer:
    """The initializer, with inputs and outputs counted by what the equation says and not by the last two axes."""
    if not isinstance(initializer, ByFans):
        return initializer
    into = [axis for axis, is_out in enumerate(is_output) if not is_out]
    out = [axis for axis, is_out in enumerate(is_output) if is_out]
    return initializer.with_axes(into, out)
