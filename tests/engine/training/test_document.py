"""The training document: what is read, what is refused, and that nothing is lost on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.problems import GraphError
from lamina.training.document import TrainingDocument, read


def document(**changes):
    return {
        "format": "lamina.training", "version": 1,
        "dataset": {"id": "mnist"}, "validation": {"split": 0.1},
        "loss": "categorical_crossentropy", "metrics": ["accuracy"],
        "optimizer": {"type": "RMSprop", "config": {"learning_rate": 0.001}},
        "batch_size": 32, "epochs": 10, "shuffle": True, "callbacks": [],
        "device": "auto", "precision": "float32", "seed": 0,
        **changes,
    }  # fmt: skip


names = st.text("abcdef_", min_size=1, max_size=8).filter(lambda name: name != "type")
choices = st.one_of(
    names,
    st.fixed_dictionaries(
        {"type": names, "config": st.dictionaries(names, st.integers(), min_size=1)}
    ),
)
documents = st.builds(
    document,
    loss=st.one_of(choices, st.dictionaries(names, choices, min_size=1)),
    metrics=st.one_of(st.lists(choices), st.dictionaries(names, st.lists(choices))),
    callbacks=st.lists(choices),
    epochs=st.integers(-5, 1000),
    shuffle=st.booleans(),
    dataset=st.sampled_from([{"id": "mnist"}, {"id": "iris", "version": "1"}]),
)


def test_the_example_of_the_interface_is_its_own_normal_form():
    assert TrainingDocument.parse(document()).to_json() == document()


@given(documents)
def test_a_document_survives_reading_and_writing(given_):
    written = TrainingDocument.parse(given_).to_json()
    assert written == given_
    assert TrainingDocument.parse(written) == TrainingDocument.parse(given_)


def test_what_is_left_out_has_a_default():
    small = TrainingDocument.parse({"dataset": {"id": "digits"}, "loss": "mse"})
    assert (small.batch_size, small.epochs, small.optimizer.type) == (32, 10, "RMSprop")


@pytest.mark.parametrize(
    ("given_", "code", "field"),
    [
        (None, "document", None),
        ([], "document", None),
        (document(format="lamina.graph"), "document_format", None),
        (document(version=2), "document_version", None),
        (document(version="1"), "document_version", None),
        ({k: v for k, v in document().items() if k != "loss"}, "document", "loss"),
        (document(epochs="ten"), "document", "epochs"),
        (document(epochs=1.5), "document", "epochs"),
        (document(validation={"split": float("nan")}), "document", "validation.split"),
        (document(surprise=1), "document", "surprise"),
        (document(metrics=[{"type": 3}]), "document", "metrics[0].type"),
        (document(callbacks=[{"config": {}}]), "document", "callbacks[0].type"),
        (document(optimizer={"type": "SGD", "confg": {}}), "document", "optimizer.confg"),
    ],
)
def test_what_is_no_training_document_is_named(given_, code, field):
    parsed, problems = read(given_)
    assert parsed is None
    assert (code, field) in [(p.code, p.field) for p in problems]
    assert all(p.message.en and p.message.zh for p in problems)
    with pytest.raises(GraphError):
        TrainingDocument.parse(given_)


def test_every_fault_is_listed():
    _, problems = read(document(epochs="x", batch_size=None, device=3))
    assert [p.field for p in problems] == ["batch_size", "epochs", "device"]


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.sampled_from(sorted(document())), json_like)
def test_nothing_breaks_the_reader(key, value):
    parsed, problems = read(document(**{key: value}))
    assert (parsed is None) == bool(problems)
