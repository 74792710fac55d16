"""A table of named things that finds by name or alias and helps when there is none."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from lamina.errors import ConfigError
from lamina.text import Text

T = TypeVar("T")


MOST_NAMED = 12
"""As many names are told where none looks like the one that was given."""


def close_matches(name: str, known: Iterable[str], least: float = 0.6) -> list[str]:
    """Up to three names of `known` that look like `name`, best first, whatever their case.

    Args:
        least: How much alike they must be, from 0 to 1.
    """
    by_lower: dict[str, str] = {}
    for candidate in known:
        by_lower.setdefault(candidate.lower(), candidate)
    return [
        by_lower[match]
        for match in difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=least)
    ]


class Registry(Generic[T]):
    """Things of one kind by name.

    Args:
        kind: What the things are, for messages: "layer", "loss" …
        kind_zh: The same in Chinese.
    """

    def __init__(self, kind: str, kind_zh: str) -> None:
        self.kind = kind
        self.kind_zh = kind_zh
        self._entries: dict[str, T] = {}
        self._aliases: dict[str, str] = {}

    def register(self, entry: T, name: str | None = None, aliases: Iterable[str] = ()) -> T:
        """Add an entry; `name` defaults to the `__name__` of a class or function.

        Raises:
            ValueError: If the name or an alias is taken by something else.
        """
        name = name or str(getattr(entry, "__name__"))  # noqa: B009 - T has no __name__ for a type checker
        for key in (name, *aliases):
            if key in self and self.canonical(key) != name:
                raise ValueError(f'The {self.kind} name "{key}" is taken by {self.canonical(key)}.')
        self._entries[name] = entry
        self._aliases.update(dict.fromkeys(aliases, name))
        return entry

    def canonical(self, name: str) -> str:
        """The entry's own name for a name or alias."""
        self.get(name)
        return name if name in self._entries else self._aliases[name]

    def get(self, name: str) -> T:
        """The entry of that name or alias.

        Raises:
            ConfigError: If there is none; the message offers names that look like it.
        """
        entry = self._entries.get(name) or self._entries.get(self._aliases.get(name, ""))
        if entry is None:
            close = [self._spelled(known, like=name) for known in self.close_to(name)]
            raise ConfigError(
                Text(
                    f'There is no {self.kind} "{name}".'
                    + (
                        f" Did you mean {' or '.join(close)}?"
                        if close
                        else f" {self._known(name).en}."
                    ),
                    f"没有名为“{name}”的{self.kind_zh}。"
                    + (
                        f"您是否想用 {' 或 '.join(close)}？"
                        if close
                        else f"{self._known(name).zh}。"
                    ),
                ),
                code=f"unknown_{self.kind}",
            )
        return entry

    def _known(self, name: str) -> Text:
        """What there is instead: everything, or of many what comes closest."""
        names, count = self.names(), len(self)
        if count <= MOST_NAMED:
            return Text(f"Known: {', '.join(names)}", f"可用：{'、'.join(names)}")
        closest = close_matches(name, names, least=0.0)
        return Text(
            f"Closest of {count}: {', '.join(closest)}; lamina.catalog.catalog() lists all, as does the studio",
            f"共 {count} 个，最接近的是：{'、'.join(closest)}；全部列表见工作室或 lamina.catalog.catalog()",
        )

    def close_to(self, name: str) -> list[str]:
        """Names of entries that look like `name`, best first."""
        found = close_matches(name, [*self._entries, *self._aliases])
        return list(dict.fromkeys(self.canonical(match) for match in found))

    def _spelled(self, known: str, *, like: str) -> str:
        """An entry's name as somebody who wrote `like` would write it: a lower-case alias for lower case."""
        aliases = [alias for alias, entry in self._aliases.items() if entry == known]
        lower = [alias for alias in aliases if alias.islower()] if like.islower() else []
        return (difflib.get_close_matches(like, lower, n=1) or lower or [known])[0]

    def names(self) -> list[str]:
        return list(self._entries)

    def aliases(self) -> list[str]:
        return list(self._aliases)

    def items(self) -> Iterator[tuple[str, T]]:
        return iter(self._entries.items())

    def holds(self, entry: object) -> bool:
        """Whether the very thing is registered, under whatever name."""
        return any(entry is known for known in self._entries.values())

    def __contains__(self, name: object) -> bool:
        return name in self._entries or name in self._aliases

    def __iter__(self) -> Iterator[T]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)
