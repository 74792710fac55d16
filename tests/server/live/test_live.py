"""Protocol lamina.v1 over real sockets: the promises of the stream, one test each."""

import asyncio
import contextlib
import itertools
import json
import socket

import pytest
from websockets.exceptions import ConnectionClosed

from lamina_studio.live import connection, gateway, viewer


def losses(subscription):
    return [body["batch/loss"] for body in subscription.bodies("metrics") if "batch/loss" in body]


async def test_a_client_gets_every_batch_while_the_run_goes_on(server, graph, training):
    run_id = await server.submit(graph, training, steps=200, hold_at=100)
    async with server.client() as client:
        await client.subscribe("a", f"run:{run_id}", since=None)
        sub = client.subs["a"]
        await client.follow("a", lambda sub: sub.last is not None)
        seen = len(sub.series.get("batch/loss", {"x": []})["x"])
        await client.follow("a", lambda sub: seen + len(losses(sub)) >= 100)
        assert (await server.run(run_id))["state"] == "RUNNING"
        server.go(run_id)
        await client.follow("a", lambda sub: sub.has_ended)
        first = sub.series.get("batch/loss", {"last": []})["last"]
        assert first + losses(sub) == [1 / step for step in range(1, 201)]


async def test_frames_of_one_subscription_keep_their_distance(server, graph, training, monkeypatch):
    sent, send = [], connection.Connection._send

    async def noting(self, frame):
        await send(self, frame)
        if json.loads(frame)["type"] == "delta":
            sent.append(asyncio.get_running_loop().time())

    monkeypatch.setattr(connection.Connection, "_send", noting)
    run_id = await server.submit(graph, training, steps=20, hold_at=10)
    async with server.client(max_hz=5) as client:
        await client.subscribe("all", "runs")
        await server.until_run(run_id, lambda run: run["step"] == 10)
        server.go(run_id)
        await client.follow("all", lambda sub: len(sent) >= 3)
    assert all(after - before >= 0.2 for before, after in itertools.pairwise(sent))


async def test_a_snapshot_and_what_follows_equal_the_snapshot_of_later(server, graph, training):
    run_id = await server.submit(graph, training, steps=120, hold_at=60)
    await server.until_run(run_id, lambda run: run["step"] == 60)
    async with server.client() as client:
        ok = await client.subscribe("early", f"run:{run_id}")
        assert ok["mode"] == "snapshot"
        await client.follow("early", lambda sub: sub.last is not None)
        early = client.subs["early"]
        assert early.series["batch/loss"]["x"] == list(range(1, 61))
        server.go(run_id)
        await client.follow("early", lambda sub: sub.has_ended)
        await client.subscribe("late", f"run:{run_id}")
        await client.follow("late", lambda sub: sub.last is not None)
        late = client.subs["late"]
        assert late.last == early.last
        for key in ("batch/loss", "running/loss"):
            news = [body[key] for body in early.bodies("metrics") if key in body]
            assert late.series[key]["last"] == early.series[key]["last"] + news


async def test_a_viewer_that_comes_back_gets_exactly_what_it_missed(server, graph, training):
    run_id = await server.submit(graph, training, steps=120, hold_at=60)
    await server.until_run(run_id, lambda run: run["step"] == 60)
    async with server.client() as client:
        await client.subscribe(1, f"run:{run_id}")
        await client.follow(1, lambda sub: sub.last is not None)
        since = {"log": client.subs[1].log, "seq": client.subs[1].last}
    server.go(run_id)
    await server.until_run(run_id, lambda run: run["state"] == "SUCCEEDED")
    async with server.client() as client:
        ok = await client.subscribe(1, f"run:{run_id}", since=since)
        assert ok["mode"] == "resume"
        await client.follow(1, lambda sub: sub.has_ended)
        assert losses(client.subs[1]) == [1 / step for step in range(61, 121)]


async def test_a_viewer_of_another_log_or_from_the_future_starts_anew(server, graph, training):
    run_id = await server.submit(graph, training, steps=5)
    run = await server.until_run(run_id, lambda run: run["state"] == "SUCCEEDED")
    for since, reason in (
        ({"log": "another", "seq": 3}, "log"),
        ({"log": run["log"], "seq": run["head"] + 1}, "gap"),
    ):
        async with server.client() as client:
            ok = await client.subscribe("a", f"run:{run_id}", since=since)
            assert ok["mode"] == "snapshot"
            reset = await client.receive("reset")
            assert (reset["id"], reset["reason"]) == ("a", reason)
            assert (await client.receive("snapshot"))["at"] == run["head"]


