"""ContrastLimitedAdaptiveHistogramEqualization: every value alike often in each part of an image, within limits."""

from __future__ import annotations

import torch
from torch import Tensor

from lamina.fields import Float, Size2D, field
from lamina.layer import layer
from lamina.layers.preprocessing.factors import FRACTIONS, VALUE_RANGE, ValueRange
from lamina.layers.preprocessing.random_colours import other_range
from lamina.layers.preprocessing.random_images import Drawn, RandomImageLayer
from lamina.layers.preprocessing.tone import BYTES
from lamina.text import Text

LEVELS = 256


@layer(
    group="preprocessing",
    summary=Text("Evens out contrast in each part of an image.", "按区域均衡图像对比度（CLAHE）。"),
)
class ContrastLimitedAdaptiveHistogramEqualization(RandomImageLayer):
    """The values of each tile of an image spread so that all are about alike often, in training and inference alike.

    How often one value may count is limited, which keeps noise of plain regions small; between the middles of tiles
    their tables are mixed, so that no borders show (Zuiderveld 1994).

    Shapes:
        (batch, height, width, channels) -> the same, float32
    """

    value_range: ValueRange = field((0, 255), suggest=FRACTIONS, doc=VALUE_RANGE)
    clip_limit: Float = field(
        4.0,
        doc=Text(
            "How often a value counts at most, as a multiple of the mean of all; 0 for no limit.",
            "每个数值计数的上限（平均计数的倍数）；0 为不限。",
        ),
    )
    tile_grid_size: Size2D = field((8, 8), doc=Text("Numbers of tiles.", "分块的行数和列数。"))

    positional = ("data_format",)

    is_random = False

    def draw(self, x: Tensor) -> Drawn:
        return {}

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        height, width = images.shape[1:3]
        rows, columns = self.tile_grid_size
        tall, wide = -(-height // rows), -(-width // columns)
        values = other_range(images, self.value_range, BYTES)
        values = values[:, _repeated(height, tall * rows, values)]
        values = values[:, :, _repeated(width, wide * columns, values)]
        levels = values.to(torch.int64).clamp(
            0, LEVELS - 1
        )  # (batch, rows * tall, columns * wide, channels)
        tables = self._tables(levels, tall, wide)
        found = _mixed(tables, levels, tall, wide)[:, :height, :width]
        return other_range(found, BYTES, self.value_range)

    def _tables(self, levels: Tensor, tall: int, wide: int) -> Tensor:
        """What each tile makes of each level: (batch, rows, columns, channels, levels)."""
        batch, _, _, channels = levels.shape
        rows, columns = self.tile_grid_size
        tiles = levels.reshape(batch, rows, tall, columns, wide, channels)
        tiles = tiles.permute(0, 1, 3, 5, 2, 4).flatten(4)
        counts = torch.zeros((*tiles.shape[:4], LEVELS), device=levels.device)
        counts = counts.scatter_add(4, tiles, torch.ones(tiles.shape, device=levels.device))
        if self.clip_limit > 0:  # a whole number of times, as in Keras on torch
            limited = counts.clamp(max=int(self.clip_limit * tall * wide / LEVELS))
            counts = limited + (counts - limited).sum(-1, keepdim=True) / LEVELS
        reached = counts.cumsum(-1)
        least = reached[..., :1]
        rest = tall * wide - least
        return ((reached - least) * 255 / torch.where(rest == 0, 1, rest)).clamp(*BYTES)


def _repeated(size: int, wanted: int, like: Tensor) -> Tensor:
    """Places of an axis, the last one again beyond its end, as Keras on torch fills up."""
    return torch.arange(wanted, device=like.device).clamp(max=size - 1)


def _mixed(tables: Tensor, levels: Tensor, tall: int, wide: int) -> Tensor:
    """Each pixel by the tables of the four tiles whose middles are around it."""
    above, below, down = _neighbours(levels.shape[1], tall, tables.shape[1], tables)
    left, right, along = _neighbours(levels.shape[2], wide, tables.shape[2], tables)
    images = torch.arange(len(levels), device=levels.device)[:, None, None, None]
    channels = torch.arange(levels.shape[3], device=levels.device)
    down, along = down[:, None, None], along[:, None]

    def by(row: Tensor, column: Tensor) -> Tensor:
        return tables[images, row[:, None, None], column[:, None], channels, levels]

    upper = torch.lerp(by(above, left), by(above, right), along)
    lower = torch.lerp(by(below, left), by(below, right), along)
    return torch.lerp(upper, lower, down)


def _neighbours(size: int, tile: int, count: int, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """For each place of an axis the tiles before and after it, and the share of the latter."""
    places = (torch.arange(size, device=like.device) - tile / 2) / tile
    before = places.floor()
    first, second = (each.clamp(0, count - 1).to(torch.int64) for each in (before, before + 1))
    return first, second, places - before
