"""The base of all layers: weights, naming, and calls on symbolic and on real tensors.

A layer of the library declares its parameters as fields and states three things: `output_shape` (a closed form, so
that shapes can be checked on each keystroke), `weights_for` (what it learns, in Keras' layout and order) and
`forward` (torch, traceable by torch.fx, on tensors in Keras' layout). Everything else is derived. Its weights live in
torch's layout in an attribute with a leading underscore (`self._kernel`), which is what `forward` uses; from outside,
`layer.kernel` is a `Variable`, which reads and writes Keras' layout.

A layer that a user writes has `build` and `call`, as in Keras. It is run as it is, never traced.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from lamina import constraints, initializers, regularizers
from lamina.activations import serialize as serialize_activation
from lamina.calls import (
    Slot,
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
from lamina.errors import ConfigError, ShapeError
from lamina.fields import Declared, field
from lamina.naming import snake_case, unique_name
from lamina.random import current_seed, numbered
from lamina.registry import Registry
from lamina.regularizers import RegularizerField
from lamina.shapes import Shape, TensorSpec, is_nest_of_shapes, listed_shapes, product, shape_text
from lamina.text import Text
from lamina.tracking import holds_modules, tracked
from lamina.variable import Variable, Weight, first_values

__all__ = [
    "GROUPS",
    "LAYERS",
    "Layer",
    "Ports",
    "Shape",
    "TensorSpec",
    "Variable",
    "Weight",
    "all_variables",
    "layer",
    "need_known",
    "need_rank",
    "product",
    "shape_text",
]

LAYERS: Registry[type[Layer]] = Registry("layer", "层")


@dataclass(frozen=True)
class Ports:
    """How many tensors a layer takes and gives; `most_inputs` is None where there is no limit."""

    least_inputs: int = 1
    most_inputs: int | None = 1
    outputs: int = 1

    def to_json(self) -> dict[str, Any]:
        return {
            "inputs": {"min": self.least_inputs, "max": self.most_inputs},
            "outputs": self.outputs,
        }


class Layer(Declared, nn.Module):
    """Base of all layers.

    Tensors are in Keras' layout at every border: batch first, channels last. Subclass it with `build` and `call`:

    >>> import torch
    >>> class Scale(Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones")
    ...
    ...     def call(self, x):
    ...         return x * self.factor
    >>> Scale()(torch.zeros(2, 3)).shape
    torch.Size([2, 3])

    Args:
        name: Name in the model, and id of the node in a graph; made from the class when left out.
        trainable: False freezes the layer's weights, and those of the layers in it.
        dtype: float32 is what there is.
        activity_regularizer: Adds a penalty for the outputs to the loss.
        input_shape: Shape of one sample, for the first layer of a Sequential (the old spelling of an Input).
        input_dim: Size of the only axis of one sample; short for `input_shape=(input_dim,)`.
    """

    trainable: bool = field(
        True,
        doc=Text("Whether training changes the weights.", "训练时是否更新权重。"),
        advanced=True,
        kw_only=True,
    )
    activity_regularizer: RegularizerField | None = field(
        None,
        doc=Text(
            "Adds a penalty for the output, the mean over the batch, to the loss.",
            "在损失中加入输出的惩罚项（按批次取平均）。",
        ),
        advanced=True,
        kw_only=True,
    )

    ports: ClassVar[Ports] = Ports()
    type_name: ClassVar[str] = ""
    """Type of the node in a graph document."""
    call_arguments: ClassVar[tuple[str, ...]] = ("inputs",)
    """Names by which a call may give its tensors, in the order of the ports."""
    supports_masking = False
    """Whether a mask of the input is one of the output, too; see `compute_mask`."""
    makes_masks: ClassVar[bool] = False
    """Whether outputs can carry a mask where no input does."""
    uses_call: ClassVar[bool] = False
    """Whether a user wrote it: it has a `call`, which is run as it is."""
    built: bool
    name: str

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.uses_call = cls.call is not Layer.call
        if "build" in vars(cls) and not cls.__module__.startswith("lamina."):
            cls.build = _marking(cls.build)  # type: ignore[method-assign]
        if "compute_mask" in vars(cls) and not cls.__module__.startswith("lamina."):
            cls.supports_masking, cls.makes_masks = True, True
        if not cls.type_name or cls.uses_call:
            cls.type_name = cls.__name__

    def __init__(
        self,
        *args: Any,
        name: str | None = None,
        dtype: Any = None,
        input_shape: Sequence[int | None] | None = None,
        batch_input_shape: Sequence[int | None] | None = None,
        **kwargs: Any,
    ) -> None:
        nn.Module.__init__(self)
        prefix = snake_case(type(self).__name__)
        self.name = unique_name(prefix) if name is None else str(name)
        self.seed_name = numbered(prefix) if name is None else str(name)
        self.dtype = _float32(dtype)
        self.built = False
        self.built_for: tuple[Shape, ...] = ()
        self.__dict__["own_variables"] = []
        self.__dict__["added_losses"] = []
        self.__dict__["call_specs"] = {}
        self.weight_seed: int | None = None
        if batch_input_shape is not None:
            input_shape = tuple(batch_input_shape)[1:]
        if "input_dim" in kwargs and "input_dim" not in self.declared_fields:
            input_shape = (kwargs.pop("input_dim"),)
        self.declared_input_shape: tuple[int | None, ...] | None = (
            None if input_shape is None else tuple(input_shape)
        )
        kwargs.pop("autocast", None)
        Declared.__init__(self, *args, **kwargs)

    @property
    def inner_graph(self) -> Any:
        """The graph of a layer that is a model: it stands in a graph as a block, and is laid open when it runs."""
        return None

    # --- what a layer states -----------------------------------------------------------------------------------

    def output_shape(self, *inputs: Shape) -> Shape:
        """Shape of the output for the shapes of the inputs, batch first; raises `ShapeError`."""
        raise NotImplementedError

    def output_shapes(self, *inputs: Shape) -> list[Shape]:
        """Shapes of all outputs, for a layer that has several."""
        return [self.output_shape(*inputs)]

    @property
    def outputs_count(self) -> int:
        """How many tensors the layer gives with its parameters."""
        return self.ports.outputs

    def output_dtype(self, *inputs: str) -> str:
        """Type of the output's elements."""
        return "float32"

    def weights_for(self, *inputs: Shape) -> Iterable[Weight]:
        """The weights for the shapes of the inputs, in Keras' order."""
        return ()

    def output_activation(self) -> str | None:
        """The name of the activation that the output has passed last, such as "softmax"; None for none."""
        function = getattr(self, "activation", None)
        if function is None or self.uses_call:
            return None
        return serialize_activation(function)

    def macs(self, inputs: Sequence[Shape], output: Shape) -> int:
        """Multiply-accumulate operations for one sample; 0 for layers that only move or map elements."""
        return 0

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """The output for a batch. Traced by torch.fx in layers of the library: no Python control flow on values."""
        if not self.uses_call:
            raise NotImplementedError(f"{type(self).__name__} has neither call nor forward.")
        return self.call(*inputs, **options)

    def call(self, *inputs: Any, **options: Any) -> Any:
        """What a user's layer computes. Takes `training` and `mask` where it names them."""
        return self.forward(*inputs, **options)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The masks of the outputs for those of the inputs, where the layer supports masking."""
        return previous_mask

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """Shape of the output for the shapes of the inputs, as Keras asks for it."""
        shapes = listed_shapes(args) or listed_shapes(tuple(kwargs.values()))
        specs = [TensorSpec(shape) for shape in shapes]
        slots = tuple(Slot(index) for index in range(len(specs)))
        in_list = self.uses_call and len(args) == 1 and len(specs) > 1
        structure, found = self.outputs_for((([*slots],) if in_list else slots, {}), specs)
        return put_together(structure, [spec.shape for spec in found])

    def outputs_for(
        self, structure: tuple[Any, Any], specs: Sequence[TensorSpec]
    ) -> tuple[Any, list[TensorSpec]]:
        """What a call gives: the nest of its outputs with slots, and what is known of each.

        Args:
            structure: Arguments and keywords with slots for the tensors.
            specs: Of those tensors.
        """
        if self.uses_call:
            return _outputs_by_running(self, structure, specs)
        given = [specs[slot.index] for slot in structure[0] if isinstance(slot, Slot)]
        shapes = self.output_shapes(*(spec.shape for spec in given))
        dtype = self.output_dtype(*(spec.dtype for spec in given))
        masks = self._masks_for(given, structure[1].get("mask") is not None, len(shapes))
        outputs = [
            TensorSpec(shape, dtype, has_mask)
            for shape, has_mask in zip(shapes, masks, strict=True)
        ]
        slots = [Slot(index) for index in range(len(outputs))]
        return slots[0] if len(slots) == 1 else slots, outputs

    def _masks_for(self, given: Sequence[TensorSpec], is_masked: bool, outputs: int) -> list[bool]:
        """Which outputs will carry a mask, by trying it on tensors without data."""
        masked = [is_masked or spec.has_mask for spec in given]
        if not self.makes_masks and not (self.supports_masking and any(masked)):
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
        return [mask is not None for mask in self.output_masks(tensors, masks, outputs)]

    def output_masks(self, inputs: Sequence[Any], masks: Sequence[Any], outputs: int) -> list[Any]:
        """The mask of each output, from the tensors and masks of the ports."""
        if not self.makes_masks and (
            not self.supports_masking or all(mask is None for mask in masks)
        ):
            return [None] * outputs
        single = len(inputs) == 1
        found = self.compute_mask(
            inputs[0] if single else list(inputs), masks[0] if single else list(masks)
        )
        if isinstance(found, (list, tuple)):
            return [*found, *[None] * outputs][:outputs]
        return [found, *[None] * (outputs - 1)]

    # --- building ----------------------------------------------------------------------------------------------

    def build(self, *input_shape: Any) -> None:
        """Create the weights for the shape of the input, or the shapes of the inputs, batch first."""
        shapes = listed_shapes(input_shape)
        self.built_for = self.built_for or shapes
        if self.weight_seed is None:
            self.weight_seed = current_seed()
        there = {variable.spec.name for variable in self.own_variables}
        for spec in self.weights_for(*shapes):
            if spec.name not in there:
                self._create(spec)
        self.built = True

    def make_weights(self, *inputs: Shape, seed: int | None = None) -> None:
        """Make the weights unless they are there.

        Args:
            inputs: Shapes of the inputs, batch first.
            seed: Seed of the initial values; the process' seed when left out.
        """
        if self.built:
            return
        self.weight_seed = current_seed() if seed is None else seed
        self.built_for = inputs
        self.build(*inputs)
        self.built = True

    def _create(self, spec: Weight) -> Tensor:
        assert self.weight_seed is not None
        values = spec.initializer.draw(
            spec.shape, spec.initializer.generator(self.weight_seed, self.seed_name, spec.name)
        )
        tensor = values if spec.to_torch is None else values.permute(spec.to_torch)
        is_image_kernel = spec.to_torch is not None and tensor.dim() == 4
        tensor = tensor.contiguous(
            memory_format=torch.channels_last if is_image_kernel else torch.contiguous_format
        )
        variable = Variable.of(self, spec, f"_{spec.name}", tensor)
        self.own_variables.append(variable)
        return variable.value

    def add_weight(
        self,
        shape: Sequence[int] | int | None = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: Any = None,
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Make a weight of this layer.

        Args:
            shape: Its shape; () when left out.
            initializer: First values, by name, object or function; glorot_uniform, or zeros for whole numbers.
            dtype: Type of the elements; the layer's when left out.
            trainable: Whether training changes it.
            regularizer: Adds a penalty for it to the loss.
            constraint: Puts it right after each update.
            name: Its name.

        Returns:
            The weight, which can be used like a tensor.
        """
        if overwrite_with_gradient:
            raise ConfigError(
                Text(
                    "add_weight: overwrite_with_gradient is not supported.",
                    "add_weight：不支持 overwrite_with_gradient。",
                )
            )
        shape = () if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
        type_ = str(dtype or self.dtype).removeprefix("torch.")
        if initializer is None:
            initializer = "glorot_uniform" if "float" in type_ else "zeros"
        name = name or f"variable_{len(self.own_variables)}"
        rule: Any = initializers.get(initializer)
        if isinstance(rule, initializers.Initializer):
            seed = current_seed() if self.weight_seed is None else self.weight_seed
            path = (self.seed_name, name, str(len(self.own_variables)))
            values = rule.draw(shape, rule.generator(seed, *path)).to(getattr(torch, type_))
        else:
            values = first_values(rule, shape, type_, name)
        spec = Weight(
            name,
            tuple(int(size) for size in shape),
            initializers.Zeros(),
            trainable and values.is_floating_point(),
            regularizer=regularizers.get(regularizer),
            constraint=constraints.get(constraint),
        )
        key = f"weight {len(self.own_variables)} {name.replace('.', '_')}"
        variable = Variable.of(self, spec, key, values)
        self.own_variables.append(variable)
        return variable

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Variable):
            self._adopt_variable(value, name)
        elif "_modules" in self.__dict__ and isinstance(value, (list, tuple, dict)):
            counter = itertools.count()
            if holds_modules(value):
                value = tracked(value, lambda item: self._track(name, counter, item))
            object.__setattr__(self, name, value)
            return
        super().__setattr__(name, value)
        if name == "trainable" and "_modules" in self.__dict__:
            for sub in self.sublayers:
                sub.trainable = value

    def _adopt_variable(self, variable: Variable, name: str) -> None:
        """A variable made by hand becomes a weight of the layer that holds it."""
        if variable.holder is self or any(variable is own for own in self.own_variables):
            return
        variable.belong_to(self)
        self.add_module(f"variable {name}", variable.holder)
        self.own_variables.append(variable)

    def _track(self, attribute: str, counter: Iterator[int], item: Any) -> Any:
        if isinstance(item, nn.Module):
            self.add_module(f"{attribute} {next(counter)}", item)
        elif isinstance(item, Variable):
            self._adopt_variable(item, f"{attribute} {next(counter)}")
        return item

    # --- weights -----------------------------------------------------------------------------------------------

    @property
    def sublayers(self) -> list[Layer]:
        """The layers that are attributes of this one, or stand in its lists and dicts."""
        return list(_layers_in(self))

    @property
    def weights(self) -> list[Variable]:
        """All weights: the layer's own, trainable ones first, then those of the layers in it, as Keras orders them."""
        found = {
            id(variable): variable
            for variable in sorted(self.own_variables, key=lambda v: not v.spec.trainable)
        }
        holders = {id(variable.holder) for variable in self.own_variables}
        for child in self.children():
            if id(child) not in holders:
                for variable in _weights_in(child, self):
                    found.setdefault(id(variable), variable)
        return list(found.values())

    @property
    def variables(self) -> list[Variable]:
        return self.weights

    @property
    def trainable_weights(self) -> list[Variable]:
        return [v for v in self.weights if v.trainable] if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Variable]:
        return [v for v in self.weights if not (self.trainable and v.trainable)]

    @property
    def trainable_variables(self) -> list[Variable]:
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        return self.non_trainable_weights

    def get_weights(self) -> list[np.ndarray[Any, Any]]:
        """Copies of all weights in Keras' layout and order."""
        return [variable.numpy() for variable in self.weights]

    def set_weights(self, values: Sequence[Any]) -> None:
        """Set all weights from arrays in Keras' layout and order."""
        if len(values) != len(self.weights):
            raise ShapeError(
                Text(
                    f'"{self.name}" has {len(self.weights)} weights, got {len(values)} arrays.',
                    f"“{self.name}”有 {len(self.weights)} 个权重，实际传入 {len(values)} 个数组。",
                )
            )
        for variable, value in zip(self.weights, values, strict=True):
            variable.assign(value)

    def count_params(self) -> int:
        """Number of values in all weights."""
        return sum(product(variable.shape) for variable in self.weights)

    def __getattr__(self, name: str) -> Any:
        for variable in self.__dict__.get("own_variables", ()):
            if variable.spec.name == name:
                return variable
        return super().__getattr__(name)

    # --- losses ------------------------------------------------------------------------------------------------

    def add_loss(self, loss: Any) -> None:
        """Add a tensor, or a list of them, to what training minimizes; to be called in `call`."""
        self.added_losses.extend(loss if isinstance(loss, (list, tuple)) else [loss])

    @property
    def losses(self) -> list[Any]:
        """Penalties of the weights, and what the last call added, of this layer and those in it."""
        return [
            *self.take_added_losses(clear=False),
            *(
                variable.penalty()
                for variable in self.trainable_weights
                if variable.regularizer is not None
            ),
        ]

    def take_added_losses(self, *, clear: bool = True) -> list[Any]:
        """What calls have added, of this layer and those in it."""
        taken = list(self.added_losses)
        if clear:
            self.added_losses.clear()
        for sub in self.sublayers:
            taken.extend(sub.take_added_losses(clear=clear))
        return taken

    # --- configuration -----------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Keras' configuration: the name, the type of the elements and all parameters."""
        config = {"name": self.name, "dtype": self.dtype, **super().get_config()}
        if config.get("activity_regularizer", self) is None:  # not every layer of Keras takes it
            del config["activity_regularizer"]
        return config

    def node_config(self) -> dict[str, Any]:
        """The configuration in a graph document: only what differs from the defaults."""
        defaults = self.default_config()
        config = super().get_config()
        return {k: v for k, v in config.items() if k not in defaults or v != defaults[k]}

    # --- calls -------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Apply the layer: to symbolic tensors it adds a node to their graph, to arrays and tensors it computes.

        Args:
            args: Symbolic tensors, or one batch of arrays or tensors, one by one or as a list.
            training: Whether to compute as in training; what the call around this one says when left out.
            mask: Mask of the input, (batch, time) of bool; the one it carries when left out.
        """
        if "_modules" not in self.__dict__:
            raise ConfigError(
                Text(
                    f"{type(self).__name__} must call super().__init__() in its __init__ before anything else.",
                    f"{type(self).__name__} 的 __init__ 必须首先调用 super().__init__()。",
                )
            )
        args, kwargs = self._by_port(args, kwargs)
        leaves: list[Any] = []
        structure = take_apart((args, kwargs), leaves, is_tensor)
        if any(isinstance(x, torch.fx.Proxy) for x in leaves):
            return nn.Module.__call__(self, *args, **kwargs)
        for x in leaves:
            if hasattr(x, "graph_call"):
                return x.graph_call(self, structure, leaves)
        tensors = [x if isinstance(x, (Tensor, Variable)) else _converted(x) for x in leaves]
        return self.run_call(*put_together(structure, tensors))

    def _by_port(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of a layer of the library with its ports in order, whether in a list or by name."""
        if self.uses_call:
            return args, kwargs
        if len(args) == 1 and isinstance(args[0], (list, tuple)):
            args = tuple(args[0])
        named = [name for name in self.call_arguments if name in kwargs]
        if named:
            kwargs = dict(kwargs)
            for name in self.call_arguments[len(args) :]:
                if kwargs.get(name) is None:
                    kwargs.pop(name, None)
                    continue
                value = kwargs.pop(name)
                args = (*args, *(value if isinstance(value, (list, tuple)) else (value,)))
        return args, kwargs

    def run_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The outputs for real tensors, which carry their masks."""
        if self.uses_call and is_outermost():
            self.take_added_losses()
        known = _parameters(type(self))
        training = kwargs.pop("training", None)
        if training is None:
            training = current_training()
        if training is None:
            default = known["training"].default if "training" in known else None
            training = default if isinstance(default, bool) else False
        first = args[0] if args else next(iter(kwargs.values()), None)
        single = self.uses_call or len(args) == 1
        previous = kwargs.get("mask")
        if previous is None:
            previous = mapped(mask_of, first if single else list(args), is_tensor)
        self._give_masks(known, args, kwargs, previous)
        self._build_for_tensors(args, kwargs)
        if "training" in known:
            kwargs["training"] = training
        nn.Module.train(self, training)
        with calling(training):
            outputs = nn.Module.__call__(self, *args, **kwargs)
        self.regularize_activity(outputs)
        self._set_masks(args, first, previous, outputs)
        return outputs

    def _give_masks(
        self,
        known: Mapping[str, inspect.Parameter],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        previous: Any,
    ) -> None:
        """Pass the masks of the inputs on to a call that names them."""
        if "mask" in known and kwargs.get("mask") is None and has_tensors(previous):
            kwargs["mask"] = previous
        if self.uses_call:
            for name, value in [*zip(known, args, strict=False), *list(kwargs.items())]:
                wanted = f"{name}_mask"
                if wanted in known and kwargs.get(wanted) is None:
                    mask = mapped(mask_of, value, is_tensor)
                    if has_tensors(mask):
                        kwargs[wanted] = mask

    def _build_for_tensors(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if not self.uses_call:
            shapes: list[Shape] = [tuple(x.shape) for x in args]
            self.output_shapes(*shapes)
            self.make_weights(*shapes)
        elif not self.built:
            leaves: list[Any] = []
            structure = take_apart((args, kwargs), leaves, is_tensor)
            self.make_weights_for(structure, [tuple(x.shape) for x in leaves])

    def make_weights_for(self, structure: tuple[Any, Any], shapes: Sequence[Shape]) -> None:
        """Build a user's layer for the nest of its arguments, by the names that its `build` has."""
        if self.built:
            return
        args, kwargs = put_together(structure, shapes)
        names = list(_parameters(type(self)))
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        given = {k: v for k, v in given.items() if is_nest_of_shapes(v) and not k.endswith("mask")}
        self.weight_seed = current_seed() if self.weight_seed is None else self.weight_seed
        wanted = list(inspect.signature(self.build).parameters.values())
        positional = [p for p in wanted if p.kind is not p.VAR_POSITIONAL]
        if len(positional) > 1:
            self.build(**{p.name: given.get(p.name.removesuffix("_shape")) for p in positional})
        elif positional or type(self).build is not Layer.build:
            self.build(next(iter(given.values()), None))
        self.built = True

    @property
    def call_parameters(self) -> Mapping[str, inspect.Parameter]:
        """The named parameters of what the layer computes with."""
        return _parameters(type(self))

    def regularize_activity(self, outputs: Any) -> None:
        """Add the penalty for outputs, per sample, where there is one."""
        if self.activity_regularizer is not None:
            leaves: list[Any] = []
            take_apart(outputs, leaves, is_tensor)
            for x in leaves:
                self.add_loss(self.activity_regularizer(x) / max(1, x.shape[0]))

    def _set_masks(self, args: tuple[Any, ...], first: Any, previous: Any, outputs: Any) -> None:
        if self.uses_call:
            if not self.supports_masking:
                if has_tensors(previous):
                    warnings.warn(
                        f'Layer "{self.name}" ({type(self).__name__}) does not support masking; the mask of its input '
                        "ends there. Set supports_masking = True if it may pass.",
                        stacklevel=4,
                    )
                return
            if not (has_tensors(previous) or self.makes_masks):
                return
            masks = self.compute_mask(first, previous)
            flat_masks: list[Any] = []
            take_apart(masks, flat_masks, lambda x: x is None or is_tensor(x))
        leaves: list[Any] = []
        take_apart(outputs, leaves, is_tensor)
        if not self.uses_call:
            given = previous if isinstance(previous, (list, tuple)) else [previous]
            flat_masks = self.output_masks(args, list(given), len(leaves))
        for x, mask in zip(leaves, flat_masks, strict=False):
            if mask_of(x) is None:
                set_mask(x, mask)

    def extra_repr(self) -> str:
        return f"name={self.name!r}"


