"""`keras.applications`: architectures for transfer learning, whose Keras weight files the user brings."""

from typing import NoReturn

from lamina.applications import (
    efficientnet,
    imagenet_utils,
    mobilenet_v2,
    resnet,
    resnet50,
    vgg16,
)
from lamina.applications.efficientnet import EfficientNetB0
from lamina.applications.mobilenet_v2 import MobileNetV2
from lamina.applications.resnet import ResNet50
from lamina.applications.vgg16 import VGG16
from lamina.refused import absent

__all__ = [
    "VGG16",
    "EfficientNetB0",
    "MobileNetV2",
    "ResNet50",
    "efficientnet",
    "imagenet_utils",
    "mobilenet_v2",
    "resnet",
    "resnet50",
    "vgg16",
]


def __getattr__(name: str) -> NoReturn:
    raise absent(__name__, name)
