"""How a model was compiled: Keras' `compile_config` to and from optimizers, losses and metrics.

Names are written as the canonical ones, because Keras itself fails to load some of its short ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from lamina import losses
from lamina.errors import ConfigError, NotSupportedError
from lamina.fields import Declared
from lamina.files.keras_objects import (
    as_mapping,
    as_text,
    keras_object,
    known_values,
    refuse,
    short,
)
from lamina.losses import LOSSES, FunctionLoss, Loss
from lamina.metrics import METRICS, MeanMetricWrapper, Metric
from lamina.metrics.lookup import ACCURACY, CROSSENTROPY
from lamina.naming import snake_case
from lamina.optimizers import OPTIMIZERS, Optimizer
from lamina.optimizers.optimizer import WRAPPERS
from lamina.optimizers.schedules import SCHEDULES
from lamina.registry import Registry
from lamina.saving_registry import get_registered_object, made_of, serialize_keras_object
from lamina.variable import Variable

ARGUMENTS = ("loss", "loss_weights", "metrics", "weighted_metrics")


class NotPortableError(Exception):
    """Something that no file can carry; the message names it."""


# ---------------------------------------------------------------------------------------------
# write


def compiled_to_keras(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The `compile_config` of what `compile` was given.

    Raises:
        NotPortableError: If a loss or a metric is a lambda, or an object without a get_config.
    """
    return {
        "optimizer": _optimizer_to_keras(arguments["optimizer"]),
        "loss": _each(arguments.get("loss"), _loss_to_keras),
        "loss_weights": _each(arguments.get("loss_weights"), _weight_to_keras),
        "metrics": _each(arguments.get("metrics"), _metric_to_keras),
        "weighted_metrics": _each(arguments.get("weighted_metrics"), _metric_to_keras),
        "run_eagerly": False,
        "steps_per_execution": 1,
        "jit_compile": False,
    }


def _optimizer_to_keras(optimizer: Optimizer) -> Any:
    return _declared_to_keras("keras.optimizers", optimizer, _optimizers(type(optimizer).__name__))


def _optimizers(name: Any) -> Registry[type[Optimizer]]:
    return WRAPPERS if name in WRAPPERS else OPTIMIZERS


def _weight_to_keras(weight: Any) -> Any:
    """A factor; of a variable what it is now."""
    return float(weight) if isinstance(weight, Variable) else weight


def _loss_to_keras(loss: Any) -> Any:
    if isinstance(loss, str):
        return snake_case(LOSSES.canonical(loss))
    if isinstance(loss, type) and issubclass(loss, Loss):
        loss = loss()
    return _of_library_function(loss, LOSSES) or _declared_to_keras("keras.losses", loss, LOSSES)


def _metric_to_keras(metric: Any) -> Any:
    if isinstance(metric, str):
        if metric.lower() not in (*ACCURACY, *CROSSENTROPY):
            METRICS.get(metric)
        return metric  # not its other name: the history of the loaded model is kept under this one
    if isinstance(metric, type) and issubclass(metric, Metric):
        metric = metric()
    if type(metric) is MeanMetricWrapper:
        config = {"name": metric.name, "fn": _own_to_keras(metric.fn), **metric.fn_kwargs}
        return keras_object("keras.metrics", "MeanMetricWrapper", config)
    known = _of_library_function(metric, METRICS)
    return known or _declared_to_keras("keras.metrics", metric, METRICS)


def _of_library_function(value: Any, registry: Registry[Any]) -> str | None:
    """The name of a function of this library; None for anything else."""
    name = getattr(value, "__name__", "")
    is_ours = str(getattr(value, "__module__", "")).startswith("lamina.")
    return snake_case(registry.canonical(name)) if is_ours and name in registry else None


def _own_to_keras(value: Any) -> Any:
    """Keras' form of a user's function or object."""
    try:
        return serialize_keras_object(getattr(value, "wrapped", value))
    except (ConfigError, NotSupportedError) as reason:
        name = getattr(value, "__name__", type(value).__name__)
        raise NotPortableError(name) from reason


def _declared_to_keras(module: str, value: Any, registry: Registry[Any]) -> Any:
    known = registry.get(type(value).__name__) if type(value).__name__ in registry else None
    if type(value) is FunctionLoss:
        return _own_to_keras(value.function)
    if type(value) is not known:
        return _own_to_keras(value)
    defaults = {name: spec.default for name, spec in value.declared_fields.items()}
    config = {
        key: v
        for key, v in value.get_config().items()
        if v is not None or defaults.get(key) is not None
    }
    return keras_object(module, type(value).__name__, config)


def _each(given: Any, convert: Callable[[Any], Any]) -> Any:
    """`given` with every loss or metric in its lists and dicts converted."""
    if given is None:
        return None
    if isinstance(given, Mapping):
        return {str(key): _each(value, convert) for key, value in given.items()}
    if isinstance(given, (list, tuple)):
        kind = tuple if isinstance(given, tuple) else list
        return kind(_each(value, convert) for value in given)
    return convert(given)


