"""EfficientNetB0 (Tan & Le 2019, arXiv:1905.11946)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from lamina.applications.building import Options, Pooling, normalized, padding_for
from lamina.applications.imagenet_utils import decode_predictions
from lamina.initializers import VarianceScaling
from lamina.layers import (
    Activation,
    Add,
    Conv2D,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePooling2D,
    Multiply,
    Normalization,
    Rescaling,
    Reshape,
    ZeroPadding2D,
)
from lamina.model import Model
from lamina.refused import absent
from lamina.symbolic import SymbolicTensor

__all__ = ["EfficientNetB0", "decode_predictions", "preprocess_input"]

STAGES = ((3, 1, 16, 1, 1), (3, 2, 24, 6, 2), (5, 2, 40, 6, 2), (3, 3, 80, 6, 2), (5, 3, 112, 6, 1), (5, 4, 192, 6, 2), (3, 1, 320, 6, 1))  # fmt: skip
"""Kernel, number of blocks, filters, expansion and first stride of each stage."""
BLOCKS = sum(stage[1] for stage in STAGES)
DROP = 0.2
"""Rate of the dropout before the classifier, and of the last block's shortcut; those before drop less."""


def EfficientNetB0(  # noqa: N802 - Keras' name
    include_top: bool = True,
    weights: str | Path | None = "imagenet",
    input_tensor: SymbolicTensor | None = None,
    input_shape: Sequence[int | None] | None = None,
    pooling: Pooling | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "efficientnetb0",
) -> Model:
    """Sixteen inverted residual blocks that weigh their channels by what the image holds.

    Args: as `lamina.applications.building.Options` says. The images keep their values to 255: the model scales them.

    Shapes:
        (batch, height, width, channels) -> (batch, classes); without the top (batch, height / 32, width / 32, 1280)
    """
    options = Options(
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation
    )
    inputs = options.input()
    x = Normalization(axis=3)(Rescaling(1 / 255)(inputs))
    x = ZeroPadding2D(padding_for(x, 3), name="stem_conv_pad")(x)
    x = _conv(x, 32, 3, "stem_conv", strides=2, padding="valid")
    x = _active(x, "stem_bn", "stem_activation")
    block = 0
    for stage, (kernel, blocks, filters, expansion, stride) in enumerate(STAGES, 1):
        for number in range(blocks):
            prefix = f"block{stage}{chr(ord('a') + number)}_"
            step = stride if number == 0 else 1
            x = _block(x, kernel, filters, expansion, step, DROP * block / BLOCKS, prefix)
            block += 1
    x = _active(_conv(x, 1280, 1, "top_conv"), "top_bn", "top_activation")
    if include_top:
        x = GlobalAveragePooling2D(name="avg_pool")(x)
        x = Dropout(DROP, name="top_dropout")(x)
        x = options.classified(
            x,
            kernel_initializer=VarianceScaling(
                scale=1 / 3, mode="fan_out", distribution="uniform", seed=None
            ),
        )
    else:
        x = options.headed(x)
    return options.model(inputs, x, name)


def _conv(x: SymbolicTensor, filters: int, kernel: int, name: str, **given: Any) -> SymbolicTensor:
    options: dict[str, Any] = {"padding": "same", "use_bias": False, **given}
    y: SymbolicTensor = Conv2D(
        filters, kernel, kernel_initializer=_fan_out(), name=name, **options
    )(x)
    return y


def _fan_out() -> VarianceScaling:
    return VarianceScaling(scale=2.0, mode="fan_out", distribution="truncated_normal", seed=None)


def _active(x: SymbolicTensor, norm: str, activation: str) -> SymbolicTensor:
    y: SymbolicTensor = Activation("swish", name=activation)(normalized(x, norm, axis=3))
    return y


def _block(
    inputs: SymbolicTensor,
    kernel: int,
    filters: int,
    expansion: int,
    stride: int,
    drop: float,
    name: str,
) -> SymbolicTensor:
    x, channels = inputs, inputs.shape[-1]
    assert channels is not None
    wide = channels * expansion
    if expansion != 1:
        x = _conv(x, wide, 1, f"{name}expand_conv")
        x = _active(x, f"{name}expand_bn", f"{name}expand_activation")
    if stride == 2:
        x = ZeroPadding2D(padding_for(x, kernel), name=f"{name}dwconv_pad")(x)
    x = DepthwiseConv2D(
        kernel,
        strides=stride,
        padding="valid" if stride == 2 else "same",
        use_bias=False,
        depthwise_initializer=_fan_out(),
        name=f"{name}dwconv",
    )(x)
    x = _active(x, f"{name}bn", f"{name}activation")
    x = Multiply(name=f"{name}se_excite")([x, _attention(x, channels // 4, wide, name)])
    x = normalized(_conv(x, filters, 1, f"{name}project_conv"), f"{name}project_bn", axis=3)
    if stride == 1 and channels == filters:
        if drop > 0:  # whole images lose the block, not single values
            x = Dropout(drop, noise_shape=(None, 1, 1, 1), name=f"{name}drop")(x)
        x = Add(name=f"{name}add")([x, inputs])
    return x


def _attention(x: SymbolicTensor, few: int, wide: int, name: str) -> SymbolicTensor:
    """How much each channel counts, from the mean of each channel."""
    weigh = GlobalAveragePooling2D(name=f"{name}se_squeeze")(x)
    weigh = Reshape((1, 1, wide), name=f"{name}se_reshape")(weigh)
    reduce, expand = f"{name}se_reduce", f"{name}se_expand"
    weigh = _conv(weigh, max(1, few), 1, reduce, use_bias=True, activation="swish")
    return _conv(weigh, wide, 1, expand, use_bias=True, activation="sigmoid")


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """The images as they are: the model scales them itself."""
    del data_format
    return x


def __getattr__(name: str) -> NoReturn:
    raise absent(__name__, name)
