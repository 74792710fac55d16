"""Files of a directory as batches: the order, labels and pixels of Keras, and food for `fit`."""

import io
import threading
import wave
from pathlib import Path

import numpy as np
import pytest
import torch
from keras.src.utils import dataset_utils, image_dataset_utils
from PIL import Image

import lamina
from lamina import utils
from lamina.errors import ConfigError, NotSupportedError
from lamina.utils.audio_files import read_wav

RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Two classes, one with a folder inside, and things that are no pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    for index, name in enumerate(
        ["cat/1.png", "cat/0.PNG", "cat/inner/7.bmp", "dog/b.gif", "dog/a.jpg", "dog/c.png", "cat/3.jpeg", "dog/z.png"]
    ):  # fmt: skip
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shape = (5 + index, 9 - index, 3) if index % 3 else (6, 6)
        Image.fromarray(RANDOM.integers(0, 256, shape, dtype=np.uint8)).save(path)
    (folder / "cat" / "notes.txt").write_text("no picture")
    (folder / ".hidden").mkdir()
    (folder / "loose.txt").write_text("in no class")
    return folder


def keras_files(folder, shuffle, seed, **options):
    formats = image_dataset_utils.ALLOWLIST_FORMATS
    return dataset_utils.index_directory(
        str(folder), options.pop("labels", "inferred"), formats, shuffle=shuffle, seed=seed,
        verbose=False, **options,
    )  # fmt: skip


def all_of(dataset):
    return [row for batch in dataset for row in (batch[1] if isinstance(batch, tuple) else batch)]


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("class_names", [None, ["dog", "cat"]])
def test_files_and_labels_have_keras_order(pictures, shuffle, class_names):
    data = utils.image_dataset_from_directory(
        pictures, shuffle=shuffle, seed=3, class_names=class_names, verbose=False
    )
    paths, labels, names = keras_files(pictures, shuffle, 3, class_names=class_names)
    assert data.file_paths == paths
    assert data.class_names == names
    data.shuffle = False
    assert [int(label) for label in all_of(data)] == labels.tolist()


@pytest.mark.parametrize("labels", [None, [2, 0, 1, 0, 0, 2, 1, 1]])
def test_without_folders_as_classes_files_have_keras_order(pictures, labels):
    data = utils.image_dataset_from_directory(pictures, labels=labels, seed=2, verbose=False)
    paths, numbers, names = keras_files(pictures, True, 2, labels=labels)
    assert data.file_paths == paths
    assert data.class_names == names
    if labels:
        data.shuffle = False
        assert [int(label) for label in all_of(data)] == list(numbers)


@pytest.mark.parametrize("subset", ["training", "validation", "both"])
def test_a_split_is_keras_split(pictures, subset):
    options = {"validation_split": 0.3, "seed": 5, "verbose": False}
    data = utils.image_dataset_from_directory(pictures, subset=subset, **options)
    paths, labels, _ = keras_files(pictures, True, 5)
    parts = ["training", "validation"] if subset == "both" else [subset]
    for part, name in zip(data if subset == "both" else [data], parts, strict=True):
        wanted, _ = dataset_utils.get_training_or_validation_split(paths, labels, 0.3, name)
        assert part.file_paths == wanted


@pytest.mark.parametrize("color_mode", ["grayscale", "rgb", "rgba"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"interpolation": "nearest"},
        {"crop_to_aspect_ratio": True},
        {"pad_to_aspect_ratio": True},
        {"data_format": "channels_first", "interpolation": "bicubic"},
    ],
    ids=str,
)
def test_pixels_are_keras_pixels(pictures, color_mode, options):
    data = utils.image_dataset_from_directory(
        pictures, color_mode=color_mode, image_size=(8, 5), shuffle=False, labels=None,
        batch_size=3, verbose=False, **options,
    )  # fmt: skip
    ours = torch.cat(list(data)).numpy()
    channels = {"grayscale": 1, "rgb": 3, "rgba": 4}[color_mode]
    chosen = {
        "interpolation": "bilinear", "data_format": "channels_last", "crop_to_aspect_ratio": False,
        "pad_to_aspect_ratio": False, **options,
    }  # fmt: skip
    for pixels, path in zip(ours, data.file_paths, strict=True):
        file = io.BytesIO(Path(path).read_bytes())  # Keras does not close a file that it opens
        theirs = image_dataset_utils._load_image_grain(
            file, (8, 5), channels, chosen["interpolation"], chosen["data_format"],
            chosen["crop_to_aspect_ratio"], chosen["pad_to_aspect_ratio"],
        )  # fmt: skip
        np.testing.assert_allclose(pixels, np.asarray(theirs), rtol=1e-4, atol=1e-2)
    assert data.class_names is None


