"""VGG16 (Simonyan & Zisserman 2014, arXiv:1409.1556)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lamina.applications import imagenet_utils
from lamina.applications.building import Options, Pooling
from lamina.applications.imagenet_utils import decode_predictions
from lamina.layers import Conv2D, Dense, Flatten, MaxPooling2D
from lamina.model import Model
from lamina.symbolic import SymbolicTensor

__all__ = ["VGG16", "decode_predictions", "preprocess_input"]

BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Filters and number of convolutions of each block."""


def VGG16(  # noqa: N802 - Keras' name
    include_top: bool = True,
    weights: str | Path | None = "imagenet",
    input_tensor: SymbolicTensor | None = None,
    input_shape: Sequence[int | None] | None = None,
    pooling: Pooling | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "vgg16",
) -> Model:
    """Five blocks of 3 x 3 convolutions, then three dense layers.

    Args: as `lamina.applications.building.Options` says; layers and weights are named and ordered as in Keras.

    Shapes:
        (batch, height, width, channels) -> (batch, classes); without the top (batch, height / 32, width / 32, 512)
    """
    options = Options(
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation
    )
    inputs = x = options.input()
    for block, (filters, convolutions) in enumerate(BLOCKS, 1):
        for number in range(1, convolutions + 1):
            layer = f"block{block}_conv{number}"
            x = Conv2D(filters, 3, activation="relu", padding="same", name=layer)(x)
        x = MaxPooling2D(2, strides=2, name=f"block{block}_pool")(x)
    if include_top:
        x = Flatten(name="flatten")(x)
        x = Dense(4096, activation="relu", name="fc1")(x)
        x = Dense(4096, activation="relu", name="fc2")(x)
        x = options.classified(x)
    else:
        x = options.headed(x, name=None, max_name=None)
    return options.model(inputs, x, name)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """RGB images with values to 255 as the weights expect them: BGR, less the mean of ImageNet."""
    return imagenet_utils.preprocess_input(x, data_format, mode="caffe")
