"""Ops that bend images: each pixel of the result shows another place of the image, also one between pixels."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from lamina.errors import ConfigError, ShapeError
from lamina.ops.convert import convert
from lamina.ops.patches import gaussian_blur
from lamina.ops.registry import op
from lamina.ops.sampling import INSIDE, gathered, nearest, neighbours, sampled
from lamina.seed_generator import SeedGenerator, stream_of
from lamina.text import Text

INTERPOLATIONS = ("bilinear", "nearest")


def _check(name: str, value: Any, known: Sequence[str], argument: str) -> None:
    if value not in known:
        raise ConfigError(
            Text(
                f"{name}: {argument} is {', '.join(known)}, got {value!r}.",
                f"{name}：{argument} 应为 {'、'.join(known)}，实际为 {value!r}。",
            ),
            field=argument,
        )


def _batch_of(name: str, images: Any, data_format: str | None) -> tuple[Tensor, Any]:
    """Images as a batch with channels behind, and what puts a result in the form they had."""
    _check(name, data_format or "channels_last", ("channels_last", "channels_first"), "data_format")
    x = convert(images)
    if x.dim() not in (3, 4):
        raise ShapeError(
            Text(
                f"{name} takes images of shape (height, width, channels) or a batch of them, got {tuple(x.shape)}.",
                f"{name} 需要形状为（高, 宽, 通道）的图像或其批次，实际为 {tuple(x.shape)}。",
            )
        )
    is_first, is_single = data_format == "channels_first", x.dim() == 3

    def back(y: Tensor) -> Tensor:
        y = y.movedim(-1, 1) if is_first else y
        return y.squeeze(0) if is_single else y

    x = x.unsqueeze(0) if is_single else x
    return (x.movedim(1, -1) if is_first else x), back


def _looked_at(
    images: Tensor, y: Tensor, x: Tensor, interpolation: str, fill_mode: str, fill_value: Any
) -> Tensor:
    """`sampled` for images of any type; whole numbers are rounded."""
    if images.is_floating_point():
        return sampled(images, y, x, interpolation, fill_mode, float(fill_value)).to(images.dtype)
    found = gathered(images.to(y.dtype), y, x, interpolation, fill_mode, float(int(fill_value)))
    return found.round().to(images.dtype)


@op()
def map_coordinates(
    inputs: Any, coordinates: Any, order: int, fill_mode: str = "constant", fill_value: Any = 0
) -> Any:
    """Elements of a tensor at places, also between elements.

    Args:
        inputs: Any shape.
        coordinates: Places along each axis, one tensor for each or all in one; all of one shape.
        order: 0 for the nearest element, 1 for a mean of those around.
        fill_mode: What is beyond the borders: "constant", "nearest", "wrap", "mirror" or "reflect".
        fill_value: Of what is there, where it is "constant".

    Returns:
        The shape of the places.
    """
    x = convert(inputs)
    places = [convert(one) for one in coordinates]
    if len(places) != x.dim() or places[0].dim() < 1:
        raise ShapeError(
            Text(
                f"map_coordinates needs coordinates along each axis of shape {tuple(x.shape)}, got {len(places)} of "
                f"shape {tuple(places[0].shape) if places else ()}.",
                f"map_coordinates 需要形状 {tuple(x.shape)} 的每个轴的坐标，实际为 {len(places)} 个。",
            )
        )
    _check("map_coordinates", fill_mode, tuple(INSIDE), "fill_mode")
    if order not in (0, 1):
        raise ConfigError(
            Text(
                f"map_coordinates: order is 0 or 1, got {order!r}.",
                f"map_coordinates：order 应为 0 或 1，实际为 {order!r}。",
            ),
            field="order",
        )
    fill = fill_value if x.is_floating_point() else int(fill_value)
    ends = [
        nearest(place) if order == 0 or not place.is_floating_point() else neighbours(place)
        for place in places
    ]
    total: Any = None
    for corner in itertools.product(*ends):
        rows = [INSIDE[fill_mode](i, size) for (i, _), size in zip(corner, x.shape, strict=True)]
        value = x[tuple(rows)]
        if fill_mode == "constant":
            there = [(i >= 0) & (i < n) for (i, _), n in zip(corner, x.shape, strict=True)]
            value = torch.where(torch.stack(there).all(0), value, fill)
        shares = [share for _, share in corner if share is not None]
        value = value * math.prod(shares[1:], start=shares[0]) if shares else value
        total = value if total is None else total + value
    if not x.is_floating_point() and total.is_floating_point():
        total = total.round()
    return total.to(x.dtype)


@op()
def affine_transform(
    images: Any,
    transform: Any,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: Any = 0,
    data_format: str | None = None,
) -> Any:
    """Images seen through a linear map of the plane.

    Args:
        images: (batch, height, width, channels), or one image.
        transform: (batch, 8) or (8,), [a0, a1, a2, b0, b1, b2, 0, 0]: the pixel (x, y) of the result shows
            (a0 x + a1 y + a2, b0 x + b1 y + b2) of the image.
        interpolation: "bilinear" or "nearest".
        fill_mode: What is beyond the borders: "constant", "nearest", "wrap", "mirror" or "reflect".
        fill_value: Of what is there, where it is "constant".
        data_format: "channels_last", the default, or "channels_first".
    """
    _check("affine_transform", interpolation, INTERPOLATIONS, "interpolation")
    _check("affine_transform", fill_mode, tuple(INSIDE), "fill_mode")
    x, back = _batch_of("affine_transform", images, data_format)
    maps = convert(transform).to(x.device)
    if maps.dim() not in (1, 2) or maps.shape[-1] != 8:
        raise ShapeError(
            Text(
                f"affine_transform needs 8 numbers for each image, got a transform of shape {tuple(maps.shape)}.",
                f"affine_transform 的每张图像需要 8 个数，实际 transform 形状为 {tuple(maps.shape)}。",
            )
        )
    maps = maps if maps.is_floating_point() else maps.float()
    maps = maps.reshape(-1, 8)[:, :6, None, None].expand(len(x), -1, -1, -1)
    rows, columns = _pixels(x, maps.dtype)
    a0, a1, a2, b0, b1, b2 = maps.unbind(1)
    right, down = a0 * columns + a1 * rows + a2, b0 * columns + b1 * rows + b2
    return back(_looked_at(x, down, right, interpolation, fill_mode, fill_value))


def _pixels(images: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Rows, (height, 1), and columns, (width,), of the pixels of a batch."""
    rows = torch.arange(images.shape[1], dtype=dtype, device=images.device)[:, None]
    return rows, torch.arange(images.shape[2], dtype=dtype, device=images.device)


