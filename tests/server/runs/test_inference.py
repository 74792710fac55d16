"""Asking models in child processes: limits hold, children are used again, none is left behind."""

import asyncio
import os
import sys

import pytest

from lamina_studio.runs.errors import InferenceFailed, InferenceRefused
from lamina_studio.runs.inference import caller
from lamina_studio.runs.inference.caller import Inference

# A child that does as its request says, without an engine.
CHILD = """
import os, sys, time, json
from lamina_studio.runs.inference.framing import framed, read_framed
while (request := read_framed(sys.stdin.buffer)) is not None:
    inputs = json.loads(request)["inputs"]
    if inputs == "hang":
        time.sleep(600)
    if inputs == "die":
        os._exit(1)
    if inputs == "refuse":
        answer = {"refused": {"en": "no", "zh-CN": "不"}}
    else:
        answer = {"answer": {"pid": os.getpid(), "inputs": inputs}}
    sys.stdout.buffer.write(framed(json.dumps(answer).encode()))
    sys.stdout.buffer.flush()
"""


@pytest.fixture
async def inference(monkeypatch):
    monkeypatch.setattr(caller, "CHILD", (sys.executable, "-c", CHILD))
    it = Inference(dict(os.environ))
    yield it
    await it.close()


async def ask(inference, tmp_path, inputs="x"):
    return await inference.predict(tmp_path, {}, inputs)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_child_is_used_again(inference, tmp_path):
    first = await ask(inference, tmp_path)
    second = await ask(inference, tmp_path, "y" * 3_000_000)
    assert first["pid"] == second["pid"]
    assert second["inputs"] == "y" * 3_000_000


async def test_a_refusal_comes_in_both_languages_and_the_child_stays(inference, tmp_path):
    pid = (await ask(inference, tmp_path))["pid"]
    with pytest.raises(InferenceRefused) as refused:
        await ask(inference, tmp_path, "refuse")
    assert refused.value.detail.to_json() == {"en": "no", "zh-CN": "不"}
    assert (await ask(inference, tmp_path))["pid"] == pid


async def test_one_that_takes_too_long_is_killed(inference, tmp_path, monkeypatch):
    pid = (await ask(inference, tmp_path))["pid"]
    monkeypatch.setattr(caller, "PREDICT_S", 0.2)
    with pytest.raises(InferenceFailed, match="did not answer"):
        await ask(inference, tmp_path, "hang")
    assert not is_alive(pid)


async def test_one_that_dies_is_replaced(inference, tmp_path):
    pid = (await ask(inference, tmp_path))["pid"]
    with pytest.raises(InferenceFailed):
        await ask(inference, tmp_path, "die")
    assert (await ask(inference, tmp_path))["pid"] != pid


async def test_a_caller_that_gives_up_leaves_no_child_at_work(inference, tmp_path, eventually):
    pid = (await ask(inference, tmp_path))["pid"]
    asking = asyncio.create_task(ask(inference, tmp_path, "hang"))
    await eventually(lambda: not inference._idle)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert not is_alive(pid)


async def test_no_more_than_a_few_work_at_once(inference, tmp_path):
    answers = await asyncio.gather(*(ask(inference, tmp_path, number) for number in range(6)))
    assert len({answer["pid"] for answer in answers}) <= 2
    assert [answer["inputs"] for answer in answers] == list(range(6))


async def test_idle_children_are_ended(inference, tmp_path, monkeypatch, eventually):
    monkeypatch.setattr(caller, "IDLE_S", 0.0)
    pid = (await ask(inference, tmp_path))["pid"]
    await eventually(lambda: not inference._idle and not inference._retiring)
    assert not is_alive(pid)
