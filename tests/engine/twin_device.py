"""A second device on a machine that has only a CPU: what a GPU refuses, it refuses, and it computes with real values.

Its tensors say that they are on "twin:0", torch's place for a device made elsewhere, and hold a tensor of the CPU, on which each of torch's functions runs. As on
CUDA, a function that is given tensors of both devices fails, unless the one of the CPU is a single number; random
numbers need a generator of the device; nothing but a copy leads from one to the other. Each copy to the CPU is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_flatten, tree_map
from torch.utils.backend_registration import (
    _DummyBackendModule,
    _setup_privateuseone_for_python_backend,
)

from lamina import devices


class _Module(_DummyBackendModule):  # type: ignore[misc]
    """What torch asks of a device once it is there, also in tests that have nothing to do with it."""

    def get_rng_state(self, device: Any = None) -> Tensor:
        return torch.get_rng_state()

    def set_rng_state(self, state: Tensor, device: Any = None) -> None:
        """Its numbers are those of the CPU."""

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.float16, torch.bfloat16]


_setup_privateuseone_for_python_backend("twin", backend_module=_Module())
TWIN = torch.device("twin:0")
aten = torch.ops.aten
COPIES = (aten._to_copy.default, aten.copy_.default)
TAKES_INDICES_OF_THE_CPU = (
    aten.index.Tensor,
    aten.index_put_.default,
    aten.index_put.default,
    aten._index_put_impl_.default,
)
READS = (aten._local_scalar_dense.default, aten.equal.default, aten.nonzero.default)


class TwinTensor(Tensor):
    """A tensor that says that it is on the twin."""

    inner: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor) -> TwinTensor:
        made = Tensor._make_wrapper_subclass(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=TWIN,
            requires_grad=False,
        )
        made.inner = inner
        return made

    def __init__(self, inner: Tensor) -> None:
        """All is done in `__new__`."""

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return computed(func, args, kwargs or {}, None)

    def data_ptr(self) -> int:
        return self.inner.data_ptr()

    def tolist(self) -> Any:
        return self.cpu().tolist()

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return f"twin({self.inner!r})"


def _lstm_cell(
    given: Tensor, hidden: Tensor, memory: Tensor, b: Tensor | None = None, c: Tensor | None = None
) -> Any:
    gates = sum(x for x in (given, hidden, b, c) if x is not None).chunk(4, 1)  # type: ignore[union-attr]
    i, f, o = gates[0].sigmoid(), gates[1].sigmoid(), gates[3].sigmoid()
    n = gates[2].tanh()
    new = f * memory + i * n
    return o * new.tanh(), new, torch.cat([i, f, n, o], 1)


def _lstm_cell_backward(
    by_hidden: Tensor | None, by_memory: Tensor | None, memory: Tensor, new: Tensor, kept: Tensor, has_bias: bool
) -> Any:  # fmt: skip
    i, f, n, o = kept.chunk(4, 1)
    top = torch.zeros_like(new) if by_hidden is None else by_hidden
    inner = top * o * (1 - new.tanh() ** 2) + (0 if by_memory is None else by_memory)
    parts = [inner * n * i * (1 - i), inner * memory * f * (1 - f), inner * i * (1 - n**2)]
    gates = torch.cat([*parts, top * new.tanh() * o * (1 - o)], 1)
    return gates, inner * f, gates.sum(0) if has_bias else None


def _gru_cell(
    given: Tensor, hidden: Tensor, state: Tensor, b: Tensor | None = None, c: Tensor | None = None
) -> Any:
    x = (given if b is None else given + b).chunk(3, 1)
    h = (hidden if c is None else hidden + c).chunk(3, 1)
    r, z = (x[0] + h[0]).sigmoid(), (x[1] + h[1]).sigmoid()
    n = (x[2] + r * h[2]).tanh()
    return n + z * (state - n), torch.cat([r, z, n, state, h[2]], 1)


def _gru_cell_backward(by_hidden: Tensor, kept: Tensor, has_bias: bool) -> Any:
    r, z, n, state, inner = kept.chunk(5, 1)
    new = by_hidden * (1 - z) * (1 - n**2)
    first = [new * inner * r * (1 - r), by_hidden * (state - n) * z * (1 - z)]
    given, hidden = torch.cat([*first, new], 1), torch.cat([*first, new * r], 1)
    biases = (given.sum(0), hidden.sum(0)) if has_bias else (None, None)
    return given, hidden, by_hidden * z, *biases


CELLS: dict[Any, Any] = {
    aten._thnn_fused_lstm_cell.default: _lstm_cell,
    aten._thnn_fused_lstm_cell_backward_impl.default: _lstm_cell_backward,
    aten._thnn_fused_gru_cell.default: _gru_cell,
    aten._thnn_fused_gru_cell_backward.default: _gru_cell_backward,
}
"""Kernels that every device of its own brings, and a CPU does without."""


class Copies(list[str]):
    """Names of the functions that read from the twin, one for each time."""


def computed(func: Any, args: Any, kwargs: dict[str, Any], copies: Copies | None) -> Any:
    """What a function of torch gives, on the device where its tensors are or where it is asked to make one."""
    flat = tree_flatten((args, kwargs))[0]
    twins = [x for x in flat if isinstance(x, TwinTensor)]
    others = [x for x in flat if isinstance(x, Tensor) and not isinstance(x, TwinTensor)]
    asked = kwargs.get("device")
    if twins and func not in COPIES:
        refuse_mixtures(func, args, others)
        if asked is not None and torch.device(asked).type == "cpu" and "new_" not in str(func):
            raise RuntimeError(f"{func} makes a tensor of the CPU from one of the twin")
    goes_to_twin = bool(twins) if asked is None else torch.device(asked).type == TWIN.type
    if func is aten.copy_.default:
        goes_to_twin = isinstance(args[0], TwinTensor)
    if copies is not None and twins and (func in READS or not goes_to_twin):
        copies.append(str(func))
    inner_args, inner_kwargs = tree_map(plain, (args, kwargs))
    if asked is not None:
        inner_kwargs["device"] = torch.device("cpu")
        inner_kwargs.pop("pin_memory", None)
    result = CELLS.get(func, func)(*inner_args, **inner_kwargs)
    if func is aten._to_copy.default and result.data_ptr() == plain(args[0]).data_ptr():
        result = result.clone()
    if not goes_to_twin:
        return args[0] if func is aten.copy_.default else result
    wrapped = tree_map(lambda x: TwinTensor(x) if isinstance(x, Tensor) else x, result)
    return return_and_correct_aliasing(func, args, kwargs, wrapped)


def refuse_mixtures(func: Any, args: Any, others: list[Tensor]) -> None:
    """Raise, as CUDA does, where a tensor of the CPU with more than one number meets one of the twin."""
    if func in TAKES_INDICES_OF_THE_CPU and isinstance(args[0], TwinTensor):
        others = [x for x in others if x.dtype not in (torch.int64, torch.bool, torch.int32)]
    if any(x.dim() for x in others):
        raise RuntimeError(f"{func}: Expected all tensors to be on the same device, {TWIN} and cpu")


def plain(x: Any) -> Any:
    return x.inner if isinstance(x, TwinTensor) else x


class Dispatched(TorchDispatchMode):
    """Sees each function of torch, also those that make a tensor from nothing."""

    def __init__(self, copies: Copies) -> None:
        super().__init__()
        self.copies = copies

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return computed(func, args, kwargs or {}, self.copies)


_Generator, _inference_mode = torch.Generator, torch.inference_mode


class TwinGenerator(torch.Generator):
    """A generator of the twin: one of the CPU that says so."""

    def __new__(cls, device: Any = "cpu") -> Any:
        is_twins = torch.device(device).type == TWIN.type
        return super().__new__(cls) if is_twins else _Generator()


class MakesTensors(TorchFunctionMode):
    """Sees each function as Python calls it: values of Python and NumPy, and generators, become others further down."""

    FROM_VALUES = (torch.tensor, torch.as_tensor, torch.asarray)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        asked = kwargs.get("device")
        is_of_twin = asked is not None and torch.device(asked).type == TWIN.type
        if func in self.FROM_VALUES and is_of_twin:
            kwargs["device"] = torch.device("cpu")
            return func(*args, **kwargs).to(TWIN)
        if func is Tensor.new_tensor and isinstance(args[0], TwinTensor):
            return args[0].inner.new_tensor(*args[1:], **kwargs).to(TWIN)
        generator = kwargs.get("generator")
        if generator is None:
            return func(*args, **kwargs)
        result = func(*args, **kwargs)
        if isinstance(result, TwinTensor) != isinstance(generator, TwinGenerator):
            raise RuntimeError(
                f"{func.__name__}: the generator is of another device than the result"
            )
        return result


@contextmanager
def twin_device() -> Iterator[Copies]:
    """A context in which the twin is there, and the default device; gives the copies to the CPU so far."""
    copies = Copies()
    with MakesTensors(), Dispatched(copies), devices.device(TWIN):
        torch.Generator = TwinGenerator  # type: ignore[misc]
        # A tensor of a class of one's own cannot be one of inference; this is what such a tensor lacks, and no more.
        torch.inference_mode = torch.no_grad  # type: ignore[assignment, misc]
        try:
            yield copies
        finally:
            torch.Generator = _Generator  # type: ignore[misc]
            torch.inference_mode = _inference_mode  # type: ignore[misc]
