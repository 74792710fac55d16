"""Drawings of models: what stands on them, and that nothing stands on something else."""

import itertools
import re
from xml.etree import ElementTree as ET

import pytest

import lamina
from lamina.errors import ConfigError, NotSupportedError
from lamina.layers import Add, Concatenate, Dense, Flatten
from lamina.utils import model_to_dot, plot_model

SVG = "{http://www.w3.org/2000/svg}"


def branched():
    x, y = lamina.Input(shape=(4,), name="x"), lamina.Input(shape=(4,), name="y")
    shared = Dense(4, activation="relu", name="shared")
    a, b = shared(x), shared(y)
    total = Add(name="total")([a, b, x])
    joined = Concatenate(name="joined")([total, Dense(3, name="side")(y), b])
    return lamina.Model([x, y], [Dense(2, name="out")(joined), Flatten(name="flat")(total)])


def drawing(model, path, **options):
    text = plot_model(model, path / "model.svg", **options)
    assert (path / "model.svg").read_text("utf-8") == text
    return ET.fromstring(text)


def boxes(svg):
    return [
        tuple(float(group.find(f"{SVG}rect").get(k)) for k in ("x", "y", "width", "height"))
        for group in svg.iter(f"{SVG}g")
    ]


@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
def test_boxes_are_apart_and_lines_run_the_way(rankdir, tmp_path):
    model = branched()
    svg = drawing(model, tmp_path, rankdir=rankdir, show_shapes=True)
    found = boxes(svg)
    assert len(found) == len(model.graph.nodes)
    for (ax, ay, aw, ah), (bx, by, bw, bh) in itertools.combinations(found, 2):
        assert ax + aw <= bx or bx + bw <= ax or ay + ah <= by or by + bh <= ay
    _, _, width, height = map(float, svg.get("viewBox").split())
    assert all(x >= 0 and y >= 0 and x + w <= width and y + h <= height for x, y, w, h in found)
    lines = [path.get("d") for path in svg.findall(f"{SVG}path")]
    assert len(lines) == sum(len(node.inputs) for node in model.graph.nodes)
    axis, sign = (0 if rankdir in ("LR", "RL") else 1), (1 if rankdir in ("TB", "LR") else -1)
    for line in lines:
        points = [float(number) for number in re.findall(r"-?[\d.]+", line)]
        assert sign * (points[-2:][axis] - points[:2][axis]) > 0


def test_what_is_written(tmp_path):
    plain = drawing(branched(), tmp_path)
    texts = [text.text for text in plain.iter(f"{SVG}text")]
    assert sorted(set(texts)) == ["Add", "Concatenate", "Dense", "Flatten", "InputLayer"]
    full = drawing(
        branched(),
        tmp_path,
        show_shapes=True,
        show_dtype=True,
        show_layer_names=True,
        show_layer_activations=True,
        show_trainable=True,
    )
    texts = [text.text for text in full.iter(f"{SVG}text")]
    for wanted in (
        "shared (Dense)",
        "Activation: relu",
        "Output shape: (None, 11)",
        "Output dtype: float32",
        "Trainable: True",
    ):
        assert wanted in texts


def test_dots_per_inch_scale(tmp_path):
    small, large = (drawing(branched(), tmp_path, dpi=dpi) for dpi in (96, 192))
    assert int(large.get("width")) == pytest.approx(2 * int(small.get("width")), abs=2)
    assert small.get("viewBox") == large.get("viewBox")


def test_names_are_text_and_no_markup(tmp_path):
    model = lamina.Sequential([lamina.Input(shape=(2,)), Dense(1)], name="<b>&")
    assert drawing(model, tmp_path).find(f"{SVG}title").text == "<b>&"


def test_what_cannot_be_is_said(tmp_path):
    with pytest.raises(NotSupportedError, match=r"model\.svg"):
        plot_model(branched(), tmp_path / "model.pdf")
    with pytest.raises(ConfigError, match="smaller dpi"):
        plot_model(branched(), tmp_path / "model.png", dpi=100_000)
    with pytest.raises(NotSupportedError, match="pydot"):
        model_to_dot(branched())
    with pytest.raises(ConfigError, match="rankdir"):
        plot_model(branched(), tmp_path / "m.svg", rankdir="XX")
    with pytest.raises(ConfigError, match="shape of its input"):
        plot_model(lamina.Sequential([Dense(1)]), tmp_path / "m.svg")
    with pytest.raises(NotSupportedError, match="polyline"):
        plot_model(branched(), tmp_path / "m.svg", splines="polyline")
    with pytest.raises(NotSupportedError, match="layer_range"):
        plot_model(branched(), tmp_path / "m.svg", layer_range=["a", "b"])


@pytest.mark.parametrize("rankdir", ["TB", "RL"])
def test_a_png_has_the_boxes_where_the_svg_has_them(tmp_path, rankdir):
    image_of = pytest.importorskip("PIL.Image").open
    text = plot_model(branched(), tmp_path / "m.png", dpi=96, rankdir=rankdir, show_shapes=True)
    svg = ET.fromstring(text)
    image = image_of(tmp_path / "m.png").convert("RGB")
    width, height = map(float, svg.get("viewBox").split()[2:])
    assert abs(image.width - width) < 2
    assert abs(image.height - height) < 2
    for x, y, _, _ in boxes(svg):
        assert image.getpixel((round(x) + 8, round(y) + 3)) == (244, 246, 250)
    assert image.getpixel((2, 2)) == (255, 255, 255)


def test_ops_and_layers_of_ones_own_are_drawn(tmp_path):
    class Own(lamina.layers.Layer):
        def call(self, inputs):
            return inputs * 2.0

    x = lamina.Input((4,))
    text = plot_model(lamina.Model(x, Own()(x) + x), tmp_path / "m.svg", show_shapes=True)
    assert "Own" in text
    assert "(None, 4)" in text
