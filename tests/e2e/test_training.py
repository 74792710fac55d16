"""Through the HTTP interface of the started studio: train, download, open in real Keras, survive."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.started_studio import StartedStudio
from tests.e2e.keras_check import expect_keras_to_agree

pytestmark = pytest.mark.slow


def template(studio: StartedStudio, name: str, **training: object) -> dict[str, Any]:
    """A run request made of a starter graph, with some of its training replaced."""
    [found] = [item for item in studio.get("/templates")["items"] if item["id"] == name]
    return {"graph": found["graph"], "training": {**found["training"], **training}}


@pytest.mark.parametrize(
    "name", ["digits-mlp", "digits-residual", "digits-lstm", "iris-classifier"]
)
def test_a_trained_model_predicts_the_same_in_real_keras(
    studio: StartedStudio, tmp_path: Path, name: str
):
    run = studio.post("/runs", template(studio, name, epochs=2))
    done = studio.wait_for_run(run["id"], "SUCCEEDED", "FAILED", "STOPPED")
    assert done["state"] == "SUCCEEDED", done["message"]

    [artifact] = [
        item
        for item in studio.get(f"/runs/{run['id']}/artifacts")["items"]
        if item["name"] == "model.keras"
    ]
    file = tmp_path / "model.keras"
    file.write_bytes(studio.get(f"/runs/{run['id']}/artifacts/model.keras"))
    assert file.stat().st_size == artifact["bytes"]

    [shape] = [
        node["config"]["shape"] for node in done["graph"]["nodes"] if node["type"] == "Input"
    ]
    expect_keras_to_agree(studio, run["id"], file, shape)


def test_a_server_killed_while_training_comes_back_to_a_complete_log(studio: StartedStudio):
    """The run goes on without it, and every batch's loss is there exactly once."""
    run = studio.post("/runs", template(studio, "digits-mlp", epochs=600))
    studio.wait_for_run(run["id"], "RUNNING")
    supervisor = studio.get(f"/runs/{run['id']}")["attempt"]
    studio.kill()
    studio.start()
    done = studio.wait_for_run(run["id"], "SUCCEEDED", "FAILED", "STOPPED")
    assert done["state"] == "SUCCEEDED", done["message"]
    assert done["attempt"] == supervisor, "the same process trained to the end"

    events = all_events(studio, run["id"])
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    steps = [event["step"] for event in events if "batch/loss" in event["body"]]
    assert steps == list(range(1, done["epochs"] * done["steps_per_epoch"] + 1))


def all_events(studio: StartedStudio, run: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        part = studio.get(f"/runs/{run}/events?after={after}&limit=1000")
        events += part["items"]
        after = part["next"]
    return events


def test_a_stopped_run_keeps_what_it_learned(studio: StartedStudio):
    run = studio.post("/runs", template(studio, "digits-mlp", epochs=5000))
    studio.wait_for_run(run["id"], "RUNNING")
    studio.post(f"/runs/{run['id']}/stop")
    done = studio.wait_for_run(run["id"], "STOPPED", "SUCCEEDED", "FAILED")
    assert done["state"] == "STOPPED"
    names = [item["name"] for item in studio.get(f"/runs/{run['id']}/artifacts")["items"]]
    assert "model.keras" in names


def test_no_secret_is_written_where_others_may_read(studio: StartedStudio):
    """The token is nowhere but in its own file; a code that was spent opens nothing."""
    said = studio.log.read_text(errors="replace")
    assert studio.token not in said
    for path in studio.home.rglob("*"):
        if path.is_file() and path.name != "token":
            assert studio.token.encode() not in path.read_bytes(), path
    events = json.dumps([all_events(studio, run["id"]) for run in studio.get("/runs")["items"]])
    assert studio.token not in events
