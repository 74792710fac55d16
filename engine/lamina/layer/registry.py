"""The registry of layers, and the groups in which the palette shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from lamina.registry import Registry
from lamina.text import Text

if TYPE_CHECKING:
    from lamina.layer.base import Layer

LAYERS: Registry[type[Layer]] = Registry("layer", "层")

L = TypeVar("L", bound="type[Layer]")


class layer:  # noqa: N801 - a decorator, written like a function
    """Register a layer class: it then stands in the palette, the docs, files and the registry-driven tests.

    Args:
        group: Palette group, a key of `GROUPS`.
        summary: One line for the palette.
        name: Type of the node in a graph, where it is not the class' name.
        aliases: Other names that Keras gives the class.
    """

    def __init__(
        self, *, group: str, summary: Text, name: str | None = None, aliases: Sequence[str] = ()
    ) -> None:
        assert group in GROUPS, f"unknown palette group {group}"
        self.group = group
        self.summary = summary
        self.name = name
        self.aliases = aliases

    def __call__(self, cls: L) -> L:
        cls.group = self.group
        cls.summary = self.summary
        cls.type_name = self.name or cls.__name__
        LAYERS.register(cls, cls.type_name, aliases=self.aliases)
        return cls


GROUPS: Mapping[str, Text] = {
    "core": Text("Core", "核心"),
    "activation": Text("Activation", "激活"),
    "convolution": Text("Convolution", "卷积"),
    "pooling": Text("Pooling", "池化"),
    "normalization": Text("Normalization", "归一化"),
    "regularization": Text("Regularization", "正则化"),
    "reshaping": Text("Reshaping", "形状变换"),
    "recurrent": Text("Recurrent", "循环"),
    "attention": Text("Attention", "注意力"),
    "merging": Text("Merging", "合并"),
    "preprocessing": Text("Preprocessing", "预处理"),
}
"""Palette groups in the order of the palette."""
