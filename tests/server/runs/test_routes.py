"""`/runs` over HTTP: what clients send, what they get, and what they are refused."""

import asyncio
import hashlib
import json

import pytest

pytestmark = pytest.mark.usefixtures("scripted")


@pytest.fixture
def submit(client, graph, training):
    async def post(headers=None, **script):
        body = {"graph": {**graph, "name": json.dumps(script)}, "training": training}
        return await client.post("/api/v1/runs", json=body, headers=headers or {}, timeout=30)

    return post


@pytest.fixture
def ended(client, eventually):
    async def wait(run_id):
        async def has_ended():
            run = (await client.get(f"/api/v1/runs/{run_id}")).json()
            return run if run["state"] in {"SUCCEEDED", "STOPPED", "FAILED"} else None

        return await eventually(has_ended)

    return wait


@pytest.fixture
async def finished(submit, ended):
    """A run of 30 steps that has ended."""
    return await ended((await submit(steps=30, log_at=10)).json()["id"])


def put_file(app, run, name="model.keras", content=b"a model"):
    """Leave a file as a trainer would."""
    folder = app.state.settings.home / "runs" / run["id"] / "artifacts"
    (folder / name).write_bytes(content)


async def test_a_submitted_run_is_described_in_full(submit, graph, training):
    answer = await submit(steps=1)
    assert answer.status_code == 201
    run = answer.json()
    assert run["state"] in {"QUEUED", "STARTING"}
    assert run["dataset"] == "digits"
    assert run["epochs"] == 2
    assert run["graph"]["nodes"] == graph["nodes"]
    assert run["training"]["batch_size"] == 32
    assert (run["model_id"], run["message"], run["test"]) == (None, None, None)
    assert (run["tags"], run["note"], run["last"]) == ([], "", {})


async def test_a_run_of_a_saved_model_remembers_its_version(client, graph, training):
    saved = (
        await client.post("/api/v1/models", json={"graph": graph, "training": training})
    ).json()
    answer = await client.post(
        "/api/v1/runs", json={"model": saved["id"], "version": 1, "training": training}
    )
    assert answer.status_code == 201
    run = answer.json()
    assert (run["model_id"], run["model_version"]) == (saved["id"], 1)
    assert run["fingerprint"] == saved["fingerprint"]


async def test_documents_with_errors_are_refused_with_every_problem(client, graph, training):
    broken = {**graph, "nodes": [*graph["nodes"][:1], {**graph["nodes"][1], "type": "Flaten"}]}
    answer = await client.post("/api/v1/runs", json={"graph": broken, "training": training})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()["problems"]
    assert any(problem["node"] == "flat" for problem in found)
    assert (await client.get("/api/v1/runs")).json()["items"] == []


async def test_a_model_that_no_memory_can_hold_is_refused_before_it_starts(
    client, graph, training, monkeypatch
):
    monkeypatch.setattr("lamina.training.memory.machine_bytes", lambda: 2**20)
    image, flat, digit = graph["nodes"]
    large = {**digit, "id": "large", "config": {"units": 5000}}
    nodes = [image, flat, large, {**digit, "inputs": [{"node": "large"}]}]
    body = {"graph": {**graph, "nodes": nodes}, "training": training}
    answer = await client.post("/api/v1/runs", json=body)
    assert answer.status_code == 422
    (found,) = [one for one in answer.json()["problems"] if one["severity"] == "error"]
    assert (found["code"], found["node"]) == ("too_large", "large")


async def test_problems_come_in_the_language_of_the_request(client, graph, training):
    body = {"graph": {**graph, "nodes": []}, "training": training}
    chinese = {"accept-language": "zh-CN"}
    english = (await client.post("/api/v1/runs", json=body)).json()["problems"]
    other = (await client.post("/api/v1/runs", json=body, headers=chinese)).json()["problems"]
    assert [p["code"] for p in english] == [p["code"] for p in other]
    assert english[0]["message"] != other[0]["message"]


@pytest.mark.parametrize(
    "change",
    [
        {"training": None},
        {"graph": None},
        {"model": "m_x"},
        {"graph": None, "model": "../x"},
        {"version": 1},
        {"surprise": 1},
        {"name": "x" * 201},
    ],
)
async def test_a_request_of_another_shape_is_refused(client, graph, training, change):
    body = {"graph": graph, "training": training} | change
    assert (await client.post("/api/v1/runs", json=body)).status_code == 422


