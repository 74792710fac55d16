"""Files that are damaged or mean harm: each is refused in one clear sentence, and nothing happens."""

import contextlib
import io
import json
import resource
import struct
import sys
import time
import tracemalloc
import zipfile
import zlib

import h5py
import numpy as np
import pytest

from lamina import Sequential, layers
from lamina.errors import FileFormatError
from lamina.files import read_model
from lamina.layers import Input
from lamina.saving import load_model

WATCHED = ("exec", "compile", "import", "os.system", "subprocess.Popen", "pickle.find_class")
seen_events: list[tuple[str, str]] | None = None


def _audit(event: str, arguments: tuple) -> None:
    if seen_events is not None and event in WATCHED:
        seen_events.append((event, str(arguments[:1])))


sys.addaudithook(_audit)  # cannot be removed again; it only looks while a test asks it to


@pytest.fixture
def good(tmp_path):
    """A sound file, as its members."""
    model = Sequential(
        [
            Input(shape=(6,)),
            layers.Dense(4, activation="relu", name="first"),
            layers.Dense(3, activation="softmax", name="last"),
        ]
    )
    model.compile("adam", "mse")
    model.save(tmp_path / "good.keras")
    with zipfile.ZipFile(tmp_path / "good.keras") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def file(tmp_path, good):
    """Writes the good file with some members replaced, and gives its path."""

    def write(compression: int = zipfile.ZIP_STORED, **replaced: bytes | None):
        members = {**good, **{name.replace("__", "."): data for name, data in replaced.items()}}
        path = tmp_path / "file.keras"
        with zipfile.ZipFile(path, "w", compression) as archive:
            for name, data in members.items():
                if data is not None:
                    archive.writestr(name, data)
        return path

    return write


@pytest.fixture
def with_config(file, good):
    """Writes the good file with a change to its config."""

    def write(change):
        config = json.loads(good["config.json"])
        change(config)
        return file(config__json=json.dumps(config).encode())

    return write


@pytest.fixture
def with_weights(file, good):
    """Writes the good file with a change to its HDF5 part."""

    def write(change):
        buffer = io.BytesIO(good["model.weights.h5"])
        with h5py.File(buffer, "r+") as weights:
            change(weights)
        return file(model__weights__h5=buffer.getvalue())

    return write


def refused(path, match: str) -> None:
    """The file is refused with such a message, at little cost and without side effects."""
    global seen_events
    with pytest.raises(FileFormatError):
        load_model(path)  # once before, so that lazy imports of the library are not counted
    seen_events = []
    tracemalloc.start()
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    try:
        with pytest.raises(FileFormatError, match=match) as error:
            load_model(path)
        events = [event for event in seen_events if "lamina" not in event[1]]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        seen_events = None
    assert error.value.text.zh != error.value.text.en
    assert events == []
    assert peak < 64 * 2**20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 2**10
    assert time.monotonic() - started < 2


def test_the_good_file_is_read(file):
    assert load_model(file()).count_params() == 43
    assert load_model(file(zipfile.ZIP_DEFLATED)).count_params() == 43


# ---------------------------------------------------------------------------------------- container


@pytest.mark.parametrize("content", [b"PK", b"\x80\x04\x95", b"PK\x03\x04" + b"x" * 500])
def test_what_is_no_archive(tmp_path, content):
    (tmp_path / "file.keras").write_bytes(content)
    refused(tmp_path / "file.keras", r"no \.keras file|cannot be read")


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "none.keras")


def test_an_h5_file_is_recognized_by_its_content(tmp_path):
    with h5py.File(tmp_path / "model.keras", "w"):
        pass
    refused(tmp_path / "model.keras", "holds no model")


@pytest.mark.parametrize("size", [10, 200, 1000, -30])
def test_a_file_that_is_cut_off(file, size):
    path = file()
    path.write_bytes(path.read_bytes()[:size])
    refused(path, "cannot be read")


def test_every_flipped_byte_is_an_error_or_harmless(file):
    path = file()
    content = path.read_bytes()
    for position in range(0, len(content), 97):
        path.write_bytes(
            content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :]
        )
        with contextlib.suppress(FileFormatError):  # and nothing else
            read_model(path)


@pytest.mark.parametrize("member", ["config__json", "model__weights__h5"])
def test_a_missing_member(file, member):
    refused(file(**{member: None}), "is missing")


@pytest.mark.parametrize(
    "name",
    [
        "../outside.txt",
        "/etc/passwd",
        "assets/../x",
        "assets/a/..",
        "assets//x",
        "assets/.x",
        "assets\\x",
        "assets/a\nb",
        "config.json/x",
        "model.weights.npz",
        "é",
    ],
)
def test_a_member_that_is_no_part_of_a_model(file, name):
    refused(file(**{name: b"x"}), "no part of a model file")


def test_a_member_that_is_there_twice(file, good):
    path = file()
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("config.json", good["config.json"])
    refused(path, "twice")


def test_a_zip_bomb(file):
    refused(file(zipfile.ZIP_DEFLATED, model__weights__h5=bytes(50_000_000)), "declares")


