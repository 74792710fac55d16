"""The server goes away while a run trains; the page says so, comes back, and nothing is missing."""

import re

import pytest
from playwright.sync_api import Page, expect

from scripts.started_studio import StartedStudio
from tests.e2e.editor import Editor

pytestmark = pytest.mark.slow


def test_the_page_lives_through_a_restart(
    page: Page, studio: StartedStudio, tolerated: list[re.Pattern[str]]
):
    tolerated.append(
        re.compile(
            "ERR_CONNECTION_REFUSED|WebSocket connection to|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET"
            "|status of 503 .*/readyz"  # it answers before it is ready
        )
    )
    editor = Editor(page).open("/m/new?template=digits-mlp")
    editor.tab("Training")
    editor.set_number("Epochs", 20_000)
    editor.train_button.click()
    editor.expect_points_to_arrive()

    studio.kill()
    expect(page.get_by_text("The studio does not answer")).to_be_visible()
    studio.start()
    expect(page.get_by_text("The studio does not answer")).to_be_hidden(timeout=45_000)
    editor.expect_points_to_arrive()

    editor.stop_button.click()
    expect(editor.download_link).to_be_visible()
    run = studio.get(f"/runs/{editor.run_id()}")
    assert (run["state"], run["attempt"]) == ("STOPPED", 1)
