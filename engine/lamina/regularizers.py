"""Penalties on weights and outputs that training adds to the loss, with Keras' definitions and defaults.

A regularizer takes a tensor in Keras' layout and gives a scalar.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, NoReturn, Self

import torch
from pydantic import BeforeValidator
from torch import Tensor
from torch.nn.functional import normalize

from lamina.conversion import on_data
from lamina.errors import ShapeError
from lamina.fields import Declared, NonNegativeFloat, choice_of, field
from lamina.named_objects import find, read, shown, write
from lamina.refused import absent
from lamina.registry import Registry
from lamina.text import Text

REGULARIZERS: Registry[type[Any]] = Registry("regularizer", "正则化器")


class Regularizer:
    """Base for a user's own: override `__call__`, and `get_config` where the model is to be saved."""

    def __call__(self, x: Tensor) -> Any:
        return 0.0

    def get_config(self) -> dict[str, Any]:
        raise NotImplementedError(f"{type(self).__name__} does not implement get_config().")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        return cls(**config)


class _Known(Declared, Regularizer):
    """A regularizer of the library: declared by fields, found by its names."""

    names: ClassVar[tuple[str, ...]]
    """Keras' names of it; a form offers the first."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.__call__ = on_data(cls.__call__)  # type: ignore[method-assign]
        REGULARIZERS.register(cls, aliases=cls.names)


def _or(default: float) -> BeforeValidator:
    """Keras reads None as the default."""
    return BeforeValidator(lambda value: default if value is None else value)


class L1(_Known):
    """`l1` times the sum of the absolute values."""

    names = ("l1",)

    l1: Annotated[NonNegativeFloat, _or(0.01)] = field(
        0.01, doc=Text("Factor of the sum of absolute values.", "绝对值之和的系数。")
    )

    def __call__(self, x: Tensor) -> Tensor:
        return self.l1 * x.abs().sum()


class L2(_Known):
    """`l2` times the sum of the squares."""

    names = ("l2",)

    l2: Annotated[NonNegativeFloat, _or(0.01)] = field(
        0.01, doc=Text("Factor of the sum of squares.", "平方和的系数。")
    )

    def __call__(self, x: Tensor) -> Tensor:
        return self.l2 * x.square().sum()


class L1L2(_Known):
    """Both penalties; without factors there is none."""

    names = ("l1l2", "l1_l2")  # strings of Keras know the first, its functions the second

    l1: Annotated[NonNegativeFloat, _or(0.0)] = field(
        0.0, doc=Text("Factor of the sum of absolute values.", "绝对值之和的系数。")
    )
    l2: Annotated[NonNegativeFloat, _or(0.0)] = field(
        0.0, doc=Text("Factor of the sum of squares.", "平方和的系数。")
    )

    def __call__(self, x: Tensor) -> Tensor:
        total = x.new_zeros(())
        if self.l1:
            total = total + self.l1 * x.abs().sum()
        if self.l2:
            total = total + self.l2 * x.square().sum()
        return total


class OrthogonalRegularizer(_Known):
    """`factor` times the mean absolute cosine between different rows, or columns, of a matrix.

    Shapes:
        x: (rows, columns) -> ()

    Raises:
        ShapeError: If the tensor is no matrix.
    """

    names = ("orthogonal_regularizer",)

    factor: NonNegativeFloat = field(0.01, doc=Text("Factor of the penalty.", "惩罚项的系数。"))
    mode: Literal["rows", "columns"] = field(
        "rows", doc=Text("Which vectors shall be orthogonal.", "使哪些向量相互正交。")
    )

    def __call__(self, x: Tensor) -> Tensor:
        if x.dim() != 2:
            raise ShapeError(
                Text(
                    f"OrthogonalRegularizer needs a weight of two axes, got {tuple(x.shape)}.",
                    f"OrthogonalRegularizer 需要两个轴的权重，实际为 {tuple(x.shape)}。",
                )
            )
        vectors = normalize(x if self.mode == "rows" else x.mT, dim=1)  # (vectors, size)
        size = vectors.shape[0]
        others = 1.0 - torch.eye(size, dtype=x.dtype, device=x.device)
        pairs = size * (size - 1.0) / 2.0
        total = (vectors @ vectors.mT * others).abs().sum()
        # A single vector has no pair: 0/0, not a number, as in Keras; torch divides without raising.
        return self.factor * 0.5 * total / torch.as_tensor(pairs, dtype=x.dtype, device=x.device)


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer


def get(identifier: Any) -> Any:
    """The regularizer for a name, a configuration, a class, an object or a function; None for none."""
    return find(REGULARIZERS, identifier)


def serialize(regularizer: Any) -> str | dict[str, Any] | None:
    """The name alone when all parameters are the defaults, else `{"type", "config"}`."""
    return write(REGULARIZERS, regularizer, lambda cls: str(cls.names[0]))


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The regularizer of a configuration; `custom_objects` are classes of a user's own by name."""
    return read(REGULARIZERS, config, custom_objects)


def names() -> list[str]:
    """The names that a form offers."""
    return [cls.names[0] for cls in REGULARIZERS]


def _in_document(regularizer: Any) -> str | dict[str, Any] | None:
    return shown(REGULARIZERS, regularizer, lambda cls: str(cls.names[0]))


RegularizerField = Annotated[(Any, *choice_of(get, _in_document, names))]
"""Field type: a regularizer by name or object, or None."""


def __getattr__(name: str) -> NoReturn:
    raise absent(__name__, name)
