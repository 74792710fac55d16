"""Calls of a layer on real tensors: its arguments by port, `training`, masks, and the weights it may still lack."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from lamina.calls import (
    calling,
    current_training,
    has_tensors,
    is_outermost,
    is_tensor,
    mapped,
    mask_of,
    put_together,
    set_mask,
    take_apart,
)
from lamina.errors import ConfigError
from lamina.foreign import shown
from lamina.layer.needs import without_row
from lamina.rematerialization import recomputing
from lamina.seeds import current_seed
from lamina.shapes import Shape, is_nest_of_shapes
from lamina.strings import is_text, to_codes
from lamina.text import Text
from lamina.variable import Variable

if TYPE_CHECKING:
    from lamina.layer.base import Layer


def check_positional(layer: Layer, args: tuple[Any, ...]) -> None:
    """Raise a `ConfigError` for an option that is passed like an input."""
    for value in args:
        if isinstance(value, (bool, int, float, str)):
            raise ConfigError(
                Text(
                    f'"{layer.name}" is called with {value!r}, which is no tensor. Only input tensors may be passed as '
                    f"positional arguments; pass options by name.",
                    f"调用“{layer.name}”时传入了 {value!r}，它不是张量。只有输入张量可以按位置传入；选项请按名称传入。",
                )
            )


def check_arity(layer: Layer, count: int) -> None:
    """Raise a `ConfigError` when a layer cannot take so many inputs."""
    least, most = layer.ports.least_inputs, layer.ports.most_inputs
    if count < least or (most is not None and count > most):
        needs = str(least) if least == most else f"{least} or more"
        noun = "input" if needs == "1" else "inputs"
        needs_zh = str(least) if least == most else f"至少 {least}"
        raise ConfigError(
            Text(
                f'{layer.type_name} "{layer.name}" takes {needs} {noun}, got {count}.',
                f"{layer.type_name}“{layer.name}”需要 {needs_zh} 个输入，实际为 {count} 个。",
            )
        )


def by_port(
    layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a layer of the library with its ports in order, whether in a list or by name."""
    if layer.uses_call:
        return args, kwargs
    if len(args) == 1 and isinstance(args[0], (list, tuple)) and not _is_numbers(args[0]):
        args = tuple(args[0])
    named = [name for name in layer.call_arguments if name in kwargs]
    if named:
        kwargs = dict(kwargs)
        for name in layer.call_arguments[len(args) :]:
            if kwargs.get(name) is None:
                kwargs.pop(name, None)
                continue
            value = kwargs.pop(name)
            several = isinstance(value, (list, tuple)) and not _is_numbers(value)
            args = (*args, *(value if several else (value,)))
    return tuple(as_tensor(x) if _is_numbers(x) else x for x in args), kwargs


def _is_numbers(value: Any) -> bool:
    """Whether it is one tensor's worth of numbers in lists, as in `Hashing(3)([1, 2])`."""
    is_nest = isinstance(value, (list, tuple))
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return is_nest and isinstance(value, (bool, int, float))


