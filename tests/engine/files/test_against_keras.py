"""Files against real Keras 3 (torch backend): what we write it reads, what it writes we read.

Architectures are drawn as graph documents. The Keras twin of one is made by running the source that
`export` writes for it under `import keras`, so that source is proved against Keras as well.
"""

import tempfile
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lamina
from lamina.export import keras_source, pytorch_source
from lamina.graph.document import Graph
from lamina.layer import LAYERS
from lamina.model import Model
from lamina.saving import load_model

TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}
drawn = settings(
    max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


class Document:
    """A graph document in the making; `add` gives the id of the new node."""

    def __init__(self) -> None:
        self.nodes: list[dict] = []

    def add(self, type_: str, *inputs: str, shares: str | None = None, **config) -> str:
        node_id = f"{type_.lower()}-{len(self.nodes)}"
        node = {"id": node_id, "type": type_, "inputs": [{"node": i} for i in inputs]}
        if shares is not None:
            uses = sum(n.get("shares") == shares for n in self.nodes) + 1
            node |= {"id": f"{shares}__{uses}", "shares": shares}
            config = {}
        self.nodes.append({**node, "config": config})
        return self.nodes[-1]["id"]

    def graph(self, *outputs: str) -> Graph:
        return Graph.parse(
            {
                "format": "lamina.graph",
                "version": 1,
                "name": "drawn",
                "nodes": self.nodes,
                "outputs": [{"node": output} for output in outputs],
            }
        )


ACTIVATIONS = st.sampled_from(["relu", "tanh", "linear", "elu", "gelu", "sigmoid"])
PADDING = st.sampled_from(["valid", "same"])
INITIALIZERS = st.sampled_from(
    ["he_normal", "lecun_uniform", {"type": "RandomNormal", "config": {"stddev": 0.2, "seed": 4}}]
)


@st.composite
def image_layers(draw, document: Document, x: str) -> str:
    """A few layers that keep images images."""
    for kind in draw(st.lists(st.integers(0, 6), min_size=1, max_size=4)):
        if kind == 0:
            x = document.add(
                "Conv2D",
                x,
                filters=draw(st.sampled_from([2, 4])),
                kernel_size=draw(st.sampled_from([[1, 1], [3, 3], [1, 3]])),
                padding="same",
                strides=draw(st.sampled_from([[1, 1], [2, 2]])),
                activation=draw(ACTIVATIONS),
                use_bias=draw(st.booleans()),
                kernel_initializer=draw(INITIALIZERS),
            )
        elif kind == 1:
            pool = draw(st.sampled_from(["MaxPooling2D", "AveragePooling2D"]))
            x = document.add(pool, x, pool_size=[2, 2], padding="same", strides=[1, 2])
        elif kind == 2:
            x = document.add(
                "BatchNormalization", x, center=draw(st.booleans()), scale=draw(st.booleans())
            )
        elif kind == 3:
            x = document.add("Dropout", x, rate=0.25)
        elif kind == 4:
            x = document.add("LeakyReLU", x, negative_slope=0.1)
        elif kind == 5:
            x = document.add("ReLU", x, max_value=2.0, threshold=0.25)
        else:
            side = document.add("Conv2D", x, filters=3, kernel_size=[3, 3], padding="same")
            other = document.add("Conv2D", x, filters=3, kernel_size=[1, 1])
            other = document.add("Activation", other, activation=draw(ACTIVATIONS))
            merge = draw(st.sampled_from(["Add", "Concatenate"]))
            x = document.add(merge, side, other)
    return x


@st.composite
def features(draw, document: Document) -> str:
    """An input and what makes one row of features of it."""
    kind = draw(st.sampled_from(["image", "tokens", "row"]))
    if kind == "image":
        x = draw(image_layers(document, document.add("Input", shape=[6, 7, 2])))
        return document.add(draw(st.sampled_from(["Flatten", "GlobalAveragePooling2D"])), x)
    if kind == "tokens":
        x = document.add("Input", shape=[5], data_type="int32")
        x = document.add("Embedding", x, input_dim=9, output_dim=4)
        if draw(st.booleans()):
            x = document.add("LSTM", x, units=3, return_sequences=True, go_backwards=True)
        return document.add("LSTM", x, units=draw(st.integers(1, 4)), activation=draw(ACTIVATIONS))
    x = document.add("Input", shape=[6])
    x = document.add("Reshape", x, target_shape=[3, -1])
    return document.add("Flatten", document.add("Dense", x, units=2, activation=draw(ACTIVATIONS)))


@st.composite
def architectures(draw) -> Graph:
    document = Document()
    rows = [draw(features(document)) for _ in range(draw(st.integers(1, 2)))]
    x = document.add("Concatenate", *rows) if len(rows) > 1 else rows[0]
    if draw(st.booleans()):  # one layer in two places
        first = document.add("Dense", x, units=4, activation="tanh")
        shared = document.add("Dense", first, units=4)
        again = document.add("Dense", document.add("Dropout", shared, rate=0.1), shares=shared)
        x = document.add("Add", shared, again, first)
    logits = document.add("Dense", x, units=3, trainable=draw(st.booleans()))
    head = draw(st.sampled_from(["Softmax", "Activation"]))
    end = document.add(head, logits, **({"activation": "softmax"} if head == "Activation" else {}))
    return document.graph(end, logits) if draw(st.booleans()) else document.graph(end)


def samples(graph: Graph, n: int = 3) -> list[np.ndarray]:
    random = np.random.default_rng(7)
    inputs = [node.config for node in graph.nodes if node.type == "Input"]
    return [
        random.integers(0, 9, (n, *config["shape"])).astype("int32")
        if config.get("data_type") == "int32"
        else random.normal(size=(n, *config["shape"])).astype("float32")
        for config in inputs
    ]


def shake(model) -> None:
    """Weights that no layer begins with, so that a mixed-up one shows."""
    random = np.random.default_rng(11)
    model.set_weights([random.uniform(0.1, 0.6, w.shape) for w in model.get_weights()])


def predictions(model, graph: Graph) -> list[np.ndarray]:
    inputs = samples(graph)
    outputs = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    return outputs if isinstance(outputs, list) else [outputs]


def assert_same_predictions(ours, theirs, graph: Graph) -> None:
    for a, b in zip(predictions(ours, graph), predictions(theirs, graph), strict=True):
        np.testing.assert_allclose(a, b, **TOLERANCE)


def by_id(graph: Graph) -> dict:
    """The document without the order of its nodes, and with the defaults of pooling said."""
    document = graph.normalized().to_json()
    nodes = {node["id"]: node for node in document["nodes"]}
    for node in nodes.values():
        if node["type"].endswith("Pooling2D") and "Global" not in node["type"]:
            node["config"].setdefault("strides", node["config"].get("pool_size", [2, 2]))
            node["config"].pop("pool_size", None)
    return {"nodes": nodes, "outputs": document["outputs"], "name": document["name"]}


def keras_twin(graph: Graph) -> keras.Model:
    source = keras_source(graph).replace("import lamina as keras", "import keras")
    namespace: dict = {}
    exec(source, namespace)
    return namespace["model"]


@drawn
@given(architectures())
def test_keras_reads_what_we_write(graph):
    ours = Model.from_graph(graph)
    shake(ours)
    with tempfile.TemporaryDirectory() as folder:
        ours.save(Path(folder, "model.keras"))
        theirs = keras.models.load_model(Path(folder, "model.keras"))
        ours.save_weights(Path(folder, "model.weights.h5"))
        blank = keras_twin(graph)
        blank.load_weights(Path(folder, "model.weights.h5"))
    assert_same_predictions(ours, theirs, graph)
    assert_same_predictions(ours, blank, graph)
    assert [w.shape for w in theirs.weights] == [w.shape for w in ours.weights]
    assert [w.trainable for w in theirs.weights] == [w.trainable for w in ours.weights]


@drawn
@given(architectures())
def test_we_read_what_keras_writes(graph):
    theirs = keras_twin(graph)
    shake(theirs)
    with tempfile.TemporaryDirectory() as folder:
        theirs.save(Path(folder, "model.keras"))
        ours = load_model(Path(folder, "model.keras"))
        theirs.save_weights(Path(folder, "model.weights.h5"))
        blank = Model.from_graph(graph)
        blank.load_weights(Path(folder, "model.weights.h5"))
    assert_same_predictions(ours, theirs, graph)
    assert_same_predictions(blank, theirs, graph)
    assert by_id(ours.graph) == by_id(graph)


@drawn
@given(architectures())
def test_what_we_write_we_read(graph):
    model = Model.from_graph(graph)
    shake(model)
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder, "model.keras"))
        again = load_model(Path(folder, "model.keras"))
    assert by_id(again.graph) == by_id(graph)
    for a, b in zip(predictions(model, graph), predictions(again, graph), strict=True):
        np.testing.assert_array_equal(a, b)


