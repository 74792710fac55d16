"""Declarations by annotated fields: the one place where a parameter's name, type, bounds, default and help stand.

A class that derives from `Declared` lists its parameters as annotated attributes:

    class Dense(Layer):
        units: PositiveInt = field(doc=Text("Size of the output.", "输出大小。"))

The constructor, parsing, range errors, `get_config` and the JSON Schema that forms are generated from all
follow from that list. pydantic does the parsing.
"""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

import pydantic

from lamina.errors import ConfigError
from lamina.fields import parsing
from lamina.fields.labels import in_words, label_of
from lamina.fields.messages import issues_of
from lamina.fields.parsing import hints_of, json_form, parser_of
from lamina.fields.spec import FieldSpec, Issue
from lamina.text import Text


class _Signature:
    """`__signature__` of a class, made when somebody asks: annotations are resolved only then."""

    def __get__(self, _instance: object, owner: type[Declared]) -> inspect.Signature:
        return owner.signature()


class Declared:
    """Base of everything that is declared by annotated fields: layers, losses, metrics, optimizers, callbacks."""

    declared_fields: ClassVar[Mapping[str, FieldSpec]] = {}
    """All fields in the order of the constructor: own ones first, inherited ones after, base by base."""
    own_fields: ClassVar[Mapping[str, FieldSpec]] = {}
    """Those that the class itself declares."""
    positional: ClassVar[tuple[str, ...]] = ()
    """Inherited fields that a class takes by position, behind its own ones in this order, where a base takes them by
    name."""
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
        for name in vars(cls).get("positional", ()):
            own[name] = dataclasses.replace(cls.declared_fields[name], kw_only=False)
        cls.own_fields = own
        cls.declared_fields = _in_order(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not (args or kwargs or self.declared_fields):
            return
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
            return {}, list(issues_of(cls, error, config))
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
        return dict(parsing.default_config(cls))

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

        Each property also carries `x-label` and `x-doc` (what it is called, and help, in both languages), `x-widget`
        (the form control that suits it), `x-advanced`, and `x-suggest` (a value to begin with) where there is no default.
        """
        schema = parser_of(cls).model_json_schema()
        for name, spec in cls.declared_fields.items():
            if spec.hidden:
                del schema["properties"][name]
                continue
            entry = schema["properties"][name]
            label = cls.label_of(name)
            entry["title"] = label.en
            entry["x-label"] = label.to_json()
            entry["description"] = spec.doc.en
            entry["x-doc"] = spec.doc.to_json()
            entry["x-widget"] = _widget(entry)
            entry["x-advanced"] = spec.advanced
            if not spec.is_required:
                entry["default"] = cls.default_config()[name]
            if spec.suggest is not None:
                entry["x-suggest"] = json_form(cls, name, spec.suggest)
        schema["title"] = cls.__name__
        return schema

    @classmethod
    def label_of(cls, name: str) -> Text:
        """What forms call a parameter."""
        spec = cls.declared_fields.get(name)
        own = None if spec is None else spec.label
        return own or label_of(name) or Text(in_words(name), in_words(name))

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


def _in_order(cls: type[Declared]) -> dict[str, FieldSpec]:
    """The fields of a class; of a field that several bases have, that of the class that is asked first."""
    holding: dict[str, FieldSpec] = {}
    for ancestor in cls.__mro__:
        for name, spec in vars(ancestor).get("own_fields", {}).items():
            holding.setdefault(name, spec)
    names = [name for name, spec in cls.own_fields.items() if spec.after is None]
    for base in cls.__bases__:
        inherited = base.declared_fields if issubclass(base, Declared) else {}
        names += [
            name
            for name, spec in inherited.items()
            if holding[name] is spec and name not in names and name not in cls.own_fields
        ]
    for name, spec in cls.own_fields.items():
        if spec.after is not None:
            names.insert(names.index(spec.after) + 1, name)
    return {name: holding[name] for name in names}


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
