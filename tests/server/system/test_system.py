import asyncio


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
