"""Names of functions in generated PyTorch source, and the source of those that torch does not have.

Functions of this library that a program calls (padding that depends on the input's size, recurrent
steps) are copied into the generated file, with what they use in turn, so that it needs torch alone.
"""

from __future__ import annotations

import ast
import inspect
import operator
import textwrap
from collections.abc import Callable, Collection, Mapping
from types import ModuleType
from typing import Any

import torch
import torch.nn.functional

from lamina import activations
from lamina.activations import ACTIVATIONS

Function = Callable[..., Any]

INFIX: Mapping[Function, str] = {
    operator.add: "+",
    operator.sub: "-",
    operator.mul: "*",
    operator.truediv: "/",
    operator.floordiv: "//",
    operator.mod: "%",
    operator.pow: "**",
    operator.matmul: "@",
    operator.gt: ">",
    operator.ge: ">=",
    operator.lt: "<",
    operator.le: "<=",
    operator.eq: "==",
    operator.ne: "!=",
}


def _public(module: ModuleType, prefix: str) -> dict[int, str]:
    return {
        id(value): f"{prefix}.{name}"
        for name, value in vars(module).items()
        if callable(value) and not name.startswith("_")
    }


TORCH_NAMES = {**_public(torch, "torch"), **_public(torch.nn.functional, "F")}
"""The name that people write, by the function's identity: F.relu rather than torch.relu."""


class Helpers:
    """The functions that a generated file brings along, each after those it uses.

    Args:
        texts: The texts that calls in the file hold: an activation is brought when it is among them.
    """

    def __init__(self, texts: Collection[str]) -> None:
        self._texts = texts
        self._sources: dict[str, str] = {}

    @property
    def sources(self) -> list[str]:
        return list(self._sources.values())

    def name_of(self, function: Function) -> str:
        """What to call a function by; copies it into the file when it is not torch's."""
        known = TORCH_NAMES.get(id(function))
        if known is not None:
            return known
        assert inspect.isfunction(function), f"{function} has no source"
        name: str = function.__name__
        if name not in self._sources:
            tree = _bare_tree(function)
            used = dict.fromkeys(n.id for n in ast.walk(tree) if isinstance(n, ast.Name))
            for other in used:
                if other != name and other in function.__globals__:
                    self._bring(other, function.__globals__[other])
            self._sources[name] = ast.unparse(tree)
        return name

    def _bring(self, name: str, value: Any) -> None:
        if value is activations:
            self._bring_activations(name)
        elif inspect.isfunction(value) and id(value) not in TORCH_NAMES:
            self.name_of(value)
        elif inspect.isclass(value) and issubclass(value, torch.autograd.Function):
            self._sources.setdefault(name, ast.unparse(_bare_tree(value)))
        elif isinstance(value, int | float | tuple):
            self._sources.setdefault(name, f"{name} = {value!r}")

    def _bring_activations(self, name: str) -> None:
        """A class of the module's name, whose `get` finds an activation by name as the module's."""
        table = {
            key: self.name_of(function)
            for key, function in ACTIVATIONS.items()
            if key in self._texts
        }
        rows = "".join(f"        {key!r}: {value},\n" for key, value in table.items())
        self._sources[name] = f"class {name}:\n    get = {{\n{rows}    }}.__getitem__"


class _Bare(ast.NodeTransformer):
    """Takes decorators and annotations away, which would need more imports."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        node.decorator_list, node.returns = [], None
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.Assign:
        assert node.value is not None
        return ast.copy_location(ast.Assign([node.target], node.value), node)


def _bare_tree(function: Function) -> ast.AST:
    """The definition of a function or class without decorators and annotations."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    bare: ast.AST = ast.fix_missing_locations(_Bare().visit(tree))
    return bare


def without_defaults(function: Function, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords that differ from the function's defaults, where those can be known."""
    try:
        parameters = inspect.signature(function).parameters
    except (ValueError, TypeError):  # built in
        return dict(keywords)
    return {
        name: value
        for name, value in keywords.items()
        if name not in parameters or parameters[name].default is not value
    }
