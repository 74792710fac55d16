"""Datasets over HTTP. Downloads run against a source that the test plays itself."""

import asyncio
import base64
import struct
import sys
import zlib

import numpy as np
import pytest

from lamina_studio.datasets.pictures import encode_png
from lamina_studio.datasets.service import DatasetService


async def test_every_dataset_tells_what_training_needs_to_know(client):
    body = (await client.get("/api/v1/datasets")).json()
    datasets = {dataset["id"]: dataset for dataset in body["items"]}
    assert {"mnist", "digits", "iris"} <= set(datasets)
    assert datasets["mnist"]["input_shape"] == [28, 28, 1]
    assert (datasets["mnist"]["n_train"], datasets["mnist"]["n_test"]) == (60_000, 10_000)
    assert datasets["mnist"]["classes"] == list("0123456789")
    assert datasets["mnist"]["state"] == "absent"
    assert datasets["digits"]["state"] == datasets["iris"]["state"] == "ready"
    assert datasets["iris"]["kind"] == "table"
    assert body["next"] is None


async def test_one_dataset_is_what_the_list_says_of_it(client):
    listed = (await client.get("/api/v1/datasets")).json()["items"]
    for dataset in listed:
        assert (await client.get(f"/api/v1/datasets/{dataset['id']}")).json() == dataset


@pytest.mark.parametrize(
    "method", ["GET /x", "GET /x/preview", "POST /x/download", "DELETE /x/download"]
)
async def test_a_dataset_that_is_not_there_is_a_problem(client, method):
    verb, path = method.split()
    response = await client.request(verb, f"/api/v1/datasets{path}")
    assert response.status_code == 404
    assert response.json()["code"] == "dataset_not_found"


async def test_a_preview_of_pictures_shows_them_with_their_labels(client):
    response = await client.get("/api/v1/datasets/digits/preview?limit=3&offset=1")
    body = response.json()
    assert len(body["items"]) == 3
    for sample in body["items"]:
        assert sample["image"].startswith("data:image/png;base64,")
        assert sample["label"] == str(sample["target"])
        assert sample["values"] is None
    assert body["columns"] is None


async def test_a_preview_of_a_table_shows_rows_under_names(client):
    body = (await client.get("/api/v1/datasets/iris/preview?split=test&limit=2")).json()
    assert len(body["columns"]) == 4
    assert body["columns"][0] == {"en": "sepal length (cm)", "zh-CN": "萼片长度（cm）"}
    for sample in body["items"]:
        assert len(sample["values"]) == 4
        assert all(value == round(value, 1) for value in sample["values"])
        assert sample["label"] in {"setosa", "versicolor", "virginica"}
        assert sample["image"] is None


async def test_a_preview_behind_the_end_is_empty(client):
    body = (await client.get("/api/v1/datasets/iris/preview?offset=100000")).json()
    assert body["items"] == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "offset=-1", "split=all", "offset=99999999999"]
)
async def test_a_preview_out_of_bounds_is_refused(client, query):
    assert (await client.get(f"/api/v1/datasets/iris/preview?{query}")).status_code == 422


async def test_data_that_is_not_here_has_no_preview(client):
    response = await client.get("/api/v1/datasets/mnist/preview")
    assert response.status_code == 409
    assert response.json()["code"] == "dataset_absent"


async def test_data_that_is_here_is_not_downloaded_again(client):
    response = await client.post("/api/v1/datasets/iris/download")
    assert response.status_code == 202
    assert response.json()["state"] == "ready"


async def test_cancelling_what_does_not_run_is_no_error(client):
    response = await client.delete("/api/v1/datasets/mnist/download")
    assert response.status_code == 202
    assert response.json()["state"] == "absent"


