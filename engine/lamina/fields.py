"""Declarations by annotated fields: the one place where a parameter's name, type, bounds, default and help stand.

A class that derives from `Declared` lists its parameters as annotated attributes:

    class Dense(Layer):
        units: PositiveInt = field(doc=Text("Size of the output.", "输出大小。"))

The constructor, parsing, range errors, `get_config` and the JSON Schema that forms are generated from all
follow from that list. pydantic does the parsing.
"""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    Self,
    TypeVar,
    cast,
    dataclass_transform,
)

import pydantic
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema

from lamina.errors import ConfigError
from lamina.registry import close_matches
from lamina.text import Text

MISSING: Any = inspect.Parameter.empty


@dataclass(frozen=True)
class FieldSpec:
    """What a class body says about one field, besides its annotation."""

    default: Any
    doc: Text
    advanced: bool
    kw_only: bool
    suggest: Any = None
    hidden: bool = False

    @property
    def is_required(self) -> bool:
        return self.default is MISSING


def field(
    default: Any = MISSING,
    *,
    doc: Text,
    advanced: bool = False,
    kw_only: bool = False,
    suggest: Any = None,
    hidden: bool = False,
) -> Any:
    """Declare a parameter of a `Declared` class.

    Args:
        default: Value when the parameter is left out, as a user would write it; without one it is required.
        doc: What the parameter means, in one sentence.
        advanced: Rarely needed; forms fold it away.
        kw_only: Cannot be given by position.
        suggest: A value to begin with in a form, for a parameter without a default.
        hidden: Taken for Keras' sake alone: stands in no form and in no configuration.
    """
    return FieldSpec(default, doc, advanced, kw_only, suggest, hidden)


@dataclass(frozen=True)
class Issue:
    """One parameter that cannot be what was given."""

    field: str
    code: str
    message: Text
    given: Any = None
    """The value received; None when there was none."""
    suggestion: Any = MISSING
    """A value that would do, where one is obvious."""


class _Signature:
    """`__signature__` of a class, made when somebody asks: annotations are resolved only then."""

    def __get__(self, _instance: object, owner: type[Declared]) -> inspect.Signature:
        return owner.signature()


