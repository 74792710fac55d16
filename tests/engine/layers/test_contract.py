"""What every layer of the registry owes, so that a new one is tested by existing."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import torch

import lamina
from lamina import layers
from lamina.catalog import catalog, ranks_of
from lamina.fields import Declared, NonNegativeFloat, field
from lamina.layer import GROUPS, LAYERS, Layer, Shape, layer
from lamina.layers import Input
from lamina.network import Network
from lamina.strings import to_codes
from lamina.symbolic import SymbolicTensor
from lamina.text import Text

SMALLEST: dict[str, tuple[dict[str, Any], list[tuple[int | None, ...]]]] = {
    "Input": ({"shape": (3,)}, []),
    "Activation": ({"activation": "relu"}, [(3,)]),
    "Dense": ({"units": 4}, [(None, 3)]),
    "Embedding": ({"input_dim": 5, "output_dim": 2}, [(None,)]),
    "ReversibleEmbedding": ({"input_dim": 5, "output_dim": 2, "mask_zero": True}, [(None,)]),
    "Conv2D": (
        {"filters": 2, "kernel_size": 3, "padding": "same", "strides": 2},
        [(None, None, 3)],
    ),
    "Conv1D": ({"filters": 2, "kernel_size": 3, "padding": "causal"}, [(None, 3)]),
    "Conv3D": ({"filters": 2, "kernel_size": 2}, [(None, 4, 3, 2)]),
    "Conv1DTranspose": ({"filters": 2, "kernel_size": 3, "strides": 2}, [(None, 3)]),
    "Conv2DTranspose": (
        {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"},
        [(None, 4, 3)],
    ),
    "Conv3DTranspose": ({"filters": 2, "kernel_size": 2}, [(None, 2, 3, 2)]),
    "DepthwiseConv1D": ({"kernel_size": 3, "depth_multiplier": 2}, [(None, 3)]),
    "DepthwiseConv2D": ({"kernel_size": 3, "padding": "same"}, [(None, None, 3)]),
    "SeparableConv1D": ({"filters": 2, "kernel_size": 3}, [(None, 3)]),
    "SeparableConv2D": ({"filters": 4, "kernel_size": 2, "padding": "same"}, [(None, 5, 3)]),
    "MaxPooling1D": ({}, [(None, 3)]),
    "MaxPooling3D": ({"padding": "same"}, [(None, 5, 4, 3)]),
    "AveragePooling1D": ({"padding": "same"}, [(None, 3)]),
    "AveragePooling3D": ({}, [(None, 5, 4, 3)]),
    **{
        f"Global{kind}Pooling{rank}D": ({}, [(*(None,) * rank, 3)])
        for kind in ("Max", "Average")
        for rank in (1, 2, 3)
    },
    **{
        f"Adaptive{kind}Pooling{rank}D": ({"output_size": 2}, [(*(None,) * rank, 3)])
        for kind in ("Max", "Average")
        for rank in (1, 2, 3)
    },
    "MaxPooling2D": ({}, [(None, 7, 3)]),
    "AveragePooling2D": ({}, [(7, None, 3)]),
    "MultiHeadAttention": ({"num_heads": 2, "key_dim": 3}, [(None, 3), (None, 5)]),
    "GroupQueryAttention": (
        {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2, "use_gate": True},
        [(None, 3), (None, 3)],
    ),
    "Attention": ({"use_scale": True, "score_mode": "concat"}, [(None, 3), (None, 3)]),
    "AdditiveAttention": ({}, [(None, 3), (None, 3)]),
    "ConvLSTM1D": ({"filters": 2, "kernel_size": 3}, [(None, 5, 3)]),
    "ConvLSTM2D": (
        {"filters": 2, "kernel_size": 2, "padding": "same", "return_sequences": True},
        [(None, 4, 3, 3)],
    ),
    "ConvLSTM3D": ({"filters": 2, "kernel_size": 2, "strides": 2}, [(None, 4, 3, 2, 3)]),
    "LSTM": ({"units": 4, "return_sequences": True}, [(None, 3)]),
    "GRU": ({"units": 4, "return_sequences": True}, [(None, 3)]),
    "SimpleRNN": ({"units": 4, "go_backwards": True}, [(None, 3)]),
    "EinsumDense": (
        {"equation": "abc,cde->abde", "output_shape": (None, 2, 5), "bias_axes": "de"},
        [(None, 3)],
    ),
    "Rescaling": ({"scale": 0.5, "offset": 1}, [(None, 3)]),
    "Resizing": ({"height": 4, "width": 3}, [(None, None, 3)]),
    "CenterCrop": ({"height": 4, "width": 3}, [(None, 6, 3)]),
    "RandomFlip": ({"seed": 3}, [(None, None, 3)]),
    "RandomCrop": ({"height": 5, "width": 6}, [(None, 6, 3)]),
    "RandomRotation": ({"factor": 0.2}, [(None, None, 3)]),
    "RandomZoom": ({"height_factor": 0.2, "seed": 3}, [(None, None, 3)]),
    "RandomTranslation": ({"height_factor": 0.2, "width_factor": 0.1}, [(None, None, 1)]),
    "RandomContrast": ({"factor": 0.2, "seed": 3}, [(None, None, 3)]),
    "RandomBrightness": ({"factor": 0.2}, [(None, None, 3)]),
    "RandomColorDegeneration": ({"factor": 0.2}, [(None, None, 3)]),
    "RandomHue": ({"factor": 0.2}, [(None, None, 3)]),
    "RandomSaturation": ({"factor": 0.2}, [(None, None, 3)]),
    "RandomPosterization": ({"factor": 4}, [(None, None, 3)]),
    "RandomSharpness": ({"factor": 0.2}, [(None, None, 3)]),
    **{
        name: ({}, [(None, None, 3)])
        for name in (
            "AugMix",
            "AutoContrast",
            "ContrastLimitedAdaptiveHistogramEqualization",
            "CutMix",
            "Equalization",
            "MixUp",
            "RandAugment",
            "RandomColorJitter",
            "RandomElasticTransform",
            "RandomErasing",
            "RandomGaussianBlur",
            "Solarization",
            "RandomGrayscale",
            "RandomInvert",
            "RandomPerspective",
            "RandomShear",
        )
    },
    "STFTSpectrogram": ({"frame_length": 4}, [(None, 3)]),
    "MelSpectrogram": (
        {"fft_length": 8, "sequence_stride": 2, "num_mel_bins": 3, "sampling_rate": 100},
        [(None,)],
    ),
    "GroupNormalization": ({"groups": 2}, [(None, 4)]),
    "PReLU": ({"shared_axes": (1,)}, [(None, 3)]),
    "SpatialDropout1D": ({"rate": 0.5, "seed": 3}, [(None, 3)]),
    "SpatialDropout2D": ({"rate": 0.5}, [(None, None, 3)]),
    "SpatialDropout3D": ({"rate": 0.5, "seed": 3}, [(None, None, 2, 3)]),
    "GaussianNoise": ({"stddev": 0.5}, [(None, 3)]),
    "GaussianDropout": ({"rate": 0.5, "seed": 3}, [(3,)]),
    "AlphaDropout": ({"rate": 0.5}, [(3,)]),
    "Dropout": ({"rate": 0.5, "seed": 3}, [(3,)]),
    "Permute": ({"dims": (2, 1)}, [(None, 3)]),
    "RepeatVector": ({"n": 3}, [(4,)]),
    "ZeroPadding1D": ({"padding": (1, 2)}, [(None, 3)]),
    "ZeroPadding2D": ({"padding": ((1, 2), (0, 3))}, [(None, 4, 3)]),
    "ZeroPadding3D": ({}, [(None, 4, 2, 3)]),
    "Cropping1D": ({"cropping": (1, 2)}, [(None, 3)]),
    "Cropping2D": ({"cropping": ((1, 0), (0, 2))}, [(None, 4, 3)]),
    "Cropping3D": ({}, [(None, 4, 3, 3)]),
    "UpSampling1D": ({}, [(None, 3)]),
    "UpSampling2D": ({"interpolation": "bilinear"}, [(None, 4, 3)]),
    "UpSampling3D": ({}, [(None, 2, 2, 3)]),
    "Reshape": ({"target_shape": (-1, 2)}, [(4,)]),
    "Add": ({}, [(4, 4, 3), (3,)]),
    "Subtract": ({}, [(4, 3), (3,)]),
    "Multiply": ({}, [(None, 3), (None, 1)]),
    "Average": ({}, [(3,), (3,), (3,)]),
    "Maximum": ({}, [(3,), (3,)]),
    "Minimum": ({}, [(3,), (3,)]),
    "Dot": ({"axes": (2, 1), "normalize": True}, [(None, 3), (3, 4)]),
    "Concatenate": ({"axis": 1}, [(None, 3), (None, 3)]),
    "CategoryEncoding": ({"num_tokens": 8}, [(None,)]),
    "Discretization": ({"bin_boundaries": [0.0, 1.0], "output_mode": "one_hot"}, [(None,)]),
    "Hashing": ({"num_bins": 3}, [(None,)]),
    "HashedCrossing": ({"num_bins": 3, "output_mode": "one_hot"}, [(1,), (1,)]),
    "StringLookup": ({"vocabulary": ["1", "2"], "output_mode": "count"}, [(None,)]),
    "IntegerLookup": ({"vocabulary": [1, 2]}, [(None,)]),
    "TextVectorization": ({"vocabulary": ["1"], "output_sequence_length": 2}, [(1,)]),
}
"""The least a layer needs, on inputs of unknown sizes where it can take them; others take ({}, [(4,)])."""

TYPES = {
    "Embedding": "int32",
    "ReversibleEmbedding": "int32",
    "CategoryEncoding": "int32",
    "IntegerLookup": "int64",
    **dict.fromkeys(("Hashing", "HashedCrossing", "StringLookup", "TextVectorization"), "string"),
}
"""Types of the inputs of layers that do not take floats."""

COMPUTING = [name for name in LAYERS.names() if name != "Input"]


def smallest(name: str) -> tuple[Layer, list[tuple[int | None, ...]]]:
    config, shapes = SMALLEST.get(name, ({}, [(4,)]))
    return LAYERS.get(name)(**config), shapes


@pytest.mark.parametrize("name", COMPUTING)
def test_declared_shape_is_the_real_one(name: str) -> None:
    built, shapes = smallest(name)
    dtype = TYPES.get(name, "float32")
    symbols = [Input(shape=shape, dtype=dtype) for shape in shapes]
    output = built(symbols if len(symbols) > 1 else symbols[0])
    network = Network(symbols, output)
    for batch, free in ((1, 5), (3, 7)):
        batches = [
            torch.zeros(batch, *(free if s is None else s for s in shape)) for shape in shapes
        ]
        concrete: list[Shape] = [tuple(b.shape) for b in batches]
        given = [
            to_codes(b.numpy().astype(str)) if dtype == "string" else b.to(getattr(torch, dtype))
            for b in batches
        ]
        (result,) = network.program(training=False)(*given)
        assert tuple(result.shape) == built.output_shape(*concrete)
        declared = output.shape
        assert len(declared) == result.dim()
        assert all(size in (None, real) for size, real in zip(declared, result.shape, strict=True))


@pytest.mark.parametrize("name", [name for name in COMPUTING if TYPES.get(name) != "string"])
@pytest.mark.parametrize("training", [False, True])
def test_every_trainable_weight_has_a_gradient(name: str, training: bool) -> None:
    built, shapes = smallest(name)
    symbols = [Input(shape=shape, dtype=TYPES.get(name)) for shape in shapes]
    network = Network(symbols, built(symbols if len(symbols) > 1 else symbols[0]))
    batches = [
        torch.randint(0, 4, (4, *(6 if s is None else s for s in shape))) for shape in shapes
    ]
    batches = batches if name in TYPES else [b.float() + torch.randn(b.shape) for b in batches]
    (result,) = network.program(training=training)(*batches)
    if network.trainable_weights:
        (result * torch.randn(result.shape)).sum().backward()
    for variable in network.trainable_weights:
        assert variable.value.grad is not None, variable.path
        assert torch.isfinite(variable.value.grad).all()


@pytest.mark.parametrize("name", LAYERS.names())
def test_a_form_can_begin_with_valid_values(name: str) -> None:
    """What is needed carries a suggestion, so that a layer from the palette is not an error at once."""
    cls = LAYERS.get(name)
    needed = {
        key: spec.suggest
        for key, spec in cls.declared_fields.items()
        if spec.is_required or spec.suggest is not None
    }
    assert None not in needed.values()
    assert cls.check_config(needed)[1] == []


@pytest.mark.parametrize("name", LAYERS.names())
def test_configuration_makes_the_same_layer_again(name: str) -> None:
    first, _ = smallest(name)
    assert type(first)(**first.node_config()).node_config() == first.node_config()
    again = type(first).from_config(first.get_config())
    assert again.get_config() == first.get_config()


@pytest.mark.parametrize("name", LAYERS.names())
def test_help_and_palette_say_what_it_is_in_both_languages(name: str) -> None:
    cls = LAYERS.get(name)
    assert cls.group in GROUPS
    assert cls.summary.en
    assert any("\u4e00" <= letter <= "\u9fff" for letter in cls.summary.zh)
    assert "Shapes:" in inspect.cleandoc(cls.__doc__ or ""), "the docstring gives the shapes"
    for key, spec in cls.declared_fields.items():
        assert spec.doc.en.endswith("."), key
        assert any("\u4e00" <= letter <= "\u9fff" for letter in spec.doc.zh), key


def test_the_catalogue_describes_every_parameter_of_everything() -> None:
    found = catalog()
    assert [entry["name"] for entry in found["layers"]] == sorted(
        LAYERS.names(), key=lambda name: list(GROUPS).index(LAYERS.get(name).group)
    )
    for kind in ("layers", "losses", "metrics", "optimizers", "schedules", "callbacks"):
        assert found[kind], kind
        for entry in found[kind]:
            assert entry["summary"]["en"], entry["name"]
            assert entry["summary"]["zh-CN"], entry["name"]
            for name, schema in entry["parameters"]["properties"].items():
                assert schema["x-widget"] in {
                    "int", "float", "bool", "choice", "size",
                    "sides", "shape", "text", "list", "object",
                }, (entry["name"], name)  # fmt: skip
                assert schema["x-doc"]["zh-CN"], (entry["name"], name)
                assert schema["x-label"]["en"] == schema["title"]
                assert schema["x-label"]["zh-CN"] != schema["title"], (
                    f"{entry['name']}.{name} has no Chinese label: field(label=...) or fields/labels.py"
                )


@pytest.mark.parametrize(
    ("name", "ranks"),
    [
        ("Input", []), ("Dense", [2, 3, 4, 5, 6]), ("Conv2D", [4]), ("LSTM", [3]), ("ConvLSTM3D", [6]),
        ("RandomHue", [4]), ("GroupNormalization", [2, 3, 4, 5, 6]), ("Add", [1, 2, 3, 4, 5, 6]),
    ],
)  # fmt: skip
def test_the_catalogue_says_tensors_of_how_many_axes_a_layer_takes(
    name: str, ranks: list[int]
) -> None:
    assert ranks_of(LAYERS.get(name)) == ranks


def test_a_layer_of_a_user_is_a_layer_like_any_other() -> None:
    """One file that declares a class is all that a new layer needs."""

    @layer(group="core", summary=Text("x times a factor.", "乘以系数。"))
    class TimesForTest(Layer):
        """x times a factor.

        Shapes:
            (batch, …) -> the same
        """

        factor: NonNegativeFloat = field(2.0, doc=Text("Factor.", "系数。"))

        def output_shape(self, *inputs: Shape) -> Shape:
            return inputs[0]

        def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
            return inputs[0] * self.factor

    try:
        x = Input(shape=(3,))
        y = TimesForTest(factor=3)(x)
        assert isinstance(y, SymbolicTensor)
        again = Network.from_graph(Network(x, y).graph.to_json())
        torch.testing.assert_close(again(torch.ones(2, 3)), torch.full((2, 3), 3.0))
        assert issubclass(TimesForTest, Declared)
        assert "TimesForTest" in {entry["name"] for entry in catalog()["layers"]}
    finally:
        LAYERS._entries.pop("TimesForTest")


@pytest.mark.parametrize(
    "make", [lambda: layers.Dense(2), lambda: layers.Conv1D(2, 1), lambda: layers.GRU(2)]
)
def test_layers_that_multiply_take_whole_numbers(make):
    given = lamina.Input((3, 2), dtype="int32")
    model = lamina.Model(given, make()(given))
    values = np.arange(12).reshape(2, 3, 2)
    np.testing.assert_allclose(
        model.predict(values, verbose=0), model.predict(values.astype("float32"), verbose=0)
    )
