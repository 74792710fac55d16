"""What is wrong with a value, in words for people: pydantic's own speak of Python's types. Light to import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lamina.text import Text

_WANTED: Mapping[str, Text] = {
    "string_type": Text("should be a text", "应为文本"),
    "int_type": Text("should be a whole number", "应为整数"),
    "int_parsing": Text("should be a whole number", "应为整数"),
    "int_from_float": Text("should be a whole number", "应为整数"),
    "float_type": Text("should be a number", "应为数值"),
    "float_parsing": Text("should be a number", "应为数值"),
    "finite_number": Text("should be a finite number", "应为有限数值"),
    "bool_type": Text("should be true or false", "应为 true 或 false"),
    "list_type": Text("should be a list", "应为列表"),
    "dict_type": Text("should be an object", "应为对象"),
    "model_type": Text("should be an object", "应为对象"),
    "model_attributes_type": Text("should be an object", "应为对象"),
}


def in_plain_words(fault: Any) -> Text:
    """What one of pydantic's errors asks for, to follow the name of the field."""
    kind, limits = fault["type"], fault.get("ctx", {})
    if kind == "missing":
        return Text("is missing", "缺失")
    if kind == "too_long":
        most = limits["max_length"]
        return Text(f"has too many entries: at most {most}", f"条目过多：最多 {most} 个")
    if kind == "string_too_long":
        most = limits["max_length"]
        return Text(f"is too long: at most {most} characters", f"过长：最多 {most} 个字符")
    message = fault["msg"].removeprefix("Value error, ")
    return _WANTED.get(kind) or Text(message, message)
