"""MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lamina.applications import imagenet_utils
from lamina.applications.building import Options, Pooling, divisible, normalized, padding_for
from lamina.applications.imagenet_utils import decode_predictions
from lamina.layers import Add, Conv2D, DepthwiseConv2D, GlobalAveragePooling2D, ReLU, ZeroPadding2D
from lamina.model import Model
from lamina.symbolic import SymbolicTensor

__all__ = ["MobileNetV2", "decode_predictions", "preprocess_input"]

STAGES = ((16, 1, 1, 1), (24, 2, 2, 6), (32, 3, 2, 6), (64, 4, 2, 6), (96, 3, 1, 6), (160, 3, 2, 6), (320, 1, 1, 6))  # fmt: skip
"""Filters, number of blocks, first stride and expansion of each stage."""
NORM = {"axis": -1, "momentum": 0.999}


def MobileNetV2(  # noqa: N802 - Keras' name
    input_shape: Sequence[int | None] | None = None,
    alpha: float = 1.0,
    include_top: bool = True,
    weights: str | Path | None = "imagenet",
    input_tensor: SymbolicTensor | None = None,
    pooling: Pooling | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = None,
) -> Model:
    """Seventeen blocks that widen, filter each channel by itself, and narrow again.

    Args: as `lamina.applications.building.Options` says, and
        alpha: Factor of the number of filters in each layer.

    Shapes:
        (batch, height, width, channels) -> (batch, classes); without the top (batch, height / 32, width / 32, 1280)
    """
    options = Options(
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation
    )
    inputs = options.input()
    stem = divisible(32 * alpha)
    x = Conv2D(stem, 3, strides=2, padding="same", use_bias=False, name="Conv1")(inputs)
    x = ReLU(6.0, name="Conv1_relu")(normalized(x, "bn_Conv1", **NORM))
    block = 0
    for filters, blocks, stride, expansion in STAGES:
        for number in range(blocks):
            step = stride if number == 0 else 1
            x = _inverted_residual(x, divisible(int(filters * alpha)), step, expansion, block)
            block += 1
    last = divisible(1280 * alpha) if alpha > 1.0 else 1280
    x = Conv2D(last, 1, use_bias=False, name="Conv_1")(x)
    x = ReLU(6.0, name="out_relu")(normalized(x, "Conv_1_bn", **NORM))
    if include_top:
        x = options.classified(GlobalAveragePooling2D()(x))
    else:
        x = options.headed(x, name=None, max_name=None)
    return options.model(inputs, x, name or f"mobilenetv2_{alpha:0.2f}_{inputs.shape[1]}")


def _inverted_residual(
    inputs: SymbolicTensor, filters: int, stride: int, expansion: int, block: int
) -> SymbolicTensor:
    x, channels = inputs, inputs.shape[-1]
    assert channels is not None
    prefix = f"block_{block}_" if block else "expanded_conv_"
    if block:
        x = Conv2D(expansion * channels, 1, padding="same", use_bias=False, name=f"{prefix}expand")(
            x
        )
        x = normalized(x, f"{prefix}expand_BN", **NORM)
        x = ReLU(6.0, name=f"{prefix}expand_relu")(x)
    if stride == 2:
        x = ZeroPadding2D(padding_for(x, 3), name=f"{prefix}pad")(x)
    x = DepthwiseConv2D(
        3,
        strides=stride,
        use_bias=False,
        padding="same" if stride == 1 else "valid",
        name=f"{prefix}depthwise",
    )(x)
    x = normalized(x, f"{prefix}depthwise_BN", **NORM)
    x = ReLU(6.0, name=f"{prefix}depthwise_relu")(x)
    x = Conv2D(filters, 1, padding="same", use_bias=False, name=f"{prefix}project")(x)
    x = normalized(x, f"{prefix}project_BN", **NORM)
    is_same = channels == filters and stride == 1
    return Add(name=f"{prefix}add")([inputs, x]) if is_same else x


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Images with values to 255 as the weights expect them: from -1 to 1."""
    return imagenet_utils.preprocess_input(x, data_format, mode="tf")