# ----------------------------------------------------------------------------------------------
# read


def compiled_from_keras(config: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments for `compile`.

    Raises:
        FileFormatError: If it names something that does not exist here.
    """
    return {
        "optimizer": _optimizer_from_keras(config.get("optimizer") or "rmsprop"),
        "loss": _each_read(config.get("loss"), _loss_from_keras),
        "loss_weights": config.get("loss_weights"),
        "metrics": _each_read(config.get("metrics"), _metric_from_keras),
        "weighted_metrics": _each_read(config.get("weighted_metrics"), _metric_from_keras),
    }


def _each_read(value: Any, convert: Callable[[Any], Any]) -> Any:
    if isinstance(value, Mapping) and "class_name" not in value:
        return {key: _each_read(item, convert) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_each_read(item, convert) for item in value)
    return None if value is None else convert(value)


def _optimizer_from_keras(value: Any) -> Optimizer:
    if isinstance(value, str):
        value = {"class_name": value}
    if (own := _own(value)) is not None:
        return cast("Optimizer", own)
    cls, config = _declared(value, _optimizers(value.get("class_name")))
    rate = config.get("learning_rate")
    if isinstance(rate, Mapping):
        schedule = _own(rate) or _made(*_declared(rate, SCHEDULES))
        config = {**config, "learning_rate": schedule}
    if isinstance(config.get("inner_optimizer"), Mapping):
        config = {**config, "inner_optimizer": _optimizer_from_keras(config["inner_optimizer"])}
    optimizer = _made(cls, config)
    assert isinstance(optimizer, Optimizer)
    return optimizer


def _own(value: Any) -> Any:
    """The user's function or object that a form or a name stands for; None for what is not a user's."""
    if isinstance(value, str):
        return get_registered_object(value)
    return made_of(value) if isinstance(value, Mapping) else None


def _loss_from_keras(value: Any) -> Any:
    if (own := _own(value)) is not None:
        return own
    if isinstance(value, str):
        return _known_name(value, LOSSES)
    return _named_function(value, LOSSES) or _made(*_declared(value, LOSSES))


def _metric_from_keras(value: Any) -> Any:
    if (own := _own(value)) is not None:
        return own
    if isinstance(value, Mapping) and value.get("class_name") == "MeanMetricWrapper":
        config = dict(as_mapping(value.get("config"), "config of MeanMetricWrapper"))
        config.pop("dtype", None)
        function = _loss_from_keras(config.pop("fn", None))
        return MeanMetricWrapper(losses.get(function), **config)
    if isinstance(value, str):
        is_suiting = value.lower() in (*ACCURACY, *CROSSENTROPY)
        return value if is_suiting else _known_name(value, METRICS)
    return _named_function(value, METRICS) or _made(*_declared(value, METRICS))


def _known_name(name: str, registry: Registry[Any]) -> str:
    if name not in registry:
        raise _unknown(name, registry)
    return name


def _named_function(value: Any, registry: Registry[Any]) -> str | None:
    """The name in Keras' form of a function; None for any other object."""
    if isinstance(value, Mapping) and value.get("class_name") == "function":
        return _known_name(as_text(value.get("config"), "a function"), registry)
    return None


def _declared(value: Any, registry: Registry[Any]) -> tuple[type[Declared], dict[str, Any]]:
    """Class and settings of a serialized object."""
    entry = as_mapping(value, registry.kind)
    name = as_text(entry.get("class_name"), f"class_name of the {registry.kind}")
    if name not in registry:
        raise _unknown(name, registry)
    config = dict(as_mapping(entry.get("config") or {}, f"config of {name}"))
    if isinstance(config.get("dtype"), Mapping):  # a dtype policy
        policy = as_mapping(config["dtype"].get("config"), f"dtype of {name}")
        config["dtype"] = policy.get("name")
    return registry.get(name), config


def _made(cls: type[Declared], config: Mapping[str, Any]) -> Declared:
    try:
        return cls.from_config(known_values(cls, config, cls.__name__))
    except (TypeError, ValueError) as error:
        raise refuse(
            f"The file's settings of {cls.__name__} cannot be: {error}",
            f"文件中 {cls.__name__} 的设置无效：{error}",
        ) from error


def _unknown(name: str, registry: Registry[Any]) -> Exception:
    return refuse(
        f"The model was compiled with the {registry.kind} {short(name)}, which does not exist here. "
        "Load it with compile=False to predict with it. If it is your own, register it with "
        "keras.saving.register_keras_serializable before loading, or pass it in custom_objects.",
        f"模型编译时使用了{registry.kind_zh} {short(name)}，此处不存在。如只需预测，请使用 compile=False 加载。"
        "如果是自定义的，请先用 keras.saving.register_keras_serializable 注册，或通过 custom_objects 传入。",
    )
