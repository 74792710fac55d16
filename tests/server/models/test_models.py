"""Saved models over HTTP, on SQLite and on PostgreSQL."""

import asyncio
import copy

import pytest
from sqlalchemy import func, select

from lamina_studio.models.tables import ModelVersionRow


@pytest.fixture
def client(client_on_each_database):
    return client_on_each_database


@pytest.fixture
def document(graph, training):
    return {"graph": graph, "training": training}


@pytest.fixture
async def saved(client, document):
    response = await client.post("/api/v1/models", json=document)
    assert response.status_code == 201, response.text
    return response.json()


def wider(document: dict, units: int = 10) -> dict:
    changed = copy.deepcopy(document)
    changed["graph"]["nodes"][-1]["config"]["units"] = units
    return changed


async def test_a_saved_model_comes_back_as_it_was(client, document):
    created = await client.post("/api/v1/models", json=document)
    model = created.json()
    assert created.headers["etag"] == '"1"'
    assert created.headers["location"] == f"/api/v1/models/{model['id']}"
    assert model["version"] == 1
    assert model["name"] == "small"
    assert model["graph"]["nodes"] == document["graph"]["nodes"]
    assert model["graph"]["layout"] == document["graph"]["layout"]
    assert model["training"]["dataset"]["id"] == "digits"
    assert len(model["fingerprint"]) == 64

    loaded = await client.get(f"/api/v1/models/{model['id']}")
    assert loaded.json() == model
    assert loaded.headers["etag"] == '"1"'


async def test_times_are_utc_in_iso_8601(saved):
    assert saved["created_at"].endswith("Z")
    assert "T" in saved["created_at"]


async def test_a_change_is_a_new_version_and_the_old_one_stays(client, saved, document):
    address = f"/api/v1/models/{saved['id']}"
    changed = await client.put(address, json=wider(document, 12), headers={"if-match": '"1"'})
    assert changed.status_code == 200
    assert changed.headers["etag"] == '"2"'
    assert changed.json()["version"] == 2

    assert (await client.get(address)).json()["version"] == 2
    old = (await client.get(address, params={"version": 1})).json()
    assert old["graph"] == saved["graph"]
    assert old["version"] == 1
    versions = (await client.get(f"{address}/versions")).json()
    assert [item["version"] for item in versions["items"]] == [2, 1]
    assert versions["next"] is None


async def test_saving_what_is_there_already_makes_no_version(client, saved, document):
    address = f"/api/v1/models/{saved['id']}"
    again = await client.put(address, json=document, headers={"if-match": '"1"'})
    assert again.json() == saved
    moved = copy.deepcopy(document)
    moved["graph"]["layout"]["image"] = {"x": 5, "y": 5}
    assert (await client.put(address, json=moved, headers={"if-match": '"1"'})).json()[
        "version"
    ] == 2


async def test_a_new_name_alone_is_a_new_version(client, saved, document):
    address = f"/api/v1/models/{saved['id']}"
    renamed = await client.put(
        address, json={**document, "name": "Other"}, headers={"if-match": '"1"'}
    )
    assert (renamed.json()["name"], renamed.json()["version"]) == ("Other", 2)
    kept = await client.put(address, json=wider(document, 11), headers={"if-match": '"2"'})
    assert kept.json()["name"] == "Other"


async def test_replacing_needs_to_say_which_version(client, saved, document):
    response = await client.put(f"/api/v1/models/{saved['id']}", json=wider(document, 12))
    assert response.status_code == 428
    assert response.json()["code"] == "version_required"


@pytest.mark.parametrize(
    "seen", ['"2"', '"0"', '"abc"', 'W/"1"', "", '""', '"1", "2"', '"99999999999"']
)
async def test_replacing_an_unseen_version_is_refused(client, saved, document, seen):
    address = f"/api/v1/models/{saved['id']}"
    response = await client.put(address, json=wider(document, 12), headers={"if-match": seen})
    assert response.status_code == 412
    assert response.json()["version"] == 1
    assert (await client.get(address)).json() == saved


async def test_a_star_replaces_whatever_is_there(client, saved, document):
    response = await client.put(
        f"/api/v1/models/{saved['id']}", json=wider(document, 12), headers={"if-match": "*"}
    )
    assert response.json()["version"] == 2


async def test_of_many_who_save_at_once_one_wins_and_the_others_are_told(client, saved, document):
    address = f"/api/v1/models/{saved['id']}"
    answers = await asyncio.gather(
        *(
            client.put(address, json=wider(document, 20 + n), headers={"if-match": '"1"'})
            for n in range(8)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200] + 7 * [412]
    versions = (await client.get(f"{address}/versions")).json()["items"]
    assert [item["version"] for item in versions] == [2, 1]


async def test_a_document_with_problems_may_be_saved(client, document):
    document["graph"]["nodes"][-1]["config"] = {"units": -3}
    response = await client.post("/api/v1/models", json=document)
    assert response.status_code == 201
    assert response.json()["fingerprint"] is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda document: document["graph"].pop("nodes"),
        lambda document: document["graph"].update(version=99),
        lambda document: document["graph"].update(format="other"),
        lambda document: document["graph"]["nodes"].append("half"),
        lambda document: document["training"].update(version=99),
        lambda document: document["training"].update(format="other"),
    ],
)
async def test_half_a_document_is_refused_whole(client, document, spoil):
    spoil(document)
    response = await client.post("/api/v1/models", json=document)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "invalid_document"
    assert response.json()["problems"]
    assert (await client.get("/api/v1/models")).json()["items"] == []


