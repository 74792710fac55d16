"""Which positions may look at which, and the arithmetic of attention behind it.

Call these by the module (`pairs.attend`): torch.fx.wrap keeps them whole in a trace by replacing names of this module.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


@torch.fx.wrap
def allowed_pairs(
    query: Tensor,
    value: Tensor,
    query_mask: Tensor | None,
    value_mask: Tensor | None,
    key_mask: Tensor | None,
    attention_mask: Tensor | None,
    is_causal: bool,
    window: int | None,
) -> Tensor | None:
    """Where a query may look, (batch or 1, queries, keys) of bool; None for everywhere.

    Args:
        query: (batch, queries, …).
        value: (batch, keys, …).
        query_mask: (batch, queries).
        value_mask: (batch, keys).
        key_mask: (batch, keys).
        attention_mask: Further limits, (batch, queries, keys) or with axes that broadcast.
        is_causal: Whether a query looks only at keys up to its own place.
        window: How far a query looks to either side, itself counted; None for any distance.
    """
    parts = []
    if attention_mask is not None:
        parts.append(attention_mask.to(torch.bool))
    if query_mask is not None:
        parts.append(query_mask.to(torch.bool).unsqueeze(-1))
    parts.extend(
        mask.to(torch.bool).unsqueeze(-2) for mask in (value_mask, key_mask) if mask is not None
    )
    if is_causal or window is not None:
        rows = torch.arange(query.shape[1], device=query.device).unsqueeze(-1)
        ahead = torch.arange(value.shape[1], device=query.device) - rows
        if is_causal:
            parts.append((ahead <= 0).unsqueeze(0))
        if window is not None:
            parts.append((ahead.abs() < window).unsqueeze(0))
    found = None
    for part in parts:
        found = part if found is None else found & part
    return found


@torch.fx.wrap
def spread(allowed: Tensor, q: Tensor, k: Tensor, sizes: tuple[int, ...]) -> Tensor:
    """The pairs for scores (…, heads, queries, keys): missing axes stand before those of queries and keys.

    Args:
        allowed: (…, *queries, *keys).
        q: (…, heads, queries, size).
        k: (…, heads, keys, size).
        sizes: Of the axes of queries and then of keys, where there are several that `q` and `k` have as one.
    """
    axes = max(1, len(sizes) // 2)
    for _ in range(q.dim() + 2 * axes - 2 - allowed.dim()):
        allowed = allowed.unsqueeze(-2 * axes - 1)
    if axes == 1:
        return allowed
    full = allowed.expand(*allowed.shape[: -2 * axes], *sizes)
    return full.reshape(*full.shape[: -2 * axes], q.shape[-2], k.shape[-2])


@torch.fx.wrap
def attend(
    q: Tensor, k: Tensor, v: Tensor, allowed: Tensor | None, is_causal: bool, dropout: float
) -> Tensor:
    """softmax(q k / sqrt(size)) v by torch's fused kernel.

    Args:
        q: (…, queries, size).
        k: (…, keys, size).
        v: (…, keys, size of the value).
        allowed: Pairs, which broadcast to (…, queries, keys); a query without any looks everywhere.
        is_causal: Whether a query looks only at keys up to its own place; without `allowed`.
        dropout: Share of the pairs that is dropped.
    """
    bias = None
    if allowed is not None:  # not -inf, which makes a query that may look nowhere NaN
        bias = torch.where(allowed, 0.0, torch.finfo(q.dtype).min * 0.7).to(q.dtype)
    return F.scaled_dot_product_attention(q, k, v, bias, dropout, bool(is_causal))


@torch.fx.wrap
def masked_softmax(scores: Tensor, allowed: Tensor | None) -> Tensor:
    """The shares of each query's attention; zeros where it may not look, or nowhere."""
    if allowed is None:
        return torch.softmax(scores, -1)
    far = -3e4 if scores.dtype == torch.float16 else -1e9
    return torch.where(allowed, torch.softmax(torch.where(allowed, scores, far), -1), 0.0)


@torch.fx.wrap
def lowered_softmax(scores: Tensor, value_mask: Tensor | None, attention_is_causal: bool) -> Tensor:
    """Like `masked_softmax` with a mask (batch, keys), but a query that may look nowhere looks everywhere."""
    allowed = None if value_mask is None else value_mask.to(torch.bool).unsqueeze(-2)
    if attention_is_causal:
        rows = torch.arange(scores.shape[-2], device=scores.device).unsqueeze(-1)
        causal = torch.arange(scores.shape[-1], device=scores.device) <= rows
        allowed = causal if allowed is None else allowed & causal
    if allowed is not None:
        far = 65504.0 if scores.dtype == torch.float16 else 1e9
        scores = torch.where(allowed, scores, scores - far)
    return torch.softmax(scores, -1)
