"""What users hand over as data, as lists of tensors in the order of the model's inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lamina.errors import ConfigError, ShapeError
from lamina.nests import in_rank
from lamina.settings import floatx
from lamina.strings import STRING, to_codes
from lamina.text import Text
from lamina.training.protocols import SymbolicTensor


def listed(value: Any, names: Sequence[str], what: Text) -> list[Any]:
    """One entry per name, from a single array, a list or a dict by name.

    Args:
        names: Inputs or outputs of the model.
        what: What the value is, in the plural, for messages.

    Raises:
        ConfigError: If there are too few or too many, or a name is missing.
    """
    if isinstance(value, Mapping):
        missing = [name for name in names if name not in value]
        if missing:
            raise ConfigError(
                Text(
                    f"No {what.en} for {', '.join(missing)}; given: {', '.join(map(str, value))}.",
                    f"缺少 {'、'.join(missing)} 的{what.zh}；已给出：{'、'.join(map(str, value))}。",
                )
            )
        return [value[name] for name in names]
    several = isinstance(value, (list, tuple)) and (
        len(names) > 1 or (len(value) == 1 and _is_array(value[0]))
    )
    values = list(value) if several else [value]
    if len(values) != len(names):
        raise ConfigError(
            Text(
                f"The model has {len(names)} ({', '.join(names)}), got {what.en} for {len(values)}.",
                f"模型有 {len(names)} 个（{'、'.join(names)}），实际给出 {len(values)} 个的{what.zh}。",
            )
        )
    return values


def to_tensor(value: Any) -> Tensor:
    """An array, tensor, table or nested list as a tensor; double precision becomes `floatx`, numbers keep their kind.

    Shares memory with the array where it can.
    """
    if isinstance(value, Tensor):
        tensor = value.detach()
    else:
        array = _array_of(value)
        if array.dtype in (np.uint16, np.uint32, np.uint64):
            array = array.astype(np.int64)
        if not array.flags.writeable or any(stride < 0 for stride in array.strides):
            array = array.copy()
        tensor = (
            torch.from_numpy(np.ascontiguousarray(array))
            if array.ndim
            else torch.tensor(array.item())
        )
    return tensor.to(getattr(torch, floatx())) if tensor.dtype == torch.float64 else tensor


def _array_of(value: Any) -> np.ndarray[Any, Any]:
    try:
        array = np.asarray(value)
    except ValueError:  # lists of unequal lengths
        array = np.empty((), object)
    if array.dtype.kind in "OUSmM":
        raise ConfigError(
            Text(
                f"Data must be numbers, got an array of {array.dtype}. Lists of unequal lengths must be padded"
                " (keras.utils.pad_sequences), and names made numbers (StringLookup, or numpy.unique with "
                "return_inverse).",
                f"数据必须是数值，实际为 {array.dtype} 数组。长度不等的列表需先补齐（keras.utils.pad_sequences），"
                "名称需先转为数字（StringLookup，或 numpy.unique 的 return_inverse）。",
            )
        )
    return array


def to_target(value: Any) -> Tensor:
    """As `to_tensor`; yes and no become one and zero, with which losses and metrics can count."""
    tensor = to_tensor(value)
    return tensor.float() if tensor.dtype == torch.bool else tensor


def input_tensor(value: Any, like: SymbolicTensor) -> Tensor:
    """Data for an input of a model as a tensor; text as its codes."""
    if like.dtype != STRING or isinstance(value, Tensor):
        return to_tensor(value)
    return to_codes(value)


def fit_input(tensor: Tensor, like: SymbolicTensor) -> Tensor:
    """A batch or all samples in the rank of a model's input.

    Raises:
        ShapeError: If the sizes are others.
    """
    rank = len(like.shape)
    codes = 1 if like.dtype == STRING else 0  # the codes of text have an axis of their own
    tensor = in_rank(tensor, like)
    sizes = tuple(tensor.shape[: tensor.ndim - codes])
    if len(sizes) != rank or any(
        size is not None and size != given
        for size, given in zip(like.shape[1:], sizes[1:], strict=True)
    ):
        want, got = _shape_text(like.shape), _shape_text(sizes)
        raise ShapeError(
            Text(
                f'The input "{like.name}" takes {want}, got data of shape {got}.',
                f"输入“{like.name}”需要 {want}，实际数据形状为 {got}。",
            )
        )
    return tensor


def same_length(tensors: Sequence[Tensor | None], names: Sequence[str]) -> int:
    """The number of samples that all arrays have.

    Raises:
        ConfigError: If they differ, or there are none.
    """
    lengths = {
        name: int(tensor.shape[0]) if tensor.ndim else 0
        for name, tensor in zip(names, tensors, strict=True)
        if tensor is not None
    }
    if len(set(lengths.values())) > 1:
        listing = ", ".join(f"{name}: {length}" for name, length in lengths.items())
        raise ConfigError(
            Text(
                f"All arrays need the same number of samples, got {listing}.",
                f"所有数组的样本数必须相同，实际为 {listing}。",
            )
        )
    count = next(iter(lengths.values()), 0)
    if count == 0:
        raise ConfigError(Text("There are no samples.", "没有样本。"))
    return count


def split_off_end(tensors: Sequence[Tensor | None], share: float) -> tuple[list[Any], list[Any]]:
    """The first samples for training, the last ones for validation.

    Args:
        share: Of the samples that go to validation, in (0, 1).

    Raises:
        ConfigError: If one part would be empty.
    """
    count = next(int(t.shape[0]) for t in tensors if t is not None)
    at = int(np.floor(count * (1.0 - share)))
    if at in (0, count):
        raise ConfigError(
            Text(
                f"validation_split={share} of {count} samples leaves one part empty.",
                f"对 {count} 个样本使用 validation_split={share} 会使其中一部分为空。",
            ),
            field="validation_split",
        )
    cut = [(None, None) if t is None else (t[:at], t[at:]) for t in tensors]
    return [first for first, _ in cut], [last for _, last in cut]


def _is_array(value: Any) -> bool:
    return hasattr(value, "shape") and getattr(value, "ndim", 0) > 0


def _shape_text(shape: Sequence[int | None]) -> str:
    inner = ", ".join("any" if size is None else str(size) for size in shape[1:])
    return f"(batch, {inner})" if inner else "(batch,)"
