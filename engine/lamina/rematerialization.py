"""Rematerialization: what a layer computes inside is forgotten after the forward pass and computed again in the backward one.

It costs a second forward pass of the layer and saves the memory of everything between its inputs and its outputs, so
it pays for models inside a model more than for single layers. The second pass sees the random numbers and the
statistics of the first one, and leaves no trace: a dropout drops the same, moving averages move once.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, ParamSpec, Protocol, Self, TypeVar

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from lamina.errors import ConfigError
from lamina.seeds import SeededStreams
from lamina.shapes import Shape, product
from lamina.text import Text

_checkpoint: Any = checkpoint  # its types do not let the arguments of a function through

P = ParamSpec("P")
R = TypeVar("R")
Mode = Literal["full", "activations", "larger_than", "list_of_layers"]
MODES = ("full", "larger_than", "list_of_layers")


@dataclass(frozen=True)
class RematMode:
    """What a scope says; a layer keeps that of the scope in which it was made."""

    mode: Mode | None
    output_size_threshold: int
    layer_names: tuple[str, ...]

    def holds_for(self, name: str, outputs: Sequence[Shape]) -> bool:
        """Whether a layer with such outputs, batch first, is to be computed again."""
        if self.mode == "larger_than":
            sizes = [product([size or 1 for size in (None, *shape[1:])]) for shape in outputs]
            return sum(sizes) > self.output_size_threshold
        return self.mode == "full" or name in self.layer_names


class _Scopes(threading.local):
    def __init__(self) -> None:
        self.open: list[RematScope] = []


_SCOPES = _Scopes()


class RematScope:
    """Layers that are made within it forget in training what they compute, and compute it again for the gradients.

    The layers that give the outputs of a model are exempt: their gradients come first, so nothing would be saved.

    Args:
        mode: "full" for all layers, "larger_than" for those whose output has more values per sample than
            `output_size_threshold`, "list_of_layers" for those named in `layer_names`, None for none.
        output_size_threshold: Values per sample, for "larger_than".
        layer_names: Names, for "list_of_layers".

    Raises:
        ConfigError: If the mode is unknown, or "activations", which is not supported.

    >>> import lamina as keras
    >>> with RematScope():
    ...     block = keras.Sequential(
    ...         [keras.Input((8,)), keras.layers.Dense(64), keras.layers.Dense(8)]
    ...     )
    >>> block.remat_mode.mode
    'full'
    """

    def __init__(
        self,
        mode: Mode | None = "full",
        output_size_threshold: int = 1024,
        layer_names: Sequence[str] | None = None,
    ) -> None:
        if mode is not None and mode not in MODES:
            raise ConfigError(
                Text(
                    f'RematScope: mode must be "full", "larger_than", "list_of_layers" or None, got {mode!r}.'
                    + (
                        ' Use "full": it saves what "activations" does.'
                        if mode == "activations"
                        else ""
                    ),
                    f"RematScope：mode 须为“full”、“larger_than”、“list_of_layers”或 None，实际为 {mode!r}。"
                    + (
                        "请改用“full”，它节省的内存不少于“activations”。"
                        if mode == "activations"
                        else ""
                    ),
                ),
                field="mode",
            )
        self.mode = mode
        self.output_size_threshold = output_size_threshold
        self.layer_names = list(layer_names or ())

    def __enter__(self) -> Self:
        _SCOPES.open.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _SCOPES.open.pop()


def current_remat_mode() -> RematMode | None:
    """What the innermost open scope says; None outside of all, and where it says none."""
    if not _SCOPES.open or _SCOPES.open[-1].mode is None:
        return None
    scope = _SCOPES.open[-1]
    return RematMode(scope.mode, scope.output_size_threshold, tuple(scope.layer_names))


def remat(f: Callable[P, R]) -> Callable[P, R]:
    """The function, which forgets what it computes inside and computes it again for the gradients.

    Args:
        f: Takes and gives tensors; for the same tensors it must compute the same.

    >>> import torch
    >>> x = torch.ones(3, requires_grad=True)
    >>> remat(lambda x: (x * 2).exp())(x).sum().backward()
    >>> x.grad.shape
    torch.Size([3])
    """

    @functools.wraps(f)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        leaves = [*args, *kwargs.values()]
        if not torch.is_grad_enabled() or not any(isinstance(x, Tensor) for x in leaves):
            return f(*args, **kwargs)
        result: R = _checkpoint(f, *args, use_reentrant=False, **kwargs)
        return result

    return run


class HasRematMode(Protocol):
    """A layer, as far as it is computed again."""

    name: str
    remat_mode: RematMode | None

    def modules(self) -> Iterator[nn.Module]: ...


def recomputing(
    layer: HasRematMode, function: Callable[P, R], outputs: Sequence[Shape], *, training: bool
) -> Callable[P, R]:
    """What the layer computes with; in training, and where its mode says so, with the inside forgotten.

    Args:
        function: What the layer computes with.
        outputs: Shapes of what it gives.
    """
    mode = layer.remat_mode
    if mode is None or not training or not torch.is_grad_enabled():
        return function
    if not mode.holds_for(layer.name, outputs):
        return function

    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        before: _State | None = None

        def first_then_again(*args: Any, **kwargs: Any) -> R:
            nonlocal before
            if before is None:
                before = _State(_all_modules(layer))
                return function(*args, **kwargs)
            with before.back():
                return function(*args, **kwargs)

        result: R = _checkpoint(first_then_again, *args, use_reentrant=False, **kwargs)
        return result

    return run


def _all_modules(layer: HasRematMode) -> list[nn.Module]:
    """The modules of a layer, and those of the programs by which models in it run."""
    found = list(layer.modules())
    for module in list(found):
        for program in module.__dict__.get("_programs", {}).values():
            found.extend(program.modules)
    return found


class _State:
    """Statistics and random streams of modules as they are now.

    Args:
        modules: Those that are about to compute.
    """

    def __init__(self, modules: Iterable[nn.Module]) -> None:
        self._modules = list({id(module): module for module in modules}.values())
        self._copies: dict[int, Tensor] = {}
        for module in self._modules:
            for tensor in module._buffers.values():
                if tensor is not None and id(tensor) not in self._copies:
                    self._copies[id(tensor)] = tensor.detach().clone()
        self._streams = {
            id(module): module.states()
            for module in self._modules
            if isinstance(module, SeededStreams)
        }

    @contextmanager
    def back(self) -> Iterator[None]:
        """Have the modules as they were; afterwards they are again as they are now."""
        buffers = [dict(module._buffers) for module in self._modules]
        streams = [module.__dict__.get("streams") for module in self._modules]
        for module in self._modules:
            for name, tensor in module._buffers.items():
                if tensor is not None and id(tensor) in self._copies:
                    module._buffers[name] = self._copies[id(tensor)].clone()
            if (states := self._streams.get(id(module))) is not None:
                module.__dict__["streams"] = {
                    device: _generator(device, state) for device, state in states.items()
                }
        try:
            yield
        finally:
            for module, own, stream in zip(self._modules, buffers, streams, strict=True):
                module._buffers.update(own)
                if stream is not None:
                    module.__dict__["streams"] = stream


def _generator(device: torch.device, state: Tensor) -> torch.Generator:
    generator = torch.Generator(device)
    generator.set_state(state)
    return generator
