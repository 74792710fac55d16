"""GroupNormalization: zero mean and unit variance over groups of features of each sample."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from lamina.constraints import ConstraintField
from lamina.errors import ShapeError
from lamina.fields import Int, Issue, PositiveFloat, field
from lamina.initializers import InitializerField
from lamina.layer import Layer, Shape, Weight, layer, need_known, shape_text
from lamina.layers.shared_fields import constraint, penalty
from lamina.regularizers import RegularizerField
from lamina.text import Text


@layer(
    group="normalization",
    summary=Text(
        "Zero mean, unit variance within groups of features.",
        "在每个样本的特征组内归一化为零均值、单位方差。",
    ),
)
class GroupNormalization(Layer):
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
    epsilon: PositiveFloat = field(
        1e-3, doc=Text("Added to the variance.", "加到方差上的小常数。"), advanced=True
    )
    center: bool = field(
        True, doc=Text("Learn an offset, beta.", "是否学习偏移量 beta。"), advanced=True
    )
    scale: bool = field(
        True, doc=Text("Learn a factor, gamma.", "是否学习缩放系数 gamma。"), advanced=True
    )
    beta_initializer: InitializerField = field(
        "zeros", doc=Text("First values of beta.", "beta 的初始值。"), advanced=True
    )
    gamma_initializer: InitializerField = field(
        "ones", doc=Text("First values of gamma.", "gamma 的初始值。"), advanced=True
    )
    beta_regularizer: RegularizerField | None = field(None, doc=penalty("beta"), advanced=True)
    gamma_regularizer: RegularizerField | None = field(None, doc=penalty("gamma"), advanced=True)
    beta_constraint: ConstraintField | None = field(None, doc=constraint("beta"), advanced=True)
    gamma_constraint: ConstraintField | None = field(None, doc=constraint("gamma"), advanced=True)

    supports_masking = True

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

    def _axis_in(self, x: Shape) -> int:
        axis = self.axis + len(x) if self.axis < 0 else self.axis
        if not 0 < axis < len(x):
            raise ShapeError(
                Text(
                    f'GroupNormalization "{self.name}" has no axis {self.axis} of features in {shape_text(x)}.',
                    f"GroupNormalization“{self.name}”的输入 {shape_text(x)} 中没有特征轴 {self.axis}。",
                ),
                field="axis",
                suggest={"axis": -1},
            )
        return axis

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        features = need_known(self, x, self._axis_in(x), "feature")
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
        shape = (need_known(self, x, self._axis_in(x), "feature"),)
        if self.scale:
            yield Weight(
                "gamma",
                shape,
                self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                autocast=False,
            )
        if self.center:
            yield Weight(
                "beta",
                shape,
                self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                autocast=False,
            )

    def forward(self, *inputs: Tensor) -> Tensor:
        (shape,) = self.built_for
        axis = self._axis_in(shape)
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
