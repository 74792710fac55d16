"""TorchModuleWrapper: a module of torch as a layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import torch
from torch import nn

from lamina.devices import elsewhere
from lamina.errors import ConfigError, NotSupportedError
from lamina.layer import Layer, TensorSpec
from lamina.saving_registry import deserialize_keras_object, serialize_keras_object
from lamina.text import Text
from lamina.variable import Variable


class TorchModuleWrapper(Layer):
    """A module of torch as a layer, for a model in a script: it trains, freezes and lists its weights.

    The tensors go in and out as the module has them. A file holds it where its class is registered
    (`register_keras_serializable`) and has a `get_config`; code in a file is never run.

    Args:
        module: The module.
        output_shape: Shape of the output, batch first; found by a try when left out.

    >>> layer = TorchModuleWrapper(nn.Linear(3, 2))
    >>> [w.shape for w in layer.weights], layer(torch.ones(5, 3)).shape
    ([(2, 3), (2,)], torch.Size([5, 2]))
    """

    def __init__(
        self,
        module: nn.Module,
        name: str | None = None,
        output_shape: Sequence[int | None] | None = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(module, nn.Module):
            raise ConfigError(
                Text(
                    f"TorchModuleWrapper needs a torch.nn.Module, got {type(module).__name__}.",
                    f"TorchModuleWrapper 需要 torch.nn.Module，实际为 {type(module).__name__}。",
                ),
                field="module",
            )
        parameters: list[Any] = list(module.parameters())
        if any(isinstance(p, torch.nn.parameter.UninitializedParameter) for p in parameters):
            raise ConfigError(
                Text(
                    f"{type(module).__name__} has parameters without a shape yet. Call it once before wrapping it.",
                    f"{type(module).__name__} 的参数尚无形状。请先调用一次再封装。",
                ),
                field="module",
            )
        super().__init__(name=name, **kwargs)
        self.module = module if (device := elsewhere()) is None else module.to(device)
        self.given_shape = None if output_shape is None else tuple(output_shape)
        self.__dict__["by_name"] = {}
        self.built = True

    @property
    def weights(self) -> list[Variable]:
        """The parameters in torch's order, then the buffers, which no step of training changes by itself."""
        return list(self._variables())

    def _variables(self) -> Iterator[Variable]:
        known: dict[str, Variable] = self.__dict__["by_name"]
        for name, tensor in (*self.module.named_parameters(), *self.module.named_buffers()):
            if name not in known:
                owner, _, key = name.rpartition(".")
                known[name] = Variable.around(self.module.get_submodule(owner), key, self, name)
                known[name].trainable = tensor.requires_grad
            yield known[name]

    def call(self, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """What the module gives; it is in training as the call is."""
        return self.module(*args, **kwargs)

    def outputs_for(
        self, structure: tuple[Any, Any], specs: Sequence[TensorSpec]
    ) -> tuple[Any, list[TensorSpec]]:
        nest, found = super().outputs_for(structure, specs)
        if self.given_shape is None or len(found) != 1:
            return nest, found
        return nest, [TensorSpec(self.given_shape, found[0].dtype, found[0].has_mask)]

    def get_config(self) -> dict[str, Any]:
        if not hasattr(self.module, "get_config"):
            name = type(self.module).__name__
            raise NotSupportedError(
                Text(
                    f'TorchModuleWrapper "{self.name}" holds a {name}, which has no get_config, so no file can say how '
                    "to make it. Give its class a get_config and register it with register_keras_serializable, or "
                    "save the weights alone (save_weights).",
                    f"TorchModuleWrapper“{self.name}”中的 {name} 没有 get_config，文件无法记录如何创建它。请为该类添加 "
                    "get_config 并用 register_keras_serializable 注册，或只保存权重（save_weights）。",
                )
            )
        return {
            **super().get_config(),
            "module": serialize_keras_object(self.module),
            "output_shape": self.given_shape,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        config = dict(config)
        module = config.pop("module")
        if isinstance(module, str):
            raise NotSupportedError(
                Text(
                    "The file holds a pickled torch module, which is code; code in a file is never run. Make the "
                    "module in your script, and load the weights.",
                    "文件中包含以 pickle 保存的 torch 模块，即代码；文件中的代码不会被执行。请在脚本中创建模块并加载权重。",
                )
            )
        return cls(
            deserialize_keras_object(module) if isinstance(module, Mapping) else module, **config
        )
