"""Every op of the table against real Keras, over drawn shapes, dtypes and axes: values and dtypes.

Adding an op is one line: its name and what its arguments are drawn from.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina import ops

FLOATS = ["float32", "float64"]
INTS = ["int32", "int64", "uint8", "int8"]
NUMBERS = [*FLOATS, *INTS]
ALL = [*NUMBERS, "bool"]
Draw = st.DrawFn


def values(
    shape: tuple[int, ...], dtype: str, seed: int, low: float = -3, high: float = 3
) -> np.ndarray:
    random = np.random.default_rng(seed)
    if dtype == "bool":
        return random.random(shape) > 0.5
    if "int" in dtype:
        low = max(0, low) if dtype == "uint8" else low
        return np.asarray(random.integers(int(np.ceil(low)), int(high) + 1, shape)).astype(dtype)
    return np.asarray(random.uniform(low, high, shape)).astype(dtype)


shapes = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)
seeds = st.integers(0, 99)


@st.composite
def one(draw: Draw, dtypes: list[str] = ALL, low: float = -3, high: float = 3, **more: Any) -> Any:
    x = values(draw(shapes), draw(st.sampled_from(dtypes)), draw(seeds), low, high)
    return (x,), {name: draw(option) for name, option in more.items()}


@st.composite
def two(draw: Draw, dtypes: list[str] = ALL, low: float = -3, high: float = 3) -> Any:
    shape = draw(shapes)
    other = draw(st.sampled_from([shape, shape[-1:], tuple(1 for _ in shape)]))
    x1 = values(shape, draw(st.sampled_from(dtypes)), draw(seeds), low, high)
    x2 = values(other, draw(st.sampled_from(dtypes)), draw(seeds), low, high)
    number = draw(st.sampled_from([1, 2] if set(dtypes).isdisjoint(FLOATS) else [1, 2, 1.5]))
    return (x1, draw(st.sampled_from([x2, number]))), {}


@st.composite
def reduced(draw: Draw, dtypes: list[str] = ALL, several: bool = True, **more: Any) -> Any:
    x = values(draw(shapes), draw(st.sampled_from(dtypes)), draw(seeds))
    one_axis = st.integers(-x.ndim, x.ndim - 1)
    axes = st.lists(st.integers(0, x.ndim - 1), min_size=1, unique=True).map(tuple)
    axis = draw(st.one_of(st.none(), one_axis, axes) if several else one_axis)
    return (x,), {"axis": axis, **{name: draw(option) for name, option in more.items()}}


@st.composite
def joined(draw: Draw) -> Any:
    shape = draw(shapes)
    count = draw(st.integers(1, 3))
    xs = [values(shape, draw(st.sampled_from(ALL)), draw(seeds)) for _ in range(count)]
    return (xs,), {"axis": draw(st.integers(-len(shape), len(shape) - 1))}


@st.composite
def matrices(draw: Draw, dtypes: list[str] = NUMBERS) -> Any:
    n, m, k = (draw(st.integers(1, 4)) for _ in range(3))
    batch = draw(st.sampled_from([(), (2,)]))
    x1 = values((*batch, n, m), draw(st.sampled_from(dtypes)), draw(seeds))
    return (x1, values((*batch, m, k), draw(st.sampled_from(dtypes)), draw(seeds))), {}


def fixed(*calls: Any) -> Any:
    return st.sampled_from([(call if isinstance(call, tuple) else (call,), {}) for call in calls])


@st.composite
def windows(draw: Draw, kind: str) -> Any:
    """Images over one to three axes, with a kernel or the sizes of windows."""
    rank = draw(st.integers(1, 3))
    sizes = tuple(draw(st.integers(1, 3)) for _ in range(rank))
    channels = draw(st.sampled_from([2, 4]))
    x = values(
        (2, *(draw(st.integers(5, 7)) for _ in range(rank)), channels), "float32", draw(seeds)
    )
    strides = draw(st.integers(1, 3))
    padding = draw(st.sampled_from(["valid", "same"]))
    options: dict[str, Any] = {"padding": padding}
    if kind == "pool":
        return (x, sizes), {**options, "strides": draw(st.sampled_from([None, strides]))}
    if strides == 1:
        options["dilation_rate"] = draw(st.integers(1, 2))
    options["strides"] = strides
    inside = {"conv": (draw(st.sampled_from([channels, 2])), 4), "depthwise": (channels, 2),
              "transpose": (3, channels)}[kind]  # fmt: skip
    kernel = values((*sizes, *inside), "float32", draw(seeds), -0.1, 0.1)
    if kind == "transpose":
        fits = min(strides, *((n - 1) * options.get("dilation_rate", 1) + 1 for n in sizes)) - 1
        options["output_padding"] = draw(st.sampled_from([None, fits]))
    return (x, kernel), options


def centred(drawn: Any) -> bool:
    """Whether "same" adds as much before as after; Keras on torch repeats the edge where it does not."""
    (x, sizes), options = drawn
    strides = options["strides"]
    for length, size in zip(x.shape[1:-1], sizes, strict=True):
        step = size if strides is None else strides
        if max((-(-length // step) - 1) * step + size - length, 0) % 2:
            return False
    return True


@st.composite
def distributions(draw: Draw, sparse: bool = False, binary: bool = False) -> Any:
    shape = (*draw(shapes), 3)
    logits = draw(st.booleans())
    output = values(shape, "float32", draw(seeds), *((-3, 3) if logits else (0.01, 1)))
    if sparse:
        target = values(shape[:-1], "int32", draw(seeds), 0, 2)
        return (draw(st.sampled_from([target, target[..., None]])), output), {"from_logits": logits}
    return (values(shape, "float32", draw(seeds), 0, 1), output), {"from_logits": logits}


@st.composite
def attended(draw: Draw) -> Any:
    heads, fewer, steps = 4, draw(st.sampled_from([1, 2, 4])), draw(st.integers(1, 4))
    fewer = 4 if fewer == 1 else fewer
    q = values((2, 3, heads, 5), "float32", draw(seeds))
    k, v = (values((2, steps, fewer, 5), "float32", draw(seeds)) for _ in range(2))
    mask = draw(st.sampled_from([None, "mask", "bias"]))
    options = {"is_causal": draw(st.booleans()), "scale": draw(st.sampled_from([None, 0.3]))}
    if mask == "mask":
        options["mask"] = values((2, 1, 3, steps), "bool", draw(seeds))
        options["mask"][..., 0] = True
    elif mask == "bias":
        options |= {
            "bias": values((2, heads, 3, steps), "float32", draw(seeds)),
            "is_causal": False,
        }
    return (q, k, v), options


keep = st.booleans()
MATRIX = np.arange(12, dtype="float32").reshape(3, 4)
CUBE = np.arange(24, dtype="int32").reshape(2, 3, 4)
PLACES = st.sampled_from(["constant", "nearest", "wrap", "mirror", "reflect"])


@st.composite
def warped(draw: Draw, kind: str) -> Any:
    """Images of fractions or bytes, with what bends them."""
    random = np.random.default_rng(draw(seeds))
    shape = tuple(draw(st.integers(2, 6)) for _ in range(2))
    batch = draw(st.sampled_from([(), (1,), (3,)]))
    dtype = draw(st.sampled_from(["float32", "float64", "uint8", "int32"]))
    channels = draw(st.integers(1, 3))
    order = draw(st.sampled_from(["channels_last", "channels_first"]))
    sizes = (*shape, channels) if order == "channels_last" else (channels, *shape)
    images = (random.random((*batch, *sizes)) * (255 if "int" in dtype else 1)).astype(dtype)
    how = draw(st.sampled_from(["bilinear", "nearest"]))
    fill = draw(st.sampled_from([0.0, 7.0]))
    if kind == "map_coordinates":
        places = random.uniform(-4, 9, (images.ndim, 2, 3)).astype("float32")
        return (images, places, draw(st.sampled_from([0, 1])), draw(PLACES), fill), {}
    if kind == "affine_transform":
        transform = random.normal([1, 0, 0, 0, 1, 0], 0.4, (*batch, 6)).astype("float32")
        transform = np.concatenate([transform, np.zeros((*batch, 2), "float32")], -1)
        return (images, transform, how, draw(PLACES), fill, order), {}
    if kind == "perspective_transform":
        images = images.astype("float32" if "int" in dtype else dtype)
        height, width = shape
        start = np.array([[0, 0], [width, 0], [0, height], [width, height]], dtype="float32")
        each = batch if draw(st.booleans()) else ()
        end = start + random.uniform(-0.4, 0.4, (*each, 4, 2)).astype("float32")
        return (images, np.broadcast_to(start, end.shape).copy(), end, how, fill, order), {}
    axes = sorted(draw(st.sets(st.integers(0, images.ndim - 1), min_size=1, max_size=3)))
    sizes = [draw(st.integers(1, 7)) if a in axes else n for a, n in enumerate(images.shape)]
    scale = random.uniform(0.4, 2.5, len(axes)).astype("float32")
    moves = random.uniform(-2, 2, len(axes)).astype("float32")
    methods = [
        "linear",
        "bilinear",
        "trilinear",
        "cubic",
        "bicubic",
        "tricubic",
        "lanczos3",
        "lanczos5",
    ]
    method = draw(st.sampled_from(methods))
    return (images, sizes, scale, moves, axes, method, draw(st.booleans())), {}


@st.composite
def decoded(draw: Draw) -> Any:
    random = np.random.default_rng(draw(seeds))
    batch, steps, classes = (
        draw(st.integers(1, 3)),
        draw(st.integers(1, 6)),
        draw(st.integers(2, 4)),
    )
    scores = random.normal(0, 2, (batch, steps, classes)).astype("float32")
    lengths = random.integers(1, steps + 1, batch).astype("int32")
    blank = draw(st.integers(0, classes - 1))
    if draw(st.booleans()):
        options = {"merge_repeated": draw(st.booleans()), "mask_index": blank}
        return (scores, lengths, "greedy"), options
    width = draw(st.integers(2, 12))
    paths = draw(st.integers(1, min(2, classes)))
    return (scores, lengths, "beam_search", width, paths), {"mask_index": blank}


IMAGES = np.sin(np.arange(40, dtype="float32")).reshape(1, 5, 4, 2)
WAVE = np.sin(np.arange(80, dtype="float32") ** 1.5).reshape(4, 20)
SPECTRUM = np.cos(np.arange(60, dtype="float32")).reshape(2, 6, 5)
POSITIVE = np.float32([[4, 1, 0.5], [1, 3, 0.2], [0.5, 0.2, 2]])
RGB = np.abs(np.sin(np.arange(60, dtype="float32"))).reshape(1, 5, 4, 3)
BYTES = (RGB[0] * 255).astype("uint8")
NAN = np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, 2.0]], "float32")

TABLE: dict[str, Any] = {
    **dict.fromkeys(
        ["arcsin", "arccos", "arctan", "arcsinh", "arctanh", "erfinv"], one(FLOATS, -0.9, 0.9)
    ),
    **dict.fromkeys(
        ["cos", "cosh", "sin", "sinh", "tan", "tanh", "exp", "exp2", "expm1", "deg2rad", "rad2deg", "sinc",
         "sigmoid", "floor", "ceil"],
        one(NUMBERS),
    ),
    **dict.fromkeys(
        ["log", "log2", "log10", "log1p", "sqrt", "rsqrt", "reciprocal", "arccosh"], one(NUMBERS, 1, 3)
    ),
    **dict.fromkeys(["erf", "erfc", "i0", "cbrt", "angle", "softplus", "silu", "leaky_relu"], one(FLOATS)),
    **dict.fromkeys(["absolute", "abs", "sign", "negative", "square", "relu", "fabs", "trunc"], one(NUMBERS)),
    **dict.fromkeys(
        ["isfinite", "isinf", "isnan", "isposinf", "isneginf", "signbit", "real", "conj", "copy"],
        one(NUMBERS),
    ),
    **dict.fromkeys(["logical_not", "zeros_like", "ones_like", "ravel", "flip", "squeeze"], one()),
    "bitwise_not": one(INTS),
    **dict.fromkeys(["add", "subtract", "multiply", "divide", "true_divide"], two(NUMBERS)),
    **dict.fromkeys(["maximum", "minimum", "divide_no_nan", "logaddexp", "arctan2", "hypot"], two(NUMBERS)),
    **dict.fromkeys(["floor_divide", "mod"], two(NUMBERS, 1, 3)),
    "power": two(FLOATS, 0.5, 3),
    **dict.fromkeys(["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"], two()),
    **dict.fromkeys(["logical_and", "logical_or", "logical_xor", "isclose"], two()),
    **dict.fromkeys(["bitwise_and", "bitwise_or", "bitwise_xor", "gcd", "lcm"], two(INTS, 1, 3)),
    **dict.fromkeys(["sum", "mean", "var", "std", "logsumexp"], reduced(NUMBERS, keepdims=keep)),
    # with all axes Keras' torch backend forgets keepdims here
    **dict.fromkeys(["max", "min", "amax", "amin", "prod"], reduced(NUMBERS)),
    **dict.fromkeys(["all", "any"], reduced(keepdims=keep)),
    **dict.fromkeys(["median"], reduced(FLOATS)),
    **dict.fromkeys(["argmax", "argmin"], reduced(FLOATS, several=False, keepdims=keep)),
    **dict.fromkeys(["cumsum", "cumprod", "sort", "argsort"], reduced(FLOATS, several=False)),
    **dict.fromkeys(["softmax", "log_softmax"], reduced(FLOATS, several=False)),
    "top_k": one(FLOATS, k=st.just(1)),
    "quantile": reduced(FLOATS, q=st.floats(0, 1)),
    "average": reduced(NUMBERS),
    **dict.fromkeys(["concatenate", "stack"], joined()),
    "matmul": matrices(),
    "dot": matrices(FLOATS).filter(lambda drawn: drawn[0][0].ndim == 2),
    "tensordot": fixed((MATRIX, MATRIX, [[0], [0]]), (MATRIX, MATRIX.T, 1)),
    "einsum": fixed(("ij,kj->ik", MATRIX, MATRIX), ("ij->j", MATRIX)),
    "outer": two(FLOATS).filter(lambda drawn: not isinstance(drawn[0][1], (int, float))),
    "round": one(FLOATS, decimals=st.integers(0, 2)),
    "clip": one(NUMBERS, x_min=st.just(1), x_max=st.just(2)),
    "where": fixed((MATRIX > 3, MATRIX, 0.0), (MATRIX > 3, 1, 2), (MATRIX > 3, 1, 2.5), (MATRIX > 2, CUBE[0], MATRIX)),
    "cast": one(dtype=st.sampled_from(ALL)),
    "transpose": fixed(MATRIX, (CUBE, (1, 2, 0))),
    "reshape": fixed((MATRIX, (2, -1)), (CUBE, (4, 6)), (CUBE, -1)),
    "split": fixed((MATRIX, 2, 1), (CUBE, [1, 3], 2)),
    "array_split": fixed((MATRIX, 3, 1)),
    "expand_dims": fixed((MATRIX, 0), (MATRIX, -1), (MATRIX, (0, 2))),
    "moveaxis": fixed((CUBE, 0, -1), (CUBE, (0, 1), (2, 0))),
    "swapaxes": fixed((CUBE, 0, 2)),
    "tile": fixed((MATRIX, 2), (MATRIX, (2, 1, 3))),
    "repeat": fixed((MATRIX, 2), (MATRIX, 2, 1), (MATRIX, np.array([1, 0, 2]), 0)),
    "roll": fixed((MATRIX, 2), (CUBE, -1, 1)),
    "rot90": fixed((MATRIX, 1), (CUBE, 2, (0, 2))),
    "pad": fixed((MATRIX, ((1, 0), (0, 2))), (MATRIX, ((1, 1), (2, 1)), "reflect"), (MATRIX, ((1, 1), (0, 1)), "constant", 5.0)),
    "take": fixed((MATRIX, [0, -1], 1), (CUBE, [[0, 1], [2, -1]], 1), (MATRIX, 3)),
    "take_along_axis": fixed((MATRIX, np.argsort(-MATRIX, 1), 1)),
    **dict.fromkeys(["diag", "tril", "triu", "trace"], fixed((MATRIX, 0), (MATRIX, 1), (MATRIX, -1))),
    "diagonal": fixed((CUBE, 1, 0, 2)),
    "meshgrid": fixed(([1, 2], [3, 4, 5])),
    "diff": fixed((MATRIX, 1), (MATRIX, 2, 0)),
    "searchsorted": fixed((np.float32([1, 2, 3]), np.float32([2, 2.5]), "right")),
    "digitize": fixed((np.float32([0.5, 1.0, 9.0]), np.float32([1, 2, 3]))),
    "bincount": fixed(([0, 2, 2],), ([0, 2, 2], None, 5)),
    "one_hot": fixed((np.array([0, 2, -1]), 3), (np.array([[0], [2]]), 3, 1), (np.array([1]), 2, -1, "int32")),
    "arange": fixed(5, (1, 4), (0, 1, 0.25), (2.0, 5), (0, 6, 2, "int64")),
    "linspace": fixed((0, 1, 5), (0.0, 2.0, 4, False), (1, 2, 1)),
    "logspace": fixed((0, 2, 5)),
    "eye": fixed(3, (2, 4, 1), (3, 3, -1, "int32")),
    "tri": fixed(3, (2, 4, 1)),
    "full": fixed(((2, 3), 4), ((2,), 1.5, "float64")),
    **dict.fromkeys(["hanning", "hamming", "blackman", "bartlett"], fixed(1, 7, 8)),
    **dict.fromkeys(["nansum", "nanmean", "nanprod", "nanstd", "nanvar"], fixed(NAN, (NAN, 1))),
    **dict.fromkeys(["nancumsum", "nancumprod"], fixed((NAN, 1))),
    **dict.fromkeys(["nanmax", "nanmin"], fixed(NAN, (NAN, 1))),
    **dict.fromkeys(
        ["relu6", "selu", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "log_sigmoid", "softsign",
         "sparse_plus", "sparse_sigmoid", "tanh_shrink"],
        one(FLOATS),
    ),
    **dict.fromkeys(["elu", "celu"], one(FLOATS, alpha=st.sampled_from([0.5, 1.0]))),
    **dict.fromkeys(["hard_shrink", "soft_shrink"], one(FLOATS, threshold=st.sampled_from([0.5, 1.0]))),
    "glu": fixed((MATRIX - 4, 1), (MATRIX - 4, -1)),
    "squareplus": one(["float32"], b=st.sampled_from([4, 1])),
    "threshold": one(FLOATS, threshold=st.just(0.5), default_value=st.just(-1.0)),
    "gelu": one(FLOATS, approximate=keep),
    "conv": windows("conv"),
    "depthwise_conv": windows("depthwise"),
    "conv_transpose": windows("transpose"),
    "separable_conv": fixed((IMAGES, IMAGES[0, :2, :2, :, None], IMAGES[:1, :1, 0, :2].reshape(1, 1, 2, 1)), (IMAGES, IMAGES[0, :2, :2, :, None], IMAGES[0, :2, :2].reshape(1, 1, 2, 4), 2, "same")),
    "max_pool": windows("pool"),
    "average_pool": windows("pool").filter(centred),
    **dict.fromkeys(["adaptive_average_pool", "adaptive_max_pool"], fixed((IMAGES, 3), (IMAGES, (2, 4)), (IMAGES[0], 2))),
    "batch_normalization": fixed((MATRIX, MATRIX[0], MATRIX[1], -1), (MATRIX, MATRIX[:, 0], MATRIX[:, 1], 0, MATRIX[:, 2], MATRIX[:, 3], 0.1)),
    "layer_normalization": fixed(MATRIX, (MATRIX, MATRIX[0], MATRIX[1]), (IMAGES, None, None, (-2, -1)), (IMAGES, None, None, (1, 3), 0.1)),
    "rms_normalization": fixed(MATRIX, (MATRIX, MATRIX[0]), (IMAGES, None, (1, 3), 0.1)),
    "normalize": fixed(MATRIX, (MATRIX, 0), (MATRIX, -1, 3), (MATRIX, 0, 1)),
    "moments": fixed((MATRIX, [0]), (IMAGES, (0, 1, 2)), (IMAGES, [1], True)),
    "binary_crossentropy": distributions(),
    "categorical_crossentropy": distributions(),
    "sparse_categorical_crossentropy": distributions(sparse=True),
    "ctc_decode": decoded(),
    **{name: warped(name) for name in ("map_coordinates", "affine_transform", "perspective_transform", "scale_and_translate")},
    "ssim": fixed((np.tile(RGB, (2, 3, 3, 1)), np.tile(RGB[:, ::-1], (2, 3, 3, 1)) * 0.9, 1.0, 5), (np.tile(RGB[0], (4, 4, 1)), np.tile(RGB[0], (4, 4, 1)) ** 2, 2.0, 7, 1.0, 0.02, 0.05)),
    "psnr": fixed((np.float32([1, 2]), np.float32([2, 2.5]), 2)),
    "multi_hot": fixed((np.array([0, 2]), 3), (np.array([[0, 2], [1, 1]]), 4)),
    "dot_product_attention": attended(),
    **dict.fromkeys(["space_to_depth"], fixed((IMAGES[:, :4, :4], 2), (IMAGES[:, :4].transpose(0, 3, 1, 2), 2, "channels_first"))),
    **dict.fromkeys(["depth_to_space"], fixed((IMAGES.reshape(1, 5, 2, 4), 2), (IMAGES.reshape(1, 8, 1, 5), 2, "channels_first"))),
    **dict.fromkeys(["det", "inv", "logdet", "slogdet", "cholesky", "pinv", "matrix_rank", "eigh"], fixed(POSITIVE, (np.stack([POSITIVE, 2 * POSITIVE]),))),
    "cholesky_inverse": fixed(POSITIVE, (POSITIVE, True)),
    "eig": fixed(POSITIVE),
    "lu_factor": fixed(POSITIVE),
    "qr": fixed(MATRIX, (MATRIX, "complete")),
    "svd": fixed((POSITIVE, True, False), (POSITIVE,), (MATRIX, False, False)),
    "solve": fixed((POSITIVE, MATRIX), (POSITIVE, MATRIX[:, 0])),
    "solve_triangular": fixed((np.triu(POSITIVE), MATRIX), (np.tril(POSITIVE), MATRIX[:, 0], True)),
    "lstsq": fixed((MATRIX.T[:, :2], MATRIX[0]), (MATRIX.T[:, :2], MATRIX.T, 1e-3)),
    "norm": fixed(MATRIX, (CUBE, None, (1, 2)), (MATRIX, 1, 0, True), (MATRIX, "nuc"), (MATRIX, np.inf, 1), (CUBE[0].astype("int64"), 2, 1)),
    "cross": fixed((MATRIX[:, :3], MATRIX[:, 1:], -1, -1, -1, -1), (MATRIX, MATRIX + 1, -1, -1, -1, 0)),
    "inner": fixed((MATRIX, MATRIX), (MATRIX[0], MATRIX[1])),
    "vander": fixed(MATRIX[0], (MATRIX[1], 3, True)),
    "corrcoef": fixed(POSITIVE),
    "correlate": fixed(*[(MATRIX[1], MATRIX[0, 1:], mode) for mode in ("valid", "same", "full")]),
    "cdist": fixed((MATRIX, MATRIX + 1)),
    **dict.fromkeys(["fft", "fft2", "ifft2"], fixed(((MATRIX, MATRIX + 1),))),
    "rfft": fixed(MATRIX, (MATRIX, 3), (MATRIX, 7)),
    "irfft": fixed(((MATRIX, MATRIX + 1),), ((MATRIX, MATRIX + 1), 5)),
    "stft": fixed((WAVE, 8, 4, 8), (WAVE, 6, 3, 8, "hamming"), (WAVE[0], 6, 3, 8, None, False), (WAVE.reshape(2, 2, 20), 8, 4, 16, np.ones(8))),
    "istft": fixed(((SPECTRUM, SPECTRUM + 1), 8, 4, 8), ((SPECTRUM, SPECTRUM), 8, 4, 8, 15, "hamming")),
    "extract_sequences": fixed((WAVE, 5, 3)),
    "trapezoid": fixed(MATRIX, (MATRIX, MATRIX[0] ** 2), (MATRIX, None, 0.5, 0)),
    "histogram": fixed((torch.tensor(WAVE[0]), 5), (torch.tensor(WAVE[1]), 4, (-0.5, 0.5))),
    **dict.fromkeys(["segment_sum", "segment_prod", "segment_max", "segment_min"], fixed((MATRIX, np.array([0, 1, 0])), (MATRIX, np.array([2, -1, 0]), 2), (CUBE, np.array([0, 1]), 2))),
    "in_top_k": fixed((np.array([0, 3, 2]), MATRIX, 2), (np.array([1, 0]), np.float32([[1, 1, 0], [0, 2, 3]]), 1)),
    "scatter": fixed((np.array([[0, 1], [2, 0], [0, 1]]), np.float32([1, 2, 3]), (3, 2)), (np.array([[1]]), MATRIX[:1], (2, 4))),
    "scatter_update": fixed(*[(MATRIX, np.array([[0, 1], [2, 3], [0, 1]]), np.float32([5, 2, -1]), how) for how in ("add", "max", "min", "mul")], (MATRIX, np.array([[1], [0]]), MATRIX[1:]), (CUBE, np.array([[1, -1]]), CUBE[0, :1] + 50, "max")),
    "slice": fixed((MATRIX, (1, 0), (2, 3)), (CUBE, np.array([0, 1, 2]), np.array([2, 2, 1]))),
    "slice_update": fixed((MATRIX, [1, 2], MATRIX[:2, :2] + 7), (CUBE, np.array([0, 1, 2]), CUBE[:, :2, :1])),
    **dict.fromkeys(["nanargmax", "nanargmin"], fixed(NAN, (NAN, 0), (NAN, 1), (NAN, 1, True))),
    **dict.fromkeys(["nanmedian"], fixed(NAN, (NAN, 1), (NAN, 1, True))),
    "nanquantile": fixed((NAN, 0.3), (NAN, np.float32([0.2, 0.9]), 1)),
    "nanpercentile": fixed((NAN, 30), (NAN, 70, 1)),
    "resize": fixed(*[(IMAGES, (7, 3), how, sharp) for how in ("bilinear", "nearest", "bicubic") for sharp in (False, True)], (BYTES, (3, 5)), (BYTES, (4, 9), "bilinear", False, True), (IMAGES, (4, 9), "nearest", False, False, True, "constant", 2.0), (CUBE, (4, 4), "bilinear", False, False, False, "constant", 0.0, "channels_first")),
    "pad_images": fixed((IMAGES, 1, 2, None, None, 9, 8), (BYTES, 1, 0, 2, 3), (IMAGES, None, 0, 1, 1, 7, None)),
    "crop_images": fixed((IMAGES, 1, 2, None, None, 3, 1), (BYTES, 1, 0, 2, 1), (IMAGES, None, 0, 1, 1, 2, None)),
    "rgb_to_grayscale": fixed(BYTES, (RGB,), (RGB[..., :1],), (RGB.transpose(0, 3, 1, 2), "channels_first")),
    **dict.fromkeys(["rgb_to_hsv", "hsv_to_rgb"], fixed(RGB, (RGB[0],), (RGB.transpose(0, 3, 1, 2), "channels_first"))),
    "unfold": fixed((torch.tensor(IMAGES), 2), (torch.tensor(IMAGES), (2, 1), 1, 1, 2)),
    "fold": fixed((torch.ones(1, 8, 12), (4, 5), 2)),
    **dict.fromkeys(["append", "fmax", "fmin", "kron", "heaviside", "logaddexp2"], fixed((MATRIX, MATRIX + 1))),
    **dict.fromkeys(["hstack", "vstack", "dstack"], fixed(([MATRIX, MATRIX + 1],))),
    **dict.fromkeys(["hsplit", "vsplit"], fixed((MATRIX[:2], 2))),
    "dsplit": fixed((CUBE, 2)),
    **dict.fromkeys(["fliplr", "flipud", "diagflat", "ndim", "ptp"], fixed(MATRIX)),
    "isreal": fixed(MATRIX),
    "identity": fixed(3),
    "broadcast_to": fixed((MATRIX, (2, 3, 4))),
    "unstack": fixed((torch.tensor(MATRIX),), (torch.tensor(MATRIX), 4, 1)),
    "full_like": fixed((MATRIX, 2)),
    **dict.fromkeys(["zeros", "ones"], fixed(3, ((2, 3), "int32"))),
    "percentile": fixed((MATRIX, 30), (MATRIX, 70, 1)),
    "isin": fixed((MATRIX, np.float32([1, 5]))),
    "polar": fixed((MATRIX, MATRIX)),
}  # fmt: skip


def compare(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            compare(a, b)
    elif isinstance(theirs, torch.Tensor):
        assert ours.dtype == theirs.dtype
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(
            ours.detach().cpu(), theirs.detach().cpu(), rtol=1e-5, atol=1e-6, equal_nan=True
        )
    else:
        assert ours == theirs


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.filterwarnings("ignore:You are using a softmax over axis")
@settings(max_examples=15)
@given(data=st.data())
def test_equals_keras(name: str, data: st.DataObject) -> None:
    args, kwargs = data.draw(TABLE[name])
    keras_op = getattr(keras.ops, name, None) or getattr(keras.ops.image, name)
    compare(getattr(ops, name)(*args, **kwargs), keras_op(*args, **kwargs))


@pytest.mark.parametrize("name", ops.OPS.names())
def test_every_op_has_keras_name_and_arguments(name: str) -> None:
    import inspect

    theirs = inspect.signature(getattr(keras.ops, name, None) or getattr(keras.ops.image, name))
    compute = inspect.signature(ops.OPS.get(name).__dict__["compute"])
    ours = [p for p in compute.parameters.values() if p.kind is not p.VAR_KEYWORD]
    known = [p for p in theirs.parameters.values() if p.kind is not p.VAR_KEYWORD]
    if name in ("isclose", "allclose") or known[:1] == []:
        return
    for mine, other in zip(ours, known, strict=False):
        assert mine.default == other.default or mine.name.startswith("x")
    assert len(ours) == len(known)