def _outputs_by_running(
    layer_: Layer, structure: tuple[Any, Any], specs: Sequence[TensorSpec]
) -> tuple[Any, list[TensorSpec]]:
    """What a user's layer gives, found by running it on zeros of two sizes: axes that differ have any size.

    The layer is built with the true shapes first, so that it sees None for what is unknown.
    """
    layer_.make_weights_for(structure, [spec.shape for spec in specs])
    found: list[tuple[Any, list[Any]]] = []
    for batch, other in ((2, 32), (3, 48)):
        tensors = []
        for spec in specs:
            sizes = [
                (batch if axis == 0 else other) if size is None else size
                for axis, size in enumerate(spec.shape)
            ]
            x = torch.zeros(sizes, dtype=getattr(torch, spec.dtype), device=_device_of(layer_))
            if spec.has_mask:
                set_mask(x, torch.ones(sizes[:2], dtype=torch.bool, device=x.device))
            tensors.append(x)
        args, kwargs = put_together(structure, tensors)
        kwargs.setdefault("training", False)
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            outputs = layer_.run_call(args, kwargs)
        leaves: list[Any] = []
        found.append((take_apart(outputs, leaves, is_tensor), leaves))
        layer_.take_added_losses()
        if all(None not in spec.shape for spec in specs):
            break
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


