"""GroupNormalization: zero mean and unit variance over groups of features of each sample."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from lamina.errors import ShapeError
from lamina.fields import Int, Issue, field
from lamina.layer import Shape, Weight, layer, need_known
from lamina.layers.normalization.scale_and_offset import ScaleAndOffset
from lamina.text import Text


@layer(
    group="normalization",
    summary=Text(
        "Zero mean, unit variance within groups of features.",
        "在每个样本的特征组内归一化为零均值、单位方差。",
    ),
)
class GroupNormalization(ScaleAndOffset):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta, over each group (Wu and He 2018, arXiv:1803.08494).

    A group's mean and variance are taken over its features and all other axes but the batch.

    Shapes:
        (batch, …, features) -> the same
    """

    groups: Int = field(
        32,
        doc=Text(
            "Number of groups of features; -1 makes each feature its own.",
            "特征的分组数；-1 表示每个特征自成一组。",
        ),
    )
    axis: Int = field(-1, doc=Text("Axis of the features.", "特征所在的轴。"), advanced=True)

    @classmethod
    def check_together(cls, values: Mapping[str, Any]) -> Iterable[Issue]:
        groups = values["groups"]
        if groups < 1 and groups != -1:
            yield Issue(
                "groups",
                "out_of_range",
                Text(
                    f"GroupNormalization.groups must be at least 1, or -1, got {groups}.",
                    f"GroupNormalization.groups 必须不小于 1，或为 -1，实际为 {groups}。",
                ),
                groups,
                1,
            )

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        features = need_known(self, x, self.feature_axis(x), "feature")
        if self.groups != -1 and features % self.groups:
            raise ShapeError(
                Text(
                    f'GroupNormalization "{self.name}" splits its input into {self.groups} groups, but {features} '
                    "features cannot be split evenly.",
                    f"GroupNormalization“{self.name}”要把输入分成 {self.groups} 组，但 {features} 个特征无法平均分组。",
                ),
                field="groups",
                suggest={"groups": 1},
            )
        return x

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        (x,) = inputs
        return self.scale_and_offset(need_known(self, x, self.feature_axis(x), "feature"))

    def forward(self, *inputs: Tensor) -> Tensor:
        (shape,) = self.built_for
        axis = self.feature_axis(shape)
        to_first = (0, axis, *(a for a in range(1, len(shape)) if a != axis))
        back = tuple(to_first.index(a) for a in range(len(shape)))
        groups = need_known(self, shape, axis, "feature") if self.groups == -1 else self.groups
        x = self.widened(inputs[0]).permute(to_first)
        grouped: Tensor = torch.unflatten(x, 1, (groups, -1))
        # Keras' arithmetic step by step: torch.group_norm rounds otherwise, which shows in groups of a few values.
        others = tuple(range(2, len(shape) + 1))
        mean = grouped.mean(others, keepdim=True)
        variance = (grouped.square().mean(others, keepdim=True) - mean.square()).clamp(min=0)
        inverse = torch.rsqrt(variance + self.epsilon)
        along = (groups, -1, *(1,) * (len(shape) - 2))
        if self.scale:
            inverse = inverse * self._gamma.reshape(along)
        offset = mean.neg() * inverse
        if self.center:
            offset = offset + self._beta.reshape(along)
        return self.narrowed((grouped * inverse + offset).flatten(1, 2).permute(back))
