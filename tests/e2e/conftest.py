"""A real Chromium against a really started studio."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]


def load_script(name: str) -> ModuleType:
    known = sys.modules.get(f"_e2e_{name}")
    if known is not None:
        return known
    spec = importlib.util.spec_from_file_location(f"_e2e_{name}", ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


started_studio = load_script("started_studio")
chromium = load_script("chromium")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator["started_studio.StartedStudio"]:
    """One studio with an empty home for the tests of a module."""
    with started_studio.StartedStudio(tmp_path_factory.mktemp("studio") / "home") as studio:
        yield studio


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = chromium.find()
    assert found is not None, chromium.ADVICE
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(found), args=list(chromium.FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def sign_in(
    browser: Browser, studio: "started_studio.StartedStudio"
) -> Iterator[Callable[..., BrowserContext]]:
    """Make a browser context that has gone through the one-time code, as a first visit does.

    Whatever the page logs as an error, throws, or reports as a breach of its policy fails the test.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def make(**options: object) -> BrowserContext:
        settings = {"locale": "en-GB", "viewport": {"width": 1440, "height": 900}, **options}
        context = browser.new_context(base_url=studio.address, **settings)
        context.set_default_timeout(15_000)
        context.on("weberror", lambda error: complaints.append(f"uncaught: {error.error}"))
        context.on(
            "console",
            lambda message: (
                complaints.append(f"console: {message.text}") if message.type == "error" else None
            ),
        )
        context.on(
            "dialog",
            lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()),
        )
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(sign_in: Callable[..., BrowserContext], studio: "started_studio.StartedStudio") -> Page:
    """The page as a person sees it who has just started the studio."""
    page = sign_in().new_page()
    page.goto(studio.link())
    return page
