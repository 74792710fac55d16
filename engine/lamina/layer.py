"""The base of all layers: weights, naming, and calls on symbolic and on real tensors.

A layer of the library declares its parameters as fields and states three things: `output_shape` (a closed form, so
that shapes can be checked on each keystroke), `weights` (what it learns, in Keras' layout and order) and
`forward` (torch, traceable by torch.fx, on tensors in Keras' layout). Everything else is derived.

Weights live in torch's layout in an attribute with a leading underscore (`self._kernel`), which is what `forward`
uses. From outside, `layer.kernel` is a `Variable`, which reads and writes Keras' layout.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from lamina.activations import serialize as serialize_activation
from lamina.errors import ConfigError, ShapeError
from lamina.fields import Declared, field
from lamina.initializers import Initializer
from lamina.naming import snake_case, unique_name
from lamina.random import current_seed, numbered
from lamina.registry import Registry
from lamina.text import Text

Shape = tuple[int | None, ...]
"""Sizes of the axes, the batch first; None for an axis of any size."""

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


@dataclass(frozen=True)
class Weight:
    """What a layer says about one of its weights before it exists.

    Args:
        name: Keras' name: "kernel", "bias", "gamma" …
        shape: Shape in Keras' layout.
        initializer: Where the first values come from.
        trainable: False for statistics that the optimizer leaves alone.
        to_torch: Order of Keras' axes in torch's layout, where they differ.
        file_group: Group inside the layer's own in a weights file ("cell" for recurrent layers).
    """

    name: str
    shape: tuple[int, ...]
    initializer: Initializer
    trainable: bool = True
    to_torch: tuple[int, ...] | None = None
    file_group: str = ""


class Variable:
    """One weight of a layer, as Keras sees it. The tensor itself stays in torch's layout in the layer."""

    def __init__(self, layer: Layer, spec: Weight) -> None:
        self._layer = layer
        self.spec = spec

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def path(self) -> str:
        return f"{self._layer.name}/{self.spec.name}"

    @property
    def file_group(self) -> str:
        return self.spec.file_group

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape in Keras' layout."""
        return self.spec.shape

    @property
    def dtype(self) -> str:
        return str(self.value.dtype).removeprefix("torch.")

    @property
    def trainable(self) -> bool:
        return self.spec.trainable and self._layer.trainable

    @property
    def value(self) -> Tensor:
        """The tensor in torch's layout: a Parameter, or a buffer for statistics."""
        tensor: Tensor = getattr(self._layer, f"_{self.spec.name}")
        return tensor

    def to_keras(self, tensor: Tensor) -> Tensor:
        """A tensor shaped like this weight (its gradient, an optimizer's slot) from torch's layout to Keras'."""
        if self.spec.to_torch is None:
            return tensor
        return tensor.permute([self.spec.to_torch.index(axis) for axis in range(tensor.dim())])

    def from_keras(self, tensor: Tensor) -> Tensor:
        """The reverse of `to_keras`."""
        return tensor if self.spec.to_torch is None else tensor.permute(self.spec.to_torch)

    def numpy(self) -> np.ndarray[Any, Any]:
        """A copy of the values in Keras' layout."""
        return self.to_keras(self.value.detach()).cpu().contiguous().numpy().copy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return self.numpy() if dtype is None else self.numpy().astype(dtype)

    def assign(self, value: Any) -> None:
        """Set the values from an array or tensor in Keras' layout.

        Raises:
            ShapeError: If the shape is another.
        """
        tensor = torch.as_tensor(np.asarray(value) if not isinstance(value, Tensor) else value)
        if tuple(tensor.shape) != self.shape:
            raise ShapeError(
                Text(
                    f'Weight "{self.path}" has shape {self.shape}, got values of shape {tuple(tensor.shape)}.',
                    f"权重“{self.path}”的形状为 {self.shape}，实际传入 {tuple(tensor.shape)}。",
                )
            )
        with torch.no_grad():
            self.value.copy_(self.from_keras(tensor))

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}>"


