"""Ops that compare predictions with targets, and encodings of classes."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.errors import ShapeError
from lamina.ops.convert import as_float, convert, promoted, torch_dtype
from lamina.ops.registry import op, refuse
from lamina.settings import epsilon, floatx
from lamina.text import Text


def _mismatch(name: str, a: Tensor, b: Tensor) -> ShapeError:
    return ShapeError(
        Text(
            f"{name}: a target of {tuple(a.shape)} does not fit an output of {tuple(b.shape)}.",
            f"{name}：目标形状 {tuple(a.shape)} 与输出形状 {tuple(b.shape)} 不符。",
        )
    )


def _inside(x: Tensor) -> Tensor:
    """Probabilities kept away from 0 and 1, so that their logarithm is finite."""
    return torch.clamp(x, epsilon(), 1 - epsilon())


def _log_probabilities(x: Tensor, from_logits: bool, axis: int) -> Tensor:
    if from_logits:
        return torch.log_softmax(x, axis)
    return torch.log(_inside(x / torch.sum(x, axis, keepdim=True)))


@op()
def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """The crossentropy of each element with a probability, or its logit."""
    t, p = promoted(target, output, at_least=float)
    if t.shape != p.shape:
        raise _mismatch("binary_crossentropy", t, p)
    if from_logits:
        return F.binary_cross_entropy_with_logits(p, t, reduction="none")
    p = _inside(p)
    return -(t * torch.log(p) + (1 - t) * torch.log(1 - p))


@op()
def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """The crossentropy of distributions along the axis."""
    t, p = promoted(target, output, at_least=float)
    if t.shape != p.shape or t.dim() < 1:
        raise _mismatch("categorical_crossentropy", t, p)
    return -torch.sum(t * _log_probabilities(p, from_logits, axis), axis)


@op()
def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """The crossentropy of numbers of classes with distributions along the axis."""
    p = as_float(output)
    t = convert(target).to(p.device).long()
    if t.dim() == p.dim() and t.shape[axis] == 1:
        t = t.squeeze(axis)
    logs = torch.movedim(_log_probabilities(p, from_logits, axis), axis, -1)
    if t.shape != logs.shape[:-1]:
        raise _mismatch("sparse_categorical_crossentropy", t, p)
    return -torch.take_along_dim(logs, t.unsqueeze(-1), -1).squeeze(-1)


@op()
def psnr(x1: Any, x2: Any, max_val: Any) -> Any:
    """Peak signal-to-noise ratio, in decibels."""
    a, b = promoted(x1, x2, at_least=float)
    if a.shape != b.shape:
        raise _mismatch("psnr", a, b)
    return 20 * torch.log10(convert(max_val).to(a)) - 10 * torch.log10(torch.mean((a - b) ** 2))


@op()
def multi_hot(
    inputs: Any,
    num_classes: int | None = None,
    axis: int = -1,
    dtype: Any = None,
    sparse: bool = False,
) -> Any:
    """1 at the place of each class that occurs along the last axis (the second of a batch)."""
    if sparse:
        raise refuse("multi_hot", "sparse=True is not supported.", "不支持 sparse=True。")
    if num_classes is None:
        raise refuse("multi_hot", "num_classes is needed.", "需要 num_classes。")
    labels = convert(inputs).long()
    classes = torch.arange(num_classes, device=labels.device)
    hot = torch.movedim(labels.unsqueeze(-1) == classes, -1, axis)
    found = torch.any(hot, 1 if labels.dim() > 1 else 0)
    return found.to(torch_dtype(floatx() if dtype is None else dtype))


@op()
def ctc_loss(
    target: Any, output: Any, target_length: Any, output_length: Any, mask_index: int = 0
) -> Any:
    """Minus the log-likelihood that the steps of each sample spell its labels, whatever their alignment.

    Args:
        target: Class numbers, (batch, labels).
        output: Logits, (batch, steps, classes).
        target_length: Number of labels of each sample.
        output_length: Number of steps of each sample.
        mask_index: The class that is the blank.
    """
    logits = as_float(output)
    labels, labels_count, steps = (
        convert(value).long() for value in (target, target_length, output_length)
    )
    shares = torch.log_softmax(logits.transpose(0, 1), -1)
    return F.ctc_loss(shares, labels, steps, labels_count, mask_index, "none")
