"""What an object of another library is called in messages, so that "a layer, got Dense" does not puzzle."""

from __future__ import annotations

from typing import Any

from lamina.text import Text

_ALIKE = ("keras", "tf_keras", "tensorflow", "torch", "jax", "flax")


def shown(value: Any) -> Text:
    """The kind of a value, with its library where that is one with the same names, and what to do about it.

    >>> shown(3).en
    'got int.'
    """
    name, library = type(value).__name__, type(value).__module__.partition(".")[0]
    if isinstance(value, type):
        return Text(
            f"got the class {value.__name__}. Make an object of it: {value.__name__}(…).",
            f"实际收到类 {value.__name__}。请创建对象：{value.__name__}(…)。",
        )
    if value is None or library not in _ALIKE:
        kind = "None" if value is None else name
        return Text(f"got {kind}.", f"实际收到 {kind}。")
    if library == "torch" and not hasattr(value, "forward"):
        return Text(f"got {name} of torch.", f"实际收到 torch 的 {name}。")
    if library == "torch":
        return Text(
            f"got {name} of torch. A module of torch becomes a layer in TorchModuleWrapper.",
            f"实际收到 torch 的 {name}。请用 TorchModuleWrapper 将 torch 模块封装为层。",
        )
    return Text(
        f"got {name} of {library}, which does not mix with lamina. Take it from lamina, too.",
        f"实际收到 {library} 的 {name}，不能与 lamina 混用。请同样使用 lamina 中的对象。",
    )
