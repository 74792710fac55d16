"""The server's side: a few child processes that answer requests, each within a time limit.

Loading torch takes seconds, so a child that has answered stays for a while for the next request.
One that takes too long is killed.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

import orjson

from lamina.text import Text
from lamina_studio.runs.errors import InferenceFailed, InferenceRefused
from lamina_studio.runs.inference.framing import LENGTH, framed

PREDICT_S = 60.0
EVALUATE_S = 600.0
IDLE_S = 60.0
CHILD = (sys.executable, "-m", "lamina_studio.runs.inference.child")


class Inference:
    """Asks models in child processes, a few at a time.

    Args:
        environment: All the variables of the children.
        parallel: How many may work at once; further callers wait.
    """

    def __init__(self, environment: dict[str, str], parallel: int = 2) -> None:
        # Only the CPU: a training may need all of the GPU's memory.
        self._environment = {**environment, "CUDA_VISIBLE_DEVICES": ""}
        self._turns = asyncio.Semaphore(parallel)
        self._idle: dict[asyncio.subprocess.Process, asyncio.TimerHandle] = {}
        self._retiring: set[asyncio.Task[None]] = set()

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

    async def close(self) -> None:
        """End the children."""
        for child in tuple(self._idle):
            self._retire(child)
        await asyncio.gather(*self._retiring)

    async def _ask(self, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        document = await asyncio.to_thread(_encoded, request)
        async with self._turns:
            child = await self._child()
            try:
                async with asyncio.timeout(timeout_s):
                    answer = await _exchange(child, document)
            except TimeoutError as error:
                raise _too_slow(timeout_s) from error
            except (OSError, asyncio.IncompleteReadError) as error:
                raise _broken() from error
            else:
                handle = asyncio.get_running_loop().call_later(IDLE_S, self._retire, child)
                self._idle[child] = handle
            finally:
                if child not in self._idle:
                    await _end(child)
        found = await asyncio.to_thread(orjson.loads, answer)
        if "refused" in found:
            raise InferenceRefused(Text(found["refused"]["en"], found["refused"]["zh-CN"]))
        result: dict[str, Any] = found["answer"]
        return result

    async def _child(self) -> asyncio.subprocess.Process:
        while self._idle:
            child, handle = self._idle.popitem()
            handle.cancel()
            if child.returncode is None:
                return child
        return await asyncio.create_subprocess_exec(
            *CHILD,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=self._environment,
        )

    def _retire(self, child: asyncio.subprocess.Process) -> None:
        self._idle.pop(child).cancel()
        task = asyncio.create_task(_end(child))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)


def _encoded(request: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(request)
    except orjson.JSONEncodeError as error:
        raise InferenceRefused(
            Text(
                f"These samples cannot be passed on: {error}.",
                f"无法传递这些样本：{error}。",
            )
        ) from error


async def _exchange(child: asyncio.subprocess.Process, document: bytes) -> bytes:
    assert child.stdin is not None, "asked for a pipe"
    assert child.stdout is not None, "asked for a pipe"
    child.stdin.write(framed(document))
    await child.stdin.drain()
    length = LENGTH.unpack(await child.stdout.readexactly(LENGTH.size))[0]
    return await child.stdout.readexactly(length)


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        child.kill()
    await child.wait()


def _too_slow(waited_s: float) -> InferenceFailed:
    return InferenceFailed(
        Text(
            f"The model did not answer within {waited_s:.0f} s. Send fewer samples at once.",
            f"模型在 {waited_s:.0f} 秒内没有回答。请减少一次发送的样本数。",
        )
    )


def _broken() -> InferenceFailed:
    return InferenceFailed(
        Text(
            "The model could not be asked; it may need more memory than there is. Send fewer "
            "samples at once. The log of the server says more.",
            "无法使用模型，可能内存不足。请减少一次发送的样本数。服务器日志中有更多信息。",
        )
    )