async def test_problems_of_a_refused_document_are_in_the_readers_language(client, document):
    document["graph"]["version"] = 99
    answers = [
        await client.post("/api/v1/models", json=document, headers={"accept-language": language})
        for language in ("en", "zh-CN")
    ]
    english, chinese = (answer.json()["problems"][0]["message"] for answer in answers)
    assert english.isascii()
    assert not chinese.isascii()


async def test_a_refused_change_leaves_the_model_as_it_was(client, saved, document):
    address = f"/api/v1/models/{saved['id']}"
    document["graph"]["version"] = 99
    response = await client.put(address, json=document, headers={"if-match": '"1"'})
    assert response.status_code == 422
    assert (await client.get(address)).json() == saved


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "../../etc/passwd",
        "名字 🧠",
        "a" * 200,
        "C:\\x",
        "'; DROP TABLE models;--",
    ],
)
async def test_a_name_is_only_a_label(client, document, name):
    response = await client.post("/api/v1/models", json={**document, "name": name})
    assert response.json()["name"] == name
    listed = (await client.get("/api/v1/models")).json()["items"][0]
    assert listed["name"] == name


async def test_a_model_without_a_name_has_one_all_the_same(client, document):
    document["graph"]["name"] = "  "
    response = await client.post("/api/v1/models", json={**document, "name": " "})
    assert response.json()["name"] == "Untitled"


@pytest.mark.parametrize("name", ["a" * 201, "nul\x00", 7, ["x"]])
async def test_what_is_no_label_is_refused(client, document, name):
    response = await client.post("/api/v1/models", json={**document, "name": name})
    assert response.status_code == 422


async def test_half_a_surrogate_pair_is_refused_wherever_it_stands(client, document):
    for body in (
        b'{"name": "\\ud800", "graph": {}, "training": {}}',
        b'{"graph": {"name": "\\ud800"}, "training": {}}',
        b'{"graph": {"\\udfff": 1}, "training": {}}',
    ):
        response = await client.post(
            "/api/v1/models", content=body, headers={"content-type": "application/json"}
        )
        assert response.status_code == 422


async def test_the_list_leaves_out_the_documents_and_counts_the_nodes(client, saved):
    (item,) = (await client.get("/api/v1/models")).json()["items"]
    assert item["nodes"] == 3
    assert "graph" not in item
    assert "training" not in item
    assert item["fingerprint"] == saved["fingerprint"]


async def test_the_list_is_read_in_parts_the_last_changed_first(client, document):
    ids = [
        (await client.post("/api/v1/models", json={**document, "name": str(n)})).json()["id"]
        for n in range(5)
    ]
    await client.put(
        f"/api/v1/models/{ids[1]}", json=wider(document, 12), headers={"if-match": "*"}
    )
    seen, after = [], None
    while True:
        params = {"limit": 2} | ({"after": after} if after else {})
        part = (await client.get("/api/v1/models", params=params)).json()
        seen += [item["id"] for item in part["items"]]
        if (after := part["next"]) is None:
            break
    assert seen == [ids[1], ids[4], ids[3], ids[2], ids[0]]


async def test_versions_are_read_in_parts(client, saved, document):
    address = f"/api/v1/models/{saved['id']}"
    for units in (11, 12):
        await client.put(address, json=wider(document, units), headers={"if-match": "*"})
    first = (await client.get(f"{address}/versions?limit=2")).json()
    rest = (await client.get(f"{address}/versions", params={"after": first["next"]})).json()
    assert [item["version"] for item in first["items"] + rest["items"]] == [3, 2, 1]
    assert rest["next"] is None


@pytest.mark.parametrize("after", ["x", "....", "e30", "WzFd", "WyJub3QgYSB0aW1lIiwieCJd", "é"])
async def test_a_cursor_that_no_list_gave_is_refused(client, saved, after):
    for address in ("/api/v1/models", f"/api/v1/models/{saved['id']}/versions"):
        response = await client.get(address, params={"after": after})
        if address.endswith("versions") and after == "WzFd":  # a version number, as it happens
            assert response.json()["items"] == []
            continue
        assert response.status_code == 400
        assert response.json()["code"] == "bad_cursor"


async def test_deleting_removes_every_version(client, saved):
    address = f"/api/v1/models/{saved['id']}"
    assert (await client.delete(address)).status_code == 204
    assert (await client.get(address)).status_code == 404
    assert (await client.get(f"{address}/versions")).status_code == 404
    assert (await client.delete(address)).status_code == 404
    async with client._transport.app.state.database.transaction(write=False) as session:
        assert await session.scalar(select(func.count()).select_from(ModelVersionRow)) == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_model_that_is_not_there_is_a_problem(client, document, method):
    body = {"json": document, "headers": {"if-match": "*"}} if method == "PUT" else {}
    response = await client.request(method, "/api/v1/models/m_none", **body)
    assert response.status_code == 404
    assert response.json()["code"] == "model_not_found"


async def test_a_version_that_never_was_is_a_problem(client, saved):
    for version in (2, 2**31 - 1):
        response = await client.get(f"/api/v1/models/{saved['id']}", params={"version": version})
        assert response.status_code == 404
    for nonsense in (0, -1, 2**31, "x"):
        response = await client.get(f"/api/v1/models/{saved['id']}", params={"version": nonsense})
        assert response.status_code == 422
