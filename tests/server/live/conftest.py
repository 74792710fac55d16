"""A really listening server, a trainer that does as told, and a client that knows the document.

The client knows `lamina.v1` and nothing else: it keeps the rules by which a viewer accepts frames
and fails the test at the first one that it cannot accept.
"""

import asyncio
import json
import os
import signal
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import orjson
import pytest
import uvicorn
from websockets.asyncio.client import connect

from lamina_studio.main import create_app
from lamina_studio.runs import dispatcher
from lamina_studio.runs.folders import ProcessId, read_json
from lamina_studio.serving import bind
from lamina_studio.settings import Settings

DEADLINE_S = 20.0
SCRIPTED_TRAINER = Path(__file__).parent.parent / "runs" / "scripted_trainer.py"


class Server:
    """The studio on a real port, in this process."""

    def __init__(self, app, port):
        self.app = app
        self.address = f"127.0.0.1:{port}"
        self.settings = app.state.settings
        token = (self.settings.home / "token").read_text().strip()
        self.headers = {"authorization": f"Bearer {token}"}
        self.http = httpx.AsyncClient(
            base_url=f"http://{self.address}/api/v1", headers=self.headers, trust_env=False
        )

    async def submit(self, graph, training, **script):
        body = {"graph": {**graph, "name": json.dumps(script)}, "training": training}
        answer = await self.http.post("/runs", json=body, timeout=30)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def go(self, run_id):
        (self.settings.home / "runs" / run_id / "go").touch()

    async def events(self, run_id, **query):
        answer = await self.http.get(f"/runs/{run_id}/events", params={"limit": 1000, **query})
        return answer.json()["items"]

    async def run(self, run_id):
        return (await self.http.get(f"/runs/{run_id}")).json()

    async def until_run(self, run_id, condition):
        end = time.monotonic() + DEADLINE_S
        while not condition(run := await self.run(run_id)):
            assert time.monotonic() < end, f"the run stays {run}"
            await asyncio.sleep(0.02)
        return run

    @asynccontextmanager
    async def socket(self, **options):
        options = {"additional_headers": self.headers, "proxy": None, **options}
        async with connect(f"ws://{self.address}/api/v1/live", **options) as it:
            yield it

    @asynccontextmanager
    async def client(self, **hello):
        async with self.socket() as it:
            client = Client(it)
            await client.send(type="hello", v=1, client="tests", **hello)
            client.welcome = await client.receive("welcome")
            yield client


class Client:
    """A viewer that only knows the document."""

    def __init__(self, socket):
        self.socket = socket
        self.subs = {}

    async def send(self, **frame):
        await self.socket.send(json.dumps(frame))

    async def next(self, deadline_s=DEADLINE_S):
        async with asyncio.timeout(deadline_s):
            return orjson.loads(await self.socket.recv())

    async def receive(self, kind):
        """The next frame, which must be of this kind; pings may come before it."""
        while True:
            frame = await self.next()
            if frame["type"] == kind:
                return frame
            assert frame["type"] == "ping", frame

    async def subscribe(self, sub, channel, since=None, view=None):
        self.subs[sub] = Subscription()
        await self.send(type="sub", id=sub, channel=channel, since=since, view=view)
        ok = await self.receive("sub_ok")
        assert ok["id"] == sub
        self.subs[sub].begin(ok, since)
        return ok

    async def follow(self, sub, done):
        """Apply frames until `done(subscription)`."""
        while not done(self.subs[sub]):
            frame = await self.next()
            if "id" in frame:
                self.subs[frame["id"]].apply(frame)
            else:
                assert frame["type"] in {"ping", "pong"}, frame


class Subscription:
    """What a viewer knows of one log."""

    def __init__(self):
        self.log = self.last = None
        self.frames, self.events, self.parts = [], [], []
        self.series = {}
        self.summaries = []

    def begin(self, ok, since):
        self.log = ok["log"]
        self.run = ok["run"]
        if ok["mode"] == "resume":
            self.last = since["seq"]

    def apply(self, frame):
        self.frames.append(frame)
        kind = frame["type"]
        if kind == "reset":
            self.last = None
            return
        assert frame["log"] == self.log
        if kind == "snapshot":
            assert frame["part"] == len(self.parts)
            self.parts.append(frame)
            if frame["last"]:
                self.series = {one["key"]: one for part in self.parts for one in part["series"]}
                self.last, self.parts = frame["at"], []
            return
        assert kind in {"delta", "coalesced"}, frame
        assert frame["from"] == self.last, "a gap or a repetition"
        assert frame["to"] > frame["from"]
        if kind == "delta":
            numbers = [event["seq"] for event in frame["events"]]
            assert numbers == list(range(frame["from"] + 1, frame["to"] + 1))
        else:
            self.summaries += frame["series"]
        self.events += frame["events"]
        self.last = frame["to"]

    def bodies(self, kind):
        return [event["body"] for event in self.events if event["kind"] == kind]

    @property
    def has_ended(self):
        ends = {"SUCCEEDED", "STOPPED", "FAILED"}
        return any(body["state"] in ends for body in self.bodies("state"))


@pytest.fixture(autouse=True)
def nothing_left_behind(own_home):
    """A training outlives its server; it must not outlive its test, even one that fails."""
    yield
    for path in own_home.rglob("processes.json"):
        processes = {who: ProcessId(**known) for who, known in read_json(path).items()}
        for process in processes.values():
            if process.is_alive():
                os.kill(process.pid, signal.SIGKILL)


@pytest.fixture
def open_server(own_home, monkeypatch):
    """Open a server on this test's home; opening again is a restart."""
    monkeypatch.setattr(dispatcher, "TRAINER", (sys.executable, str(SCRIPTED_TRAINER)))

    @asynccontextmanager
    async def open_it(**settings):
        listening = bind("127.0.0.1", 0)
        port = listening.getsockname()[1]
        app = create_app(Settings(home=own_home, port=port, **settings))
        config = uvicorn.Config(
            app,
            log_config=None,
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=3,
        )
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None
        task = asyncio.create_task(server.serve([listening]))
        while not server.started:
            await asyncio.wait({task}, timeout=0.01)
            if task.done():
                await task
        it = Server(app, port)
        try:
            yield it
        finally:
            await it.http.aclose()
            server.should_exit = True
            await task
            listening.close()

    return open_it


@pytest.fixture
async def server(open_server):
    async with open_server() as it:
        yield it