def _device_of(layer_: Layer) -> torch.device:
    return next((v.value.device for v in layer_.weights), torch.device("cpu"))


def _converted(value: Any) -> Tensor:
    tensor = torch.as_tensor(np.asarray(value))
    return tensor.float() if tensor.dtype == torch.float64 else tensor


def _parameters(cls: Any) -> Mapping[str, inspect.Parameter]:
    """The named parameters of what a layer computes with."""
    known: Mapping[str, inspect.Parameter] = _parameters_once(cls)
    return known


@functools.cache
def _parameters_once(cls: Any) -> Mapping[str, inspect.Parameter]:
    function: Any = cls.call if cls.uses_call else cls.forward
    found = dict(inspect.signature(function).parameters)
    found.pop("self", None)
    return {name: p for name, p in found.items() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}


def _marking(build: Callable[..., None]) -> Callable[..., None]:
    """A user's `build` that leaves the layer built."""

    @functools.wraps(build)
    def marked(self: Layer, *args: Any, **kwargs: Any) -> None:
        if self.weight_seed is None:
            self.weight_seed = current_seed()
        build(self, *args, **kwargs)
        self.built = True

    return marked


def _layers_in(module: nn.Module) -> Iterator[Layer]:
    for child in module.children():
        if isinstance(child, Layer):
            yield child
        elif isinstance(child, (nn.ModuleList, nn.ModuleDict)):
            yield from _layers_in(child)


