"""The Studio page as a person handles it: with the pointer, or with the keyboard alone."""

from __future__ import annotations

import re
from typing import Self

from playwright.sync_api import Locator, Page, expect

from tests.e2e.pages import model_id, settled

MOST_TAB_STOPS = 120


class Editor:
    """The canvas, the palette, the properties and the dock of one page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.canvas = page.locator(".react-flow")
        self.palette = page.get_by_role("complementary", name="Layers")
        self.properties = page.get_by_role("complementary", name="Properties")
        self.dock = page.get_by_role("region", name="Run and problems")
        self.train_button = page.get_by_role("button", name="Train", exact=True)
        self.stop_button = page.get_by_role("button", name="Stop", exact=True)
        self.download_link = page.get_by_role("link", name="Download .keras")

    def open(self, path: str) -> Self:
        self.page.goto(path)
        settled(self.page)
        expect(self.canvas).to_be_visible()
        return self

    # ------------------------------------------------------------ the canvas

    def node(self, id_: str) -> Locator:
        return self.page.locator(f'.react-flow__node[data-id="{id_}"]')

    def nodes(self) -> Locator:
        return self.page.locator(".react-flow__node")

    def edges(self) -> Locator:
        return self.page.locator(".react-flow__edge")

    def drag_in(self, layer: str, x: float, y: float) -> None:
        """Drag a layer from the palette onto the canvas, to a part of its width and height."""
        start = _centre(self.palette.get_by_role("button", name=layer, exact=True))
        frame = self.canvas.bounding_box()
        assert frame is not None
        end = (frame["x"] + x * frame["width"], frame["y"] + y * frame["height"])
        self._drag(start, end)

    def connect(self, source: str, target: str, output: int = 0, port: int = 0) -> None:
        """Draw a link from the bottom of one node to the top of another."""
        start = self.node(source).locator(f'[data-handleid="out-{output}"]')
        end = self.node(target).locator(f'[data-handleid="in-{port}"]')
        self._drag(_centre(start), _centre(end))

    def _drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down()
        mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=6)
        mouse.move(*end, steps=6)
        mouse.up()

    # ------------------------------------------------------------ properties

    def tab(self, name: str) -> Locator:
        """Show a tab of the properties; its panel."""
        self.properties.get_by_role("tab", name=name, exact=True).click()
        return self.properties.get_by_role("tabpanel", name=name, exact=True)

    def field(self, label: str) -> Locator:
        return self.properties.get_by_label(label, exact=True)

    def set_number(self, label: str, value: object) -> None:
        """Type into a field and leave it, as a person would."""
        field = self.field(label)
        field.fill(str(value))
        field.press("Tab")

    def train_on_digits(self, epochs: int) -> None:
        """Choose the small digits and how long to train on them."""
        self.tab("Training")
        self.field("Dataset").select_option(label="Small digits")
        self.set_number("Epochs", epochs)

    # ------------------------------------------------------------ what the page says

    def expect_no_problems(self) -> None:
        expect(self.page.get_by_text("No problems", exact=True)).to_be_visible()

    def problems(self) -> Locator:
        """The rows of the Problems panel, opened if need be."""
        panel = self.dock.get_by_role("tab", name=re.compile("Problems"))
        if not panel.is_visible():
            self.page.get_by_role(
                "button", name=re.compile(r"\d+ (error|warning)|No problems")
            ).first.click()
        panel.click()
        return self.dock.get_by_role("listitem")

    def expect_points_to_arrive(self, of_them: int = 3) -> None:
        """The loss chart reaches further and further right while the run can still be stopped."""
        chart = self.dock.get_by_role("slider", name=re.compile("^Loss over time")).or_(
            self.dock.get_by_role("slider", name=re.compile("^Loss"))
        )
        expect(chart.first).to_be_visible()
        reached = 0
        for _ in range(of_them):
            handle = self.page.wait_for_function(
                """(reached) => {
                    const chart = document.querySelector('section[aria-label="Run and problems"] [role=slider]');
                    const right = Number(chart?.getAttribute('aria-valuemax') ?? 0);
                    return right > reached && right > 1 ? right : false;
                }""",
                arg=reached,
            )
            reached = handle.json_value()
            expect(self.stop_button).to_be_visible()

    def run_id(self) -> str:
        """The newest run of the model that is open, from the address of its file."""
        href = self.download_link.get_attribute("href")
        assert href is not None
        found = re.search(r"/runs/([^/]+)/", href)
        assert found is not None
        return found.group(1)

    def model_id(self) -> str:
        return model_id(self.page)

    # ------------------------------------------------------------ the keyboard

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def tab_to(self, selector: str) -> None:
        """Press Tab until an element that matches has the focus: it can be reached without a mouse."""
        for _ in range(MOST_TAB_STOPS):
            if self.page.evaluate(
                "(selector) => document.activeElement?.matches(selector) ?? false", selector
            ):
                return
            self.press("Tab")
        raise AssertionError(f"Tab does not lead to {selector}")

    def tab_to_field(self, label: str) -> None:
        """Press Tab until the control with this label has the focus."""
        asks = """(label) => {
            const control = document.activeElement;
            const labels = [...(control?.labels ?? [])].map((each) => each.textContent.trim());
            return labels.includes(label) || control?.getAttribute('aria-label') === label;
        }"""
        for _ in range(MOST_TAB_STOPS):
            if self.page.evaluate(asks, label):
                return
            self.press("Tab")
        raise AssertionError(f'Tab does not lead to the field "{label}"')

    def type_over(self, text: str) -> None:
        """Replace what stands in the focused field."""
        self.press("ControlOrMeta+a")
        self.page.keyboard.type(text)

    def command(self, name: str) -> None:
        """Run a command by its name, from the list of all commands."""
        self.press("ControlOrMeta+k")
        box = self.page.get_by_role("combobox", name="Commands")
        expect(box).to_be_focused()
        self.page.keyboard.type(name)
        self.press("Enter")
        expect(box).to_be_hidden()


def _centre(locator: Locator) -> tuple[float, float]:
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
