"""The base of all layers: weights, naming, and calls on symbolic and on real tensors.

A layer of the library declares its parameters as fields and states three things: `output_shape` (a closed form, so
that shapes can be checked on each keystroke), `weights_for` (what it learns, in Keras' layout and order) and
`forward` (torch, traceable by torch.fx, on tensors in Keras' layout). Everything else is derived. Its weights live in
torch's layout in an attribute with a leading underscore (`self._kernel`), which is what `forward` uses; from outside,
`layer.kernel` is a `Variable`, which reads and writes Keras' layout.

A layer that a user writes has `build` and `call`, as in Keras. It is run as it is, never traced.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from lamina.activations import ACTIVATIONS
from lamina.activations import get as activation_of
from lamina.activations import serialize as serialize_activation
from lamina.calls import Slot, is_tensor, put_together, reading_weights_in, take_apart
from lamina.devices import elsewhere
from lamina.dtype_policies import PolicyField
from lamina.errors import NotSupportedError
from lamina.fields import Declared, field
from lamina.layer import calling, outputs, stored
from lamina.layer.input_spec import check_inputs
from lamina.layer.needs import Ports, need_init
from lamina.layer.stored import StoredLayer
from lamina.layer.weights import layers_in
from lamina.naming import snake_case, unique_name
from lamina.regularizers import RegularizerField
from lamina.rematerialization import current_remat_mode
from lamina.seeds import current_seed, numbered
from lamina.shapes import Shape, TensorSpec, listed_shapes
from lamina.text import Text
from lamina.variable import Variable, Weight


class Layer(Declared, StoredLayer):
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
        dtype: Type of the weights and of the computation, or a policy for both, such as "mixed_bfloat16"; what
            `set_dtype_policy` says when left out.
        autocast: False takes inputs and weights in whatever type they have.
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

    dtype_policy: PolicyField | None = field(  # type: ignore[assignment] # None is what it is set to
        None,
        doc=Text(
            "Types of the weights and of the computation; empty for those of the training.",
            "权重与计算所用的类型；留空则与训练设置相同。",
        ),
        advanced=True,
        kw_only=True,
    )

    learned_from_data: ClassVar[str | None] = None
    """The attribute that is None while `adapt` has to find it in the data."""
    ports: ClassVar[Ports] = Ports()
    type_name: ClassVar[str] = ""
    """Type of the node in a graph document."""
    call_arguments: ClassVar[tuple[str, ...]] = ("inputs",)
    """Names by which a call may give its tensors, in the order of the ports."""
    names_further_tensors: ClassVar[bool] = False
    """Whether Keras takes the tensors behind the first by their names alone."""
    takes_list: ClassVar[bool] = False
    """Whether a call has its tensors in one list, and not one after the other."""
    supports_masking = False
    """Whether a mask of the input is one of the output, too; see `compute_mask`."""
    makes_masks: ClassVar[bool] = False
    """Whether outputs can carry a mask where no input does."""
    takes_text: ClassVar[bool] = False
    """Whether its inputs may be text."""
    uses_call: ClassVar[bool] = False
    """Whether a user wrote it: it has a `call`, which is run as it is."""
    inherited_forward: ClassVar[Any] = None
    """What `super().call` means in a user's `call` for a layer of the library."""
    builds_itself: ClassVar[bool] = False
    """Whether it has a `build` of its own."""
    takes_one_image: ClassVar[bool] = False
    """Whether it also takes (height, width, channels), an image without a batch."""
    has_no_state: ClassVar[bool] = False
    """Whether there is nothing to build: it is a layer of the library without weights."""
    states_shapes: ClassVar[bool] = False
    """Whether it has a `compute_output_shape` of its own."""
    states_specs: ClassVar[bool] = False
    """Whether it has a `compute_output_spec` of its own."""
    keeps_whole_numbers: ClassVar[bool] = False
    """Whether an input of whole numbers, or of truth values, comes out as such."""
    keeps_value_range: ClassVar[bool] = False
    """Whether outputs lie in the range that inputs lie in."""
    input_spec: ClassVar[Any] = None
    """What the inputs have to be: an `InputSpec`, or a nest of them as the inputs are one."""
    built: bool
    times_changed: int = 0
    """How often a parameter was set anew since the layer was made."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.uses_call = cls.call is not Layer.call
        if "call" in vars(cls) and cls.forward is not Layer.forward:
            cls.inherited_forward, cls.forward = cls.forward, Layer.forward  # type: ignore[method-assign]
        cls.builds_itself = cls.build is not Layer.build
        own = (cls.call, cls.build, cls.make_weights, cls.weights_for)
        none = (Layer.call, Layer.build, Layer.make_weights, Layer.weights_for)
        cls.has_no_state = own == none and cls.__module__.startswith("lamina.layers")
        cls.states_shapes = cls.compute_output_shape is not Layer.compute_output_shape
        cls.states_specs = cls.compute_output_spec is not Layer.compute_output_spec
        if "build" in vars(cls) and not cls.__module__.startswith("lamina."):
            cls.build = calling.marking(cls.build)  # type: ignore[method-assign]
        if "compute_mask" in vars(cls) and not cls.__module__.startswith("lamina."):
            cls.supports_masking, cls.makes_masks = True, True
        if not cls.type_name or cls.uses_call:
            cls.type_name = cls.__name__

    def __init__(
        self,
        *args: Any,
        name: str | None = None,
        dtype: Any = None,
        autocast: bool = True,
        input_shape: Sequence[int | None] | None = None,
        batch_input_shape: Sequence[int | None] | None = None,
        **kwargs: Any,
    ) -> None:
        nn.Module.__init__(self)
        prefix = snake_case(type(self).__name__)
        self.name = unique_name(prefix) if name is None else str(name)
        self.seed_name = numbered(prefix) if name is None else str(name)
        self.autocast = autocast
        self.dtype_policy = None
        self.built = False
        self.built_for: tuple[Shape, ...] = ()
        self.__dict__["own_variables"] = []
        self.__dict__["added_losses"] = []
        self.__dict__["call_specs"] = {}
        self.weight_seed: int | None = None
        self.remat_mode = current_remat_mode()
        if batch_input_shape is not None:
            input_shape = tuple(batch_input_shape)[1:]
        if "input_dim" in kwargs and "input_dim" not in self.declared_fields:
            input_shape = (kwargs.pop("input_dim"),)
        self.declared_input_shape: tuple[int | None, ...] | None = (
            None if input_shape is None else tuple(input_shape)
        )
        if dtype is not None:
            kwargs["dtype_policy"] = dtype
        self.__dict__["names_policy"] = kwargs.get("dtype_policy") is not None
        Declared.__init__(self, *args, **kwargs)
        self.built = self.has_no_state

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.declared_fields and name in self.__dict__ and name not in _OF_ALL:
            if name.endswith("activation"):
                value = activation_of(value)
            if value is not self.__dict__[name]:  # what was compiled holds the parameter before
                self.__dict__["times_changed"] = self.times_changed + 1
                Variable.last_freeze = object()
        super().__setattr__(name, value)

    @property
    def inner_graph(self) -> Any:
        """The graph of a layer that is a model: it stands in a graph as a block, and is laid open when it runs."""
        return None

    @classmethod
    def config_from_file(cls, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """The parameters of a configuration that Keras wrote, which may say more than there are."""
        return config

    def named_arrays(self) -> dict[str, dict[str, Any]]:
        """What Keras wants to find in a file beside the weights: arrays by name, by group within the layer's."""
        return {}

    # --- what a layer states -----------------------------------------------------------------------------------

    def output_shape(self, *inputs: Shape) -> Shape:
        """Shape of the output for the shapes of the inputs, batch first; raises `ShapeError`."""
        raise NotImplementedError(_lacking(self, "call"))

    def output_shapes(self, *inputs: Shape) -> list[Shape]:
        """Shapes of all outputs, for a layer that has several."""
        return [self.output_shape(*inputs)]

    @property
    def outputs_count(self) -> int:
        """How many tensors the layer gives with its parameters."""
        return self.ports.outputs

    def outputs_of_call(self, keywords: Mapping[str, Any]) -> int:
        """How many tensors a call with these keywords gives."""
        return self.outputs_count

    def output_dtype(self, *inputs: str) -> str:
        """Type of the output's elements."""
        if self.keeps_whole_numbers and inputs and "float" not in inputs[0]:
            return inputs[0]
        return self.compute_dtype

    def weights_for(self, *inputs: Shape) -> Iterable[Weight]:
        """The weights for the shapes of the inputs, in Keras' order."""
        return ()

    def output_activation(self) -> str | None:
        """The name of the activation that the output has passed last, such as "softmax"; None for none."""
        function = getattr(self, "activation", None)
        known = (one for one in ACTIVATIONS if one is function and not self.uses_call)
        return next(map(serialize_activation, known), None)

    def range_of_values(self, given: tuple[float, float]) -> tuple[float, float] | None:
        """Least and greatest output where inputs lie between these two; None where nobody can say."""
        return given if self.keeps_value_range else None

    def limit_in_keras(self, *inputs: Shape) -> Text | None:
        """Why Keras cannot use a model with this layer behind inputs of these shapes; None where it can."""
        return None

    def macs(self, inputs: Sequence[Shape], output: Shape) -> int:
        """Multiply-accumulate operations for one sample; 0 for layers that only move or map elements."""
        return 0

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """The output for a batch. Traced by torch.fx in layers of the library: no Python control flow on values."""
        if not self.uses_call:
            raise NotImplementedError(_lacking(self, "call"))
        return self.call(*inputs, **options)

    def call(self, *inputs: Any, **options: Any) -> Any:
        """What a user's layer computes. Takes `training` and `mask` where it names them."""
        return (self.inherited_forward or self.forward)(*inputs, **options)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The masks of the outputs for those of the inputs, where the layer supports masking."""
        return previous_mask

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """Shape of the output for the shapes of the inputs, as Keras asks for it."""
        if not self.uses_call and type(self).output_shape is Layer.output_shape:
            raise NotImplementedError(_lacking(self, "compute_output_shape"))
        shapes = listed_shapes(args) or listed_shapes(tuple(kwargs.values()))
        specs = [TensorSpec(shape) for shape in shapes]
        slots = tuple(Slot(index) for index in range(len(specs)))
        in_list = self.uses_call and len(args) == 1 and len(specs) > 1
        structure, found = self.outputs_for((([*slots],) if in_list else slots, {}), specs)
        return put_together(structure, [spec.shape for spec in found])

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """What a call with these symbolic tensors gives, as symbolic tensors that belong to no graph."""
        leaves: list[Any] = []
        args, kwargs = self._by_port(args, kwargs)
        structure = take_apart((args, kwargs), leaves, is_tensor)
        specs = [x.spec for x in leaves]
        if self.states_specs:  # and asks for the inherited one
            nest, found = outputs.outputs_found(self, structure, specs)
        else:
            nest, found = self.outputs_for(structure, specs)
        return put_together(nest, [*map(self.symbolic, found)])

    @staticmethod
    def symbolic(spec: TensorSpec) -> Any:
        """The symbolic tensor of a spec; `lamina.symbolic`, which knows layers, puts the way to make it here."""
        raise NotImplementedError

    def outputs_for(
        self, structure: tuple[Any, Any], specs: Sequence[TensorSpec]
    ) -> tuple[Any, list[TensorSpec]]:
        """What a call gives: the nest of its outputs with slots, and what is known of each.

        Args:
            structure: Arguments and keywords with slots for the tensors.
            specs: Of those tensors.
        """
        return outputs.outputs_for(self, structure, specs)

    def output_masks(self, inputs: Sequence[Any], masks: Sequence[Any], count: int) -> list[Any]:
        """The mask of each output, from the tensors and masks of the ports."""
        return outputs.output_masks(self, inputs, masks, count)

    # --- building ----------------------------------------------------------------------------------------------

    def build(self, *input_shape: Any, **named: Any) -> None:
        """Create the weights for the shape of the input, or the shapes of the inputs, batch first."""
        shapes = listed_shapes((*input_shape, *named.values()))
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
            if self.has_no_state or not self.built_for:
                self.built_for = inputs
            return
        self.weight_seed = current_seed() if seed is None else seed
        self.built_for = inputs
        self.build(*inputs)
        self.built = True

    # --- configuration -----------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Keras' configuration: the name, the dtype policy and all parameters."""
        given = stored.arguments_of(self)
        config = {"name": self.name, "dtype": self.policy.name, **super().get_config()}
        config.pop("dtype_policy", None)
        config |= stored.objects_in(self) | given
        if config.get("activity_regularizer", self) is None:  # not every layer of Keras takes it
            del config["activity_regularizer"]
        return stored.fitting(self, config) if given else config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The layer of a configuration that `get_config` gave, here or in Keras."""
        return cls(**stored.readable(cls, config))

    def node_config(self) -> dict[str, Any]:
        """The configuration in a graph document: only what differs from the defaults."""
        defaults = self.default_config()
        config = super().get_config()
        if not self.__dict__["names_policy"] and self.policy.name == "float32":
            config.pop("dtype_policy", None)
        return {k: v for k, v in config.items() if k not in defaults or v != defaults[k]}

    # --- calls -------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Apply the layer: to symbolic tensors it adds a node to their graph, to arrays and tensors it computes.

        Args:
            args: Symbolic tensors, or one batch of arrays or tensors, one by one or as a list.
            training: Whether to compute as in training; what the call around this one says when left out.
            mask: Mask of the input, (batch, time) of bool; the one it carries when left out.
        """
        need_init(self)
        calling.check_positional(self, args)
        args, kwargs = self._by_port(args, kwargs)
        if self.input_spec is not None:
            check_inputs(self, args[0] if args else next(iter(kwargs.values()), None))
        leaves: list[Any] = []
        structure = take_apart((args, kwargs), leaves, is_tensor)
        if any(isinstance(x, torch.fx.Proxy) for x in leaves):
            with reading_weights_in(self.weights_cast_to):
                return nn.Module.__call__(self, *args, **kwargs)
        for x in leaves:
            if hasattr(x, "graph_call"):
                return x.graph_call(self, structure, leaves)
        tensors = [
            self.convert_input(x if isinstance(x, Tensor) else calling.as_tensor(x)) for x in leaves
        ]
        if (device := elsewhere()) is not None:
            tensors = calling.placed(self, tensors, device)
        return self.run_call(*put_together(structure, tensors))

    def _by_port(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of a layer of the library with its ports in order, whether in a list or by name."""
        return calling.by_port(self, args, kwargs)

    def stateless_call(self, *_args: Any, **_kwargs: Any) -> Any:
        """Not supported: it is for functions of JAX, which may not change anything.

        Raises:
            NotSupportedError: Always.
        """
        raise NotSupportedError(
            Text(
                "stateless_call is for functions of JAX. Here call the layer itself, within autodiff.value_and_grad or a "
                "GradientTape; torch.func.functional_call takes weights from outside.",
                "stateless_call 用于 JAX 函数。此处请直接调用该层，置于 autodiff.value_and_grad 或 GradientTape 中；"
                "若需从外部传入权重，可用 torch.func.functional_call。",
            )
        )

    def run_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The outputs for real tensors, which carry their masks."""
        return calling.run_call(self, args, kwargs)

    @property
    def sublayers(self) -> list[Layer]:
        """The layers that are attributes of this one, or stand in its lists and dicts."""
        return list(layers_in(self, Layer))

    def inner_layers(self) -> list[Layer]:
        return self.sublayers

    @property
    def metrics(self) -> list[Any]:
        """The metrics that are attributes of this layer, then those of the layers in it."""
        own = [value for value in vars(self).values() if _is_metric(value)]
        return [*own, *(metric for layer in self.sublayers for metric in layer.metrics)]

    @property
    def metrics_variables(self) -> list[Any]:
        """What the metrics remember."""
        return [
            variable for metric in self.metrics for variable in getattr(metric, "variables", ())
        ]

    @property
    def call_parameters(self) -> Mapping[str, inspect.Parameter]:
        """The named parameters of what the layer computes with."""
        return calling.parameters_of(type(self))

    def extra_repr(self) -> str:
        return f"name={self.name!r}"


_OF_ALL = frozenset(Layer.declared_fields)
"""Parameters of every layer, none of which is compiled into a program."""


def _lacking(layer: Layer, method: str) -> str:
    return f"Layer {type(layer).__name__} does not have a `{method}` method implemented."


def _is_metric(value: Any) -> bool:
    """Whether it can be updated, read and reset; metrics themselves stand above layers."""
    return hasattr(value, "update_state") and hasattr(value, "reset_state")
