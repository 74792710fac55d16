"""Take docs/screenshot.png: the studio while a small convolutional network trains.

Starts a studio of its own in a temporary home, so nothing of the person who runs this is seen.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts import chromium  # noqa: E402 - the root must be importable first
from scripts.started_studio import StartedStudio  # noqa: E402

PICTURE = ROOT / "docs" / "screenshot.png"
SIZE: ViewportSize = {"width": 1440, "height": 960}
EPOCHS = 40
SHOWN_AFTER_STEPS = 900


def main() -> int:
    """Start, train, look."""
    browser_path = chromium.find()
    if browser_path is None:
        print(chromium.ADVICE, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, StartedStudio(Path(folder) / "home") as studio:
        template = next(
            item for item in studio.get("/templates")["items"] if item["id"] == "digits-residual"
        )
        training = {**template["training"], "epochs": EPOCHS}
        model = studio.post(
            "/models", {"name": "digits-residual", "graph": template["graph"], "training": training}
        )
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


def _train_and_take(page: Page) -> None:
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_function(
        """(steps) => Number(document.querySelector('[role=slider]')?.getAttribute('aria-valuemax')) >= steps""",
        arg=SHOWN_AFTER_STEPS,
        timeout=180_000,
    )
    page.get_by_role("button", name="Fit to view").click()
    page.locator('.react-flow__node[data-id="conv_a"]').click()
    page.mouse.move(5, 955)
    page.wait_for_timeout(800)
    page.screenshot(path=PICTURE)


if __name__ == "__main__":
    sys.exit(main())
