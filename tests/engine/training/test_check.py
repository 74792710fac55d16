"""Every problem of a training document with its fix: applying the fixes leaves a run that starts."""

import copy

import jsonpatch
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina import datasets  # noqa: F401 - fills the registry
from lamina.checking import check
from lamina.datasets.catalogue import DATASETS, ClassTarget, DatasetSpec, Splits, ValueTarget
from lamina.layer import LAYERS
from lamina.losses import LOSSES
from lamina.metrics import METRICS
from lamina.text import Text


def graph(units=10, activation="softmax", shape=(8, 8, 1), head=None, flatten=True):
    def node(id_, type_, config, *inputs):
        return {"id": id_, "type": type_, "config": config, "inputs": [{"node": i} for i in inputs]}

    nodes = [node("image", "Input", {"shape": list(shape)})]
    if flatten:
        nodes.append(node("flat", "Flatten", {}, "image"))
    config = {"units": units} if activation is None else {"units": units, "activation": activation}
    nodes.append(node("digit", "Dense", config, nodes[-1]["id"]))
    if head is not None:
        nodes.append(node("head", "Activation", {"activation": head}, "digit"))
    return {
        "format": "lamina.graph", "version": 1, "name": "m", "nodes": nodes,
        "outputs": [{"node": nodes[-1]["id"]}], "blocks": [], "layout": {},
    }  # fmt: skip


def training(**changes):
    return {
        "format": "lamina.training", "version": 1, "dataset": {"id": "digits"}, "validation": {"split": 0.1},
        "loss": "categorical_crossentropy", "metrics": ["accuracy"], "optimizer": {"type": "SGD", "config": {}},
        "batch_size": 32, "epochs": 2, **changes,
    }  # fmt: skip


class Nowhere:
    """Files that nobody has."""

    download_bytes = 11_500_000

    def is_present(self):
        return False


