"""ResNet50 (He et al. 2015, arXiv:1512.03385)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from lamina.applications import imagenet_utils
from lamina.applications.building import Options, Pooling, normalized
from lamina.applications.imagenet_utils import decode_predictions
from lamina.layers import (
    Activation,
    Add,
    Conv2D,
    GlobalAveragePooling2D,
    MaxPooling2D,
    ZeroPadding2D,
)
from lamina.model import Model
from lamina.refused import absent
from lamina.symbolic import SymbolicTensor

__all__ = ["ResNet50", "decode_predictions", "preprocess_input"]

STACKS = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
"""Filters, number of blocks and first stride of each stack."""
EPSILON = 1.001e-5


def ResNet50(  # noqa: N802 - Keras' name
    include_top: bool = True,
    weights: str | Path | None = "imagenet",
    input_tensor: SymbolicTensor | None = None,
    input_shape: Sequence[int | None] | None = None,
    pooling: Pooling | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "resnet50",
) -> Model:
    """Sixteen bottleneck blocks with shortcuts.

    Args: as `lamina.applications.building.Options` says; layers and weights are named and ordered as in Keras.

    Shapes:
        (batch, height, width, channels) -> (batch, classes); without the top (batch, height / 32, width / 32, 2048)
    """
    options = Options(
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation
    )
    inputs = options.input()
    x = ZeroPadding2D(3, name="conv1_pad")(inputs)
    x = Conv2D(64, 7, strides=2, name="conv1_conv")(x)
    x = normalized(x, "conv1_bn", epsilon=EPSILON, axis=3)
    x = Activation("relu", name="conv1_relu")(x)
    x = ZeroPadding2D(1, name="pool1_pad")(x)
    x = MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    for number, (filters, blocks, stride) in enumerate(STACKS, 2):
        for block in range(1, blocks + 1):
            prefix = f"conv{number}_block{block}"
            x = _bottleneck(x, filters, stride if block == 1 else 1, prefix, changes=block == 1)
    if include_top:
        x = options.classified(GlobalAveragePooling2D(name="avg_pool")(x))
    else:
        x = options.headed(x)
    return options.model(inputs, x, name)


def _bottleneck(
    x: SymbolicTensor, filters: int, stride: int, name: str, *, changes: bool
) -> SymbolicTensor:
    """1 x 1, 3 x 3 and 1 x 1 convolutions beside a shortcut, which is projected where the shape changes."""
    shortcut = x
    if changes:
        shortcut = Conv2D(4 * filters, 1, strides=stride, name=f"{name}_0_conv")(x)
        shortcut = normalized(shortcut, f"{name}_0_bn", epsilon=EPSILON, axis=3)
    for part, (kernel, step) in enumerate(((1, stride), (3, 1)), 1):
        padding = "same" if kernel > 1 else "valid"
        conv = f"{name}_{part}_conv"
        x = Conv2D(filters, kernel, strides=step, padding=padding, name=conv)(x)
        x = normalized(x, f"{name}_{part}_bn", epsilon=EPSILON, axis=3)
        x = Activation("relu", name=f"{name}_{part}_relu")(x)
    x = Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x)
    x = normalized(x, f"{name}_3_bn", epsilon=EPSILON, axis=3)
    x = Add(name=f"{name}_add")([shortcut, x])
    y: SymbolicTensor = Activation("relu", name=f"{name}_out")(x)
    return y


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """RGB images with values to 255 as the weights expect them: BGR, less the mean of ImageNet."""
    return imagenet_utils.preprocess_input(x, data_format, mode="caffe")


def __getattr__(name: str) -> NoReturn:
    raise absent(__name__, name)
