"""Circle loss: embeddings of one class near each other, those of others far (Sun et al. 2020, arXiv:2002.10857)."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.calls import set_mask
from lamina.fields import Float, field
from lamina.losses.arguments import ArrayLike, as_float_tensor, as_tensor
from lamina.losses.loss import Loss, TargetKind, loss
from lamina.text import Text


def circle(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Tensor:
    """The loss of each embedding; it carries a mask that leaves out embeddings without loss.

    Args:
        y_true: Class numbers, (batch,) or (batch, 1).
        y_pred: Embeddings of length one, (batch, size).
        ref_labels: Class numbers to compare with; `y_true` when left out.
        ref_embeddings: Embeddings to compare with; `y_pred` when left out.
        remove_diagonal: Do not compare an embedding with itself.
        gamma: Scale.
        margin: How clearly classes shall differ.

    Returns:
        One loss per embedding, (batch,).
    """
    y_pred = as_float_tensor(y_pred)
    labels = as_tensor(y_true, y_pred.device).int().reshape(-1, 1)
    others = y_pred if ref_embeddings is None else as_tensor(ref_embeddings, y_pred.device)
    other_labels = labels if ref_labels is None else as_tensor(ref_labels, y_pred.device).int()
    distance = (1 - y_pred @ others.mT).clamp(min=0.0)  # (batch, others), of the cosine
    same = labels == other_labels.reshape(1, -1)
    differs = ~same
    if remove_diagonal:
        same = same & ~torch.eye(*same.shape, dtype=torch.bool, device=same.device)
    near = -gamma * (margin + distance) * (margin - distance)
    far = gamma * (1 + margin - distance).clamp(min=0.0) * (1 - margin - distance)
    # Both are over the batch; without a pair there is nothing to pull or to push.
    pulled = near.masked_fill(~same, -torch.inf).logsumexp(1)
    pushed = far.masked_fill(~differs, -torch.inf).logsumexp(1)
    values = F.softplus(pulled + pushed)
    set_mask(values, values > 0)
    return values


@loss(summary=Text("For embeddings; targets are class numbers.", "学习嵌入；目标为类别编号。"))
class Circle(Loss):
    """Embeddings of one class near each other and those of others far; y_pred has length one.

    >>> Circle(gamma=1.0)([0, 0, 1], [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    tensor(1.4704)
    """

    target: ClassVar[TargetKind] = "index"

    gamma: Float = field(80.0, doc=Text("Scale.", "缩放系数。"))
    margin: Float = field(0.4, doc=Text("How clearly classes shall differ.", "类别间隔。"))
    remove_diagonal: bool = field(
        True,
        doc=Text("Do not compare an embedding with itself.", "不与自身比较。"),
        advanced=True,
    )

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return circle(
            y_true,
            y_pred,
            remove_diagonal=self.remove_diagonal,
            gamma=self.gamma,
            margin=self.margin,
        )

    def cast_target(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return y_true
