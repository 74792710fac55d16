"""`GradientTape`: gradients of what was computed in its block, as TensorFlow's tape gives them.

They are in Keras' layout and nested as the sources are. Tapes may be put into one another for higher derivatives.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, Self

import torch
from torch import Tensor

from lamina import tree
from lamina.errors import ConfigError, ShapeError
from lamina.ops.convert import convert
from lamina.text import Text
from lamina.variable import Variable

_LOCAL = threading.local()


def tapes_recording() -> list[GradientTape]:
    """The tapes of this thread that record now, outermost first."""
    tapes: list[GradientTape] = _LOCAL.__dict__.setdefault("tapes", [])
    return tapes


class GradientTape:
    """Remembers what is computed in its `with` block, to give gradients of it.

    Trainable variables are watched by themselves; a tensor has to be watched before it is used. A tape gives one
    gradient or jacobian, a persistent one as many as one likes.

    Args:
        persistent: Whether it can be asked more than once.
        watch_accessed_variables: Whether trainable variables are watched without being named.

    >>> weight = Variable([[1.0], [2.0]])
    >>> with GradientTape() as tape:
    ...     loss = ((torch.ones(3, 2) @ weight) ** 2).mean()
    >>> gradients = tape.gradient(loss, {"weight": weight})
    >>> gradients["weight"].tolist()
    [[6.0], [6.0]]
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._watches_variables = watch_accessed_variables
        self._watched: dict[int, Any] = {}
        self._asked: list[Tensor] = []  # tensors that require gradients because of this tape
        self._grad_mode: Any = None
        self._used = False

    def __enter__(self) -> Self:
        if self._grad_mode is not None:
            raise ConfigError(Text("The tape is already recording.", "该磁带已在记录。"))
        self._grad_mode = torch.enable_grad()
        self._grad_mode.__enter__()
        tapes_recording().append(self)
        return self

    def __exit__(self, *_error: object) -> None:
        if self in tapes_recording():
            tapes_recording().remove(self)
        mode, self._grad_mode = self._grad_mode, None
        mode.__exit__(None, None, None)
        self._require(False)

    def _require(self, value: bool) -> None:
        """Outside the block, watched tensors are as they were before: no graph grows from them."""
        for tensor in self._asked:
            tensor.requires_grad_(value)

    # --- what is watched ---------------------------------------------------------------------------------------

    def watch(self, tensor: Any) -> None:
        """Follow tensors or variables, alone or nested.

        Raises:
            ConfigError: If there is something else among them, or integers, which have no gradients.
        """
        for source in tree.flatten(tensor):
            value = _value_of(source, "watch")
            if not (value.is_floating_point() or value.is_complex()):
                raise _no_fractions("watch", value)
            self._watched[id(source)] = source
            if not value.requires_grad:
                value.requires_grad_(True)
                self._asked.append(value)

    def watched_variables(self) -> tuple[Variable, ...]:
        """The variables given to `watch`."""
        return tuple(v for v in self._watched.values() if isinstance(v, Variable))

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """A block inside the tape's of which nothing is remembered."""
        with torch.no_grad():
            yield

    def reset(self) -> None:
        """Forget what is watched; what was computed up to here has no gradients for this tape any more."""
        self._require(False)
        self._watched, self._asked, self._used = {}, [], False

    # --- what it gives -----------------------------------------------------------------------------------------

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Literal["none", "zero"] | Any = "none",
    ) -> Any:
        """Gradients of the sum of all elements of the target.

        Args:
            target: A tensor, or several, nested; their gradients are added up.
            sources: Tensors and variables, alone or nested.
            output_gradients: A weight for each element of the target, nested like it; 1 when left out.
            unconnected_gradients: "none" or "zero": what a source gets that the target does not depend on.

        Returns:
            One tensor for each source, nested alike, of its shape (for variables in Keras' layout).

        Raises:
            ConfigError: If a tape that is not persistent was asked before.
        """
        self._ask("gradient")
        targets = [_value_of(t, "gradient", variable_too=True) for t in tree.flatten(target)]
        weights: list[Tensor | None] = [None] * len(targets)
        if output_gradients is not None:
            tree.assert_same_structure(target, output_gradients)
            weights = [
                None if w is None else convert(w).to(t)
                for w, t in zip(tree.flatten(output_gradients), targets, strict=True)
            ]
        pairs = [
            (t, torch.ones_like(t) if w is None else w.broadcast_to(t.shape))
            for t, w in zip(targets, weights, strict=True)
            if t.requires_grad
        ]
        given = self._gradients(tree.flatten(sources), pairs, keep=self._persistent)
        return tree.pack_sequence_as(sources, _connected(sources, given, unconnected_gradients))

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: Literal["none", "zero"] | Any = "none",
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The gradient of each element of a tensor.

        Args:
            target: A tensor.
            sources: Tensors and variables, alone or nested.
            unconnected_gradients: "none" or "zero": what a source gets that the target does not depend on.
            parallel_iterations: Accepted for TensorFlow's sake.
            experimental_use_pfor: Whether all elements are done at once; one after the other needs less memory.

        Returns:
            One tensor for each source, nested alike, of the shape of the target followed by that of the source.
        """
        self._ask("jacobian")
        tensor = _value_of(target, "jacobian", variable_too=True)
        given = self._rows(tree.flatten(sources), tensor, at_once=experimental_use_pfor)
        return tree.pack_sequence_as(
            sources, _connected(sources, given, unconnected_gradients, tuple(tensor.shape))
        )

    def batch_jacobian(
        self,
        target: Any,
        source: Any,
        unconnected_gradients: Literal["none", "zero"] | Any = "none",
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The jacobian of each example by itself, of (batch, …) by (batch, …).

        The examples must not depend on each other.

        Returns:
            A tensor of shape (batch, *target.shape[1:], *source.shape[1:]).
        """
        self._ask("batch_jacobian")
        tensor = _value_of(target, "batch_jacobian")
        value = _value_of(source, "batch_jacobian")
        if tensor.dim() == 0 or value.dim() == 0 or len(tensor) != len(value):
            raise ShapeError(
                Text(
                    f"batch_jacobian needs one batch, got a target of {tuple(tensor.shape)} and a source of {tuple(value.shape)}.",
                    f"batch_jacobian 需要相同的批次，实际目标为 {tuple(tensor.shape)}，来源为 {tuple(value.shape)}。",
                )
            )
        [rows] = self._rows([source], tensor.sum(0), at_once=experimental_use_pfor)
        if rows is None:
            shape = (*tensor.shape, *value.shape[1:])
            return value.new_zeros(shape) if _wants_zero(unconnected_gradients) else None
        return torch.movedim(rows, tensor.dim() - 1, 0)

    def _ask(self, what: str) -> None:
        if self._used and not self._persistent:
            raise ConfigError(
                Text(
                    f"This tape was asked before; make it GradientTape(persistent=True) to ask for {what} again.",
                    f"该磁带已被使用过；如需再次调用 {what}，请使用 GradientTape(persistent=True)。",
                )
            )
        self._used = True

    def _follows(self, source: Any) -> bool:
        if id(source) in self._watched or not isinstance(source, Variable):
            return True
        return self._watches_variables and source.trainable

    def _gradients(
        self, sources: Sequence[Any], pairs: Sequence[tuple[Tensor, Tensor]], keep: bool
    ) -> list[Tensor | None]:
        """Gradients of weighted targets, None where there is no way from a target to the source."""
        self._require(True)
        values = [_value_of(source, "gradient") for source in sources]
        places = [
            i for i, (s, v) in enumerate(zip(sources, values, strict=True))
            if v.requires_grad and self._follows(s)
        ]  # fmt: skip
        result: list[Tensor | None] = [None] * len(values)
        higher = self._makes_graph()
        if pairs and places:
            found: Sequence[Tensor | None] = torch.autograd.grad(
                [t for t, _ in pairs],
                [values[i] for i in places],
                [w for _, w in pairs],
                retain_graph=keep or higher,
                create_graph=higher,
                allow_unused=True,
            )
            for i, gradient in zip(places, found, strict=True):
                result[i] = None if gradient is None else _keras_layout(sources[i], gradient)
        if self._grad_mode is None:
            self._require(False)
        return result

    def _makes_graph(self) -> bool:
        """Whether the gradients themselves are followed, by a tape around this one or by itself."""
        return any(tape is not self or tape._persistent for tape in tapes_recording())

    def _rows(self, sources: Sequence[Any], target: Tensor, at_once: bool) -> list[Tensor | None]:
        """For each source the gradients of all elements of the target, stacked in its shape."""
        if not target.requires_grad or target.numel() == 0:
            return [None] * len(sources)
        self._require(True)
        values = [_value_of(source, "jacobian") for source in sources]
        followed = [
            v.requires_grad and self._follows(s) for s, v in zip(sources, values, strict=True)
        ]
        inputs = [v for v, ok in zip(values, followed, strict=True) if ok]
        if not inputs:
            return [None] * len(sources)
        hot = torch.eye(target.numel(), dtype=target.dtype, device=target.device)
        hot = hot.reshape(-1, *target.shape)
        ask = functools.partial(
            torch.autograd.grad, target, inputs,
            retain_graph=True, create_graph=self._makes_graph(), allow_unused=True,
        )  # fmt: skip
        found: Iterator[Tensor | None]
        if at_once:
            found = iter(ask(hot, is_grads_batched=True))
        else:
            each: list[Any] = [ask(row) for row in hot]
            found = iter(
                [None if rows[0] is None else torch.stack(rows) for rows in zip(*each, strict=True)]
            )
        result: list[Tensor | None] = []
        for source, ok in zip(sources, followed, strict=True):
            rows = next(found) if ok else None
            if rows is not None:
                rows = torch.stack([_keras_layout(source, row) for row in rows.unbind()])
                rows = rows.reshape((*target.shape, *rows.shape[1:]))
            result.append(rows)
        if self._grad_mode is None:
            self._require(False)
        return result


