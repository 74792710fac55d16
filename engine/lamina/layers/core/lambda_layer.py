"""Lambda: a function as a layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

from lamina.calls import put_together
from lamina.errors import ConfigError
from lamina.layer import Layer, TensorSpec, stored
from lamina.saving_registry import deserialize_keras_object
from lamina.text import Text


class Lambda(Layer):
    """A function of tensors as a layer, for a model in a script.

    It is run as it is, so it cannot stand in a document. A file names the function, which has to be registered with
    `register_keras_serializable` and then has to be known when the file is read; a lambda cannot be in a file.

    Args:
        function: Takes the inputs, and `mask` and `training` where it names them.
        output_shape: Shape of one sample of the output, or a function of the input's shape; found by a try when left out.
        mask: Mask of the output, or a function of (inputs, mask) that gives it.
        arguments: Further keywords for the function.

    >>> import torch
    >>> Lambda(lambda x: x**2)(torch.tensor([[3.0]]))
    tensor([[9.]])
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise ConfigError(
                Text(
                    f"Lambda takes a function, got {type(function).__name__}.",
                    f"Lambda 需要一个函数，实际为 {type(function).__name__}。",
                ),
                field="function",
            )
        self.function = function
        self.arguments = dict(arguments or {})
        self.given_shape = output_shape
        self.given_mask = mask
        self.supports_masking = True
        code = getattr(function, "__code__", None)
        self.names = () if code is None else code.co_varnames[: code.co_argcount]

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        """The function of the inputs."""
        options = {"mask": mask, "training": training}
        known = {key: value for key, value in options.items() if key in self.names}
        return self.function(inputs, **self.arguments, **known)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        if callable(self.given_mask):
            return self.given_mask(inputs, previous_mask)
        return previous_mask if self.given_mask is None else self.given_mask

    def outputs_for(self, structure: Any, specs: Any) -> Any:
        nest, found = super().outputs_for(structure, specs)
        if self.given_shape is None or len(found) != 1:
            return nest, found
        shapes = put_together(structure[0][0], [spec.shape for spec in specs])
        shape = (
            tuple(self.given_shape(shapes))
            if callable(self.given_shape)
            else (found[0].shape[0], *self.given_shape)
        )
        return nest, [TensorSpec(shape, found[0].dtype, found[0].has_mask)]

    def get_config(self) -> dict[str, Any]:
        """The function and the rest as they are; a file takes functions by their registered names."""
        config = {"function": self.function, "arguments": self.arguments}
        if self.given_shape is not None:
            config["output_shape"] = self.given_shape
        if self.given_mask is not None:
            config["mask"] = self.given_mask
        return {**super().get_config(), **config}

    @classmethod
    def from_config(
        cls,
        config: Mapping[str, Any],
        custom_objects: Mapping[str, Any] | None = None,
        safe_mode: bool | None = None,  # noqa: ARG003 - code in a configuration is never run
    ) -> Self:
        """The layer of a configuration; code in it is refused.

        Args:
            config: What `get_config` gave.
            custom_objects: Functions by name, beside the registered ones.
            safe_mode: Taken for the sake of Keras scripts; code is refused, whatever it says.

        Raises:
            NotSupportedError: If it holds program code instead of the name of a function.
        """
        made = {
            key: deserialize_keras_object(value, custom_objects)
            if isinstance(value, Mapping)
            else value
            for key, value in config.items()
            if key != "dtype"
        }
        shape = made.get("output_shape")
        if isinstance(shape, list):
            made["output_shape"] = tuple(shape)
        return cls(**stored.readable(cls, made))