@op()
def perspective_transform(
    images: Any,
    start_points: Any,
    end_points: Any,
    interpolation: str = "bilinear",
    fill_value: Any = 0,
    data_format: str | None = None,
) -> Any:
    """Images in which four points have moved to four others, straight lines staying straight.

    Args:
        images: (batch, height, width, channels), or one image.
        start_points: (batch, 4, 2) or (4, 2): columns and rows of the points in the images.
        end_points: Where they are in the result, likewise.
        interpolation: "bilinear" or "nearest".
        fill_value: Of what comes from beyond the borders.
        data_format: "channels_last", the default, or "channels_first".
    """
    _check("perspective_transform", interpolation, INTERPOLATIONS, "interpolation")
    x, back = _batch_of("perspective_transform", images, data_format)
    dtype = x.dtype if x.is_floating_point() else torch.float32
    points = [convert(p).to(x.device, x.dtype).to(dtype) for p in (start_points, end_points)]
    for p in points:
        if p.dim() not in (2, 3) or p.shape[-2:] != (4, 2) or p.shape != points[0].shape:
            raise ShapeError(
                Text(
                    "perspective_transform needs as many start_points as end_points, of shape (4, 2) or (batch, 4, 2); "
                    f"got {tuple(points[0].shape)} and {tuple(points[1].shape)}.",
                    "perspective_transform 的 start_points 与 end_points 形状应相同，为 (4, 2) 或（批次, 4, 2）；"
                    f"实际为 {tuple(points[0].shape)} 和 {tuple(points[1].shape)}。",
                )
            )
    start, end = (p.reshape(-1, 4, 2) for p in points)
    maps = _homography(start, end)[:, :, None, None].expand(len(x), -1, -1, -1)
    rows, columns = _pixels(x, dtype)
    a0, a1, a2, b0, b1, b2, c0, c1 = maps.unbind(1)
    distance = c0 * columns + c1 * rows + 1
    right = (a0 * columns + a1 * rows + a2) / distance
    down = (b0 * columns + b1 * rows + b2) / distance
    return back(_looked_at(x, down, right, interpolation, "constant", fill_value))


