"""GroupNormalization: zero mean and unit variance over groups of features of each sample."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.errors import ShapeError
from lamina.fields import Int, Issue, field
from lamina.layer import Shape, Weight, layer, need_known, product
from lamina.layers.normalization.scale_and_offset import ScaleAndOffset
from lamina.text import Text

LARGE = 64
"""Values in a group from which on it is left to torch's kernel."""
SMALL_MAP = 1024
"""Positions below which torch's kernel for channels-last takes one group after the other: slow where they are narrow."""


class _Together(torch.autograd.Function):
    """What it gets; gradients are computed for all of it where one of them is asked for."""

    @staticmethod
    def forward(_: Any, *tensors: Tensor) -> tuple[Tensor, ...]:
        return tuple(tensor.view_as(tensor) for tensor in tensors)

    @staticmethod
    def backward(_: Any, *gradients: Tensor) -> Any:
        return gradients


@torch.fx.wrap
def group_norm(
    x: Tensor, groups: int, gamma: Tensor | None, beta: Tensor | None, epsilon: float
) -> Tensor:
    """The kernel of torch; on a CPU its backward ends the process where x is channels-last and needs no gradient (torch 2.13)."""
    is_slow = groups == x.shape[1] and _is_small_map(x)
    if is_slow and not torch.is_grad_enabled():
        return _feature_norm(x, gamma, beta, epsilon)
    if is_slow:
        x = x.contiguous()  # the other kernel of torch
    if gamma is None and beta is not None:
        gamma = torch.ones_like(beta)  # and fails without it
    if gamma is not None and torch.is_grad_enabled():
        if beta is None:
            x, gamma = _Together.apply(x, gamma)  # type: ignore[no-untyped-call]
        else:
            x, gamma, beta = _Together.apply(x, gamma, beta)  # type: ignore[no-untyped-call]
    normed = F.group_norm(x, groups, gamma, beta, epsilon)
    return normed.contiguous(memory_format=torch.channels_last) if is_slow else normed


def _is_small_map(x: Tensor) -> bool:
    """Whether x is channels-last on a CPU, with few positions."""
    return (
        x.dim() == 4
        and x.device.type == "cpu"
        and x.shape[2] * x.shape[3] < SMALL_MAP
        and x.is_contiguous(memory_format=torch.channels_last)
    )


def _feature_norm(x: Tensor, gamma: Tensor | None, beta: Tensor | None, epsilon: float) -> Tensor:
    """Each feature of each sample by itself, without gradients; x is channels-last."""
    rows = x.permute(0, 2, 3, 1).flatten(1, 2)  # (batch, positions, features)
    centred = rows - rows.mean(1, keepdim=True)
    factor = torch.rsqrt(centred.square().mean(1, keepdim=True) + epsilon)
    if gamma is not None:
        factor = factor * gamma
    normed = centred.mul_(factor) if beta is None else beta.addcmul(centred, factor)
    batch, features, *sizes = x.shape
    return normed.reshape(batch, *sizes, features).permute(0, 3, 1, 2)


group_norm.gives_fresh = True  # type: ignore[attr-defined]


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
        if self._are_large(shape, groups):
            gamma = self._gamma if self.scale else None
            beta = self._beta if self.center else None
            return self.narrowed(group_norm(x, groups, gamma, beta, self.epsilon).permute(back))
        grouped: Tensor = torch.unflatten(x, 1, (groups, -1))
        # Keras' arithmetic step by step
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

    @staticmethod
    def _are_large(shape: Shape, groups: int) -> bool:
        """Whether torch's kernel equals Keras: it rounds otherwise, which shows in groups of a few values.

        Axes of unknown size are taken to be long.
        """
        sizes = (LARGE if size is None else size for size in shape[1:])
        return product(sizes) >= LARGE * groups
