"""Digits: 1,797 handwritten digits, 8 × 8, with values from 0 to 16.

Needs no network: scikit-learn carries the file.
"""

import numpy as np

from lamina.datasets.catalogue import DATASETS, ClassTarget, DatasetSpec, Splits
from lamina.datasets.splitting import stratified_split
from lamina.datasets.storage import ScikitLearnFile, Storage
from lamina.text import Text

__all__ = ["load_data"]


def _read_splits(storage: Storage) -> Splits:
    lines = storage.read("digits.csv.gz").decode("ascii").splitlines()
    table = np.array([line.split(",") for line in lines], dtype=np.float64)
    images = table[:, :-1].astype(np.uint8).reshape(-1, 8, 8, 1)
    labels = table[:, -1].astype(np.int64)
    train, test = stratified_split(labels)
    return Splits(images[train], labels[train], images[test], labels[test])


SPEC = DATASETS.register(
    DatasetSpec(
        id="digits",
        title=Text("Small digits", "小型手写数字"),
        summary=Text(
            "1,797 handwritten digits, 8 × 8 grey pixels: trains in seconds and needs no network.",
            "1,797 张 8 × 8 灰度手写数字图像：数秒即可训练，无需网络。",
        ),
        kind="image",
        input_shape=(8, 8, 1),
        target=ClassTarget(tuple("0123456789")),
        n_train=1_442,
        n_test=355,
        license="CC BY 4.0",
        source=Text(
            "E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits (UCI), test part; "
            "with scikit-learn",
            "E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits (UCI)，测试部分；"
            "随 scikit-learn 提供",
        ),
        storage=ScikitLearnFile(),
        reader=_read_splits,
        full_scale=16.0,
    ),
    name="digits",
)


def load_data() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """`(x_train, y_train), (x_test, y_test)`: images (1442, 8, 8) and (355, 8, 8), integer labels.

    Images are uint8 with values from 0 to 16. Of each class every fifth sample is for testing; see
    `splitting`.
    """
    splits = SPEC.load()
    return (splits.x_train[..., 0], splits.y_train), (splits.x_test[..., 0], splits.y_test)