async def test_far_behind_is_one_coalesced_frame_that_keeps_spikes_and_every_line(
    server, graph, training
):
    run_id = await server.submit(graph, training, steps=3000, log_at=1500)
    run = await server.until_run(run_id, lambda run: run["state"] == "SUCCEEDED")
    async with server.client() as client:
        await client.subscribe("a", f"run:{run_id}", since={"log": run["log"], "seq": 0})
        await client.follow("a", lambda sub: sub.last == run["head"])
        sub = client.subs["a"]
        assert [frame["type"] for frame in sub.frames] == ["coalesced"]
        summary = {one["key"]: one for one in sub.summaries}["batch/loss"]
        assert summary["n"] == 3000
        assert summary["max"] == 1.0  # one step of 3000
        assert (summary["first"], summary["last"]) == (1.0, 1 / 3000)
        assert summary["x_last"] == 3000
        assert [body["text"] for body in sub.bodies("log")] == ["line at 1500"]
        states = [body["state"] for body in sub.bodies("state")]
        assert states == ["QUEUED", "STARTING", "RUNNING", "FINALIZING", "SUCCEEDED"]
        assert sub.events == await server.events(run_id, kinds="state,log")


async def test_a_frame_is_coalesced_by_its_size_too(server, graph, training, monkeypatch):
    monkeypatch.setattr(viewer, "MAX_BYTES", 2000)
    run_id = await server.submit(graph, training, steps=100)
    run = await server.until_run(run_id, lambda run: run["state"] == "SUCCEEDED")
    async with server.client() as client:
        await client.subscribe("a", f"run:{run_id}", since={"log": run["log"], "seq": 0})
        await client.follow("a", lambda sub: sub.last == run["head"])
        assert client.subs["a"].frames[0]["type"] == "coalesced"


async def test_many_lines_come_in_several_coalesced_frames_without_a_gap(
    server, graph, training, monkeypatch
):
    monkeypatch.setattr(viewer, "MAX_EVENTS", 50)
    monkeypatch.setattr(viewer, "MAX_OTHERS", 2)
    run_id = await server.submit(graph, training, steps=200, log_at=100)
    run = await server.until_run(run_id, lambda run: run["state"] == "SUCCEEDED")
    async with server.client() as client:
        await client.subscribe("a", f"run:{run_id}", since={"log": run["log"], "seq": 0})
        await client.follow("a", lambda sub: sub.last == run["head"])
        sub = client.subs["a"]
        assert len(sub.bodies("state")) == 5
        assert len(sub.bodies("log")) == 1
        points = sum(one["n"] for one in sub.summaries if one["key"] == "batch/loss")
        assert points + len(losses(sub)) == 200


async def test_a_view_chooses_curves_range_and_detail(server, graph, training):
    run_id = await server.submit(graph, training, steps=300)
    await server.until_run(run_id, lambda run: run["state"] == "SUCCEEDED")
    async with server.client() as client:
        view = {"keys": ["batch/loss"], "x": "step", "max_points": 50}
        await client.subscribe("a", f"run:{run_id}", view=view)
        await client.follow("a", lambda sub: sub.last is not None)
        sub = client.subs["a"]
        assert set(sub.series) == {"batch/loss"}
        curve = sub.series["batch/loss"]
        assert curve["bucket"] == 8
        assert curve["x"] == list(range(0, 301, 8))
        assert curve["max"][0] == 1.0
        assert sum(curve["n"]) == 300
        view = {"keys": None, "x": "step", "from": 290, "to": 300, "max_points": 50}
        await client.send(type="view", id="a", view=view)
        snapshot = await client.receive("snapshot")
        by_key = {one["key"]: one for one in snapshot["series"]}
        assert set(by_key) == {"batch/loss", "running/loss"}
        assert by_key["batch/loss"]["x"] == list(range(290, 301))


