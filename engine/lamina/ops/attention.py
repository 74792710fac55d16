"""Attention, and ops that move blocks of images."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from lamina.errors import ConfigError, ShapeError
from lamina.ops.convert import as_float, convert, promoted
from lamina.ops.registry import op, refuse
from lamina.text import Text


@op()
def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Any:
    """softmax(scale · query key + bias) value, for each head (Vaswani et al. 2017, arXiv:1706.03762).

    Args:
        query: Shape (batch, queries, heads, features).
        key: Shape (batch, keys, heads, features); with fewer heads, several heads of the query share one.
        value: Shape (batch, keys, heads, features).
        bias: Added to the logits; shape that broadcasts to (batch, heads, queries, keys).
        mask: True where a query may look; likewise. Only one of bias and mask.
        scale: 1 / sqrt(features) when left out.
        is_causal: Whether a query looks only at keys up to its own place.
        flash_attention: Torch chooses the kernel; True is not supported.
        attn_logits_soft_cap: Not supported.

    Returns:
        Shape (batch, queries, heads, features).
    """
    if attn_logits_soft_cap is not None or flash_attention:
        raise refuse(
            "dot_product_attention",
            "attn_logits_soft_cap and flash_attention=True are not supported; torch chooses the kernel.",
            "不支持 attn_logits_soft_cap 和 flash_attention=True；内核由 torch 选择。",
        )
    if bias is not None and mask is not None:
        raise ConfigError(Text("Give a bias or a mask, not both.", "bias 与 mask 只能给出一个。"))
    q, k, v = promoted(query, key, value, at_least=float)
    if any(t.dim() != 4 for t in (q, k, v)):
        raise ShapeError(
            Text(
                f"dot_product_attention needs (batch, steps, heads, features), got {tuple(q.shape)}, {tuple(k.shape)}, {tuple(v.shape)}.",
                f"dot_product_attention 需要（批次, 步数, 头数, 特征），实际为 {tuple(q.shape)}、{tuple(k.shape)}、{tuple(v.shape)}。",
            )
        )
    allowed = None if bias is None else convert(bias).to(q)
    if mask is not None:
        seen = convert(mask).to(q.device, torch.bool)
        if is_causal:
            ones = torch.ones(q.shape[1], k.shape[1], dtype=torch.bool, device=q.device)
            seen, is_causal = seen & torch.tril(ones), False
        # not -inf: a query that may look nowhere looks everywhere, as in Keras
        allowed = torch.where(seen, 0.0, torch.finfo(q.dtype).min * 0.7).to(q.dtype)
    q, k, v = (t.transpose(1, 2) for t in (q, k, v))
    if q.shape[1] > k.shape[1] > 1:
        k, v = (t.repeat_interleave(q.shape[1] // k.shape[1], 1) for t in (k, v))
    found = F.scaled_dot_product_attention(q, k, v, allowed, 0.0, is_causal, scale=scale)
    return found.transpose(1, 2)


@op()
def depth_to_space(x: Any, block_size: int, data_format: str = "channels_last") -> Any:
    """Channels spread over blocks of pixels."""
    tensor = convert(x)
    n = block_size
    if data_format == "channels_first":
        b, c, h, w = tensor.shape
        blocks = tensor.reshape(b, c // n**2, n, n, h, w).permute(0, 1, 4, 2, 5, 3)
        return blocks.reshape(b, c // n**2, h * n, w * n)
    b, h, w, c = tensor.shape
    blocks = tensor.reshape(b, h, w, n, n, c // n**2).permute(0, 1, 3, 2, 4, 5)
    return blocks.reshape(b, h * n, w * n, c // n**2)


@op()
def space_to_depth(x: Any, block_size: int, data_format: str = "channels_last") -> Any:
    """Blocks of pixels gathered in channels: the reverse of `depth_to_space`."""
    tensor = convert(x)
    n = block_size
    if data_format == "channels_first":
        b, c, h, w = tensor.shape
        blocks = tensor.reshape(b, c, h // n, n, w // n, n).permute(0, 1, 3, 5, 2, 4)
        return blocks.reshape(b, c * n**2, h // n, w // n)
    b, h, w, c = tensor.shape
    blocks = tensor.reshape(b, h // n, n, w // n, n, c).permute(0, 1, 3, 2, 4, 5)
    return blocks.reshape(b, h // n, w // n, c * n**2)


@op()
def unfold(x: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """The windows of images (batch, channels, height, width), each as a column."""
    return F.unfold(as_float(x), kernel_size, dilation, padding, stride)


@op()
def fold(
    x: Any,
    output_size: Any,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> Any:
    """Images of (batch, channels, height, width) from columns, added up where windows overlap."""
    return F.fold(as_float(x), output_size, kernel_size, dilation, padding, stride)


@op()
def polar(abs_: Any, angle: Any) -> Any:
    """Complex numbers from their size and angle."""
    return torch.polar(*promoted(abs_, angle, at_least=float))
