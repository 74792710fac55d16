"""The law of source: running it makes the same document again."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lamina
from lamina.export import keras_source
from lamina.export.literals import call_source, text_literal, variable_name
from lamina.graph.document import Graph
from lamina.problems import GraphError


def node(node_id: str, type_: str, *inputs: str, shares: str | None = None, **config) -> dict:
    made = {"id": node_id, "type": type_, "config": config, "inputs": [{"node": i} for i in inputs]}
    return made if shares is None else {**made, "shares": shares}


def document(nodes: list[dict], *outputs: str, name: str = "model") -> dict:
    ends = [{"node": output} for output in outputs]
    return {
        "format": "lamina.graph",
        "version": 1,
        "name": name,
        "nodes": nodes,
        "outputs": ends,
    }


def run(source: str) -> Graph:
    namespace: dict = {}
    exec(source, namespace)
    return namespace["model"].graph


def meaning(graph: Graph) -> dict:
    """The normalized document; the order of nodes says nothing beyond that of the inputs."""
    normal = graph.normalized().to_json()
    inputs = [n["id"] for n in normal["nodes"] if n["type"] == "Input"]
    return {**normal, "nodes": {n["id"]: n for n in normal["nodes"]}, "inputs": inputs}


def assert_law(graph: dict) -> str:
    source = keras_source(graph)
    assert meaning(run(source)) == meaning(Graph.parse(graph))
    return source


CHAIN = [
    node("n-image", "Input", shape=[28, 28, 1]),
    node("conv", "Conv2D", "n-image", filters=32, kernel_size=[3, 3], activation="relu"),
    node("pool", "MaxPooling2D", "conv", pool_size=[2, 2]),
    node("flat", "Flatten", "pool"),
    node("class", "Dense", "flat", units=10, activation="softmax"),
]


def test_a_chain_is_a_sequential():
    source = assert_law(document(CHAIN, "class", name="mnist-cnn"))
    assert source == (
        "import lamina as keras  # or `import keras`, for Keras 3\n"
        "\n"
        "model = keras.Sequential(\n"
        "    [\n"
        '        keras.Input(shape=(28, 28, 1), name="n-image"),\n'
        '        keras.layers.Conv2D(32, (3, 3), activation="relu", name="conv"),\n'
        '        keras.layers.MaxPooling2D(name="pool"),\n'
        '        keras.layers.Flatten(name="flat"),\n'
        '        keras.layers.Dense(10, activation="softmax", name="class"),\n'
        "    ],\n"
        '    name="mnist-cnn",\n'
        ")\n"
    )


def test_branches_are_functional_calls():
    nodes = [
        *CHAIN,
        node("side", "Dense", "flat", units=10, trainable=False),
        node("sum", "Add", "class", "side"),
    ]
    source = assert_law(document(nodes, "sum", "class"))
    assert "sum = keras.layers.Add" in source.replace("sum_1", "sum")
    assert "model = keras.Model(n_image, [sum, class_]" in source


def test_a_shared_layer_is_made_once():
    nodes = [
        node("a", "Input", shape=[4]),
        node("b", "Input", shape=[4]),
        node("encode", "Dense", "a", units=3),
        node("encode__1", "Dense", "b", shares="encode"),
        node("both", "Concatenate", "encode", "encode__1"),
    ]
    source = assert_law(document(nodes, "both"))
    assert source.count("keras.layers.Dense") == 1


def test_an_input_that_nothing_uses_stays_an_input():
    nodes = [
        node("a", "Input", shape=[4]),
        node("b", "Input", shape=[2]),
        node("c", "Dense", "a", units=1),
    ]
    assert_law(document(nodes, "c"))


def test_what_leads_nowhere_is_left_out():
    nodes = [*CHAIN, node("stray", "Dropout", "flat", rate=0.5)]
    assert meaning(run(keras_source(document(nodes, "class")))) == meaning(
        Graph.parse(document(CHAIN, "class"))
    )


def test_a_graph_with_problems_has_no_source():
    with pytest.raises(GraphError, match='"d": Give a value for Units'):
        keras_source(document([CHAIN[0], node("d", "Dense", "n-image")], "d"))


CONFIGS = st.one_of(
    st.fixed_dictionaries(
        {"units": st.integers(1, 9)},
        optional={
            "activation": st.sampled_from(["relu", "gelu"]),
            "use_bias": st.booleans(),
            "trainable": st.booleans(),
            "kernel_initializer": st.sampled_from(
                [
                    "he_normal",
                    {"type": "RandomNormal", "config": {"mean": 1e-9, "seed": 7}},
                    {"type": "VarianceScaling", "config": {"mode": "fan_out", "scale": 2.0}},
                ]
            ),
        },
    ).map(lambda config: ("Dense", config)),
    st.floats(0, 0.99).map(lambda rate: ("Dropout", {"rate": rate})),
    st.sampled_from([("LeakyReLU", {"negative_slope": 0.01}), ("Reshape", {"target_shape": [-1]})]),
    st.just(("Activation", {"activation": "softplus"})),
)
IDS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,12}", fullmatch=True) | st.sampled_from(
    ["keras", "model", "class", "None", "print", "a-b", "a_b", "lamina"]
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    layers=st.lists(CONFIGS, min_size=1, max_size=5),
    ids=st.lists(IDS, min_size=8, max_size=8, unique=True),
    name=st.text(min_size=1, max_size=30),
    is_branched=st.booleans(),
)
def test_any_model_comes_back_from_its_source(layers, ids, name, is_branched):
    nodes = [node(ids[0], "Input", shape=[4])]
    for (type_, config), node_id in zip(layers, ids[1:], strict=False):
        nodes.append(node(node_id, type_, nodes[-1]["id"], **config))
    if is_branched:
        nodes.append(node(ids[7], "Flatten", ids[0]))
        assert_law(document(nodes, nodes[-2]["id"], ids[7], name=name))
    else:
        assert_law(document(nodes, nodes[-1]["id"], name=name))


@given(st.text())
def test_any_text_is_itself_in_source(text):
    assert eval(text_literal(text)) == text


@given(st.lists(st.text(max_size=8), max_size=8))
def test_variables_are_valid_and_different(wishes):
    taken: set[str] = set()
    names = [variable_name(wish, taken) for wish in wishes]
    assert len(set(names)) == len(names)
    for name in names:
        assert eval(name, {name: 1}) == 1


def test_a_long_call_takes_a_line_for_each_argument():
    assert call_source("f", ["a", "b"]) == "f(a, b)"
    assert call_source("f", ["a" * 50, "b" * 50], indent=4) == (
        f"f(\n        {'a' * 50},\n        {'b' * 50},\n    )"
    )


def test_the_lines_fit(capsys):
    assert max(len(line) for line in keras_source(document(CHAIN, "class")).splitlines()) <= 88
    assert lamina.export.keras_source is keras_source


def test_penalties_and_constraints_stand_in_the_source():
    dense = node(
        "d", "Dense", "x", units=2,
        kernel_regularizer={"type": "L1L2", "config": {"l1": 0.5}}, bias_regularizer="l2",
        kernel_constraint={"type": "MaxNorm", "config": {"axis": [0, 1]}},
    )  # fmt: skip
    graph = document([node("x", "Input", shape=[3]), dense], "d")
    source = keras_source(graph)
    assert "kernel_regularizer=keras.regularizers.L1L2(l1=0.5)" in source
    assert "kernel_constraint=keras.constraints.MaxNorm(axis=(0, 1))" in source
    assert meaning(run(source)) == meaning(Graph.parse(graph))
