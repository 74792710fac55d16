"""The classifier of the first page on all of MNIST: three epochs, at least 98.2 % on the test part.

From the page, from the interface, and from the README's script. `make soak` runs these; the data is
downloaded once and kept in build/datasets.
"""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from scripts.started_studio import StartedStudio
from tests.e2e.editor import Editor

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]
ROOT = Path(__file__).resolve().parents[2]
DATASETS = ROOT / "build" / "datasets"
LEAST_ACCURACY = 0.982
EPOCHS = 3


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedStudio]:
    DATASETS.mkdir(parents=True, exist_ok=True)
    home = tmp_path_factory.mktemp("studio") / "home"
    with StartedStudio(home, LAMINA_DATASETS=str(DATASETS)) as studio:
        yield studio


def test_from_the_page(page: Page, studio: StartedStudio):
    page.wait_for_url("**/m/new*")
    editor = Editor(page)
    editor.tab("Training")
    editor.set_number("Epochs", EPOCHS)
    editor.expect_no_problems()
    editor.train_button.click()
    expect(editor.download_link).to_be_visible(timeout=1_200_000)
    run = studio.get(f"/runs/{editor.run_id()}")
    assert run["state"] == "SUCCEEDED", run["message"]
    assert run["test"]["n"] == 10_000
    assert run["test"]["metrics"]["accuracy"] >= LEAST_ACCURACY


def test_from_the_interface(studio: StartedStudio):
    template = studio.get("/templates")["items"][0]
    training = {**template["training"], "epochs": EPOCHS}
    run = studio.post("/runs", {"graph": template["graph"], "training": training})
    done = studio.wait_for_run(run["id"], "SUCCEEDED", within_s=1200)
    assert done["test"]["metrics"]["accuracy"] >= LEAST_ACCURACY


def test_from_the_readmes_script(tmp_path: Path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [script] = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env={**os.environ, "LAMINA_DATASETS": str(DATASETS)},
        capture_output=True,
        text=True,
        check=True,
    )
    _loss, accuracy = ast.literal_eval(done.stdout.strip().splitlines()[-1])
    assert accuracy >= LEAST_ACCURACY
