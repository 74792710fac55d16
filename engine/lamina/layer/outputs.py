"""What a call of a layer gives, before there is any data: shapes, types and masks of its outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from lamina.calls import Slot, is_tensor, mask_of, put_together, set_mask, take_apart
from lamina.errors import ShapeError
from lamina.layer.calling import make_weights_for, shapes_by_name
from lamina.shapes import TensorSpec, is_sizes
from lamina.strings import STRING
from lamina.text import Text

if TYPE_CHECKING:
    from lamina.layer.base import Layer


def outputs_for(
    layer: Layer, structure: tuple[Any, Any], specs: Sequence[TensorSpec]
) -> tuple[Any, list[TensorSpec]]:
    """What a call gives: the nest of its outputs with slots, and what is known of each.

    Args:
        structure: Arguments and keywords with slots for the tensors.
        specs: Of those tensors.
    """
    if layer.uses_call:
        if layer.states_specs:
            return _outputs_as_specified(layer, structure, specs)
        return outputs_found(layer, structure, specs)
    given = [specs[slot.index] for slot in structure[0] if isinstance(slot, Slot)]
    if not layer.takes_text and any(spec.dtype == STRING for spec in given):
        raise ShapeError(
            Text(
                f'{type(layer).__name__} "{layer.name}" takes numbers, not text. Put a StringLookup, TextVectorization '
                "or Hashing before it.",
                f"{type(layer).__name__}“{layer.name}”需要数值而不是文本。请在它前面加 StringLookup、TextVectorization 或 Hashing。",
            )
        )
    shapes = layer.output_shapes(*(spec.shape for spec in given))
    dtype = layer.output_dtype(*(spec.dtype for spec in given))
    masks = _masks_for(layer, given, structure[1].get("mask") is not None, len(shapes))
    outputs = [
        TensorSpec(shape, dtype, has_mask) for shape, has_mask in zip(shapes, masks, strict=True)
    ]
    slots = [Slot(index) for index in range(len(outputs))]
    return slots[0] if len(slots) == 1 else slots, outputs


def outputs_found(
    layer: Layer, structure: tuple[Any, Any], specs: Sequence[TensorSpec]
) -> tuple[Any, list[TensorSpec]]:
    """What a user's layer gives, where it has no `compute_output_spec` of its own, or asks for the inherited one."""
    if layer.states_shapes:
        return _outputs_as_stated(layer, structure, specs)
    return _outputs_by_running(layer, structure, specs)


def _masks_for(
    layer: Layer, given: Sequence[TensorSpec], is_masked: bool, outputs: int
) -> list[bool]:
    """Which outputs will carry a mask, by trying it on tensors without data."""
    masked = [is_masked or spec.has_mask for spec in given]
    if not layer.makes_masks and not (layer.supports_masking and any(masked)):
        return [False] * outputs
    tensors = [
        torch.empty([2 if size is None else size for size in spec.shape], device="meta")
        for spec in given
    ]
    masks = [
        torch.ones(x.shape[: max(1, min(2, x.dim() - 1))], dtype=torch.bool, device="meta")
        if has
        else None
        for x, has in zip(tensors, masked, strict=True)
    ]
    return [mask is not None for mask in layer.output_masks(tensors, masks, outputs)]


def output_masks(
    layer: Layer, inputs: Sequence[Any], masks: Sequence[Any], outputs: int
) -> list[Any]:
    """The mask of each output, from the tensors and masks of the ports."""
    if not layer.makes_masks and (
        not layer.supports_masking or all(mask is None for mask in masks)
    ):
        return [None] * outputs
    single = len(inputs) == 1
    found = layer.compute_mask(
        inputs[0] if single else list(inputs), masks[0] if single else list(masks)
    )
    if isinstance(found, (list, tuple)):
        return [*found, *[None] * outputs][:outputs]
    return [found, *[None] * (outputs - 1)]


def _outputs_as_stated(
    layer: Layer, structure: tuple[Any, Any], specs: Sequence[TensorSpec]
) -> tuple[Any, list[TensorSpec]]:
    """What a user's layer says that it gives, by a `compute_output_shape` of its own."""
    shapes = [spec.shape for spec in specs]
    make_weights_for(layer, structure, shapes)
    args, kwargs = shapes_by_name(layer, layer.compute_output_shape, structure, shapes)
    stated = layer.compute_output_shape(*args, **kwargs)
    leaves: list[Any] = []
    nest = take_apart(stated, leaves, is_sizes)
    keeps_mask = layer.supports_masking and any(spec.has_mask for spec in specs)
    return nest, [TensorSpec(tuple(shape), layer.dtype, keeps_mask) for shape in leaves]


def _outputs_as_specified(
    layer: Layer, structure: tuple[Any, Any], specs: Sequence[TensorSpec]
) -> tuple[Any, list[TensorSpec]]:
    """What a user's layer says that it gives, by a `compute_output_spec` of its own."""
    make_weights_for(layer, structure, [spec.shape for spec in specs])
    args, kwargs = put_together(structure, [layer.symbolic(spec) for spec in specs])
    try:
        stated = layer.compute_output_spec(*args, **kwargs)
    except NotImplementedError:  # it does not say
        return outputs_found(layer, structure, specs)
    leaves: list[Any] = []
    nest = take_apart(stated, leaves, is_tensor)
    keeps_mask = layer.supports_masking and any(spec.has_mask for spec in specs)
    return nest, [TensorSpec(tuple(x.shape), x.dtype, keeps_mask) for x in leaves]


def _outputs_by_running(
    layer: Layer, structure: tuple[Any, Any], specs: Sequence[TensorSpec]
) -> tuple[Any, list[TensorSpec]]:
    """What a user's layer gives, found by running it on zeros of two sizes: axes that differ have any size.

    The layer is built with the true shapes first, so that it sees None for what is unknown.
    """
    make_weights_for(layer, structure, [spec.shape for spec in specs])
    found: list[tuple[Any, list[Any]]] = []
    counts = [(v, v.value.detach().clone()) for v in layer.weights if not v.spec.trainable]
    for batch, other in ((2, 32), (3, 48)):
        tensors = []
        for spec in specs:
            sizes = [
                (batch if axis == 0 else other) if size is None else size
                for axis, size in enumerate(spec.shape)
            ]
            x = torch.zeros(sizes, dtype=getattr(torch, spec.dtype), device=_device_of(layer))
            if spec.has_mask:
                set_mask(x, torch.ones(sizes[:2], dtype=torch.bool, device=x.device))
            tensors.append(layer.convert_input(x))
        args, kwargs = put_together(structure, tensors)
        kwargs.setdefault("training", False)
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            outputs = layer.run_call(args, kwargs)
        leaves: list[Any] = []
        found.append((take_apart(outputs, leaves, is_tensor), leaves))
        layer.take_added_losses()
        if all(None not in spec.shape for spec in specs):
            break
    with torch.no_grad():  # what the call counts has not begun yet
        for variable, before in counts:
            variable.value.copy_(before)
    nest, first = found[0]
    last = found[-1][1]
    outputs_specs = [
        TensorSpec(
            tuple(p if p == q else None for p, q in zip(a.shape, b.shape, strict=True)),
            str(a.dtype).removeprefix("torch."),
            mask_of(a) is not None,
        )
        for a, b in zip(first, last, strict=True)
    ]
    return nest, outputs_specs


def _device_of(layer: Layer) -> torch.device:
    return next((v.value.device for v in layer.weights), torch.device("cpu"))
