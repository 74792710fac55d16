"""What a class body says about one parameter, and what can be wrong with the value that is given for it."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from lamina.text import Text

MISSING: Any = inspect.Parameter.empty


@dataclass(frozen=True)
class FieldSpec:
    """What a class body says about one field, besides its annotation."""

    default: Any
    doc: Text
    advanced: bool
    kw_only: bool
    suggest: Any = None
    hidden: bool = False
    label: Text | None = None
    after: str | None = None

    @property
    def is_required(self) -> bool:
        return self.default is MISSING


def field(
    default: Any = MISSING,
    *,
    doc: Text,
    advanced: bool = False,
    kw_only: bool = False,
    suggest: Any = None,
    hidden: bool = False,
    label: Text | None = None,
    after: str | None = None,
) -> Any:
    """Declare a parameter of a `Declared` class.

    Args:
        default: Value when the parameter is left out, as a user would write it; without one it is required.
        doc: What the parameter means, in one sentence.
        advanced: Rarely needed; forms fold it away.
        kw_only: Cannot be given by position.
        suggest: A value to begin with in a form, for a parameter without a default or where another value is likelier.
        hidden: Taken for Keras' sake alone: stands in no form and in no configuration.
        label: What a form calls it, where that is not what `labels` says for its name.
        after: The inherited field behind which this one stands by position; in front of them when left out.
    """
    return FieldSpec(default, doc, advanced, kw_only, suggest, hidden, label, after)


@dataclass(frozen=True)
class Issue:
    """One parameter that cannot be what was given."""

    field: str
    code: str
    message: Text
    given: Any = None
    """The value received; None when there was none."""
    suggestion: Any = MISSING
    """A value that would do, where one is obvious."""
    in_form: Text | None = None
    """The message for who sees a form: it calls the field by its label. None where `message` is for both."""

    @property
    def for_form(self) -> Text:
        return self.in_form or self.message
