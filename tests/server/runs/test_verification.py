"""A model file is verified only if a clean process says what the training process said."""

import pytest
from sqlalchemy import update

from lamina.text import Text
from lamina_studio.database import utc_now
from lamina_studio.runs import verification
from lamina_studio.runs.errors import InferenceFailed, InferenceRefused
from lamina_studio.runs.folders import write_json
from lamina_studio.runs.repository import RunRepository
from lamina_studio.runs.tables import ArtifactRow, RunRow
from lamina_studio.runs.verification import Verifier

WANTED = {"digit": [[0.25, 0.75]]}


def chain(*layers):
    """A graph of an 8 × 8 picture and these (type, config)."""
    nodes = [{"id": "in", "type": "Input", "config": {"shape": [8, 8, 1]}, "inputs": []}]
    for type_, config in layers:
        inputs = [{"node": nodes[-1]["id"]}]
        nodes.append({"id": type_, "type": type_, "config": config, "inputs": inputs})
    return {
        "format": "lamina.graph", "version": 1, "name": "m", "nodes": nodes,
        "outputs": [{"node": nodes[-1]["id"]}], "blocks": [], "layout": {},
    }  # fmt: skip


class Says:
    """Stands in for the child process."""

    def __init__(self, *answers):
        self.answers = list(answers)

    async def predict(self, model, training, inputs):
        assert inputs == [[1.0]]
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return {"outputs": answer, "classes": None}


@pytest.fixture
async def verified(studio):
    """Whether the model of a run counts as verified, after a child has given these answers, one each time."""

    async def verify(*answers, proof=True, layers=()):
        run_id = await studio.submit(steps=1)
        await studio.ended(run_id)
        folder = studio.folder(run_id)
        if proof:
            write_json(folder.proof, {"inputs": [[1.0]], "outputs": WANTED})
        about = {"kind": "model", "bytes": 1, "sha256": "0" * 64, "created_at": utc_now()}
        async with studio.database.transaction() as session:
            session.add(ArtifactRow(run_id=run_id, name="model.keras", **about))
            await session.execute(update(RunRow).values(graph=chain(*layers)))
        runs_folder = folder.path.parent
        verifier = Verifier(studio.database, studio.runs.feed, Says(*answers), runs_folder)
        verifier.begin(run_id)
        await studio.until(lambda: not verifier._tasks)
        async with studio.database.transaction(write=False) as session:
            return (await RunRepository(session).artifact(run_id, "model.keras")).verified

    return verify


async def test_the_same_within_rounding_is_verified(verified):
    assert await verified({"digit": [[0.250000001, 0.75]]})


@pytest.mark.parametrize(
    "outputs",
    [{"digit": [[0.2501, 0.7499]]}, {"other": [[0.25, 0.75]]}, {"digit": [["NaN", 0.75]]}],
)
async def test_anything_else_is_not(verified, outputs, caplog):
    assert not await verified(outputs)
    assert "something else" in caplog.text


async def test_a_model_that_cannot_be_loaded_is_not(verified, caplog):
    assert not await verified(InferenceRefused(Text("broken", "坏了")))
    assert "cannot be used" in caplog.text


async def test_a_process_that_did_not_answer_is_asked_again(verified, monkeypatch, caplog):
    monkeypatch.setattr(verification, "WAITS_S", (0.0, 0.0))
    slow = InferenceFailed(Text("no answer", "没有回答"))
    assert await verified(slow, slow, WANTED)
    assert "cannot be used" not in caplog.text
    assert not await verified(slow, slow, slow)
    assert "cannot be used" in caplog.text


async def test_without_a_proof_there_is_no_tick(verified):
    assert not await verified(WANTED, proof=False)


@pytest.mark.parametrize(
    ("layers", "is_verified"),
    [
        ([("Flatten", {})], True),
        ([("RandomCrop", {"height": 8, "width": 8})], True),
        ([("RandomCrop", {"height": 6, "width": 6})], False),
        ([("CategoryEncoding", {"num_tokens": 4})], False),
        ([("Flatten", {}), ("CategoryEncoding", {"num_tokens": 4})], True),
    ],
)
async def test_a_file_that_keras_cannot_use_has_no_tick(verified, layers, is_verified, caplog):
    assert await verified(WANTED, layers=layers) == is_verified
    assert ("Keras cannot use it" in caplog.text) == (not is_verified)
