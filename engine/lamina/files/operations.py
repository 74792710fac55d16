"""Ops in graphs: Keras' classes of operations to and from ours.

Keras writes an op as an object of a class of its own: `Mean` with `axis` and `keepdims` in its config, called on tensors.
Here an op is a function; what it is called on are the parameters whose names stand below, all others are settings.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from lamina import ops
from lamina.calls import Slot
from lamina.files.keras_objects import as_mapping, keras_object, refuse, short
from lamina.naming import safe_id
from lamina.neutral import is_neutral
from lamina.operation import Op
from lamina.ops import OPS

MODULES: Mapping[str, frozenset[str]] = {
    "nn": frozenset({
        "adaptive_average_pool", "adaptive_max_pool", "average_pool", "binary_crossentropy", "categorical_crossentropy", "celu",
        "conv", "conv_transpose", "depth_to_space", "depthwise_conv", "dot_product_attention", "elu", "fold", "gelu", "glu",
        "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu", "log_sigmoid", "log_softmax", "max_pool", "moments",
        "multi_hot", "normalize", "one_hot", "polar", "psnr", "relu", "relu6", "selu", "separable_conv", "sigmoid", "silu",
        "soft_shrink", "softmax", "softplus", "softsign", "space_to_depth", "sparse_categorical_crossentropy", "sparse_plus",
        "sparse_sigmoid", "sparsemax", "squareplus", "tanh_shrink", "threshold", "unfold",
    }),
    "core": frozenset({
        "cast", "saturate_cast", "scatter", "scatter_update", "slice", "slice_update", "stop_gradient", "unstack",
    }),
    "math": frozenset({
        "cdist", "erf", "erfc", "erfinv", "extract_sequences", "fft", "fft2", "ifft2", "in_top_k", "irfft", "istft", "logdet",
        "logsumexp", "rfft", "rsqrt", "segment_max", "segment_min", "segment_prod", "segment_sum", "stft", "top_k",
        "view_as_complex", "view_as_real",
    }),
    "image": frozenset({"crop_images", "hsv_to_rgb", "pad_images", "resize", "rgb_to_grayscale", "rgb_to_hsv"}),
    "linalg": frozenset({
        "cholesky", "cholesky_inverse", "det", "eig", "eigh", "inv", "jvp", "lstsq", "lu_factor", "matrix_rank", "norm", "pinv",
        "qr", "solve", "solve_triangular", "svd",
    }),
}  # fmt: skip
"""Where Keras has the class of an op; in `numpy` when it is not listed."""

SPELLED = {
    "allclose": "AllClose", "cdist": "CDist", "fft": "FFT", "fft2": "FFT2", "hsv_to_rgb": "HSVToRGB", "ifft2": "IFFT2",
    "irfft": "IRFFT", "isin": "IsIn", "istft": "ISTFT", "jvp": "JVP", "psnr": "PSNR", "rfft": "RFFT",
    "rgb_to_grayscale": "RGBToGrayscale", "rgb_to_hsv": "RGBToHSV", "searchsorted": "SearchSorted", "stft": "STFT", "svd": "SVD",
}  # fmt: skip
"""Classes that are not their function's name in camel case."""

CALLED_ON = frozenset({
    "a", "abs_", "angle", "array", "bias", "choicelist", "condition", "condlist", "constant_values", "data", "default",
    "depthwise_kernel", "images", "indices", "inputs", "kernel", "key", "mask", "operands", "output", "pointwise_kernel",
    "predictions", "primals", "q", "query", "scale", "segment_ids", "sorted_sequence", "start", "start_indices", "step", "stop",
    "tangents", "target", "targets", "updates", "value", "values", "variable", "x", "x1", "x2", "xs", "y",
})  # fmt: skip
"""Parameters that a call of Keras' operation takes; the others it is made with."""

CALLED_ON_TOO: Mapping[str, frozenset[str]] = {
    "average": frozenset({"weights"}), "digitize": frozenset({"bins"}), "full": frozenset({"fill_value"}),
    "full_like": frozenset({"fill_value"}), "isclose": frozenset({"rtol", "atol"}), "lstsq": frozenset({"b"}),
    "solve": frozenset({"b"}), "solve_triangular": frozenset({"b"}),
}  # fmt: skip
MADE_WITH: Mapping[str, frozenset[str]] = {"trapezoid": frozenset({"x"})}
"""Exceptions to the names above, by op."""


