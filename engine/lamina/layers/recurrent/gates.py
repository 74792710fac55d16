"""What recurrent layers and cells share: the options of their kernels and states, and their weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import torch
from torch import Tensor

from lamina.constraints import ConstraintField
from lamina.fields import Fraction, Int, field
from lamina.initializers import Initializer, InitializerField
from lamina.layer import Weight
from lamina.layers.kernel_and_bias import KernelAndBias
from lamina.layers.regularization.random_stream import SeededNoise
from lamina.layers.shared_fields import constraint, declared_weight, penalty
from lamina.regularizers import RegularizerField
from lamina.text import Text

UNITS: Any = field(
    suggest=64, doc=Text("Size of the state and of the output.", "状态和输出的大小。")
)
"""Field: the size of the state."""
LSTM_ACTIVATION: Any = field(
    "tanh",
    doc=Text("Of the candidate and the output.", "候选状态与输出的激活函数。"),
    advanced=True,
)
GRU_ACTIVATION: Any = field(
    "tanh", doc=Text("Of the candidate.", "候选状态的激活函数。"), advanced=True
)
RNN_ACTIVATION: Any = field("tanh", doc=Text("Of the state.", "状态的激活函数。"), advanced=True)
GATE_ACTIVATION: Any = field(
    "sigmoid", doc=Text("Of the gates.", "门控的激活函数。"), advanced=True
)
UNIT_FORGET_BIAS: Any = field(
    True,
    doc=Text("Begin with 1 as bias of the forget gate.", "遗忘门的偏置初始为 1。"),
    advanced=True,
    after="bias_initializer",
)
RESET_AFTER = Text(
    "Whether the reset gate acts after the state's kernel, or before it.",
    "重置门作用于循环权重之后（否则在之前）。",
)
SEED = Text(
    "Seed of its own for dropout; the run's when empty.",
    "随机失活单独的随机种子；留空则用本次训练的种子。",
)


class UnitForgetBias(Initializer):
    """Another initializer's values, but ones for the forget gate (Jozefowicz et al. 2015)."""

    def __init__(self, inner: Initializer, units: int) -> None:
        super().__init__()
        self.inner = inner
        self.units = units

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        drawn = self.inner.draw(shape, generator)
        drawn[self.units : 2 * self.units] = 1.0
        return drawn


class Gates(KernelAndBias):
    """Base of recurrent layers and of cells; `parts` is the number of gates and candidates that a step computes."""

    recurrent_initializer: InitializerField = field(
        "orthogonal",
        doc=Text("First values of the state's kernel.", "循环权重的初始值。"),
        advanced=True,
        after="kernel_initializer",
    )
    recurrent_regularizer: RegularizerField | None = field(
        None, doc=penalty("recurrent"), advanced=True, after="kernel_regularizer"
    )
    recurrent_constraint: ConstraintField | None = field(
        None, doc=constraint("recurrent"), advanced=True, after="kernel_constraint"
    )
    dropout: Fraction = field(
        0.0,
        doc=Text(
            "Share of the input's features set to zero while training.",
            "训练时输入特征置零的比例。",
        ),
        after="bias_constraint",
    )
    recurrent_dropout: Fraction = field(
        0.0,
        doc=Text(
            "Share of the state's features set to zero while training; LSTM, GRU and SimpleRNN then run step by step, "
            "which is slower.",
            "训练时状态特征置零的比例；此时 LSTM、GRU 和 SimpleRNN 逐步计算，速度较慢。",
        ),
        advanced=True,
        after="dropout",
    )
    seed: Int | None = field(None, doc=SEED, advanced=True, after="recurrent_dropout")

    parts: ClassVar[int]
    states_count: ClassVar[int] = 1
    units: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.pop("implementation", None)  # ways to the same numbers
        super().__init__(*args, **kwargs)
        self.noise = None if self.seed is None else SeededNoise(self.seed)

    @property
    def bias_shape(self) -> tuple[int, ...]:
        return (self.parts * self.units,)

    @property
    def first_bias(self) -> Any:
        """Initializer of the bias."""
        return self.bias_initializer

    def gate_weights(
        self,
        features: int,
        *,
        window: tuple[int, ...] = (),
        to_torch: tuple[int, ...] = (1, 0),
        file_group: str = "",
    ) -> Iterator[Weight]:
        """The kernels of input and state and the bias, for an input of so many features.

        Args:
            features: Size of the last axis of the input.
            window: Sizes of the kernels' axes in front of their rows, in a convolution.
            to_torch: Order of the kernels' axes in torch's layout.
            file_group: Group inside the layer's own in a weights file.
        """
        options: dict[str, Any] = {"to_torch": to_torch, "file_group": file_group}
        columns = self.parts * self.units
        yield declared_weight(self, "kernel", (*window, features, columns), **options)
        shape = (*window, self.units, columns)
        yield declared_weight(self, "recurrent_kernel", shape, "recurrent", **options)
        if self.use_bias:
            yield Weight(
                "bias",
                self.bias_shape,
                self.first_bias,
                file_group=file_group,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )


class ForgetGate(Gates):
    """The gates input, forget, cell and output, in this order, as in Keras and torch."""

    parts = 4
    states_count: ClassVar[int] = 2
    unit_forget_bias: bool

    @property
    def first_bias(self) -> Any:
        given = self.bias_initializer
        return UnitForgetBias(given, self.units) if self.unit_forget_bias else given