def test_a_directory_of_very_many_members(tmp_path):
    path = tmp_path / "file.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(3000):
            archive.writestr(f"{number}", b"")
    refused(path, "far too many members")


def test_a_member_that_lies_about_its_size(file, good):
    path = file()
    content = path.read_bytes()
    size = struct.pack("<I", len(good["config.json"]))
    path.write_bytes(content.replace(size, struct.pack("<I", 5)))
    with pytest.raises(FileFormatError):
        read_model(path)


# ------------------------------------------------------------------------------------------- config


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "no valid JSON"),
        (b"[1, 2]", "not an object"),
        (b"{}", "class_name"),
        (b'{"class_name": "Sequential", "config": {"name": "m", "layers": {}}}', "a list"),
        (b'{"class_name": "Sequential", "config": {"name": "m", "layers": [1]}}', "an object"),
        (b'{"class_name": "Sequential", "config": {"name": "m", "layers": []}}', "fit together"),
        (b"[" * 200_000, "JSON"),
        (b'{"a": [' + b"[]," * 500_000 + b"1]}", "more values"),
        (b'{"a": ' + b"9" * 5000 + b"}", "JSON"),
        (b"\xff\xfe\x00", "JSON"),
    ],
)
def test_a_config_that_is_none(file, content, match):
    refused(file(config__json=content), match)


def set_layer(number: int, **values):
    return lambda config: config["config"]["layers"][number].update(values)


def set_layer_config(number: int, **values):
    return lambda config: config["config"]["layers"][number]["config"].update(values)


PROGRAM = {
    "class_name": "__lambda__",
    "config": {"value": "4wEAAAA=", "defaults": None, "closure": None},
}


WIDE = {
    "name": "t",
    "layer": {
        "module": "keras.layers",
        "class_name": "Dense",
        "config": {"name": "wide", "units": 10**9},
        "registered_name": None,
        "build_config": {"input_shape": [None, 6]},
    },
}


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (set_layer(1, class_name="Lambda", config={"name": "l", "function": PROGRAM}), "Lambda"),
        (set_layer(1, class_name="system", module="os"), "There is no layer system"),
        (set_layer(1, module="evil.layers"), "There is no layer Dense"),
        (set_layer(1, registered_name="evil>Dense"), "There is no layer Dense"),
        (set_layer(1, class_name="Dens"), "misspelt Dense"),
        (set_layer(1, class_name="Sequential"), "layers should be a list"),
        (
            set_layer(1, module="keras.src.ops.numpy", class_name="Sys"),
            'operation "Sys" on tensors',
        ),
        (set_layer(1, module="keras.src.ops.numpy", class_name="__class__"), "on tensors"),
        (set_layer(1, module="keras.ops", class_name="CustomGradient"), "on tensors"),
        (set_layer(1, class_name="Layer"), "There is no layer Layer"),
        (set_layer(1, class_name="Input"), "units = 4"),
        (set_layer(1, module="keras.src.ops.nn", class_name="Relu"), "only a functional model"),
        (set_layer(1, class_name="importlib"), "There is no layer importlib"),
        (set_layer(1, class_name="RNN", config={"name": "r", "cell": PROGRAM}), "lambda"),
        (
            lambda c: [
                set_layer_config(0, batch_shape=[None, 5, 6])(c),
                set_layer(1, class_name="TimeDistributed", config=WIDE)(c),
            ],
            "far more than the file holds",
        ),
        (set_layer_config(1, activation=PROGRAM), "__lambda__"),
        (
            set_layer_config(
                1, activation={"module": "builtins", "class_name": "function", "config": "exit"}
            ),
            "exit",
        ),
        (
            set_layer_config(1, kernel_regularizer={"class_name": "Mine", "config": {}}),
            "kernel_regularizer",
        ),
        (
            set_layer_config(1, kernel_regularizer={"class_name": "L2", "config": {"l2": -1}}),
            "l2",
        ),
        (
            set_layer_config(1, kernel_regularizer={"class_name": "Zeros", "config": {}}),
            "Zeros",
        ),
        (set_layer_config(1, lora_rank=4), "lora_rank"),
        (set_layer_config(1, units=-1), "Units"),
        (set_layer_config(1, dtype="int8_from_float32"), "int8_from_float32"),
        (
            set_layer_config(1, dtype={"class_name": "QuantizedDTypePolicy", "config": {}}),
            "QuantizedDTypePolicy",
        ),
        (set_layer_config(1, kernel_initializer={"class_name": "Eye"}), "Eye"),
        (set_layer_config(0, sparse=True), "sparse"),
        (set_layer_config(0, batch_shape="x"), "shape"),
        (set_layer_config(1, units=10**9), r"shape \(6, 4\), not \(6, 1000000000\)"),
        (lambda c: c.update(class_name="Evil", registered_name="evil>Evil"), "author's own"),
        (lambda c: c["compile_config"].update(loss="evil"), "compile=False"),
        (
            lambda c: c["compile_config"]["optimizer"].update(class_name="Evil"),
            "compile=False",
        ),
        (
            lambda c: c["compile_config"]["optimizer"]["config"].update(beta_1=7),
            "Adam",
        ),
    ],
)
def test_a_config_that_asks_for_what_is_not_here(with_config, change, match):
    refused(with_config(change), match)


