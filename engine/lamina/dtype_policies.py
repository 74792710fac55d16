"""Dtype policies: in which type a layer keeps its weights, and in which it computes.

"float32" and the other types say one type for both. "mixed_bfloat16" and "mixed_float16" keep weights in float32 and
compute in the shorter type, which is faster and smaller on hardware that has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import torch

from lamina import settings
from lamina.errors import ConfigError
from lamina.fields import choice_of
from lamina.refused import absent
from lamina.text import Text

MIXED = {"mixed_bfloat16": "bfloat16", "mixed_float16": "float16"}
"""Policies whose weights are float32, and the type in which they compute."""
NAMES = ("float32", *MIXED, "bfloat16", "float16", "float64")
"""Policies for layers that compute with fractions."""
OTHERS = (
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint16",
    "uint32",
    "uint64",
    "string",
)
"""Types of layers that give numbers of tokens, or text."""


class DTypePolicy:
    """The types of a layer's weights and of its computation.

    Args:
        name: "mixed_bfloat16", "mixed_float16", or the name of a type; the process' policy when left out.

    Raises:
        ConfigError: If there is no such policy.

    >>> policy = DTypePolicy("mixed_bfloat16")
    >>> policy.compute_dtype, policy.variable_dtype
    ('bfloat16', 'float32')
    """

    quantization_mode = None

    def __init__(self, name: str | None = None) -> None:
        self._name = dtype_policy().name if name is None else name
        if self._name not in (*NAMES, *OTHERS):
            raise ConfigError(
                Text(
                    f"There is no dtype policy {name!r}. There are {', '.join(NAMES)}, and the names of other types.",
                    f"没有名为 {name!r} 的 dtype 策略。可用：{'、'.join(NAMES)}，以及其他类型的名称。",
                ),
                field="dtype",
            )
        is_float = self._name in NAMES
        self.torch_compute_dtype: torch.dtype | None = (
            getattr(torch, self.compute_dtype) if is_float else None
        )
        """`compute_dtype` for torch, where it is a type of fractions."""
        self.casts_weights = self._name in MIXED

    @property
    def name(self) -> str:
        """The name, as files hold it."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """The type in which a layer computes, and of what it gives."""
        return MIXED.get(self._name, self._name)

    @property
    def variable_dtype(self) -> str:
        """The type of a layer's weights."""
        return "float32" if self._name in MIXED else self._name

    def get_config(self) -> dict[str, Any]:
        """The name."""
        return {"name": self._name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> DTypePolicy:
        """The policy of a configuration."""
        return cls(**config)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self._name}">'

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other._name == self._name

    def __hash__(self) -> int:
        return hash(self._name)


class FloatDTypePolicy(DTypePolicy):
    """Another name of `DTypePolicy`."""


def get(identifier: Any) -> DTypePolicy:
    """The policy for a name, a type of torch, a configuration or itself; the process' one for None.

    Raises:
        ConfigError: If there is no such policy, or it is one of quantization or a map by path.

    >>> get("float32")
    <DTypePolicy "float32">
    """
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    if isinstance(identifier, (str, torch.dtype)):
        return DTypePolicy(str(identifier).removeprefix("torch."))
    raise ConfigError(
        Text(
            f"dtype must be the name of a policy or of a type, or a DTypePolicy; got {identifier!r}.",
            f"dtype 应为策略或类型的名称，或 DTypePolicy；实际为 {identifier!r}。",
        ),
        field="dtype",
    )


def serialize(dtype_policy: DTypePolicy) -> dict[str, Any]:
    """Keras' form of a policy."""
    return {
        "module": "keras",
        "class_name": "DTypePolicy",
        "config": dtype_policy.get_config(),
        "registered_name": None,
    }


def deserialize(config: Any, custom_objects: Any = None) -> DTypePolicy:
    """The reverse of `serialize`.

    Raises:
        ConfigError: For policies of quantization, and maps of policies by path, which do not exist here.
    """
    del custom_objects
    if not isinstance(config, Mapping):
        return get(config)
    kind, inner = config.get("class_name", "DTypePolicy"), config.get("config", config)
    if kind not in ("DTypePolicy", "FloatDTypePolicy", "Policy") or not isinstance(inner, Mapping):
        raise ConfigError(
            Text(
                f"dtype policies of the kind {kind!r} are not supported; give the layer the name of one of: "
                f"{', '.join(NAMES)}.",
                f"不支持 {kind!r} 类的 dtype 策略；请使用以下之一的名称：{'、'.join(NAMES)}。",
            ),
            field="dtype",
        )
    name = inner.get("name")
    if not isinstance(name, str):
        raise ConfigError(
            Text(
                f"A dtype policy has a name, got {name!r}.",
                f"dtype 策略应有名称，实际为 {name!r}。",
            ),
            field="dtype",
        )
    return DTypePolicy(name)


def dtype_policy() -> DTypePolicy:
    """The policy of layers that are not told theirs; "float32" unless set.

    >>> dtype_policy()
    <DTypePolicy "float32">
    """
    return DTypePolicy(settings.policy_name())


def set_dtype_policy(policy: Any) -> None:
    """Set the policy of the layers that are made from now on.

    Args:
        policy: "mixed_bfloat16", "mixed_float16", the name of a type, or a `DTypePolicy`.

    Raises:
        ConfigError: If there is no such policy, or it is not one of fractions.
    """
    chosen = get(policy)
    if chosen.name not in NAMES:
        raise ConfigError(
            Text(
                f"The policy of all layers must be one of {', '.join(NAMES)}, got {chosen.name!r}.",
                f"全局策略应为 {'、'.join(NAMES)} 之一，实际为 {chosen.name!r}。",
            ),
            field="policy",
        )
    settings.set_policy_name(chosen.name)


@contextmanager
def following(policy: Any) -> Iterator[None]:
    """Inside, layers that are not told their policy get this one."""
    before = settings.policy_given()
    set_dtype_policy(policy)
    try:
        yield
    finally:
        settings.set_policy_name(before)


PolicyField = Annotated[
    DTypePolicy, *choice_of(get, lambda policy: policy.name, lambda: list(NAMES))
]
"""Field type: a dtype policy by name or object."""


def __getattr__(name: str) -> NoReturn:
    raise absent(__name__, name)
