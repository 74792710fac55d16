"""Whatever people call their things is text on every page, never markup or script."""

import pytest
from playwright.sync_api import Page, expect

from scripts.started_studio import StartedStudio
from tests.e2e.pages import settled

PAYLOADS = (
    "<img src=x onerror=alert(1)>",
    "\"><script>alert('2')</script>",
    "<svg/onload=alert(3)>",
    "{{constructor.constructor('alert(4)')()}}",
    "javascript:alert(5)",
)


@pytest.fixture(scope="module")
def named(studio: StartedStudio) -> list[dict[str, str]]:
    """For each payload a model and a run of it, with the payload wherever text is accepted."""
    template = next(
        item for item in studio.get("/templates")["items"] if item["id"] == "iris-classifier"
    )
    made = []
    for payload in PAYLOADS:
        graph = {**template["graph"], "name": payload}
        training = {**template["training"], "epochs": 1}
        model = studio.post("/models", {"name": payload, "graph": graph, "training": training})
        run = studio.post("/runs", {"name": payload, "model": model["id"], "training": training})
        studio.request("PATCH", f"/runs/{run['id']}", {"note": payload, "tags": [payload]})
        studio.wait_for_run(run["id"], "SUCCEEDED")
        made.append({"payload": payload, "model": model["id"], "run": run["id"]})
    return made


def test_names_are_shown_as_they_are_and_run_nothing(page: Page, named: list[dict[str, str]]):
    """The page's own watch fails this test on a dialog, an error or a breach of the policy."""
    for path in ("/", "/runs"):
        page.goto(path)
        settled(page)
        for thing in named:
            expect(page.get_by_text(thing["payload"], exact=True).first).to_be_visible()
    for thing in named:
        page.goto(f"/runs/{thing['run']}")
        settled(page)
        expect(page.get_by_text(thing["payload"], exact=True).first).to_be_visible()
        page.goto(f"/m/{thing['model']}")
        settled(page)
        expect(page.locator(".react-flow__node").first).to_be_visible()
    assert page.locator("img[src=x], script:not([src])").count() == 0


def test_the_policy_stops_a_script_that_would_have_come_through(page: Page):
    """A second wall: even markup that was put into the page by hand runs no script."""
    page.goto("/runs")
    policy = page.request.get("/runs").headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
