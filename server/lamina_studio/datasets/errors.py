"""What can go wrong with datasets."""

from __future__ import annotations

from lamina.text import Text
from lamina_studio.errors import Conflict, NotFound, Unavailable


class DatasetNotFound(NotFound):
    """No dataset has this id."""

    code = "dataset_not_found"
    title = Text("No such dataset", "没有此数据集")

    def __init__(self, dataset_id: str) -> None:
        super().__init__(Text(f"There is no dataset {dataset_id}.", f"没有数据集 {dataset_id}。"))


class DatasetAbsent(Conflict):
    """The dataset must be downloaded first."""

    code = "dataset_absent"
    title = Text("Not downloaded yet", "尚未下载")

    def __init__(self, dataset_id: str) -> None:
        super().__init__(
            Text(
                f"{dataset_id} is not on this machine yet. Download it first.",
                f"{dataset_id} 尚未下载到本机，请先下载。",
            )
        )


class PreviewFailed(Unavailable):
    """The files of a dataset cannot be read."""

    code = "preview_failed"
    title = Text("No preview", "无法预览")

    def __init__(self, reason: str) -> None:
        super().__init__(Text(f"The data could not be read: {reason}", f"无法读取数据：{reason}"))
