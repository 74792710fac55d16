"""What Keras' own harness (`keras.src.testing.TestCase`, read from the wheel) asks of objects beside their public interface."""

from __future__ import annotations

import importlib
import re
import types
from typing import Any

import lamina

own_words: list[str] = []
"""Messages of errors that the running test expected in other words; the plugin counts and clears them."""


class RaisesInAnyWords:
    """`assertRaisesRegex` that wants the right error, and notes when lamina says it in words of its own."""

    def __init__(self, test: Any, expected: Any, pattern: Any) -> None:
        self.test = test
        self.expected = expected
        self.pattern = pattern
        self.exception: BaseException | None = None

    def __enter__(self) -> RaisesInAnyWords:
        return self

    def __exit__(self, kind: Any, error: Any, _trace: Any) -> bool:
        if kind is None:
            self.test.fail(f"{self.expected} not raised")
        if not issubclass(kind, self.expected):
            return False
        self.exception = error
        if not re.search(self.pattern, str(error)):
            own_words.append(str(error))
        return True


def _assert_raises_regex(
    self: Any,
    expected_exception: Any,
    expected_regex: Any,
    call: Any = None,
    *args: Any,
    **kwargs: Any,
) -> Any:
    raises = RaisesInAnyWords(self, expected_exception, expected_regex)
    if call is None:
        return raises
    with raises:
        call(*args, **kwargs)
    return None


def prepare() -> None:
    """Load the harness and give it what it takes from inside of layers."""
    test_case: types.ModuleType = importlib.import_module("keras.src.testing.test_case")
    test_case.get_seed_generators = lambda layer: []  # type: ignore[attr-defined]
    test_case.TestCase.assertRaisesRegex = _assert_raises_regex
    test_case.TestCase.run_layer_test = _without_seeds(test_case.TestCase.run_layer_test)
    lamina.Layer.torch_params = property(lambda layer: layer.weights)  # type: ignore[attr-defined]


def _without_seeds(run_layer_test: Any) -> Any:
    """The check of a layer for a library in which a stream of random numbers is no variable."""

    def run(self: Any, *args: Any, **expected: Any) -> None:
        seeds = expected.pop("expected_num_seed_generators", None) or 0
        if expected.get("expected_num_non_trainable_variables") is not None:
            expected["expected_num_non_trainable_variables"] -= seeds
        run_layer_test(self, *args, **expected)

    return run
