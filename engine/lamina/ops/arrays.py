"""Ops that move, cut, join and index."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.ops.convert import convert, convert_all, promoted
from lamina.ops.registry import op, refuse


@op()
def reshape(x: Any, newshape: Any) -> Any:
    """The same elements in another shape; -1 once for what is left."""
    sizes = (newshape,) if isinstance(newshape, int) else newshape
    return torch.reshape(convert(x), tuple(sizes))


@op()
def ravel(x: Any) -> Any:
    """All elements on one axis."""
    return convert(x).reshape(-1)


@op()
def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """The axes in another order; reversed when none is given."""
    tensor = convert(x)
    return tensor.permute(tuple(range(tensor.dim()))[::-1] if axes is None else tuple(axes))


@op()
def concatenate(xs: Any, axis: int | None = 0) -> Any:
    """Tensors one after another along an axis they have; all flat for None."""
    tensors = promoted(*xs, keep_64=True)
    return torch.cat([t.reshape(-1) for t in tensors] if axis is None else tensors, axis or 0)


@op()
def append(x1: Any, x2: Any, axis: int | None = None) -> Any:
    """`x2` after `x1` along the axis; both flat without one."""
    a, b = promoted(x1, x2)
    return torch.cat([a.reshape(-1), b.reshape(-1)] if axis is None else [a, b], axis or 0)


@op()
def stack(x: Any, axis: int = 0) -> Any:
    """Tensors one after another along a new axis."""
    return torch.stack(promoted(*x, keep_64=True), dim=axis)


@op()
def hstack(xs: Any) -> Any:
    """Tensors side by side: along the second axis, or the only one."""
    return torch.hstack(promoted(*xs))


@op()
def vstack(xs: Any) -> Any:
    """Tensors below each other, each of at least two axes."""
    return torch.vstack(promoted(*xs))


@op()
def dstack(xs: Any) -> Any:
    """Tensors behind each other along the third axis."""
    return torch.dstack(promoted(*xs))


@op()
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """Equal parts along the axis, or the parts between the given places."""
    tensor = convert(x)
    if isinstance(indices_or_sections, int):
        if tensor.shape[axis] % indices_or_sections:
            raise refuse(
                "split",
                f"an axis of {tensor.shape[axis]} has no {indices_or_sections} equal parts. Give places, or use array_split.",
                f"长度为 {tensor.shape[axis]} 的轴无法等分为 {indices_or_sections} 份。请给出位置，或使用 array_split。",
            )
        return list(torch.tensor_split(tensor, indices_or_sections, dim=axis))
    places = [int(place) for place in indices_or_sections]
    return list(torch.tensor_split(tensor, places, dim=axis))


@op()
def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """Parts along the axis, the first ones longer where it does not divide."""
    return list(torch.tensor_split(convert(x), indices_or_sections, dim=axis))


@op()
def hsplit(x: Any, indices_or_sections: Any) -> Any:
    """`split` along the second axis, or the only one."""
    tensor = convert(x)
    return split(tensor, indices_or_sections, 0 if tensor.dim() == 1 else 1)


@op()
def vsplit(x: Any, indices_or_sections: Any) -> Any:
    """`split` along the first axis."""
    return split(x, indices_or_sections, 0)


@op()
def dsplit(x: Any, indices_or_sections: Any) -> Any:
    """`split` along the third axis."""
    return split(x, indices_or_sections, 2)


@op()
def unstack(x: Any, num: int | None = None, axis: int = 0) -> Any:
    """The slices along the axis, as a list."""
    parts = list(torch.unbind(convert(x), axis))
    if num is not None and num != len(parts):
        raise refuse(
            "unstack",
            f"the axis has {len(parts)} slices, not num={num}.",
            f"该轴有 {len(parts)} 个切片，而不是 num={num}。",
        )
    return parts


@op()
def expand_dims(x: Any, axis: Any) -> Any:
    """New axes of size 1, counted in the result."""
    tensor = convert(x)
    axes = [axis] if isinstance(axis, int) else list(axis)
    rank = tensor.dim() + len(axes)
    for a in sorted(a + rank if a < 0 else a for a in axes):
        tensor = tensor.unsqueeze(a)
    return tensor


@op()
def squeeze(x: Any, axis: Any = None) -> Any:
    """The tensor without axes of size 1."""
    tensor = convert(x)
    if axis is None:
        return torch.squeeze(tensor)
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    for a in axes:
        if tensor.shape[a] != 1:
            raise refuse(
                "squeeze",
                f"axis {a} of {tuple(tensor.shape)} has size {tensor.shape[a]}, not 1.",
                f"{tuple(tensor.shape)} 的轴 {a} 大小为 {tensor.shape[a]}，不是 1。",
            )
    return torch.squeeze(tensor, axes)


@op()
def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """Axes moved to other places, the rest kept in order."""
    return torch.moveaxis(convert(x), source, destination)


@op()
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    return torch.swapaxes(convert(x), axis1, axis2)


@op()
def broadcast_to(x: Any, shape: Any) -> Any:
    """The tensor repeated along axes of size 1, and new ones in front, to fill a shape."""
    return torch.broadcast_to(convert(x), tuple(shape))


@op()
def tile(x: Any, repeats: Any) -> Any:
    """The whole tensor repeated along each axis."""
    return torch.tile(convert(x), (repeats,) if isinstance(repeats, int) else tuple(repeats))


@op()
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each element repeated along the axis; of the flat tensor without one."""
    tensor = convert(x)
    times = repeats if isinstance(repeats, int) else convert(repeats).to(tensor.device).long()
    return torch.repeat_interleave(tensor, times, dim=axis)


