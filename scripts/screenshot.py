"""Take docs/screenshot.png: the studio while the digit classifier trains, on the small digits.

Starts a studio of its own in a temporary home, so nothing of the person who runs this is seen.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts import chromium  # noqa: E402 - the root must be importable first
from scripts.started_studio import StartedStudio  # noqa: E402

PICTURE = ROOT / "docs" / "screenshot.png"
SIZE: ViewportSize = {"width": 1440, "height": 1040}
EPOCHS = 60
SHOWN_AFTER_STEPS = 1_200


def main() -> int:
    """Start, train, look."""
    browser_path = chromium.find()
    if browser_path is None:
        print(chromium.ADVICE, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, StartedStudio(Path(folder) / "home") as studio:
        model = studio.post("/models", {"name": "digits", **_classifier_of_small_digits(studio)})
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=str(browser_path), args=list(chromium.FLAGS)
            )
            page = browser.new_context(
                base_url=studio.address, viewport=SIZE, locale="en-GB"
            ).new_page()
            page.goto(studio.link())
            page.goto(f"/m/{model['id']}")
            _train_and_take(page)
            browser.close()
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size:,} bytes")
    return 0


def _classifier_of_small_digits(studio: StartedStudio) -> dict[str, Any]:
    """The first template, fed with 8 × 8 pictures that need no download."""
    template = studio.get("/templates")["items"][0]
    first, *others = template["graph"]["nodes"]
    small = {**first, "config": {"shape": [8, 8, 1]}}
    return {
        "graph": {**template["graph"], "name": "digits", "nodes": [small, *others]},
        "training": {**template["training"], "dataset": {"id": "digits"}, "epochs": EPOCHS},
    }


def _train_and_take(page: Page) -> None:
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_role("separator", name="Height of the panel").focus()
    for _ in range(5):
        page.keyboard.press("ArrowUp")
    page.get_by_role("button", name="Fit to view").click()
    page.locator('.react-flow__node[data-id="conv"]').click()
    page.wait_for_function(
        "(steps) => Number(document.querySelector('[role=slider][aria-valuetext]')"
        "?.getAttribute('aria-valuemax')) >= steps",
        arg=SHOWN_AFTER_STEPS,
        timeout=180_000,
    )
    page.screenshot(path=PICTURE)


if __name__ == "__main__":
    sys.exit(main())
