"""A real Chromium against a really started studio."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    expect,
    sync_playwright,
)

from scripts import chromium
from scripts.started_studio import StartedStudio
from tests.e2e.pages import ANSWERS_WITHIN_MS

expect.set_options(timeout=ANSWERS_WITHIN_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedStudio]:
    """One studio with an empty home for the tests of a module."""
    with StartedStudio(tmp_path_factory.mktemp("studio") / "home") as studio:
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
def tolerated() -> list[re.Pattern[str]]:
    """What the browser may complain about in this test; empty unless the test adds to it."""
    return []


@pytest.fixture
def sign_in(
    browser: Browser, studio: StartedStudio, tolerated: list[re.Pattern[str]]
) -> Iterator[Callable[..., BrowserContext]]:
    """Make a browser context whose pages are watched.

    Whatever a page logs as an error, throws, reports as a breach of its policy, or asks in a dialog
    fails the test.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(f"console: {message.text} {message.location.get('url', '')}")

    def on_dialog(dialog: Dialog) -> None:
        complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def make(**options: object) -> BrowserContext:
        settings = {"locale": "en-GB", "viewport": {"width": 1440, "height": 900}, **options}
        context = browser.new_context(base_url=studio.address, **settings)
        context.set_default_timeout(ANSWERS_WITHIN_MS)
        context.on("weberror", lambda error: complaints.append(f"uncaught: {error.error}"))
        context.on("console", on_console)
        context.on("dialog", on_dialog)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert [said for said in complaints if not any(known.search(said) for known in tolerated)] == []


@pytest.fixture
def page(sign_in: Callable[..., BrowserContext], studio: StartedStudio) -> Page:
    """The page as a person sees it who has just started the studio."""
    page = sign_in().new_page()
    page.goto(studio.link())
    return page
