"""Sentences for runs that ended without an outcome of their own."""

import signal

from lamina.text import Text
from lamina_studio.runs.folders import Exit
from lamina_studio.runs.states import Reason, RunState

Ending = tuple[RunState, Reason | None, Text | None]

LOST: Ending = (
    RunState.FAILED,
    Reason.LOST,
    Text(
        "The processes of this training disappeared, for example because the machine was "
        "restarted. Train again.",
        "此训练的进程已消失，例如因为计算机重新启动。请重新训练。",
    ),
)
START_TIMEOUT: Ending = (
    RunState.FAILED,
    Reason.START_TIMEOUT,
    Text(
        "The training process did not start in time. The machine may be overloaded; train again.",
        "训练进程未能及时启动。计算机可能负载过高；请重新训练。",
    ),
)
NOT_STARTED: Ending = (
    RunState.FAILED,
    Reason.DISK_FULL,
    Text(
        "The training could not be started because its folder could not be written. Free some "
        "space on the disk and train again.",
        "无法写入此运行的文件夹，因此训练无法启动。请释放磁盘空间后重新训练。",
    ),
)
STOPPED_BEFORE_START: Ending = (
    RunState.STOPPED,
    None,
    Text(
        "Stopped before it started, so there is no model. Train again when you like.",
        "在开始之前已停止，因此没有模型。可随时重新训练。",
    ),
)
STOPPED_BY_FORCE: Ending = (
    RunState.STOPPED,
    None,
    Text(
        "The training did not answer the request to stop and was ended by force. A model is "
        "offered only if it had been saved before.",
        "训练没有响应停止请求，已被强制结束。仅当模型此前已保存时才可下载。",
    ),
)
_OVER_MEMORY: Ending = (
    RunState.FAILED,
    Reason.OOM_RAM,
    Text(
        "The training needed more memory than this machine can give and was ended. Use a smaller "
        "batch size or a smaller model.",
        "训练所需内存超出本机可用内存，已被结束。请减小批大小或使用更小的模型。",
    ),
)


def ending(end: Exit, *, was_stopping: bool) -> Ending:
    """What to say of a trainer that ended like this and left no outcome."""
    if end.over_memory:
        return _OVER_MEMORY
    if was_stopping:
        return STOPPED_BY_FORCE
    if end.signal is not None:
        name = signal.Signals(end.signal).name
        return (
            RunState.FAILED,
            Reason.KILLED_SIGNAL,
            Text(
                f"The training process was ended from outside ({name}). Train again.",
                f"训练进程被外部信号结束（{name}）。请重新训练。",
            ),
        )
    return (
        RunState.FAILED,
        Reason.INTERNAL,
        Text(
            f"The training process ended unexpectedly (exit status {end.code}). The details are "
            "in trainer.log in the folder of this run.",
            f"训练进程意外结束（退出状态 {end.code}）。详情见此次运行文件夹中的 trainer.log。",
        ),
    )
