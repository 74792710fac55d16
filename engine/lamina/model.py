"""Model and Sequential: networks that can be trained, evaluated, used and saved, with Keras' methods."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import NoneType
from typing import Any, Self, cast

from lamina import files
from lamina.calls import Slot, is_tensor, put_together, take_apart
from lamina.chains import chain_config, check_input_shape, laid, layers_of
from lamina.errors import ConfigError, NoAttributeError, NotSupportedError
from lamina.foreign import shown
from lamina.graph.check import GivenLayers
from lamina.graph.document import Block, Graph
from lamina.graph.tracing import trace
from lamina.layer import Layer
from lamina.layer.stored import as_shapes, is_own
from lamina.layers.core.input import Input, InputLayer
from lamina.naming import unique_name
from lamina.network import Network, Tensors, tensors_in, without_call
from lamina.older_names import advice_for
from lamina.saving_registry import CustomObjectScope, serialize_keras_object
from lamina.shapes import is_shape, is_sizes
from lamina.strings import STRING, is_text
from lamina.symbolic import SymbolicTensor, call_layer
from lamina.text import Text
from lamina.trainable import Trainable, described_by
from lamina.training.peek import first_batch

_ENDS = ("input", "inputs", "output", "outputs")
_NOT_YET = Text(
    "the model does not know its input yet. Begin it with Input(shape=…), call build, or give it data.",
    "模型尚不知道输入。请以 Input(shape=…) 开头、调用 build，或传入数据。",
)

_GRAPH = ("graph", "input_nest", "output_nest")


class Model(Trainable):
    """A network with Keras' training interface.

    >>> x = Input(shape=(4,))
    >>> from lamina.layers import Dense
    >>> model = Model(x, Dense(3, activation="softmax")(x))
    >>> model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    >>> model.count_params()
    15
    """

    def __init__(
        self,
        inputs: Tensors | None = None,
        outputs: Tensors | None = None,
        name: str | None = None,
        **options: Any,
    ) -> None:
        if inputs is None and outputs is None and type(self) is not Model:
            Layer.__init__(self, name=name, **options)
            self._programs = {}
            return
        if inputs is None or outputs is None:
            raise ConfigError(
                Text(
                    "Model needs its inputs and outputs: Model(inputs, outputs), or a subclass with a call.",
                    "Model 需要输入和输出：Model(inputs, outputs)，或者使用带有 call 的子类。",
                )
            )
        given = unique_name("functional") if name is None else name
        super().__init__(inputs, outputs, given, **options)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError as error:
            if "_modules" not in self.__dict__:
                raise
            if name in _GRAPH and not self.uses_call:
                raise NoAttributeError(without_call(self.name)) from error
            advice = advice_for(f"Model.{name}") or (_NOT_YET if name in _ENDS else None)
            if advice is None:
                raise
            what = f'{name} of "{self.name}"'
            raise NoAttributeError(
                Text(f"{what}: {advice.en}", f"“{self.name}”的 {name}：{advice.zh}")
            ) from error

    @classmethod
    def of_block(
        cls, block: Block, name: str, seed: int | None, given: GivenLayers | None = None
    ) -> Network:
        """The model of a block, a Sequential where it was one."""
        kind = Sequential if block.sequential else Model
        return kind.from_graph(block.graph.model_copy(update={"name": name}), seed, given)

    def build_for(self, x: Any) -> Any:
        """Make the weights for such data, where the model was not told the shape of its input; gives the data back."""
        if not self.built and self.uses_call and x is not None:
            sample, x = first_batch(x)
            leaves: list[Any] = []
            structure = take_apart(sample, leaves, is_tensor)
            found = [((None, *tuple(leaf.shape)[1:]), _dtype_of(leaf)) for leaf in leaves]
            self._connect_to_inputs(structure, found)
        elif not self.built and x is not None and self._has_own_steps:
            sample, x = first_batch(x)
            leaves = []
            structure = take_apart(sample, leaves, is_tensor)
            self.__dict__["inputs"] = _inputs_for(structure, leaves)
            self.__dict__["outputs"] = []
            self._take_in(structure)
        return x

    def build(self, *input_shape: Any) -> None:
        """Say the shape of the input, batch first, or the nest of shapes, and make the weights."""
        if self.uses_call and not self.built and "connecting" not in self.__dict__:
            self.build_from_config({"input_shape": input_shape[0]})

    def _connect_to_inputs(self, structure: Any, found: Sequence[tuple[Any, str | None]]) -> None:
        """Make the graph whose one node is this model's `call`.

        Args:
            structure: Nest of the data with slots.
            found: Shape and type of each tensor in it.
        """
        inputs = [
            Input(shape=tuple(shape)[1:], dtype=dtype, name=name)
            for (shape, dtype), name in zip(found, _input_names(structure), strict=True)
        ]
        self.__dict__.pop("_calls", None)
        self.__dict__["connecting"] = True
        try:
            outputs = call_layer(self, inputs, structure=((structure,), {}))
        finally:
            del self.__dict__["connecting"]
        ends: list[SymbolicTensor] = []
        nest = take_apart(outputs, ends, lambda x: isinstance(x, SymbolicTensor))
        graph, layers = trace(inputs, ends, self.name)
        self.__dict__["output_nest"] = nest
        self._take_in(structure)
        self._adopt(graph, layers, inputs, ends)

    # --- configuration -----------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Keras' configuration: layers and links; of a subclass what its constructor takes."""
        if self.inner_graph is None or is_own(type(self)):
            return super().get_config()
        config: dict[str, Any] = files.model_config(self)["config"]
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Model:
        """The model of a configuration that `get_config` gave, here or in Keras, with fresh weights.

        Args:
            config: The configuration.
            custom_objects: A user's own classes and functions by name, beside the registered ones.
        """
        with CustomObjectScope(custom_objects):
            if is_own(cls) and "layers" not in config:
                return cls(**config)
            return made(files.read_config({"class_name": cls.__name__, "config": config}), cls)

    def to_json(self, **kwargs: Any) -> str:
        """The configuration as a text that `keras.models.model_from_json` reads; `kwargs` go to `json.dumps`."""
        return json.dumps(serialize_keras_object(self), **kwargs)

    def get_compile_config(self) -> dict[str, Any] | None:
        """What `compile_from_config` needs to compile the model again; None when it is not compiled."""
        trainer = self.__dict__.get("trainer")
        if trainer is None:
            return None
        return files.compiled_to_keras({**trainer.arguments, "optimizer": trainer.optimizer})

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compile the model as `get_compile_config` said; to be overridden together with it."""
        if type(self).compile is not Model.compile:
            warnings.warn(
                f"{type(self).__name__} has a compile of its own, so loading leaves it uncompiled. Write "
                "get_compile_config and compile_from_config, or call compile.",
                stacklevel=3,
            )
            return
        self.compile(**files.compiled_from_keras(config))

    def get_build_config(self) -> dict[str, Any] | None:
        """The shape of the input, or the nest of shapes."""
        if not self.built:
            return None
        shapes = [list(x.shape) for x in self.inputs]
        nest = self.__dict__.get("input_nest", Slot(0))
        return {"input_shape": put_together(nest, shapes)}

    def build_from_config(self, config: Mapping[str, Any]) -> None:
        """Make the weights for inputs as `get_build_config` gave them."""
        if self.built or "input_shape" not in config or not self.uses_call:
            return
        leaves: list[Any] = []
        nest = take_apart(as_shapes(config["input_shape"]), leaves, is_shape)
        self._connect_to_inputs(nest, [(shape, None) for shape in leaves])

    def export(self, *_args: Any, **_kwargs: Any) -> None:
        """Not supported: it writes formats of other libraries.

        Raises:
            NotSupportedError: Always.
        """
        raise NotSupportedError(
            Text(
                "model.export writes SavedModel, ONNX or LiteRT files, which this library does not. Save a .keras file "
                "(model.save), which Keras opens and exports.",
                "model.export 会写出 SavedModel、ONNX 或 LiteRT 文件，本库不支持。请用 model.save 保存 .keras 文件，再由 Keras 打开并导出。",
            )
        )

    # --- files -------------------------------------------------------------------------------------------------

    @described_by(files.save_model)
    def save(
        self,
        filepath: str | Path,
        overwrite: bool = True,
        zipped: bool | None = None,
        include_optimizer: bool = True,
        save_format: str | None = None,
    ) -> None:
        files.save_model(self, filepath, overwrite, zipped, include_optimizer, save_format)

    def save_weights(self, filepath: str | Path, overwrite: bool = True) -> None:
        """Write the weights to a `.weights.h5` file, or to an `.h5` file by the names of the layers."""
        files.save_weights(self, filepath, overwrite=overwrite)

    def load_weights(
        self, filepath: str | Path, skip_mismatch: bool = False, by_name: bool = False
    ) -> None:
        """Read the weights from a file; see `lamina.saving.load_weights`."""
        files.load_weights(self, filepath, skip_mismatch, by_name)


class Sequential(Model):
    """A chain of layers.

    The shape of the input comes from an `Input` at the front, from `input_shape=` of the first layer, from a model
    that is the first layer, or from the first data.

    Args:
        layers: Layers, first to last.
        name: Name of the model.

    >>> from lamina.layers import Dense
    >>> Sequential([Dense(8, activation="relu", input_shape=(4,)), Dense(1)]).count_params()
    49
    """

    @property
    def is_sequential(self) -> bool:  # type: ignore[override]
        """Whether it is one chain; the first data may have told that it takes or gives several tensors."""
        return not self.built or len(self.inputs) == len(self.outputs) == 1

    def __init__(
        self, layers: Sequence[Layer | SymbolicTensor] | None = None, name: str | None = None
    ) -> None:
        _need_one_list(layers, name)
        self.__dict__["chain"] = []
        Layer.__init__(self, name=name)
        self._programs = {}
        for layer in layers or ():
            self._append(layer)
        self._connect()

    @classmethod
    def from_graph(
        cls,
        graph: Graph | Mapping[str, Any],
        seed: int | None = None,
        given: GivenLayers | None = None,
    ) -> Self:
        """The model of a graph document that is one chain.

        Raises:
            GraphError: With every problem of the graph.
            ConfigError: If the graph branches.
        """
        network = super().from_graph(graph, seed, given)
        edges = [len(node.inputs) for node in network.graph.nodes]
        if len(network.outputs) != 1 or sorted(edges) != [0] + [1] * (len(edges) - 1):
            raise ConfigError(
                Text(
                    f'"{network.name}" is not one chain of layers; use Model.from_graph.',
                    f"“{network.name}”不是单链结构；请使用 Model.from_graph。",
                )
            )
        network.__dict__["chain"] = list(network._all_layers)
        return network

    @property
    def layers(self) -> list[Layer]:
        """The layers in order, without the Input."""
        chain: list[Layer] = self.__dict__["chain"]
        return [layer for layer in chain if not isinstance(layer, InputLayer)]

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """Shape of the output for that of the input, also before the model knows what it gets."""
        if self.built or not args:
            return super().compute_output_shape(*args, **kwargs)
        (shape,) = args
        for layer in self.layers:
            shape = layer.compute_output_shape(shape)
        return shape

    def add(self, layer: Layer | SymbolicTensor) -> None:
        """Put a layer at the end."""
        self._append(layer)
        self._connect()

    def pop(self) -> Layer:
        """Take the last layer off."""
        last: Layer = self.__dict__["chain"].pop()
        self._connect()
        return last

    def build(self, *input_shape: Any, dtype: str | None = None) -> None:
        """Say the shape of the input, batch first, and make the weights."""
        given: Any = input_shape[0] if input_shape else None
        if self.built:
            if is_sizes(given) and len(self.inputs) == 1:
                check_input_shape(self.name, self.inputs[0].shape, given)
        elif self.__dict__["chain"]:
            shape = tuple(given)[1:]
            self.__dict__["chain"].insert(0, Input(shape=shape, dtype=dtype).call.layer)
            self._connect()

    def build_for(self, x: Any) -> Any:
        """Make the weights for such data, where the model was not told the shape of its input; gives the data back."""
        if not self.layers:
            raise ConfigError(
                Text(
                    f'"{self.name}" has no layers yet. Give Sequential a list of them, or call add.',
                    f"“{self.name}”还没有层。请为 Sequential 提供层的列表，或调用 add。",
                )
            )
        if not self.built and x is not None:
            sample, x = first_batch(x)
            leaves: list[Any] = []
            structure = take_apart(sample, leaves, is_tensor)
            if not leaves:
                raise ConfigError(
                    Text(
                        f'"{self.name}" does not know the shape of its input. Begin it with Input(shape=…).',
                        f"“{self.name}”不知道输入的形状。请以 Input(shape=…) 开头。",
                    )
                )
            if len(leaves) == 1 and not isinstance(sample, Mapping):
                text = STRING if is_text(leaves[0]) else None
                self.build((None, *tuple(leaves[0].shape)[1:]), dtype=text)
            else:
                self._connect(put_together(structure, _inputs_for(structure, leaves)))
        return x

    def _append(self, layer: Layer | SymbolicTensor) -> None:
        chain: list[Layer] = self.__dict__["chain"]
        if isinstance(layer, SymbolicTensor):
            layer = layer.call.layer
        if not isinstance(layer, Layer):
            raise ConfigError(
                Text(
                    f"A Sequential is made of layers, {shown(layer).en}",
                    f"Sequential 由层组成，{shown(layer).zh}",
                )
            )
        if isinstance(layer, InputLayer) and chain and isinstance(chain[0], InputLayer):
            raise ConfigError(
                Text(
                    f'"{self.name}" has already been configured for input of shape {chain[0].batch_shape}. It cannot '
                    "have another Input.",
                    f"“{self.name}”已按输入形状 {chain[0].batch_shape} 配置，不能再添加 Input。",
                )
            )
        if any(layer is other or layer.name == other.name for other in chain):
            raise ConfigError(
                Text(
                    f'The model already has a layer called "{layer.name}". Give this one another name.',
                    f"模型中已有名为“{layer.name}”的层。请换一个名字。",
                )
            )
        if not chain and layer.declared_input_shape is not None:
            chain.append(Input(shape=layer.declared_input_shape).call.layer)
        elif not chain and isinstance(layer, Network) and layer.built and len(layer.inputs) == 1:
            (x,) = layer.inputs
            chain.append(Input(shape=x.shape[1:], dtype=x.dtype).call.layer)
        chain.append(layer)

    def _connect(self, start: Any = None) -> None:
        """Make the graph of the chain, once the shape of its input is known.

        Args:
            start: Inputs in a nest, for a first layer that takes several tensors.
        """
        chain: list[Layer] = self.__dict__["chain"]
        self.__dict__.pop("graph", None)
        start = self.__dict__.get("starts") if start is None else start
        if start is not None:
            self.__dict__["starts"] = start
        elif chain and isinstance(chain[0], InputLayer):
            start = chain[0].output
        if start is None or not self.layers:
            return
        starts: list[SymbolicTensor] = []
        ends: list[SymbolicTensor] = []
        taken = tensors_in(start, starts)
        given = tensors_in(laid(self.layers, start), ends)
        graph, layers = trace(starts, ends, self.name)
        self.__dict__["output_nest"] = given
        self._take_in(taken)
        self._adopt(graph, layers, starts, ends)

    def get_config(self) -> dict[str, Any]:
        if (self.built and self.is_sequential) or is_own(type(self)):
            return super().get_config()
        config = {"name": self.name, "trainable": self.trainable, "dtype": self.policy.name}
        return {**config, "layers": chain_config(self.layers)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Sequential:
        with CustomObjectScope(custom_objects):
            layers = None if is_own(cls) else layers_of(config)
        if layers is None:
            return cast("Sequential", super().from_config(config, custom_objects))
        model = cls(layers, name=config.get("name"))
        if config.get("trainable") is False:
            model.freeze_as_a_whole()
        return model


def _need_one_list(layers: Any, name: Any) -> None:
    """Raise for layers that are given one by one."""
    if isinstance(name, Layer) or not isinstance(layers, (Iterable, NoneType)):
        raise ConfigError(
            Text(
                "A Sequential takes its layers in one list: Sequential([first, second]).",
                "Sequential 的层应放在一个列表中：Sequential([第一层, 第二层])。",
            ),
            field="layers",
        )


def made(read: files.ReadModel, kind: type[Model] | None = None) -> Model:
    """The model of what a configuration says, with fresh weights.

    Args:
        read: What it says.
        kind: Class of the model; by what it says when left out.
    """
    base = Sequential if read.is_sequential else Model
    cls = base if kind is None or not issubclass(kind, base) else kind
    model = cls.from_graph(read.graph, given=read.given)
    if read.input_nest is not None:
        model._take_in(read.input_nest)
    if read.output_nest is not None:
        model.__dict__["output_nest"] = read.output_nest
    if not read.trainable:
        model.freeze_as_a_whole()
    return model


def _inputs_for(structure: Any, leaves: Sequence[Any]) -> list[SymbolicTensor]:
    """Inputs for such data."""
    return [
        Input(shape=tuple(leaf.shape)[1:], dtype=_dtype_of(leaf), name=name)
        for leaf, name in zip(leaves, _input_names(structure), strict=True)
    ]


def _input_names(structure: Any) -> list[str]:
    """Names of the inputs of a model that is told apart by its data alone."""
    if isinstance(structure, dict):
        return list(structure)
    count = len(structure) if isinstance(structure, (list, tuple)) else 1
    return ["input"] if count == 1 else [f"input_{index}" for index in range(count)]


def _dtype_of(x: Any) -> str | None:
    if is_text(x):
        return STRING
    name = str(x.dtype).removeprefix("torch.")
    return name if name in ("int32", "int64", "uint8", "bool") else None