@pytest.fixture
def play(app, client):
    """Replace the worker by Python source; returns a function that waits for a state of mnist."""

    def start(script):
        worker = (sys.executable, "-c", script)
        app.state.datasets = DatasetService(app.state.settings, worker)
        return wait_for

    async def wait_for(state, received=0):
        async with asyncio.timeout(20):
            while True:
                dataset = (await client.get("/api/v1/datasets/mnist")).json()
                if dataset["state"] == state and dataset["received"] >= received:
                    return dataset
                await asyncio.sleep(0.01)

    return start


HALF_WAY = 'import time; print(\'{"received": 5, "total": 10}\', flush=True); time.sleep(60)'


async def test_a_download_tells_its_bytes_and_can_be_cancelled(client, play):
    wait_for = play(HALF_WAY)
    started = (await client.post("/api/v1/datasets/mnist/download")).json()
    assert started["state"] == "downloading"
    running = await wait_for("downloading", received=1)
    assert (running["received"], running["total"]) == (5, 10)

    cancelled = (await client.delete("/api/v1/datasets/mnist/download")).json()
    assert cancelled["state"] == "absent"
    assert cancelled["message"] is None


async def test_starting_twice_is_one_download(app, client, play):
    play(HALF_WAY)
    await client.post("/api/v1/datasets/mnist/download")
    first = app.state.datasets._downloads["mnist"]
    await client.post("/api/v1/datasets/mnist/download")
    assert app.state.datasets._downloads["mnist"] is first


async def test_a_failed_download_says_why_and_can_be_tried_again(client, play):
    wait_for = play('print(\'{"error": {"en": "no network", "zh-CN": "无网络"}}\'); exit(1)')
    await client.post("/api/v1/datasets/mnist/download")
    failed = await wait_for("failed")
    assert failed["message"] == {"en": "no network", "zh-CN": "无网络"}

    play(HALF_WAY)
    assert (await client.post("/api/v1/datasets/mnist/download")).json()["state"] == "downloading"


@pytest.mark.parametrize(
    "script", ["exit(3)", "import os; os.kill(os.getpid(), 9)", "print('rubbish')"]
)
async def test_a_worker_that_dies_is_a_failed_download(client, play, script):
    wait_for = play(script)
    await client.post("/api/v1/datasets/mnist/download")
    assert (await wait_for("failed"))["message"]["en"]


async def test_a_worker_that_does_not_listen_is_killed(app, client, play, monkeypatch):
    monkeypatch.setattr("lamina_studio.datasets.service.CANCEL_GRACE_S", 0.2)
    wait_for = play("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + HALF_WAY)
    await client.post("/api/v1/datasets/mnist/download")
    await wait_for("downloading", received=1)
    download = app.state.datasets._downloads["mnist"]
    cancelled = await client.delete("/api/v1/datasets/mnist/download")
    assert cancelled.json()["state"] == "absent"
    assert download.process.returncode == -9


async def test_the_real_worker_can_be_cancelled_at_once(client):
    await client.post("/api/v1/datasets/mnist/download")
    await client.delete("/api/v1/datasets/mnist/download")
    assert (await client.get("/api/v1/datasets/mnist")).json()["state"] == "absent"


@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_holds_the_pixels(channels):
    pixels = np.arange(2 * 5 * channels, dtype=np.uint8).reshape(2, 5, channels)
    png = encode_png(pixels)
    chunks, at = {}, 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0] == zlib.crc32(
            kind + data
        )
        chunks[kind], at = data, at + 12 + length
    assert struct.unpack(">II", chunks[b"IHDR"][:8]) == (5, 2)
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(2, 1 + 5 * channels)
    assert (rows[:, 0] == 0).all()
    assert (rows[:, 1:].reshape(pixels.shape) == pixels).all()


async def test_the_page_can_show_a_preview_under_its_policy(client):
    response = await client.get("/api/v1/datasets/digits/preview?limit=1")
    image = response.json()["items"][0]["image"]
    assert base64.b64decode(image.partition(",")[2]).startswith(b"\x89PNG")
    assert "img-src 'self' data:" in response.headers["content-security-policy"]
