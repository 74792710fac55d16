"""Lists and dicts of layers as attributes of a layer: what is put into them belongs to the layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, SupportsIndex

from torch import nn

Track = Callable[[Any], Any]


class TrackedList(list[Any]):
    """A list that hands everything put into it to `track` first."""

    def __init__(self, items: Iterable[Any], track: Track) -> None:
        self._track = track
        super().__init__(track(item) for item in items)

    def append(self, item: Any) -> None:
        super().append(self._track(item))

    def insert(self, index: SupportsIndex, item: Any) -> None:
        super().insert(index, self._track(item))

    def extend(self, items: Iterable[Any]) -> None:
        super().extend([self._track(item) for item in items])

    def __iadd__(self, items: Iterable[Any]) -> Any:  # type: ignore[misc]
        self.extend(items)
        return self

    def __setitem__(self, index: Any, item: Any) -> None:
        tracked = [self._track(i) for i in item] if isinstance(index, slice) else self._track(item)
        super().__setitem__(index, tracked)

    def __reduce__(self) -> Any:
        return list, (list(self),)


class TrackedDict(dict[Any, Any]):
    """A dict that hands every value put into it to `track` first."""

    def __init__(self, items: Mapping[Any, Any], track: Track) -> None:
        self._track = track
        super().__init__({key: track(item) for key, item in items.items()})

    def __setitem__(self, key: Any, item: Any) -> None:
        super().__setitem__(key, self._track(item))

    def update(self, *args: Any, **kwargs: Any) -> None:
        for key, item in dict(*args, **kwargs).items():
            self[key] = item

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


def tracked(value: Any, track: Track) -> Any:
    """Lists and dicts as tracked ones, whatever else after `track` has seen it."""
    if isinstance(value, TrackedList | TrackedDict):
        return value
    if type(value) is list:
        return TrackedList(value, lambda item: tracked(item, track))
    if type(value) is tuple:
        return tuple(tracked(item, track) for item in value)
    if type(value) is dict:
        return TrackedDict(value, lambda item: tracked(item, track))
    return track(value)


def holds_modules(value: Any) -> bool:
    """Whether a list, tuple or dict holds layers at any depth, or is empty and may get some."""
    if isinstance(value, nn.Module):
        return True
    if isinstance(value, (list, dict)) and not value:
        return True
    if isinstance(value, Mapping):
        return any(map(holds_modules, value.values()))
    return isinstance(value, (list, tuple)) and any(map(holds_modules, value))