def _keras_layout(source: Any, gradient: Tensor) -> Tensor:
    return source.to_keras(gradient) if isinstance(source, Variable) else gradient


def _value_of(source: Any, what: str, variable_too: bool = False) -> Tensor:
    """The tensor behind a source: a variable's in torch's layout, unless it is a target."""
    if isinstance(source, Variable):
        return source.tensor if variable_too else source.value
    if isinstance(source, Tensor):
        return source
    raise ConfigError(
        Text(
            f"{what}: expected tensors and variables, got {type(source).__name__}. "
            "Make a tensor of it first, with ops.convert_to_tensor.",
            f"{what}：需要张量或变量，实际为 {type(source).__name__}。请先用 ops.convert_to_tensor 转换。",
        )
    )


def _no_fractions(what: str, value: Tensor) -> ConfigError:
    dtype = str(value.dtype).removeprefix("torch.")
    return ConfigError(
        Text(
            f"{what}: {dtype} has no gradients. Use fractions, such as float32.",
            f"{what}：{dtype} 没有梯度。请使用浮点类型，例如 float32。",
        )
    )


def _wants_zero(unconnected: Any) -> bool:
    name = str(getattr(unconnected, "value", unconnected)).lower()
    if name not in ("none", "zero"):
        raise ConfigError(
            Text(
                f'unconnected_gradients is "none" or "zero", got {unconnected!r}.',
                f"unconnected_gradients 应为“none”或“zero”，实际为 {unconnected!r}。",
            ),
            field="unconnected_gradients",
        )
    return name == "zero"


def _connected(
    sources: Any, given: Sequence[Tensor | None], unconnected: Any, front: tuple[int, ...] = ()
) -> list[Tensor | None]:
    if not _wants_zero(unconnected):
        return list(given)
    filled: list[Tensor | None] = []
    for source, gradient in zip(tree.flatten(sources), given, strict=True):
        if gradient is None:
            gradient = _value_of(source, "gradient").new_zeros((*front, *source.shape))  # noqa: PLW2901
        filled.append(gradient)
    return filled