NEEDS_TENSORFLOW = {"Hashing", "HashedCrossing", "IntegerLookup", "StringLookup", "TextVectorization"}  # fmt: skip
"""Layers that Keras has with TensorFlow only: their files stand in `data`."""
IN_NO_MODEL = {"Equalization"}
"""Layers with which Keras 3.15.1 makes no functional model."""


@pytest.mark.parametrize(
    "name", sorted(set(LAYERS.names()) - {"Input"} - NEEDS_TENSORFLOW - IN_NO_MODEL)
)
def test_every_layer_travels_both_ways(name, smallest_model, tmp_path):
    ours, inputs = smallest_model(name)
    given = inputs if len(inputs) > 1 else inputs[0]
    expected = ours.predict(given, verbose=0)
    ours.save(tmp_path / "ours.keras")
    theirs = keras.models.load_model(tmp_path / "ours.keras")
    np.testing.assert_allclose(theirs.predict(given, verbose=0), expected, **TOLERANCE)
    theirs.save(tmp_path / "theirs.keras")
    again = load_model(tmp_path / "theirs.keras")
    np.testing.assert_allclose(again.predict(given, verbose=0), expected, **TOLERANCE)


# ------------------------------------------------------------------------------ training goes on


def classifier(library) -> object:
    return library.Sequential(
        [
            library.Input(shape=(4,)),
            library.layers.Dense(8, activation="tanh"),
            library.layers.BatchNormalization(),
            library.layers.Dense(3, activation="softmax"),
        ]
    )


