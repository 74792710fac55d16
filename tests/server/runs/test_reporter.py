"""The reporter: what reaches the spool, in which order, and what it does when the disk is full."""

import errno
import json
import threading

import pytest

from lamina.text import Text
from lamina_studio.runs.spool import SpoolReader, SpoolWriter
from lamina_studio.runs.trainer import reporter as reporter_module
from lamina_studio.runs.trainer.progress import StepSeen
from lamina_studio.runs.trainer.reporter import Reporter


@pytest.fixture
def spool(tmp_path):
    return tmp_path / "spool"


@pytest.fixture
def reporter(tmp_path, spool):
    it = Reporter(SpoolWriter(spool), tmp_path / "stop", list)
    yield it
    if it._thread.is_alive():
        it.close()


def step(number, loss=0.5, epoch=1, samples=32):
    return StepSeen(number, epoch, number * 10**9, {"loss": loss, "accuracy": 1.0}, samples)


def records(path, kind=None):
    with SpoolReader(path) as reader:
        found = [json.loads(payload) for payload in reader.read()]
    return [
        record
        for record in found
        if record["kind"] == kind or (kind is None and record["kind"] != "heartbeat")
    ]


def test_our_own_lines_come_in_both_languages_and_those_of_others_as_they_are(reporter, spool):
    reporter.log("info", Text("Kept it.", "已保存。"))
    reporter.log("warning", "from a library")
    reporter.close()
    assert [record["body"] for record in records(spool, "log")] == [
        {
            "level": "info",
            "text": "Kept it.",
            "message": {"en": "Kept it.", "zh-CN": "已保存。"},
        },
        {"level": "warning", "text": "from a library"},
    ]


def test_everything_comes_in_the_order_in_which_it_was_said(reporter, spool):
    reporter.see_step(step(1))
    reporter.log("info", "after one")
    reporter.see_step(step(2))
    reporter.see_step(step(3))
    reporter.emit("state", {"state": "SUCCEEDED"})
    reporter.close()
    found = records(spool)
    assert [record["wseq"] for record in found] == [1, 2, 3, 4, 5]
    assert [(record["kind"], record["step"]) for record in found] == [
        ("metrics", 1),
        ("log", 1),
        ("metrics", 2),
        ("metrics", 3),
        ("state", 3),
    ]
    assert found[0]["t_ms"] == 1000


def test_running_means_weigh_by_samples_and_begin_anew_each_epoch(reporter, spool):
    reporter.see_step(step(1, loss=1.0, samples=30))
    reporter.see_step(step(2, loss=2.0, samples=10))
    reporter.see_step(step(3, loss=5.0, epoch=2))
    reporter.close()
    bodies = [record["body"] for record in records(spool)]
    assert [body["batch/loss"] for body in bodies] == [1.0, 2.0, 5.0]
    assert [body["running/loss"] for body in bodies] == [1.0, 1.25, 5.0]
    assert bodies[0]["running/accuracy"] == 1.0


def test_one_read_per_key_whatever_the_number_of_steps(tmp_path, spool):
    reads = []
    reporter = Reporter(
        SpoolWriter(spool), tmp_path / "stop", lambda values: reads.append(1) or list(values)
    )
    reporter.flush()
    with reporter._rounds:  # the thread waits here, so all three come in one round
        for number in (1, 2, 3):
            reporter.see_step(step(number))
    reporter.close()
    assert len(records(spool)) == 3
    assert len(reads) <= 4


@pytest.mark.parametrize(("loss", "word"), [(float("nan"), "NaN"), (float("inf"), "Infinity")])
def test_a_loss_that_is_no_number_travels_as_a_word(reporter, spool, loss, word):
    reporter.see_step(step(1, loss=loss))
    reporter.close()
    body = records(spool)[0]["body"]
    assert body["batch/loss"] == body["running/loss"] == word


def test_the_stop_flag_is_seen(reporter, tmp_path):
    reporter.flush()
    assert not reporter.stop_requested
    (tmp_path / "stop").touch()
    reporter.flush()
    assert reporter.stop_requested
    assert reporter.heed()


def test_a_heartbeat_says_when_the_next_is_due(reporter, spool):
    reporter.flush()
    reporter.expect_silence(100.0)
    due = [record["due_ms"] for record in records(spool, "heartbeat")]
    assert due[-1] - due[0] == 100_000


def test_heartbeats_carry_the_speed_and_the_time_left(reporter, spool, monkeypatch):
    monkeypatch.setattr(reporter_module, "HEARTBEAT_S", 0.0)
    reporter.expect(total_steps=100)
    reporter.see_step(step(1))
    reporter.see_step(step(11))  # ten steps in ten seconds, by their own clock
    reporter.flush()
    beat = records(spool, "heartbeat")[-1]
    assert beat["seconds_left"] == pytest.approx(89)
    assert beat["samples_per_second"] == pytest.approx(6.4)


def test_a_full_disk_makes_the_training_wait_and_loses_nothing(reporter, spool, monkeypatch):
    append, is_full = reporter._spool.append, threading.Event()
    is_full.set()

    def full(payloads):
        if is_full.is_set():
            raise OSError(errno.ENOSPC, "No space left on device")
        append(payloads)

    monkeypatch.setattr(reporter._spool, "append", full)
    reporter.see_step(step(1))
    reporter.flush()
    assert reporter.attention
    waiting = threading.Thread(target=reporter.heed)
    waiting.start()
    reporter.see_step(step(2))
    reporter.flush()
    assert waiting.is_alive()
    is_full.clear()
    waiting.join(10)
    assert not waiting.is_alive()
    assert not reporter.attention
    reporter.close()
    assert [record["step"] for record in records(spool, "metrics")] == [1, 2]
    assert [record["body"]["code"] for record in records(spool, "alert")] == ["disk_full"]


def test_trouble_in_the_reporter_never_reaches_the_training(tmp_path, spool, capsys):
    def broken(values):
        raise RuntimeError("the device is gone")

    reporter = Reporter(SpoolWriter(spool), tmp_path / "stop", broken)
    reporter.see_step(step(1))
    reporter.flush()
    reporter.log("info", "still here")
    reporter.close()
    assert [record["kind"] for record in records(spool)] == ["log"]
    assert "the device is gone" in capsys.readouterr().err
