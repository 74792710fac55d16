"""The first minute: a working classifier, one filled button, nothing to dismiss."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from scripts.started_studio import StartedStudio
from tests.e2e.editor import Editor
from tests.e2e.pages import prefer, settled

CLASSIFIER = ["image", "conv", "pool", "flatten", "hidden", "digit"]


def test_opens_on_the_digit_classifier_ready_to_train(page: Page):
    page.wait_for_url("**/m/new*")
    settled(page)
    editor = Editor(page)
    expect(editor.nodes()).to_have_count(len(CLASSIFIER))
    assert [node.get_attribute("data-id") for node in editor.nodes().all()] == CLASSIFIER
    for shape in ("28 × 28 × 1", "26 × 26 × 32", "13 × 13 × 32", "5408", "128"):
        expect(editor.edges().filter(has_text=shape).first).to_be_visible()
    expect(editor.node("digit")).to_contain_text("1,290")
    editor.expect_no_problems()
    expect(editor.train_button).to_be_enabled()
    expect(page.get_by_role("dialog")).to_have_count(0)
    editor.tab("Training")
    expect(editor.field("Dataset").locator("option:checked")).to_have_text("MNIST digits")
    assert [editor.field(name).input_value() for name in ("Batch size", "Epochs")] == ["32", "10"]


@pytest.mark.parametrize(("language", "train"), [("en-US", "Train"), ("zh-CN", "训练")])
def test_speaks_the_browsers_language(
    sign_in: Callable[..., BrowserContext], studio: StartedStudio, language: str, train: str
):
    page = sign_in(locale=language).new_page()
    page.goto(studio.link())
    expect(page.get_by_role("button", name=train, exact=True)).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_follows_the_systems_theme(
    sign_in: Callable[..., BrowserContext], studio: StartedStudio, theme: str
):
    page = sign_in(color_scheme=theme).new_page()
    page.goto(studio.link())
    settled(page)
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", theme)


def test_a_choice_of_language_stays(sign_in: Callable[..., BrowserContext], studio: StartedStudio):
    context = sign_in()
    prefer(context, language="zh-CN")
    page = context.new_page()
    page.goto(studio.link())
    settled(page)
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")


def test_an_address_opens_once_and_a_stranger_sees_nothing(browser: Browser, studio: StartedStudio):
    address = studio.link()
    first = browser.new_context(base_url=studio.address)
    page = first.new_page()
    page.goto(address)
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_visible()
    assert "code=" not in page.url
    first.close()

    stranger = browser.new_context(base_url=studio.address)
    page = stranger.new_page()
    assert page.goto(address).status >= 400
    assert page.goto("/").status == 401
    assert page.request.get("/api/v1/models").status == 401
    stranger.close()
