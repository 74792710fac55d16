"""A person builds a small model, trains it, watches, stops, downloads; Keras opens the file."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from scripts.started_studio import StartedStudio
from tests.e2e.editor import Editor
from tests.e2e.keras_check import expect_keras_to_agree

pytestmark = pytest.mark.slow
LONG = 2000  # epochs: more than anybody waits for, so that Stop has something to stop


def test_by_dragging(page: Page, studio: StartedStudio, tmp_path: Path):
    editor = Editor(page).open("/m/new")
    editor.node("image").click()
    editor.press("ControlOrMeta+a", "Delete")
    expect(page.get_by_text("Nothing on the canvas yet")).to_be_visible()

    editor.drag_in("Input", 0.5, 0.15)
    editor.set_number("Shape", "8, 8, 1")
    editor.drag_in("Flatten", 0.5, 0.45)
    editor.drag_in("Dense", 0.5, 0.75)
    editor.set_number("Units", 10)
    editor.field("Activation").select_option(label="softmax")
    expect(editor.nodes()).to_have_count(3)
    editor.connect("n_input_1", "n_flatten_1")
    editor.connect("n_flatten_1", "n_dense_1")
    expect(editor.edges()).to_have_count(2)
    expect(editor.edges().filter(has_text="64")).to_have_count(1)
    editor.train_on_digits(LONG)
    editor.expect_no_problems()

    editor.train_button.click()
    train_stop_download(editor, studio, tmp_path)


def test_by_keyboard_alone(page: Page, studio: StartedStudio, tmp_path: Path):
    editor = Editor(page).open("/m/new")
    editor.tab_to(".react-flow__node")
    editor.press("ControlOrMeta+a", "Delete")
    expect(page.get_by_text("Nothing on the canvas yet")).to_be_visible()

    editor.press("/")
    for layer in ("Input", "Flatten", "Dense"):
        editor.type_over(layer)
        editor.press("Enter")
    expect(editor.nodes()).to_have_count(3)
    expect(editor.edges()).to_have_count(2)

    editor.tab_to(".react-flow__node")
    editor.press("ArrowUp", "ArrowUp", "Enter")
    editor.tab_to_field("Shape")
    editor.type_over("8, 8, 1")
    editor.press("Tab")
    editor.tab_to(".react-flow__node")
    editor.press("ArrowDown", "ArrowDown", "Enter")
    editor.tab_to_field("Units")
    editor.type_over("10")
    editor.tab_to_field("Activation")
    page.keyboard.type("softmax")

    # One link is taken away and made again.
    editor.tab_to_field("Disconnect n_flatten_1")
    editor.press("Enter")
    expect(editor.edges()).to_have_count(1)
    editor.tab_to(".react-flow__node")
    editor.press("ArrowUp", "c", "ArrowDown", "Enter")
    expect(editor.edges()).to_have_count(2)

    editor.command("Training settings")
    editor.tab_to_field("Dataset")
    page.keyboard.type("Small d")
    editor.tab_to_field("Epochs")
    editor.type_over(str(LONG))
    editor.press("Tab")
    editor.expect_no_problems()

    editor.press("ControlOrMeta+Enter")
    train_stop_download(editor, studio, tmp_path)


def train_stop_download(editor: Editor, studio: StartedStudio, folder: Path) -> None:
    """From the first point on the chart to a file that Keras opens."""
    editor.expect_points_to_arrive()
    editor.stop_button.click()
    expect(editor.download_link).to_be_visible()
    with editor.page.expect_download() as download:
        editor.download_link.click()
    file = folder / "model.keras"
    download.value.save_as(file)
    run = studio.get(f"/runs/{editor.run_id()}")
    assert run["state"] == "STOPPED"
    assert run["model_id"] == editor.model_id()
    expect_keras_to_agree(studio, run["id"], file, [8, 8, 1])
