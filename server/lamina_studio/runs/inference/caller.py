"""The server's side: start the child, send the request, wait for the answer within a time limit."""

import asyncio
import logging
import sys
from pathlib import Path
from typing import Any

import orjson

from lamina.text import Text
from lamina_studio.runs.errors import InferenceFailed, InferenceRefused

PREDICT_S = 60.0
EVALUATE_S = 600.0

logger = logging.getLogger(__name__)


class Inference:
    """Asks models in child processes, at most a few at a time.

    Args:
        environment: Variables of the children, besides what limits them.
        parallel: How many children may work at once; more callers wait.
    """

    def __init__(self, environment: dict[str, str], parallel: int = 2) -> None:
        # Only the CPU: a training may need all of the GPU's memory.
        self._environment = {**environment, "CUDA_VISIBLE_DEVICES": ""}
        self._turns = asyncio.Semaphore(parallel)

    async def predict(self, model: Path, training: dict[str, Any], inputs: Any) -> dict[str, Any]:
        """Outputs for samples.

        Raises:
            InferenceRefused: If the samples do not fit the model.
            InferenceFailed: If there is no answer in time.
        """
        request = {"operation": "predict", "training": training, "inputs": inputs}
        return await self._ask(request | {"model": str(model)}, PREDICT_S)

    async def evaluate(self, model: Path, training: dict[str, Any], split: str) -> dict[str, Any]:
        """Scores on a part of the data; raises as `predict` does."""
        request = {"operation": "evaluate", "training": training, "split": split}
        return await self._ask(request | {"model": str(model)}, EVALUATE_S)

    async def _ask(self, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        document = await asyncio.to_thread(orjson.dumps, request)
        async with self._turns:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "lamina_studio.runs.inference.child",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=self._environment,
            )
            try:
                async with asyncio.timeout(timeout_s):
                    output, errors = await process.communicate(document)
            except TimeoutError as error:
                raise _failed(f"{timeout_s:.0f} s") from error
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if process.returncode != 0:
            logger.error("a model could not be asked:\n%s", errors.decode(errors="replace"))
            raise _failed(None)
        answer = await asyncio.to_thread(orjson.loads, output)
        if "refused" in answer:
            raise InferenceRefused(Text(answer["refused"]["en"], answer["refused"]["zh-CN"]))
        found: dict[str, Any] = answer["answer"]
        return found


def _failed(waited: str | None) -> InferenceFailed:
    if waited is not None:
        return InferenceFailed(
            Text(
                f"The model did not answer within {waited}. Send fewer samples at once.",
                f"模型在 {waited} 内没有回答。请减少一次发送的样本数。",
            )
        )
    return InferenceFailed(
        Text(
            "The model could not be asked; it may need more memory than there is. Send fewer "
            "samples at once. The log of the server says more.",
            "无法使用模型，可能内存不足。请减少一次发送的样本数。服务器日志中有更多信息。",
        )
    )