OPTIMIZERS = {
    "RMSprop": {"learning_rate": 0.01},
    "RMSprop-full": {"learning_rate": 0.01, "momentum": 0.5, "centered": True},
    "SGD": {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True},
    "SGD-plain": {"learning_rate": 0.05},
    "Adam": {"learning_rate": 0.01, "amsgrad": True, "clipnorm": 1.0},
    "Adam-ema": {"learning_rate": 0.01, "use_ema": True},
    "AdamW": {"learning_rate": 0.01, "weight_decay": 0.1},
}


def data() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    x = random.normal(size=(48, 4)).astype("float32")
    return x, np.eye(3, dtype="float32")[random.integers(0, 3, 48)]


def compiled(library, optimizer: str):
    model = classifier(library)
    make = getattr(library.optimizers, optimizer.partition("-")[0])
    model.compile(make(**OPTIMIZERS[optimizer]), "categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model) -> list[float]:
    x, y = data()
    return [
        float(np.asarray(model.train_on_batch(x[i : i + 16], y[i : i + 16])).ravel()[0])
        for i in (0, 16, 32)
    ]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_goes_on_in_keras_where_we_stopped(optimizer, tmp_path):
    ours = compiled(lamina, optimizer)
    train(ours)
    ours.save(tmp_path / "model.keras")
    theirs = keras.models.load_model(tmp_path / "model.keras")
    assert int(theirs.optimizer.iterations) == 3
    train(ours)
    train(theirs)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_goes_on_here_where_keras_stopped(optimizer, tmp_path):
    theirs = compiled(keras, optimizer)
    train(theirs)
    theirs.save(tmp_path / "model.keras")
    ours = load_model(tmp_path / "model.keras")
    assert ours.optimizer.iterations == 3
    train(ours)
    train(theirs)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("library", [lamina, keras], ids=["ours", "keras"])
def test_a_schedule_and_named_losses_and_metrics_travel(library, tmp_path):
    x = library.Input(shape=(4,), name="x")
    a = library.layers.Dense(3, activation="softmax", name="a")(x)
    b = library.layers.Dense(1, name="b")(x)
    model = library.Model(x, [a, b])
    rate = library.optimizers.schedules.ExponentialDecay(0.1, decay_steps=5, decay_rate=0.5)
    model.compile(
        library.optimizers.SGD(rate, momentum=0.3),
        loss=["categorical_crossentropy", library.losses.MeanAbsoluteError()],
        loss_weights=[1.0, 0.5],
        metrics=[["accuracy", library.metrics.CategoricalCrossentropy(name="cce")], ["mse"]],
    )
    inputs, targets = data()
    model.train_on_batch(inputs, [targets, targets[:, :1]])
    model.save(tmp_path / "model.keras")
    for load in (load_model, keras.models.load_model):
        again = load(tmp_path / "model.keras")
        expected = float(model.optimizer.learning_rate)
        assert float(again.optimizer.learning_rate) == pytest.approx(expected)
        scores = again.evaluate(inputs, [targets, targets[:, :1]], verbose=0)
        np.testing.assert_allclose(
            scores, model.evaluate(inputs, [targets, targets[:, :1]], verbose=0), rtol=1e-4
        )


def test_a_sequential_stays_one_in_both_directions(tmp_path):
    compiled(lamina, "Adam").save(tmp_path / "ours.keras")
    assert isinstance(keras.models.load_model(tmp_path / "ours.keras"), keras.Sequential)
    compiled(keras, "Adam").save(tmp_path / "theirs.keras")
    assert isinstance(load_model(tmp_path / "theirs.keras"), lamina.Sequential)


def test_freezing_does_not_move_weights(tmp_path):
    ours = classifier(lamina)
    shake(ours)
    ours.layers[0].trainable = False
    ours.save(tmp_path / "frozen.keras")
    theirs = keras.models.load_model(tmp_path / "frozen.keras")
    assert [layer.trainable for layer in theirs.layers] == [False, True, True]
    np.testing.assert_allclose(
        ours.predict(data()[0], verbose=0), theirs.predict(data()[0], verbose=0), **TOLERANCE
    )
    theirs.save(tmp_path / "again.keras")
    assert [x.trainable for x in load_model(tmp_path / "again.keras").layers] == [False, True, True]


def test_names_that_are_no_ids_are_made_ids(tmp_path):
    theirs = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(2, name="1st dense"),
            keras.layers.Dense(1, name="é"),
        ]
    )
    theirs.save(tmp_path / "model.keras")
    ours = load_model(tmp_path / "model.keras")
    assert [layer.name for layer in ours.layers] == ["_1st_dense", "é"]
    x = np.ones((1, 2), "float32")
    np.testing.assert_allclose(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), rtol=1e-6)