def class_of(op: str) -> tuple[str, str]:
    """Keras' module and class of an op."""
    module = next((name for name, known in MODULES.items() if op in known), "numpy")
    return f"keras.src.ops.{module}", _camel(op)


def _camel(op: str) -> str:
    return SPELLED.get(op) or "".join(part[:1].upper() + part[1:] for part in op.split("_"))


@cache
def _by_class() -> Mapping[str, str]:
    """Names of ops by Keras' class, also by those of their other names."""
    others = {_camel(alias): OPS.canonical(alias) for alias in OPS.aliases()}
    return {**others, **{_camel(name): name for name in OPS.names()}}


# --- write ----------------------------------------------------------------------------------------------------------


def op_to_keras(layer: Op) -> dict[str, Any]:
    """Keras' form of an op, without the settings that its call says."""
    module, class_name = class_of(layer.op)
    return {
        **keras_object(module, class_name, {"name": layer.name}),
        "registered_name": class_name,
    }


def split_call(
    op: str, structure: tuple[Sequence[Any], Mapping[str, Any]]
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments that Keras' operation is called on, and those that it is made with."""
    args, kwargs = structure
    parameters = inspect.signature(OPS.get(op)).parameters
    bound = inspect.signature(OPS.get(op)).bind(*args, **kwargs)
    bound.apply_defaults()
    called_on: list[Any] = []
    made_with: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        if parameters[name].kind is inspect.Parameter.VAR_POSITIONAL:
            called_on.extend(value)
        elif parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
            made_with.update(value)
        elif _is_called_on(op, name):
            called_on.append(value)
        else:
            made_with[name] = value
    for name, value in made_with.items():
        if _has_slot(value):
            raise refuse(
                f"ops.{op} has a tensor as {name}, which a .keras file cannot hold. Write a layer that calls it.",
                f"ops.{op} 的 {name} 是张量，.keras 文件无法保存。请编写一个调用它的层。",
            )
    while called_on and called_on[-1] is None:
        called_on.pop()
    return called_on, made_with


def _is_called_on(op: str, name: str) -> bool:
    known = name in CALLED_ON or name in CALLED_ON_TOO.get(op, ())
    return known and name not in MADE_WITH.get(op, ())


def _has_slot(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_has_slot, value))
    return isinstance(value, Slot)


# --- read -----------------------------------------------------------------------------------------------------------


def is_operation(entry: Mapping[str, Any]) -> bool:
    """Whether a form is one of an operation on tensors."""
    module = str(entry.get("module") or "")
    return module.startswith(("keras.src.ops.", "keras.ops", "keras.operations"))


def op_from_keras(entry: Mapping[str, Any]) -> tuple[str, Op, dict[str, Any]]:
    """Name, layer and settings of an op.

    Raises:
        FileFormatError: If there is no such op here.
    """
    class_name = str(entry.get("class_name"))
    settings = dict(as_mapping(entry.get("config") or {}, f"config of {class_name}"))
    name = str(settings.pop("name", None) or entry.get("name") or class_name)
    op = _by_class().get(class_name)
    if op is None:
        raise refuse(
            f'"{name}" is the operation {short(class_name)} on tensors, which does not exist here.',
            f"“{name}”是对张量的运算 {short(class_name)}，此处不存在。",
        )
    function: Callable[..., Any] = getattr(ops, op)
    return name, Op(function, op, name=safe_id(name)), settings


def call_of_op(
    op: str, args: Sequence[Any], kwargs: Mapping[str, Any], settings: Mapping[str, Any], what: str
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments of our function from those of Keras' operation and what it was made with."""
    signature = inspect.signature(OPS.get(op))
    given = dict(settings)
    loose = [p for p in signature.parameters.values() if p.kind is p.VAR_POSITIONAL]
    free = [p.name for p in signature.parameters.values() if p.name not in {*given, *kwargs}]
    if not loose:
        given.update(zip(free, args, strict=False))
    known = {
        key: value
        for key, value in {**given, **kwargs}.items()
        if key in signature.parameters or not is_neutral(key, value)
    }
    try:
        if loose:
            first = [known.pop(name) for name in signature.parameters if name in known]
            signature.bind(*first, *args, **known)
            return (*first, *args), known
        signature.bind(**known)
        if len(args) > len(free):
            raise TypeError("too many arguments")
    except TypeError as error:
        raise refuse(
            f"{what} is called in a way that ops.{op} does not know: {error}",
            f"{what} 的调用方式不适用于 ops.{op}：{error}",
        ) from error
    return (), known
