"""A dict with dots: `Config(a=1).a`, which can be frozen."""

from __future__ import annotations

import difflib
import json
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import Any

_OWN = ("_config", "_frozen")


class Config:
    """Named values, reached as attributes or as items.

    Args:
        kwargs: The values.

    >>> config = Config(units=3)
    >>> config.rate = 0.5
    >>> config["units"], config.rate, len(config)
    (3, 0.5, 2)
    """

    def __init__(self, **kwargs: Any) -> None:
        object.__setattr__(self, "_config", kwargs)
        object.__setattr__(self, "_frozen", False)

    @property
    def frozen(self) -> bool:
        """Whether changes are refused."""
        return bool(self._frozen)

    def freeze(self) -> None:
        """Refuse changes from now on."""
        object.__setattr__(self, "_frozen", True)

    def unfreeze(self) -> None:
        """Allow changes again."""
        object.__setattr__(self, "_frozen", False)

    def as_dict(self) -> dict[str, Any]:
        """A dict of the values."""
        return dict(self._config)

    def to_json(self) -> str:
        """The values as JSON."""
        return json.dumps(self._config)

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._values().keys()

    def values(self) -> ValuesView[Any]:
        """The values."""
        return self._values().values()

    def items(self) -> ItemsView[str, Any]:
        """Names and values."""
        return self._values().items()

    def pop(self, *args: Any) -> Any:
        """Take a value out."""
        return self._changeable().pop(*args)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set several values."""
        self._changeable().update(*args, **kwargs)

    def get(self, keyname: str, value: Any = None) -> Any:
        """A value, or another where there is none."""
        return self._values().get(keyname, value)

    def _values(self) -> dict[str, Any]:
        values: dict[str, Any] = object.__getattribute__(self, "_config")
        return values

    def _changeable(self) -> dict[str, Any]:
        if self._frozen:
            raise ValueError("This Config is frozen; call unfreeze() to change it.")
        return self._values()

    def __setattr__(self, name: str, value: Any) -> None:
        self._changeable()[name] = value

    def __getattr__(self, name: str) -> Any:
        if name in _OWN or name.startswith("__"):
            raise AttributeError(name)
        values = self._values()
        if name in values:
            return values[name]
        close = difflib.get_close_matches(name, values, n=1, cutoff=0.7)
        hint = f' Did you mean "{close[0]}"?' if close else ""
        raise AttributeError(f'This Config has no "{name}".{hint}')

    def __setitem__(self, key: str, item: Any) -> None:
        self._changeable()[key] = item

    def __getitem__(self, key: str) -> Any:
        return self._values()[key]

    def __delitem__(self, key: str) -> None:
        del self._changeable()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._values()))

    def __len__(self) -> int:
        return len(self._values())

    def __contains__(self, item: object) -> bool:
        return item in self._values()

    def __repr__(self) -> str:
        return f"<Config {self._values()}>"