def _homography(start: Tensor, end: Tensor) -> Tensor:
    """The 8 numbers of the map that leads from each of the end points, (batch, 4, 2), to its start point."""
    (u, v), (x, y) = start.unbind(-1), end.unbind(-1)
    one, none = torch.ones_like(x), torch.zeros_like(x)
    across = torch.stack([x, y, one, none, none, none, -u * x, -u * y], -1)
    along = torch.stack([none, none, none, x, y, one, -v * x, -v * y], -1)
    matrix, target = torch.cat([across, along], 1), torch.cat([u, v], 1)
    is_half = matrix.dtype in (torch.float16, torch.bfloat16)
    wide = torch.float32 if is_half else matrix.dtype
    found: Tensor = torch.linalg.solve(matrix.to(wide), target.to(wide))
    return found.to(matrix.dtype)


@op()
def elastic_transform(
    images: Any,
    alpha: float = 20.0,
    sigma: float = 5.0,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: Any = 0.0,
    seed: int | SeedGenerator | None = None,
    data_format: str | None = None,
) -> Any:
    """Images on a sheet of rubber that is pulled about at random (Simard et al. 2003).

    Args:
        images: (batch, height, width, channels), or one image.
        alpha: How far pixels move.
        sigma: How wide what moves together is, in pixels.
        interpolation: "bilinear" or "nearest".
        fill_mode: What is beyond the borders: "constant", "nearest", "wrap", "mirror" or "reflect".
        fill_value: Of what is there, where it is "constant".
        seed: A whole number, a `SeedGenerator`, or nothing.
        data_format: "channels_last", the default, or "channels_first".
    """
    _check("elastic_transform", interpolation, INTERPOLATIONS, "interpolation")
    _check("elastic_transform", fill_mode, tuple(INSIDE), "fill_mode")
    x, back = _batch_of("elastic_transform", images, data_format)
    generator = None if seed is None else stream_of(seed, "0")
    # Drawn on the CPU, so that a seed gives the same on every device.
    shape = (2, *x.shape[:3])
    drawn = torch.randn(shape, generator=generator, device=None if x.is_meta else "cpu")
    right, down = pulled(drawn.to(x.device), float(alpha), float(sigma))
    rows, columns = _pixels(x, right.dtype)
    return back(_looked_at(x, rows + down, columns + right, interpolation, fill_mode, fill_value))


def pulled(drawn: Tensor, alpha: float, sigma: float) -> tuple[Tensor, Tensor]:
    """How far each pixel moves to the right and down.

    Args:
        drawn: Numbers of a normal distribution, (2, batch, height, width).
    """
    size = int(6 * sigma) | 1
    flat = (drawn * sigma).flatten(0, 1).unsqueeze(-1)
    moved = alpha * gaussian_blur(flat, (size, size), (sigma, sigma)).reshape(drawn.shape)
    return moved[0], moved[1]


def _triangle(x: Tensor) -> Tensor:
    share: Tensor = 1 - x
    return share.clamp(min=0)


