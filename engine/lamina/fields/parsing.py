"""The types of a class' fields: annotations with their type variables filled in, as pydantic reads them."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pydantic
from pydantic import ConfigDict

if TYPE_CHECKING:
    from lamina.fields.declared import Declared

T = TypeVar("T")


def _once(function: Callable[[type[Declared]], T]) -> Callable[[type[Declared]], T]:
    """Remember a function's result for each class."""
    return cast("Callable[[type[Declared]], T]", cache(function))


@_once
def hints_of(cls: type[Declared]) -> dict[str, Any]:
    """Annotations of a class' fields, with what pydantic reads from them.

    Where a family of classes shares a field whose type differs, the field is annotated with a type variable and each
    class says what it stands for: `class Conv2D(Convolution[Size2D])`.
    """
    given = _type_arguments(cls)
    return {
        name: _filled(hint, given)
        for name, hint in typing.get_type_hints(cls, include_extras=True).items()
    }


def _type_arguments(cls: type) -> dict[Any, Any]:
    """What the type variables of the generic classes above `cls` stand for."""
    given: dict[Any, Any] = {}
    for ancestor in cls.__mro__:
        for base in vars(ancestor).get("__orig_bases__", ()):
            variables = getattr(typing.get_origin(base), "__parameters__", ())
            for variable, argument in zip(variables, typing.get_args(base), strict=False):
                given.setdefault(variable, given.get(argument, argument))
    return given


def _filled(hint: Any, given: Mapping[Any, Any]) -> Any:
    """An annotation with the arguments in place of its type variables."""
    if isinstance(hint, TypeVar):
        return given.get(hint, hint)
    variables = getattr(hint, "__parameters__", ())
    return hint[tuple(given.get(v, v) for v in variables)] if variables else hint


@_once
def parser_of(cls: type[Declared]) -> type[pydantic.BaseModel]:
    """The pydantic model of a class' fields, made on first use."""
    definitions: dict[str, Any] = {
        name: (hints_of(cls)[name], ... if spec.is_required else spec.default)
        for name, spec in cls.declared_fields.items()
    }
    config = ConfigDict(
        extra="forbid",
        arbitrary_types_allowed=True,
        validate_default=True,
        protected_namespaces=(),
    )
    model: type[pydantic.BaseModel] = pydantic.create_model(
        cls.__name__, __config__=config, **definitions
    )
    return model


@_once
def default_config(cls: type[Declared]) -> Mapping[str, Any]:
    """JSON form of the defaults of all fields that have one."""
    return {
        name: json_form(cls, name, spec.default)
        for name, spec in cls.declared_fields.items()
        if not spec.is_required
    }


def json_form(cls: type[Declared], name: str, value: Any) -> Any:
    """What a field makes of a value, as it stands in a document."""
    adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(
        hints_of(cls)[name], config=ConfigDict(arbitrary_types_allowed=True)
    )
    return adapter.dump_python(adapter.validate_python(value), mode="json")
