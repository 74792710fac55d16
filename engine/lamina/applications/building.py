"""What the architectures share: the input, the head, and the user's weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lamina import activations
from lamina.errors import ConfigError, NotSupportedError, ShapeError
from lamina.layers import (
    BatchNormalization,
    Dense,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
)
from lamina.layers.core.input import Input
from lamina.model import Model
from lamina.symbolic import SymbolicTensor
from lamina.text import Text

Pooling = Literal["avg", "max"]
LEAST_SIZE = 32
"""Each architecture halves its images five times."""


@dataclass(frozen=True)
class Options:
    """What every architecture is asked for, by Keras' names.

    Args:
        include_top: Whether the classifier at the end is part of the model.
        weights: None for fresh weights, or the path of a Keras weight file.
        input_tensor: An Input to build on.
        input_shape: Shape of one image, channels last.
        pooling: How the features become one row where there is no classifier: "avg", "max" or None for not.
        classes: Number of classes of the classifier.
        classifier_activation: Activation of the classifier.
    """

    include_top: bool = True
    weights: str | Path | None = None
    input_tensor: SymbolicTensor | None = None
    input_shape: Sequence[int | None] | None = None
    pooling: Pooling | None = None
    classes: int = 1000
    classifier_activation: Any = "softmax"

    def __post_init__(self) -> None:
        _check_weights(self.weights)
        if str(self.pooling) not in ("None", "avg", "max"):
            raise ConfigError(
                Text(
                    f'pooling is "avg", "max" or None, got {self.pooling!r}.',
                    f"pooling 可为 “avg”、“max” 或 None，实际为 {self.pooling!r}。",
                ),
                field="pooling",
            )
        is_pretrained = self.weights is not None and self.include_top
        if is_pretrained and activations.serialize(
            activations.get(self.classifier_activation)
        ) not in ("softmax", "linear", None):
            raise ConfigError(
                Text(
                    "With weights from a file, classifier_activation is softmax or None, "
                    f"got {self.classifier_activation!r}.",
                    "使用权重文件时，classifier_activation 只能是 softmax 或 None，"
                    f"实际为 {self.classifier_activation!r}。",
                ),
                field="classifier_activation",
            )

    def input(self, default_size: int = 224) -> SymbolicTensor:
        """The image that the network takes, checked.

        Raises:
            ShapeError: If images of the shape are too small or the shape is none of an image.
        """
        if self.input_tensor is not None:
            given: Any = self.input_tensor
            if not isinstance(given, SymbolicTensor) or given.call.inputs:
                raise ConfigError(
                    Text(
                        "input_tensor is an Input: applications start a model, they do not continue one.",
                        "input_tensor 必须是 Input：applications 用于开始一个模型，而不是接续模型。",
                    ),
                    field="input_tensor",
                )
            return self.input_tensor
        shape = None if self.input_shape is None else tuple(self.input_shape)
        if shape is None:
            size = default_size if self.include_top else None
            shape = (size, size, 3)
        _check_shape(shape, needs_size=self.include_top)
        return Input(shape=shape)

    def headed(
        self, x: SymbolicTensor, *, name: str | None = "avg_pool", max_name: str | None = "max_pool"
    ) -> SymbolicTensor:
        """The features without a classifier, pooled as asked."""
        if self.pooling == "avg":
            x = GlobalAveragePooling2D(name=name)(x)
        elif self.pooling == "max":
            x = GlobalMaxPooling2D(name=max_name)(x)
        return x

    def classified(self, x: SymbolicTensor, **options: Any) -> SymbolicTensor:
        """The classifier on a row of features."""
        activation = self.classifier_activation
        y: SymbolicTensor = Dense(
            self.classes, activation=activation, name="predictions", **options
        )(x)
        return y

    def model(self, inputs: SymbolicTensor, outputs: SymbolicTensor, name: str) -> Model:
        """The model, with the weights of the user's file."""
        model = Model(inputs, outputs, name=name)
        if self.weights is not None:
            model.load_weights(self.weights)
        return model


def normalized(x: SymbolicTensor, name: str, **options: Any) -> SymbolicTensor:
    """Batch normalization of the channels."""
    y: SymbolicTensor = BatchNormalization(name=name, **options)(x)
    return y


def padding_for(x: SymbolicTensor, kernel: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Zeros around an image before a convolution with stride 2, so that the last row is used when sizes are even.

    The networks were trained with these sides; "same" would pad others.
    """
    half = kernel // 2
    top, left = (1 if size is None else 1 - size % 2 for size in x.shape[1:3])
    return (half - top, half), (half - left, half)


def divisible(value: float, by: int = 8) -> int:
    """The nearest multiple of `by`, but at least `by` and no more than a tenth below `value`."""
    rounded = max(by, int(value + by / 2) // by * by)
    return rounded + by if rounded < 0.9 * value else rounded


def _check_weights(weights: Any) -> None:
    if weights is None:
        return
    if weights == "imagenet":
        raise NotSupportedError(
            Text(
                'weights="imagenet" would download a file, which the library never does by itself. Download the '
                "weights of this architecture from https://storage.googleapis.com/tensorflow/keras-applications/ "
                '(Keras keeps its own copy in ~/.keras/models) and pass the path: weights="/path/to/file.h5". '
                "For fresh weights, weights=None.",
                'weights="imagenet" 需要下载文件，而本库从不自行下载。请从 '
                "https://storage.googleapis.com/tensorflow/keras-applications/ 下载该架构的权重"
                '（Keras 的副本位于 ~/.keras/models），并传入路径：weights="/path/to/file.h5"。'
                "如需全新权重，请使用 weights=None。",
            )
        )
    if not isinstance(weights, (str, Path)) or not Path(weights).expanduser().is_file():
        raise ConfigError(
            Text(
                f"weights is None or the path of a Keras weight file, got {weights!r}: there is no such file.",
                f"weights 应为 None 或 Keras 权重文件的路径，实际为 {weights!r}：没有这样的文件。",
            ),
            field="weights",
        )


def _check_shape(shape: tuple[int | None, ...], *, needs_size: bool) -> None:
    if len(shape) != 3:
        raise ShapeError(
            Text(
                f"input_shape is (height, width, channels), got {shape}.",
                f"input_shape 应为 (高, 宽, 通道)，实际为 {shape}。",
            ),
            field="input_shape",
        )
    if needs_size and None in shape:
        raise ShapeError(
            Text(
                f"With include_top=True the size of the images must be known, got {shape}.",
                f"include_top=True 时必须给出图像大小，实际为 {shape}。",
            ),
            field="input_shape",
        )
    if any(size is not None and size < LEAST_SIZE for size in shape[:2]):
        raise ShapeError(
            Text(
                f"Images must be at least {LEAST_SIZE} x {LEAST_SIZE}, got {shape[:2]}.",
                f"图像至少为 {LEAST_SIZE} x {LEAST_SIZE}，实际为 {shape[:2]}。",
            ),
            field="input_shape",
        )
