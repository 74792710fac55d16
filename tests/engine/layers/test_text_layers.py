"""Layers for text and categories. Keras has most of them with TensorFlow only, which is no part of these tests: what it
gave (Keras 3.15.1 with TensorFlow 2.21.0, drawn once) lies in `data/text_layers.json`."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import lamina
from lamina import layers
from lamina.errors import ConfigError, ShapeError
from lamina.graph.check import check_graph
from lamina.layers.preprocessing.fingerprints import fingerprint64, siphash
from lamina.network import Network
from lamina.strings import from_codes, text_array, to_codes

DATA = json.loads(Path(__file__).with_name("data").joinpath("text_layers.json").read_text("utf-8"))
HERE = 2**62
LAYERS = ("Hashing", "HashedCrossing", "StringLookup", "IntegerLookup", "TextVectorization")


def made(case):
    config = dict(case["config"])
    layer = getattr(layers, case["layer"])(**config)
    if "adapt" in case:
        batches = (np.array(batch) for batch in case["adapt"])
        layer.adapt(np.array(case["adapt"]) if case["how"] == "array" else batches)
        assert layer.get_vocabulary() == case["vocabulary"]
    return layer


def cases(kind):
    found = [case for case in DATA["cases"] if case["layer"] == kind]
    assert len(found) > 10
    return found


@pytest.mark.parametrize("kind", LAYERS)
def test_the_same_as_keras_with_tensorflow(kind):
    for case in cases(kind):
        found = made(case)(case["inputs"])
        found = found.tolist() if isinstance(found, torch.Tensor) else found
        assert np.shape(found) == np.shape(case["output"]), case
        if isinstance(np.ravel(case["output"])[0], str):
            assert found == case["output"], case
        else:
            np.testing.assert_allclose(found, case["output"], rtol=1e-6, err_msg=str(case))


@pytest.mark.parametrize("kind", LAYERS)
def test_in_a_model_they_give_the_same(kind):
    for case in cases(kind)[::4]:
        layer = made(case)
        given = case["inputs"] if kind == "HashedCrossing" else [case["inputs"]]
        if layer.get_config().get("invert") or np.ndim(given[0]) == 0:
            continue
        is_text = [isinstance(np.ravel(value)[0], str) for value in given]
        inputs = [
            lamina.Input(np.shape(value)[1:], dtype="string" if text else "int64")
            for value, text in zip(given, is_text, strict=True)
        ]
        output = layer(inputs if len(inputs) > 1 else inputs[0])
        model = lamina.Model(inputs, output)
        encodes = case["config"].get("output_mode", "int") != "int"
        if np.ndim(given[0]) == 1 and encodes and kind != "TextVectorization":
            continue  # one sample, without a batch
        arrays = [np.array(value) for value in given]
        found = model.predict(arrays if len(arrays) > 1 else arrays[0], verbose=0)
        np.testing.assert_allclose(found, case["output"], rtol=1e-6, err_msg=str(case))
        assert all(
            size in (None, real) for size, real in zip(output.shape, found.shape, strict=True)
        )
        again = Network.from_graph(model.graph.to_json())
        for one in (model, again):
            called = one(arrays if len(arrays) > 1 else arrays[0])
            np.testing.assert_allclose(called, case["output"], rtol=1e-6)


def test_fingerprints_of_every_length():
    for text, expected in DATA["fingerprints"]:
        assert fingerprint64(text.encode()) % HERE == expected
    for text, key, expected in DATA["siphashes"]:
        assert siphash(text.encode(), key) % HERE == expected


def test_published_values_of_siphash():
    key = (0x0706050403020100, 0x0F0E0D0C0B0A0908)
    published = {0: 0x726FDB47DD0E0E31, 1: 0x74F839C593DC67FD, 8: 0x93F5F5799A932462}
    for size, expected in published.items():
        assert siphash(bytes(range(size)), key) == expected


# --- text as tensors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3,), (2, 2), (1, 2, 1)])
def test_text_becomes_a_tensor_and_text_again(shape):
    words = np.array(["", "über", "日本語", "a b"] * 3)[: int(np.prod(shape))].reshape(shape)
    codes = to_codes(words)
    assert codes.shape[:-1] == shape
    np.testing.assert_array_equal(from_codes(codes), words)


def test_text_comes_in_several_forms():
    for given in (["a", "é"], np.array(["a", "é"]), np.array([b"a", "é".encode()], object)):
        assert text_array(given).tolist() == ["a", "é"]
    assert text_array(np.array([b"a"])).tolist() == ["a"]
    for wrong in (["a", 1.0], [["a"], ["b", "c"]], [None]):
        with pytest.raises(ConfigError, match="Text is needed"):
            text_array(np.array(wrong, object) if wrong != [["a"], ["b", "c"]] else wrong)


def test_text_trains_a_model(tmp_path):
    texts = np.array(["good fine", "bad awful", "fine good", "awful bad"] * 16)
    labels = np.array([1.0, 0.0, 1.0, 0.0] * 16)
    vectorize = layers.TextVectorization(output_sequence_length=2)
    vectorize.adapt(texts)
    lamina.utils.set_random_seed(0)
    model = lamina.Sequential(
        [
            lamina.Input((1,), dtype="string"),
            vectorize,
            layers.Embedding(6, 4),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(lamina.optimizers.Adam(0.1), "binary_crossentropy", metrics=["accuracy"])
    history = model.fit(texts, labels, epochs=4, verbose=0)
    assert history.history["accuracy"][-1] == 1.0
    assert model.evaluate(iter([(texts, labels)]), verbose=0)[1] == 1.0
    model.save(tmp_path / "m.keras")
    again = lamina.models.load_model(tmp_path / "m.keras")
    asked = ["good", "awful"]
    np.testing.assert_allclose(again.predict(asked, verbose=0), model.predict(asked, verbose=0))


def test_a_model_without_an_input_learns_from_text_that_it_is_text():
    model = lamina.Sequential([layers.StringLookup(vocabulary=["a"], output_mode="one_hot")])
    assert model(np.array(["a", "b"])).tolist() == [[0, 1], [1, 0]]


def test_layers_that_need_numbers_refuse_text():
    with pytest.raises(ShapeError, match="takes numbers, not text"):
        layers.Dense(2)(lamina.Input((1,), dtype="string"))
    for layer in (
        layers.StringLookup(vocabulary=["a"]),
        layers.TextVectorization(vocabulary=["a"]),
    ):
        with pytest.raises(ShapeError, match='dtype="string"'):
            layer(lamina.Input((1,)))
    with pytest.raises(ShapeError, match="not text"):
        layers.IntegerLookup(vocabulary=[1])(lamina.Input((1,), dtype="string"))
    with pytest.raises(ShapeError, match="predicts"):
        layers.StringLookup(vocabulary=["a"], invert=True)(lamina.Input((1,), dtype="int64"))


# --- what cannot be --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "config", "match"),
    [
        ("Hashing", {"num_bins": 0}, "num_bins must be at least 1"),
        ("Hashing", {"num_bins": 2, "salt": [1, 2, 3]}, "tuple of size 2"),
        ("Hashing", {"num_bins": 2, "dtype": "float32"}, "integer type"),
        ("Hashing", {"num_bins": 2, "sparse": True}, "not supported"),
        ("Hashing", {"num_bins": 2, "mask_value": 0.5}, "text or a whole number"),
        ("StringLookup", {"max_tokens": 1}, "max_tokens must be at least 2"),
        ("StringLookup", {"pad_to_max_tokens": True}, "must set `max_tokens`"),
        ("StringLookup", {"vocabulary": ["a", "a"]}, "repeated term"),
        ("StringLookup", {"vocabulary": []}, "empty vocabulary"),
        ("StringLookup", {"vocabulary": ["a", "b"], "max_tokens": 2}, "larger than the maximum"),
        ("StringLookup", {"vocabulary": ["a", "m"], "mask_token": "m"}, "reserved mask token"),
        ("StringLookup", {"vocabulary": "no/such/file.txt"}, "does not exist"),
        ("StringLookup", {"invert": True, "output_mode": "count"}, "`output_mode` must be"),
        ("StringLookup", {"vocabulary": ["a"], "output_mode": "tf_idf"}, "must also be provided"),
        ("StringLookup", {"vocabulary": ["a"], "idf_weights": [1.0]}, "only be set if"),
        (
            "StringLookup",
            {"vocabulary": ["a"], "output_mode": "tf_idf", "idf_weights": [1.0, 2.0]},
            "same length",
        ),
        ("TextVectorization", {"vocabulary": ["a", "", "b"]}, "reserved mask token"),
        ("IntegerLookup", {"salt": 3}, "oov_method='farmhash'"),
        ("IntegerLookup", {"vocabulary_dtype": "int32"}, "vocabulary_dtype"),
        ("TextVectorization", {"standardize": "upper"}, "must be one of"),
        ("TextVectorization", {"ngrams": "two"}, None),
        ("TextVectorization", {"ngrams": [1.5]}, "`ngrams` must be"),
        ("TextVectorization", {"output_mode": "count", "output_sequence_length": 3}, "must not be"),
        ("TextVectorization", {"ragged": True}, "not supported"),
        ("Discretization", {"num_bins": 2, "bin_boundaries": [0.0]}, "not both"),
        ("Discretization", {}, "either `num_bins` or"),
        ("Discretization", {"bin_boundaries": [1.0, 0.0]}, "rising"),
    ],
)
def test_what_cannot_be(kind, config, match):
    if match is None:
        assert getattr(layers, kind)(**config).ngrams is None
        return
    with pytest.raises(ConfigError, match=match):
        getattr(layers, kind)(**config)


def test_without_a_vocabulary_it_says_what_to_do():
    for layer, x in ((layers.StringLookup(), ["a"]), (layers.TextVectorization(), ["a"])):
        with pytest.raises(ShapeError, match="vocabulary"):
            layer(x)
    with pytest.raises(ConfigError, match="adapt"):
        layers.Discretization(num_bins=2)(np.zeros((2, 2)))


def test_an_unknown_token_where_none_may_be():
    lookup = layers.StringLookup(vocabulary=["a"], num_oov_indices=0)
    assert lookup(["a"]).tolist() == [0]
    with pytest.raises(ConfigError, match="num_oov_indices"):
        lookup(["a", "b"])


def test_a_given_vocabulary_is_not_learned_again():
    for layer in (
        layers.StringLookup(vocabulary=["a"]),
        layers.TextVectorization(vocabulary=["a"]),
    ):
        with pytest.raises(ConfigError, match="Cannot adapt"):
            layer.adapt(["b"])
    with pytest.raises(ConfigError, match="num_bins"):
        layers.Discretization([0.0]).adapt(np.zeros(3))
    for layer in (layers.StringLookup(), layers.TextVectorization()):
        layer.set_vocabulary(["x"])
        layer.adapt(["y z"])
        assert "x" not in layer.get_vocabulary()


def test_a_vocabulary_from_a_file_is_for_scripts_only(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("one\ntwo\n\n", "utf-8")
    for layer in (layers.StringLookup(vocabulary=str(path)), layers.StringLookup(vocabulary=path)):
        assert layer.get_vocabulary() == ["[UNK]", "one", "two"]
    numbers = tmp_path / "numbers.txt"
    numbers.write_text("5\n7\n", "utf-8")
    assert layers.IntegerLookup(vocabulary=str(numbers)).get_vocabulary() == [-1, 5, 7]
    node = {
        "id": "a",
        "type": "Input",
        "config": {"shape": [1], "data_type": "string"},
        "inputs": [],
    }
    lookup = {"id": "b", "type": "StringLookup", "config": {"vocabulary": str(path)}}
    document = {"format": "lamina.graph", "version": 1, "nodes": [node, {**lookup, "inputs": [{"node": "a"}]}], "outputs": [{"node": "b"}]}  # fmt: skip
    (problem,) = check_graph(document).errors
    assert "only where a script" in problem.message.en
    lookup["config"] = {"vocabulary": "one, two"}
    document["nodes"][1] = {**lookup, "inputs": [{"node": "a"}]}
    assert check_graph(document).errors == []
    for type_ in ("StringLookup", "TextVectorization"):
        twice = {"id": "b", "type": type_, "config": {"vocabulary": "one, one"}}
        document["nodes"][1] = {**twice, "inputs": [{"node": "a"}]}
        (problem,) = check_graph(document).errors
        assert problem.field == "vocabulary"
        assert "repeated term" in problem.message.en


def test_functions_of_ones_own_prepare_text_but_stay_out_of_files():
    layer = layers.TextVectorization(
        standardize=np.char.upper, split=lambda texts: [text.split("-") for text in texts]
    )
    layer.adapt(["a-b", "b"])
    assert layer.get_vocabulary() == ["", "[UNK]", "B", "A"]
    with pytest.raises(ConfigError, match="function of your own"):
        layer.get_config()


# --- numbers as categories -------------------------------------------------------------------------------------------


def test_numbers_outside_are_refused():
    for wrong in (-1, 3):
        with pytest.raises(ConfigError, match=f"from 0 to 2, got {wrong}"):
            layers.CategoryEncoding(3)(torch.tensor([[0, wrong]]))


def test_counts_may_be_weighed():
    x, weights = torch.tensor([[0, 1, 1]]), torch.tensor([[0.5, 1.0, 2.0]])
    layer = layers.CategoryEncoding(3, "count")
    assert layer(x, count_weights=weights).tolist() == [[0.5, 3.0, 0.0]]
    with pytest.raises(ShapeError, match="count_weights"):
        layers.CategoryEncoding(3)(x, count_weights=weights)
