"""What attention in several heads shares: projections, masks, and attention over any axes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.constraints import ConstraintField
from lamina.fields import Int, PositiveInt, field
from lamina.initializers import InitializerField
from lamina.layer import Shape, Weight, need_known, product
from lamina.layers.attention import pairs
from lamina.layers.attention.base import SEED, AttentionLayer
from lamina.layers.shared_fields import (
    REFUSED,
    WITHOUT_EFFECT,
    Refused,
    constraint,
    declared_weight,
    penalty,
)
from lamina.regularizers import RegularizerField
from lamina.text import Text


class HeadsAttention(AttentionLayer):
    """Scaled dot-product attention in several heads.

    Call it on (query, value) or on (query, value, key); the key is the value when it is left out. Positions that are
    masked, by the masks of the inputs, `attention_mask` (batch, queries, keys) or `use_causal_mask`, get no attention.
    As in Keras 3.15, MultiHeadAttention takes the mask of its query from the query alone, not from `query_mask`.
    """

    sliding_window: PositiveInt | None = field(
        None,
        doc=Text(
            "How far a position looks to either side, itself counted; any distance when empty.",
            "每个位置向两侧关注的范围（含自身）；留空则不限。",
        ),
        advanced=True,
    )
    flash_attention: Any = field(None, doc=WITHOUT_EFFECT, hidden=True)
    kernel_initializer: InitializerField = field(
        "glorot_uniform",
        doc=Text("First values of the kernels.", "权重矩阵的初始值。"),
        advanced=True,
    )
    bias_initializer: InitializerField = field(
        "zeros", doc=Text("First values of the biases.", "偏置的初始值。"), advanced=True
    )
    kernel_regularizer: RegularizerField | None = field(None, doc=penalty("kernel"), advanced=True)
    bias_regularizer: RegularizerField | None = field(None, doc=penalty("bias"), advanced=True)
    activity_regularizer: Refused = field(None, doc=REFUSED, hidden=True)
    kernel_constraint: ConstraintField | None = field(None, doc=constraint("kernel"), advanced=True)
    bias_constraint: ConstraintField | None = field(None, doc=constraint("bias"), advanced=True)
    use_gate: bool = field(
        False,
        doc=Text("Multiply what each head gives by a gate.", "是否用门控缩放每个头的输出。"),
        advanced=True,
    )
    seed: Int | None = field(None, doc=SEED, advanced=True)

    call_arguments = ("query", "value", "key")
    dense_groups: ClassVar[str] = "{}_dense"
    """Groups of the projections in files; the gate's is always `_gate_dense`."""
    passes_query_mask: ClassVar[bool]
    """Whether `query_mask` counts where the query carries none."""
    use_bias: bool

    # --- what differs ------------------------------------------------------------------------------------------

    @property
    def sizes(self) -> Mapping[str, tuple[int, int]]:
        """Heads and their size for each projection."""
        raise NotImplementedError

    @property
    def output_sizes(self) -> tuple[int, ...] | None:
        """Sizes of the axes in place of the query's last one; None for its own."""
        return None

    def axes_for(self, rank: int) -> tuple[int, ...]:
        """Axes of the inputs, which have `rank` axes, that attention runs over."""
        return (1,)

    # --- what a layer states -----------------------------------------------------------------------------------

    def _by_port(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        masks = ("query_mask", "value_mask", "key_mask", "attention_mask")
        if len(args) > 3:
            kwargs = {**dict(zip(masks, args[3:], strict=False)), **kwargs}
            args = args[:3]
        while args and args[-1] is None:
            args = args[:-1]
        args, kwargs = super()._by_port(args, kwargs)
        return args, {key: value for key, value in kwargs.items() if value is not None}

    def output_shape(self, *inputs: Shape) -> Shape:
        query = inputs[0]
        sizes = self.output_sizes
        return query if sizes is None else (*query[:-1], *sizes)

    def scores_shape(self, *inputs: Shape) -> Shape:
        query, key = inputs[0], inputs[-1]
        axes = self.axes_for(len(query))
        around = [query[axis] for axis in range(len(query) - 1) if axis not in axes]
        heads = self.sizes["query"][0]
        return (*around, heads, *(query[axis] for axis in axes), *(key[axis] for axis in axes))

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        sources = {
            "query": inputs[0],
            "key": inputs[-1],
            "gate": inputs[0],
            "value": inputs[1],
        }
        for part, source in sources.items():
            if part == "gate" and not self.use_gate:
                continue
            features = need_known(self, source, -1, "features")
            heads = self.sizes["query" if part == "gate" else part][0]
            shape = (heads, self.sizes["value" if part == "gate" else part][1])
            yield from self._dense(part, (features, *shape), shape, (1, 2, 0))
        features = need_known(self, inputs[0], -1, "features")
        out = (features,) if self.output_sizes is None else self.output_sizes
        heads, size = self.sizes["query"][0], self.sizes["value"][1]
        order = (*range(2, len(out) + 2), 0, 1)
        yield from self._dense("output", (heads, size, *out), out, order)

    def _dense(
        self, part: str, shape: tuple[int, ...], bias: tuple[int, ...], order: tuple[int, ...]
    ) -> Iterator[Weight]:
        """The weights of one projection."""
        group = "_gate_dense" if part == "gate" else self.dense_groups.format(part)
        kernel = f"{part}_kernel"
        yield declared_weight(self, kernel, shape, "kernel", to_torch=order, file_group=group)
        if self.use_bias:
            yield declared_weight(self, f"{part}_bias", bias, "bias", file_group=group)

    def macs(self, inputs: Sequence[Shape], output: Shape) -> int:
        query, value, key = inputs[0], inputs[1], inputs[-1]
        total = {part: heads * size for part, (heads, size) in self.sizes.items()}
        given = self.sizes["query"][0] * self.sizes["value"][1]
        axes = self.axes_for(len(query))
        seen = product([key[axis] for axis in axes])
        positions = product(query[1:-1])
        return (
            product(query[1:]) * (total["query"] + (given if self.use_gate else 0))
            + product(key[1:]) * total["key"]
            + product(value[1:]) * total["value"]
            + positions * seen * (total["query"] + given)
            + positions * given * product(output[len(query) - 1 :])
        )

    # --- what it computes --------------------------------------------------------------------------------------

    def forward(
        self,
        *inputs: Tensor,
        mask: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        query, value, key = inputs[0], inputs[1], inputs[-1]
        carried: list[Any] = [None, None, None]
        if mask is not None:
            carried = [*mask, None] if isinstance(mask, (list, tuple)) else [mask, None, None]
        if carried[0] is not None or not self.passes_query_mask:
            query_mask = carried[0]
        value_mask = carried[1] if value_mask is None else value_mask
        key_mask = carried[2] if key_mask is None else key_mask
        given = (query_mask, value_mask, key_mask, attention_mask)
        is_limited = self.sliding_window is not None or any(one is not None for one in given)
        allowed = None
        if is_limited:
            allowed = pairs.allowed_pairs(
                query, value, *given, use_causal_mask, self.sliding_window
            )
        q, k, v = self._projected(query, value, key)
        attended, shares = self._attend(
            q,
            k,
            v,
            allowed,
            query,
            key,
            is_causal=use_causal_mask and not is_limited,
            with_shares=return_attention_scores,
        )
        if self.use_gate:
            attended = attended * torch.sigmoid(self._linear(query, "gate"))
        output = F.linear(attended.flatten(-2), self._flat_output_kernel(), self._bias("output"))
        if self.output_sizes is not None and len(self.output_sizes) > 1:
            output = torch.unflatten(output, -1, self.output_sizes)
        return (output, shares) if return_attention_scores else output

    def _attend(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        allowed: Any,
        query: Tensor,
        key: Tensor,
        *,
        is_causal: bool,
        with_shares: bool,
    ) -> tuple[Tensor, Any]:
        """What the heads give, (batch, …, heads, size), and the shares of attention where they are asked for."""
        rank = len(self.built_for[0])
        axes = self.axes_for(rank)
        several = len(axes) > 1
        # where no head may look anywhere the two ways differ, and Keras goes the same one
        quiet = self.dropout == 0
        is_plain = (allowed is None and (quiet or self.noise is None)) or (rank == 3 and quiet)
        sizes: tuple[Any, ...] = ()
        if several:
            sizes = tuple(x.shape[axis] for x in (query, key) for axis in axes)
        if allowed is not None:
            allowed = pairs.spread(allowed, q, k, sizes)
        shares = None
        if is_plain and not with_shares:
            rate = self.dropout if self.training else 0.0
            attended = pairs.attend(q, k, v, allowed, is_causal, rate)
        else:
            if is_causal:
                none = (None, None, None, None)
                allowed = pairs.allowed_pairs(query, key, *none, True, None)
                allowed = pairs.spread(allowed, q, k, sizes)
            scores = torch.matmul(q * self.sizes["query"][1] ** -0.5, k.transpose(-2, -1))
            shares = pairs.masked_softmax(scores, allowed)
            attended = torch.matmul(self.dropped(shares), v)
        if several:
            attended = torch.unflatten(attended, -2, sizes[: len(axes)])
            if with_shares and shares is not None:
                shares = torch.unflatten(shares, -1, sizes[len(axes) :])
                shares = torch.unflatten(shares, -1 - len(axes), sizes[: len(axes)])
        order = _order(rank, axes)
        return attended.permute([order.index(axis) for axis in range(rank + 1)]), shares

    def _projected(self, query: Tensor, value: Tensor, key: Tensor) -> tuple[Tensor, ...]:
        """Query, key and value, each (batch, …, heads, positions, size)."""
        if query is value and value is key:
            parts = self._together(query)
        else:
            parts = [
                self._linear(x, part)
                for x, part in ((query, "query"), (key, "key"), (value, "value"))
            ]
        rank = len(self.built_for[0])
        axes = self.axes_for(rank)
        turned = [part.permute(_order(rank, axes)) for part in parts]
        if len(axes) > 1:
            turned = [part.flatten(-1 - len(axes), -2) for part in turned]
        heads = self.sizes["query"][0]
        repeats = heads // self.sizes["key"][0]
        if repeats > 1:
            turned[1:] = [part.repeat_interleave(repeats, -3) for part in turned[1:]]
        return tuple(turned)

    def _linear(self, x: Tensor, part: str) -> Tensor:
        """(batch, …, features) -> (batch, …, heads, size)."""
        kernel = getattr(self, f"_{part}_kernel")
        bias = self._bias(part)
        projected = F.linear(x, kernel.flatten(0, 1), bias)
        return torch.unflatten(projected, -1, (self.sizes.get(part, self.sizes["query"])[0], -1))

    def _together(self, x: Tensor) -> list[Tensor]:
        """Query, key and value of self-attention by one multiplication."""
        parts = ("query", "key", "value")
        kernel = torch.cat([getattr(self, f"_{part}_kernel").flatten(0, 1) for part in parts])
        bias = torch.cat([self._bias(part) for part in parts]) if self.use_bias else None
        projected = F.linear(x, kernel, bias)
        found, start = [], 0
        for part in parts:
            heads, size = self.sizes[part]
            piece = projected[..., start : start + heads * size]
            found.append(torch.unflatten(piece, -1, (heads, -1)))
            start += heads * size
        return found

    def _bias(self, part: str) -> Any:
        """The bias of a projection in a row, None without biases."""
        if not self.use_bias:
            return None
        bias = getattr(self, f"_{part}_bias")
        is_row = part == "output" and (self.output_sizes is None or len(self.output_sizes) == 1)
        return bias if is_row else bias.flatten()

    def _flat_output_kernel(self) -> Tensor:
        """(size of the output, heads · size)."""
        kernel: Tensor = self._output_kernel.flatten(-2)
        count = 1 if self.output_sizes is None else len(self.output_sizes)
        return kernel.flatten(0, -2) if count > 1 else kernel


def _order(rank: int, axes: tuple[int, ...]) -> tuple[int, ...]:
    """Order of axes that brings (batch, …, heads, size) to (…, heads, positions, size)."""
    around = [axis for axis in range(rank - 1) if axis not in axes]
    return (*around, rank - 1, *axes, rank)