def _keys_cubic(x: Tensor) -> Tensor:
    """Robert Keys' cubic convolution, with a = -0.5."""
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x < 1, near, torch.where(x < 2, far, 0.0))


def _lanczos(radius: float) -> Callable[[Tensor], Tensor]:
    def kernel(x: Tensor) -> Tensor:
        angle = math.pi * torch.where(x > 1e-3, x, 1.0)
        wave = radius * torch.sin(angle) * torch.sin(angle / radius) / angle**2
        return torch.where(x > radius, 0.0, torch.where(x > 1e-3, wave, 1.0))

    return kernel


KERNELS: dict[str, Callable[[Tensor], Tensor]] = {
    **dict.fromkeys(("linear", "bilinear", "trilinear", "triangle"), _triangle),
    **dict.fromkeys(("cubic", "bicubic", "tricubic"), _keys_cubic),
    "lanczos3": _lanczos(3.0),
    "lanczos5": _lanczos(5.0),
}
"""How much a pixel counts at a distance, in pixels."""


@op()
def scale_and_translate(
    images: Any,
    output_shape: Any,
    scale: Any,
    translation: Any,
    spatial_dims: Any,
    method: str,
    antialias: bool = True,
) -> Any:
    """Images made larger or smaller and moved.

    Args:
        images: Any shape.
        output_shape: Of the result, as many axes.
        scale: Factor of each of the `spatial_dims`.
        translation: How far each of them moves, in pixels of the result.
        spatial_dims: The axes.
        method: "linear", "cubic", "lanczos3" or "lanczos5"; also "bilinear", "trilinear", "bicubic", "tricubic".
        antialias: Whether shrinking takes in all that falls together.
    """
    _check("scale_and_translate", method, tuple(KERNELS), "method")
    x = convert(images)
    factors, moves = convert(scale).to(x.device), convert(translation).to(x.device)
    axes = [int(axis) % x.dim() for axis in spatial_dims]
    if factors.shape != (len(axes),) or moves.shape != (len(axes),):
        raise ShapeError(
            Text(
                f"scale_and_translate needs a scale and a translation for each of {len(axes)} axes, got shapes "
                f"{tuple(factors.shape)} and {tuple(moves.shape)}.",
                f"scale_and_translate 的 {len(axes)} 个轴各需要一个 scale 和 translation，实际形状为 "
                f"{tuple(factors.shape)} 和 {tuple(moves.shape)}。",
            )
        )
    factors, moves = (t if t.is_floating_point() else t.float() for t in (factors, moves))
    y = x if x.is_floating_point() else x.float()
    for index, axis in enumerate(axes):
        shares = _shares(
            x.shape[axis],
            int(output_shape[axis]),
            factors[index],
            moves[index],
            KERNELS[method],
            antialias,
        )
        y = torch.tensordot(y, shares.to(y.dtype), dims=([axis], [0])).movedim(-1, axis)
    if not x.is_floating_point() and axes:
        y = y.round().clamp(x.min(), x.max())
    return y.to(x.dtype)


def _shares(
    size: int,
    new_size: int,
    scale: Tensor,
    move: Tensor,
    kernel: Callable[[Tensor], Tensor],
    antialias: bool,
) -> Tensor:
    """How much each element of an axis counts for each one of the new axis, (size, new size)."""
    width = (1 / scale).clamp(min=1) if antialias else 1.0
    new = torch.arange(new_size, dtype=scale.dtype, device=scale.device)
    seen = (new + 0.5) / scale - move / scale - 0.5
    old = torch.arange(size, dtype=scale.dtype, device=scale.device)
    shares = kernel((seen[None, :] - old[:, None]).abs() / width)
    total = shares.sum(0, keepdim=True)
    is_known = total.abs() > 1000 * torch.finfo(torch.float32).eps
    shares = torch.where(is_known, shares / torch.where(total != 0, total, 1.0), 0.0)
    return torch.where((seen >= -0.5) & (seen <= size - 0.5), shares, 0.0)
