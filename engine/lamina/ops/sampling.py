"""Images looked at in other places: through a linear map of the plane, and what lies beyond their borders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor

FillMode = Literal["reflect", "wrap", "constant", "nearest"]
"""What layers offer."""
Interpolation = Literal["nearest", "bilinear"]


def _mirrored(index: Tensor, size: int) -> Tensor:
    """A wave with its turns at 0 and size - 1."""
    turn = size - 1
    return ((index + turn) % (2 * turn) - turn).abs()


INSIDE: dict[str, Callable[[Tensor, int], Tensor]] = {
    "constant": lambda index, size: index.clamp(0, size - 1),
    "nearest": lambda index, size: index.clamp(0, size - 1),
    "wrap": lambda index, size: index % size,
    "mirror": _mirrored,
    "reflect": lambda index, size: (_mirrored(2 * index + 1, 2 * size + 1) - 1) // 2,
}
"""Where in the image the value of a pixel comes from that may lie beyond a border."""


def sampled(
    images: Tensor, y: Tensor, x: Tensor, interpolation: str, fill_mode: str, fill_value: float
) -> Tensor:
    """Images at other places.

    Args:
        images: (batch, height, width, channels).
        y: Rows to look at, (batch, height, width) of the output; between rows as well.
        x: Columns, likewise.
        interpolation: "bilinear" between pixels, or the "nearest" one.
        fill_mode: What is beyond the borders.
        fill_value: Of what is there, where it is "constant".
    """
    beyond = BEYOND.get(fill_mode)
    is_known = beyond is not None and (fill_mode != "constant" or fill_value == 0)
    if interpolation == "bilinear" and is_known and images.dtype == y.dtype == x.dtype:
        return _interpolated(images, y, x, cast("str", beyond))
    return gathered(images, y, x, interpolation, fill_mode, fill_value)


BEYOND = {"reflect": "reflection", "nearest": "border", "constant": "zeros"}
"""What torch calls what is beyond the borders."""


def _interpolated(images: Tensor, y: Tensor, x: Tensor, beyond: str) -> Tensor:
    """By torch's kernel, which counts places from -1 to 1 between the borders."""
    height, width = images.shape[1:3]
    places = torch.stack(((2 * x + 1) / width - 1, (2 * y + 1) / height - 1), dim=-1)
    channels_first = images.permute(0, 3, 1, 2)
    found = F.grid_sample(channels_first, places, padding_mode=beyond, align_corners=False)
    return found.permute(0, 2, 3, 1)


def gathered(
    images: Tensor, y: Tensor, x: Tensor, interpolation: str, fill_mode: str, fill_value: float
) -> Tensor:
    """The same as `sampled`, with places that are exact: at halves it matters for the nearest pixel and for whole numbers."""
    height, width = images.shape[1:3]
    batch = torch.arange(len(images), device=images.device)[:, None, None]
    if interpolation == "nearest":
        rows, columns = nearest(y), nearest(x)
    else:
        rows, columns = neighbours(y), neighbours(x)
    out: Tensor | None = None
    for row, row_share in rows:
        for column, column_share in columns:
            inside = INSIDE[fill_mode]
            value = images[batch, inside(row, height), inside(column, width)]
            if fill_mode == "constant":
                there = (row >= 0) & (row < height) & (column >= 0) & (column < width)
                value = torch.where(there[..., None], value, fill_value)
            if row_share is not None and column_share is not None:
                value = value * (row_share * column_share)[..., None]
            out = value if out is None else out + value
    assert out is not None
    return out


def nearest(place: Tensor) -> list[tuple[Tensor, Tensor | None]]:
    """The one pixel that is nearest, without a share."""
    return [(place.round().to(torch.int64), None)]


def neighbours(place: Tensor) -> list[tuple[Tensor, Tensor | None]]:
    """The pixels before and behind a place, with the share of each."""
    before = place.floor()
    share = place - before
    index = before.to(torch.int64)
    return [(index, 1 - share), (index + 1, share)]


def affine(
    images: Tensor, maps: Tensor, interpolation: str, fill_mode: str, fill_value: float
) -> Tensor:
    """Each image seen through its map.

    Args:
        images: (batch, height, width, channels).
        maps: (batch, 6): the output's (x, y) shows the input's (a0 x + a1 y + a2, b0 x + b1 y + b2), pixels counted from
            the upper left one.
    """
    height, width = images.shape[1:3]
    rows = torch.arange(height, dtype=maps.dtype, device=maps.device)[None, :, None]
    columns = torch.arange(width, dtype=maps.dtype, device=maps.device)[None, None, :]
    a0, a1, a2, b0, b1, b2 = (part[:, None, None] for part in maps.unbind(1))
    y = rows * b1 + columns * b0 + b2
    x = rows * a1 + columns * a0 + a2
    return sampled(images, y, x, interpolation, fill_mode, fill_value)


def linear_maps(a0: Tensor, a1: Tensor, a2: Tensor, b0: Tensor, b1: Tensor, b2: Tensor) -> Tensor:
    """Maps for `affine` from their parts, each (batch,)."""
    return torch.stack((a0, a1, a2, b0, b1, b2), dim=1)
