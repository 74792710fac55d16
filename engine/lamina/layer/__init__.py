"""Layers: their base class, their registry, and what they are made of."""

from lamina.layer.base import Layer
from lamina.layer.needs import Ports, need_known, need_rank
from lamina.layer.registry import GROUPS, LAYERS, layer
from lamina.shapes import Shape, TensorSpec, product, shape_text
from lamina.variable import Variable, Weight

__all__ = [
    "GROUPS",
    "LAYERS",
    "Layer",
    "Ports",
    "Shape",
    "TensorSpec",
    "Variable",
    "Weight",
    "layer",
    "need_known",
    "need_rank",
    "product",
    "shape_text",
]
