"""Real trainings of a small classifier on `digits`, from the request to the file."""

import hashlib
import math

import httpx
import numpy as np
import pytest

from lamina.datasets.catalogue import DATASETS
from lamina.saving import load_model
from tests.support.documents import small_graph, small_training

DEADLINE_S = 60.0

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def http(server):
    """A program with the token, on the one server of this module."""
    headers = {"authorization": f"Bearer {server.token}"}
    address = f"http://{server.host}/api/v1"
    with httpx.Client(base_url=address, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def start(http):
    def post(graph=None, **changes):
        body = {"graph": graph or small_graph(), "training": small_training() | changes}
        answer = http.post("/runs", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    return post


@pytest.fixture(scope="module")
def run_when(http, until):
    """Wait until a condition holds for a run; the run."""

    def wait(condition, run_id):
        def is_so():
            run = http.get(f"/runs/{run_id}").json()
            return run if condition(run) else None

        return until(is_so, DEADLINE_S, every_s=0.1)

    return wait


@pytest.fixture(scope="module")
def trained(start, run_when):
    """A run of three epochs that has ended."""
    return run_when(has_ended, start(epochs=3))


def has_ended(run):
    return run["state"] in {"SUCCEEDED", "STOPPED", "FAILED"}


def nested(depth):
    return [nested(depth - 1)] if depth else []


def events(http, run_id, **query):
    url = f"/runs/{run_id}/events"
    return (http.get(url, params={"limit": 1000, **query})).json()["items"]


def test_a_training_from_the_request_to_the_file(http, trained, tmp_path):
    run, run_id = trained, trained["id"]
    assert (run["state"], run["reason"]) == ("SUCCEEDED", None), run["message"]
    assert set(run["message"]) == {"en", "zh-CN"}
    assert (run["epoch"], run["epochs"]) == (3, 3)
    assert run["step"] == 3 * run["steps_per_epoch"]
    assert run["seconds_left"] is None

    # Every batch, and the sums of each epoch.
    metrics = events(http, run_id, kinds="metrics")
    batches = [event for event in metrics if "batch/loss" in event["body"]]
    assert [event["step"] for event in batches] == list(range(1, run["step"] + 1))
    assert all(set(event["body"]) >= {"batch/accuracy", "running/loss"} for event in batches)
    epochs = [event for event in metrics if "epoch/loss" in event["body"]]
    assert [event["epoch"] for event in epochs] == [1, 2, 3]
    for event in epochs:
        assert {"epoch/val_loss", "epoch/val_accuracy", "samples_per_second"} <= set(event["body"])
        before = next(b for b in reversed(batches) if b["seq"] < event["seq"])
        assert before["body"]["running/loss"] == pytest.approx(event["body"]["epoch/loss"], 1e-4)

    # What it says on the way, for readers of both languages.
    lines = [event["body"] for event in events(http, run_id, kinds="log")]
    assert len(lines) == 1 + 3 + 1 + 1  # begin, epochs, file, test part
    assert all(line["message"]["en"] == line["text"] for line in lines)
    assert lines[0]["message"]["zh-CN"].startswith("开始训练：共 3 轮")

    # What it ran on, and how good it is.
    assert {"lamina", "torch", "python", "device", "threads"} <= set(run["environment"])
    assert run["test"]["n"] == DATASETS.get("digits").n_test
    assert run["test"]["loss"] == metrics[-1]["body"]["test/loss"]
    answer = http.post(f"/runs/{run_id}/evaluate", json={"split": "test"})
    assert answer.json()["metrics"]["accuracy"] == pytest.approx(run["test"]["metrics"]["accuracy"])

    # The file, and what the server says the model says.
    (artifact,) = (http.get(f"/runs/{run_id}/artifacts")).json()["items"]
    content = (http.get(f"/runs/{run_id}/artifacts/model.keras")).content
    assert artifact["bytes"] == len(content)
    assert artifact["sha256"] == hashlib.sha256(content).hexdigest()
    (tmp_path / "model.keras").write_bytes(content)
    spec = DATASETS.get("digits")
    raw = spec.load().x_test[:5]
    prepared = spec.prepare(raw)
    wanted = load_model(tmp_path / "model.keras").predict(prepared, verbose=0)
    for inputs in (prepared.tolist(), {"image": prepared.tolist()}, raw.tolist()):
        answer = http.post(f"/runs/{run_id}/predict", json={"inputs": inputs})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        np.testing.assert_allclose(np.array(found["outputs"]["digit"]), wanted, atol=1e-6)
        assert found["classes"] == list(spec.target.classes)


def test_a_model_is_verified_once_a_clean_process_says_the_same(http, trained, until):
    def is_verified():
        items = http.get(f"/runs/{trained['id']}/artifacts").json()["items"]
        return items[0]["verified"]

    until(is_verified, DEADLINE_S, every_s=0.1)


def test_samples_that_do_not_fit_are_refused_in_a_sentence(http, trained):
    refused = [[[1.0, 2.0]], [], [[1, [2]]], {"other": [1]}, [["a"]], [[2**70]], nested(300)]
    for inputs in refused:
        answer = http.post(f"/runs/{trained['id']}/predict", json={"inputs": inputs})
        assert (answer.status_code, answer.json()["code"]) == (422, "inference_refused")
        assert "Traceback" not in answer.text
    nothing = http.post(f"/runs/{trained['id']}/predict", json={"inputs": []})
    assert "There are no samples" in nothing.json()["detail"]


def test_a_stop_keeps_the_model_of_that_step(http, start, run_when):
    run_id = start(epochs=1000)
    run_when(lambda run: run["step"] > 50, run_id)
    http.post(f"/runs/{run_id}/stop")
    run = run_when(has_ended, run_id)
    assert (run["state"], run["reason"]) == ("STOPPED", None)
    assert f"step {run['step']:,}." in run["message"]["en"]
    assert run["epoch"] < 1000
    names = (http.get(f"/runs/{run_id}/artifacts")).json()["items"]
    assert [artifact["name"] for artifact in names] == ["model.keras"]
    metrics = events(http, run_id, kinds="metrics")
    batches = [event["step"] for event in metrics if "batch/loss" in event["body"]]
    assert batches == list(range(1, len(batches) + 1))
    # The epoch that was cut short has no point among those of whole ones.
    latest = events(http, run_id, kinds="metrics", after=max(0, run["head"] - 100))
    epochs = [event["step"] for event in latest if "epoch/loss" in event["body"]]
    steps = run["steps_per_epoch"]
    assert epochs, run["step"]
    assert [step for step in epochs if step % steps] == []


def test_a_loss_that_is_no_number_ends_the_run_and_says_so(http, start, run_when, graph):
    *nodes, digit = graph["nodes"]
    linear = {**graph, "nodes": [*nodes, {**digit, "config": {"units": 10}}]}
    optimizer = {"type": "SGD", "config": {"learning_rate": 1e30}}
    run_id = start(linear, optimizer=optimizer, loss="mse", metrics=[], epochs=50)
    run = run_when(has_ended, run_id)
    assert (run["state"], run["reason"]) == ("FAILED", "non_finite_loss")
    metrics = events(http, run_id, kinds="metrics")
    bad = next(event for event in metrics if isinstance(event["body"]["batch/loss"], str))
    assert f"step {bad['step']:,} " in run["message"]["en"]
    assert "1e+30" in run["message"]["en"]
    assert "1e+30" in run["message"]["zh-CN"]
    assert (http.get(f"/runs/{run_id}/artifacts")).json()["items"] == []


def test_what_goes_wrong_inside_is_a_sentence_and_a_file_with_the_traceback(
    server, start, run_when, monkeypatch
):
    folder_of = server.app.state.runs._dispatcher.folder_of

    def spoilt(run_id):
        # The model cannot be written where a folder stands in its way.
        folder = folder_of(run_id)
        (folder.artifacts / "model.keras" / "x").mkdir(parents=True, exist_ok=True)
        return folder

    monkeypatch.setattr(server.app.state.runs._dispatcher, "folder_of", spoilt)
    run_id = start(epochs=1)
    run = run_when(has_ended, run_id)
    assert (run["state"], run["reason"]) == ("FAILED", "internal")
    assert "Traceback" not in run["message"]["en"]
    assert "Traceback" in folder_of(run_id).attempt(1).trainer_log.read_text()


def test_the_last_numbers_of_a_run_are_finite_and_current(trained):
    assert {"batch/loss", "running/loss", "epoch/loss", "epoch/val_accuracy"} <= set(
        trained["last"]
    )
    assert all(math.isfinite(value) for value in trained["last"].values())
