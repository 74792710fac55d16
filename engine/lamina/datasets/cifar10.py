"""CIFAR-10: 60,000 colour pictures of ten kinds of things, 32 × 32, in the binary form."""

import numpy as np

from lamina.datasets.catalogue import DATASETS, ClassTarget, DatasetSpec, Splits, bring
from lamina.datasets.cifar import PICTURE_BYTES, parse_records, read_members
from lamina.datasets.keras_files import Pairs, sources
from lamina.datasets.sources import DataFile
from lamina.datasets.storage import FetchedFiles, Storage
from lamina.text import Text, same

__all__ = ["load_data"]

ARCHIVE = DataFile(
    "cifar-10-binary.tar.gz",
    size=170_052_171,
    sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
)
FOLDER = "cifar-10-batches-bin"
MEMBERS = [*(f"{FOLDER}/data_batch_{i}.bin" for i in range(1, 6)), f"{FOLDER}/test_batch.bin"]
BATCH_BYTES = 10_000 * (1 + PICTURE_BYTES)

FILES = FetchedFiles(
    "cifar10",
    files=(ARCHIVE,),
    sources=sources("cifar10", "https://www.cs.toronto.edu/~kriz"),
)


def read_raw(storage: Storage) -> Pairs:
    """The arrays in the archive of a storage."""
    archive = storage.read(ARCHIVE.name)
    batches = [
        parse_records(data, 1, member)
        for data, member in zip(
            read_members(archive, MEMBERS, BATCH_BYTES, ARCHIVE.name), MEMBERS, strict=True
        )
    ]
    *train, (y_test, x_test) = batches
    x_train = np.concatenate([x for _, x in train])
    y_train = np.concatenate([y for y, _ in train])
    return (x_train, y_train), (x_test, y_test)


def read_splits(storage: Storage) -> Splits:
    """The arrays as the studio has them."""
    (x_train, y_train), (x_test, y_test) = read_raw(storage)
    return Splits(x_train, y_train[:, 0].astype(np.int64), x_test, y_test[:, 0].astype(np.int64))


SPEC = DATASETS.register(
    DatasetSpec(
        id="cifar10",
        title=Text("CIFAR-10 pictures", "CIFAR-10 图像"),
        summary=Text(
            "60,000 colour pictures of ten kinds of animals and vehicles, 32 × 32 pixels.",
            "60,000 张 32 × 32 彩色图像，共十类动物与交通工具。",
        ),
        kind="image",
        input_shape=(32, 32, 3),
        target=ClassTarget(
            (
                "airplane",
                "automobile",
                "bird",
                "cat",
                "deer",
                "dog",
                "frog",
                "horse",
                "ship",
                "truck",
            )
        ),
        n_train=50_000,
        n_test=10_000,
        license="Not stated by its authors",
        source=same("A. Krizhevsky: Learning Multiple Layers of Features from Tiny Images (2009)"),
        storage=FILES,
        reader=read_splits,
        full_scale=255.0,
    ),
    name="cifar10",
)


def load_data() -> Pairs:
    """`(x_train, y_train), (x_test, y_test)`, raw and uint8, as in Keras.

    Pictures are (50000, 32, 32, 3) and (10000, 32, 32, 3), labels (50000, 1) and (10000, 1).

    Raises:
        DatasetError: If the data is not here and cannot be fetched.
    """
    return read_raw(bring(FILES))