def test_labels_come_in_the_form_that_a_loss_wants(pictures):
    def labels(**options):
        data = utils.image_dataset_from_directory(
            pictures, image_size=4, batch_size=5, shuffle=False, verbose=False, **options
        )
        return torch.cat([batch[1] for batch in data])

    numbers = labels()
    assert numbers.dtype == torch.int32
    assert numbers.tolist() == [0] * 4 + [1] * 4
    binary, rows = labels(label_mode="binary"), labels(label_mode="categorical")
    assert (binary.shape, binary.dtype) == ((8, 1), torch.float32)
    assert rows.argmax(1).tolist() == numbers.tolist()
    given = labels(labels=[2, 0, 1, 0, 0, 2, 1, 1])
    assert given.tolist() == [2, 0, 1, 0, 0, 2, 1, 1]


def test_each_pass_is_shuffled_and_batches_keep_their_labels(pictures):
    data = utils.image_dataset_from_directory(
        pictures, image_size=(4, 4), batch_size=3, seed=1, verbose=False
    )
    passes = [[x for x, _ in data] for _ in range(2)]
    assert [len(x) for x in passes[0]] == [3, 3, 2]
    assert not all(torch.equal(a, b) for a, b in zip(*passes, strict=True))
    plain = utils.image_dataset_from_directory(
        pictures, image_size=(4, 4), shuffle=False, batch_size=None, verbose=False
    )
    label_of = {x.sum().item(): int(y) for x, y in plain}
    for x, y in data:
        assert [label_of[image.sum().item()] for image in x] == y.tolist()


def test_what_it_gives_goes_into_fit_and_is_decoded_by_threads(pictures, monkeypatch):
    train, validation = utils.image_dataset_from_directory(
        pictures, image_size=(4, 4), batch_size=2, seed=1, validation_split=0.25, subset="both",
        verbose=False,
    )  # fmt: skip
    readers = set()
    read = train._read
    train._read = lambda path: readers.add(threading.current_thread().name) or read(path)
    model = lamina.Sequential(
        [
            lamina.Input((4, 4, 3)),
            lamina.layers.Rescaling(1 / 255),
            lamina.layers.Flatten(),
            lamina.layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(train, validation_data=validation, epochs=2, verbose=0)
    assert len(history.history["val_loss"]) == 2
    assert all(name.startswith("ThreadPool") for name in readers - {"MainThread"})
    assert any(name.startswith("ThreadPool") for name in readers)
    assert model.predict(validation, verbose=0).shape == (2, 2)


def test_batches_can_be_mapped_and_taken(pictures):
    data = utils.image_dataset_from_directory(
        pictures, image_size=(4, 4), batch_size=3, shuffle=False, verbose=False
    )
    halves = data.map(lambda x, y: (x / 2, y))
    assert len(halves) == 3
    assert torch.equal(next(iter(halves))[0], next(iter(data))[0] / 2)
    assert len(list(halves.take(2))) == len(halves.take(2)) == 2
    assert (halves.workers, halves.max_queue_size) == (data.workers, data.max_queue_size)
    single = utils.image_dataset_from_directory(
        pictures, image_size=(4, 4), batch_size=None, shuffle=False, verbose=False
    )
    assert next(iter(single))[0].shape == (4, 4, 3)
    assert [len(x) for x, _ in single.batch(5)] == [5, 3]


def test_what_was_found_is_said_as_in_keras(pictures, capsys):
    options = {"validation_split": 0.25, "subset": "both", "seed": 0}
    utils.image_dataset_from_directory(pictures, **options)
    assert capsys.readouterr().out.splitlines() == [
        "Found 8 files belonging to 2 classes.",
        "Using 6 files for training.",
        "Using 2 files for validation.",
    ]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"labels": "all"}, "labels must be"),
        ({"labels": [1, 2]}, "one for each of the 8 files, got 2"),
        ({"labels": None, "class_names": ["cat"]}, "class_names goes with"),
        ({"label_mode": "float"}, "label_mode must be"),
        ({"class_names": ["cow"]}, r"among the folders \['cat', 'dog'\]"),
        ({"class_names": ["cat"], "label_mode": "binary"}, "needs two classes"),
        ({"validation_split": 2.0, "subset": "both"}, r"must lie in \(0, 1\)"),
        ({"validation_split": 0.5}, "together or not at all"),
        ({"validation_split": 0.5, "subset": "test", "seed": 1}, "subset must be"),
        ({"validation_split": 0.5, "subset": "both"}, "seed is needed"),
        ({"validation_split": 0.01, "subset": "both", "seed": 1}, "too few files"),
        ({"color_mode": "cmyk"}, "color_mode must be"),
        ({"image_size": (1, 2, 3)}, "image_size must be"),
        ({"interpolation": "lanczos5"}, "interpolation must be"),
        ({"format": "torch"}, "format must be"),
        ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, "exclude each other"),
    ],
)
def test_choices_that_cannot_be_are_refused(pictures, options, complaint):
    with pytest.raises(ConfigError, match=f"image_dataset_from_directory: .*{complaint}"):
        utils.image_dataset_from_directory(pictures, verbose=False, **options)


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="is no folder"):
        utils.image_dataset_from_directory(tmp_path / "nowhere")
    (tmp_path / "class").mkdir()
    with pytest.raises(ConfigError, match="too few files"):
        utils.text_dataset_from_directory(tmp_path, verbose=False)


