"""Layers as configurations and as arrays: what files and copies of layers are made of.

A layer of the library states its parameters as fields. One that a user writes has a `get_config`; without one, the
arguments that it was made with are taken, where they are plain values, as in Keras.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Self

from lamina.activations import ACTIVATIONS
from lamina.errors import FileFormatError, NotSupportedError
from lamina.fields import Declared
from lamina.layer.losses import LossHolder
from lamina.neutral import known_settings
from lamina.origin import origin
from lamina.saving_registry import is_lambda, serialize_keras_object
from lamina.text import Text
from lamina.variable import Variable

if TYPE_CHECKING:
    from lamina.layer.base import Layer

PLAIN = (bool, int, float, str, type(None))
BASE_KEYS = frozenset(
    {"name", "dtype", "autocast", "dtype_policy", "input_shape", "batch_input_shape", "input_dim"}
)
"""What every layer takes beside its fields."""


class StoredLayer(LossHolder):
    """A layer that can be written down."""

    built: bool

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        made = super().__new__(cls)
        if is_own(cls):
            made.__dict__["made_with"] = (args, kwargs)
        return made

    # --- as built --------------------------------------------------------------------------------------------------

    def get_build_config(self) -> dict[str, Any] | None:
        """What `build_from_config` needs to make the weights; by default the shapes that `build` was given."""
        shapes: Mapping[str, Any] = self.__dict__.get("build_shapes") or {}
        if len(shapes) == 1:
            return {"input_shape": next(iter(shapes.values()))}
        return {"shapes_dict": dict(shapes)} if shapes else None

    def build_from_config(self, config: Mapping[str, Any]) -> None:
        """Make the weights from what `get_build_config` gave."""
        if "input_shape" in config:
            self.build(as_shapes(config["input_shape"]))
        elif "shapes_dict" in config:
            self.build(**{key: as_shapes(value) for key, value in config["shapes_dict"].items()})

    def build(self, *input_shape: Any) -> None:
        raise NotImplementedError

    # --- as arrays -------------------------------------------------------------------------------------------------

    @property
    def stored_variables(self) -> list[Variable]:
        """The weights of this layer that are not those of a layer in it, trainable ones first."""
        inner = {id(variable) for sub in self.inner_layers() for variable in sub.weights}
        return [variable for variable in self.weights if id(variable) not in inner]

    def inner_layers(self) -> list[Any]:
        """The layers in this one."""
        raise NotImplementedError

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Put the values of the layer's own weights into `store`, by numbers as text. To be overridden."""
        for number, variable in enumerate(self.stored_variables):
            store[str(number)] = variable.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Take the values of the layer's own weights from `store`. To be overridden.

        Raises:
            FileFormatError: If it holds more or fewer.
        """
        mine = self.stored_variables
        if len(store.keys()) != len(mine):
            hint = "" if mine or self.built else " It was not built: write get_build_config."
            raise FileFormatError(
                Text(
                    f'"{self.name}" has {len(mine)} weights of its own, the file holds {len(store.keys())} for it.{hint}',
                    f"“{self.name}”有 {len(mine)} 个自己的权重，文件中却有 {len(store.keys())} 个。",
                )
            )
        for number, variable in enumerate(mine):
            variable.assign(store[str(number)])


def is_own(cls: type[Any]) -> bool:
    """Whether a class is no part of the library: a user wrote it."""
    return origin(cls) != "lamina"


def as_shapes(value: Any) -> Any:
    """Shapes from JSON: lists of sizes become tuples, at any depth."""
    if isinstance(value, Mapping):
        return {key: as_shapes(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        if all(item is None or isinstance(item, int) for item in value):
            return tuple(value)
        return [as_shapes(item) for item in value]
    return value


# --- configurations -------------------------------------------------------------------------------------------------


def objects_in(layer: Layer) -> dict[str, Any]:
    """Keras' form of the objects among a layer's settings; a lambda, which has none, as it is."""
    found = {}
    for name in layer.declared_fields:
        value = getattr(layer, name, None)
        value = getattr(value, "wrapped", value)
        is_named = any(value is known for known in ACTIVATIONS)
        if isinstance(value, Declared) or (callable(value) and not is_named):
            found[name] = value if is_lambda(value) else serialize_keras_object(value)
    return found


def arguments_of(layer: Layer) -> dict[str, Any]:
    """The arguments that a user's layer without a `get_config` was made with.

    Raises:
        NotSupportedError: If they are more than plain values, so that the class has to say what they are.
    """
    cls = type(layer)
    writes_config = any("get_config" in vars(base) and is_own(base) for base in cls.__mro__)
    has_constructor = any("__init__" in vars(base) and is_own(base) for base in cls.__mro__)
    if writes_config or not has_constructor or not is_own(cls):
        return {}
    args, kwargs = layer.__dict__.get("made_with", ((), {}))
    bound = inspect.signature(cls.__init__).bind(layer, *args, **kwargs)
    given: dict[str, Any] = {}
    for name, value in list(bound.arguments.items())[1:]:
        kind = inspect.signature(cls.__init__).parameters[name].kind
        if kind is kind.VAR_KEYWORD:
            given.update(value)
        elif kind in (kind.VAR_POSITIONAL, kind.POSITIONAL_ONLY):
            raise _needs_config(cls, name)
        else:
            given[name] = value
    for name, value in given.items():
        if not _is_plain(value):
            raise _needs_config(cls, name)
    return given


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_plain, value.values()))
    return (
        all(map(_is_plain, value)) if isinstance(value, (list, tuple)) else isinstance(value, PLAIN)
    )


def _needs_config(cls: type[Any], name: str) -> NotSupportedError:
    return NotSupportedError(
        Text(
            f'{cls.__name__} cannot be written down: its argument "{name}" is no plain value. Write a get_config that '
            "returns the constructor's arguments as a dict (super().get_config() and your own), and a from_config "
            "where they have to be made into objects again.",
            f"无法序列化 {cls.__name__}：参数“{name}”不是普通值。请编写 get_config 以字典返回构造参数（super().get_config() 加上自己的参数），"
            "必要时再编写 from_config 将其还原为对象。",
        )
    )


def fitting(layer: Layer, config: dict[str, Any]) -> dict[str, Any]:
    """What the constructor of a layer without a `get_config` takes of a configuration."""
    parameters = inspect.signature(type(layer).__init__).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return config
    taken = {p.name for p in parameters}
    return {key: value for key, value in config.items() if key in taken}


def readable(cls: type[Layer], config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration without what Keras writes and what is not needed here.

    What a layer of the library does not have stays, so that its constructor names it.
    """
    parameters = inspect.signature(cls.__init__).parameters
    if is_own(cls) and any("__init__" in vars(base) and is_own(base) for base in cls.__mro__):
        takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        return {
            key: value
            for key, value in config.items()
            if takes_all or key in parameters or key not in (*BASE_KEYS, "trainable")
        }
    known = known_settings(cls, config)
    taken = {key: value for key, value in config.items() if key in BASE_KEYS or key in parameters}
    return {**known, **taken}