def _weights_in(module: nn.Module, owner: Layer) -> Iterator[Variable]:
    """The weights of a layer, of layers in a list, or of a module of torch."""
    if isinstance(module, Layer):
        yield from module.weights
        return
    for child in module.children():
        yield from _weights_in(child, owner)
    cache: dict[str, Variable] = module.__dict__.setdefault("_lamina_variables", {})
    keys = [*module._parameters, *module._buffers]
    for key in keys:
        if getattr(module, key) is not None:
            if key not in cache:
                cache[key] = Variable.around(module, key, owner, key)
            yield cache[key]


def _float32(dtype: Any) -> Literal["float32"]:
    name = dtype.get("config", {}).get("name") if isinstance(dtype, Mapping) else dtype
    name = str(name).removeprefix("torch.") if name is not None else "float32"
    if name != "float32":
        raise ConfigError(
            Text(
                f'Layers compute in float32 here; dtype "{name}" is not supported yet.',
                f"层目前以 float32 计算；尚不支持 dtype“{name}”。",
            )
        )
    return "float32"


L = TypeVar("L", bound=type[Layer])


class layer:  # noqa: N801 - a decorator, written like a function
    """Register a layer class: it then stands in the palette, the docs, files and the registry-driven tests.

    Args:
        group: Palette group, a key of `GROUPS`.
        summary: One line for the palette.
        name: Type of the node in a graph, where it is not the class' name.
        aliases: Other names that Keras gives the class.
    """

    def __init__(
        self, *, group: str, summary: Text, name: str | None = None, aliases: Sequence[str] = ()
    ) -> None:
        assert group in GROUPS, f"unknown palette group {group}"
        self.group = group
        self.summary = summary
        self.name = name
        self.aliases = aliases

    def __call__(self, cls: L) -> L:
        cls.group = self.group
        cls.summary = self.summary
        cls.type_name = self.name or cls.__name__
        LAYERS.register(cls, cls.type_name, aliases=self.aliases)
        return cls


