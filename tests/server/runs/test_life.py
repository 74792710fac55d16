"""The life of a run, with real processes and a real database."""

import asyncio
import errno
import os
import signal
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from lamina_studio.errors import ConfigurationError
from lamina_studio.runs import dispatcher, follower
from lamina_studio.runs.errors import KeyReused, RunIsLive
from lamina_studio.runs.folders import ProcessId, read_json
from lamina_studio.runs.schemas import RunPatch
from lamina_studio.runs.states import RunState


def losses(events):
    return [event.body["batch/loss"] for event in events if event.kind == "metrics"]


async def test_a_run_goes_from_the_queue_to_its_end(studio):
    run_id = await studio.submit(steps=25)
    run = await studio.ended(run_id)
    assert run.state == RunState.SUCCEEDED
    assert run.message == {"en": "Done.", "zh-CN": "完成。"}
    assert (run.attempt, run.step, run.epoch, run.epochs, run.steps_per_epoch) == (1, 25, 3, 1, 10)
    assert run.started_at <= run.ended_at
    assert await studio.states(run_id) == [
        "QUEUED",
        "STARTING",
        "RUNNING",
        "FINALIZING",
        "SUCCEEDED",
    ]


async def test_every_step_is_there_once_and_in_order(studio):
    run_id = await studio.submit(steps=500)
    await studio.ended(run_id)
    events = await studio.events(run_id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert losses(events) == [1 / step for step in range(1, 501)]
    assert (await studio.get(run_id)).head == len(events)


async def test_the_running_mean_begins_anew_with_each_epoch(studio):
    run_id = await studio.submit(steps=12)
    await studio.ended(run_id)
    running = [event.body["running/loss"] for event in await studio.events(run_id, ["metrics"])]
    assert running[9] == pytest.approx(sum(1 / step for step in range(1, 11)) / 10)
    assert running[10] == pytest.approx(1 / 11)


async def test_numbers_that_json_does_not_know_travel_as_strings(studio):
    run_id = await studio.submit(steps=3, nan_at=2)
    run = await studio.ended(run_id)
    assert losses(await studio.events(run_id)) == [1.0, "NaN", 1 / 3]
    assert run.last["running/loss"] == "NaN"


async def test_nothing_of_an_attempt_follows_its_end(studio):
    run_id = await studio.submit(steps=2)
    await studio.ended(run_id)
    await studio.until(lambda: not studio.runs._dispatcher._followers)
    assert (await studio.events(run_id))[-1].body["state"] == "SUCCEEDED"


async def test_a_stop_keeps_what_was_learned(studio):
    run_id = await studio.submit(steps=1000, hold_at=40)
    await studio.at_step(run_id, 40)
    await studio.stop(run_id)
    run = await studio.ended(run_id)
    assert run.state == RunState.STOPPED
    assert run.message["en"] == "Stopped at 40."
    assert (await studio.states(run_id))[-2:] == ["STOPPING", "STOPPED"]


async def test_stopping_again_or_too_late_is_no_error(studio):
    run_id = await studio.submit(steps=1000, hold_at=5)
    await studio.at_step(run_id, 5)
    await studio.stop(run_id)
    await studio.stop(run_id)
    await studio.ended(run_id)
    before = await studio.events(run_id)
    await studio.stop(run_id)
    assert await studio.events(run_id) == before


async def test_a_queued_run_stops_at_once(studio):
    first = await studio.submit(steps=10, hold_at=5)
    second = await studio.submit(steps=10)
    await studio.at_step(first, 5)
    await studio.stop(second)
    run = await studio.get(second)
    assert (run.state, run.attempt) == (RunState.STOPPED, 0)
    assert run.message is not None
    studio.go(first)
    assert (await studio.ended(first)).state == RunState.SUCCEEDED


async def test_runs_start_in_the_order_in_which_they_came(open_studio):
    async with open_studio(max_parallel=2) as studio:
        ids = [await studio.submit(steps=10, hold_at=5) for _ in range(3)]
        ids.append(await studio.submit(steps=10))
        await asyncio.gather(studio.at_step(ids[0], 5), studio.at_step(ids[1], 5))
        assert [(await studio.get(run_id)).state for run_id in ids[2:]] == ["QUEUED", "QUEUED"]
        studio.go(ids[0])
        await studio.at_step(ids[2], 5)
        assert (await studio.get(ids[3])).state == RunState.QUEUED
        studio.go(ids[1])
        studio.go(ids[2])
        for run_id in ids:
            assert (await studio.ended(run_id)).state == RunState.SUCCEEDED


async def test_the_same_key_gives_the_same_run(studio):
    first = await studio.submit(key="k", steps=1)
    assert await studio.submit(key="k", steps=1) == first
    with pytest.raises(KeyReused):
        await studio.submit(key="k", steps=2)


async def test_a_run_renamed_while_it_trains_keeps_its_name_and_every_step(studio):
    """The follower writes from what it remembers of the run; others change the run meanwhile."""
    run_id = await studio.submit(steps=200, pace_s=0.005)
    names = [f"renamed {index}" for index in range(8)]
    for index, name in enumerate(names):
        await studio.at_step(run_id, 20 * index + 1)
        async with studio.service() as service:
            await service.describe(run_id, RunPatch(name=name))
    run = await studio.ended(run_id)
    assert (run.state, run.name) == (RunState.SUCCEEDED, names[-1])
    assert losses(await studio.events(run_id)) == [1 / step for step in range(1, 201)]


async def test_a_run_that_lives_is_not_deleted(studio):
    run_id = await studio.submit(steps=10, hold_at=5)
    await studio.at_step(run_id, 5)
    with pytest.raises(RunIsLive):
        async with studio.service() as service:
            await service.delete(run_id)
    studio.go(run_id)
    await studio.ended(run_id)
    await studio.until(lambda: not studio.runs._dispatcher._followers)
    async with studio.service() as service:
        await service.delete(run_id)
    await studio.until(lambda: not studio.folder(run_id).path.exists())
    assert await studio.events(run_id) == []


async def test_kill_9_of_the_trainer_says_so_and_keeps_every_recorded_step(studio):
    run_id = await studio.submit(steps=60, then="kill")
    run = await studio.ended(run_id)
    assert (run.state, run.reason) == (RunState.FAILED, "killed_signal")
    assert "SIGKILL" in run.message["en"]
    assert losses(await studio.events(run_id)) == [1 / step for step in range(1, 61)]


async def test_an_end_without_an_outcome_is_our_fault_and_says_where_to_look(studio):
    run_id = await studio.submit(steps=3, then="exit")
    run = await studio.ended(run_id)
    assert (run.state, run.reason) == (RunState.FAILED, "internal")
    assert "trainer.log" in run.message["en"]


async def test_kill_9_of_the_supervisor_means_lost(studio):
    run_id = await studio.submit(steps=100, hold_at=20)
    await studio.at_step(run_id, 20)
    processes = read_json(studio.folder(run_id).attempt(1).processes)
    os.kill(processes["supervisor"]["pid"], signal.SIGKILL)
    run = await studio.ended(run_id)
    assert (run.state, run.reason) == (RunState.FAILED, "lost")
    assert (await studio.states(run_id))[-2:] == ["LOST", "FAILED"]
    assert not ProcessId(**processes["trainer"]).is_alive()


async def test_a_supervisor_that_never_got_to_start_is_tried_again(studio, monkeypatch):
    monkeypatch.setattr(follower, "MAX_STARTS", 2)
    spawn, spawned = studio.runs._dispatcher._spawn, []

    def spawn_and_kill(folder, attempt):
        process = spawn(folder, attempt)
        if not spawned:
            process.kill()
        spawned.append(attempt)
        return process

    monkeypatch.setattr(studio.runs._dispatcher, "_spawn", spawn_and_kill)
    run_id = await studio.submit(steps=5)
    run = await studio.ended(run_id)
    assert (run.state, run.attempt) == (RunState.SUCCEEDED, 2)
    assert spawned == [1, 2]
    assert "LOST" in await studio.states(run_id)


async def test_a_training_that_never_speaks_is_ended(studio, monkeypatch, tmp_path):
    monkeypatch.setattr(follower, "START_TIMEOUT_S", 0.5)
    monkeypatch.setattr(follower.Follower, "_heard", lambda self, silence_ms: None)
    run_id = await studio.submit(steps=10, hold_at=5, deaf=True)
    run = await studio.ended(run_id)
    assert (run.state, run.reason) == (RunState.FAILED, "start_timeout")


async def test_a_trainer_that_does_not_stop_is_stopped_by_force(studio, monkeypatch):
    monkeypatch.setattr(dispatcher, "TERMINATE_AFTER_S", 0.1)
    monkeypatch.setattr(dispatcher, "KILL_AFTER_S", 0.3)
    run_id = await studio.submit(steps=10, hold_at=5, deaf=True)
    await studio.at_step(run_id, 5)
    await studio.stop(run_id)
    run = await studio.ended(run_id)
    assert (run.state, run.reason) == (RunState.STOPPED, None)
    assert "by force" in run.message["en"]


async def test_a_full_disk_does_not_keep_a_run_from_being_stopped(studio, monkeypatch):
    run_id = await studio.submit(steps=10, hold_at=5)
    await studio.at_step(run_id, 5)
    touch = Path.touch

    def full(path, *args, **kwargs):
        if path.name == "stop":
            raise OSError(errno.ENOSPC, "No space left on device")
        touch(path, *args, **kwargs)

    monkeypatch.setattr(Path, "touch", full)

    async def stop_in_vain():
        async with studio.service() as service:
            await service.stop(run_id)
            raise OperationalError("COMMIT", {}, OSError("database or disk is full"))

    with pytest.raises(OperationalError):
        await stop_in_vain()
    run = await studio.ended(run_id)
    assert run.state == RunState.STOPPED
    assert "STOPPING" not in await studio.states(run_id)


async def test_silence_is_an_alert_and_not_an_end(studio, monkeypatch):
    heard = follower.Follower._heard

    def heard_for_a_moment(self, silence_ms):
        heard(self, None if silence_ms is None else 100)

    monkeypatch.setattr(follower.Follower, "_heard", heard_for_a_moment)
    run_id = await studio.submit(steps=10, hold_at=5)
    await studio.at_step(run_id, 5)
    trainer = read_json(studio.folder(run_id).attempt(1).processes)["trainer"]["pid"]
    os.kill(trainer, signal.SIGSTOP)

    async def has_alert():
        return await studio.events(run_id, ["alert"])

    (alert,) = await studio.until(has_alert)
    os.kill(trainer, signal.SIGCONT)
    assert alert.body["code"] == "silent"
    assert set(alert.body["message"]) == {"en", "zh-CN"}
    studio.go(run_id)
    assert (await studio.ended(run_id)).state == RunState.SUCCEEDED


async def test_only_one_server_works_with_a_home(studio, open_studio):
    with pytest.raises(ConfigurationError, match="already running"):
        async with open_studio():
            pass


# ------------------------------------------------------------------------------ restarts


async def test_a_training_goes_on_while_no_server_runs(open_studio):
    async with open_studio() as studio:
        run_id = await studio.submit(steps=200, hold_at=100)
        await studio.at_step(run_id, 100)
    studio.go(run_id)
    folder = studio.folder(run_id)
    async with open_studio() as studio:
        run = await studio.ended(run_id)
        assert (run.state, run.attempt) == (RunState.SUCCEEDED, 1)
        assert losses(await studio.events(run_id)) == [1 / step for step in range(1, 201)]
        await studio.until(lambda: not folder.is_supervised())


async def test_a_training_that_ended_meanwhile_is_finished_after_the_restart(open_studio, until):
    async with open_studio() as studio:
        run_id = await studio.submit(steps=50, hold_at=10)
        await studio.at_step(run_id, 10)
    studio.go(run_id)
    until(studio.folder(run_id).attempt(1).exit.exists)
    until(lambda: not studio.folder(run_id).is_supervised())
    async with open_studio() as studio:
        assert (await studio.ended(run_id)).state == RunState.SUCCEEDED
        assert len(losses(await studio.events(run_id))) == 50


async def test_processes_that_disappeared_meanwhile_mean_lost(open_studio, until):
    async with open_studio() as studio:
        run_id = await studio.submit(steps=50, hold_at=10)
        await studio.at_step(run_id, 10)
    os.kill(read_json(studio.folder(run_id).attempt(1).processes)["supervisor"]["pid"], 9)
    until(lambda: not studio.folder(run_id).is_supervised())
    async with open_studio() as studio:
        run = await studio.ended(run_id)
        assert (run.state, run.reason) == (RunState.FAILED, "lost")


async def test_a_wish_to_stop_survives_a_restart(open_studio):
    async with open_studio() as studio:
        run_id = await studio.submit(steps=50, hold_at=10)
        await studio.at_step(run_id, 10)
        # The server dies between the commit and the word to the supervisor.
        studio.runs._dispatcher.request_stop = lambda run_id: None
        await studio.stop(run_id)
    async with open_studio() as studio:
        assert (await studio.ended(run_id)).state == RunState.STOPPED


async def test_queued_runs_survive_a_restart(open_studio):
    async with open_studio() as studio:
        first = await studio.submit(steps=10, hold_at=5)
        second = await studio.submit(steps=10)
        await studio.at_step(first, 5)
    async with open_studio() as studio:
        assert (await studio.get(second)).state == RunState.QUEUED
        studio.go(first)
        assert (await studio.ended(second)).state == RunState.SUCCEEDED