@dataclass_transform(field_specifiers=(field,))
class Declared:
    """Base of everything that is declared by annotated fields: layers, losses, metrics, optimizers, callbacks."""

    declared_fields: ClassVar[Mapping[str, FieldSpec]] = {}
    """All fields in the order of the constructor: own ones first, inherited ones after."""
    aliases: ClassVar[Mapping[str, str]] = {}
    """Old spellings of parameters that are still understood."""
    group: ClassVar[str] = ""
    summary: ClassVar[Text] = Text("", "")
    __signature__: ClassVar[Any] = _Signature()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = {name: spec for name, spec in vars(cls).items() if isinstance(spec, FieldSpec)}
        for name in own:
            delattr(cls, name)
        inherited = {n: s for n, s in cls.declared_fields.items() if n not in own}
        if "__init__" in vars(
            cls
        ):  # a class with a constructor of its own takes only the shared keywords
            inherited = {n: s for n, s in inherited.items() if s.kw_only}
        cls.declared_fields = {**own, **inherited}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        for name, value in self.parse(self.bind(args, kwargs)).items():
            setattr(self, name, value)

    @classmethod
    def bind(cls, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Name the positional arguments and bring old spellings up to date."""
        positional = [name for name, spec in cls.declared_fields.items() if not spec.kw_only]
        if len(args) > len(positional):
            raise TypeError(
                f"{cls.__name__} takes at most {len(positional)} positional arguments "
                f"({', '.join(positional)}), got {len(args)}."
            )
        bound = dict(zip(positional, args, strict=False))
        for given, value in kwargs.items():
            name = cls.aliases.get(given, given)
            if name in bound:
                raise TypeError(f'{cls.__name__} got "{name}" twice.')
            bound[name] = value
        return bound

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> dict[str, Any]:
        """Parsed values of all fields; raises a `ConfigError` that lists every issue."""
        values, issues = cls.check_config(config)
        if issues:
            raise ConfigError(
                Text(
                    "\n".join(issue.message.en for issue in issues),
                    "\n".join(issue.message.zh for issue in issues),
                ),
                field=issues[0].field,
                code=issues[0].code,
            )
        return values

    @classmethod
    def check_config(cls, config: Mapping[str, Any]) -> tuple[dict[str, Any], list[Issue]]:
        """Parsed values and the issues; the values are empty when there are issues."""
        model = parser_of(cls)
        try:
            parsed = model.model_validate(dict(config))
        except pydantic.ValidationError as error:
            return {}, list(_issues(cls, error))
        values = {name: getattr(parsed, name) for name in cls.declared_fields}
        issues = list(cls.check_together(values))
        return ({}, issues) if issues else (values, [])

    @classmethod
    def check_together(cls, values: Mapping[str, Any]) -> Iterable[Issue]:  # noqa: ARG003
        """Issues of parsed values that cannot stand together; each value alone is valid."""
        return ()

    @classmethod
    def dump(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """JSON form of parsed values."""
        model = parser_of(cls)
        dumped: dict[str, Any] = model.model_construct(None, **dict(values)).model_dump(mode="json")
        return dumped

    @classmethod
    def default_config(cls) -> dict[str, Any]:
        """JSON form of the defaults of all fields that have one."""
        return dict(_default_config(cls))

    def get_config(self) -> dict[str, Any]:
        """JSON form of all fields, as `from_config` takes it."""
        config = self.dump({name: getattr(self, name) for name in self.declared_fields})
        return {k: v for k, v in config.items() if not self.declared_fields[k].hidden}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        return cls(**config)

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """JSON Schema (2020-12) of the parameters.

        Each property also carries `x-doc` (help in both languages), `x-widget` (the form control that suits it),
        `x-advanced`, and `x-suggest` (a value to begin with) where there is no default.
        """
        schema = parser_of(cls).model_json_schema()
        for name, spec in cls.declared_fields.items():
            if spec.hidden:
                del schema["properties"][name]
                continue
            entry = schema["properties"][name]
            entry["title"] = name.replace("_", " ").capitalize()
            entry["description"] = spec.doc.en
            entry["x-doc"] = spec.doc.to_json()
            entry["x-widget"] = _widget(entry)
            entry["x-advanced"] = spec.advanced
            if not spec.is_required:
                entry["default"] = _default_config(cls)[name]
            if spec.suggest is not None:
                entry["x-suggest"] = _json_form(cls, name, spec.suggest)
        schema["title"] = cls.__name__
        return schema

    @classmethod
    def signature(cls) -> inspect.Signature:
        """What `help()` shows: the fields with their defaults."""
        kinds = inspect.Parameter
        plain = typing.get_type_hints(types.SimpleNamespace(__annotations__=hints_of(cls)))
        parameters = [
            kinds(
                name,
                kinds.KEYWORD_ONLY if spec.kw_only else kinds.POSITIONAL_OR_KEYWORD,
                default=spec.default,
                annotation=plain[name],
            )
            for name, spec in sorted(cls.declared_fields.items(), key=lambda item: item[1].kw_only)
        ]
        return inspect.Signature(parameters)


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
                given.setdefault(variable, argument)
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
def _default_config(cls: type[Declared]) -> Mapping[str, Any]:
    return {
        name: _json_form(cls, name, spec.default)
        for name, spec in cls.declared_fields.items()
        if not spec.is_required
    }


def _json_form(cls: type[Declared], name: str, value: Any) -> Any:
    """What a field makes of a value, as it stands in a document."""
    adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(
        hints_of(cls)[name], config=ConfigDict(arbitrary_types_allowed=True)
    )
    return adapter.dump_python(adapter.validate_python(value), mode="json")


def _widget(schema: Mapping[str, Any]) -> str:
    """The form control for a property, by its schema alone."""
    if "x-widget" in schema:
        return str(schema["x-widget"])
    kinds = [schema, *schema.get("anyOf", ())]
    for kind in kinds:
        if "x-widget" in kind:
            return str(kind["x-widget"])
        if "enum" in kind or "const" in kind:
            return "choice"
    for kind in kinds:
        by_type = {"integer": "int", "number": "float", "boolean": "bool", "array": "shape"}
        if kind.get("type") in by_type:
            return by_type[kind["type"]]
    return "text"


# --- messages -----------------------------------------------------------------------------------------------------

_BOUNDS: Mapping[str, tuple[str, str, str]] = {
    "greater_than": ("gt", "must be above {}", "必须大于 {}"),
    "greater_than_equal": ("ge", "must be at least {}", "必须不小于 {}"),
    "less_than": ("lt", "must be below {}", "必须小于 {}"),
    "less_than_equal": ("le", "must be at most {}", "必须不大于 {}"),
}
_TYPES: Mapping[str, tuple[str, str]] = {
    "int": ("must be a whole number", "必须是整数"),
    "float": ("must be a number", "必须是数值"),
    "finite": ("must be a finite number", "必须是有限数值"),
    "bool": ("must be true or false", "必须是 true 或 false"),
    "string": ("must be text", "必须是文本"),
    "tuple": ("must be a list", "必须是列表"),
    "list": ("must be a list", "必须是列表"),
    "dict": ("must be an object", "必须是对象"),
    "none": ("must be empty", "必须为空"),
}


def _issues(cls: type[Declared], error: pydantic.ValidationError) -> Iterable[Issue]:
    """One issue for each field at fault, in words."""
    seen: set[str] = set()
    for fault in sorted(
        error.errors(include_url=False), key=lambda f: str(f["type"]).startswith("none")
    ):
        name = str(fault["loc"][0]) if fault["loc"] else ""
        if name not in seen:
            seen.add(name)
            yield _issue(cls, name, fault)


def _issue(cls: type[Declared], name: str, fault: Any) -> Issue:
    kind: str = fault["type"]
    subject = f"{cls.__name__}.{name}"
    given = fault["input"]
    if kind == "extra_forbidden":
        close = close_matches(name, cls.declared_fields)
        hint_en = (
            f" Did you mean {close[0]}?" if close else f" It has: {', '.join(cls.declared_fields)}."
        )
        hint_zh = (
            f"您是否想用 {close[0]}？" if close else f"可用参数：{'、'.join(cls.declared_fields)}。"
        )
        return Issue(
            name,
            "unknown_parameter",
            Text(
                f'{cls.__name__} has no parameter "{name}".{hint_en}',
                f"{cls.__name__} 没有参数“{name}”。{hint_zh}",
            ),
            given,
        )
    if kind == "missing":
        doc = cls.declared_fields[name].doc
        return Issue(
            name,
            "missing_parameter",
            Text(f"{subject} is needed: {doc.en}", f"缺少 {subject}：{doc.zh}"),
        )
    suggestion = MISSING if cls.declared_fields[name].is_required else _default_config(cls)[name]
    if kind in _BOUNDS:
        key, en, zh = _BOUNDS[kind]
        bound = fault["ctx"][key]
        if kind.endswith("equal"):
            suggestion = bound
        return Issue(
            name,
            "out_of_range",
            Text(
                f"{subject} {en.format(bound)}, got {given!r}.",
                f"{subject} {zh.format(bound)}，实际为 {given!r}。",
            ),
            given,
            suggestion,
        )
    if isinstance(cause := (fault.get("ctx") or {}).get("error"), ConfigError):
        return Issue(
            name,
            cause.code if cause.code != "config" else "bad_parameter",
            Text(f"{subject}: {cause.text.en}", f"{subject}：{cause.text.zh}"),
            given,
            suggestion,
        )
    if kind == "literal_error":
        choices = fault["ctx"]["expected"]
        en, zh = f"must be {choices}", f"必须是 {choices.replace(' or ', ' 或 ')}"
    else:
        en, zh = _TYPES.get(
            kind.split("_", maxsplit=1)[0],
            (f"is not valid ({fault['msg']})", f"无效（{fault['msg']}）"),
        )
    return Issue(
        name,
        "bad_parameter",
        Text(f"{subject} {en}, got {given!r}.", f"{subject} {zh}，实际为 {given!r}。"),
        given,
        suggestion,
    )


# --- field types --------------------------------------------------------------------------------------------------


def _index(value: Any) -> Any:
    """Integers of any library as `int`; never a bool."""
    if isinstance(value, bool):
        raise ConfigError(
            Text("must be a whole number, got a boolean.", "必须是整数，实际为布尔值。")
        )
    if hasattr(value, "__index__"):
        return value.__index__()
    return value


def _real(value: Any) -> Any:
    """Numbers of any library as `float`; never a bool."""
    if isinstance(value, bool):
        raise ConfigError(Text("must be a number, got a boolean.", "必须是数值，实际为布尔值。"))
    return float(value) if hasattr(value, "__float__") and not isinstance(value, str) else value


Int = Annotated[int, BeforeValidator(_index)]
PositiveInt = Annotated[int, Ge(1), BeforeValidator(_index)]
NonNegativeInt = Annotated[int, Ge(0), BeforeValidator(_index)]
Float = Annotated[float, pydantic.AllowInfNan(False), BeforeValidator(_real)]
PositiveFloat = Annotated[float, Gt(0), pydantic.AllowInfNan(False), BeforeValidator(_real)]
NonNegativeFloat = Annotated[float, Ge(0), pydantic.AllowInfNan(False), BeforeValidator(_real)]
Fraction = Annotated[float, Ge(0), Le(1), BeforeValidator(_real)]
"""A share in [0, 1]."""
ProperFraction = Annotated[float, Ge(0), Lt(1), BeforeValidator(_real)]
"""A share in [0, 1)."""


def _repeated(rank: int) -> Callable[[Any], Any]:
    """Lets one number stand for as many as there are axes."""

    def repeat(value: Any) -> Any:
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            return tuple(value) if isinstance(value, (list, tuple)) else value
        return (value.__index__(),) * rank

    return repeat


def _sizes_schema(rank: int, least: int) -> WithJsonSchema:
    return WithJsonSchema(
        {
            "type": "array",
            "items": {"type": "integer", "minimum": least},
            "minItems": rank,
            "maxItems": rank,
            "x-widget": "size",
        }
    )


Size1D = Annotated[tuple[PositiveInt], BeforeValidator(_repeated(1)), _sizes_schema(1, 1)]
"""One size, for time."""
Size2D = Annotated[
    tuple[PositiveInt, PositiveInt], BeforeValidator(_repeated(2)), _sizes_schema(2, 1)
]
"""Two sizes, for height and width; one number stands for both."""
Size3D = Annotated[
    tuple[PositiveInt, PositiveInt, PositiveInt],
    BeforeValidator(_repeated(3)),
    _sizes_schema(3, 1),
]
"""Three sizes, for depth, height and width; one number stands for all."""

Offset1D = Annotated[tuple[NonNegativeInt], BeforeValidator(_repeated(1)), _sizes_schema(1, 0)]
Offset2D = Annotated[
    tuple[NonNegativeInt, NonNegativeInt], BeforeValidator(_repeated(2)), _sizes_schema(2, 0)
]
Offset3D = Annotated[
    tuple[NonNegativeInt, NonNegativeInt, NonNegativeInt],
    BeforeValidator(_repeated(3)),
    _sizes_schema(3, 0),
]
"""Like the sizes of that rank, but from 0 on."""


def _sides(rank: int) -> Callable[[Any], Any]:
    """Lets one number stand for all sides, and one number for an axis stand for both its sides."""

    def both(value: Any) -> Any:
        return (value, value) if hasattr(value, "__index__") else value

    def spread(value: Any) -> Any:
        if isinstance(value, str):  # of a form: the numbers in their order
            numbers = [int(number) for number in re.findall(r"-?\d+", value)]
            if len(numbers) == 2 * rank:
                return tuple(zip(numbers[::2], numbers[1::2], strict=True))
            value = numbers[0] if len(numbers) == 1 else numbers
        if isinstance(value, bool):
            return value
        if hasattr(value, "__index__"):
            return (both(value),) * rank
        return tuple(map(both, value)) if isinstance(value, (list, tuple)) else value

    return spread


def _sides_schema(rank: int) -> WithJsonSchema:
    side = {"type": "array", "items": {"type": "integer", "minimum": 0}}
    pair = {**side, "minItems": 2, "maxItems": 2}
    return WithJsonSchema(
        {"type": "array", "items": pair, "minItems": rank, "maxItems": rank, "x-widget": "sides"}
    )


_Side = tuple[NonNegativeInt, NonNegativeInt]
Sides2D = Annotated[tuple[_Side, _Side], BeforeValidator(_sides(2)), _sides_schema(2)]
Sides3D = Annotated[tuple[_Side, _Side, _Side], BeforeValidator(_sides(3)), _sides_schema(3)]
"""Amounts before and after each axis; one number stands for both sides of an axis, or for all."""

Padding = Literal["valid", "same"]
CausalPadding = Literal["valid", "same", "causal"]


def _channels_last(value: Any) -> Any:
    if value == "channels_first":
        raise ConfigError(
            Text(
                "channels_first is not supported; put the channels last: (batch, height, width, channels).",
                "不支持 channels_first；请把通道放在最后：(batch, height, width, channels)。",
            )
        )
    return "channels_last" if value is None else value


DataFormat = Annotated[
    Literal["channels_last"],
    BeforeValidator(_channels_last),
    WithJsonSchema({"enum": ["channels_last"], "x-widget": "choice"}),
]
"""Order of the axes of images; always (batch, height, width, channels)."""


def _sequence(value: Any) -> Any:
    if hasattr(value, "__index__") and not isinstance(value, bool):
        return (value.__index__(),)
    return (
        tuple(value) if isinstance(value, (list, tuple)) or hasattr(value, "__array__") else value
    )


InputShape = Annotated[
    tuple[PositiveInt | None, ...],
    BeforeValidator(_sequence),
    WithJsonSchema(
        {
            "type": "array",
            "items": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]},
            "x-widget": "shape",
        }
    ),
]
"""Sizes of the axes of one sample; None for an axis of any size."""

Axes = Annotated[
    tuple[PositiveInt, ...],
    BeforeValidator(_sequence),
    WithJsonSchema(
        {"type": "array", "items": {"type": "integer", "minimum": 1}, "x-widget": "shape"}
    ),
]
"""Axes of one sample, counted from 1, because 0 is the batch."""

TargetShape = Annotated[
    tuple[Annotated[int, Ge(-1), BeforeValidator(_index)], ...],
    BeforeValidator(_sequence),
    WithJsonSchema(
        {"type": "array", "items": {"type": "integer", "minimum": -1}, "x-widget": "shape"}
    ),
]
"""Sizes of the axes to reshape one sample to; -1 once for whatever is left."""


def choice_of(
    parse: Callable[[Any], Any],
    to_json: Callable[[Any], Any],
    names: Callable[[], list[str]],
) -> tuple[Any, ...]:
    """Annotations of a field whose value is one of a registry's entries, given by name or as an object.

    Use as `Annotated[(Initializer, *choice_of(...))]`.

    Args:
        parse: What a user may write -> the value; raises `ConfigError`.
        to_json: The value -> its JSON form.
        names: The names to choose from in a form.
    """
    return (
        pydantic.PlainValidator(parse),
        PlainSerializer(to_json),
        _LazyJsonSchema(lambda: {"enum": names(), "x-widget": "choice"}),
    )


@dataclass(frozen=True)
class _LazyJsonSchema:
    """A JSON Schema that is made when it is asked for: registries fill up after the fields are declared."""

    make: Callable[[], dict[str, Any]]

    def __get_pydantic_json_schema__(self, _core: Any, _handler: Any) -> dict[str, Any]:
        return self.make()
