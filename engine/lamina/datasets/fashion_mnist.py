"""Fashion-MNIST: 70,000 pictures of clothes, 28 × 28, in the original files of Zalando Research.

They lie packed in the cache, because their publisher states the hashes of the packed files.
"""

import zlib

from lamina.datasets.catalogue import DATASETS, ClassTarget, DatasetSpec, Splits, bring
from lamina.datasets.idx_images import read_pairs, with_channel
from lamina.datasets.keras_files import PUBLIC, Pairs, sources
from lamina.datasets.sources import DataFile
from lamina.datasets.storage import FetchedFiles, Storage
from lamina.errors import DatasetError
from lamina.text import Text, same

__all__ = ["load_data"]

TRAIN_IMAGES = DataFile(
    "train-images-idx3-ubyte.gz",
    size=26_421_880,
    sha256="3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
)
TRAIN_LABELS = DataFile(
    "train-labels-idx1-ubyte.gz",
    size=29_515,
    sha256="a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
)
TEST_IMAGES = DataFile(
    "t10k-images-idx3-ubyte.gz",
    size=4_422_102,
    sha256="346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
)
TEST_LABELS = DataFile(
    "t10k-labels-idx1-ubyte.gz",
    size=5_148,
    sha256="67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
)
UNPACKED_BYTES = 64 << 20
"""More than the largest of them unpacked."""

FILES = FetchedFiles(
    "fashion_mnist",
    files=(TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS),
    sources=sources(
        "fashion_mnist",
        PUBLIC,
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
    ),
)


def read_raw(storage: Storage) -> Pairs:
    """The arrays in the files of a storage."""
    return read_pairs(storage, FILES.files, _unpacked)


def _unpacked(data: bytes, name: str) -> bytes:
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        content = unpacker.decompress(data, UNPACKED_BYTES)
    except zlib.error as error:
        raise DatasetError(
            Text(f"{name} cannot be unpacked: {error}.", f"无法解压 {name}：{error}。")
        ) from error
    return content


def read_splits(storage: Storage) -> Splits:
    """The arrays as the studio has them."""
    return with_channel(read_raw(storage))


SPEC = DATASETS.register(
    DatasetSpec(
        id="fashion_mnist",
        title=Text("Fashion-MNIST clothes", "Fashion-MNIST 服饰"),
        summary=Text(
            "70,000 pictures of clothes, 28 × 28 grey pixels: as large as MNIST, and harder.",
            "70,000 张 28 × 28 灰度服饰图像：与 MNIST 同样大小，但更难。",
        ),
        kind="image",
        input_shape=(28, 28, 1),
        target=ClassTarget(
            (
                "T-shirt/top",
                "Trouser",
                "Pullover",
                "Dress",
                "Coat",
                "Sandal",
                "Shirt",
                "Sneaker",
                "Bag",
                "Ankle boot",
            )
        ),
        n_train=60_000,
        n_test=10_000,
        license="MIT",
        source=same("H. Xiao, K. Rasul, R. Vollgraf (Zalando Research): Fashion-MNIST"),
        storage=FILES,
        reader=read_splits,
        full_scale=255.0,
    ),
    name="fashion_mnist",
)


def load_data() -> Pairs:
    """`(x_train, y_train), (x_test, y_test)`, raw and uint8, as in Keras.

    Images are (60000, 28, 28) and (10000, 28, 28), labels (60000,) and (10000,).

    Raises:
        DatasetError: If the data is not here and cannot be fetched.
    """
    return read_raw(bring(FILES))
