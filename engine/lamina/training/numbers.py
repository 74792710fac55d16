"""Problems of the plain numbers and settings of a training document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lamina.datasets.catalogue import DatasetSpec
from lamina.devices import device_for
from lamina.errors import ConfigError
from lamina.fields.labels import label_of
from lamina.problems import Fix, Problem, Severity
from lamina.text import Text
from lamina.training.choices import replace
from lamina.training.document import TrainingDocument

LARGE_RATE = 1.0
MANY_EPOCHS = 1_000_000
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
    if document.epochs > MANY_EPOCHS:
        yield _unwise(
            "epochs",
            document.epochs,
            Text(
                "training would hardly ever end. Set fewer, or stop it when it learns no more.",
                "训练几乎不会结束。请减少轮数，或在不再进步时停止。",
            ),
            10,
        )
    yield from _rate(document)
    yield from _machine(document)


def _rate(document: TrainingDocument) -> Iterator[Problem]:
    """A learning rate that is valid and learns nothing."""
    config = document.optimizer.config
    name = "learning_rate" if "learning_rate" in config else "lr"
    rate = config.get(name)
    if isinstance(rate, bool) or not isinstance(rate, (int, float)):
        return
    field = f"optimizer.config.{name}"
    if rate == 0:
        yield _unwise(
            field, rate, Text("the model will learn nothing.", "模型不会学到任何东西。"), None
        )
    elif rate > LARGE_RATE:
        yield _unwise(
            field,
            rate,
            Text(
                "it is rarely above 1, and the loss will likely not come down.",
                "一般不超过 1，否则损失很可能无法下降。",
            ),
            None,
        )


def _against_the_data(document: TrainingDocument, spec: DatasetSpec) -> Iterator[Problem]:
    held_out = spec.n_train - int(spec.n_train * (1 - document.validation.split))
    trained = spec.n_train - held_out
    if document.validation.split and held_out == 0:
        yield _number(
            "validation.split",
            document.validation.split,
            Text(
                f"larger: of {spec.n_train:,} samples it leaves none",
                f"更大：{spec.n_train:,} 个样本中一个也分不出",
            ),
            0.1,
        )
    if trained == 0:
        yield _number(
            "validation.split",
            document.validation.split,
            Text(
                f"smaller: of {spec.n_train:,} samples it leaves none to train on",
                f"更小：{spec.n_train:,} 个样本中没有剩下可用于训练的",
            ),
            0.1,
        )
    elif document.batch_size > trained:
        yield _unwise(
            "batch_size",
            document.batch_size,
            Text(
                f"there are only {trained:,} training samples, so more changes nothing.",
                f"训练样本只有 {trained:,} 个，再大也没有效果。",
            ),
            trained,
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


def _number(field: str, given: Any, need: Text, suggestion: Any) -> Problem:
    label = _label(field)
    message = Text(
        f"{label.en} must be {need.en}, got {given}.", f"{label.zh}应{need.zh}，实际为 {given}。"
    )
    return _problem("error", field, given, message, suggestion)


def _unwise(field: str, given: Any, why: Text, suggestion: Any) -> Problem:
    label = _label(field)
    message = Text(f"{label.en} is {given}: {why.en}", f"{label.zh}为 {given}：{why.zh}")
    return _problem("warning", field, given, message, suggestion)


def _problem(severity: Severity, field: str, given: Any, message: Text, suggestion: Any) -> Problem:
    return Problem(
        "out_of_range",
        severity,
        message,
        field=field,
        params={"given": given},
        fixes=() if suggestion is None else (_fix(field, suggestion),),
    )


def _label(field: str) -> Text:
    name = {"validation.split": "validation_split", "optimizer.config.lr": "learning_rate"}.get(
        field
    )
    label = label_of(name or field.rpartition(".")[2])
    assert label is not None, f"labels has none for {field}"
    return label


def _fix(field: str, value: Any) -> Fix:
    return Fix(Text(f"Set it to {value}", f"设为 {value}"), "training", [replace(field, value)])
