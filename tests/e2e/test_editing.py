"""Undo, save and come back; problems, and what mends them."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from scripts.started_studio import StartedStudio
from tests.e2e.editor import Editor
from tests.e2e.pages import settled


def test_an_edit_is_undone_redone_saved_and_there_tomorrow(
    page: Page, sign_in: Callable[..., BrowserContext], studio: StartedStudio
):
    editor = Editor(page).open("/m/new?template=digits-mlp")
    hidden = editor.node("hidden_1")
    hidden.click()
    editor.set_number("Units", 48)
    expect(hidden).to_contain_text("48")
    page.get_by_role("button", name="Undo: parameter").click()
    expect(hidden).to_contain_text("64")
    hidden.click()
    editor.press("ControlOrMeta+Shift+z")
    expect(hidden).to_contain_text("48")

    editor.press("ControlOrMeta+s")
    page.wait_for_url(re.compile(r"/m/(?!new)"))
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    page.reload()
    settled(page)
    expect(editor.node("hidden_1")).to_contain_text("48")

    tomorrow = sign_in().new_page()
    tomorrow.goto(studio.link())
    tomorrow.goto("/")
    settled(tomorrow)
    tomorrow.get_by_role("link", name=re.compile("digits-mlp")).first.click()
    expect(Editor(tomorrow).node("hidden_1")).to_contain_text("48")
    saved = studio.get(f"/models/{Editor(tomorrow).model_id()}")
    [units] = [
        node["config"]["units"] for node in saved["graph"]["nodes"] if node["id"] == "hidden_1"
    ]
    assert units == 48


def test_moving_adding_deleting_and_arranging_are_undone_one_by_one(page: Page):
    editor = Editor(page).open("/m/new?template=digits-mlp")
    expect(editor.nodes()).to_have_count(6)
    before = page.evaluate(
        "() => [...document.querySelectorAll('.react-flow__node')].map((n) => n.style.transform)"
    )
    editor.node("dropout").click()
    editor.press("Delete")
    expect(editor.nodes()).to_have_count(5)
    editor.palette.get_by_role("button", name="ReLU", exact=True).click()
    expect(editor.nodes()).to_have_count(6)
    editor.node("image").hover()
    page.mouse.down()
    page.mouse.move(500, 300, steps=5)
    page.mouse.up()
    for _ in range(3):
        page.get_by_role("button", name=re.compile("^Undo: ")).click()
    expect(page.get_by_role("button", name="Undo", exact=True)).to_be_disabled()
    expect(editor.node("dropout")).to_be_visible()
    after = page.evaluate(
        "() => [...document.querySelectorAll('.react-flow__node')].map((n) => n.style.transform)"
    )
    assert sorted(after) == sorted(before)


def test_a_problem_says_what_is_wrong_and_one_click_mends_it(page: Page):
    editor = Editor(page).open("/m/new?template=digits-mlp")
    editor.expect_no_problems()
    editor.node("digit").click()
    editor.set_number("Units", 5)
    rows = editor.problems()
    wrong = rows.filter(has_text="10").filter(has_text="5").first
    expect(wrong).to_be_visible()
    expect(page.get_by_role("button", name="Train", exact=True)).to_have_attribute(
        "aria-disabled", "true"
    )

    wrong.get_by_role("button").first.click()
    expect(editor.node("digit")).to_contain_text("10")
    editor.expect_no_problems()
    page.get_by_role("button", name=re.compile("^Undo: fix")).click()
    expect(editor.node("digit")).to_contain_text("5")


def test_problems_are_mended_by_keyboard_alone(page: Page):
    editor = Editor(page).open("/m/new?template=digits-mlp")
    editor.node("digit").click()
    editor.field("Activation").select_option("relu")
    editor.set_number("Units", 5)
    expect(page.get_by_role("button", name="2 errors")).to_be_visible()
    editor.node("image").focus()
    editor.command("Show problems")
    expect(editor.dock.get_by_role("tab", name=re.compile("Problems"))).to_be_focused()
    fixes = editor.dock.get_by_role("button", name=re.compile("digit")).filter(has_not_text="Show")
    expect(fixes).to_have_count(2)
    editor.tab_to("[data-fix]")
    editor.press("Enter")
    expect(fixes).to_have_count(1)
    expect(fixes).to_be_focused()
    editor.press("Enter")
    panel = editor.dock.get_by_role("region", name="Problems")
    expect(panel).to_contain_text("No problems")
    expect(panel).to_be_focused()
    editor.command("Training settings")
    expect(editor.field("Dataset")).to_be_focused()


def test_keys_faster_than_frames_reach_the_search(page: Page):
    editor = Editor(page).open("/m/new?template=digits-mlp")
    editor.node("dropout").click()
    # All in one task, with no frame between the keys: a layer goes, and the next one asks for the keyboard.
    page.evaluate(
        """() => {
            const press = (key) => document.activeElement.dispatchEvent(
                new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
            press("Delete");
            press("/");
        }"""
    )
    search = page.get_by_role("searchbox", name="Search layers")
    expect(search).to_be_focused()
    page.evaluate(
        "() => new Promise((done) => { let n = 30; const on = () => n-- ? requestAnimationFrame(on) : done(); on(); })"
    )
    expect(search).to_be_focused()
    editor.press("D", "e", "n", "s", "e", "Enter")
    expect(editor.node("n_dense_1")).to_be_visible()


def test_a_value_out_of_range_is_a_problem_at_its_node(page: Page):
    editor = Editor(page).open("/m/new?template=digits-mlp")
    editor.node("dropout").click()
    editor.set_number("Rate", 1.5)
    expect(editor.problems().filter(has_text="dropout").first).to_be_visible()
    expect(editor.node("dropout")).to_have_attribute("aria-label", re.compile("problem"))


def test_the_first_layer_stands_where_it_was_dropped(page: Page):
    editor = Editor(page).open("/m/new?template=empty")
    editor.drag_in("Input", 0.25, 0.2)
    editor.drag_in("Dense", 0.25, 0.5)
    canvas = editor.canvas.bounding_box()
    assert canvas is not None
    for node, y in (("n_input_1", 0.2), ("n_dense_1", 0.5)):
        place = editor.node(node).bounding_box()
        assert place is not None
        assert place["x"] + place["width"] / 2 == pytest.approx(
            canvas["x"] + 0.25 * canvas["width"], abs=12
        )
        assert place["y"] + place["height"] / 2 == pytest.approx(
            canvas["y"] + y * canvas["height"], abs=24
        )


def test_a_graph_that_was_seen_whole_is_whole_above_the_dock(page: Page):
    editor = Editor(page).open("/m/new?template=digits-mlp")
    expect(editor.node("digit")).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name=re.compile("problems", re.IGNORECASE)).first.click()
    expect(editor.dock).to_be_visible()
    page.wait_for_function(
        """() => {
            const frame = document.querySelector(".react-flow").getBoundingClientRect();
            const nodes = [...document.querySelectorAll(".react-flow__node")];
            const places = nodes.map((node) => node.getBoundingClientRect());
            return places.every((at) => at.top >= frame.top && at.bottom <= frame.bottom);
        }"""
    )