def _spec(name, target, shape=(4,), storage=None):
    def no_reader(storage) -> Splits:
        raise AssertionError("a check reads no data")

    title = Text(name.title(), name)
    return DatasetSpec(
        id=name, title=title, summary=title, kind="table", input_shape=shape, target=target, n_train=100, n_test=20,
        license="CC0", source="drawn", storage=storage or DATASETS.get("digits").storage, reader=no_reader,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def more_datasets(monkeypatch):
    entries = dict(DATASETS._entries)
    for spec in (
        _spec("prices", ValueTarget(())),
        _spec("yesno", ClassTarget(("no", "yes"))),
        _spec("faraway", ClassTarget(("a", "b")), storage=Nowhere()),
    ):
        entries[spec.id] = spec
    monkeypatch.setattr(DATASETS, "_entries", entries)


def problems(graph_, training_):
    return check(graph_, training_).problems


def apply_all(graph_, training_):
    """Apply the first fix of each problem until nothing is left to fix."""
    graph_, training_ = copy.deepcopy(graph_), copy.deepcopy(training_)
    for _ in range(8):
        fixes = [
            p.fixes[0] for p in problems(graph_, training_) if p.severity != "info" and p.fixes
        ]
        if not fixes:
            break
        patched = jsonpatch.apply_patch(
            graph_ if fixes[0].target == "graph" else training_, fixes[0].patch
        )
        graph_, training_ = (
            (patched, training_) if fixes[0].target == "graph" else (graph_, patched)
        )
    return graph_, training_


TABLE = {"shape": (4,), "flatten": False}
CASES = {
    "wrong picture size": (graph(shape=(28, 28, 1)), training(), "input_shape", "image"),
    "wrong rank of the input": (graph(shape=(64,), flatten=False), training(), "input_shape", "image"),
    "too few classes": (graph(units=5), training(), "class_count", "digit"),
    "too few classes before an activation layer": (graph(units=5, activation=None, head="softmax"), training(), "class_count", "head"),
    "too few classes, numbered": (graph(units=5), training(loss="sparse_categorical_crossentropy"), "class_count", "digit"),
    "no softmax": (graph(activation=None), training(), "loss_needs_head", "digit"),
    "relu and no softmax": (graph(activation="relu"), training(), "loss_needs_head", "digit"),
    "sigmoid for a softmax": (graph(activation="sigmoid"), training(), "loss_needs_head", "digit"),
    "logits after a softmax": (
        graph(), training(loss={"type": "categorical_crossentropy", "config": {"from_logits": True}}), "logits_after_head", "digit",
    ),
    "yes or no for ten classes": (graph(activation="sigmoid"), training(loss="binary_crossentropy"), "loss_for_two_classes", None),
    "classes as numbers": (graph(), training(loss="mse"), "loss_for_values", None),
    "a number for ten classes": (graph(units=1, activation=None), training(loss="mse"), "class_count", "digit"),
    "numbers with a crossentropy": (
        graph(units=1, activation=None, **TABLE), training(dataset={"id": "prices"}, metrics=["mae"]), "target_is_no_class", None,
    ),
    "too many numbers": (
        graph(units=3, activation=None, **TABLE), training(dataset={"id": "prices"}, loss="mse", metrics=["mae"]), "output_shape", "digit",
    ),
    "two classes, three outputs": (
        graph(units=3, activation="sigmoid", **TABLE), training(dataset={"id": "yesno"}, loss="bce"), "class_count", "digit",
    ),
    "two classes without a sigmoid": (
        graph(units=1, activation=None, **TABLE), training(dataset={"id": "yesno"}, loss="bce"), "loss_needs_head", "digit",
    ),
    "unknown loss": (graph(), training(loss="categorical_crosentropy"), "unknown_loss", None),
    "unknown metric": (graph(), training(metrics=["acuracy"]), "unknown_metric", None),
    "unknown optimizer": (graph(), training(optimizer={"type": "Adma", "config": {}}), "unknown_optimizer", None),
    "unknown callback": (graph(), training(callbacks=["EarlyStoping"]), "unknown_callback", None),
    "unknown data set": (graph(), training(dataset={"id": "digit"}), "unknown_dataset", None),
    "unknown parameter": (
        graph(), training(optimizer={"type": "SGD", "config": {"momentun": 0.9}}), "unknown_parameter", None,
    ),
    "parameter out of range": (
        graph(), training(optimizer={"type": "SGD", "config": {"momentum": 7}}), "out_of_range", None,
    ),
    "negative rate": (graph(), training(optimizer={"type": "SGD", "config": {"lr": -1}}), "out_of_range", None),
    "huge rate": (graph(), training(optimizer={"type": "SGD", "config": {"learning_rate": 50.0}}), "out_of_range", None),
    "a rate of 0": (graph(), training(optimizer={"type": "SGD", "config": {"learning_rate": 0}}), "out_of_range", None),
    "epochs without end": (graph(), training(epochs=10**15), "out_of_range", None),
    "parameters that exclude each other": (
        graph(), training(optimizer={"type": "SGD", "config": {"clipnorm": 1.0, "clipvalue": 1.0}}), "config", None,
    ),
    "no samples per batch": (graph(), training(batch_size=0), "out_of_range", None),
    "more per batch than there is": (graph(), training(batch_size=100_000), "out_of_range", None),
    "no epochs": (graph(), training(epochs=0), "out_of_range", None),
    "no seed": (graph(), training(seed=-1), "out_of_range", None),
    "all for validation": (graph(), training(validation={"split": 1.0}), "out_of_range", None),
    "precision": (graph(), training(precision="float8"), "unsupported_precision", None),
    "device": (graph(), training(device="tpu"), "no_such_device", None),
    "one-hot metric for class numbers": (
        graph(), training(loss="sparse_categorical_crossentropy", metrics=["categorical_accuracy"]), "metric_target", None,
    ),
    "class number metric for one-hot": (graph(), training(metrics=["accuracy", "SparseCategoricalAccuracy"]), "metric_target", None),
    "watching a validation that is not there": (
        graph(), training(validation={"split": 0.0}, callbacks=["EarlyStopping"]), "no_validation", None,
    ),
    "metrics of no output": (graph(), training(metrics={"nope": ["accuracy"]}), "unknown_output", None),
    "loss of no output": (graph(), training(loss={"nope": "mse"}), "missing_loss", None),
}  # fmt: skip
NO_FIX = {
    "parameters that exclude each other",
    "huge rate",
    "a rate of 0",
    "metrics of no output",
    "loss of no output",
}


@pytest.mark.parametrize("name", CASES)
def test_the_problem_is_found_named_and_fixed(name):
    graph_, training_, code, node = CASES[name]
    found = problems(graph_, training_)
    match = [p for p in found if p.code == code]
    assert match, [p.message.en for p in found]
    assert match[0].node == node
    assert match[0].message.zh != match[0].message.en
    assert all(fix.label.en and fix.label.zh for p in found for fix in p.fixes)
    if name in NO_FIX:
        return
    assert match[0].fixes
    left = problems(*apply_all(graph_, training_))
    assert not [p.message.en for p in left if p.severity != "info"]


@pytest.mark.parametrize(
    ("graph_", "training_"),
    [
        (graph(), training()),
        (
            graph(),
            training(
                loss="sparse_categorical_crossentropy",
                metrics=["acc", "SparseTopKCategoricalAccuracy"],
            ),
        ),
        (graph(activation=None, head="softmax"), training()),
        (
            graph(activation=None),
            training(loss={"type": "CategoricalCrossentropy", "config": {"from_logits": True}}),
        ),
        (graph(), training(loss="crossentropy", metrics=[])),
        (
            graph(units=1, activation="sigmoid", **TABLE),
            training(dataset={"id": "yesno"}, loss="bce"),
        ),
        (
            graph(units=1, activation=None, **TABLE),
            training(dataset={"id": "prices"}, loss="mse", metrics=["mae"]),
        ),
        (
            graph(),
            training(
                callbacks=[{"type": "EarlyStopping", "config": {"patience": 2}}],
                loss={"digit": "categorical_crossentropy"},
            ),
        ),
    ],
)
def test_what_fits_has_no_problem(graph_, training_):
    assert [p.message.en for p in problems(graph_, training_)] == []


def test_sizes_that_cannot_be_become_those_of_the_data_or_else_each_one():
    broken = graph(shape=(0, 0, 1))
    alone = check(broken).problems[0]
    assert [f.label.to_json() for f in alone.fixes] == [
        {"en": "Set Shape to 1, 1, 1", "zh-CN": "将形状设为 1, 1, 1"}
    ]
    assert alone.fixes[0].patch[0]["value"] == [1, 1, 1]
    with_data = problems(broken, training())[0]
    assert [f.label.en for f in with_data.fixes] == ["Set the input to 8 × 8 × 1"]
    mended = jsonpatch.apply_patch(broken, with_data.fixes[0].patch)
    assert problems(mended, training()) == []


def test_a_size_below_its_bound_leaves_the_others_as_they_are():
    padded = LAYERS.get("ZeroPadding2D").check_config({"padding": [[-1, 2], [3, -4]]})[1]
    assert [issue.suggestion for issue in padded] == [[[0, 2], [3, 0]]]
    spread = LAYERS.get("ZeroPadding2D").check_config({"padding": [-1, 5]})[1]
    assert [issue.suggestion for issue in spread] == [[0, 5]]


@pytest.mark.parametrize(
    ("changes", "severity", "field", "en", "zh"),
    [
        ({"epochs": 10**15}, "warning", "epochs", "Epochs is 1000000000000000: ", "轮数为 "),
        ({"batch_size": 0}, "error", "batch_size", "Batch size must be at least 1", "批大小应至少为 1"),
        ({"validation": {"split": 2}}, "error", "validation.split", "Validation split must", "验证集比例应"),
        ({"learning_rate": 0}, "warning", "optimizer.config.learning_rate", "Learning rate is 0: ", "学习率为 0"),
        ({"learning_rate": 1e30}, "warning", "optimizer.config.learning_rate", "Learning rate is 1e+30: ", "学习率为 1e+30"),
        ({"learning_rate": -1}, "error", "optimizer.config.learning_rate", "Adam: Learning rate must", "Adam：学习率必须"),
        ({"beta_1": 7}, "error", "optimizer.config.beta_1", "Adam: Beta 1 must be at most 1", "Adam：β₁（一阶矩）必须不大于 1"),
    ],
)  # fmt: skip
def test_numbers_are_called_what_the_form_calls_them(changes, severity, field, en, zh):
    whole = {"epochs", "batch_size", "validation"} & set(changes)
    optimizer = {"type": "Adam", "config": {} if whole else changes}
    found = problems(graph(), training(optimizer=optimizer, **(changes if whole else {})))
    (problem,) = [p for p in found if p.severity != "info"]
    assert (problem.severity, problem.field) == (severity, field)
    assert problem.message.en.startswith(en)
    assert problem.message.zh.startswith(zh)


def test_parameters_of_layers_are_called_what_the_form_and_the_palette_call_them():
    broken = graph(shape=(0, 0, 1), units=0)
    broken["nodes"][1]["config"] = {"x": 1}
    said = [p.message.en for p in check(broken).problems]
    assert said == [
        '"image": Shape must be at least 1, got 0.',
        '"flat": Flatten has no parameter "x". It has: data_format, trainable, activity_regularizer, dtype_policy.',
        '"digit": Units must be at least 1, got 0.',
    ]
    del broken["nodes"][0]["config"]["shape"]
    assert check(broken).problems[0].message.en.startswith('"image": Give a value for Shape: ')
    broken["nodes"][0]["config"] = {"shape": [1], "y": 1}
    assert '"image": Input has no parameter "y".' in check(broken).problems[0].message.en


def test_data_that_is_not_here_is_only_an_info():
    found = problems(graph(units=2, **TABLE), training(dataset={"id": "faraway"}))
    assert [(p.code, p.severity) for p in found] == [("dataset_not_downloaded", "info")]
    assert found[0].params == {"bytes": 11_500_000}
    assert "(11.5 MB)" in found[0].message.en


def test_several_inputs_or_outputs_are_named():
    two = graph()
    two["nodes"].append(
        {"id": "more", "type": "Dense", "config": {"units": 10}, "inputs": [{"node": "flat"}]}
    )
    two["outputs"].append({"node": "more"})
    (problem,) = problems(two, training())
    assert problem.code == "several_outputs"
    assert [fix.label.en for fix in problem.fixes] == ["Keep only digit", "Keep only more"]
    kept = jsonpatch.apply_patch(two, problem.fixes[0].patch)
    assert "error" not in {p.severity for p in problems(kept, training())}


def test_a_graph_that_does_not_parse_leaves_the_training_checked():
    codes = [p.code for p in problems({"format": "lamina.graph"}, training(epochs=0))]
    assert "out_of_range" in codes


def test_a_graph_with_a_problem_hides_nothing_of_the_training():
    broken = graph()
    broken["nodes"][2]["config"]["units"] = -1
    codes = [p.code for p in problems(broken, training(batch_size=0, loss="mze"))]
    assert {"out_of_range", "unknown_loss"} <= set(codes)


def test_all_problems_are_listed_at_once():
    found = problems(
        graph(units=3, activation=None, shape=(28, 28, 1)), training(epochs=0, batch_size=0)
    )
    assert {p.code for p in found} == {
        "out_of_range",
        "input_shape",
        "class_count",
        "loss_needs_head",
    }


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 40),
    st.floats(),
    st.text(max_size=4),
    st.just([]),
    st.just({}),
)
keys = st.sampled_from([*training(), "seed", "precision", "device", "callbacks", "shuffle", "nope"])


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(keys, values, max_size=3),
    st.dictionaries(st.sampled_from(["lr", "momentum", "name", "x"]), values),
)
def test_no_document_breaks_the_check(changes, config):
    for p in problems(
        graph(),
        training(
            optimizer={"type": "SGD", "config": config},
            **{k: v for k, v in changes.items() if k != "optimizer"},
        ),
    ):
        assert p.to_json("zh-CN")["message"]


