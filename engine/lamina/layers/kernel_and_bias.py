"""What layers share that have a kernel and, if wanted, a bias: the options of both."""

from __future__ import annotations

from collections.abc import Iterator

from lamina.activations import Activation
from lamina.constraints import ConstraintField
from lamina.fields import field
from lamina.initializers import InitializerField
from lamina.layer import Layer, Weight
from lamina.layers.shared_fields import constraint, declared_weight, penalty
from lamina.regularizers import RegularizerField
from lamina.text import Text


class OptionalBias(Layer):
    """An activation, and a bias that may be left out."""

    activation: Activation = field(
        None, doc=Text("Applied to the result.", "作用于结果的激活函数。")
    )
    use_bias: bool = field(
        True, doc=Text("Add a learned offset.", "是否加上可学习的偏置。"), advanced=True
    )
    bias_initializer: InitializerField = field(
        "zeros", doc=Text("First values of the bias.", "偏置的初始值。"), advanced=True
    )
    bias_regularizer: RegularizerField | None = field(None, doc=penalty("bias"), advanced=True)
    bias_constraint: ConstraintField | None = field(None, doc=constraint("bias"), advanced=True)

    wants_fractions = True

    def optional_bias(self, *shape: int) -> Iterator[Weight]:
        """The bias, if there is one."""
        if self.use_bias:
            yield declared_weight(self, "bias", shape)


class KernelAndBias(OptionalBias):
    """Options of a kernel, in Keras' order among those of the bias."""

    kernel_initializer: InitializerField = field(
        "glorot_uniform",
        doc=Text("First values of the kernel.", "卷积核（权重矩阵）的初始值。"),
        advanced=True,
        after="use_bias",
    )
    kernel_regularizer: RegularizerField | None = field(
        None, doc=penalty("kernel"), advanced=True, after="bias_initializer"
    )
    kernel_constraint: ConstraintField | None = field(
        None, doc=constraint("kernel"), advanced=True, after="bias_regularizer"
    )