async def test_a_large_snapshot_comes_in_parts(server, graph, training, monkeypatch):
    monkeypatch.setattr(viewer, "POINTS_PER_PART", 100)
    run_id = await server.submit(graph, training, steps=300)
    await server.until_run(run_id, lambda run: run["state"] == "SUCCEEDED")
    async with server.client() as client:
        await client.subscribe("a", f"run:{run_id}")
        await client.follow("a", lambda sub: sub.last is not None)
        assert len(client.subs["a"].frames) == 2
        assert set(client.subs["a"].series) == {"batch/loss", "running/loss"}


async def test_the_channel_of_all_runs_tells_of_changes(server, graph, training):
    async with server.client() as client:
        ok = await client.subscribe("all", "runs")
        assert ok["run"] is None
        run_id = await server.submit(graph, training, steps=20, hold_at=10)
        seen = []

        def runs(sub):
            seen[:] = [event["body"]["run"] for event in sub.events]
            return seen and seen[-1]["step"] == 10

        await client.follow("all", runs)
        assert {run["id"] for run in seen} == {run_id}
        listed = (await server.http.get("/runs")).json()["items"][0]
        assert set(seen[0]) == set(listed)
        server.go(run_id)
        await client.follow("all", lambda sub: runs(sub) or seen[-1]["state"] == "SUCCEEDED")


async def test_the_channel_of_all_runs_starts_anew_when_it_no_longer_reaches_back(
    server, graph, training, monkeypatch
):
    feed = server.app.state.runs.feed
    item = {"attempt": 1, "step": 0, "epoch": 0}
    monkeypatch.setattr("lamina_studio.runs.tail.MAX_ENTRIES", 3)
    for number in range(10):
        feed.announce({**item, "id": number})
    async with server.client() as client:
        await client.subscribe("all", "runs", since={"log": feed.boot, "seq": 2})
        assert (await client.receive("reset"))["reason"] == "retention"
        assert (await client.receive("snapshot"))["at"] == 10


async def test_several_subscriptions_and_the_end_of_one(server, graph, training):
    run_id = await server.submit(graph, training, steps=20, hold_at=10)
    await server.until_run(run_id, lambda run: run["step"] == 10)
    async with server.client() as client:
        for sub in ("a", "b"):
            await client.subscribe(sub, f"run:{run_id}")
            await client.follow(sub, lambda it: it.last is not None)
        await client.send(type="unsub", id="a")
        await client.send(type="ping", t=1.5)
        pong = await client.receive("pong")
        assert pong["t"] == 1.5
        assert pong["heads"] == {"b": client.subs["b"].last}
        server.go(run_id)
        await client.follow("b", lambda it: it.has_ended)
        assert client.subs["a"].events == []


async def test_pings_carry_the_heads(server, graph, training, monkeypatch):
    monkeypatch.setattr(connection, "HEARTBEAT_S", 0.05)
    run_id = await server.submit(graph, training, steps=3)
    run = await server.until_run(run_id, lambda run: run["state"] == "SUCCEEDED")
    async with server.client() as client:
        await client.subscribe("a", f"run:{run_id}")
        while (frame := await client.next())["type"] != "ping" or not frame["heads"]:
            pass
        assert frame["heads"] == {"a": run["head"]}


async def test_the_welcome_says_what_to_expect(server):
    async with server.client() as client:
        assert client.welcome["v"] == 1
        assert client.welcome["heartbeat_ms"] <= 15_000
        assert client.welcome["boot"]


@pytest.mark.parametrize(
    ("channel", "code"),
    [("run:r_nothing", "not_found"), ("model:x", "bad_channel"), ("run:../../etc", "not_found")],
)
async def test_a_channel_that_does_not_exist_is_an_error_and_the_socket_stays(
    server, channel, code
):
    async with server.client() as client:
        await client.send(type="sub", id="a", channel=channel, since=None, view=None)
        error = await client.receive("error")
        assert (error["id"], error["code"], error["retry"]) == ("a", code, False)
        await client.send(type="ping", t=1)
        assert (await client.receive("pong"))["t"] == 1


async def test_subscriptions_are_bounded(server, monkeypatch):
    monkeypatch.setattr(connection, "MAX_SUBSCRIPTIONS", 1)
    async with server.client() as client:
        await client.subscribe("a", "runs")
        await client.send(type="sub", id="b", channel="runs", since=None, view=None)
        await client.receive("snapshot")
        assert (await client.receive("error"))["code"] == "too_many"
        await client.send(type="sub", id="c", channel="runs", since=None, view=None)
        assert await close_code(client.socket) == 4509