async def test_an_unknown_model_is_not_found(client, training):
    answer = await client.post("/api/v1/runs", json={"model": "m_none", "training": training})
    assert (answer.status_code, answer.json()["code"]) == (404, "model_not_found")


async def test_the_same_key_gives_the_same_run_and_another_body_is_refused(submit):
    key = {"Idempotency-Key": "one"}
    first = await submit(headers=key, steps=1)
    again = await submit(headers=key, steps=1)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    other = await submit(headers=key, steps=2)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_the_same_key_many_times_at_once_is_one_run(client, submit):
    key = {"Idempotency-Key": "one"}
    answers = await asyncio.gather(*(submit(headers=key, steps=1) for _ in range(5)))
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len((await client.get("/api/v1/runs")).json()["items"]) == 1


async def test_the_list_is_newest_first_and_comes_in_parts(client, submit):
    ids = [(await submit(steps=1)).json()["id"] for _ in range(3)]
    first = (await client.get("/api/v1/runs", params={"limit": 2})).json()
    rest = (await client.get("/api/v1/runs", params={"after": first["next"]})).json()
    assert [run["id"] for run in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next"] is None
    assert "graph" not in first["items"][0]


async def test_the_list_can_be_limited_to_states(client, finished):
    async def listed(states):
        answer = await client.get("/api/v1/runs", params={"states": states})
        return [run["id"] for run in answer.json()["items"]]

    assert await listed("SUCCEEDED,FAILED") == [finished["id"]]
    assert await listed("QUEUED") == []
    refused = await client.get("/api/v1/runs", params={"states": "DONE"})
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_name")


@pytest.mark.parametrize("after", ["x", "WzFd", "WyJhIiwiYiJd"])
async def test_a_cursor_that_we_did_not_make_is_refused(client, after):
    assert (await client.get("/api/v1/runs", params={"after": after})).status_code == 400


async def test_people_may_name_and_describe_a_run(client, finished):
    url = f"/api/v1/runs/{finished['id']}"
    patch = {"name": "<b>mine</b>", "tags": ["a", "b"]}
    run = (await client.patch(url, json=patch)).json()
    assert (run["name"], run["tags"], run["note"]) == ("<b>mine</b>", ["a", "b"], "")
    await client.patch(url, json={"note": "why"})
    run = (await client.get(url)).json()
    assert (run["name"], run["note"], run["state"]) == ("<b>mine</b>", "why", "SUCCEEDED")
    assert (await client.patch(url, json={"state": "QUEUED"})).status_code == 422


@pytest.mark.parametrize(
    ("patch", "place", "words"),
    [
        ({"name": "  "}, ["name"], "must not be blank"),
        ({"tags": ["a", ""]}, ["tags", 1], "must not be blank"),
        ({"tags": ["a", "a"]}, ["tags"], "must not name the same tag twice"),
        ({"tags": 5}, ["tags"], "should be a list"),
    ],
)
async def test_labels_that_say_nothing_are_refused_by_field(client, finished, patch, place, words):
    answer = await client.patch(f"/api/v1/runs/{finished['id']}", json=patch)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["location"], error["message"]) == (["body", *place], words)


async def test_stop_is_accepted_whatever_the_state(client, submit, ended, finished):
    stopped = await client.post(f"/api/v1/runs/{finished['id']}/stop")
    assert (stopped.status_code, stopped.json()["state"]) == (202, "SUCCEEDED")
    live = (await submit(steps=10, hold_at=5)).json()["id"]
    assert (await client.post(f"/api/v1/runs/{live}/stop")).status_code == 202
    assert (await ended(live))["state"] == "STOPPED"


async def test_delete_waits_for_the_end(client, app, submit, ended):
    run_id = (await submit(steps=10, hold_at=5)).json()["id"]
    url = f"/api/v1/runs/{run_id}"
    assert (await client.delete(url)).json()["code"] == "run_is_live"
    await client.post(f"{url}/stop")
    await ended(run_id)
    assert (await client.delete(url)).status_code == 204
    assert (await client.get(url)).status_code == 404


