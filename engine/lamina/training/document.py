"""The training document: everything that a run needs besides the graph, as frozen, versioned JSON.

`read` takes anything and never raises for a user's mistake; `TrainingDocument.parse` raises the same problems as a
`GraphError`. The form is checked here; whether names exist, numbers make sense and everything fits the graph is for
`lamina.training.check`, so that a document with such problems can still be saved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import pydantic
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from lamina.plain_words import in_plain_words
from lamina.problems import GraphError, Problem
from lamina.text import Text

FORMAT = "lamina.training"
VERSION = 1

Name = Annotated[str, Field(max_length=200)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Dataset(_Part):
    """The data, by its id in the catalogue."""

    id: Name
    version: Name | None = None

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id} if self.version is None else {"id": self.id, "version": self.version}


class Validation(_Part):
    """The share of the training samples, the last ones, that training does not see."""

    split: Number = 0.0


class Chosen(_Part):
    """Something of a registry with its parameters."""

    type: Name
    config: dict[str, Any] = Field(default_factory=dict)


def _chosen(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


Choice = Annotated[Chosen, BeforeValidator(_chosen)]
"""A name, or `{type, config}`."""


def _by_output(value: Any) -> Any:
    """One choice for all outputs, or a dict of them: told apart by "type"."""
    if isinstance(value, Mapping) and "type" not in value:
        return dict(value)
    return _chosen(value)


LossChoice = Annotated[Chosen | dict[str, Choice], BeforeValidator(_by_output)]
MetricChoices = list[Choice] | dict[str, list[Choice]]


class TrainingDocument(_Part):
    """How to train a graph."""

    format: Literal["lamina.training"] = "lamina.training"
    version: int = VERSION
    dataset: Dataset
    validation: Validation = Validation()
    loss: LossChoice
    metrics: MetricChoices = Field(default_factory=list)
    optimizer: Choice = Chosen(type="RMSprop")
    batch_size: int = 32
    epochs: int = 10
    shuffle: bool = True
    callbacks: list[Choice] = Field(default_factory=list)
    device: Name = "auto"
    precision: Name = "float32"
    seed: int = 0

    @classmethod
    def parse(cls, document: object) -> Self:
        """A training document from JSON data, or the document itself.

        Raises:
            GraphError: With every problem of the document's form.
        """
        if isinstance(document, cls):
            return document
        parsed, problems = read(document)
        if parsed is None:
            raise GraphError(problems)
        assert isinstance(parsed, cls)
        return parsed

    def to_json(self) -> dict[str, Any]:
        """The document with all its fields; what has no parameters is its name."""
        return {
            "format": self.format,
            "version": self.version,
            "dataset": self.dataset.to_json(),
            "validation": {"split": self.validation.split},
            "loss": _choices_to_json(self.loss),
            "metrics": _choices_to_json(self.metrics),
            "optimizer": {"type": self.optimizer.type, "config": self.optimizer.config},
            "batch_size": self.batch_size,
            "epochs": self.epochs,
            "shuffle": self.shuffle,
            "callbacks": _choices_to_json(self.callbacks),
            "device": self.device,
            "precision": self.precision,
            "seed": self.seed,
        }


def _choices_to_json(choices: Any) -> Any:
    if isinstance(choices, Chosen):
        return {"type": choices.type, "config": choices.config} if choices.config else choices.type
    if isinstance(choices, Mapping):
        return {name: _choices_to_json(choice) for name, choice in choices.items()}
    return [_choices_to_json(choice) for choice in choices]


def read(document: object) -> tuple[TrainingDocument | None, list[Problem]]:
    """The training document, or every problem of its form."""
    if isinstance(document, TrainingDocument):
        return document, []
    if not isinstance(document, Mapping):
        return None, [
            _problem(
                "document",
                f"A training document is a JSON object, got {type(document).__name__}.",
                f"训练文档应为 JSON 对象，实际为 {type(document).__name__}。",
            )
        ]
    if (problem := _foreign(document)) is not None:
        return None, [problem]
    try:
        return TrainingDocument.model_validate(dict(document)), []
    except pydantic.ValidationError as error:
        problems = {p.field: p for p in map(_form_problem, error.errors(include_url=False))}
        return None, list(problems.values())


def _foreign(document: Mapping[Any, Any]) -> Problem | None:
    """A document of another kind or of a version this program does not know."""
    format_, version = document.get("format", FORMAT), document.get("version", VERSION)
    if format_ != FORMAT:
        return _problem(
            "document_format",
            f'This is not a training document: "format" should be "{FORMAT}", got {format_!r}.',
            f"这不是训练文档：“format”应为“{FORMAT}”，实际为 {format_!r}。",
        )
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        return _problem(
            "document_version",
            f'"version" of a training document is a whole number from 1 on, got {version!r}.',
            f"训练文档的“version”应为不小于 1 的整数，实际为 {version!r}。",
        )
    if version > VERSION:
        return _problem(
            "document_version",
            f"This training document has version {version}; this program reads up to version {VERSION}. "
            "Open it with a newer Lamina.",
            f"该训练文档的版本为 {version}，本程序最高支持版本 {VERSION}。请使用更新的 Lamina 打开。",
        )
    return None


def _form_problem(fault: Any) -> Problem:
    """One fault of the document's form."""
    location = [part for part in fault["loc"] if not _is_branch(part)]
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)[1:]
    kind: str = fault["type"]
    given = repr(fault.get("input"))
    short = given if len(given) <= 80 else f"{given[:77]}..."
    if kind == "missing":
        en, zh = "is missing", "缺失"
    elif kind == "extra_forbidden":
        en, zh = "is not part of a training document", "不属于训练文档"
    else:
        words = _CHOICE if _is_choice(fault) else in_plain_words(fault)
        en, zh = f"cannot be {short}: it {words.en}", f"不能为 {short}：{words.zh}"
    return _problem("document", f"{path} {en}.", f"{path} {zh}。", field=path)


def _is_choice(fault: Any) -> bool:
    """Whether something of a registry was wanted: by the class itself, or by a branch beside it."""
    is_chosen: bool = fault.get("ctx", {}).get("class_name") == "Chosen"
    is_beside: bool = fault["type"] == "dict_type" and fault["loc"][0] == "loss"
    return is_chosen or is_beside


def _is_branch(part: Any) -> bool:
    """Pydantic names the branch of a union in the path; people do not see it."""
    return isinstance(part, str) and (part == "Chosen" or "[" in part)


_CHOICE = Text(
    'should be a name, or an object with "type" and "config"',
    "应为名称，或含有“type”和“config”的对象",
)


def _problem(code: str, en: str, zh: str, *, field: str | None = None) -> Problem:
    return Problem(code, "error", Text(en, zh), field=field)