def test_without_compiling_an_unknown_loss_does_not_matter(with_config):
    path = with_config(lambda c: c["compile_config"].update(loss="evil"))
    assert load_model(path, compile=False).trainer is None


# ------------------------------------------------------------------------------------------ weights

KERNEL = "layers/dense/vars/0"


def replace(name: str, make):
    def change(weights: h5py.File) -> None:
        del weights[name]
        make(weights, name)

    return change


def external_storage(weights: h5py.File, name: str) -> None:
    weights.create_dataset(name, (6, 4), "f4", external=[("/etc/passwd", 0, 96)])


def virtual(weights: h5py.File, name: str) -> None:
    layout = h5py.VirtualLayout((6, 4), "f4")
    layout[:] = h5py.VirtualSource("/tmp/other.h5", "x", (6, 4))  # never opened
    weights.create_virtual_dataset(name, layout)


def never_written(weights: h5py.File, name: str) -> None:
    weights.create_dataset(name, (6, 4), "f4")


def packed(weights: h5py.File, name: str) -> None:
    weights.create_dataset(name, (6, 4), "f4", data=np.ones((6, 4)), compression="lzf")


def text(weights: h5py.File, name: str) -> None:
    weights.create_dataset(name, data=np.full((6, 4), "x", dtype=h5py.string_dtype()))


def fields(weights: h5py.File, name: str) -> None:
    weights.create_dataset(name, (6, 4), np.dtype([("a", "f4"), ("b", "f4")]))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (replace(KERNEL, lambda w, n: None), 'kernel of "first" is missing'),
        (replace("layers", lambda w, n: None), "is missing"),
        (replace(KERNEL, lambda w, n: w.create_dataset(n, data=np.ones((6, 5)))), r"\(6, 5\)"),
        (replace(KERNEL, lambda w, n: w.create_group(n)), "is missing"),
        (replace(KERNEL, lambda w, n: w.create_dataset(n, data=h5py.Empty("f4"))), "shape None"),
        (lambda w: w.create_dataset("layers/dense/vars/2", data=1.0), "holds 3"),
        (replace(KERNEL, external_storage), "another file"),
        (replace(KERNEL, virtual), "another file"),
        (replace(KERNEL, never_written), "0 are stored"),
        (replace(KERNEL, packed), "packed"),
        (replace(KERNEL, text), "not plain numbers"),
        (replace(KERNEL, fields), "not plain numbers"),
        (
            replace(KERNEL, lambda w, n: w.__setitem__(n, h5py.SoftLink("/layers/dense_1/vars/0"))),
            "not followed",
        ),
        (
            replace(KERNEL, lambda w, n: w.__setitem__(n, h5py.ExternalLink("/etc/x.h5", "/x"))),
            "not followed",
        ),
        (
            replace("layers", lambda w, n: w.__setitem__(n, h5py.ExternalLink("/etc/x.h5", "/"))),
            "not followed",
        ),
        (
            replace("optimizer/vars/2", lambda w, n: w.create_dataset(n, data=np.ones((9, 9)))),
            "not that of a weight",
        ),
        (
            lambda w: [w.create_dataset(f"optimizer/vars/{i}", data=1.0) for i in range(10, 99)],
            "far more",
        ),
    ],
)
def test_weights_that_are_not_plainly_there(with_weights, change, match):
    refused(with_weights(change), match)


def test_a_bomb_inside_the_hdf5(file, good, with_config):
    """200 million zeros packed into little: the model asks for them and the file declares them."""
    buffer = io.BytesIO(good["model.weights.h5"])
    with h5py.File(buffer, "r+") as weights:
        del weights[KERNEL]
        dataset = weights.create_dataset(
            KERNEL, (6, 33_000_000), "f4", compression="gzip", chunks=(6, 1_000_000)
        )
        dataset.id.write_direct_chunk((0, 0), zlib.compress(bytes(24_000_000), 9))
    config = json.loads(good["config.json"])
    set_layer_config(1, units=33_000_000)(config)
    path = file(config__json=json.dumps(config).encode(), model__weights__h5=buffer.getvalue())
    refused(path, "are stored")


def test_no_hdf5_at_all(file):
    refused(file(model__weights__h5=b"nothing of the kind"), "no readable weights")


def test_an_optimizer_state_of_another_kind_is_left_out_with_a_warning(with_weights):
    path = with_weights(lambda w: w.__delitem__("optimizer/vars/3"))
    with pytest.raises(FileFormatError, match="optimizer/vars/3 is missing"):
        load_model(path)
    path = with_weights(lambda w: w.__delitem__("optimizer/vars/9"))
    with pytest.warns(UserWarning, match="starts afresh"):
        assert load_model(path).optimizer.iterations == 0
