"""Every layer against real Keras: the same weights and inputs give the same outputs and gradients."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lamina.layer import LAYERS
from lamina.layers import Input
from lamina.network import Network

ACTIVATIONS = st.sampled_from(
    ["linear", "relu", "tanh", "sigmoid", "gelu", "elu", "silu", "softplus"]
)
PAIR = st.tuples(st.integers(1, 3), st.integers(1, 3))
PADDING = st.sampled_from(["valid", "same"])
IMAGE = st.tuples(st.integers(6, 9), st.integers(6, 9), st.sampled_from([1, 2, 4]))
ANY_SHAPE = st.lists(st.integers(1, 5), min_size=1, max_size=3).map(tuple)
SEQUENCE = st.tuples(st.integers(5, 8), st.integers(1, 4))
VOLUME = st.tuples(st.integers(5, 6), st.integers(5, 6), st.integers(5, 6), st.sampled_from([1, 2]))
INPUTS: dict[int, st.SearchStrategy[tuple[int, ...]]] = {1: SEQUENCE, 2: IMAGE, 3: VOLUME}

Config = dict[str, Any]
Case = tuple[Config, list[tuple[int, ...]]]


def sizes(rank: int, most: int = 3) -> st.SearchStrategy[Any]:
    """Sizes along each axis, as one number or one for each."""
    size = st.integers(1, most)
    return size | st.tuples(*[size] * rank)


@st.composite
def windows(draw: st.DrawFn, rank: int, padding: st.SearchStrategy[str] = PADDING) -> Config:
    """What all convolutions share; strides and dilation not both above 1."""
    strides = draw(sizes(rank))
    dilated = strides in (1, (1,) * rank) and draw(st.booleans())
    return {
        "kernel_size": draw(sizes(rank)),
        "strides": strides,
        "padding": draw(padding),
        "dilation_rate": 2 if dilated else 1,
        "activation": draw(ACTIVATIONS),
        "use_bias": draw(st.booleans()),
    }


@st.composite
def spectrogram(draw: st.DrawFn) -> Case:
    frame = draw(st.integers(3, 9))
    config = {
        "mode": draw(st.sampled_from(["log", "magnitude", "psd", "real", "imag", "angle", "stft"])),
        "frame_length": frame,
        "frame_step": draw(st.none() | st.integers(1, frame)),
        "fft_length": draw(st.sampled_from([None, 16])),
        "window": draw(st.sampled_from(["hann", "hamming", None])),
        "periodic": draw(st.booleans()),
        "scaling": draw(st.sampled_from(["density", "spectrum", None])),
        "padding": draw(PADDING),
        "expand_dims": draw(st.booleans()),
    }
    return config, [(draw(st.integers(frame, 20)), draw(st.integers(1, 3)))]


@st.composite
def normalized(draw: st.DrawFn, **options: st.SearchStrategy[Any]) -> Case:
    """A layer that normalizes over the last axis or several, counted from either end; Keras on torch fails at others."""
    shape = draw(ANY_SHAPE)
    axes = list(range(draw(st.integers(1, len(shape))), len(shape) + 1))
    if draw(st.booleans()):
        axes = [axis - len(shape) - 1 for axis in axes]
    axis = axes[0] if len(axes) == 1 and draw(st.booleans()) else axes
    return {"axis": axis, **{name: draw(value) for name, value in options.items()}}, [shape]


@st.composite
def conv(draw: st.DrawFn, rank: int) -> Case:
    shape = draw(INPUTS[rank])
    groups = draw(st.sampled_from([g for g in (1, 2, 4) if shape[-1] % g == 0]))
    config = {"filters": groups * draw(st.integers(1, 3)), "groups": groups}
    padding = st.sampled_from(["valid", "same", "causal"]) if rank == 1 else PADDING
    window = draw(windows(rank, padding))
    return {**config, **window}, [shape]


@st.composite
def depthwise(draw: st.DrawFn, rank: int, *, separable: bool) -> Case:
    config = {"depth_multiplier": draw(st.integers(1, 3)), **draw(windows(rank))}
    if separable:
        config["filters"] = draw(st.integers(1, 4))
    return config, [draw(INPUTS[rank])]


@st.composite
def conv_transpose(draw: st.DrawFn, rank: int) -> Case:
    config = {"filters": draw(st.integers(1, 3)), **draw(windows(rank))}
    strides = config["strides"]
    each = (strides,) * rank if isinstance(strides, int) else strides
    config["output_padding"] = draw(
        st.none() | st.tuples(*[st.integers(0, stride - 1) for stride in each])
    )
    return config, [draw(INPUTS[rank])]


@st.composite
def pooling(draw: st.DrawFn, rank: int) -> Case:
    config = {
        "pool_size": draw(sizes(rank)),
        "strides": draw(st.none() | sizes(rank)),
        "padding": draw(PADDING),
    }
    return config, [draw(INPUTS[rank])]


@st.composite
def merging(draw: st.DrawFn, most: int = 4) -> Case:
    """Inputs of equal shapes, some with an axis of size 1, one with an axis less."""
    shape = draw(ANY_SHAPE)
    shapes = [
        tuple(1 if draw(st.booleans()) else size for size in shape)
        if draw(st.booleans())
        else shape
        for _ in range(draw(st.integers(2, most)))
    ]
    if len(shape) > 1 and draw(st.booleans()):
        shapes[1] = shapes[1][1:]
    return {}, shapes


@st.composite
def dot(draw: st.DrawFn) -> Case:
    size = st.integers(1, 4)
    first, second = (draw(st.lists(size, min_size=1, max_size=3)) for _ in range(2))
    a, b = draw(st.integers(1, len(first))), draw(st.integers(1, len(second)))
    second[b - 1] = first[a - 1]
    axes: Any = (a, b)
    if draw(st.booleans()):
        axes = (a - len(first) - 1, b - len(second) - 1)
    if axes[0] == axes[1] and draw(st.booleans()):
        axes = axes[0]
    return {"axes": axes, "normalize": draw(st.booleans())}, [tuple(first), tuple(second)]


@st.composite
def resizing(draw: st.DrawFn) -> Case:
    kept = draw(st.sampled_from(["crop_to_aspect_ratio", "pad_to_aspect_ratio", None]))
    config = {
        "height": draw(st.integers(1, 12)),
        "width": draw(st.integers(1, 12)),
        "interpolation": draw(st.sampled_from(["bilinear", "nearest", "bicubic"])),
        "fill_value": draw(st.sampled_from([0.0, 2.5])),
        "antialias": draw(st.booleans()),
        **({kept: True} if kept else {}),
    }
    return config, [draw(IMAGE)]


@st.composite
def lstm(draw: st.DrawFn) -> Case:
    config = {
        "units": draw(st.integers(1, 6)),
        "activation": draw(st.sampled_from(["tanh", "relu"])),
        "use_bias": draw(st.booleans()),
        "return_sequences": draw(st.booleans()),
        "go_backwards": draw(st.booleans()),
    }
    return config, [(draw(st.integers(1, 6)), draw(st.integers(1, 5)))]


@st.composite
def recurrent(draw: st.DrawFn, *, gated: bool) -> Case:
    config, shapes = draw(lstm())
    if gated:
        config["reset_after"] = draw(st.booleans())
        config["recurrent_activation"] = draw(st.sampled_from(["sigmoid", "hard_sigmoid"]))
    return config, shapes


@st.composite
def conv_lstm(draw: st.DrawFn, rank: int) -> Case:
    config = {
        "filters": draw(st.integers(1, 3)),
        **draw(windows(rank)),
        "activation": draw(st.sampled_from(["tanh", "relu"])),
        "return_sequences": draw(st.booleans()),
        "go_backwards": draw(st.booleans()),
        "dropout": draw(st.sampled_from([0.0, 0.3])),
    }
    time, sizes = draw(st.integers(1, 3)), [draw(st.integers(5, 6)) for _ in range(rank)]
    return config, [(time, *sizes, draw(st.integers(1, 2)))]


@st.composite
def einsum_dense(draw: st.DrawFn) -> Case:
    equation, shape, output_shape, bias_axes = draw(
        st.sampled_from(
            [
                ("ab,bc->ac", (3,), 5, "c"),
                ("abc,cd->abd", (4, 3), (None, 5), "d"),
                ("abc,cde->abde", (4, 3), (None, 2, 5), "de"),
                ("abc,bd->adc", (4, 3), (5, 3), "d"),
                ("...x,xy->...y", (3,), 5, "y"),
                ("...x,xy->...y", (2, 4, 3), (5,), "y"),
                ("ab...,bc->ac...", (3, 4, 2), (5,), "c"),
            ]
        )
    )
    config = {
        "equation": equation,
        "output_shape": output_shape,
        "bias_axes": bias_axes if draw(st.booleans()) else None,
        "activation": draw(ACTIVATIONS),
    }
    return config, [shape]


@st.composite
def group_normalization(draw: st.DrawFn) -> Case:
    small = st.tuples(st.integers(2, 5), st.sampled_from([2, 4, 6]))
    large = st.tuples(st.integers(6, 9), st.integers(8, 12), st.sampled_from([2, 4, 6]))
    shape = draw(small | large)
    axis = draw(st.sampled_from([-1, *range(1, len(shape) + 1)]))
    size = shape[-1] if axis == -1 else shape[axis - 1]
    config = {
        "axis": axis,
        "groups": draw(st.sampled_from([-1, *(g for g in range(1, size + 1) if size % g == 0)])),
        "center": draw(st.booleans()),
        "scale": draw(st.booleans()),
        "epsilon": draw(st.sampled_from([1e-3, 1e-2])),
    }
    return config, [shape]


@st.composite
def prelu(draw: st.DrawFn) -> Case:
    shape = draw(ANY_SHAPE)
    axes = st.lists(st.integers(1, len(shape)), min_size=1, unique=True)
    return {"shared_axes": draw(st.none() | axes)}, [shape]


@st.composite
def attention(draw: st.DrawFn) -> Case:
    config: Config = {
        "num_heads": draw(st.integers(1, 3)),
        "key_dim": draw(st.integers(1, 4)),
        "value_dim": draw(st.none() | st.integers(1, 4)),
        "use_bias": draw(st.booleans()),
        "use_gate": draw(st.booleans()),
        "sliding_window": draw(st.none() | st.integers(1, 3)),
        "dropout": draw(st.sampled_from([0.0, 0.5])),
        "output_shape": draw(st.none() | st.sampled_from([(3,), (2, 3)])),
    }
    query, value, key = (draw(st.integers(1, 5)) for _ in range(3))
    times: list[tuple[int, ...]] = [(draw(st.integers(1, 5)),) for _ in range(2)]
    if config["sliding_window"] is None and draw(st.booleans()):
        config["attention_axes"] = axes = draw(st.sampled_from([(1,), (2,), (1, 2), (-2,)]))
        extra = draw(st.integers(1, 3))
        times = [
            (*time, extra)
            if axes == (1,)
            else (times[0][0], *time)
            if len(axes) < 2
            else (*time, 2)
            for time in times
        ]
    shapes = [(*times[0], query), (*times[1], value)]
    return config, [*shapes, (*times[1], key)] if draw(st.booleans()) else shapes


@st.composite
def grouped_attention(draw: st.DrawFn) -> Case:
    shared = draw(st.integers(1, 2))
    config = {
        "head_dim": draw(st.integers(1, 4)),
        "num_query_heads": shared * draw(st.integers(1, 3)),
        "num_key_value_heads": shared,
        "use_bias": draw(st.booleans()),
        "use_gate": draw(st.booleans()),
        "sliding_window": draw(st.none() | st.integers(1, 3)),
        "dropout": draw(st.sampled_from([0.0, 0.5])),
    }
    features, times = draw(st.integers(1, 5)), [draw(st.integers(1, 5)) for _ in range(2)]
    shapes = [(times[0], features), (times[1], features)]
    return config, [*shapes, (times[1], draw(st.integers(1, 5)))] if draw(st.booleans()) else shapes


@st.composite
def plain_attention(draw: st.DrawFn, *, additive: bool) -> Case:
    config = {"use_scale": draw(st.booleans()), "dropout": draw(st.sampled_from([0.0, 0.5]))}
    if not additive:
        config["score_mode"] = draw(st.sampled_from(["dot", "concat"]))
    features, times = draw(st.integers(1, 5)), [draw(st.integers(1, 5)) for _ in range(2)]
    with_key = draw(st.booleans())
    value = (times[1], draw(st.integers(1, 5)) if with_key else features)
    shapes = [(times[0], features), value]
    return config, [*shapes, (times[1], features)] if with_key else shapes


def one(
    config: st.SearchStrategy[Config], shape: st.SearchStrategy[tuple[int, ...]]
) -> st.SearchStrategy[Case]:
    return st.tuples(config, shape.map(lambda s: [s]))


ANY_SHAPE = st.lists(st.integers(1, 5), min_size=1, max_size=3).map(tuple)


def sides(rank: int) -> st.SearchStrategy[Any]:
    """Amounts before and after each axis, in every form they may have."""
    amount = st.integers(0, 1)
    both = st.tuples(amount, amount)
    if rank == 1:
        return amount | both
    return amount | st.tuples(*[amount] * rank) | st.tuples(*[both] * rank)


CASES: dict[str, st.SearchStrategy[Case]] = {
    "Activation": one(
        st.fixed_dictionaries({"activation": ACTIVATIONS | st.just("softmax")}), ANY_SHAPE
    ),
    "Softmax": one(st.fixed_dictionaries({"axis": st.sampled_from([-1, 1])}), ANY_SHAPE),
    "ReLU": one(
        st.fixed_dictionaries(
            {
                "max_value": st.none() | st.sampled_from([0.5, 6.0]),
                "negative_slope": st.sampled_from([0.0, 0.2]),
                "threshold": st.sampled_from([0.0, 0.3]),
            }
        ),
        ANY_SHAPE,
    ),
    "LeakyReLU": one(
        st.fixed_dictionaries({"negative_slope": st.sampled_from([0.0, 0.1, 0.3])}), ANY_SHAPE
    ),
    **{f"Conv{rank}D": conv(rank) for rank in (1, 2, 3)},
    **{f"Conv{rank}DTranspose": conv_transpose(rank) for rank in (1, 2, 3)},
    **{f"DepthwiseConv{rank}D": depthwise(rank, separable=False) for rank in (1, 2)},
    **{f"SeparableConv{rank}D": depthwise(rank, separable=True) for rank in (1, 2)},
    "Dense": one(
        st.fixed_dictionaries(
            {
                "units": st.integers(1, 7),
                "activation": ACTIVATIONS | st.just("softmax"),
                "use_bias": st.booleans(),
            }
        ),
        ANY_SHAPE,
    ),
    "Embedding": one(
        st.fixed_dictionaries({"input_dim": st.just(11), "output_dim": st.integers(1, 6)}),
        ANY_SHAPE,
    ),
    "ReversibleEmbedding": one(
        st.fixed_dictionaries({"input_dim": st.just(11), "output_dim": st.integers(1, 6)}),
        ANY_SHAPE,
    ),
    "ActivityRegularization": one(
        st.fixed_dictionaries({"l1": st.floats(0, 1), "l2": st.floats(0, 1)}), ANY_SHAPE
    ),
    "Masking": one(st.fixed_dictionaries({"mask_value": st.sampled_from([0.0, 1.0])}), SEQUENCE),
    **dict.fromkeys(("Add", "Multiply", "Average", "Maximum", "Minimum"), merging()),
    "Subtract": merging(most=2),
    "Dot": dot(),
    "Concatenate": st.tuples(
        st.fixed_dictionaries({"axis": st.sampled_from([-1, 1])}),
        st.integers(1, 4).flatmap(lambda n: st.lists(st.just((n,)), min_size=2, max_size=3)),
    ),
    "BatchNormalization": one(
        st.fixed_dictionaries(
            {
                "axis": st.sampled_from([-1, 1]),
                "center": st.booleans(),
                "scale": st.booleans(),
                "epsilon": st.sampled_from([1e-3, 1e-2]),
                "momentum": st.sampled_from([0.9, 0.99]),
            }
        ),
        ANY_SHAPE,
    ),
    **{
        f"Global{kind}Pooling{rank}D": one(
            st.fixed_dictionaries({"keepdims": st.booleans()}), INPUTS[rank]
        )
        for kind in ("Max", "Average")
        for rank in (1, 2, 3)
    },
    **{
        f"Adaptive{kind}Pooling{rank}D": one(
            st.fixed_dictionaries({"output_size": sizes(rank, most=4)}), INPUTS[rank]
        )
        for kind in ("Max", "Average")
        for rank in (1, 2, 3)
    },
    "LayerNormalization": normalized(
        center=st.booleans(), scale=st.booleans(), epsilon=st.sampled_from([1e-3, 1e-5])
    ),
    "RMSNormalization": normalized(epsilon=st.sampled_from([1e-6, 1e-2])),
    "UnitNormalization": st.integers(1, 3).flatmap(
        lambda rank: one(
            st.fixed_dictionaries({"axis": st.sampled_from([-1, 1, [1, -1][: max(1, rank - 1)]])}),
            st.lists(st.integers(2, 5), min_size=rank, max_size=rank).map(tuple),
        )
    ),
    "MultiHeadAttention": attention(),
    "GroupQueryAttention": grouped_attention(),
    "Attention": plain_attention(additive=False),
    "AdditiveAttention": plain_attention(additive=True),
    **{f"{kind}Pooling{rank}D": pooling(rank) for kind in ("Max", "Average") for rank in (1, 2, 3)},
    "LSTM": lstm(),
    "GRU": recurrent(gated=True),
    "SimpleRNN": recurrent(gated=False),
    **{f"ConvLSTM{rank}D": conv_lstm(rank) for rank in (1, 2, 3)},
    "EinsumDense": einsum_dense(),
    "Identity": one(st.just({}), ANY_SHAPE),
    "Rescaling": one(
        st.fixed_dictionaries({"scale": st.floats(-2, 2), "offset": st.floats(-2, 2)}), ANY_SHAPE
    ),
    "Normalization": one(
        st.fixed_dictionaries({"axis": st.sampled_from([-1, 1, None]), "invert": st.booleans()}),
        ANY_SHAPE,
    ),
    "CategoryEncoding": one(
        st.fixed_dictionaries(
            {
                "num_tokens": st.just(11),
                "output_mode": st.sampled_from(["one_hot", "multi_hot", "count"]),
            }
        ),
        ANY_SHAPE,
    ),
    "Discretization": one(
        st.fixed_dictionaries(
            {
                "bin_boundaries": st.lists(
                    st.sampled_from([-1.0, -0.5, 0.0, 0.25, 2.0]), min_size=1, unique=True
                ).map(sorted),
                "output_mode": st.sampled_from(["int", "one_hot", "multi_hot", "count"]),
            }
        ),
        ANY_SHAPE,
    ),
    "Resizing": resizing(),
    "CenterCrop": one(
        st.fixed_dictionaries({"height": st.integers(1, 11), "width": st.integers(1, 11)}), IMAGE
    ),
    **{
        name: one(st.just(config), IMAGE)
        for name, config in {
            "AutoContrast": {},
            "ContrastLimitedAdaptiveHistogramEqualization": {},
            "CutMix": {},
            "Equalization": {},
            "RandomGaussianBlur": {},
            "Solarization": {},
            "MixUp": {},
            "RandomBrightness": {"factor": 0.2},
            "RandomContrast": {"factor": 0.2},
            "RandomErasing": {},
            "RandomFlip": {"mode": "vertical"},
            "RandomElasticTransform": {},
            "RandomInvert": {},
            "RandomPerspective": {},
            "RandomPosterization": {"factor": 3},
            "RandomRotation": {"factor": 0.2},
            "RandomSharpness": {"factor": 0.2},
            "RandomShear": {"x_factor": 0.2},
            "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.1},
            "RandomZoom": {"height_factor": 0.2},
        }.items()
    },
    **{
        name: one(st.just(config), st.just((6, 5, 3)))
        for name, config in {
            "AugMix": {},
            "RandAugment": {},
            "RandomCrop": {"height": 6, "width": 5},
            "RandomColorDegeneration": {"factor": 0.2},
            "RandomColorJitter": {"hue_factor": 0.1},
            "RandomGrayscale": {},
            "RandomHue": {"factor": 0.2},
            "RandomSaturation": {"factor": 0.2},
        }.items()
    },
    "GroupNormalization": group_normalization(),
    "STFTSpectrogram": spectrogram(),
    "MelSpectrogram": one(
        st.fixed_dictionaries(
            {
                "fft_length": st.sampled_from([16, 20]),
                "sequence_length": st.sampled_from([None, 12, 16]),
                "sequence_stride": st.integers(3, 9),
                "window": st.sampled_from(["hann", "hamming"]),
                "sampling_rate": st.sampled_from([400, 1000]),
                "num_mel_bins": st.integers(1, 4),
                "max_freq": st.sampled_from([None, 150.0]),
                "power_to_db": st.booleans(),
                "top_db": st.sampled_from([80.0, 10.0]),
                "mag_exp": st.sampled_from([1.0, 2.0]),
                "ref_power": st.sampled_from([1.0, 0.3]),
            }
        ),
        st.tuples(st.integers(20, 50)),
    ),
    "ELU": one(st.fixed_dictionaries({"alpha": st.sampled_from([0.5, 1.0, 2.0])}), ANY_SHAPE),
    "PReLU": prelu(),
    **{f"SpatialDropout{rank}D": one(st.just({"rate": 0.5}), INPUTS[rank]) for rank in (1, 2, 3)},
    "GaussianNoise": one(st.just({"stddev": 0.5}), ANY_SHAPE),
    "GaussianDropout": one(st.just({"rate": 0.5}), ANY_SHAPE),
    "AlphaDropout": one(st.just({"rate": 0.5}), ANY_SHAPE),
    "Dropout": one(st.fixed_dictionaries({"rate": st.sampled_from([0.0, 0.5])}), ANY_SHAPE),
    "Flatten": one(st.just({}), ANY_SHAPE),
    "Permute": ANY_SHAPE.flatmap(
        lambda s: one(
            st.fixed_dictionaries({"dims": st.permutations(range(1, len(s) + 1)).map(tuple)}),
            st.just(s),
        )
    ),
    "RepeatVector": one(
        st.fixed_dictionaries({"n": st.integers(1, 4)}), st.tuples(st.integers(1, 5))
    ),
    **{
        f"ZeroPadding{rank}D": one(st.fixed_dictionaries({"padding": sides(rank)}), INPUTS[rank])
        for rank in (1, 2, 3)
    },
    **{
        f"Cropping{rank}D": one(st.fixed_dictionaries({"cropping": sides(rank)}), INPUTS[rank])
        for rank in (1, 2, 3)
    },
    "UpSampling1D": one(st.fixed_dictionaries({"size": st.integers(1, 3)}), SEQUENCE),
    "UpSampling2D": one(
        st.fixed_dictionaries(
            {
                "size": st.integers(1, 3) | PAIR,
                "interpolation": st.sampled_from(["nearest", "bilinear", "bicubic"]),
            }
        ),
        IMAGE,
    ),
    "UpSampling3D": one(
        st.fixed_dictionaries({"size": st.integers(1, 2) | st.tuples(*[st.integers(1, 2)] * 3)}),
        VOLUME,
    ),
    "Reshape": one(st.just({"target_shape": (-1, 2)}), st.just((3, 4)) | st.just((2, 2, 2))),
}


SPREAD = {"MultiHeadAttention", "GroupQueryAttention"}
"""Layers whose call has its inputs one by one."""
LOOSE = {
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "LSTM",
    "GRU",
    "SimpleRNN",
    "Attention",
    "AdditiveAttention",
    *SPREAD,
}
"""Layers whose sums are long."""
DECIBELS = {"MelSpectrogram"}
"""Layers that give ten times a logarithm: what is a relative error of 1e-5 before it is one of 4e-5 behind it."""


NEEDS_TENSORFLOW = {
    "Hashing",
    "HashedCrossing",
    "IntegerLookup",
    "StringLookup",
    "TextVectorization",
}
"""Compared in `test_text_layers.py`, with what Keras gave where there was TensorFlow."""


def test_every_layer_of_the_registry_is_compared():
    assert set(CASES) == set(LAYERS.names()) - {"Input"} - NEEDS_TENSORFLOW


@pytest.mark.filterwarnings("ignore:(?s).*softmax over axis:UserWarning")
@pytest.mark.parametrize("name", sorted(CASES))
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_same_outputs_and_gradients_as_keras(name: str, data: st.DataObject) -> None:
    config, shapes = data.draw(CASES[name])
    assume(not _is_left_unwritten(name, config, shapes))
    seed = data.draw(st.integers(0, 1000))
    check(name, config, shapes, seed, training=False)
    if name == "BatchNormalization":
        check(name, config, shapes, seed, training=True)


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(1, 3), min_size=1), st.booleans(), st.booleans())
def test_normalizations_over_any_axes(axes: set[int], from_end: bool, plain: bool) -> None:
    shape = (2, 3, 4, 5)
    axis = tuple(sorted(a - len(shape) if from_end else a for a in axes))
    random = np.random.default_rng(0)
    x = random.normal(size=shape).astype("float32")
    along = tuple(shape[a] for a in sorted(axes))
    weights = [random.normal(size=along).astype("float32") for _ in range(2)]
    spread = [w.reshape([n if i in axes else 1 for i, n in enumerate(shape)]) for w in weights]
    where = axis[0] if plain and len(axis) == 1 else list(axis)
    mean = x.mean(axis, keepdims=True)
    expected = (x - mean) / np.sqrt(x.var(axis, keepdims=True) + 1e-3) * spread[0] + spread[1]
    layer = LAYERS.get("LayerNormalization")(axis=where)
    layer.build(shape)
    layer.set_weights(weights)
    np.testing.assert_allclose(layer(x).detach(), expected, rtol=1e-4, atol=1e-5)
    squares = (x**2).mean(axis, keepdims=True)
    rms = LAYERS.get("RMSNormalization")(axis=where)
    rms.build(shape)
    rms.set_weights(weights[:1])
    np.testing.assert_allclose(
        rms(x).detach(), x / np.sqrt(squares + 1e-6) * spread[0], rtol=1e-4, atol=1e-5
    )


def _is_left_unwritten(name: str, config: Config, shapes: list[tuple[int, ...]]) -> bool:
    """Whether Keras gives what its memory held before: see `lamina.ops.strides.as_planes`, and its own test."""
    if "Conv" not in name or shapes[0][-1] != 1:
        return False
    strides = np.atleast_1d(config["strides"])
    return len(strides) > 1 and strides[-1] > 1 and strides[-2] == 1


def _has_untrusted_gradients(name: str, config: Config) -> bool:
    """Whether Keras takes a way through oneDNN whose gradients are wrong, or crash, on some processors (torch 2.13)."""
    if "Conv" not in name or "LSTM" in name:
        return False
    kernel = np.atleast_1d(config["kernel_size"])
    strides = np.atleast_1d(config["strides"])
    if name.endswith("Transpose"):
        return bool((kernel < strides).any()) or config.get("output_padding") is not None
    return bool((kernel == 1).all() and (strides > 1).any())


@pytest.mark.parametrize(
    "name", [f"Conv{rank}D{kind}" for rank in (1, 2, 3) for kind in ("", "Transpose")]
)
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("kernel", "strides"), [(1, 2), (1, 3), (2, 3), (3, 2), (5, 2), (4, 3)])
def test_gradients_of_convolutions_with_strides(name, padding, kernel, strides):
    """Against those in float64, which take another way through torch."""
    gradients = {}
    for dtype in ("float32", "float64"):
        torch.manual_seed(0)
        layer = LAYERS.get(name)(2, kernel, strides, padding, dtype=dtype)
        rank = len(layer.kernel_size)
        x = Input(shape=(5,) * rank + (2,))
        network = Network([x], layer(x))
        layer.set_weights(
            [np.random.default_rng(i).normal(size=w.shape) for i, w in enumerate(layer.weights)]
        )
        given = torch.randn((2, *(5,) * rank, 2)).requires_grad_()
        (y,) = network.program(training=True)(given)
        (y * torch.arange(y.numel()).view(y.shape).cos()).sum().backward()
        gradients[dtype] = [given.grad, *(w.value.grad for w in layer.weights)]
    for single, double in zip(gradients["float32"], gradients["float64"], strict=True):
        torch.testing.assert_close(single, double.float(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("kernel", "strides", "output_padding"), [(3, 2, None), (4, 2, 0), (5, 3, None), (3, 2, 1)]
)
def test_a_transposed_convolution_is_one_kernel(kernel, strides, output_padding):
    """What torch cannot cut is not sliced off a larger result, which is slow in either direction."""
    x = Input(shape=(5, 5, 2))
    layer = LAYERS.get("Conv2DTranspose")(3, kernel, strides, "same", output_padding=output_padding)
    (y,) = Network([x], layer(x)).program(training=True)(torch.randn(2, 5, 5, 2))
    steps, node = [], y.grad_fn
    while node is not None:
        steps.append(node.name())
        node = node.next_functions[0][0] if node.next_functions else None
    assert "ConvolutionBackward0" in steps
    assert "SliceBackward0" not in steps


def check(
    name: str, config: Config, shapes: list[tuple[int, ...]], seed: int, *, training: bool
) -> None:
    random = np.random.default_rng(seed)
    dtype = (
        "int32" if name in ("Embedding", "ReversibleEmbedding", "CategoryEncoding") else "float32"
    )
    batches = [
        random.integers(0, 11, (4, *shape)).astype(dtype)
        if dtype == "int32"
        else random.normal(size=(4, *shape)).astype(dtype)
        for shape in shapes
    ]
    theirs = getattr(keras.layers, name)(**config)
    their_inputs = [torch.tensor(b, requires_grad=dtype == "float32") for b in batches]
    argument = their_inputs if len(shapes) > 1 else their_inputs[0]
    spread = name in SPREAD  # takes its inputs one by one, not as a list
    if spread:
        theirs.build(*(b.shape for b in batches))
    else:
        theirs.build([b.shape for b in batches] if len(shapes) > 1 else batches[0].shape)

    symbols = [Input(shape=shape, dtype=dtype) for shape in shapes]
    ours_layer = LAYERS.get(name)(**config)
    ours = Network(symbols, ours_layer(symbols if len(symbols) > 1 else symbols[0]))
    weights = [random.uniform(0.1, 1.0, w.shape).astype("float32") for w in theirs.weights]
    theirs.set_weights(weights)
    if name == "Normalization":
        theirs.finalize_state()  # it computes with copies of its weights
    assert [w.shape for w in ours.weights] == [tuple(w.shape) for w in theirs.weights]
    ours_layer.set_weights(weights)

    expected = theirs(*(argument if spread else [argument]), training=training)
    our_inputs = [torch.tensor(b, requires_grad=dtype == "float32") for b in batches]
    (actual,) = ours.program(training=training)(*our_inputs)
    assert tuple(actual.shape[1:]) == ours.outputs[0].shape[1:]
    tolerance = {"rtol": 1e-4, "atol": 1e-5} if name in LOOSE else {"rtol": 1e-5, "atol": 2e-6}
    if name in DECIBELS:
        tolerance["atol"] = 4e-5
    torch.testing.assert_close(actual, expected.contiguous(), **tolerance)

    direction = torch.tensor(random.normal(size=tuple(expected.shape)).astype("float32"))
    if expected.requires_grad and not _has_untrusted_gradients(name, config):
        (expected * direction).sum().backward()
        (actual * direction).sum().backward()
    loose = {"rtol": 1e-3, "atol": 1e-4}
    for a, b in zip(our_inputs, their_inputs, strict=True):
        if a.grad is not None or b.grad is not None:
            torch.testing.assert_close(a.grad, b.grad, **loose)
    for variable, keras_variable in zip(ours.weights, theirs.weights, strict=True):
        if keras_variable.trainable and keras_variable.value.grad is not None:
            assert variable.value.grad is not None
            torch.testing.assert_close(
                variable.to_keras(variable.value.grad), keras_variable.value.grad, **loose
            )
        if not keras_variable.trainable:
            np.testing.assert_allclose(
                variable.numpy(), keras.ops.convert_to_numpy(keras_variable), rtol=1e-5, atol=1e-6
            )


@pytest.mark.parametrize("name", sorted(CASES))
def test_same_configuration_keys_and_defaults_as_keras(name: str) -> None:
    """What both have is called the same and has the same default."""
    needed = {
        "Activation": {"activation": "relu"}, "Dense": {"units": 3},
        **{f"Conv{rank}D": {"filters": 2, "kernel_size": 3} for rank in (1, 2, 3)},
        **{f"Conv{rank}DTranspose": {"filters": 2, "kernel_size": 3} for rank in (1, 2, 3)},
        **{f"DepthwiseConv{rank}D": {"kernel_size": 3} for rank in (1, 2)},
        **{f"SeparableConv{rank}D": {"filters": 2, "kernel_size": 3} for rank in (1, 2)},

        **{f"ConvLSTM{rank}D": {"filters": 2, "kernel_size": 3} for rank in (1, 2, 3)},
        "ReversibleEmbedding": {"input_dim": 5, "output_dim": 2}, "Embedding": {"input_dim": 5, "output_dim": 2},
        "LSTM": {"units": 2}, "Dropout": {"rate": 0.5},
        "MultiHeadAttention": {"num_heads": 2, "key_dim": 3},
        "GroupQueryAttention": {"head_dim": 2, "num_query_heads": 4, "num_key_value_heads": 2},
        "Reshape": {"target_shape": (2, 2)}, "Permute": {"dims": (1,)}, "RepeatVector": {"n": 2}, "Dot": {"axes": -1},
        "Resizing": {"height": 2, "width": 3}, "CenterCrop": {"height": 2, "width": 3},
        "CategoryEncoding": {"num_tokens": 3}, "Discretization": {"num_bins": 3},
        "RandomCrop": {"height": 3, "width": 2, "seed": 4},
        "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.1}, "RandomZoom": {"height_factor": 0.2},
        **{
            f"Random{name}": {"factor": 0.2}
            for name in ("Brightness", "ColorDegeneration", "Contrast", "Hue", "Rotation", "Saturation", "Sharpness")
        },
        "RandomPosterization": {"factor": 3},
        "GRU": {"units": 2}, "SimpleRNN": {"units": 2}, "Rescaling": {"scale": 2.0},
        "EinsumDense": {"equation": "ab,bc->ac", "output_shape": (3,)}, "GaussianNoise": {"stddev": 0.5},
        "GaussianDropout": {"rate": 0.5}, "AlphaDropout": {"rate": 0.5},
        **{f"SpatialDropout{rank}D": {"rate": 0.5} for rank in (1, 2, 3)},
        **{f"AveragePooling{rank}D": {"pool_size": 2} for rank in (1, 2, 3)},
        **{
            f"Adaptive{kind}Pooling{rank}D": {"output_size": 2}
            for kind in ("Max", "Average")
            for rank in (1, 2, 3)
        },
    }.get(name, {})  # fmt: skip
    # Keras writes a penalty for outputs only where there is one.
    theirs = {"activity_regularizer": None, **getattr(keras.layers, name)(**needed).get_config()}
    ours = LAYERS.get(name)(**needed).get_config()
    own = set(ours) - set(theirs)
    if name in ("SimpleRNN", "RandomGrayscale"):
        own.discard("seed")  # Keras takes it and forgets to write it down
    assert not own, f"{name} has parameters that Keras does not have: {own}"
    for key in (set(ours) & set(theirs)) - {"name", "dtype"}:
        expected = theirs[key]
        if isinstance(expected, dict):
            assert ours[key]["class_name"] == expected["class_name"]
        elif key == "strides" and ours[key] is None:
            assert tuple(expected) == tuple(ours["pool_size"])
        elif key == "value_dim" and ours[key] is None:
            assert expected == ours["key_dim"]
        elif isinstance(expected, (list, tuple)):
            assert np.array_equal(expected, ours[key])
        else:
            assert ours[key] == expected
