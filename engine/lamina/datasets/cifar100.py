"""CIFAR-100: 60,000 colour pictures of a hundred kinds of things, 32 × 32, in the binary form."""

from typing import Literal

import numpy as np

from lamina.datasets.catalogue import DATASETS, ClassTarget, DatasetSpec, Splits, bring
from lamina.datasets.cifar import PICTURE_BYTES, parse_records, read_members
from lamina.datasets.keras_files import Pairs, sources
from lamina.datasets.sources import DataFile
from lamina.datasets.storage import FetchedFiles, Storage
from lamina.errors import ConfigError
from lamina.text import Text, same

__all__ = ["load_data"]

ARCHIVE = DataFile(
    "cifar-100-binary.tar.gz",
    size=168_513_733,
    sha256="58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
)
MEMBERS = ["cifar-100-binary/train.bin", "cifar-100-binary/test.bin"]
LARGEST_MEMBER = 50_000 * (2 + PICTURE_BYTES)

FINE = [
    "apple",
    "aquarium_fish",
    "baby",
    "bear",
    "beaver",
    "bed",
    "bee",
    "beetle",
    "bicycle",
    "bottle",
    "bowl",
    "boy",
    "bridge",
    "bus",
    "butterfly",
    "camel",
    "can",
    "castle",
    "caterpillar",
    "cattle",
    "chair",
    "chimpanzee",
    "clock",
    "cloud",
    "cockroach",
    "couch",
    "crab",
    "crocodile",
    "cup",
    "dinosaur",
    "dolphin",
    "elephant",
    "flatfish",
    "forest",
    "fox",
    "girl",
    "hamster",
    "house",
    "kangaroo",
    "keyboard",
    "lamp",
    "lawn_mower",
    "leopard",
    "lion",
    "lizard",
    "lobster",
    "man",
    "maple_tree",
    "motorcycle",
    "mountain",
    "mouse",
    "mushroom",
    "oak_tree",
    "orange",
    "orchid",
    "otter",
    "palm_tree",
    "pear",
    "pickup_truck",
    "pine_tree",
    "plain",
    "plate",
    "poppy",
    "porcupine",
    "possum",
    "rabbit",
    "raccoon",
    "ray",
    "road",
    "rocket",
    "rose",
    "sea",
    "seal",
    "shark",
    "shrew",
    "skunk",
    "skyscraper",
    "snail",
    "snake",
    "spider",
    "squirrel",
    "streetcar",
    "sunflower",
    "sweet_pepper",
    "table",
    "tank",
    "telephone",
    "television",
    "tiger",
    "tractor",
    "train",
    "trout",
    "tulip",
    "turtle",
    "wardrobe",
    "whale",
    "willow_tree",
    "wolf",
    "woman",
    "worm",
]
"""Names of the fine labels, in their order."""

FILES = FetchedFiles(
    "cifar100",
    files=(ARCHIVE,),
    sources=sources("cifar100", "https://www.cs.toronto.edu/~kriz"),
)


def read_raw(storage: Storage, label_mode: Literal["fine", "coarse"]) -> Pairs:
    """The arrays in the archive of a storage."""
    column = {"coarse": 0, "fine": 1}[label_mode]
    parts = read_members(storage.read(ARCHIVE.name), MEMBERS, LARGEST_MEMBER, ARCHIVE.name)
    (y_train, x_train), (y_test, x_test) = (
        parse_records(data, 2, member) for data, member in zip(parts, MEMBERS, strict=True)
    )
    return (
        (x_train, y_train[:, [column]].astype(np.int64)),
        (x_test, y_test[:, [column]].astype(np.int64)),
    )


def read_splits(storage: Storage) -> Splits:
    """The arrays as the studio has them, with the fine labels."""
    (x_train, y_train), (x_test, y_test) = read_raw(storage, "fine")
    return Splits(x_train, y_train[:, 0], x_test, y_test[:, 0])


SPEC = DATASETS.register(
    DatasetSpec(
        id="cifar100",
        title=Text("CIFAR-100 pictures", "CIFAR-100 图像"),
        summary=Text(
            "60,000 colour pictures of a hundred kinds of things, 32 × 32 pixels.",
            "60,000 张 32 × 32 彩色图像，共一百类物体。",
        ),
        kind="image",
        input_shape=(32, 32, 3),
        target=ClassTarget(tuple(FINE)),
        n_train=50_000,
        n_test=10_000,
        license="Not stated by its authors",
        source=same("A. Krizhevsky: Learning Multiple Layers of Features from Tiny Images (2009)"),
        storage=FILES,
        reader=read_splits,
        full_scale=255.0,
    ),
    name="cifar100",
)


def load_data(label_mode: Literal["fine", "coarse"] = "fine") -> Pairs:
    """`(x_train, y_train), (x_test, y_test)`, raw, as in Keras.

    Pictures are uint8 (50000, 32, 32, 3) and (10000, 32, 32, 3), labels int64 (50000, 1) and
    (10000, 1).

    Args:
        label_mode: "fine" for the hundred classes, "coarse" for the twenty groups of them.

    Raises:
        DatasetError: If the data is not here and cannot be fetched.
    """
    if label_mode not in ("fine", "coarse"):
        raise ConfigError(
            Text(
                f'label_mode must be "fine" or "coarse", got {label_mode!r}.',
                f"label_mode 应为“fine”或“coarse”，实际为 {label_mode!r}。",
            ),
            field="label_mode",
        )
    return read_raw(bring(FILES), label_mode)
