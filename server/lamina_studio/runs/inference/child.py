"""The child process: one JSON request on standard input, one JSON answer on standard output.

An answer is `{"answer": …}` or `{"refused": {en, zh-CN}}`; anything else means that it failed.
"""

import os
import resource
import sys
from typing import Any

import orjson

CPU_S = 600
ADDRESS_SPACE_BYTES = 16 * 2**30  # torch alone maps several GiB that it never touches


def main() -> None:
    """Answer one request within limits that the system enforces."""
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever prints must not get into the answer
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    request = orjson.loads(sys.stdin.buffer.read())
    with os.fdopen(answers, "wb") as file:
        file.write(orjson.dumps(_answer(request), option=orjson.OPT_SERIALIZE_NUMPY))


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    from lamina.errors import LaminaError
    from lamina_studio.runs.inference import operations

    try:
        return {"answer": operations.perform(request)}
    except LaminaError as error:
        return {"refused": error.text.to_json()}


if __name__ == "__main__":
    main()
