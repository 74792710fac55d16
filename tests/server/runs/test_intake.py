"""What records mean for a run: taken in once, in order, and never after the end."""

from datetime import UTC, datetime

import orjson
from hypothesis import given
from hypothesis import strategies as st

from lamina_studio.runs.intake import Intake
from lamina_studio.runs.tables import RunRow

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def run_row(state="RUNNING", wseq=0, **values):
    return RunRow(id="r", state=state, wseq=wseq, last={}, step=0, epoch=0, **values)


def record(wseq, kind="log", body=None, step=0):
    body = {"level": "info", "text": str(wseq)} if body is None else body
    fields = {"wseq": wseq, "kind": kind, "step": step, "epoch": 1, "t_ms": 5, "body": body}
    return orjson.dumps(fields)


def take(run, *payloads):
    intake = Intake(run, NOW)
    intake.take(payloads)
    return intake, intake.change(spool_offset=99)


@given(st.lists(st.integers(1, 20), max_size=40), st.integers(0, 10))
def test_each_record_is_taken_in_once_however_often_it_comes(numbers, taken):
    payloads = [record(number) for number in sorted(numbers)]
    _, change = take(run_row(wseq=taken), *payloads)
    wanted = sorted({number for number in numbers if number > taken})
    assert [event.wseq for event in change.events] == wanted
    assert change.values["wseq"] == max([taken, *wanted])
    assert change.values["spool_offset"] == 99


def test_nothing_follows_the_end():
    end = {"state": "FAILED", "reason": "internal", "message": {"en": "a", "zh-CN": "b"}}
    _, change = take(run_row(), record(1, "state", end), record(2))
    assert [event.kind for event in change.events] == ["state"]
    assert change.values["ended_at"] == NOW
    assert change.values["reason"] == "internal"
    assert change.values["message"] == {"en": "a", "zh-CN": "b"}


def test_a_run_that_was_asked_to_stop_stays_so_when_its_trainer_begins():
    body = {"state": "RUNNING", "epochs": 3, "steps_per_epoch": 7}
    _, change = take(run_row("STOPPING"), record(1, "state", body))
    assert change.values["state"] == "STOPPING"
    assert (change.values["epochs"], change.values["steps_per_epoch"]) == (3, 7)
    assert change.events[0].body == {**body, "state": "STOPPING", "reason": None, "message": None}


def test_metrics_move_the_run_on_and_keep_the_newest_of_each_curve():
    _, change = take(
        run_row(),
        record(1, "metrics", {"batch/loss": 2.0}, step=1),
        record(2, "metrics", {"batch/loss": 1.0, "epoch/loss": 1.5}, step=2),
    )
    assert change.values["last"] == {"batch/loss": 1.0, "epoch/loss": 1.5}
    assert (change.values["step"], change.values["epoch"]) == (2, 1)


def test_facts_and_files():
    scores = {"loss": 0.1, "metrics": {}, "n": 3}
    artifact = {"name": "model.keras", "kind": "model", "bytes": 5, "sha256": "0" * 64}
    intake, change = take(
        run_row(),
        record(1, "system", {"environment": {"torch": "2"}}),
        record(2, "system", {"test": scores}),
        record(3, "artifact", artifact),
    )
    assert change.values["environment"] == {"torch": "2"}
    assert change.values["test"] == scores
    assert [row.name for row in intake.artifacts] == ["model.keras"]


def test_a_heartbeat_is_no_event():
    beat = {"kind": "heartbeat", "due_ms": 2000, "samples_per_second": 10.0, "seconds_left": 4.0}
    intake, change = take(run_row(), orjson.dumps(beat))
    assert change.events == []
    assert intake.silence_ms == 2000
    assert (change.values["samples_per_second"], change.values["seconds_left"]) == (10.0, 4.0)


def test_what_is_not_json_is_passed_over(caplog):
    _, change = take(run_row(), b"\xff", record(1))
    assert len(change.events) == 1
    assert "not JSON" in caplog.text