class Layer(Declared, nn.Module):
    """Base of all layers.

    Tensors are in Keras' layout at every border: batch first, channels last.

    Args:
        name: Name in the model, and id of the node in a graph; made from the class when left out.
        trainable: False freezes the layer's weights.
        dtype: float32 is what there is.
        input_shape: Shape of one sample, for the first layer of a Sequential (the old spelling of an Input).
        input_dim: Size of the only axis of one sample; short for `input_shape=(input_dim,)`.
    """

    trainable: bool = field(
        True,
        doc=Text("Whether training changes the weights.", "训练时是否更新权重。"),
        advanced=True,
        kw_only=True,
    )

    ports: ClassVar[Ports] = Ports()
    type_name: ClassVar[str] = ""
    """Type of the node in a graph document."""
    built: bool
    name: str

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
        self.name = unique_name(prefix) if name is None else name
        self.seed_name = numbered(prefix) if name is None else name
        self.dtype = _float32(dtype)
        self.built = False
        self.built_for: tuple[Shape, ...] = ()
        self.variables: list[Variable] = []
        self.weight_seed: int | None = None
        if batch_input_shape is not None:
            input_shape = tuple(batch_input_shape)[1:]
        if "input_dim" in kwargs and "input_dim" not in self.declared_fields:
            input_shape = (kwargs.pop("input_dim"),)
        self.declared_input_shape: tuple[int | None, ...] | None = (
            None if input_shape is None else tuple(input_shape)
        )
        Declared.__init__(self, *args, **kwargs)

    # --- what a layer states -----------------------------------------------------------------------------------

    def output_shape(self, *inputs: Shape) -> Shape:
        """Shape of the output for the shapes of the inputs, batch first; raises `ShapeError`."""
        raise NotImplementedError

    def output_dtype(self, *inputs: str) -> str:
        """Type of the output's elements."""
        return "float32"

    def weights_for(self, *inputs: Shape) -> Iterable[Weight]:
        """The weights for the shapes of the inputs, in Keras' order."""
        return ()

    def head(self) -> str | None:
        """The name of the activation that the output has passed last, such as "softmax"; None for none."""
        function = getattr(self, "activation", None)
        return None if function is None else serialize_activation(function)

    def macs(self, inputs: Sequence[Shape], output: Shape) -> int:
        """Multiply-accumulate operations for one sample; 0 for layers that only move or map elements."""
        return 0

    def forward(self, *inputs: Tensor) -> Tensor:
        """The output for a batch. Traced by torch.fx: no Python control flow on values."""
        raise NotImplementedError

    # --- building ----------------------------------------------------------------------------------------------

    def build(self, *inputs: Shape, seed: int | None = None) -> None:
        """Create the weights for the shapes of the inputs. Does nothing the second time.

        Args:
            inputs: Shapes of the inputs, batch first.
            seed: Seed of the initial values; the process' seed when left out.
        """
        if self.built:
            return
        self.weight_seed = current_seed() if seed is None else seed
        self.built_for = inputs
        for spec in self.weights_for(*inputs):
            self._create(spec)
        self.built = True

    def _create(self, spec: Weight) -> Tensor:
        assert self.weight_seed is not None
        values = spec.initializer.draw(
            spec.shape, spec.initializer.generator(self.weight_seed, self.seed_name, spec.name)
        )
        variable = Variable(self, spec)
        tensor = variable.from_keras(values)
        is_image_kernel = spec.to_torch is not None and tensor.dim() == 4
        tensor = tensor.contiguous(
            memory_format=torch.channels_last if is_image_kernel else torch.contiguous_format
        )
        if spec.trainable:
            self.register_parameter(f"_{spec.name}", nn.Parameter(tensor))
        else:
            self.register_buffer(f"_{spec.name}", tensor)
        self.variables.append(variable)
        return tensor

    # --- weights -----------------------------------------------------------------------------------------------

    @property
    def weights(self) -> list[Variable]:
        """All weights, trainable ones first, as Keras orders them."""
        return sorted(self.variables, key=lambda variable: not variable.spec.trainable)

    @property
    def trainable_weights(self) -> list[Variable]:
        return [variable for variable in self.weights if variable.trainable]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        return [variable for variable in self.weights if not variable.trainable]

    def get_weights(self) -> list[np.ndarray[Any, Any]]:
        """Copies of all weights in Keras' layout and order."""
        return [variable.numpy() for variable in self.weights]

    def set_weights(self, values: Sequence[Any]) -> None:
        """Set all weights from arrays in Keras' layout and order."""
        if len(values) != len(self.weights):
            raise ShapeError(
                Text(
                    f'Layer "{self.name}" has {len(self.weights)} weights, got {len(values)} arrays.',
                    f"层“{self.name}”有 {len(self.weights)} 个权重，实际传入 {len(values)} 个数组。",
                )
            )
        for variable, value in zip(self.weights, values, strict=True):
            variable.assign(value)

    def count_params(self) -> int:
        """Number of values in all weights."""
        return sum(variable.value.numel() for variable in self.variables)

    def __getattr__(self, name: str) -> Any:
        for variable in self.__dict__.get("variables", ()):
            if variable.spec.name == name:
                return variable
        return super().__getattr__(name)

    # --- configuration -----------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Keras' configuration: the name, the type of the elements and all parameters."""
        return {"name": self.name, "dtype": self.dtype, **super().get_config()}

    def node_config(self) -> dict[str, Any]:
        """The configuration in a graph document: only what differs from the defaults."""
        defaults = self.default_config()
        config = super().get_config()
        return {k: v for k, v in config.items() if k not in defaults or v != defaults[k]}

    # --- calls -------------------------------------------------------------------------------------------------

    def __call__(self, *inputs: Any, training: bool = False) -> Any:
        """Apply the layer: to symbolic tensors it adds a node to their graph, to arrays and tensors it computes.

        Args:
            inputs: Symbolic tensors, or one batch of arrays or tensors, one by one or as a list.
            training: Whether to compute as in training. A node has no such choice: the model decides when it runs.
        """
        flat = (
            tuple(inputs[0])
            if len(inputs) == 1 and isinstance(inputs[0], (list, tuple))
            else inputs
        )
        if any(hasattr(x, "graph_call") for x in flat):
            return flat[0].graph_call(self, flat)
        if any(isinstance(x, torch.fx.Proxy) for x in flat):
            return nn.Module.__call__(self, *flat)
        tensors = [x if isinstance(x, Tensor) else torch.as_tensor(np.asarray(x)) for x in flat]
        tensors = [x.float() if x.dtype == torch.float64 else x for x in tensors]
        shapes: list[Shape] = [tuple(x.shape) for x in tensors]
        self.output_shape(*shapes)
        self.build(*shapes)
        return nn.Module.__call__(self.train(training), *tensors)

    def extra_repr(self) -> str:
        return f"name={self.name!r}"


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


def shape_text(shape: Shape) -> str:
    """A shape as people read it: (batch, 28, 28, 1), with ? for an unknown size."""
    sizes = ["batch" if shape[0] is None else str(shape[0])] if shape else []
    sizes += ["?" if size is None else str(size) for size in shape[1:]]
    return f"({', '.join(sizes)})"


def product(sizes: Iterable[int | None]) -> int:
    """Product of sizes, unknown ones counted as 1."""
    total = 1
    for size in sizes:
        total *= 1 if size is None else size
    return total


def all_variables(layers: Iterable[Layer]) -> Iterator[Variable]:
    """The weights of several layers, each layer once."""
    seen: set[int] = set()
    for one in layers:
        if id(one) not in seen:
            seen.add(id(one))
            yield from one.weights