@op()
def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    """Elements shifted along the axis, those that fall off put in front."""
    return torch.roll(convert(x), shift, axis)


@op()
def flip(x: Any, axis: Any = None) -> Any:
    """Elements along the axes, or all, in reverse."""
    tensor = convert(x)
    axes = (
        tuple(range(tensor.dim()))
        if axis is None
        else (axis,)
        if isinstance(axis, int)
        else tuple(axis)
    )
    return torch.flip(tensor, axes)


@op()
def fliplr(x: Any) -> Any:
    """Elements along the second axis in reverse."""
    return torch.fliplr(convert(x))


@op()
def flipud(x: Any) -> Any:
    """Elements along the first axis in reverse."""
    return torch.flipud(convert(x))


@op()
def rot90(array: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """A quarter turn, `k` times, from the first of the two axes towards the second."""
    return torch.rot90(convert(array), k, axes)


@op()
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    """Elements put before and after along each axis: a constant, or reflections or the edge of what is there.

    Args:
        x: A tensor.
        pad_width: (before, after) for each axis, for all, or one number for all.
        mode: "constant", "reflect", "symmetric" or "edge".
        constant_values: The constant, 0 when left out.
    """
    tensor = convert(x)
    pairs = _pairs(pad_width, tensor.dim())
    if mode == "constant":
        flat = [n for pair in reversed(pairs) for n in pair]
        return F.pad(tensor, flat, value=0 if constant_values is None else constant_values)
    if constant_values is not None or mode not in ("reflect", "symmetric", "edge"):
        raise refuse(
            "pad",
            f'mode "{mode}" with constant_values={constant_values!r}; modes are constant, reflect, symmetric, edge.',
            f"模式“{mode}”与 constant_values={constant_values!r}；可用模式：constant、reflect、symmetric、edge。",
        )
    for axis, (before, after) in enumerate(pairs):
        if before or after:
            places = _outside(tensor.shape[axis], before, after, mode)
            tensor = tensor.index_select(axis, torch.tensor(places, device=tensor.device))
    return tensor


def _pairs(pad_width: Any, rank: int) -> list[tuple[int, int]]:
    if isinstance(pad_width, int):
        return [(pad_width, pad_width)] * rank
    if isinstance(pad_width[0], int):
        return [(pad_width[0], pad_width[-1])] * rank
    pairs = [(int(pair[0]), int(pair[-1])) for pair in pad_width]
    return pairs * rank if len(pairs) == 1 else pairs


def _outside(size: int, before: int, after: int, mode: str) -> list[int]:
    """Places to take along an axis so that it is continued on both sides."""
    period = max(2 * size - 2, 1) if mode == "reflect" else 2 * size
    places = []
    for place in range(-before, size + after):
        folded = place % period
        if mode == "edge":
            places.append(min(max(place, 0), size - 1))
        elif folded < size:
            places.append(folded)
        else:
            places.append(period - folded if mode == "reflect" else period - 1 - folded)
    return places


def _from_front(indices: Tensor, size: int) -> Tensor:
    return torch.where(indices < 0, indices + size, indices)


@op()
def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """Elements at the places along the axis; of the flat tensor without one. Negative places count from the end."""
    tensor, places = convert_all(x, indices)
    if axis is None:
        tensor, axis = tensor.reshape(-1), 0
    axis %= tensor.dim()
    places = _from_front(places.long(), tensor.shape[axis])
    taken = torch.index_select(tensor, axis, places.reshape(-1))
    return taken.reshape([*tensor.shape[:axis], *places.shape, *tensor.shape[axis + 1 :]])


@op()
def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Any:
    """For each place in `indices` the element there along the axis; other axes broadcast."""
    tensor, places = convert_all(x, indices)
    if axis is None:
        tensor, axis, places = tensor.reshape(-1), 0, places.reshape(-1)
    return torch.take_along_dim(tensor, _from_front(places.long(), tensor.shape[axis]), dim=axis)


@op()
def get_item(x: Any, key: Any) -> Any:
    """`x[key]`."""
    tensor = convert(x)
    keys = key if isinstance(key, tuple) else (key,)
    rank = len([k for k in keys if k is not None and k is not Ellipsis])
    result, axis = tensor, 0
    simple = [k for k in keys if isinstance(k, slice) and (k.step or 1) < 0]
    if not simple:
        return tensor[tuple(_index(k) for k in keys)]
    cleaned = []
    for k in keys:  # torch has no negative steps: take the elements in order, then turn them round
        if k is Ellipsis:
            axis += tensor.dim() - rank
        elif isinstance(k, slice) and (k.step or 1) < 0:
            places = range(*k.indices(result.shape[axis]))
            result = result.index_select(axis, torch.tensor(list(places), device=tensor.device))
            k = slice(None)  # noqa: PLW2901 - this key is done
            axis += 1
        elif k is not None:
            axis += 1
        cleaned.append(_index(k))
    return result[tuple(cleaned)]


def _index(key: Any) -> Any:
    if key is None or key is Ellipsis or isinstance(key, (int, slice)):
        return key
    tensor = convert(key)
    return tensor if tensor.dtype == torch.bool else tensor.long()


@op()
def diag(x: Any, k: int = 0) -> Any:
    """A matrix with the vector on its diagonal, or the diagonal of a matrix."""
    return torch.diag(convert(x), k)


@op()
def diagflat(x: Any, k: int = 0) -> Any:
    """A matrix with all elements on its diagonal."""
    return torch.diagflat(convert(x), k)


@op()
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonal of two axes, as the last axis."""
    return torch.diagonal(convert(x), offset, axis1, axis2)


@op()
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of the diagonal of two axes."""
    diagonal_ = torch.diagonal(convert(x), offset, axis1, axis2)
    small = diagonal_.dtype in (torch.bool, torch.uint8, torch.int8, torch.int16)
    return diagonal_.sum(-1, dtype=torch.int32 if small else diagonal_.dtype)


@op()
def tril(x: Any, k: int = 0) -> Any:
    """The part on and below the diagonal, 0 elsewhere."""
    return torch.tril(convert(x), k)


@op()
def triu(x: Any, k: int = 0) -> Any:
    """The part on and above the diagonal, 0 elsewhere."""
    return torch.triu(convert(x), k)


@op()
def meshgrid(*x: Any, indexing: str = "xy") -> Any:
    """Coordinates of a grid from the coordinates of its axes."""
    tensors = [t.reshape(-1) for t in convert_all(*x)]
    return list(torch.meshgrid(*tensors, indexing=indexing))


@op()
def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """Differences of neighbours along the axis, `n` times."""
    return torch.diff(convert(a), n=n, dim=axis)


@op()
def nonzero(x: Any) -> Any:
    """The places of elements that are not 0, one tensor for each axis."""
    return tuple(t.to(torch.int32) for t in torch.nonzero(convert(x), as_tuple=True))


@op()
def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    """Where values have to be put in so that the sequence stays sorted."""
    a, b = promoted(sorted_sequence, values)
    return torch.searchsorted(a, b, side=side).to(torch.int32)


@op()
def digitize(x: Any, bins: Any) -> Any:
    """The number of the bin each element falls into; bins are given by their rising edges."""
    a, edges = promoted(x, bins)
    return torch.bucketize(a, edges, right=True).to(torch.int32)


@op()
def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Any:
    """How often each number occurs along the last axis, or the sum of its weights."""
    if sparse:
        raise refuse("bincount", "sparse=True is not supported.", "不支持 sparse=True。")
    tensor = convert(x).long()
    w = None if weights is None else convert(weights).to(tensor.device)
    if tensor.dim() == 1:
        counts = torch.bincount(tensor, w, minlength)
        return counts.to(torch.int32) if w is None else counts.to(w.dtype)
    length = max(minlength, int(tensor.max()) + 1)
    hot = F.one_hot(tensor, length)
    return hot.sum(-2).to(torch.int32) if w is None else (hot * w.unsqueeze(-1)).sum(-2)


@op()
def unravel_index(indices: Any, shape: Any) -> Any:
    """The places on each axis of elements of the flat tensor."""
    return tuple(
        t.to(torch.int32) for t in torch.unravel_index(convert(indices).long(), tuple(shape))
    )


@op()
def size(x: Any) -> Any:
    """The number of elements."""
    return math.prod(convert(x).shape)


@op()
def ndim(x: Any) -> Any:
    """The number of axes."""
    return convert(x).dim()
