"""What holds for the whole process: the type of fractions and the small number beside zero."""

from __future__ import annotations

from lamina.errors import ConfigError
from lamina.text import Text

_settings: dict[str, object] = {"floatx": "float32", "epsilon": 1e-7, "policy": None}
FLOATS = ("bfloat16", "float16", "float32", "float64")


def floatx() -> str:
    """The type of fractions where none is named; "float32" unless set.

    >>> floatx()
    'float32'
    """
    return str(_settings["floatx"])


def set_floatx(value: str) -> None:
    """Set the type that ops and `Input` give fractions.

    Raises:
        ConfigError: If it is not "bfloat16", "float16", "float32" or "float64".
    """
    if value not in FLOATS:
        raise ConfigError(
            Text(
                f"floatx must be one of {', '.join(FLOATS)}, got {value!r}.",
                f"floatx 应为 {'、'.join(FLOATS)} 之一，实际为 {value!r}。",
            )
        )
    _settings["floatx"] = value


def policy_name() -> str:
    """Name of the dtype policy of layers that are not told theirs: `floatx`, unless one is set."""
    return str(_settings["policy"] or _settings["floatx"])


def policy_given() -> str | None:
    """The name that was set, if any."""
    name = _settings["policy"]
    return None if name is None else str(name)


def set_policy_name(name: str | None) -> None:
    """Set what `policy_name` gives; None for `floatx`."""
    _settings["policy"] = name


def epsilon() -> float:
    """The small number that losses and optimizers keep away from zero by.

    >>> epsilon()
    1e-07
    """
    value = _settings["epsilon"]
    assert isinstance(value, float)
    return value


def set_epsilon(value: float) -> None:
    """Set the number that `epsilon` gives."""
    _settings["epsilon"] = float(value)


def image_data_format() -> str:
    """Always "channels_last": (batch, height, width, channels)."""
    return "channels_last"


def set_image_data_format(data_format: str) -> None:
    """Accept "channels_last", the only order of axes there is.

    Raises:
        ConfigError: For any other.
    """
    if str(data_format).lower() != "channels_last":
        raise ConfigError(
            Text(
                f'Images are "channels_last" here, got {data_format!r}. Move the channels to the last axis.',
                f"图像格式固定为“channels_last”，实际为 {data_format!r}。请把通道移到最后一个轴。",
            )
        )
