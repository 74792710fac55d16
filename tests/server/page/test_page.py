import re
from pathlib import Path

import pytest

from lamina_studio.page.static import StudioPage

WEB_SOURCE = Path(__file__).resolve().parents[3] / "frontend" / "src"


@pytest.fixture
def web(tmp_path):
    folder = tmp_path / "web"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>the page</title>")
    (folder / "assets" / "app-1a2b.js").write_text("export {}")
    (folder / "favicon.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / ".hidden").write_text("hidden")
    return folder


@pytest.fixture
def page(app, web):
    app.router.default = StudioPage(web)


@pytest.mark.parametrize("path", ["/", "/runs", "/m/new", "/runs/r_1", "/settings", "/m/a/b/c"])
async def test_every_place_in_the_studio_is_the_page(client, page, path):
    response = await client.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["cache-control"] == "no-cache"
    assert "the page" in response.text


async def test_files_with_a_hash_are_kept_for_long_and_others_are_not(client, page):
    script = await client.get("/assets/app-1a2b.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "immutable" in script.headers["cache-control"]
    assert (await client.get("/favicon.svg")).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "//etc/passwd",
        "/assets/%00.js",
        "/secret.txt",
        "/assets/missing.js",
        "/assets/app-1a2b.js/",
    ],
)
async def test_nothing_outside_the_folder_is_served(client, page, path):
    response = await client.get(path)
    assert "secret" not in response.text.replace("/secret.txt", "")
    assert response.status_code == 404 or "the page" in response.text


async def test_other_methods_are_refused(client, page):
    response = await client.post("/runs")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["/api", "/api/v1", "/api/v2/models", "/auth/x", "/metrics/x"])
async def test_what_belongs_to_the_server_is_never_the_page(client, page, path):
    response = await client.get(path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_new_build_is_served_without_a_restart(client, page, web):
    assert (await client.get("/assets/new.js")).status_code == 404
    (web / "assets" / "new.js").write_text("1")
    (web / "index.html").write_text("<!doctype html><title>newer</title>")
    assert "newer" in (await client.get("/")).text
    assert (await client.get("/assets/new.js")).status_code == 200


async def test_pages_that_are_not_built_are_explained_in_both_languages(app, client, tmp_path):
    app.router.default = StudioPage(tmp_path / "nowhere")
    response = await client.get("/", headers={"accept-language": "zh"})
    assert response.status_code == 503
    assert response.text.index("工作室页面尚未构建") < response.text.index("are not built")
    assert "make studio" in response.text
    assert "<script" not in response.text


def test_the_page_shows_the_defaults_that_the_engine_trains_with():
    from lamina.training.document import TrainingDocument

    source = (WEB_SOURCE / "generated.ts").read_text(encoding="utf-8")
    declared = re.search(r"TRAINING_DEFAULTS = \{(.*?)\}", source)
    assert declared is not None
    shown = dict(re.findall(r"(\w+): (\d+)", declared[1]))
    fields = TrainingDocument.model_fields
    assert set(shown) == {"batch_size", "epochs", "seed"}
    assert shown == {name: str(fields[name].default) for name in shown}
