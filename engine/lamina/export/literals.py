"""Python source of values: what a person would have written."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from lamina.constraints import CONSTRAINTS
from lamina.initializers import INITIALIZERS
from lamina.registry import Registry
from lamina.regularizers import REGULARIZERS

MODULES: Mapping[str, Registry[Any]] = {
    "initializers": INITIALIZERS,
    "regularizers": REGULARIZERS,
    "constraints": CONSTRAINTS,
}
"""Where Keras has the objects that parameters of layers can be; no two share a name."""
LINE_LENGTH = 88


def literal(value: Any) -> str:
    """Source of a value from a document: lists become tuples, `{type, config}` an object of Keras.

    >>> literal([3, 3]), literal("relu"), literal({"type": "HeNormal", "config": {"seed": 1}})
    ('(3, 3)', '"relu"', 'keras.initializers.HeNormal(seed=1)')
    """
    if isinstance(value, str):
        return text_literal(value)
    if isinstance(value, Mapping):
        given = [f"{key}={literal(item)}" for key, item in value.get("config", {}).items()]
        module = next(name for name, known in MODULES.items() if value["type"] in known)
        return f"keras.{module}.{value['type']}({', '.join(given)})"
    if isinstance(value, Sequence):
        items = ", ".join(literal(item) for item in value)
        return f"({items},)" if len(value) == 1 else f"({items})"
    return repr(value)


def text_literal(text: str) -> str:
    """Source of a text, in double quotes where that needs no escapes."""
    source = repr(text)
    return f'"{source[1:-1]}"' if source[0] == "'" and '"' not in source else source


def call_source(function: str, arguments: Sequence[str], indent: int = 0, before: int = 0) -> str:
    """Source of a call: on one line where it fits, else an argument a line.

    Args:
        function: What is called.
        arguments: Source of each argument.
        indent: Columns that the following lines are indented by.
        before: Columns taken up on the line besides the call, before or after it.
    """
    line = f"{function}({', '.join(arguments)})"
    if indent + before + len(line) <= LINE_LENGTH:
        return line
    margin = " " * (indent + 4)
    rows = "".join(f"{margin}{argument},\n" for argument in arguments)
    return f"{function}(\n{rows}{' ' * indent})"


def variable_name(wish: str, taken: set[str]) -> str:
    """A name for a variable: valid, not a keyword, and not taken; it is taken afterwards.

    >>> variable_name("my-conv", {"my_conv"})
    'my_conv_1'
    """
    base = re.sub(r"\W", "_", unicodedata.normalize("NFKC", wish))  # as Python reads identifiers
    if keyword.iskeyword(base) or not base.isidentifier():
        base = f"{base}_" if keyword.iskeyword(base) else f"_{base}"
    name, number = base, 0
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    taken.add(name)
    return name
