"""Problems of the plain numbers and settings of a training document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lamina.datasets.catalogue import DatasetSpec
from lamina.devices import device_for
from lamina.errors import ConfigError
from lamina.problems import Fix, Problem, Severity
from lamina.text import Text
from lamina.training.choices import replace
from lamina.training.document import TrainingDocument

LARGE_RATE = 1.0
LARGEST_SEED = 2**32 - 1
PRECISIONS = {
    "float32": "float32",
    "mixed_bfloat16": "mixed_bfloat16",
    "mixed_float16": "mixed_float16",
    "bfloat16": "mixed_bfloat16",
    "float16": "mixed_float16",
}
"""What a document may say, and the dtype policy that it means: weights stay float32 while a model is trained."""


def check_numbers(document: TrainingDocument, spec: DatasetSpec | None) -> Iterator[Problem]:
    """Numbers out of range, and settings that this machine does not have.

    Args:
        spec: The data set, where it is known.
    """
    if document.batch_size < 1:
        yield _number("batch_size", document.batch_size, Text("at least 1", "至少为 1"), 32)
    if document.epochs < 1:
        yield _number("epochs", document.epochs, Text("at least 1", "至少为 1"), 10)
    if not 0 <= document.seed <= LARGEST_SEED:
        yield _number(
            "seed", document.seed, Text("between 0 and 4294967295", "在 0 到 4294967295 之间"), 0
        )
    split = document.validation.split
    if not 0 <= split < 1:
        yield _number(
            "validation.split", split, Text("at least 0 and below 1", "不小于 0 且小于 1"), 0.1
        )
    elif spec is not None:
        yield from _against_the_data(document, spec)
    rate = document.optimizer.config.get("learning_rate", document.optimizer.config.get("lr"))
    if isinstance(rate, (int, float)) and not isinstance(rate, bool) and rate > LARGE_RATE:
        yield _number(
            "optimizer.config.learning_rate",
            rate,
            Text(
                "rarely above 1; the loss will likely not come down",
                "一般不超过 1，否则损失很可能无法下降",
            ),
            None,
            severity="warning",
        )
    yield from _machine(document)


def _against_the_data(document: TrainingDocument, spec: DatasetSpec) -> Iterator[Problem]:
    held_out = spec.n_train - int(spec.n_train * (1 - document.validation.split))
    trained = spec.n_train - held_out
    if document.validation.split and held_out == 0:
        yield _number(
            "validation.split",
            document.validation.split,
            Text(
                f"larger: of {spec.n_train} samples it leaves none",
                f"更大：{spec.n_train} 个样本中一个也分不出",
            ),
            0.1,
        )
    if trained == 0:
        yield _number(
            "validation.split",
            document.validation.split,
            Text(
                f"smaller: of {spec.n_train} samples it leaves none to train on",
                f"更小：{spec.n_train} 个样本中没有剩下可用于训练的",
            ),
            0.1,
        )
    elif document.batch_size > trained:
        yield _number(
            "batch_size",
            document.batch_size,
            Text(
                f"at most {trained}, the number of training samples; more changes nothing",
                f"不超过训练样本数 {trained}；再大也没有效果",
            ),
            trained,
            severity="warning",
        )


def _machine(document: TrainingDocument) -> Iterator[Problem]:
    if document.precision not in PRECISIONS:
        yield Problem(
            "unsupported_precision",
            "error",
            Text(
                f'There is no precision "{document.precision}"; use {", ".join(PRECISIONS)}.',
                f"没有精度“{document.precision}”；可用：{'、'.join(PRECISIONS)}。",
            ),
            field="precision",
            fixes=(_fix("precision", "float32"),),
        )
    try:
        device_for(document.device)
    except ConfigError as error:
        yield Problem(
            "no_such_device",
            "error",
            error.text,
            field="device",
            fixes=(_fix("device", "auto"),),
        )


def _number(
    field: str, given: Any, need: Text, suggestion: Any, *, severity: Severity = "error"
) -> Problem:
    return Problem(
        "out_of_range",
        severity,
        Text(f"{field} must be {need.en}, got {given}.", f"{field} 应{need.zh}，实际为 {given}。")
        if severity == "error"
        else Text(
            f"{field} is {given}; it should be {need.en}.", f"{field} 为 {given}；应{need.zh}。"
        ),
        field=field,
        params={"given": given},
        fixes=() if suggestion is None else (_fix(field, suggestion),),
    )


def _fix(field: str, value: Any) -> Fix:
    return Fix(Text(f"Set it to {value}", f"设为 {value}"), "training", [replace(field, value)])
