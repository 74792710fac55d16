"""What can be wrong with a request about runs.

StudioError
├── UnknownName            400  a filter names a state or kind that does not exist
├── RunNotFound            404
├── ArtifactNotFound       404
├── RunChanged             409  somebody else changed the run at the same moment
├── RunIsLive              409  a run that has not ended cannot be deleted
├── RunHasNoModel          409  predict and evaluate need a trained model
├── KeyReused              409  an Idempotency-Key came with another body
├── InferenceRefused       422  the model cannot take these inputs
└── InferenceFailed        503  the child process ran out of time or memory
"""

from collections.abc import Collection

from lamina.text import Text
from lamina_studio.errors import BadRequest, Conflict, NotFound, StudioError, Unavailable


class UnknownName(BadRequest):
    """A filter names a state or a kind that does not exist."""

    code = "unknown_name"
    title = Text("Unknown name", "未知的名称")

    def __init__(self, name: str, names: Collection[str]) -> None:
        known = ", ".join(sorted(names))
        super().__init__(
            Text(
                f"There is no {name[:40]!r} here; use some of {known}.",
                f"这里没有 {name[:40]!r}；可用的有 {known}。",
            )
        )


class RunNotFound(NotFound):
    """There is no run with this id."""

    code = "run_not_found"
    title = Text("Run not found", "未找到该运行")

    def __init__(self, run_id: str) -> None:
        super().__init__(
            Text(
                f"There is no run {run_id}. It may have been deleted.",
                f"没有运行 {run_id}，可能已被删除。",
            )
        )


class ArtifactNotFound(NotFound):
    """The run left no file of this name."""

    code = "artifact_not_found"
    title = Text("File not found", "未找到该文件")

    def __init__(self, run_id: str, name: str) -> None:
        super().__init__(
            Text(f"The run {run_id} has no file {name}.", f"运行 {run_id} 没有文件 {name}。")
        )


class RunChanged(Conflict):
    """The run changed between reading and writing it."""

    code = "run_changed"
    title = Text("The run changed meanwhile", "运行状态已改变")

    def __init__(self, run_id: str) -> None:
        super().__init__(
            Text(
                f"The run {run_id} changed at the same moment. Try again.",
                f"运行 {run_id} 同时发生了变化，请重试。",
            )
        )


class RunIsLive(Conflict):
    """The run has not ended."""

    code = "run_is_live"
    title = Text("The run has not ended", "运行尚未结束")

    def __init__(self, run_id: str) -> None:
        super().__init__(
            Text(
                f"The run {run_id} has not ended. Stop it before you delete it.",
                f"运行 {run_id} 尚未结束。请先停止，再删除。",
            )
        )


class RunHasNoModel(Conflict):
    """The run did not leave a model, or not yet."""

    code = "run_has_no_model"
    title = Text("No model yet", "还没有模型")

    def __init__(self, run_id: str) -> None:
        super().__init__(
            Text(
                f"The run {run_id} has no trained model: it has not finished, or ended without one.",
                f"运行 {run_id} 没有训练好的模型：尚未完成，或结束时没有产生模型。",
            )
        )


class KeyReused(Conflict):
    """The same Idempotency-Key with another body."""

    code = "idempotency_key_reused"
    title = Text("Idempotency-Key reused", "Idempotency-Key 已被使用")

    def __init__(self) -> None:
        super().__init__(
            Text(
                "This Idempotency-Key already started a run from another request. Use a new key.",
                "该 Idempotency-Key 已用于另一请求启动的运行。请使用新的键。",
            )
        )


class InferenceRefused(StudioError):
    """The inputs do not fit the model, or the data is missing."""

    status = 422
    code = "inference_refused"
    title = Text("The inputs do not fit", "输入不匹配")


class InferenceFailed(Unavailable):
    """The child process did not answer."""

    code = "inference_failed"
    title = Text("No answer from the model", "模型没有回答")
