"""The child process: JSON requests on standard input, a JSON answer to each on standard output.

Requests and answers are framed by their length. An answer is `{"answer": …}` or
`{"refused": {en, zh-CN}}`; on anything unexpected the process ends, and its traceback is on
standard error. It serves until its input ends.
"""

import os
import resource
import sys
from typing import Any

import orjson

from lamina_studio.runs.inference.framing import framed, read_framed

ADDRESS_SPACE_BYTES = 16 * 2**30  # torch alone maps several GiB that it never touches


def main() -> None:
    """Answer requests within limits that the system enforces."""
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever prints must not get into an answer
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with os.fdopen(answers, "wb") as file:
        while (request := read_framed(sys.stdin.buffer)) is not None:
            file.write(framed(orjson.dumps(_answer(orjson.loads(request)))))
            file.flush()


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    from lamina.errors import LaminaError
    from lamina_studio.runs.inference import operations

    try:
        return {"answer": operations.perform(request)}
    except LaminaError as error:
        return {"refused": error.text.to_json()}


if __name__ == "__main__":
    main()
