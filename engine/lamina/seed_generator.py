"""`SeedGenerator`: a stream of seeds, and the field of what takes one instead of a number."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

import torch
from pydantic import PlainSerializer, PlainValidator, WithJsonSchema
from torch import Tensor
from torch.utils._python_dispatch import _disable_current_modes

from lamina.errors import ConfigError
from lamina.naming import unique_name
from lamina.notes import READS, Notes
from lamina.seeds import derived_seed
from lamina.text import Text


class SeedGenerator:
    """A stream of seeds.

    Args:
        seed: Where the stream begins; somewhere when left out.
        name: Its name.
    """

    def __init__(self, seed: int | None = None, name: str | None = None) -> None:
        if seed is not None and (isinstance(seed, bool) or not hasattr(seed, "__index__")):
            raise ConfigError(
                Text(
                    f"SeedGenerator: seed is a whole number, got {seed!r}.",
                    f"SeedGenerator：seed 应为整数，实际为 {seed!r}。",
                ),
                field="seed",
            )
        self.name = unique_name("seed_generator") if name is None else name
        self.seed = seed
        first = secrets.randbits(30) if seed is None else int(seed)
        self.state = torch.tensor([first, 0])
        """The seed, and how many have been drawn."""

    def next(self, ordered: bool = True) -> Tensor:
        """The next seed, two whole numbers, which functions of `keras.random` take as they take this stream.

        Args:
            ordered: Count on by one; hop about otherwise.
        """
        READS.add("the next seed")
        if DRAWS.are_taken:  # to be taken back
            DRAWS.add(Draw((self, ()), torch.Generator(), self.state))
        return self._drawn(ordered=ordered)

    def _drawn(self, *, ordered: bool = True) -> Tensor:
        given = self.state.clone()
        if ordered:
            self.state = given + torch.tensor([0, 1])
        else:
            self.state = (given + 1) * 5387 % 933199
        return given

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed, "name": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        return cls(**config)


@dataclass(frozen=True)
class Draw:
    """A stream of random numbers that a seed has begun, and how to begin it again.

    Args:
        origin: The seed, or what gives seeds, and the path of the stream.
        generator: The stream.
        before: Where a `SeedGenerator` stood.
    """

    origin: tuple[int | SeedGenerator, tuple[str, ...]]
    generator: torch.Generator
    before: Tensor | None

    def again(self) -> None:
        """Begin the stream anew, of a `SeedGenerator` with the next seed."""
        self.generator.manual_seed(_derived(*self.origin))

    def take_back(self) -> None:
        """Have a `SeedGenerator` where it stood."""
        seed, _ = self.origin
        if isinstance(seed, SeedGenerator) and self.before is not None:
            seed.state = self.before


DRAWS: Notes[Draw] = Notes("draws")
"""Streams that are begun."""


def stream_of(seed: int | SeedGenerator, *path: str) -> torch.Generator:
    """A CPU generator for a seed and a path; that of a `SeedGenerator` is another one at each call."""
    if not DRAWS.are_taken:
        return torch.Generator().manual_seed(_derived(seed, path))
    before = seed.state if isinstance(seed, SeedGenerator) else None
    with (
        _disable_current_modes(),
        torch._C.DisableTorchFunction(),
    ):  # how a seed comes about is no part of what is computed with it
        generator = torch.Generator().manual_seed(_derived(seed, path))
    DRAWS.add(Draw((seed, path), generator, before))
    return generator


def _derived(seed: int | SeedGenerator, path: tuple[str, ...]) -> int:
    if isinstance(seed, SeedGenerator):
        first, count = seed._drawn().tolist()
        return derived_seed(first, str(count), *path)
    return derived_seed(seed, *path)


def _parse(value: Any) -> int | SeedGenerator | None:
    if value is None or isinstance(value, SeedGenerator):
        return value
    if isinstance(value, Mapping) and value.get("class_name") == "SeedGenerator":
        return SeedGenerator.from_config(value.get("config") or {})
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise ConfigError(
            Text(
                f"must be a whole number or a SeedGenerator, got {value!r}.",
                f"必须是整数或 SeedGenerator，实际为 {value!r}。",
            )
        )
    return int(value.__index__())


def _to_json(value: int | SeedGenerator | None) -> Any:
    if not isinstance(value, SeedGenerator):
        return value
    return {
        "module": "keras.random",
        "class_name": "SeedGenerator",
        "config": value.get_config(),
        "registered_name": None,
    }


Seed = Annotated[
    Any,
    PlainValidator(_parse),
    PlainSerializer(_to_json),
    WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "null"}]}),
]
"""Field type: a whole number, a stream of seeds, or None."""
