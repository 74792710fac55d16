"""One line of a terminal that is drawn again and again: in colours with rich where it is installed, plain elsewhere."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, Protocol

Part = tuple[str, str]
"""A text and its style, a colour or "bold" as rich names them."""


class Bar(Protocol):
    """Where a progress bar is drawn."""

    def draw(self, parts: Sequence[Part], *, last: bool) -> None:
        """Put these texts in the place of what was drawn before; the last ones stay."""
        ...


class PlainBar:
    """On standard output, without colours."""

    def __init__(self) -> None:
        self._width = 0

    def draw(self, parts: Sequence[Part], *, last: bool) -> None:
        line = "".join(text for text, _ in parts)
        columns = shutil.get_terminal_size().columns
        if len(line) >= columns and not last:
            line = line[: columns - 2] + "…"
        sys.stdout.write("\r" + line.ljust(self._width) + ("\n" if last else ""))
        sys.stdout.flush()
        self._width = len(line)


class RichBar:
    """On a terminal, in the colours that it has."""

    def __init__(self) -> None:
        self._console: Any = importlib.import_module("rich.console").Console(file=sys.stdout)
        self._text: Any = importlib.import_module("rich.text").Text

    def draw(self, parts: Sequence[Part], *, last: bool) -> None:
        line = self._text.assemble(*parts, no_wrap=not last)
        if not last:
            line.truncate(self._console.width - 1, overflow="ellipsis")
        sys.stdout.write("\r\x1b[K")
        self._console.print(line, end="\n" if last else "", soft_wrap=True, highlight=False)
        sys.stdout.flush()


def bar() -> Bar:
    """The bar that suits standard output."""
    return RichBar() if sys.stdout.isatty() and find_spec("rich") is not None else PlainBar()
