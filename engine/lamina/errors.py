"""Errors of the engine.

LaminaError
├── ConfigError        a parameter that cannot be what was given (also a ValueError)
│   ├── WrongTypeError (also a TypeError)
│   └── WrongKeyError  (also a KeyError)
├── ShapeError         shapes that do not fit together (also a ValueError)
├── GraphError         a graph or training document with problems (also a ValueError; in `problems`)
├── FileFormatError    a file that cannot be read or trusted (also a ValueError)
│   └── MissingFileError (also a FileNotFoundError)
├── DatasetError       data that is missing, broken or cannot be fetched
├── NoAttributeError   something that an object does not have, or not yet (also an AttributeError)
└── NotSupportedError  something Keras has and this library does not have yet (also a NotImplementedError)
    └── AbsentError    a name or module (also an ImportError)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lamina.text import Text


class LaminaError(Exception):
    """Root of all errors that the engine raises on purpose.

    Args:
        message: What is wrong and what to do; a `Text` is shown in the reader's language.
    """

    def __init__(self, message: Text | str) -> None:
        super().__init__(str(message))
        self.text = message if isinstance(message, Text) else Text(message, message)


class ConfigError(LaminaError, ValueError):
    """A parameter has a value that it cannot have."""

    def __init__(
        self, message: Text | str, *, field: str | None = None, code: str = "config"
    ) -> None:
        super().__init__(message)
        self.field = field
        self.code = code


class WrongTypeError(ConfigError, TypeError):
    """A parameter is of a type that it cannot be of, where Keras says so by a TypeError."""


class WrongKeyError(ConfigError, KeyError):
    """Something is named that is not there, where Keras says so by a KeyError."""

    __str__ = Exception.__str__


class ShapeError(LaminaError, ValueError):
    """A layer cannot take the shapes that it is given.

    Args:
        message: Names the layer's need and the shape received.
        port: Index of the input at fault.
        insert: Type of a layer that, put before this one, would make the shapes fit.
        insert_config: Its parameters.
        field: Parameter of the layer that would have to change.
        suggest: Values of parameters of the layer that would make the shapes fit.
        wants_equal: The shapes of the inputs should be equal.
    """

    def __init__(
        self,
        message: Text | str,
        *,
        port: int = 0,
        insert: str | None = None,
        insert_config: Mapping[str, Any] | None = None,
        field: str | None = None,
        suggest: Mapping[str, Any] | None = None,
        wants_equal: bool = False,
    ) -> None:
        super().__init__(message)
        self.wants_equal = wants_equal
        self.suggest = suggest
        self.port = port
        self.insert = insert
        self.insert_config = dict(insert_config or {})
        self.field = field


class FileFormatError(LaminaError, ValueError):
    """A file is damaged, hostile, or of a kind that cannot be read."""


class MissingFileError(FileFormatError, FileNotFoundError):
    """There is no such file, or no such folder to write it to."""


class DatasetError(LaminaError):
    """Data is missing, broken or cannot be fetched."""


class NoAttributeError(LaminaError, AttributeError):
    """An object does not have this, or not yet."""


class NotSupportedError(LaminaError, NotImplementedError):
    """Keras has this; this library does not have it yet."""


class AbsentError(NotSupportedError, ImportError):
    """A name or module of Keras that is not here.

    It is an ImportError, so that a script which tries an old import and then a newer one goes on.
    """
