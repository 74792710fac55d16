"""kill -9 of the server, while trainings run: nothing of them changes."""

import json
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import httpx
import pytest

HERE = Path(__file__).parent


class Server:
    def __init__(self, home):
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "serve.py"), str(home), str(HERE / "scripted_trainer.py")],
            stdout=subprocess.PIPE,
            text=True,
        )
        port = int(self.process.stdout.readline())
        token = (home / "token").read_text().strip()
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=30,
        )
        end = time.monotonic() + 30
        while True:
            try:
                if self.http.get("/healthz").status_code == 200:
                    return
            except httpx.TransportError:
                assert time.monotonic() < end

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.http.close()

    def run(self, run_id):
        return self.http.get(f"/api/v1/runs/{run_id}").json()

    def events(self, run_id):
        found, after = [], 0
        while after is not None:
            page = self.http.get(
                f"/api/v1/runs/{run_id}/events", params={"after": after, "limit": 1000}
            ).json()
            found += page["items"]
            after = page["next"]
        return found


@pytest.fixture
def start_server(own_home):
    servers = []

    def start():
        servers.append(Server(own_home))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.kill()


def has_come(server, run_id, step):
    return server.run(run_id)["step"] >= step


@pytest.mark.slow
def test_kill_9_of_the_server_changes_nothing_about_a_training(
    start_server, own_home, until, graph, training
):
    server = start_server()
    script = {"steps": 2000, "hold_at": 700}
    body = {"graph": {**graph, "name": json.dumps(script)}, "training": training}
    run_id = server.http.post("/api/v1/runs", json=body).json()["id"]
    until(lambda: server.run(run_id)["step"] >= 700)
    server.kill()

    (own_home / "runs" / run_id / "go").touch()
    until((own_home / "runs" / run_id / "attempt-1" / "exit.json").exists)

    server = start_server()
    until(lambda: server.run(run_id)["state"] == "SUCCEEDED")
    events = server.events(run_id)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    steps = [event["step"] for event in events if event["kind"] == "metrics"]
    assert steps == list(range(1, 2001))
    assert server.run(run_id)["attempt"] == 1


@pytest.mark.slow
def test_kill_9_again_and_again_takes_every_record_in_once(
    start_server, own_home, until, graph, training
):
    server = start_server()
    script = {"steps": 3000, "pace_s": 0.001}
    body = {"graph": {**graph, "name": json.dumps(script)}, "training": training}
    run_id = server.http.post("/api/v1/runs", json=body).json()["id"]
    for goal in (200, 900):
        until(partial(has_come, server, run_id, goal))
        server.kill()
        server = start_server()
    until(lambda: server.run(run_id)["state"] == "SUCCEEDED", 60)
    events = server.events(run_id)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    steps = [event["step"] for event in events if event["kind"] == "metrics"]
    assert steps == list(range(1, 3001))
