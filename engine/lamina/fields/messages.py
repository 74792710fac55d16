"""What pydantic finds wrong with a value, in words: what it must be, what was received."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pydantic

from lamina.errors import ConfigError
from lamina.fields.parsing import default_config
from lamina.fields.spec import MISSING, Issue
from lamina.registry import close_matches
from lamina.text import Text

if TYPE_CHECKING:
    from lamina.fields.declared import Declared

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


def issues_of(
    cls: type[Declared], error: pydantic.ValidationError, config: Mapping[str, Any]
) -> Iterable[Issue]:
    """One issue for each field at fault of what was given, in words."""
    faults: dict[str, list[Any]] = {}
    for fault in sorted(
        error.errors(include_url=False), key=lambda f: str(f["type"]).startswith("none")
    ):
        faults.setdefault(str(fault["loc"][0]) if fault["loc"] else "", []).append(fault)
    for name, found in faults.items():
        issue = _issue(cls, name, found[0])
        if issue.code == "out_of_range" and isinstance(config.get(name), (list, tuple)):
            issue = dataclasses.replace(issue, suggestion=_within_bounds(config[name], found))
        yield issue


def _within_bounds(given: Any, faults: Iterable[Any]) -> Any:
    """A list in which each number out of range is at its bound and each other one is what it was."""
    mended = [list(part) if isinstance(part, (list, tuple)) else part for part in given]
    for fault in faults:
        kind, way = str(fault["type"]), [step for step in fault["loc"][1:] if isinstance(step, int)]
        if kind.startswith("none"):
            continue  # the other half of "a size, or nothing"
        if not way or not kind.endswith("equal"):
            return MISSING
        part = mended
        while len(way) > 1 and isinstance(part[way[0]], list):
            part = part[way.pop(0)]
        part[way[0]] = fault["ctx"][_BOUNDS[kind][0]]  # one number may stand for several
    return mended


def _issue(cls: type[Declared], name: str, fault: Any) -> Issue:
    kind: str = fault["type"]
    given, label = fault["input"], cls.label_of(name)
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
                f'{_name_of(cls)} has no parameter "{name}".{hint_en}',
                f"{_name_of(cls)} 没有参数“{name}”。{hint_zh}",
            ),
            given,
        )
    if kind == "missing":
        doc = cls.declared_fields[name].doc
        return Issue(
            name,
            "missing_parameter",
            Text(
                f"{cls.__name__}.{name} is needed: {doc.en}",
                f"缺少 {cls.__name__}.{name}：{doc.zh}",
            ),
            in_form=Text(f"Give a value for {label.en}: {doc.en}", f"请填写{label.zh}：{doc.zh}"),
        )
    suggestion = MISSING if cls.declared_fields[name].is_required else default_config(cls)[name]
    code, received = "bad_parameter", Text(f", got {given!r}.", f"，实际为 {given!r}。")
    if kind in _BOUNDS:
        key, en, zh = _BOUNDS[kind]
        bound = fault["ctx"][key]
        if kind.endswith("equal"):
            suggestion = bound
        code, words = "out_of_range", Text(en.format(bound), zh.format(bound))
    elif isinstance(cause := (fault.get("ctx") or {}).get("error"), ConfigError):
        code = cause.code if cause.code != "config" else code
        words, received = cause.text, Text("", "")
    elif kind == "literal_error":
        choices = fault["ctx"]["expected"]
        words = Text(f"must be {choices}", f"必须是 {choices.replace(' or ', ' 或 ')}")
    else:
        en, zh = _TYPES.get(
            kind.split("_", maxsplit=1)[0],
            (f"is not valid ({fault['msg']})", f"无效（{fault['msg']}）"),
        )
        words = Text(en, zh)
    subject = f"{cls.__name__}.{name}"
    said = Text(f"{words.en}{received.en}", f"{words.zh}{received.zh}")
    colon = Text(" ", " ") if received.en else Text(": ", "：")
    is_clause = words.en.startswith(("must ", "is "))
    return Issue(
        name,
        code,
        Text(f"{subject}{colon.en}{said.en}", f"{subject}{colon.zh}{said.zh}"),
        given,
        suggestion,
        in_form=Text(
            f"{label.en}{' ' if is_clause else ': '}{said.en}",
            f"{label.zh}{'' if is_clause else '：'}{said.zh}",
        ),
    )


def _name_of(cls: type[Declared]) -> str:
    """What a palette and a document call a class."""
    return str(getattr(cls, "type_name", "") or cls.__name__)
