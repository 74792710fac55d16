"""How a training ended, in a sentence that says what to do next."""

import errno
from dataclasses import dataclass
from typing import Any

import torch

from lamina.datasets.storage import DownloadFailedError
from lamina.errors import LaminaError
from lamina.problems import GraphError
from lamina.text import Text, number_text
from lamina_studio.runs.states import Reason, RunState

_CPU_ALLOCATION_FAILED = (
    "DefaultCPUAllocator",
    "not enough memory",
    "bad allocation",
    "Storage size calculation overflowed",
)


@dataclass(frozen=True)
class Outcome:
    """A final state with its reason and its sentence."""

    state: RunState
    message: Text
    reason: Reason | None = None

    def body(self) -> dict[str, Any]:
        """The body of the state event that ends an attempt."""
        return {
            "state": self.state.value,
            "reason": None if self.reason is None else self.reason.value,
            "message": self.message.to_json(),
        }


def succeeded() -> Outcome:
    """The training came to its end."""
    return Outcome(
        RunState.SUCCEEDED,
        Text("Training finished. The model can be downloaded.", "训练完成，可以下载模型。"),
    )


def stopped(step: int) -> Outcome:
    """Somebody stopped the training after this step; 0 for before the first."""
    if step == 0:
        message = Text(
            "Stopped before the first step, so there is no model. Train again when you like.",
            "在第一步之前已停止，因此没有模型。可随时重新训练。",
        )
    else:
        message = Text(
            f"Stopped on request at step {step:,}. The model of that step can be downloaded.",
            f"已按要求在第 {step:,} 步停止，可以下载该步的模型。",
        )
    return Outcome(RunState.STOPPED, message)


def non_finite_loss(step: int, epoch: int, learning_rate: float | None) -> Outcome:
    """The loss was NaN or infinite at this step."""
    rate_en = "" if learning_rate is None else f" (it was {number_text(learning_rate)})"
    rate_zh = "" if learning_rate is None else f"（当前为 {number_text(learning_rate)}）"
    return Outcome(
        RunState.FAILED,
        Text(
            f"The loss was no longer a finite number at step {step:,} (epoch {epoch}). Train again "
            f"with a smaller learning rate{rate_en}, and check the data for missing values.",
            f"第 {step:,} 步（第 {epoch} 轮）的损失不再是有限数值。请减小学习率{rate_zh}后重新训练，"
            "并检查数据中是否有缺失值。",
        ),
        Reason.NON_FINITE_LOSS,
    )


def failed(error: BaseException, batch_size: int | None) -> Outcome:
    """Judge what a training raised."""
    if isinstance(error, torch.OutOfMemoryError):
        return _out_of_memory(Reason.OOM_GPU, Text("the GPU", "显卡"), batch_size)
    if isinstance(error, MemoryError) or _is_cpu_allocation(error):
        return _out_of_memory(Reason.OOM_RAM, Text("this machine", "本机"), batch_size)
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return _disk_full()
    if isinstance(error, GraphError):
        return Outcome(RunState.FAILED, error.text, Reason.SPEC_INVALID)
    if isinstance(error, DownloadFailedError):
        return Outcome(RunState.FAILED, error.text, Reason.DOWNLOAD_FAILED)
    if isinstance(error, LaminaError):
        return Outcome(RunState.FAILED, error.text, Reason.USER_ERROR)
    return Outcome(
        RunState.FAILED,
        Text(
            f"Something went wrong inside Lamina ({type(error).__name__}). It is not your fault; "
            "the details are in trainer.log in the folder of this run.",
            f"Lamina 内部出错（{type(error).__name__}）。这不是您的问题；详情见此次运行文件夹中的 "
            "trainer.log。",
        ),
        Reason.INTERNAL,
    )


def _is_cpu_allocation(error: BaseException) -> bool:
    return isinstance(error, RuntimeError) and any(
        sign in str(error) for sign in _CPU_ALLOCATION_FAILED
    )


def _out_of_memory(reason: Reason, where: Text, batch_size: int | None) -> Outcome:
    advice_en, advice_zh = "Use a smaller model.", "请使用更小的模型。"
    if batch_size is not None and batch_size > 1:
        smaller = batch_size // 2
        advice_en = f"Set the batch size to {smaller} (it was {batch_size}) and train again."
        advice_zh = f"请将批大小设为 {smaller}（当前为 {batch_size}）后重新训练。"
    return Outcome(
        RunState.FAILED,
        Text(
            f"The memory of {where.en} is not enough for this training. {advice_en} "
            "If that does not help, make the largest layer smaller.",
            f"{where.zh}的内存不足以进行此训练。{advice_zh}如仍不足，请减小最大的层。",
        ),
        reason,
    )


def _disk_full() -> Outcome:
    return Outcome(
        RunState.FAILED,
        Text(
            "The disk is full, so the model could not be kept. Free some space and train again.",
            "磁盘已满，无法保存模型。请释放空间后重新训练。",
        ),
        Reason.DISK_FULL,
    )