def test_texts_are_read(tmp_path):
    for name, text in {"neg/a.txt": "bad film", "pos/b.txt": "schön", "pos/c.txt": ""}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    data = utils.text_dataset_from_directory(
        tmp_path, shuffle=False, max_length=4, batch_size=2, verbose=False
    )
    assert [(x.tolist(), y.tolist()) for x, y in data] == [(["bad ", "schö"], [0, 1]), ([""], [1])]
    assert data.class_names == ["neg", "pos"]
    numbers = data.map(lambda x, y: (torch.tensor([[float(len(t))] for t in x]), y))
    assert [x.flatten().tolist() for x, _ in numbers] == [[4, 4], [0]]


def test_texts_train_a_model_that_reads_them(tmp_path):
    for index, text in enumerate(["bad film", "awful bad", "good film", "very good"]):
        path = tmp_path / ("pos" if index > 1 else "neg") / f"{index}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    data = utils.text_dataset_from_directory(tmp_path, batch_size=2, seed=1, verbose=False)
    vectorize = lamina.layers.TextVectorization(max_tokens=9, output_sequence_length=3)
    vectorize.adapt(data.map(lambda x, y: x))
    layers = [
        lamina.layers.Embedding(9, 4),
        lamina.layers.GlobalAveragePooling1D(),
        lamina.layers.Dense(1, activation="sigmoid"),
    ]
    whole = lamina.Sequential([lamina.Input((), dtype="string"), vectorize, *layers])
    whole.compile("sgd", "binary_crossentropy")
    whole.fit(data, verbose=0)
    core = lamina.Sequential([lamina.Input((3,), dtype="int32"), *layers])
    core.compile("sgd", "binary_crossentropy")
    core.fit(data.map(lambda x, y: (vectorize(x), y)), verbose=0)
    assert whole.predict(data, verbose=0).shape == (4, 1)


def write_wav(path, values, width, rate=8000):
    path.parent.mkdir(exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(values.shape[1])
        file.setsampwidth(width)
        file.setframerate(rate)
        levels = np.round(values * (2 ** (8 * width - 1) - 1)).astype(np.int64)
        if width == 1:
            levels = levels + 128
        file.writeframes(
            b"".join(int(v).to_bytes(width, "little", signed=width > 1) for v in levels.flat)
        )


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_sounds_of_every_width_are_read(tmp_path, width):
    values = RANDOM.uniform(-1, 1, (20, 2))
    write_wav(tmp_path / "a.wav", values, width)
    sound = read_wav(str(tmp_path / "a.wav"))
    assert (sound.shape, sound.dtype) == ((20, 2), np.float32)
    np.testing.assert_allclose(sound, values, atol=2.0 ** (2 - 8 * min(width, 3)))


def test_sounds_of_a_batch_have_one_length(tmp_path):
    for name, length in {"a/1.wav": 5, "a/2.wav": 9, "b/3.wav": 2}.items():
        write_wav(tmp_path / name, np.full((length, 1), 0.5), 2)
    options = {"shuffle": False, "verbose": False}
    ((x, y),) = utils.audio_dataset_from_directory(tmp_path, **options)
    assert (x.shape, y.tolist()) == ((3, 9, 1), [0, 0, 1])
    assert x[0, :, 0].tolist() == pytest.approx([0.5] * 5 + [0] * 4, abs=1e-4)
    ((x, _),) = utils.audio_dataset_from_directory(tmp_path, output_sequence_length=4, **options)
    assert x.shape == (3, 4, 1)
    with pytest.raises(NotSupportedError, match="no ragged tensors"):
        utils.audio_dataset_from_directory(tmp_path, ragged=True)
    with pytest.raises(ConfigError, match="8000 samples a second, not sampling_rate=16000"):
        list(utils.audio_dataset_from_directory(tmp_path, sampling_rate=16000, **options))
    (tmp_path / "a" / "4.wav").write_bytes(b"RIFF")
    with pytest.raises(ConfigError, match=r"4\.wav cannot be read"):
        list(utils.audio_dataset_from_directory(tmp_path, **options))
