"""axe finds nothing to complain about, on any page, in either theme and either language."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from scripts.started_studio import StartedStudio
from tests.e2e.pages import LANGUAGES, THEMES, prefer, settled

AXE = Path(__file__).resolve().parents[2] / "frontend/node_modules/axe-core/axe.min.js"
PAGES = (
    "/",
    "/m/new",
    "/m/{model}",
    "/m/{broken}",
    "/runs",
    "/runs/{run}",
    "/data",
    "/settings",
    "/nowhere",
)


@pytest.fixture(scope="module")
def things(studio: StartedStudio) -> dict[str, str]:
    """A saved model, one with problems, and a run that has ended: pages with something on them."""
    templates = {item["id"]: item for item in studio.get("/templates")["items"]}
    documents = {key: templates["digits-mlp"][key] for key in ("graph", "training")}
    documents["training"] = {**documents["training"], "epochs": 2}
    model = studio.post("/models", {"name": "Axe", **documents})
    nodes = [node for node in documents["graph"]["nodes"] if node["type"] != "Flatten"]
    broken = {**documents, "graph": {**documents["graph"], "nodes": nodes}}
    broken_model = studio.post("/models", {"name": "Broken", **broken})
    run = studio.post("/runs", {"model": model["id"], "training": documents["training"]})
    studio.wait_for_run(run["id"], "SUCCEEDED")
    return {"model": model["id"], "broken": broken_model["id"], "run": run["id"]}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_violation_on_any_page(
    sign_in: Callable[..., BrowserContext],
    studio: StartedStudio,
    things: dict[str, str],
    theme: str,
    language: str,
):
    context = sign_in(locale=language, color_scheme=theme, reduced_motion="reduce")
    prefer(context, theme=theme, language=language)
    page = context.new_page()
    page.goto(studio.link())
    found = []
    for path in PAGES:
        page.goto(path.format(**things))
        settled(page)
        assert page.locator("html").get_attribute("lang") == language
        found += [f"{path}: {complaint}" for complaint in complaints(page)]
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def complaints(page: Page) -> list[str]:
    """One line for each rule that is broken, with the first elements that break it."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run(document).then((result) => result.violations)")
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}: "
        + json.dumps([node["html"][:140] for node in rule["nodes"][:2]], ensure_ascii=False)
        for rule in found
    ]