NEEDED = {
    "num_classes": 10, "target_class_ids": [0], "specificity": 0.5, "sensitivity": 0.5, "recall": 0.5, "precision": 0.5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("loss", "network", "dataset"),
    [
        ("categorical_crossentropy", graph(), "digits"),
        ("sparse_categorical_crossentropy", graph(), "digits"),
        ("binary_crossentropy", graph(units=1, activation="sigmoid", **TABLE), "yesno"),
        ("mse", graph(units=1, activation=None, **TABLE), "prices"),
    ],
)
def test_every_metric_is_measured_or_said_not_to_fit(loss, network, dataset):
    fitting = set()
    for name in METRICS.names():
        required = [k for k, spec in METRICS.get(name).declared_fields.items() if spec.is_required]
        chosen = {"type": name, "config": {key: NEEDED[key] for key in required}}
        document = training(dataset={"id": dataset}, loss=loss, metrics=[chosen])
        found = [p.code for p in problems(network, document) if p.severity == "error"]
        assert set(found) <= {"metric_target"}, name
        if not found:
            fitting.add(name)
    assert {"MeanIoU", "IoU"}.isdisjoint(fitting) or loss in ("mse",)
    if loss in ("categorical_crossentropy", "binary_crossentropy"):
        assert {
            "AUC",
            "Precision",
            "TruePositives",
            "BinaryAccuracy",
            "PrecisionAtRecall",
        } <= fitting
    if loss == "mse":
        assert {"R2Score", "RootMeanSquaredError", "MeanAbsolutePercentageError"} <= fitting