async def test_the_log_comes_in_parts_and_by_kind(client, finished):
    url = f"/api/v1/runs/{finished['id']}/events"
    first = (await client.get(url, params={"limit": 10})).json()
    assert [event["seq"] for event in first["items"]] == list(range(1, 11))
    rest = (await client.get(url, params={"after": first["next"]})).json()
    assert rest["items"][0]["seq"] == 11
    assert rest["next"] is None
    some = (await client.get(url, params={"kinds": "log,state"})).json()["items"]
    assert {event["kind"] for event in some} == {"log", "state"}
    assert (await client.get(url, params={"kinds": "log\x00"})).status_code == 400
    (line,) = [event for event in some if event["kind"] == "log"]
    assert (line["step"], line["body"]["text"]) == (10, "line at 10")


async def test_curves_with_a_tag_that_changes_only_with_them(client, finished):
    url = f"/api/v1/runs/{finished['id']}/series"
    answer = await client.get(url, params={"keys": "batch/loss", "max_points": 10})
    found = answer.json()
    assert (found["log"], found["at"]) == (finished["log"], finished["head"])
    (curve,) = found["series"]
    assert (curve["bucket"], sum(curve["n"]), curve["max"][0]) == (4, 30, 1.0)
    tag = answer.headers["etag"]
    again = await client.get(url, headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
    part = await client.get(url, params={"keys": "batch/loss", "from": 5, "to": 7})
    assert part.json()["series"][0]["x"] == [5, 6, 7]
    assert (await client.get(url, params={"x": "age"})).status_code == 422


async def test_files_are_downloads_and_never_pages(client, app, finished, submit):
    content = b"<script>alert(1)</script>"
    put_file(app, finished, content=content)
    url = f"/api/v1/runs/{finished['id']}/artifacts"
    assert (await client.get(url)).json()["items"] == []
    assert (await client.get(f"{url}/model.keras")).status_code == 404  # not told of: not there
    digest = hashlib.sha256(content).hexdigest()
    await tell_of_file(app, finished, "model.keras", content)
    (listed,) = (await client.get(url)).json()["items"]
    assert (listed["name"], listed["bytes"], listed["sha256"]) == ("model.keras", 25, digest)
    answer = await client.get(f"{url}/model.keras")
    assert answer.content == content
    # The graph's name, here {"steps": 30, "log_at": 10}, without what a file system refuses.
    named = "%7B-steps-30%2C-log_at-10%7D.keras"
    assert answer.headers["content-disposition"] == f"attachment; filename*=utf-8''{named}"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"] == "application/octet-stream"


async def tell_of_file(app, run, name, content):
    from lamina_studio.database import utc_now
    from lamina_studio.runs.tables import ArtifactRow

    async with app.state.database.transaction() as session:
        session.add(
            ArtifactRow(
                run_id=run["id"],
                name=name,
                kind="model",
                bytes=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
                created_at=utc_now(),
            )
        )


@pytest.mark.parametrize("name", ["../spec.json", "..%2Fspec.json", "%2e%2e/spec.json", "x"])
async def test_no_name_leads_out_of_the_folder(client, app, finished, name):
    answer = await client.get(f"/api/v1/runs/{finished['id']}/artifacts/{name}")
    assert answer.status_code in {400, 404, 422}
    assert b"lamina.graph" not in answer.content
    # Not even a name that got into the database somehow.
    await tell_of_file(app, finished, "../spec.json", b"")
    answer = await client.get(f"/api/v1/runs/{finished['id']}/artifacts/..%2Fspec.json")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {}),
        ("DELETE", "", None),
        ("POST", "/stop", None),
        ("GET", "/series", None),
        ("GET", "/events", None),
        ("GET", "/artifacts", None),
        ("GET", "/artifacts/model.keras", None),
        ("POST", "/predict", {"inputs": []}),
        ("POST", "/evaluate", {}),
    ],
)
async def test_a_run_that_does_not_exist_is_not_found(client, method, path, body):
    answer = await client.request(method, f"/api/v1/runs/r_none{path}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "run_not_found")


async def test_a_run_without_a_model_cannot_be_asked(client, finished):
    url = f"/api/v1/runs/{finished['id']}"
    for path, body in (("predict", {"inputs": [[1]]}), ("evaluate", {"split": "test"})):
        answer = await client.post(f"{url}/{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "run_has_no_model")
