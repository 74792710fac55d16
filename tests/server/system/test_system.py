import asyncio
from types import SimpleNamespace

import pytest

from lamina_studio.system import routes


async def test_the_process_is_alive_without_credentials(stranger):
    response = await stranger.get("/healthz")
    assert response.status_code == 200
    assert response.json()["status"] == "ok"
    assert (await stranger.head("/healthz")).content == b""


async def test_it_is_ready_when_the_engine_is_loaded_and_the_database_answers(app, stranger):
    await asyncio.wait_for(app.state.warm.wait(), 60)
    assert (await stranger.get("/readyz")).status_code == 200


async def test_it_is_not_ready_before_the_engine_is(app, stranger):
    app.state.warm.clear()
    response = await stranger.get("/readyz")
    assert response.status_code == 503
    assert response.json()["code"] == "not_ready"


async def test_it_is_not_ready_without_its_database(app, stranger, monkeypatch):
    app.state.warm.set()

    async def unreachable():
        return False

    monkeypatch.setattr(app.state.database, "is_reachable", unreachable)
    assert (await stranger.get("/readyz")).status_code == 503


async def test_metrics_count_requests_by_operation_and_need_the_token(client, stranger):
    await client.get("/api/v1/models/m_1")
    await client.get("/api/v1/models/m_2")
    await client.request("INVENTED", "/api/v1/whatever-" + "x" * 50)
    assert (await stranger.get("/metrics")).status_code == 401
    text = (await client.get("/metrics")).text
    line = 'lamina_http_requests_total{method="GET",operation="get_model",status="404"} 2.0'
    assert line in text
    assert "m_1" not in text
    assert "INVENTED" not in text
    assert "whatever" not in text
    assert "process_resident_memory_bytes" in text


async def test_it_is_not_ready_while_the_disk_is_full(app, stranger, monkeypatch):
    app.state.warm.set()
    free = [routes.LEAST_FREE_BYTES - 1]
    monkeypatch.setattr(routes.shutil, "disk_usage", lambda home: SimpleNamespace(free=free[0]))
    response = await stranger.get("/readyz", headers={"accept-language": "zh-CN"})
    assert (response.status_code, response.json()["code"]) == (503, "disk_full")
    assert "磁盘已满" in response.json()["detail"]
    assert str(app.state.settings.home) not in response.text  # strangers may ask
    free[0] += 1
    assert (await stranger.get("/readyz")).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/api/v1/catalog", "/api/v1/models", "/"])
async def test_head_is_get_without_the_body(client, path):
    got, head = await client.get(path), await client.head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers["content-type"] == got.headers["content-type"]
    assert int(head.headers["content-length"]) > 0


async def test_head_is_refused_where_get_is(client, stranger):
    assert (await client.head("/api/v1/models/m_1")).status_code == 404
    assert (await client.head("/api/v1/graphs/check")).status_code == 405
    assert (await stranger.head("/api/v1/models")).status_code == 401