@pytest.mark.parametrize(
    "config", [{"top_k": 99}, {"class_id": 10}, {"thresholds": [0.5, 2.0]}], ids=str
)
def test_parameters_of_a_metric_that_do_not_fit_the_output_are_a_problem(config):
    chosen = {"type": "Precision", "config": config}
    assert [p.severity for p in problems(graph(), training(metrics=[chosen]))].count("error") == 1


@pytest.mark.parametrize("name", LOSSES.names())
def test_every_loss_can_be_chosen_or_is_said_not_to_fit(name):
    for network, dataset in (
        (graph(), "digits"),
        (graph(units=1, activation="sigmoid", **TABLE), "yesno"),
        (graph(units=1, activation=None, **TABLE), "prices"),
    ):
        for problem in problems(network, training(dataset={"id": dataset}, loss=name, metrics=[])):
            assert problem.message.en
            assert problem.message.zh


def prepared(*layers):
    """A classifier of digits with these (type, config) in a chain behind its input."""
    document = graph()
    image, flat, *_ = document["nodes"]
    last = image
    for index, (type_, config) in enumerate(layers):
        inputs = [{"node": last["id"]}]
        last = {"id": f"layer{index}", "type": type_, "config": config, "inputs": inputs}
        document["nodes"].append(last)
    flat["inputs"] = [{"node": last["id"]}]
    return document


