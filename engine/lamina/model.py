"""Model and Sequential: networks that can be trained, evaluated, used and saved, with Keras' methods."""

from __future__ import annotations

import difflib
import functools
import inspect
import json
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import NoneType
from typing import Any, Concatenate, Literal, ParamSpec, Self, TypeVar, cast

import torch

from lamina import files, profiling
from lamina.calls import Slot, is_deep, is_tensor, put_together, take_apart
from lamina.chains import chain_config, check_input_shape, laid, layers_of
from lamina.errors import ConfigError, NoAttributeError, NotSupportedError, WrongTypeError
from lamina.foreign import shown
from lamina.graph.check import GivenLayers
from lamina.graph.document import Block, Graph
from lamina.graph.tracing import trace
from lamina.layer import Layer
from lamina.layer.needs import without_row
from lamina.layer.stored import as_shapes, is_own
from lamina.layers.core.input import Input, InputLayer
from lamina.metrics.metric import Metric
from lamina.naming import unique_name
from lamina.network import WITHOUT_CALL, Network, Tensors, tensors_in
from lamina.older_names import ARGUMENTS, advice_for
from lamina.saving_registry import CustomObjectScope, serialize_keras_object
from lamina.shapes import is_shape, is_sizes
from lamina.state_trees import set_from_tree, tree_of
from lamina.strings import STRING, is_text
from lamina.symbolic import SymbolicTensor, call_layer
from lamina.text import Text
from lamina.training import inference
from lamina.training.peek import first_batch
from lamina.training.sources import unpack
from lamina.training.trainer import Trainer

_ENDS = ("input", "inputs", "output", "outputs")
_NOT_YET = Text(
    "the model does not know its input yet. Begin it with Input(shape=…), call build, or give it data.",
    "模型尚不知道输入。请以 Input(shape=…) 开头、调用 build，或传入数据。",
)

_GRAPH = ("graph", "input_nest", "output_nest")
P = ParamSpec("P")
R = TypeVar("R")


def _by_trainer(
    method: Callable[Concatenate[Trainer, P], R],
) -> Callable[Concatenate[Model, P], R]:
    """A method of the model that its trainer does, with the same arguments and help."""

    @functools.wraps(method)
    def call(self: Model, *args: P.args, **kwargs: P.kwargs) -> R:
        trainer = self.need_trainer(method.__name__)
        if args:
            args = (self.build_for(args[0]), *args[1:])  # type: ignore[assignment]
        else:
            kwargs["x"] = self.build_for(kwargs.get("x"))
        try:
            return method(trainer, *args, **kwargs)
        except TypeError as error:
            if (unknown := _unknown_argument(method, kwargs)) is not None:
                raise unknown from error
            raise
        except IndexError as error:
            raise without_row(self, error) from error

    return cast("Callable[Concatenate[Model, P], R]", call)


def _unknown_argument(
    method: Callable[..., Any], arguments: Mapping[str, Any]
) -> WrongTypeError | None:
    """The error for an argument that a method does not have; None where it has them all."""
    known = list(inspect.signature(method).parameters)[1:]
    name = next((name for name in arguments if name not in known), None)
    if name is None:
        return None
    advice = ARGUMENTS.get(name)
    if advice is None:
        close = difflib.get_close_matches(name, known)
        hint, hint_zh = " or ".join(close), "、".join(close)
        advice = Text(f"Did you mean {hint}?", f"是否指 {hint_zh}？") if close else Text("", "")
    called = method.__name__ if method.__name__ != "__init__" else "compile"
    return WrongTypeError(
        Text(
            f'{called} has no argument "{name}". {advice.en}'.rstrip(),
            f"{called} 没有参数“{name}”。{advice.zh}",
        ),
        field=name,
    )


