"""Every public name of Keras works here or is refused in words, with the reason from the one table of them."""

from __future__ import annotations

import importlib
import pkgutil

import keras
import pytest

import lamina
from lamina.errors import NotSupportedError
from lamina.refused import REFUSED

ELSEWHERE = {"layers.serialize", "layers.deserialize"}
"""Names that come with the serialization of layers."""
NAMESPACES = [
    "",
    *sorted(
        module.name.removeprefix("keras.")
        for module in pkgutil.walk_packages(keras.__path__, "keras.", onerror=lambda _: None)
        if module.ispkg and not module.name.startswith(("keras.src", "keras._"))
    ),
]


def names_of(namespace: str) -> list[str]:
    module = importlib.import_module(f"keras.{namespace}" if namespace else "keras")
    return [name for name in dir(module) if not name.startswith("_")]


def find(path: str) -> object:
    found: object = lamina
    for part in filter(None, path.split(".")):
        found = getattr(found, part)
    return found


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_every_name_of_keras_works_or_is_refused_in_words(namespace: str) -> None:
    parts = namespace.split(".")
    if any(".".join(parts[: n + 1]) in REFUSED for n in range(len(parts))):
        with pytest.raises(NotSupportedError, match=r"lamina\.\w+"):
            find(namespace)
        return
    missing = []
    for name in names_of(namespace):
        try:
            find(f"{namespace}.{name}")
        except NotSupportedError:
            pass
        except AttributeError:
            missing.append(name)
    missing = [name for name in missing if f"{namespace}.{name}" not in ELSEWHERE]
    assert not missing, f"keras.{namespace} has, and lamina neither has nor refuses: {missing}"
    with pytest.raises(AttributeError, match="no_such_name"):
        find(f"{namespace}.no_such_name")


@pytest.mark.parametrize("path", sorted(REFUSED))
def test_what_is_refused_is_a_name_of_keras_that_is_not_here(path: str) -> None:
    with pytest.raises(NotSupportedError, match=path.rpartition(".")[2]) as raised:
        find(path)
    assert raised.value.text.zh != raised.value.text.en
    for namespace in (path, path.replace("ops.", "ops.image.")):
        theirs: object = keras
        try:
            for part in namespace.split("."):
                theirs = getattr(theirs, part)
        except AttributeError:
            continue
        return
    pytest.fail(f"keras has no {path}")
