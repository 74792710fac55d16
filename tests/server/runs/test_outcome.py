"""How a training ended, in sentences: a reason for each kind of trouble, never a traceback."""

import errno

import pytest
import torch

from lamina.datasets.storage import DownloadFailedError
from lamina.errors import DatasetError
from lamina.problems import GraphError, Problem
from lamina.text import Text
from lamina_studio.runs.states import Reason, RunState
from lamina_studio.runs.trainer import outcome

NO_SPACE = OSError(errno.ENOSPC, "No space left on device")
PROBLEM = Problem(code="x", severity="error", message=Text("too wide", "太宽"))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), Reason.OOM_GPU),
        (MemoryError(), Reason.OOM_RAM),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), Reason.OOM_RAM),
        (RuntimeError("Storage size calculation overflowed with sizes=[1]"), Reason.OOM_RAM),
        (NO_SPACE, Reason.DISK_FULL),
        (GraphError([PROBLEM]), Reason.SPEC_INVALID),
        (DownloadFailedError(Text("No network.", "没有网络。"), []), Reason.DOWNLOAD_FAILED),
        (DatasetError(Text("The file is broken.", "文件已损坏。")), Reason.USER_ERROR),
        (KeyError("secret"), Reason.INTERNAL),
        (PermissionError(errno.EACCES, "no"), Reason.INTERNAL),
    ],
)
def test_each_trouble_has_its_reason_and_a_sentence_in_both_languages(error, reason):
    found = outcome.failed(error, batch_size=32)
    assert (found.state, found.reason) == (RunState.FAILED, reason)
    body = found.body()
    assert set(body["message"]) == {"en", "zh-CN"}
    assert all(text.strip() for text in body["message"].values())
    assert "Traceback" not in body["message"]["en"]


def test_out_of_memory_names_a_batch_size_to_try():
    message = outcome.failed(MemoryError(), batch_size=32).message
    assert "batch size to 16 (it was 32)" in message.en
    assert "16" in message.zh
    assert "batch size" not in outcome.failed(MemoryError(), batch_size=1).message.en


def test_what_the_engine_says_reaches_the_reader_in_both_languages():
    message = outcome.failed(DatasetError(Text("Broken.", "已损坏。")), None).message
    assert (message.en, message.zh) == ("Broken.", "已损坏。")


def test_what_goes_wrong_inside_does_not_leak():
    assert "secret" not in outcome.failed(KeyError("secret"), None).message.en


def test_a_stop_says_what_is_left():
    assert "no model" in outcome.stopped(0).message.en
    assert "step 7" in outcome.stopped(7).message.en
    assert outcome.stopped(7).reason is None


def test_a_loss_that_is_no_number_names_the_step_and_the_learning_rate():
    found = outcome.non_finite_loss(12, 3, 0.5)
    assert found.reason is Reason.NON_FINITE_LOSS
    for part in ("step 12", "epoch 3", "0.5"):
        assert part in found.message.en
    assert "it was" not in outcome.non_finite_loss(12, 3, None).message.en


def test_numbers_are_written_as_they_are_typed():
    said = outcome.non_finite_loss(1688, 3, 1e6).message
    assert "at step 1,688" in said.en
    assert "(it was 1000000)" in said.en
    assert "（当前为 1000000）" in said.zh