def test_a_sum_of_tensors_is_read(tmp_path):
    x = keras.Input((4,), name="x")
    a, b = keras.layers.Dense(3)(x), keras.layers.Dense(3)(x)
    theirs = keras.Model(x, keras.layers.Dense(2)(a + b))
    theirs.save(tmp_path / "model.keras")
    ours = load_model(tmp_path / "model.keras")
    inputs = data()[0]
    np.testing.assert_allclose(
        ours.predict(inputs, verbose=0), theirs.predict(inputs, verbose=0), **TOLERANCE
    )


@pytest.mark.parametrize(("one", "other"), [(keras, lamina), (lamina, keras)])
def test_weights_of_counts_travel_as_a_named_tensor(one, other, tmp_path):
    numbers, weights = one.Input((3,), dtype="int64"), one.Input((3,))
    encoder = one.layers.CategoryEncoding(4, output_mode="count")
    model = one.Model([numbers, weights], encoder(numbers, count_weights=weights))
    model.save(tmp_path / "m.keras")
    read = other.models.load_model(tmp_path / "m.keras")
    x = [np.array([[0, 1, 1], [2, 3, 1]]), np.float32([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])]
    np.testing.assert_allclose(read.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-6)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_names_of_any_script_travel(tmp_path, suffix):
    document = Document()
    names = ["图像", "卷积-1", "🔥"]
    for kind, config in (
        ("Input", {"shape": [6, 6, 1]}),
        ("Conv2D", {"filters": 2, "kernel_size": [3, 3]}),
        ("ReLU", {}),
    ):
        before = [document.nodes[-1]["id"]] if document.nodes else []
        document.add(kind, *before, **config)
        document.nodes[-1]["id"] = names[len(document.nodes) - 1]
    graph = document.graph(names[-1])
    model = Model.from_graph(graph)
    x = np.random.default_rng(0).normal(size=(2, 6, 6, 1)).astype("float32")
    wanted = np.asarray(model.predict(x, verbose=0))

    model.save(tmp_path / f"ours{suffix}")
    theirs = keras.models.load_model(tmp_path / f"ours{suffix}")
    assert [layer.name for layer in theirs.layers] == names
    np.testing.assert_allclose(theirs.predict(x, verbose=0), wanted, **TOLERANCE)
    theirs.save(tmp_path / f"theirs{suffix}")
    back = load_model(tmp_path / f"theirs{suffix}")
    assert [node.id for node in back.graph.nodes] == names
    np.testing.assert_allclose(back.predict(x, verbose=0), wanted, **TOLERANCE)

    for write in (keras_source, pytorch_source):
        namespace: dict = {"__name__": "written"}
        exec(write(graph), namespace)  # names that are none in Python become some