def run_call(layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The outputs for real tensors, which carry their masks."""
    if layer.takes_one_image and len(args) == 1 and getattr(args[0], "ndim", 0) == 3:
        return run_call(layer, (args[0].unsqueeze(0),), kwargs).squeeze(0)
    if is_outermost():
        layer.take_added_losses()
    known = parameters_of(type(layer))
    training = kwargs.pop("training", None)
    if training is None:
        training = current_training()
    if training is None:
        default = known["training"].default if "training" in known else None
        training = default if isinstance(default, bool) else False
    first = args[0] if args else next(iter(kwargs.values()), None)
    single = layer.uses_call or len(args) == 1
    previous = kwargs.get("mask")
    if previous is None:
        previous = mapped(mask_of, first if single else list(args), is_tensor)
    _give_masks(layer, known, args, kwargs, previous)
    _build_for_tensors(layer, args, kwargs)
    if "training" in known:
        kwargs["training"] = training
    compute: Callable[..., Any] = functools.partial(_compute, layer, training)
    if layer.remat_mode is not None:
        compute = recomputing(layer, compute, _shapes_of_outputs(layer, args), training=training)
    outputs = compute(*args, **kwargs)
    _regularize_activity(layer, outputs)
    _set_masks(layer, args, first, previous, outputs)
    return outputs


def _compute(layer: Layer, training: bool, /, *args: Any, **kwargs: Any) -> Any:
    if not _is_in_mode(layer, training):
        nn.Module.train(layer, training)
    try:
        with calling(training, layer.weights_cast_to):
            return nn.Module.__call__(layer, *args, **kwargs)
    except IndexError as error:
        raise without_row(layer, error) from error


def _is_in_mode(module: nn.Module, training: bool) -> bool:
    """Whether a module and all in it are set to train or not; setting it takes torch longer than a small layer."""
    return module.training == training and all(
        child is None or _is_in_mode(child, training) for child in module._modules.values()
    )


def _shapes_of_outputs(layer: Layer, args: tuple[Any, ...]) -> list[Shape]:
    """What the layer gives for such tensors; nothing where only running a user's layer would tell."""
    if layer.uses_call:
        return []
    return layer.output_shapes(*(tuple(x.shape) for x in args))


def _give_masks(
    layer: Layer,
    known: Mapping[str, inspect.Parameter],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    previous: Any,
) -> None:
    """Pass the masks of the inputs on to a call that names them."""
    if "mask" in known and kwargs.get("mask") is None and has_tensors(previous):
        kwargs["mask"] = previous
    if layer.uses_call:
        for name, value in [*zip(known, args, strict=False), *list(kwargs.items())]:
            wanted = f"{name}_mask"
            if wanted in known and kwargs.get(wanted) is None:
                mask = mapped(mask_of, value, is_tensor)
                if has_tensors(mask):
                    kwargs[wanted] = mask


def _build_for_tensors(layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    if not layer.uses_call:
        check_arity(layer, len(args))
        try:
            shapes: list[Shape] = [tuple(x.shape) for x in args]
        except AttributeError:
            raise _no_tensor(next(x for x in args if not is_tensor(x))) from None
        layer.output_shapes(*shapes)
        if layer.built:
            layer.make_weights(*shapes)
            return
        with torch._C._InferenceMode(False):  # weights made in a prediction are trained later
            layer.make_weights(*shapes)
    elif not layer.built:
        leaves: list[Any] = []
        structure = take_apart((args, kwargs), leaves, is_tensor)
        with torch._C._InferenceMode(False):
            make_weights_for(layer, structure, [tuple(x.shape) for x in leaves])


def make_weights_for(layer: Layer, structure: tuple[Any, Any], shapes: Sequence[Shape]) -> None:
    """Build a user's layer for the nest of its arguments, by the names that its `build` has."""
    if layer.built or layer.__dict__.get("building"):  # a `build` of one's own that calls the layer
        return
    layer.weight_seed = current_seed() if layer.weight_seed is None else layer.weight_seed
    if layer.builds_itself or layer.inherited_forward is not None:
        args, kwargs = shapes_by_name(layer, layer.build, structure, shapes)
        layer.build(*args, **kwargs)
    layer.built = True


def shapes_by_name(
    layer: Layer, method: Callable[..., Any], structure: tuple[Any, Any], shapes: Sequence[Shape]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The shapes of a call's arguments as a method takes them: the first alone, or each by its name."""
    args, kwargs = put_together(structure, shapes)
    names = list(parameters_of(type(layer)))
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    given = {k: v for k, v in given.items() if is_nest_of_shapes(v) and not k.endswith("mask")}
    wanted = list(inspect.signature(method).parameters.values())
    named = [p for p in wanted if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    if len(named) > 1:
        by_name = {p.name: given.get(p.name.removesuffix("_shape")) for p in named}
        if not any(by_name.values()):
            by_name[named[0].name] = next(iter(given.values()), None)
        needed = {p.name for p in named if p.default is p.empty}
        return (), {k: v for k, v in by_name.items() if v is not None or k in needed}
    return (next(iter(given.values()), None),), {}


def _regularize_activity(layer: Layer, outputs: Any) -> None:
    """Add the penalty for outputs, per sample, where there is one."""
    if layer.activity_regularizer is not None:
        leaves: list[Any] = []
        take_apart(outputs, leaves, is_tensor)
        for x in leaves:
            layer.add_loss(layer.activity_regularizer(x) / max(1, x.shape[0]))


def _set_masks(
    layer: Layer, args: tuple[Any, ...], first: Any, previous: Any, outputs: Any
) -> None:
    if layer.uses_call:
        if not layer.supports_masking:
            if has_tensors(previous):
                warnings.warn(
                    f'Layer "{layer.name}" ({type(layer).__name__}) does not support masking; the mask of its input '
                    "ends there. Set supports_masking = True if it may pass.",
                    stacklevel=5,
                )
            return
        if not (has_tensors(previous) or layer.makes_masks):
            return
        masks = layer.compute_mask(first, previous)
        flat_masks: list[Any] = []
        take_apart(masks, flat_masks, lambda x: x is None or is_tensor(x))
    leaves: list[Any] = []
    take_apart(outputs, leaves, is_tensor)
    if not layer.uses_call:
        given = previous if isinstance(previous, (list, tuple)) else [previous]
        flat_masks = layer.output_masks(args, list(given), len(leaves))
    for x, mask in zip(leaves, flat_masks, strict=False):
        if mask_of(x) is None:
            set_mask(x, mask)


def as_tensor(value: Any) -> Tensor:
    """An array as a tensor, a weight connected to its values; text as its codes."""
    if isinstance(value, Variable):
        return value.tensor
    if is_text(value):
        return to_codes(value)
    try:
        return torch.as_tensor(np.asarray(value))
    except (TypeError, ValueError) as error:
        raise _no_tensor(value) from error


def _no_tensor(value: Any) -> ConfigError:
    return ConfigError(
        Text(
            f"A layer is called with tensors, arrays or numbers, {shown(value).en}",
            f"层的输入应为张量、数组或数值，{shown(value).zh}",
        )
    )


def placed(layer: Layer, tensors: Sequence[Any], device: torch.device) -> list[Any]:
    """The arguments of a call where the layer's weights are, or will be.

    Args:
        device: Where weights are made.
    """
    if layer.uses_call:
        device = next((x.device for x in layer.parameters()), device)
    elif layer.built:
        own = layer.own_variables
        if not own:
            return list(tensors)
        device = own[0].device
    moved = []
    for x in tensors:
        if isinstance(x, Tensor) and x.device != device:
            mask = mask_of(x)
            moved.append(x.to(device))
            set_mask(moved[-1], None if mask is None else mask.to(device))
        else:
            moved.append(x)
    return moved


def parameters_of(cls: Any) -> Mapping[str, inspect.Parameter]:
    """The named parameters of what a layer computes with."""
    known: Mapping[str, inspect.Parameter] = _parameters_once(cls)
    return known


@functools.cache
def _parameters_once(cls: Any) -> Mapping[str, inspect.Parameter]:
    function: Any = inspect.getattr_static(cls, "call" if cls.uses_call else "forward")
    if hasattr(function, "__get__"):
        function = function.__get__(cls, cls)  # without the layer itself, whatever it is called
    found = inspect.signature(function).parameters
    return {name: p for name, p in found.items() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}


def marking(build: Callable[..., None]) -> Callable[..., None]:
    """A user's `build` that leaves the layer built."""

    @functools.wraps(build)
    def marked(self: Layer, *args: Any, **kwargs: Any) -> None:
        if self.weight_seed is None:
            self.weight_seed = current_seed()
        if "build_shapes" not in self.__dict__:
            bound = inspect.signature(build).bind(self, *args, **kwargs).arguments
            self.__dict__["build_shapes"] = {
                k: v for k, v in bound.items() if k != first and is_nest_of_shapes(v)
            }
        was_building = self.__dict__.get("building", False)
        self.__dict__["building"] = True
        try:
            build(self, *args, **kwargs)
        finally:
            self.__dict__["building"] = was_building
        self.built = True

    first = next(iter(inspect.signature(build).parameters))
    return marked