@pytest.mark.parametrize(
    ("layers", "node", "reach"),
    [
        ([("RandomBrightness", {"factor": 0.2})], "layer0", [0.0, 1.0]),
        ([("RandomFlip", {}), ("RandomContrast", {"factor": 0.2})], "layer1", [0.0, 1.0]),
        (
            [
                ("Rescaling", {"scale": 2.0, "offset": -1.0}),
                ("RandomBrightness", {"factor": 0.2, "value_range": [0, 1]}),
            ],
            "layer1",
            [-1.0, 1.0],
        ),
    ],
)
def test_a_layer_set_to_another_range_than_its_images_have_is_told_of_and_set(layers, node, reach):
    document = prepared(*layers)
    (problem,) = problems(document, training())
    assert (problem.code, problem.severity, problem.node, problem.field) == (
        "value_range",
        "warning",
        node,
        "value_range",
    )
    (fix,) = problem.fixes
    fixed = jsonpatch.apply_patch(document, fix.patch)
    assert next(n for n in fixed["nodes"] if n["id"] == node)["config"]["value_range"] == reach
    assert problems(fixed, training()) == []


@pytest.mark.parametrize(
    "layers",
    [
        [("RandomBrightness", {"factor": 0.2, "value_range": [0, 1]})],
        [("Rescaling", {"scale": 255.0}), ("RandomBrightness", {"factor": 0.2})],
        [  # nobody can say what a convolution gives
            ("Conv2D", {"filters": 3, "kernel_size": 3, "padding": "same"}),
            ("RandomBrightness", {"factor": 0.2}),
        ],
    ],
)
def test_a_range_that_fits_or_is_not_known_is_no_problem(layers):
    assert problems(prepared(*layers), training()) == []


def test_a_layer_from_the_palette_begins_with_the_range_that_the_data_have():
    schema = LAYERS.get("RandomBrightness").json_schema()["properties"]["value_range"]
    assert (schema["x-suggest"], schema["default"]) == ([0.0, 1.0], [0.0, 255.0])


def test_what_adapts_behind_a_layer_that_learns_is_warned_of():
    document = prepared(
        ("Dense", {"units": 3}), ("Rescaling", {"scale": 2.0}), ("Normalization", {})
    )
    (problem,) = problems(document, training())
    assert (problem.code, problem.severity, problem.node) == (
        "adapts_to_untrained",
        "warning",
        "layer2",
    )
    assert '"layer0"' in problem.message.en
    assert (
        problems(prepared(("Rescaling", {"scale": 2.0}), ("Normalization", {})), training()) == []
    )


@pytest.mark.parametrize(
    ("config", "field", "words"),
    [
        (
            {"mean": "abc", "variance": 1},
            "mean",
            "must be a number or a list of numbers, got 'abc'",
        ),
        ({"mean": 0, "variance": "1 x"}, "variance", "must be a number or a list of numbers"),
        ({"mean": 0, "variance": -1}, "variance", "variance must be at least 0, got -1"),
        (
            {"mean": [0, 1], "variance": [1, -0.5]},
            "variance",
            "variance must be at least 0, got -0.5",
        ),
    ],
)
def test_a_mean_that_is_no_number_and_a_variance_below_0_are_problems_of_their_field(
    config, field, words
):
    (problem,) = problems(prepared(("Normalization", config)), training())
    assert (problem.severity, problem.node, problem.field) == ("error", "layer0", field)
    assert words in problem.message.en
