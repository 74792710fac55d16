"""The Studio in a narrow window: palette and properties are drawers, and nothing is cut off."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from scripts.started_studio import StartedStudio
from tests.e2e.editor import Editor


@pytest.fixture
def narrow(sign_in: Callable[..., BrowserContext], studio: StartedStudio) -> Page:
    page = sign_in(viewport={"width": 800, "height": 600}).new_page()
    page.goto(studio.link())
    return page


def test_drawers_open_and_close_by_button_and_by_key(narrow: Page) -> None:
    editor = Editor(narrow).open("/m/new")
    expect(editor.palette).to_be_hidden()
    expect(editor.properties).to_be_hidden()
    narrow.get_by_role("button", name="Layers", exact=True).click()
    expect(editor.palette).to_be_visible()
    narrow.get_by_role("button", name="Properties", exact=True).click()
    expect(editor.palette).to_be_hidden()
    expect(editor.properties).to_be_visible()
    editor.press("]")
    expect(editor.properties).to_be_hidden()
    editor.press("[")
    expect(editor.palette).to_be_visible()
    editor.press("/")
    expect(narrow.get_by_role("searchbox", name="Search layers")).to_be_focused()


def test_nothing_is_wider_than_the_window(narrow: Page) -> None:
    for path in ("/m/new", "/", "/runs", "/data", "/settings"):
        narrow.goto(path)
        narrow.wait_for_load_state("networkidle")
        assert narrow.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    narrow.goto("/m/new")
    train = narrow.get_by_role("button", name="Train", exact=True)
    box = train.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 800
