"""Iris: 150 flowers of three species by four measures.

Needs no network: scikit-learn carries the file.
"""

import numpy as np

from lamina.datasets.catalogue import DATASETS, ClassTarget, DatasetSpec, Splits
from lamina.datasets.splitting import stratified_split
from lamina.datasets.storage import ScikitLearnFile, Storage
from lamina.text import Text

__all__ = ["load_data"]


def _read_splits(storage: Storage) -> Splits:
    _header, *lines = storage.read("iris.csv").decode("ascii").splitlines()
    table = np.array([line.split(",") for line in lines], dtype=np.float64)
    measures, species = table[:, :-1].astype(np.float32), table[:, -1].astype(np.int64)
    train, test = stratified_split(species)
    return Splits(measures[train], species[train], measures[test], species[test])


SPEC = DATASETS.register(
    DatasetSpec(
        id="iris",
        title=Text("Iris flowers", "鸢尾花"),
        summary=Text(
            "150 flowers of three species by four measures: the smallest table, without a network.",
            "150 朵鸢尾花，四项测量，三个品种：最小的表格数据集，无需网络。",
        ),
        kind="table",
        input_shape=(4,),
        target=ClassTarget(("setosa", "versicolor", "virginica")),
        n_train=120,
        n_test=30,
        license="CC BY 4.0",
        source=Text(
            "R. A. Fisher: Iris (UCI); with scikit-learn",
            "R. A. Fisher: Iris (UCI)；随 scikit-learn 提供",
        ),
        storage=ScikitLearnFile(),
        reader=_read_splits,
        columns=(
            Text("sepal length (cm)", "萼片长度（cm）"),
            Text("sepal width (cm)", "萼片宽度（cm）"),
            Text("petal length (cm)", "花瓣长度（cm）"),
            Text("petal width (cm)", "花瓣宽度（cm）"),
        ),
    ),
    name="iris",
)


def load_data() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """`(x_train, y_train), (x_test, y_test)`: measures (120, 4) and (30, 4), integer species.

    Measures are float32 in cm. Of each species every fifth flower is for testing; see `splitting`.
    """
    splits = SPEC.load()
    return (splits.x_train, splits.y_train), (splits.x_test, splits.y_test)
