"""`keras.backend`: the few names of it that scripts still use."""

from lamina.naming import clear_session

__all__ = ["backend", "clear_session", "epsilon", "floatx", "image_data_format"]


def backend() -> str:
    """Always "torch"."""
    return "torch"


def epsilon() -> float:
    """The small number that losses and optimizers keep away from zero by."""
    return 1e-7


def floatx() -> str:
    """The type that layers compute in."""
    return "float32"


def image_data_format() -> str:
    """Always "channels_last": (batch, height, width, channels)."""
    return "channels_last"