def _described_by(source: object) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Give a method the help of what does its work."""

    def describe(method: Callable[P, R]) -> Callable[P, R]:
        method.__doc__ = source.__doc__
        return method

    return describe


class Model(Network):
    """A network with Keras' training interface.

    >>> x = Input(shape=(4,))
    >>> from lamina.layers import Dense
    >>> model = Model(x, Dense(3, activation="softmax")(x))
    >>> model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    >>> model.count_params()
    15
    """

    trainer: Trainer | None = None
    stop_training = False
    """Whether `fit` ends after this batch and the validation of its epoch."""
    stops_without_validation = False
    """Whether a `fit` that is stopped leaves the validation of the epoch out, to end at once."""
    stop_evaluating = False
    """Whether `evaluate` ends after this batch."""
    stop_predicting = False
    """Whether `predict` ends after this batch."""
    history: Any = None

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
                text = Text(
                    f'"{self.name}": {WITHOUT_CALL.en}', f"“{self.name}”：{WITHOUT_CALL.zh}"
                )
                raise NoAttributeError(text) from error
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
        self.__dict__.pop("calls", None)
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

    # --- training ----------------------------------------------------------------------------------------------

    @_described_by(Trainer)
    def compile(self, *args: Any, **kwargs: Any) -> None:
        unknown = _unknown_argument(Trainer.__init__, kwargs)
        if unknown is not None:
            raise unknown
        self.__dict__["trainer"] = Trainer(self, *args, **kwargs)

    @property
    def compiled(self) -> bool:
        """Whether `compile` has been called."""
        return self.trainer is not None

    @property
    def compiled_with(self) -> Mapping[str, Any]:
        """What `compile` was given, by argument; nothing before."""
        return {} if self.trainer is None else self.trainer.arguments

    @property
    def run_eagerly(self) -> bool:
        return self.trainer is not None and bool(self.trainer.arguments["run_eagerly"])

    @property
    def jit_compile(self) -> bool:
        return self.trainer is not None and self.trainer.arguments["jit_compile"] is True

    @property
    def steps_per_execution(self) -> int:
        return 1 if self.trainer is None else int(self.trainer.arguments["steps_per_execution"])

    def need_trainer(self, wish: str = "train") -> Trainer:
        """The trainer.

        Raises:
            ConfigError: If the model is not compiled.
        """
        if self.trainer is None:
            raise ConfigError(
                Text(
                    f"Compile the model before {wish}: model.compile(optimizer, loss, metrics).",
                    f"请先编译模型再调用 {wish}：model.compile(optimizer, loss, metrics)。",
                )
            )
        return self.trainer

    fit = _by_trainer(Trainer.fit)
    evaluate = _by_trainer(Trainer.evaluate)
    train_on_batch = _by_trainer(Trainer.train_on_batch)
    test_on_batch = _by_trainer(Trainer.test_on_batch)

    @property
    def optimizer(self) -> Any:
        return None if self.trainer is None else self.trainer.optimizer

    @property
    def loss(self) -> Any:
        return None if self.trainer is None else self.trainer.loss

    @property
    def metrics(self) -> list[Any]:
        """The loss, the metrics given to `compile` as one, and those that are attributes of the model and its layers."""
        compiled = [] if self.trainer is None else self.trainer.metrics
        return [*compiled, *self.attached_metrics]

    @property
    def attached_metrics(self) -> list[Any]:
        """The metrics that are attributes of the model and its layers."""
        own = [value for value in vars(self).values() if isinstance(value, Metric)]
        # The metrics of a model in this one belong to a training of its own.
        layers = (layer for layer in self.sublayers if not isinstance(layer, Model))
        return [*own, *(metric for layer in layers for metric in layer.metrics)]

    def has_own(self, step: str) -> bool:
        """Whether a subclass wrote this step, or what both steps use: `compute_loss`, `compute_metrics`."""
        cls = type(self)
        steps: tuple[str, ...] = (step,)
        if step != "predict_step":
            steps = (step, "compute_loss", "compute_metrics")
        return any(getattr(cls, name) is not getattr(Model, name) for name in steps)

    @property
    def _has_own_steps(self) -> bool:
        return self.has_own("train_step") or self.has_own("predict_step")

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of training on (x, y) or (x, y, sample_weight); gives the logs. To be overridden."""
        x, y, sample_weight = unpack(data)
        self.zero_grad()
        y_pred = self(x, training=True)
        loss = self.compute_loss(x, y, y_pred, sample_weight, **self._said_to_loss(training=True))
        self._count_loss(x, loss)
        self.optimizer.scale_loss(loss).backward()
        weights = self.trainable_weights
        with torch.no_grad():
            self.optimizer.apply([variable.value.grad for variable in weights], weights)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation; gives the logs. To be overridden."""
        x, y, sample_weight = unpack(data)
        y_pred = self(x, training=False)
        loss = self.compute_loss(x, y, y_pred, sample_weight, **self._said_to_loss(training=False))
        self._count_loss(x, loss)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def predict_step(self, data: Any) -> Any:
        """The outputs for x, (x,), (x, y) or (x, y, sample_weight). To be overridden."""
        return self(unpack(data)[0], training=False)

    def _said_to_loss(self, *, training: bool) -> dict[str, bool]:
        """`training` for a `compute_loss` that has a place for it; older ones have not."""
        takes = inspect.signature(self.compute_loss).parameters
        named = "training" in takes or any(p.kind is p.VAR_KEYWORD for p in takes.values())
        return {"training": training} if named else {}

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The compiled loss of predictions, with what layers and weights add. To be overridden."""
        return self.need_trainer().own.compute_loss(y, y_pred, sample_weight)

    def _count_loss(self, x: Any, loss: Any) -> None:
        """Take a batch's loss into that of the epoch, in which each sample counts once."""
        leaves: list[Any] = []
        take_apart(x, leaves, is_tensor)
        self.need_trainer().own.tracker.running.add(loss.detach(), len(leaves[0]))

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Show a batch to the metrics given to `compile`, and give what all metrics say. To be overridden."""
        self.need_trainer().own.prepare(y, y_pred)
        for metric in self.metrics:
            if metric.name == "compile_metrics":
                metric.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """What all metrics say, by name."""
        results: dict[str, Any] = {}
        for metric in self.metrics:
            result = metric.result()
            results.update(result if isinstance(result, dict) else {metric.name: result})
        return results

    def get_state_tree(
        self, value_format: Literal["backend_tensor", "numpy_array"] = "backend_tensor"
    ) -> dict[str, Any]:
        """The values of all variables by kind ("trainable_variables" …) and path, in dicts of dicts.

        Raises:
            ConfigError: If two variables have the same path.
        """
        return tree_of(self._state(), value_format)

    def set_state_tree(self, state_tree: Mapping[str, Any]) -> None:
        """Set variables from such a tree, or from a part of one.

        Raises:
            ConfigError: For a kind that there is not.
        """
        set_from_tree(self._state(), state_tree)

    def _state(self) -> dict[str, list[Any]]:
        """All variables by kind, under Keras' names."""
        return {
            "trainable_variables": self.trainable_variables,
            "non_trainable_variables": self.non_trainable_variables,
            "optimizer_variables": [] if self.optimizer is None else self.optimizer.variables,
            "metrics_variables": self.metrics_variables,
        }

    def reset_metrics(self) -> None:
        """Let all metrics forget what they saw."""
        for metric in self.metrics:
            metric.reset_state()
        if self.trainer is not None:
            self.trainer.own.tracker.reset_state()

    @property
    def metrics_names(self) -> list[str]:
        """Names of the `metrics`; those given to `compile` stand there as one, as in Keras 3."""
        return [str(metric.name) for metric in self.metrics]

    # --- use ---------------------------------------------------------------------------------------------------

    @_described_by(inference.predict)
    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return self._in_nest(inference.predict(self, self.build_for(x), *args, **kwargs))
        except IndexError as error:
            raise without_row(self, error) from error

    @_described_by(inference.predict_on_batch)
    def predict_on_batch(self, x: Any) -> Any:
        return self._in_nest(inference.predict_on_batch(self, self.build_for(x)))

    def _in_nest(self, outputs: Any) -> Any:
        """Outputs by name, or in lists and dicts, for a model that was made so."""
        if self.has_own("predict_step"):
            return outputs
        nest = self.__dict__["output_nest"]
        if not (isinstance(nest, (dict, tuple)) or is_deep(nest)):
            return outputs
        return put_together(nest, outputs if isinstance(outputs, (list, tuple)) else [outputs])

    @_described_by(profiling.profile)
    def profile(
        self, x: Any = None, batch_size: int | None = None, seconds: float = 1.0
    ) -> profiling.Profile:
        return profiling.profile(self, x, batch_size, seconds)

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

    @_described_by(files.save_model)
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
