"""What several browser tests need to know about the pages."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from scripts.started_studio import StartedStudio

ANSWERS_WITHIN_MS = 20_000
LANGUAGES = ("en", "zh-CN")
THEMES = ("light", "dark")


def signed_in(browser: Browser, studio: StartedStudio, **options: Any) -> BrowserContext:
    """A browser that has gone through the one-time code."""
    context = browser.new_context(base_url=studio.address, **options)
    context.set_default_timeout(ANSWERS_WITHIN_MS)
    page = context.new_page()
    page.goto(studio.link())
    page.close()
    return context


def prefer(context: BrowserContext, **preferences: str) -> None:
    """Set what the switches in the shell keep, before any page of this context runs."""
    lines = [
        f"localStorage.setItem('lamina.{name}', '{value}');" for name, value in preferences.items()
    ]
    context.add_init_script(f"if (location.protocol === 'http:') {{ {''.join(lines)} }}")


def settled(page: Page) -> None:
    """Wait until the page has loaded and no skeleton stands where content is still to come."""
    page.wait_for_load_state("load")
    page.locator("main, [role=main]").first.wait_for()
    page.wait_for_function("() => !document.querySelector('[aria-busy=true]')")


def model_id(page: Page) -> str:
    """The model that the address names."""
    found = re.search(r"/m/([^/?#]+)", page.url)
    assert found is not None, page.url
    return found.group(1)