# ------------------------------------------------------------------------------ how it ends


async def until(condition):
    end = asyncio.get_running_loop().time() + 20
    while not condition():
        assert asyncio.get_running_loop().time() < end
        await asyncio.sleep(0.01)


async def close_code(it):
    with contextlib.suppress(ConnectionClosed):
        async with asyncio.timeout(20):
            while True:
                await it.recv()
    return it.close_code


async def test_no_hello_closes_with_4001(server, monkeypatch):
    monkeypatch.setattr(connection, "HELLO_TIMEOUT_S", 0.1)
    async with server.socket() as it:
        assert await close_code(it) == 4001


@pytest.mark.parametrize(
    "frame",
    [
        "not json",
        "[]",
        "{}",
        '{"type": "hello", "v": 2}',
        '{"type": "sub", "id": "a", "channel": "runs"}',
        b"\x00",
        '{"type": "hello", "v": 1, "client": "' + "x" * 70_000 + '"}',
    ],
)
async def test_a_bad_first_frame_closes_with_4500(server, frame):
    async with server.socket() as it:
        await it.send(frame)
        assert await close_code(it) == 4500


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "hello", "v": 1},
        {"type": "what"},
        {"type": "sub", "id": "a"},
        {"type": "sub", "id": "a", "channel": "runs", "view": {"max_points": 10**9}},
        {"type": "sub", "id": "a", "channel": "runs", "since": {"log": "x", "seq": -1}},
    ],
)
async def test_a_bad_later_frame_closes_with_4500(server, frame):
    async with server.client() as client:
        await client.send(**frame)
        assert await close_code(client.socket) == 4500


async def test_too_many_sockets_close_with_4509(server, monkeypatch):
    monkeypatch.setattr(gateway, "MAX_SOCKETS", 1)
    async with server.client(), server.socket() as second:
        assert await close_code(second) == 4509


async def test_a_program_without_the_token_does_not_get_in(server):
    with pytest.raises(Exception, match="HTTP 401"):
        async with server.socket(additional_headers={}):
            pass


async def test_a_restart_closes_with_4010(server):
    async with server.client() as client:
        await client.subscribe("all", "runs")
        server.app.state.live.close()
        assert await close_code(client.socket) == 4010


async def test_a_client_that_does_not_read_is_closed_with_4008(
    server, graph, training, monkeypatch
):
    monkeypatch.setattr(connection, "SEND_TIMEOUT_S", 0.3)
    run_id = await server.submit(graph, training, steps=2000)
    await server.until_run(run_id, lambda run: run["state"] == "SUCCEEDED")
    # A small window, so that little is under way when nobody reads.
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", int(server.address.rpartition(":")[2])))
    raw.setblocking(False)
    async with server.socket(sock=raw, max_queue=1) as it:
        await it.send(json.dumps({"type": "hello", "v": 1}))
        sub = {"type": "sub", "channel": f"run:{run_id}", "view": {"max_points": 20_000}}
        live = server.app.state.live
        for number in range(60):
            await it.send(json.dumps({**sub, "id": number}))
        ours = next(iter(live._connections))
        await until(lambda: ours._viewers)
        await until(lambda: not ours._viewers)
        assert await close_code(it) == 4008


async def test_a_restarted_server_goes_on_where_the_viewer_stands(open_server, graph, training):
    async with open_server() as server:
        run_id = await server.submit(graph, training, steps=120, hold_at=60)
        await server.until_run(run_id, lambda run: run["step"] == 60)
        async with server.client() as client:
            await client.subscribe("a", f"run:{run_id}")
            await client.follow("a", lambda sub: sub.last is not None)
            since = {"log": client.subs["a"].log, "seq": client.subs["a"].last}
    server.go(run_id)
    async with open_server() as server, server.client() as client:
        assert (await client.subscribe("a", f"run:{run_id}", since=since))["mode"] == "resume"
        await client.follow("a", lambda sub: sub.has_ended)
        assert losses(client.subs["a"]) == [1 / step for step in range(61, 121)]