GROUPS: Mapping[str, Text] = {
    "core": Text("Core", "核心"),
    "activation": Text("Activation", "激活"),
    "convolution": Text("Convolution", "卷积"),
    "pooling": Text("Pooling", "池化"),
    "normalization": Text("Normalization", "归一化"),
    "regularization": Text("Regularization", "正则化"),
    "reshaping": Text("Reshaping", "形状变换"),
    "recurrent": Text("Recurrent", "循环"),
    "attention": Text("Attention", "注意力"),
    "merging": Text("Merging", "合并"),
    "preprocessing": Text("Preprocessing", "预处理"),
}
"""Palette groups in the order of the palette."""


def need_rank(
    what: Layer, shape: Shape, rank: int, meaning: str, *, insert: str | None = None
) -> None:
    """Raise a `ShapeError` unless `shape` has `rank` axes.

    Args:
        meaning: The axes in words, such as "(batch, height, width, channels)".
        insert: A layer that could be put before to make it fit.
    """
    if len(shape) != rank:
        raise ShapeError(
            Text(
                f'{type(what).__name__} "{what.name}" needs {meaning} but gets {shape_text(shape)}.'
                + (f" Put a {insert} before it." if insert else ""),
                f"{type(what).__name__}“{what.name}”需要 {meaning}，实际得到 {shape_text(shape)}。"
                + (f"请在它前面加一个 {insert}。" if insert else ""),
            ),
            insert=insert,
        )


def need_known(what: Layer, shape: Shape, axis: int, meaning: str) -> int:
    """The size of an axis that the weights depend on; raises a `ShapeError` when it is None."""
    size = shape[axis]
    if size is None:
        raise ShapeError(
            Text(
                f'{type(what).__name__} "{what.name}" needs to know the size of the {meaning} axis of its input '
                f"{shape_text(shape)}. Give it in the Input.",
                f"{type(what).__name__}“{what.name}”需要知道输入 {shape_text(shape)} 中 {meaning} 轴的大小。请在 Input 中给出。",
            )
        )
    return size


def all_variables(layers: Iterable[Layer]) -> Iterator[Variable]:
    """The weights of several layers, each weight once."""
    seen: set[int] = set()
    for one in layers:
        for variable in one.weights:
            if id(variable) not in seen:
                seen.add(id(variable))
                yield variable
